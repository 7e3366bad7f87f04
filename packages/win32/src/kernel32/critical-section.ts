import { Event, wait, type GuestGenerator, type Process, type Thread } from "@decant/process";

/** Offsets in RTL_CRITICAL_SECTION by the size of a pointer (winnt.h); DebugInfo comes first. */
const LAYOUT = {
  8: { LockCount: 8, RecursionCount: 12, OwningThread: 16, SpinCount: 32, SIZE: 40 },
  4: { LockCount: 4, RecursionCount: 8, OwningThread: 12, SpinCount: 20, SIZE: 24 },
} as const;
/** DebugInfo of sections that keep none. */
const NO_DEBUG_INFO = 0xffff_ffff_ffff_ffffn;
const FREE = -1;

/** Fills in an RTL_CRITICAL_SECTION. */
export function initialiseSection({ memory }: Pick<Thread, "memory">, section: number, spinCount: number): void {
  const layout = LAYOUT[memory.pointerSize];
  memory.fill(section, 0, layout.SIZE);
  memory.setWord(section, NO_DEBUG_INFO);
  memory.setI32(section + layout.LockCount, FREE);
  memory.setU32(section + layout.SpinCount, spinCount);
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
  const layout = LAYOUT[memory.pointerSize];
  const recursion = memory.i32(section + layout.RecursionCount);
  if (recursion > 0 && memory.u32(section + layout.OwningThread) !== id) return false;
  if (recursion <= 0) memory.setU32(section + layout.OwningThread, id);
  memory.setI32(section + layout.RecursionCount, recursion <= 0 ? 1 : recursion + 1);
  memory.setI32(section + layout.LockCount, memory.i32(section + layout.LockCount) + 1);
  return true;
}

/**
 * Enters, as soon as the owner has left. Who waits is counted in LockCount, as on Windows: code that leaves without a call (the translator's, and what programs have inlined)
 * sees by that that somebody is to be woken.
 */
export function* enterLater(thread: Thread, section: number): GuestGenerator<void> {
  const { memory } = thread;
  const { events } = Waiters.of(thread);
  const lockCount = section + LAYOUT[memory.pointerSize].LockCount;
  while (!tryEnter(thread, section)) {
    const entry = events.get(section) ?? { event: new Event(false, false), count: 0 };
    events.set(section, entry);
    entry.count++;
    memory.setI32(lockCount, memory.i32(lockCount) + 1);
    try {
      yield* wait(thread, [entry.event]);
    } finally {
      if (--entry.count === 0) events.delete(section);
    }
    memory.setI32(lockCount, memory.i32(lockCount) - 1);
  }
}

/** Leaves, and lets the next one in. Leaving a section that is not one's own does harm, as on Windows; only to the guest. */
export function leave(thread: Thread, section: number): void {
  const { memory } = thread;
  const layout = LAYOUT[memory.pointerSize];
  const recursion = memory.i32(section + layout.RecursionCount) - 1;
  memory.setI32(section + layout.RecursionCount, recursion);
  memory.setI32(section + layout.LockCount, memory.i32(section + layout.LockCount) - 1);
  if (recursion > 0) return;
  memory.setU32(section + layout.OwningThread, 0);
  const { events } = Waiters.of(thread);
  if (events.size > 0) events.get(section)?.event.set();
}

/** Sets every byte of a section to zero: entering one that was deleted is the program's error. */
export function deleteSection({ memory }: Thread, section: number): void {
  const layout = LAYOUT[memory.pointerSize];
  memory.fill(section, 0, layout.SIZE);
  memory.setI32(section + layout.LockCount, FREE);
}

/** SetCriticalSectionSpinCount: returns the count before. */
export function setSpinCount({ memory }: Thread, section: number, spinCount: number): number {
  const layout = LAYOUT[memory.pointerSize];
  const before = memory.u32(section + layout.SpinCount);
  memory.setU32(section + layout.SpinCount, spinCount);
  return before;
}
