import { ERROR, Win32Error } from "@decant/hook";
import { exitThread, Fiber, implement, switchFiber, tebLayout, type Thread } from "@decant/process";
import { FiberStorage } from "./fiber-storage.ts";
import { fibersApi } from "./fibers.api.ts";

/** The guest's side of a fiber: its parameter comes first (GetFiberData). */
const FIBER_BYTES = 0x40;
/** What SwitchToFiber's argument takes on x86's stack. */
const ARGUMENT_BYTES = { 8: 0, 4: 4 } as const;

/** The fibers of a process, by their addresses. */
class Fibers {
  readonly all = new Map<number, Fiber>();
}

/** The fiber that a thread runs. */
class CurrentFiber {
  fiber: Fiber | undefined;
}

const fibersOf = ({ process }: Thread): Fibers => process.state(Fibers, () => new Fibers());
const currentOf = (thread: Thread): CurrentFiber => thread.state(CurrentFiber, () => new CurrentFiber());

export const fibers = implement(fibersApi, {
  ConvertThreadToFiber: (thread, lpParameter) => convert(thread, lpParameter),
  ConvertThreadToFiberEx: (thread, lpParameter) => convert(thread, lpParameter),
  ConvertFiberToThread(thread) {
    const current = currentOf(thread);
    if (current.fiber === undefined) throw new Win32Error(ERROR.ALREADY_THREAD);
    FiberStorage.of(thread).convert(thread, undefined);
    forget(thread, current.fiber);
    current.fiber = undefined;
    thread.memory.setPointer(thread.teb + tebLayout(thread.memory).FiberData, 0);
    return true;
  },
  CreateFiber: (thread, dwStackSize, lpStartAddress, lpParameter) => create(thread, dwStackSize, lpStartAddress, lpParameter),
  CreateFiberEx: (thread, dwStackCommitSize, dwStackReserveSize, _dwFlags, lpStartAddress, lpParameter) =>
    create(thread, Math.max(dwStackCommitSize, dwStackReserveSize), lpStartAddress, lpParameter),
  *SwitchToFiber(thread, lpFiber) {
    const current = currentOf(thread);
    const target = fibersOf(thread).all.get(lpFiber);
    if (current.fiber === undefined || target === undefined) throw new Win32Error(ERROR.INVALID_PARAMETER);
    if (target === current.fiber) return;
    const from = current.fiber;
    current.fiber = target;
    FiberStorage.of(thread).switchTo(thread, target);
    thread.rip = thread.returnFromCall(ARGUMENT_BYTES[thread.pointerSize]);
    yield* switchFiber(thread, from, target);
  },
  *DeleteFiber(thread, lpFiber) {
    const target = fibersOf(thread).all.get(lpFiber);
    if (target === undefined) return;
    // The fiber that runs takes its thread with it.
    if (target === currentOf(thread).fiber) return yield* exitThread(thread, 1);
    yield* FiberStorage.of(thread).release(thread, target);
    forget(thread, target);
    target.free(thread);
  },
  IsThreadAFiber: (thread) => currentOf(thread).fiber !== undefined,
});

function convert(thread: Thread, parameter: bigint): number {
  const current = currentOf(thread);
  if (current.fiber !== undefined) throw new Win32Error(ERROR.ALREADY_FIBER);
  const address = allocate(thread, parameter);
  current.fiber = Fiber.ofThread(thread, address);
  FiberStorage.of(thread).convert(thread, current.fiber);
  fibersOf(thread).all.set(address, current.fiber);
  thread.memory.setPointer(thread.teb + tebLayout(thread.memory).FiberData, address);
  return address;
}

function create(thread: Thread, stackSize: number, start: number, parameter: bigint): number {
  const address = allocate(thread, parameter);
  const fiber = Fiber.create(thread, address, start, parameter, stackSize);
  if (fiber === undefined) {
    thread.process.heap.free(address);
    throw new Win32Error(ERROR.NOT_ENOUGH_MEMORY);
  }
  fibersOf(thread).all.set(address, fiber);
  return address;
}

function allocate({ process, memory }: Thread, parameter: bigint): number {
  const address = process.heap.allocate(FIBER_BYTES, true);
  if (address === 0) throw new Win32Error(ERROR.NOT_ENOUGH_MEMORY);
  memory.setWord(address, parameter);
  return address;
}

function forget(thread: Thread, fiber: Fiber): void {
  fibersOf(thread).all.delete(fiber.address);
  thread.process.heap.free(fiber.address);
}
