/** An event of a timeline, as the Trace Event Format has it ("Trace Event Format", docs.google.com/document/d/1CvAClvFfyA5R-PhYUmn5OOQtYMH4h6I0nSsKchNAySU). */
interface TraceEvent {
  readonly name: string;
  readonly ph: string;
  readonly pid: number;
  readonly tid: number;
  readonly ts: number;
  readonly dur: number;
}

/** Times are microseconds with a fraction, which is a double's: a nanosecond is what viewers keep. */
const NANOSECOND = 0.001;

/**
 * What is wrong with a timeline, in sentences; none if viewers take all of it: a JSON array of complete events and of metadata with just the members that the format gives them,
 * and on each thread events that lie one after the other or one inside the other, as viewers draw nothing else.
 */
export function traceFaults(text: string): string[] {
  const events = JSON.parse(text) as unknown;
  if (!Array.isArray(events)) return ["it is no array"];
  const faults = events.flatMap((event: Record<string, unknown>, at) => eventFaults(event).map((fault) => `event ${at}: ${fault}`));
  if (faults.length > 0) return faults;
  const threads = new Map<string, TraceEvent[]>();
  for (const event of events as TraceEvent[]) {
    const thread = `thread ${event.pid}/${event.tid}`;
    if (!threads.has(thread)) threads.set(thread, []);
    threads.get(thread)!.push(event);
  }
  return [...threads].flatMap(([thread, own]) => threadFaults(own).map((fault) => `${thread}: ${fault}`));
}

function eventFaults({ name, cat, ph, ts, dur, pid, tid, args, ...rest }: Record<string, unknown>): string[] {
  const isCount = (value: unknown): boolean => Number.isSafeInteger(value) && (value as number) >= 0;
  const isTime = (value: unknown): boolean => typeof value === "number" && Number.isFinite(value) && value >= 0;
  const isObject = typeof args === "object" && args !== null && !Array.isArray(args);
  const rules: [string, boolean][] = [
    ["a name is text", typeof name === "string" && name !== ""],
    ["pid and tid are integers", isCount(pid) && isCount(tid)],
    ["args are an object", isObject],
    ["it has no other members", Object.keys(rest).length === 0],
  ];
  if (ph === "X") rules.push(["cat is text", typeof cat === "string" && cat !== ""], ["ts and dur are times", isTime(ts) && isTime(dur)]);
  else if (ph === "M") {
    rules.push(["it names a process or a thread", name === "process_name" || name === "thread_name"]);
    rules.push(["args have just the name", isObject && Object.keys(args).join() === "name" && typeof Object.values(args)[0] === "string"]);
    rules.push(["it has no time", ts === undefined && dur === undefined && cat === undefined]);
  } else rules.push([`a phase is X or M, not ${JSON.stringify(ph)}`, false]);
  return rules.flatMap(([rule, holds]) => (holds ? [] : [rule]));
}

function threadFaults(events: readonly TraceEvent[]): string[] {
  const faults: string[] = [];
  if (events[0]?.ph !== "M") faults.push("its first event is not its name");
  const open: TraceEvent[] = [];
  const ends = ({ ts, dur }: TraceEvent): number => ts + dur;
  for (const event of events.filter(({ ph }) => ph === "X").toSorted((a, b) => a.ts - b.ts || b.dur - a.dur)) {
    while (open.length > 0 && ends(open.at(-1)!) <= event.ts + NANOSECOND) open.pop();
    const outer = open.at(-1);
    if (outer !== undefined && ends(event) > ends(outer) + NANOSECOND)
      faults.push(`${event.name} ends after ${outer.name}, in which it began`);
    open.push(event);
  }
  return faults;
}
