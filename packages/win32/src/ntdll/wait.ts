import { NtError, STATUS, type Handle } from "@decant/hook";
import { Event, implement, KernelObject, sleep, wait, type GuestGenerator, type Thread } from "@decant/process";
import { msFromFileTime } from "../files/file-time.ts";
import { AddressWaiters } from "../kernel32/srw-lock.ts";
import { ntWaitApi } from "./wait.api.ts";

const TIMED_OUT = 0x102;
const ALERTED = 0x101;
const WAIT_ALL = 0;
const MAX_OBJECTS = 64;
const ADDRESS_SIZES: ReadonlySet<number> = new Set([1, 2, 4, 8]);
const ALERT = Symbol("the alert that a thread was sent by its id");

/** Waits whose times are in units of 100 ns: negative from now, others dates. */
export const ntWait = implement(ntWaitApi, {
  NtWaitForSingleObject: (thread, Handle, Alertable, Timeout) =>
    wait(thread, [thread.process.handles.get(Handle, KernelObject)], { alertable: Alertable, ...timeout(thread, Timeout) }),
  NtWaitForMultipleObjects(thread, Count, Handles, WaitType, Alertable, Timeout) {
    const { memory, process, pointerSize } = thread;
    if (Count === 0 || Count > MAX_OBJECTS) throw new NtError(STATUS.INVALID_PARAMETER);
    const objects = Array.from({ length: Count }, (_, index) =>
      process.handles.get((memory.u32(Handles + pointerSize * index) | 0) as Handle, KernelObject),
    );
    return wait(thread, objects, { all: WaitType === WAIT_ALL, alertable: Alertable, ...timeout(thread, Timeout) });
  },
  NtAlertThreadByThreadId({ process }, ThreadId) {
    const target = [...process.threads].find(({ id }) => id === ThreadId);
    if (target === undefined) throw new NtError(STATUS.INVALID_CID);
    alertOf(target).set();
    return STATUS.SUCCESS;
  },
  *NtWaitForAlertByThreadId(thread, _Address, Timeout) {
    const ended = yield* wait(thread, [alertOf(thread)], timeout(thread, Timeout));
    return ended === STATUS.SUCCESS ? ALERTED : ended;
  },
  RtlWaitOnAddress(thread, Address, CompareAddress, AddressSize, Timeout) {
    if (!ADDRESS_SIZES.has(AddressSize)) throw new NtError(STATUS.INVALID_PARAMETER);
    const [now, compared] = [Address.view(AddressSize), CompareAddress.view(AddressSize)];
    if (now.some((byte, index) => byte !== compared[index])) return STATUS.SUCCESS;
    return waitOnAddress(thread, Address.address, timeout(thread, Timeout).timeoutMs);
  },
  *NtDelayExecution(thread, Alertable, DelayInterval) {
    const ended = yield* sleep(thread, delayMs(thread, DelayInterval), Alertable);
    return ended === TIMED_OUT ? 0 : ended;
  },
});

function* waitOnAddress(thread: Thread, address: number, timeoutMs: number | undefined): GuestGenerator<number> {
  return (yield* AddressWaiters.of(thread).wait(thread, address, timeoutMs)) ? STATUS.SUCCESS : TIMED_OUT;
}

/** One alert is kept until the thread waits for it. */
function alertOf(thread: Thread): Event {
  return thread.state(ALERT, () => new Event(false, false));
}

function timeout(thread: Thread, time: number | undefined): { timeoutMs?: number } {
  return time === undefined ? {} : { timeoutMs: delayMs(thread, time) };
}

function delayMs({ process }: Thread, time: number): number {
  return time <= 0 ? -time / 10_000 : Math.max(0, msFromFileTime(BigInt(time)) - process.host.clock.now());
}
