import { ERROR, Win32Error } from "@decant/hook";
import type { GuestMemory } from "@decant/memory";
import { guestCall, implement, INFINITE, type GuestGenerator, type Thread } from "@decant/process";
import { deleteSection, enterLater, initialiseSection, leave, setSpinCount, tryEnter } from "./critical-section.ts";
import { acquire, acquireLater, AddressWaiters, releaseExclusive, releaseShared, tryExclusive, tryShared } from "./srw-lock.ts";
import { syncApi } from "./sync.api.ts";

const CONDITION_VARIABLE_LOCKMODE_SHARED = 1;
const INIT_ONCE = { CHECK_ONLY: 1, ASYNC: 2, INIT_FAILED: 4 } as const;
/** Bits of an INIT_ONCE word below its context: nothing yet, somebody is at it, done. */
const ONCE = { NEW: 0n, PENDING: 1n, DONE: 2n, MASK: 3n } as const;

/** Locks in the guest's memory. What can be had at once is a plain call: critical sections are entered 10^6 times a run. */
export const sync = implement(syncApi, {
  InitializeCriticalSection: (thread, lpCriticalSection) => initialiseSection(thread, lpCriticalSection, 0),
  InitializeCriticalSectionAndSpinCount(thread, lpCriticalSection, dwSpinCount) {
    initialiseSection(thread, lpCriticalSection, dwSpinCount & 0x00ff_ffff);
    return true;
  },
  InitializeCriticalSectionEx(thread, lpCriticalSection, dwSpinCount) {
    initialiseSection(thread, lpCriticalSection, dwSpinCount & 0x00ff_ffff);
    return true;
  },
  SetCriticalSectionSpinCount: (thread, lpCriticalSection, dwSpinCount) => setSpinCount(thread, lpCriticalSection, dwSpinCount),
  EnterCriticalSection(thread, lpCriticalSection) {
    if (!tryEnter(thread, lpCriticalSection)) return enterLater(thread, lpCriticalSection);
  },
  TryEnterCriticalSection: (thread, lpCriticalSection) => tryEnter(thread, lpCriticalSection),
  LeaveCriticalSection: (thread, lpCriticalSection) => leave(thread, lpCriticalSection),
  DeleteCriticalSection: (thread, lpCriticalSection) => deleteSection(thread, lpCriticalSection),

  InitializeSRWLock: ({ memory }, SRWLock) => memory.setPointer(SRWLock, 0),
  AcquireSRWLockExclusive: (thread, SRWLock) => acquire(thread, SRWLock, tryExclusive),
  AcquireSRWLockShared: (thread, SRWLock) => acquire(thread, SRWLock, tryShared),
  TryAcquireSRWLockExclusive: (thread, SRWLock) => tryExclusive(thread, SRWLock),
  TryAcquireSRWLockShared: (thread, SRWLock) => tryShared(thread, SRWLock),
  ReleaseSRWLockExclusive: (thread, SRWLock) => releaseExclusive(thread, SRWLock),
  ReleaseSRWLockShared: (thread, SRWLock) => releaseShared(thread, SRWLock),

  InitializeConditionVariable: ({ memory }, ConditionVariable) => memory.setPointer(ConditionVariable, 0),
  *SleepConditionVariableCS(thread, ConditionVariable, CriticalSection, dwMilliseconds) {
    leave(thread, CriticalSection);
    const woken = yield* AddressWaiters.of(thread).wait(thread, ConditionVariable, timeout(dwMilliseconds));
    yield* enterLater(thread, CriticalSection);
    if (!woken) throw new Win32Error(ERROR.TIMEOUT);
    return true;
  },
  *SleepConditionVariableSRW(thread, ConditionVariable, SRWLock, dwMilliseconds, Flags) {
    const shared = (Flags & CONDITION_VARIABLE_LOCKMODE_SHARED) !== 0;
    (shared ? releaseShared : releaseExclusive)(thread, SRWLock);
    const woken = yield* AddressWaiters.of(thread).wait(thread, ConditionVariable, timeout(dwMilliseconds));
    yield* acquireLater(thread, SRWLock, shared ? tryShared : tryExclusive);
    if (!woken) throw new Win32Error(ERROR.TIMEOUT);
    return true;
  },
  WakeConditionVariable: (thread, ConditionVariable) => AddressWaiters.of(thread).wake(ConditionVariable, false),
  WakeAllConditionVariable: (thread, ConditionVariable) => AddressWaiters.of(thread).wake(ConditionVariable, true),

  InitOnceInitialize: ({ memory }, InitOnce) => memory.setWord(InitOnce, ONCE.NEW),
  InitOnceExecuteOnce(thread, InitOnce, InitFn, Parameter, Context) {
    const word = thread.memory.word(InitOnce);
    if ((word & ONCE.MASK) !== ONCE.DONE) return executeOnce(thread, InitOnce, InitFn, Parameter, Context);
    Context.set(word & ~ONCE.MASK);
    return true;
  },
  InitOnceBeginInitialize(thread, lpInitOnce, dwFlags, fPending, lpContext) {
    const { memory } = thread;
    const word = memory.word(lpInitOnce);
    if ((word & ONCE.MASK) === ONCE.DONE) {
      fPending.set(false);
      lpContext.set(word & ~ONCE.MASK);
      return true;
    }
    if ((dwFlags & INIT_ONCE.CHECK_ONLY) !== 0) throw new Win32Error(ERROR.GEN_FAILURE);
    if ((dwFlags & INIT_ONCE.ASYNC) === 0 && (word & ONCE.MASK) === ONCE.PENDING)
      return beginLater(thread, lpInitOnce, fPending, lpContext);
    memory.setWord(lpInitOnce, ONCE.PENDING);
    fPending.set(true);
    return true;
  },
  InitOnceComplete(thread, lpInitOnce, dwFlags, lpContext) {
    const { memory } = thread;
    if ((memory.word(lpInitOnce) & ONCE.MASK) !== ONCE.PENDING) throw new Win32Error(ERROR.GEN_FAILURE);
    const failed = (dwFlags & INIT_ONCE.INIT_FAILED) !== 0;
    if (failed ? lpContext !== 0n : (lpContext & ONCE.MASK) !== 0n) throw new Win32Error(ERROR.INVALID_PARAMETER);
    memory.setWord(lpInitOnce, failed ? ONCE.NEW : lpContext | ONCE.DONE);
    AddressWaiters.of(thread).wake(lpInitOnce, true);
    return true;
  },

  WaitOnAddress(thread, Address, CompareAddress, AddressSize, dwMilliseconds) {
    const size = Number(AddressSize);
    if (![1, 2, 4, 8].includes(size)) throw new Win32Error(ERROR.INVALID_PARAMETER);
    const [now, compared] = [thread.memory.slice(Address, size), thread.memory.slice(CompareAddress, size)];
    if (now.some((byte, index) => byte !== compared[index])) return true;
    return waitOnAddress(thread, Address, dwMilliseconds);
  },
  WakeByAddressSingle: (thread, Address) => AddressWaiters.of(thread).wake(Address, false),
  WakeByAddressAll: (thread, Address) => AddressWaiters.of(thread).wake(Address, true),

  InitializeSListHead: ({ memory }, ListHead) => memory.fill(ListHead, 0, 2 * memory.pointerSize),
  InterlockedPushEntrySList({ memory }, ListHead, ListEntry) {
    const { first, depth } = slist(memory, ListHead);
    const before = memory.word(first);
    memory.setWord(ListEntry, before);
    memory.setPointer(first, ListEntry);
    memory.setU16(depth, memory.u16(depth) + 1);
    return Number(before & 0xffff_ffffn);
  },
  InterlockedPopEntrySList({ memory }, ListHead) {
    const { first, depth } = slist(memory, ListHead);
    const entry = memory.u32(first);
    if (entry === 0) return 0;
    memory.setWord(first, memory.word(entry));
    memory.setU16(depth, memory.u16(depth) - 1);
    return entry;
  },
  InterlockedFlushSList({ memory }, ListHead) {
    const first = memory.u32(slist(memory, ListHead).first);
    memory.fill(ListHead, 0, 2 * memory.pointerSize);
    return first;
  },
  QueryDepthSList: ({ memory }, ListHead) => memory.u16(slist(memory, ListHead).depth),

  InitializeSynchronizationBarrier({ memory }, lpBarrier, lTotalThreads) {
    if (lTotalThreads < 1) throw new Win32Error(ERROR.INVALID_PARAMETER);
    memory.setU32(lpBarrier, lTotalThreads);
    memory.setU32(lpBarrier + 4, 0);
    return true;
  },
  *EnterSynchronizationBarrier(thread, lpBarrier) {
    const { memory } = thread;
    const arrived = memory.u32(lpBarrier + 4) + 1;
    memory.setU32(lpBarrier + 4, arrived % memory.u32(lpBarrier));
    // The last one lets the others go.
    if (arrived % memory.u32(lpBarrier) === 0) {
      AddressWaiters.of(thread).wake(lpBarrier, true);
      return true;
    }
    yield* AddressWaiters.of(thread).wait(thread, lpBarrier, undefined);
    return false;
  },
  DeleteSynchronizationBarrier: () => true,

  InterlockedIncrement: (thread, Addend) => add(thread, Addend, 1) + 1,
  InterlockedDecrement: (thread, Addend) => add(thread, Addend, -1) - 1,
  InterlockedExchange({ memory }, Target, Value) {
    const before = memory.i32(Target);
    memory.setI32(Target, Value);
    return before;
  },
  InterlockedExchangeAdd: (thread, Addend, Value) => add(thread, Addend, Value),
  InterlockedCompareExchange({ memory }, Destination, ExChange, Comperand) {
    const before = memory.i32(Destination);
    if (before === Comperand) memory.setI32(Destination, ExChange);
    return before;
  },
  InterlockedCompareExchange64({ memory }, Destination, ExChange, Comperand) {
    const before = BigInt.asIntN(64, memory.u64(Destination));
    if (before === Comperand) memory.setU64(Destination, BigInt.asUintN(64, ExChange));
    return before;
  },
});

/** Where an SLIST_HEADER has its first entry and its depth: x64 starts with the depth, x86 with the entry. */
function slist({ pointerSize }: GuestMemory, head: number): { first: number; depth: number } {
  return pointerSize === 8 ? { first: head + 8, depth: head } : { first: head, depth: head + 4 };
}

function timeout(milliseconds: number): number | undefined {
  return milliseconds === INFINITE ? undefined : milliseconds;
}

function add({ memory }: Thread, address: number, value: number): number {
  const before = memory.i32(address);
  memory.setI32(address, before + value);
  return before;
}

interface ContextPlace {
  set(value: bigint): void;
}

/** Runs the function unless it has run; who comes meanwhile waits. A function that fails leaves the next one to try. */
function* executeOnce(thread: Thread, once: number, InitFn: number, parameter: bigint, context: ContextPlace): GuestGenerator<boolean> {
  const { memory } = thread;
  for (;;) {
    const word = memory.word(once);
    if ((word & ONCE.MASK) === ONCE.DONE) {
      context.set(word & ~ONCE.MASK);
      return true;
    }
    if ((word & ONCE.MASK) === ONCE.NEW) break;
    yield* AddressWaiters.of(thread).wait(thread, once, undefined);
  }
  memory.setWord(once, ONCE.PENDING);
  const place = thread.process.heap.allocate(8, true);
  const succeeded = (yield* guestCall(thread, InitFn, once, parameter, place)) !== 0;
  const value = place === 0 ? 0n : memory.word(place);
  if (place !== 0) thread.process.heap.free(place);
  memory.setWord(once, succeeded ? (value & ~ONCE.MASK) | ONCE.DONE : ONCE.NEW);
  AddressWaiters.of(thread).wake(once, true);
  if (succeeded) context.set(value & ~ONCE.MASK);
  return succeeded;
}

function* beginLater(
  thread: Thread,
  once: number,
  fPending: { set(value: boolean): void },
  context: ContextPlace,
): GuestGenerator<boolean> {
  const { memory } = thread;
  while ((memory.word(once) & ONCE.MASK) === ONCE.PENDING) yield* AddressWaiters.of(thread).wait(thread, once, undefined);
  const word = memory.word(once);
  const isDone = (word & ONCE.MASK) === ONCE.DONE;
  if (isDone) context.set(word & ~ONCE.MASK);
  else memory.setWord(once, ONCE.PENDING);
  fPending.set(!isDone);
  return true;
}

function* waitOnAddress(thread: Thread, address: number, milliseconds: number): GuestGenerator<boolean> {
  if (!(yield* AddressWaiters.of(thread).wait(thread, address, timeout(milliseconds)))) throw new Win32Error(ERROR.TIMEOUT);
  return true;
}
