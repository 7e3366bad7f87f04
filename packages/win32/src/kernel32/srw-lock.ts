import { Event, wait, type GuestGenerator, type Process, type Thread } from "@decant/process";

/** An SRW lock's word: 0 is free, 1 held exclusively, larger by SHARE for each shared holder. It stays opaque to programs. */
const EXCLUSIVE = 1;
const SHARE = 16;

/** Threads that wait for a word in memory to change: SRW locks, condition variables, WaitOnAddress. */
export class AddressWaiters {
  readonly #waiting = new Map<number, Event[]>();

  static of({ process }: { process: Process }): AddressWaiters {
    return process.state(AddressWaiters, () => new AddressWaiters());
  }

  /** Waits to be woken; false after the time. Who is woken when the time is over, and has not run since, was woken: nobody else is in its place. */
  *wait(thread: Thread, address: number, timeoutMs: number | undefined): GuestGenerator<boolean> {
    const event = new Event(false, false);
    const queue = this.#waiting.get(address);
    if (queue === undefined) this.#waiting.set(address, [event]);
    else queue.push(event);
    try {
      return (yield* wait(thread, [event], timeoutMs === undefined ? {} : { timeoutMs })) === 0 || event.isSignaled();
    } finally {
      this.#forget(address, event);
    }
  }

  /** Wakes the one that has waited longest, or all. */
  wake(address: number, all: boolean): void {
    const queue = this.#waiting.get(address);
    if (queue === undefined) return;
    for (const event of all ? queue.splice(0) : queue.splice(0, 1)) event.set();
    if (queue.length === 0) this.#waiting.delete(address);
  }

  #forget(address: number, event: Event): void {
    const queue = this.#waiting.get(address);
    const index = queue?.indexOf(event) ?? -1;
    if (index >= 0) queue!.splice(index, 1);
    if (queue?.length === 0) this.#waiting.delete(address);
  }
}

export function tryExclusive({ memory }: Thread, lock: number): boolean {
  if (memory.word(lock) !== 0n) return false;
  memory.setPointer(lock, EXCLUSIVE);
  return true;
}

export function tryShared({ memory }: Thread, lock: number): boolean {
  const word = memory.u32(lock);
  if ((word & EXCLUSIVE) !== 0) return false;
  memory.setPointer(lock, word + SHARE);
  return true;
}

export function releaseExclusive(thread: Thread, lock: number): void {
  thread.memory.setPointer(lock, 0);
  AddressWaiters.of(thread).wake(lock, true);
}

export function releaseShared(thread: Thread, lock: number): void {
  const word = Math.max(0, thread.memory.u32(lock) - SHARE);
  thread.memory.setPointer(lock, word);
  if (word === 0) AddressWaiters.of(thread).wake(lock, true);
}

/** Takes a lock when it can be had at once; otherwise a generator that waits for it. */
export function acquire(thread: Thread, lock: number, attempt: (thread: Thread, lock: number) => boolean): void | GuestGenerator<void> {
  if (!attempt(thread, lock)) return acquireLater(thread, lock, attempt);
}

export function* acquireLater(thread: Thread, lock: number, attempt: (thread: Thread, lock: number) => boolean): GuestGenerator<void> {
  while (!attempt(thread, lock)) yield* AddressWaiters.of(thread).wait(thread, lock, undefined);
}
