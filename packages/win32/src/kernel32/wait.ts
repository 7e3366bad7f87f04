import { ERROR, Win32Error, type Handle } from "@decant/hook";
import {
  Event,
  guestCall,
  implement,
  INFINITE,
  KernelObject,
  Mutex,
  Semaphore,
  sleep,
  ThreadObject,
  wait,
  WaitableTimer,
  type GuestGenerator,
  type Thread,
} from "@decant/process";
import { msFromFileTime } from "../files/file-time.ts";
import { createNamed, openNamed } from "./named-objects.ts";
import { waitApi } from "./wait.api.ts";

const MAXIMUM_WAIT_OBJECTS = 64;
const CREATE_EVENT = { MANUAL_RESET: 1, INITIAL_SET: 2 } as const;
const CREATE_MUTEX_INITIAL_OWNER = 1;
const CREATE_WAITABLE_TIMER_MANUAL_RESET = 1;
const WAIT_TIMEOUT = 258;

/** Kernel objects that can be waited for. */
export const waiting = implement(waitApi, {
  CreateEvent: (thread, lpEventAttributes, bManualReset, bInitialState, lpName) =>
    createNamed(thread, { name: lpName, attributes: lpEventAttributes }, Event, () => new Event(bManualReset, bInitialState)),
  CreateEventEx: (thread, lpEventAttributes, lpName, dwFlags) =>
    createNamed(
      thread,
      { name: lpName, attributes: lpEventAttributes },
      Event,
      () => new Event((dwFlags & CREATE_EVENT.MANUAL_RESET) !== 0, (dwFlags & CREATE_EVENT.INITIAL_SET) !== 0),
    ),
  OpenEvent: (thread, _dwDesiredAccess, bInheritHandle, lpName) => openNamed(thread, lpName, Event, bInheritHandle),
  SetEvent(thread, hEvent) {
    thread.process.handles.get(hEvent, Event).set();
    return true;
  },
  ResetEvent(thread, hEvent) {
    thread.process.handles.get(hEvent, Event).reset();
    return true;
  },
  PulseEvent(thread, hEvent) {
    thread.process.handles.get(hEvent, Event).pulse();
    return true;
  },

  CreateMutex: (thread, lpMutexAttributes, bInitialOwner, lpName) =>
    createNamed(thread, { name: lpName, attributes: lpMutexAttributes }, Mutex, () => new Mutex(bInitialOwner ? thread : undefined)),
  CreateMutexEx: (thread, lpMutexAttributes, lpName, dwFlags) =>
    createNamed(
      thread,
      { name: lpName, attributes: lpMutexAttributes },
      Mutex,
      () => new Mutex((dwFlags & CREATE_MUTEX_INITIAL_OWNER) !== 0 ? thread : undefined),
    ),
  OpenMutex: (thread, _dwDesiredAccess, bInheritHandle, lpName) => openNamed(thread, lpName, Mutex, bInheritHandle),
  ReleaseMutex(thread, hMutex) {
    thread.process.handles.get(hMutex, Mutex).unlock(thread);
    return true;
  },

  CreateSemaphore: (thread, lpSemaphoreAttributes, lInitialCount, lMaximumCount, lpName) =>
    createNamed(thread, { name: lpName, attributes: lpSemaphoreAttributes }, Semaphore, () => new Semaphore(lInitialCount, lMaximumCount)),
  CreateSemaphoreEx: (thread, lpSemaphoreAttributes, lInitialCount, lMaximumCount, lpName) =>
    createNamed(thread, { name: lpName, attributes: lpSemaphoreAttributes }, Semaphore, () => new Semaphore(lInitialCount, lMaximumCount)),
  OpenSemaphore: (thread, _dwDesiredAccess, bInheritHandle, lpName) => openNamed(thread, lpName, Semaphore, bInheritHandle),
  ReleaseSemaphore(thread, hSemaphore, lReleaseCount, lpPreviousCount) {
    lpPreviousCount.set(thread.process.handles.get(hSemaphore, Semaphore).post(lReleaseCount));
    return true;
  },

  CreateWaitableTimer: (thread, lpTimerAttributes, bManualReset, lpTimerName) =>
    createNamed(
      thread,
      { name: lpTimerName, attributes: lpTimerAttributes },
      WaitableTimer,
      () => new WaitableTimer(thread.kernel.timers, bManualReset),
    ),
  CreateWaitableTimerEx: (thread, lpTimerAttributes, lpTimerName, dwFlags) =>
    createNamed(
      thread,
      { name: lpTimerName, attributes: lpTimerAttributes },
      WaitableTimer,
      () => new WaitableTimer(thread.kernel.timers, (dwFlags & CREATE_WAITABLE_TIMER_MANUAL_RESET) !== 0),
    ),
  OpenWaitableTimer: (thread, _dwDesiredAccess, bInheritHandle, lpTimerName) =>
    openNamed(thread, lpTimerName, WaitableTimer, bInheritHandle),
  SetWaitableTimer(thread, hTimer, lpDueTime, lPeriod, pfnCompletionRoutine, lpArgToCompletionRoutine) {
    if (lPeriod < 0) throw new Win32Error(ERROR.INVALID_PARAMETER);
    const timer = thread.process.handles.get(hTimer, WaitableTimer);
    const delayMs = lpDueTime <= 0 ? -lpDueTime / 10_000 : Math.max(0, msFromFileTime(BigInt(lpDueTime)) - thread.process.host.clock.now());
    const onFire = (): void => thread.queueApc(() => apc(thread, pfnCompletionRoutine, lpArgToCompletionRoutine));
    timer.set(delayMs, lPeriod, pfnCompletionRoutine === 0 ? undefined : onFire);
    return true;
  },
  CancelWaitableTimer(thread, hTimer) {
    thread.process.handles.get(hTimer, WaitableTimer).cancel();
    return true;
  },

  WaitForSingleObject: (thread, hHandle, dwMilliseconds) => wait(thread, [object(thread, hHandle)], { timeoutMs: dwMilliseconds }),
  WaitForSingleObjectEx: (thread, hHandle, dwMilliseconds, bAlertable) =>
    wait(thread, [object(thread, hHandle)], { timeoutMs: dwMilliseconds, alertable: bAlertable }),
  WaitForMultipleObjects: (thread, nCount, lpHandles, bWaitAll, dwMilliseconds) =>
    wait(thread, objects(thread, nCount, lpHandles, bWaitAll), { all: bWaitAll, timeoutMs: dwMilliseconds }),
  WaitForMultipleObjectsEx: (thread, nCount, lpHandles, bWaitAll, dwMilliseconds, bAlertable) =>
    wait(thread, objects(thread, nCount, lpHandles, bWaitAll), { all: bWaitAll, timeoutMs: dwMilliseconds, alertable: bAlertable }),
  SignalObjectAndWait(thread, hObjectToSignal, hObjectToWaitOn, dwMilliseconds, bAlertable) {
    const target = object(thread, hObjectToWaitOn);
    const signalled = object(thread, hObjectToSignal);
    if (signalled instanceof Event) signalled.set();
    else if (signalled instanceof Semaphore) signalled.post(1);
    else if (signalled instanceof Mutex) signalled.unlock(thread);
    else throw new Win32Error(ERROR.INVALID_HANDLE);
    return wait(thread, [target], { timeoutMs: dwMilliseconds, alertable: bAlertable });
  },

  *Sleep(thread, dwMilliseconds) {
    if (dwMilliseconds === INFINITE) yield* wait(thread, []);
    else yield* sleep(thread, dwMilliseconds);
  },
  *SleepEx(thread, dwMilliseconds, bAlertable) {
    const ended =
      dwMilliseconds === INFINITE ? yield* wait(thread, [], { alertable: bAlertable }) : yield* sleep(thread, dwMilliseconds, bAlertable);
    return ended === WAIT_TIMEOUT ? 0 : ended;
  },
  QueueUserAPC(thread, pfnAPC, hThread, dwData) {
    const target = thread.process.handles.get(hThread, ThreadObject).thread;
    target.queueApc(() => apc(target, pfnAPC, dwData));
    return 1;
  },
});

function object(thread: Thread, handle: Handle): KernelObject {
  return thread.process.handles.get(handle, KernelObject);
}

function objects(thread: Thread, count: number, handles: { read(count: number): Handle[] }, all: boolean): KernelObject[] {
  if (count === 0 || count > MAXIMUM_WAIT_OBJECTS) throw new Win32Error(ERROR.INVALID_PARAMETER);
  const list = handles.read(count);
  if (all && new Set(list).size < list.length) throw new Win32Error(ERROR.INVALID_PARAMETER);
  return list.map((handle) => object(thread, handle));
}

function* apc(thread: Thread, address: number, argument: bigint): GuestGenerator<void> {
  yield* guestCall(thread, address, argument, 0, 0);
}
