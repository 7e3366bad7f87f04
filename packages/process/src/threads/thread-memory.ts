import { PAGE } from "@decant/memory";
import type { GuestMemory } from "@decant/memory";
import { TEB_SIZE, writeTeb } from "../blocks/teb.ts";

/** Stacks are at least, and at most, this large, in bytes, whatever an image asks for. */
const MIN_STACK = 0x10000;
const MAX_STACK = 0x1000_0000;
const DEFAULT_STACK = 0x100000;
/** The lowest page of a stack stays out of reach, so that running over its end faults. */
const GUARD = 0x1000;

/** The memory that a thread was given. */
export interface ThreadMemory {
  readonly teb: number;
  readonly stackLow: number;
  readonly stackHigh: number;
}

/** Allocates a thread's stack and TEB; undefined when there is no room. */
export function allocateThread(
  memory: GuestMemory,
  stackSize: number,
  ids: { peb: number; processId: number; threadId: number },
): ThreadMemory | undefined {
  const size = Math.ceil(Math.min(MAX_STACK, Math.max(MIN_STACK, stackSize || DEFAULT_STACK)) / 0x10000) * 0x10000;
  const stack = memory.reserve(size, { protection: PAGE.READWRITE });
  if (stack === undefined) return undefined;
  const teb = memory.allocate(TEB_SIZE, PAGE.READWRITE);
  if (teb === undefined) {
    memory.release(stack);
    return undefined;
  }
  const stackLow = stack + GUARD;
  const stackHigh = stack + size;
  memory.commit(stackLow, size - GUARD, PAGE.READWRITE);
  writeTeb(memory, teb, { ...ids, stackLow, stackHigh, stackAllocation: stack });
  return { teb, stackLow, stackHigh };
}

/** Frees an ended thread's stack and TEB. */
export function freeThread(memory: GuestMemory, { teb, stackLow }: ThreadMemory): void {
  memory.release(stackLow - GUARD);
  memory.release(teb);
}
