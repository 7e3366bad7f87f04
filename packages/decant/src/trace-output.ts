import type { DeviceSpan } from "@decant/cuda";
import { openCallText, traceText, type OpenCall, type TracedCall } from "@decant/hook";

/** How a trace is written: lines for people, a JSON object a line, or the Trace Event Format that Perfetto opens, and about:tracing did. */
export type TraceFormat = "text" | "json" | "chrome";

export const TRACE_FORMATS: readonly TraceFormat[] = ["text", "json", "chrome"];

/** Which calls are written, of those that match the pattern. */
export interface TraceFilter {
  readonly thread?: number;
  /** Only calls that failed. */
  readonly failed?: boolean;
  /** Only calls whose result, or last error, looks like this: "FALSE", "ERROR_*", "0x*". */
  readonly result?: string;
}

/** Takes calls, and what devices did, and gives the text for them; `end` what closes the whole. */
export interface TraceOutput {
  open(call: OpenCall): string;
  call(call: TracedCall): string;
  span(span: DeviceSpan): string;
  end(): string;
}

/** Writes calls in a format. Times count from `originMs`: not from the first call that is over, as the one around it began before it. */
export function traceOutput(
  format: TraceFormat,
  filter: TraceFilter = {},
  { program = "program", originMs = performance.now() }: { program?: string; originMs?: number } = {},
): TraceOutput {
  const since = ({ startMs }: { startMs: number }): number => startMs - originMs;
  const looksWanted = filter.result === undefined ? () => true : globMatcher(filter.result);
  const isOfThread = ({ thread }: OpenCall): boolean => filter.thread === undefined || thread === filter.thread;
  /** Whether a call will be wanted that is not over is known only where its result does not matter. */
  const tellsOpen = filter.failed !== true && filter.result === undefined;
  const isWanted = (call: TracedCall): boolean =>
    isOfThread(call) &&
    (filter.failed !== true || call.failed) &&
    (looksWanted(call.result) || (call.error !== undefined && looksWanted(call.error)));
  const line = (ms: number, thread: number | string, depth: number, text: string): string =>
    `${ms.toFixed(3).padStart(10)} ${String(thread).padStart(5)} ${"  ".repeat(depth)}${text}\n`;
  const nothing = (): string => "";
  const writers: Record<TraceFormat, TraceOutput> = {
    text: {
      open: (call) => line(since(call), call.thread, call.depth, openCallText(call)),
      call: (call) =>
        call.wasOpen && tellsOpen
          ? line(since(call) + call.durationMs, call.thread, call.depth, `} ${traceText(call)}`)
          : line(since(call), call.thread, call.depth, traceText(call)),
      span: (span) => line(since(span), "gpu", 0, spanText(span)),
      end: nothing,
    },
    json: {
      open: nothing,
      call: (call) => `${JSON.stringify({ ...call, wasOpen: undefined, startMs: since(call) })}\n`,
      span: (span) => `${JSON.stringify({ device: true, ...span, startMs: since(span) })}\n`,
      end: nothing,
    },
    chrome: chromeOutput(since, program),
  };
  const writer = writers[format];
  return {
    open: (call) => (tellsOpen && isOfThread(call) ? writer.open(call) : ""),
    call: (call) => (isWanted(call) ? writer.call(call) : ""),
    span: (span) => writer.span(span),
    end: () => writer.end(),
  };
}

/** `kernel saxpy(grid=8x1x1, block=256x1x1) 1.250 ms`. */
function spanText({ kind, name, details, durationMs }: DeviceSpan): string {
  const shown = Object.entries(details).map(([key, value]) => `${key}=${value}`);
  return `${kind === "kernel" ? "kernel " : ""}${name}(${shown.join(", ")}) ${durationMs.toFixed(3)} ms`;
}

function globMatcher(glob: string): (text: string) => boolean {
  const source = glob.split("*").map((part) => part.replace(/[\\^$.+?()[\]{}|]/g, "\\$&"));
  const expression = new RegExp(`^${source.join(".*")}$`, "i");
  return (text) => expression.test(text);
}

/** The program, and the devices that work for it, as the timeline's processes. */
const PROGRAM = 1;
const DEVICE = 2;

/**
 * The Trace Event Format's JSON array: a complete event ("ph": "X") for each call, for each time that a thread waited in it, and for all that a device did, times in microseconds.
 * A process and a thread are named ("ph": "M") before their first event.
 */
function chromeOutput(since: (what: { startMs: number }) => number, program: string): TraceOutput {
  const named = new Set<string>();
  let isFirst = true;
  const event = (value: object): string => {
    const text = `${isFirst ? "[\n" : ",\n"}${JSON.stringify(value)}`;
    isFirst = false;
    return text;
  };
  const complete = (
    name: string,
    cat: string,
    pid: number,
    tid: number,
    span: { startMs: number; durationMs: number },
    args: object,
  ): string => event({ name, cat, ph: "X", ts: since(span) * 1000, dur: span.durationMs * 1000, pid, tid, args });
  const name = (pid: number, tid: number, process: string, thread: string): string => {
    const texts: string[] = [];
    if (!named.has(String(pid))) texts.push(event({ name: "process_name", ph: "M", pid, tid, args: { name: process } }));
    if (!named.has(`${pid}/${tid}`)) texts.push(event({ name: "thread_name", ph: "M", pid, tid, args: { name: thread } }));
    named.add(String(pid)).add(`${pid}/${tid}`);
    return texts.join("");
  };
  return {
    open: () => "",
    call(call) {
      const { name: called, thread, error, waits } = call;
      const args = { call: traceText(call), ...(error !== undefined && { error }) };
      return [
        name(PROGRAM, thread, program, `thread ${thread}`),
        complete(called, called.split("!")[0] ?? "", PROGRAM, thread, call, args),
        ...waits.map((wait) => complete("waits", "wait", PROGRAM, thread, wait, {})),
      ].join("");
    },
    span: (span) =>
      name(DEVICE, span.stream, "CUDA device", `stream ${span.stream}`) +
      complete(span.name, span.kind, DEVICE, span.stream, span, span.details),
    end: () => (isFirst ? "[]\n" : "\n]\n"),
  };
}
