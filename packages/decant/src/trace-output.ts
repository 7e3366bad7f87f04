import { traceText, type TracedCall } from "@decant/hook";

/** How a trace is written: lines for people, a JSON object a line, or the Trace Event Format that Perfetto and chrome://tracing open. */
export type TraceFormat = "text" | "json" | "chrome";

export const TRACE_FORMATS: readonly TraceFormat[] = ["text", "json", "chrome"];

/** Which calls are written, of those that match the pattern. */
export interface TraceFilter {
  readonly thread?: number;
  /** Only calls that failed. */
  readonly failed?: boolean;
}

/** Takes calls and gives the text for them; `end` what closes the whole. */
export interface TraceOutput {
  call(call: TracedCall): string;
  end(): string;
}

/** Writes calls in a format. Times count from the first call that was traced. */
export function traceOutput(format: TraceFormat, filter: TraceFilter = {}): TraceOutput {
  let origin: number | undefined;
  const since = (call: TracedCall): number => call.startMs - (origin ??= call.startMs);
  const isWanted = (call: TracedCall): boolean =>
    (filter.thread === undefined || call.thread === filter.thread) && (filter.failed !== true || call.failed);
  const writers: Record<TraceFormat, TraceOutput> = {
    text: {
      call: (call) =>
        `${since(call).toFixed(3).padStart(10)} ${String(call.thread).padStart(5)} ${"  ".repeat(call.depth)}${traceText(call)}\n`,
      end: () => "",
    },
    json: { call: (call) => `${JSON.stringify({ ...call, startMs: since(call) })}\n`, end: () => "" },
    chrome: chromeOutput(since),
  };
  const writer = writers[format];
  return { call: (call) => (isWanted(call) ? writer.call(call) : ""), end: () => writer.end() };
}

/** Complete events ("ph": "X") of the Trace Event Format, times in microseconds; a thread is named at its first call. */
function chromeOutput(since: (call: TracedCall) => number): TraceOutput {
  const named = new Set<number>();
  let isFirst = true;
  const event = (value: object): string => {
    const text = `${isFirst ? "[\n" : ",\n"}${JSON.stringify(value)}`;
    isFirst = false;
    return text;
  };
  return {
    call(call) {
      const { name, thread, durationMs } = call;
      const [dll] = name.split("!");
      const args = { call: traceText(call), ...(call.error !== undefined && { error: call.error }) };
      const meta = named.has(thread)
        ? ""
        : event({ name: "thread_name", ph: "M", pid: 1, tid: thread, args: { name: `thread ${thread}` } });
      named.add(thread);
      return meta + event({ name, cat: dll, ph: "X", ts: since(call) * 1000, dur: durationMs * 1000, pid: 1, tid: thread, args });
    },
    end: () => (isFirst ? "[]\n" : "\n]\n"),
  };
}
