import { MemoryAccessError } from "@decant/memory";
import type { ApiFunction } from "./api-function.ts";
import { isWaiting } from "./compile.ts";
import type { AnyBody, Waiting } from "./implement.ts";
import { REGISTER, type CallingThread } from "./thread.ts";
import { ControlTransfer, UNHANDLED } from "./types/failure.ts";

/** One hook: what it matches, and what it does. */
export interface HookEntry {
  matches: (target: ApiFunction) => boolean;
  enter?: (call: HookedCall) => void;
  leave?: (call: HookedCall, result: unknown) => unknown;
  unwound?: (call: HookedCall) => void;
  /** The call hands something to the kernel, and goes on later. */
  paused?: (call: HookedCall, suspension: unknown) => void;
  resumed?: (call: HookedCall) => void;
  replace?: (call: HookedCall, ...args: unknown[]) => unknown;
}

/** One call as a hook sees it. */
export class HookedCall<A = Record<string, unknown>, R = unknown> {
  readonly function: ApiFunction;
  readonly thread: CallingThread;
  /** By name; what `enter` stores here is what the function gets. */
  readonly args: A;
  /** The guest address that the call returns to. */
  readonly caller: number;
  /** Why the function failed; undefined when it did not. */
  error: unknown;
  /** What `skip` was given. */
  skipped: { readonly result: R } | undefined;
  /** The function itself, for a replacement to call: its result, or a generator when it waits. */
  readonly original: (...args: unknown[]) => R | Waiting<R>;

  constructor(target: ApiFunction, thread: CallingThread, values: readonly unknown[]) {
    this.function = target;
    this.thread = thread;
    this.args = Object.fromEntries(target.parameterNames.map((name, index) => [name, values[index]])) as A;
    const stack = thread.registers[REGISTER.rsp] as number;
    this.caller = thread.memory.accessible(stack, 4, "read") ? thread.memory.u32(stack) : 0;
    this.original = (...args) => {
      if (target.body === undefined) throw new Error(`${target.fullName} has no implementation to call`);
      return target.body(thread, ...args) as R | Waiting<R>;
    };
  }

  /** For `enter`: the function is not called, and this is its result. Hooks that come later see the call all the same. */
  skip(result: R): void {
    this.skipped = { result };
  }

  /** "kernel32!CreateFileW". */
  get name(): string {
    return this.function.fullName;
  }

  /** The arguments in order, as they are now. */
  get values(): unknown[] {
    const named = this.args as Record<string, unknown>;
    return this.function.parameterNames.map((name) => named[name]);
  }
}

/** What all hooked functions of one Hooks share. */
export interface HookState {
  /** Entries whose handler runs now, and functions whose replacement does: neither sees the calls that it makes itself. */
  readonly running: Set<HookEntry>;
  readonly replacing: Set<string>;
  report: (message: string) => void;
}

/** A body that runs hooks around a function's own, or around its replacement. */
export function runHooked(target: ApiFunction, entries: readonly HookEntry[], { running, replacing, report }: HookState): AnyBody {
  const { fullName } = target;
  const replacement = entries.findLast(({ replace }) => replace !== undefined);
  const watching = entries.filter(({ paused, resumed }) => paused !== undefined || resumed !== undefined);

  /** Runs one handler, unless it is running already. */
  function guarded(entry: HookEntry, what: string, handler: () => unknown): unknown {
    if (running.has(entry)) return undefined;
    running.add(entry);
    try {
      return handler();
    } catch (error) {
      report(`the ${what} hook of ${fullName} failed: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
      return undefined;
    } finally {
      running.delete(entry);
    }
  }

  function leave(call: HookedCall, result: unknown): { result: unknown; isReplaced: boolean } {
    let current = result;
    let isReplaced = false;
    for (const entry of entries.toReversed()) {
      const given = guarded(entry, "leave", () => entry.leave?.(call, current));
      if (given === undefined) continue;
      current = given;
      isReplaced = true;
    }
    return { result: current, isReplaced };
  }

  /** The function failed: hooks see what the guest would, and may make a success of it. */
  function failed(call: HookedCall, error: unknown): unknown {
    const value = error instanceof ControlTransfer ? UNHANDLED : (target.result.failure?.value(call.thread, error) ?? UNHANDLED);
    if (value === UNHANDLED) {
      unwound(call);
      throw error;
    }
    call.error = error;
    const { result, isReplaced } = leave(call, value);
    if (!isReplaced) throw error;
    return result;
  }

  function unwound(call: HookedCall): void {
    for (const entry of entries.toReversed()) guarded(entry, "unwound", () => entry.unwound?.(call));
  }

  function* wait(call: HookedCall, waiting: Waiting<unknown>): Waiting<unknown> {
    let isOver = false;
    try {
      const value: unknown = yield* watching.length === 0 ? waiting : watched(call, waiting);
      isOver = true;
      return leave(call, value).result;
    } catch (error) {
      isOver = true;
      return failed(call, error);
    } finally {
      if (!isOver) unwound(call);
    }
  }

  /** The same steps, with those told who watch them. */
  function* watched(call: HookedCall, waiting: Waiting<unknown>): Waiting<unknown> {
    try {
      for (let step = waiting.next(); ;) {
        if (step.done === true) return step.value;
        for (const entry of watching) guarded(entry, "paused", () => entry.paused?.(call, step.value));
        let outcome: { input: unknown } | { error: unknown };
        try {
          outcome = { input: yield step.value };
        } catch (error) {
          outcome = { error };
        }
        for (const entry of watching) guarded(entry, "resumed", () => entry.resumed?.(call));
        step = "error" in outcome ? waiting.throw(outcome.error) : waiting.next(outcome.input);
      }
    } finally {
      waiting.return(undefined);
    }
  }

  function callTarget(call: HookedCall): unknown {
    const { values } = call;
    if (replacement?.replace === undefined || replacing.has(fullName)) return call.original(...values);
    replacing.add(fullName);
    try {
      return replacement.replace(call, ...values);
    } catch (error) {
      if (isFailure(target, call, error) || target.body === undefined) throw error;
      report(`the replacement of ${fullName} failed: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
      return call.original(...values);
    } finally {
      replacing.delete(fullName);
    }
  }

  return (thread: CallingThread, ...args: unknown[]) => {
    const call = new HookedCall(target, thread, args);
    for (const entry of entries) guarded(entry, "enter", () => entry.enter?.(call));
    let value: unknown;
    try {
      value = call.skipped === undefined ? callTarget(call) : call.skipped.result;
    } catch (error) {
      return failed(call, error);
    }
    return isWaiting(value) ? wait(call, value) : leave(call, value).result;
  };
}

/** Whether an error of a replacement is meant for the guest or the kernel, and not a mistake in it. */
function isFailure(target: ApiFunction, call: HookedCall, error: unknown): boolean {
  if (error instanceof ControlTransfer || error instanceof MemoryAccessError) return true;
  return target.result.failure !== undefined && target.result.failure.value(call.thread, error) !== UNHANDLED;
}
