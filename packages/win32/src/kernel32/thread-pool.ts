import { ERROR, INVALID_HANDLE_VALUE, NULL_HANDLE, Win32Error, type Handle } from "@decant/hook";
import { Event, guestCall, implement, INFINITE, KernelObject, Mutex, Semaphore, type GuestGenerator, type Thread } from "@decant/process";
import { msFromFileTime } from "../files/file-time.ts";
import { leave } from "./critical-section.ts";
import { afterCallback, newAddress, PoolObjects, runAfterCallback, type PoolObject } from "./pool-objects.ts";
import { oldPoolApi, poolApi } from "./thread-pool.api.ts";
import { WorkerPool } from "./worker-pool.ts";

/** WT_EXECUTEONLYONCE. */
const EXECUTE_ONLY_ONCE = 8;
/** Where a TP_CALLBACK_ENVIRON has its cleanup group, by the size of a pointer. */
const CLEANUP_GROUP = { 8: 16, 4: 8 } as const;
const TIMER_OR_WAIT_FIRED = 1;

/** Work, timers and waits for other threads: they are the process's own, as many as there is work for. */
export const oldPool = implement(oldPoolApi, {
  QueueUserWorkItem(thread, Function, Context) {
    WorkerPool.of(thread).submit(function* (worker) {
      yield* guestCall(worker, Function, Context);
    });
    return true;
  },
  CreateTimerQueue: (thread) => {
    const queue = newAddress(thread);
    PoolObjects.of(thread).groups.set(queue, new Set());
    return queue;
  },
  *DeleteTimerQueue(thread, TimerQueue) {
    return yield* deleteQueue(thread, TimerQueue, NULL_HANDLE);
  },
  *DeleteTimerQueueEx(thread, TimerQueue, CompletionEvent) {
    return yield* deleteQueue(thread, TimerQueue, CompletionEvent);
  },
  CreateTimerQueueTimer(thread, phNewTimer, TimerQueue, Callback, Parameter, DueTime, Period) {
    const pool = PoolObjects.of(thread);
    const members = TimerQueue === 0 ? undefined : pool.groups.get(TimerQueue);
    if (TimerQueue !== 0 && members === undefined) throw new Win32Error(ERROR.INVALID_HANDLE);
    const timer = pool.create(thread, { address: Callback, context: Parameter, isNew: false });
    members?.add(timer);
    phNewTimer.set(timer.address);
    timer.setTimer(thread, DueTime, Period, TIMER_OR_WAIT_FIRED);
    return true;
  },
  ChangeTimerQueueTimer(thread, _TimerQueue, Timer, DueTime, Period) {
    PoolObjects.of(thread).get(Timer).setTimer(thread, DueTime, Period, TIMER_OR_WAIT_FIRED);
    return true;
  },
  *DeleteTimerQueueTimer(thread, _TimerQueue, Timer, CompletionEvent) {
    return yield* remove(thread, PoolObjects.of(thread).get(Timer), CompletionEvent);
  },
  RegisterWaitForSingleObject(thread, phNewWaitObject, hObject, Callback, Context, dwMilliseconds, dwFlags) {
    const object = thread.process.handles.get(hObject, KernelObject);
    const wait = PoolObjects.of(thread).create(thread, { address: Callback, context: Context, isNew: false });
    phNewWaitObject.set(wait.address);
    wait.watch(thread, object, { timeoutMs: timeout(dwMilliseconds), isOnce: (dwFlags & EXECUTE_ONLY_ONCE) !== 0 });
    return true;
  },
  *UnregisterWait(thread, WaitHandle) {
    return yield* remove(thread, PoolObjects.of(thread).get(WaitHandle), NULL_HANDLE);
  },
  *UnregisterWaitEx(thread, WaitHandle, CompletionEvent) {
    return yield* remove(thread, PoolObjects.of(thread).get(WaitHandle), CompletionEvent);
  },
});

/** Pools are all the same one; their sizes are taken note of by nobody. */
export const pool = implement(poolApi, {
  CreateThreadpool: (thread) => newAddress(thread),
  CloseThreadpool: (thread, ptpp) => thread.process.heap.free(ptpp),
  SetThreadpoolThreadMaximum() {},
  SetThreadpoolThreadMinimum: () => true,
  TrySubmitThreadpoolCallback(thread, pfns, pv) {
    const instance = newAddress(thread);
    WorkerPool.of(thread).submit(function* (worker) {
      yield* guestCall(worker, pfns, instance, pv);
      yield* runAfterCallback(worker);
      worker.process.heap.free(instance);
    });
    return true;
  },
  CreateThreadpoolWork: (thread, pfnwk, pv, pcbe) => create(thread, pfnwk, pv, pcbe),
  SubmitThreadpoolWork: (thread, pwk) => PoolObjects.of(thread).get(pwk).submit(thread),
  WaitForThreadpoolWorkCallbacks: waitForCallbacks,
  CloseThreadpoolWork: close,
  CreateThreadpoolTimer: (thread, pfnti, pv, pcbe) => create(thread, pfnti, pv, pcbe),
  SetThreadpoolTimer(thread, pti, pftDueTime, msPeriod) {
    const timer = PoolObjects.of(thread).get(pti);
    if (pftDueTime === undefined) return timer.stopTimer();
    timer.setTimer(thread, delayMs(thread, pftDueTime), msPeriod);
  },
  IsThreadpoolTimerSet: (thread, pti) => PoolObjects.of(thread).get(pti).isTimerSet,
  WaitForThreadpoolTimerCallbacks: waitForCallbacks,
  CloseThreadpoolTimer: close,
  CreateThreadpoolWait: (thread, pfnwa, pv, pcbe) => create(thread, pfnwa, pv, pcbe),
  SetThreadpoolWait(thread, pwa, h, pftTimeout) {
    const wait = PoolObjects.of(thread).get(pwa);
    if (h === NULL_HANDLE) return wait.stopWatching();
    const timeoutMs = pftTimeout === undefined ? undefined : delayMs(thread, pftTimeout);
    wait.watch(thread, thread.process.handles.get(h, KernelObject), { timeoutMs, isOnce: true });
  },
  WaitForThreadpoolWaitCallbacks: waitForCallbacks,
  CloseThreadpoolWait: close,
  CreateThreadpoolCleanupGroup: (thread) => {
    const group = newAddress(thread);
    PoolObjects.of(thread).groups.set(group, new Set());
    return group;
  },
  *CloseThreadpoolCleanupGroupMembers(thread, ptpcg, fCancelPendingCallbacks) {
    const objects = PoolObjects.of(thread);
    for (const member of Array.from(objects.groups.get(ptpcg) ?? [])) {
      yield* waitForCallbacks(thread, member.address, fCancelPendingCallbacks);
      objects.close(thread, member);
    }
  },
  CloseThreadpoolCleanupGroup(thread, ptpcg) {
    if (PoolObjects.of(thread).groups.delete(ptpcg)) thread.process.heap.free(ptpcg);
  },
  CallbackMayRunLong: () => true,
  SetEventWhenCallbackReturns(thread, _pci, evt) {
    const event = thread.process.handles.get(evt, Event);
    afterCallback(thread, () => void event.set());
  },
  ReleaseSemaphoreWhenCallbackReturns(thread, _pci, sem, crel) {
    const semaphore = thread.process.handles.get(sem, Semaphore);
    afterCallback(thread, () => void semaphore.post(crel));
  },
  ReleaseMutexWhenCallbackReturns(thread, _pci, mut) {
    const mutex = thread.process.handles.get(mut, Mutex);
    afterCallback(thread, () => void mutex.unlock(thread));
  },
  LeaveCriticalSectionWhenCallbackReturns: (thread, _pci, pcs) => afterCallback(thread, () => leave(thread, pcs)),
  FreeLibraryWhenCallbackReturns(thread, _pci, mod) {
    const module = thread.process.modules.byBase(mod);
    if (module !== undefined) afterCallback(thread, () => thread.process.loader.free(thread, module));
  },
  // Nobody waits for this callback any more: it counts as returned only when it has.
  DisassociateCurrentThreadFromCallback() {},
});

function create(thread: Thread, address: number, context: bigint, environment: number): number {
  const objects = PoolObjects.of(thread);
  const object = objects.create(thread, { address, context, isNew: true });
  const group = environment === 0 ? 0 : thread.memory.pointer(environment + CLEANUP_GROUP[thread.pointerSize]);
  objects.groups.get(group)?.add(object);
  return object.address;
}

function close(thread: Thread, address: number): void {
  const objects = PoolObjects.of(thread);
  objects.close(thread, objects.get(address));
}

function* waitForCallbacks(thread: Thread, address: number, cancels: boolean): GuestGenerator<void> {
  const object = PoolObjects.of(thread).get(address);
  if (cancels) object.cancel();
  yield* object.waitForCallbacks(thread);
}

function* deleteQueue(thread: Thread, queue: number, completion: Handle): GuestGenerator<boolean> {
  const { groups } = PoolObjects.of(thread);
  const members = groups.get(queue);
  if (members === undefined) throw new Win32Error(ERROR.INVALID_HANDLE);
  for (const timer of Array.from(members)) yield* remove(thread, timer, completion === NULL_HANDLE ? INVALID_HANDLE_VALUE : completion);
  groups.delete(queue);
  thread.process.heap.free(queue);
  return true;
}

/** INVALID_HANDLE_VALUE waits for callbacks that run; an event is set when they have ended; without one ERROR_IO_PENDING says that they go on. */
function* remove(thread: Thread, object: PoolObject, completion: Handle): GuestGenerator<boolean> {
  const isBusy = !object.isSignaled();
  object.cancel();
  PoolObjects.of(thread).close(thread, object);
  if (completion === INVALID_HANDLE_VALUE) yield* object.waitForCallbacks(thread);
  else if (completion !== NULL_HANDLE) thread.process.handles.get(completion, Event).set();
  else if (isBusy) throw new Win32Error(ERROR.IO_PENDING);
  return true;
}

function timeout(milliseconds: number): number | undefined {
  return milliseconds === INFINITE ? undefined : milliseconds;
}

/** A FILETIME from now on where it is negative, a date otherwise. */
function delayMs({ process }: Thread, time: number): number {
  return time <= 0 ? -time / 10_000 : Math.max(0, msFromFileTime(BigInt(time)) - process.host.clock.now());
}
