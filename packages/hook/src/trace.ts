import { errorName } from "./errors/names.ts";
import type { HookedCall } from "./hooked-call.ts";
import type { HookHandle, Hooks } from "./hooks.ts";
import { patternMatcher } from "./pattern.ts";
import { showArguments } from "./show-call.ts";
import type { CallingThread } from "./thread.ts";
import { readable } from "./types/pointers.ts";
import type { AnyType } from "./types/type.ts";

/** A call that goes on, as a trace shows it: traced calls are made inside of it, or its thread waits in it. */
export type OpenCall = Pick<TracedCall, "name" | "thread" | "depth" | "startMs" | "arguments">;

/** A call that is over, as a trace shows it. */
export interface TracedCall {
  /** "kernel32!WriteFile". */
  readonly name: string;
  /** The guest's number of the thread that called; 0 where threads have none. */
  readonly thread: number;
  /** How many traced calls it was made inside of, on its thread. */
  readonly depth: number;
  /** When it began, and how long it took, waits included: milliseconds of the clock that the trace was given. */
  readonly startMs: number;
  readonly durationMs: number;
  /** When its thread stood still in it, for an object, a time or the host; not while it ran guest code. */
  readonly waits: readonly { readonly startMs: number; readonly durationMs: number }[];
  /** `hFile=0x7`, by type: arguments as they were before the call, out-parameters as they are after it. */
  readonly arguments: readonly string[];
  /** The result by type; "" for a function that has none. */
  readonly result: string;
  /** The last error or errno, where the call failed and says why there: "ERROR_FILE_NOT_FOUND". */
  readonly error: string | undefined;
  /** Whether the call failed, by its own result type's rule. */
  readonly failed: boolean;
  /** False when its thread ended in it, or was unwound past it. */
  readonly returned: boolean;
  /** Whether it was told of before, as a call that goes on. */
  readonly wasOpen: boolean;
}

export interface TraceOptions {
  /** The clock, in milliseconds; performance.now unless given. */
  readonly now?: () => number;
  /** Told of a call before its end, once, when it makes another traced call or its thread begins to wait in it. */
  readonly onOpen?: (call: OpenCall) => void;
}

/** What is known of a call from its beginning. */
interface Begun {
  readonly depth: number;
  readonly startMs: number;
  readonly before: readonly string[];
  readonly waits: { startMs: number; durationMs: number }[];
  /** Whether it waits now. */
  isWaiting: boolean;
  isOpen: boolean;
}

/** Tells of every call that matches ("kernel32!*File*,-*Tls*"), when it is over. */
export function trace(
  hooks: Hooks,
  patterns: string,
  onCall: (call: TracedCall) => void,
  { now = () => performance.now(), onOpen }: TraceOptions = {},
): HookHandle {
  const begun = new WeakMap<HookedCall, Begun>();
  /** The traced calls that each thread is in, the innermost last. */
  const stacks = new WeakMap<CallingThread, HookedCall[]>();
  const open = (call: HookedCall | undefined): void => {
    const of = call && begun.get(call);
    if (call === undefined || of === undefined || of.isOpen) return;
    of.isOpen = true;
    onOpen?.({ name: call.name, thread: call.thread.id ?? 0, depth: of.depth, startMs: of.startMs, arguments: of.before });
  };
  const over = (call: HookedCall, end: Pick<TracedCall, "result" | "error" | "returned">, result?: unknown): void => {
    const { function: target, thread, error } = call;
    const { depth, startMs, before, waits, isOpen } = begun.get(call) ?? { depth: 0, startMs: now(), before: [], waits: [], isOpen: false };
    stacks.get(thread)?.splice(depth);
    const after = error === undefined ? showArguments(thread, target, call.values, "after", result) : before;
    onCall({
      name: call.name,
      thread: thread.id ?? 0,
      depth,
      startMs,
      durationMs: now() - startMs,
      waits,
      arguments: target.parameterTypes.map((type: AnyType, index) => (type.direction === "in" ? before : after)[index] ?? ""),
      failed: error !== undefined,
      wasOpen: isOpen,
      ...end,
    });
  };
  return hooks.add({
    matches: patternMatcher(patterns),
    enter(call) {
      const stack = stacks.get(call.thread) ?? [];
      stacks.set(call.thread, stack);
      const depth = stack.length;
      open(stack.at(-1));
      stack.push(call);
      const before = showArguments(call.thread, call.function, call.values, "before");
      begun.set(call, { depth, startMs: now(), before, waits: [], isWaiting: false, isOpen: false });
    },
    paused(call, suspension) {
      const of = begun.get(call);
      if (of === undefined || !isBlock(suspension)) return;
      open(call);
      of.isWaiting = true;
      of.waits.push({ startMs: now(), durationMs: 0 });
    },
    resumed(call) {
      const of = begun.get(call);
      const last = of?.waits.at(-1);
      if (of?.isWaiting !== true || last === undefined) return;
      of.isWaiting = false;
      last.durationMs = now() - last.startMs;
    },
    leave(call, result) {
      const { result: type } = call.function;
      const shown = readable(() => type.show(call.thread, result, {}, call.function.name));
      over(call, { result: shown, error: failureName(call, type), returned: true }, result);
    },
    unwound: (call) => over(call, { result: "", error: undefined, returned: false }),
  });
}

/** A call that goes on, as a line: `msvcrt!fputc(c='H', stream=stdout) {`. */
export function openCallText({ name, arguments: shown }: OpenCall): string {
  return `${name}(${shown.join(", ")}) {`;
}

/** A call as a line: `kernel32!WriteFile(hFile=0x7, lpBuffer=0x14f0"hello\n", …) = FALSE [ERROR_DISK_FULL]`. */
export function traceText({ name, arguments: shown, result, error, returned }: TracedCall): string {
  const call = `${name}(${shown.join(", ")})`;
  if (!returned) return `${call} did not return`;
  return `${call}${result === "" ? "" : ` = ${result}`}${error === undefined ? "" : ` [${error}]`}`;
}

function failureName({ error, thread }: HookedCall, { failure }: AnyType): string | undefined {
  if (error === undefined || failure === undefined || failure.channel === "result") return undefined;
  return failure.channel === "errno" ? errorName("errno", thread.errno) : errorName("win32", thread.lastError);
}

/** Whether the kernel makes a thread stand still for what a call handed to it; it may also run guest code for it. */
function isBlock(suspension: unknown): boolean {
  return typeof suspension === "object" && suspension !== null && "kind" in suspension && suspension.kind === "block";
}
