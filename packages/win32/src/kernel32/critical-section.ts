import { Event, wait, type GuestGenerator, type Process, type Thread } from "@decant/process";

/** Offsets in the x64 RTL_CRITICAL_SECTION (winnt.h). */
const FIELD = { DebugInfo: 0, LockCount: 8, RecursionCount: 12, OwningThread: 16, LockSemaphore: 24, SpinCount: 32 } as const;
const SIZE = 40;
/** DebugInfo of sections that keep none. */
const NO_DEBUG_INFO = 0xffff_ffff_ffff_ffffn;
const FREE = -1;

/** Fills in an RTL_CRITICAL_SECTION. */
export function initialiseSection({ memory }: Thread, section: number, spinCount: number): void {
  memory.fill(section, 0, SIZE);
  memory.setU64(section + FIELD.DebugInfo, NO_DEBUG_INFO);
  memory.setI32(section + FIELD.LockCount, FREE);
  memory.setU32(section + FIELD.SpinCount, spinCount);
}

/** The threads that wait for sections, by section address. */
class Waiters {
  readonly events = new Map<number, { event: Event; count: number }>();

  static of({ process }: { process: Process }): Waiters {
    return process.state(Waiters, () => new Waiters());
  }
}

/**
 * Enters when that is possible at once. Called 10^6 times a run: four accesses. The fields are Windows' own, as inlined code and programs
 * that look into a section expect them.
 */
export function tryEnter({ memory, id }: Thread, section: number): boolean {
  const recursion = memory.i32(section + FIELD.RecursionCount);
  if (recursion > 0 && memory.u32(section + FIELD.OwningThread) !== id) return false;
  if (recursion <= 0) memory.setU32(section + FIELD.OwningThread, id);
  memory.setI32(section + FIELD.RecursionCount, recursion <= 0 ? 1 : recursion + 1);
  memory.setI32(section + FIELD.LockCount, memory.i32(section + FIELD.LockCount) + 1);
  return true;
}

/** Enters, as soon as the owner has left. */
export function* enterLater(thread: Thread, section: number): GuestGenerator<void> {
  const { events } = Waiters.of(thread);
  while (!tryEnter(thread, section)) {
    const entry = events.get(section) ?? { event: new Event(false, false), count: 0 };
    events.set(section, entry);
    entry.count++;
    try {
      yield* wait(thread, [entry.event]);
    } finally {
      if (--entry.count === 0) events.delete(section);
    }
  }
}

/** Leaves, and lets the next one in. Leaving a section that is not one's own does harm, as on Windows; only to the guest. */
export function leave(thread: Thread, section: number): void {
  const { memory } = thread;
  const recursion = memory.i32(section + FIELD.RecursionCount) - 1;
  memory.setI32(section + FIELD.RecursionCount, recursion);
  memory.setI32(section + FIELD.LockCount, memory.i32(section + FIELD.LockCount) - 1);
  if (recursion > 0) return;
  memory.setU32(section + FIELD.OwningThread, 0);
  const { events } = Waiters.of(thread);
  if (events.size > 0) events.get(section)?.event.set();
}

/** Sets every byte of a section to zero: entering one that was deleted is the program's error. */
export function deleteSection({ memory }: Thread, section: number): void {
  memory.fill(section, 0, SIZE);
  memory.setI32(section + FIELD.LockCount, FREE);
}

/** SetCriticalSectionSpinCount: returns the count before. */
export function setSpinCount({ memory }: Thread, section: number, spinCount: number): number {
  const before = memory.u32(section + FIELD.SpinCount);
  memory.setU32(section + FIELD.SpinCount, spinCount);
  return before;
}
