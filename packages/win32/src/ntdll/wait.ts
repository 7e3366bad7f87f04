import { implement, KernelObject, sleep, wait, type Thread } from "@decant/process";
import { msFromFileTime } from "../files/file-time.ts";
import { ntWaitApi } from "./wait.api.ts";

/** Waits whose times are in units of 100 ns: negative from now, others dates. */
export const ntWait = implement(ntWaitApi, {
  NtWaitForSingleObject: (thread, Handle, Alertable, Timeout) =>
    wait(thread, [thread.process.handles.get(Handle, KernelObject)], {
      alertable: Alertable,
      ...(Timeout !== undefined && { timeoutMs: delayMs(thread, Timeout) }),
    }),
  *NtDelayExecution(thread, Alertable, DelayInterval) {
    const ended = yield* sleep(thread, delayMs(thread, DelayInterval), Alertable);
    return ended === TIMED_OUT ? 0 : ended;
  },
});

const TIMED_OUT = 0x102;

function delayMs({ process }: Thread, time: number): number {
  return time <= 0 ? -time / 10_000 : Math.max(0, msFromFileTime(BigInt(time)) - process.host.clock.now());
}
