import type { HookedCall } from "./hooked-call.ts";
import type { HookHandle, Hooks } from "./hooks.ts";
import { patternMatcher } from "./pattern.ts";
import type { CallingThread } from "./thread.ts";

/** What the calls of one function cost. */
export interface CallTime {
  /** "kernel32!WriteFile". */
  readonly name: string;
  calls: number;
  failures: number;
  /** Milliseconds from call to return, waits and the calls made inside of it included. */
  totalMs: number;
  /** The same less what calls that were made inside of it took. */
  ownMs: number;
}

/** Counts calls, failures and time by function; the table fills while the program runs. */
export function callTimes(
  hooks: Hooks,
  patterns = "*",
  now: () => number = () => performance.now(),
): HookHandle & { readonly table: ReadonlyMap<string, CallTime> } {
  const table = new Map<string, CallTime>();
  /** For each thread the calls that it is in: what those inside of them took. */
  const inside = new WeakMap<CallingThread, number[]>();
  const starts = new WeakMap<HookedCall, number>();
  const over = (call: HookedCall): void => {
    const took = now() - (starts.get(call) ?? now());
    const open = inside.get(call.thread) ?? [];
    const nested = open.pop() ?? 0;
    if (open.length > 0) open[open.length - 1]! += took;
    const { name } = call;
    const row = table.get(name) ?? { name, calls: 0, failures: 0, totalMs: 0, ownMs: 0 };
    row.calls++;
    row.failures += call.error === undefined ? 0 : 1;
    row.totalMs += took;
    row.ownMs += took - nested;
    table.set(name, row);
  };
  const handle = hooks.add({
    matches: patternMatcher(patterns),
    enter(call) {
      const open = inside.get(call.thread) ?? [];
      open.push(0);
      inside.set(call.thread, open);
      starts.set(call, now());
    },
    leave: (call) => over(call),
    unwound: (call) => over(call),
  });
  return { ...handle, table };
}
