/** A queue of work: each piece starts when the one before it has ended. */
export class StreamQueue {
  /** A blocking stream and the legacy default stream wait for each other. */
  readonly isBlocking: boolean;
  /** Lower numbers go first. */
  readonly priority: number;
  /** Settles, and never rejects, when all work until now has ended; undefined when there is none. */
  tail: Promise<void> | undefined;

  constructor(isBlocking: boolean, priority: number) {
    this.isBlocking = isBlocking;
    this.priority = priority;
  }
}

/**
 * The order of a context's work (CUDA C++ Programming Guide, "Streams" and "Default Stream"): each stream in the order of its calls, streams side by
 * side, the legacy default stream against all blocking ones. What needs nothing before it runs at once, in the call.
 */
export class StreamOrder {
  readonly legacy = new StreamQueue(true, 0);
  readonly #streams = new Set<StreamQueue>();
  /** Work that runs alone, and that all later work waits for. */
  #barrier: Promise<void> | undefined;

  create(isBlocking: boolean, priority: number): StreamQueue {
    const stream = new StreamQueue(isBlocking, priority);
    this.#streams.add(stream);
    return stream;
  }

  /** Forgets a stream when its work has ended. */
  remove(stream: StreamQueue): void {
    if (stream.tail === undefined) this.#streams.delete(stream);
    else void stream.tail.then(() => this.remove(stream));
  }

  /** Runs a piece of a stream's work in its turn. */
  run<T>(stream: StreamQueue, work: () => T | Promise<T>): T | Promise<T> {
    return start(this.#before(stream), work, (tail) => {
      stream.tail = tail;
      void tail.then(() => {
        if (stream.tail === tail) stream.tail = undefined;
      });
    });
  }

  /** Runs work after all that came before, on whatever stream, and before all that comes after. */
  alone<T>(work: () => T | Promise<T>): T | Promise<T> {
    return start(this.#all(), work, (barrier) => {
      this.#barrier = barrier;
      void barrier.then(() => {
        if (this.#barrier === barrier) this.#barrier = undefined;
      });
    });
  }

  /** Runs work that must come after what `alone` has under way, and needs nothing of streams. */
  afterBarrier<T>(work: () => T | Promise<T>): T | Promise<T> {
    return this.#barrier === undefined ? work() : this.alone(work);
  }

  /** Resolves when all work until now has ended, however it did. */
  async idle(): Promise<void> {
    await Promise.all(this.#all());
  }

  #before(stream: StreamQueue): Promise<void>[] {
    const waits: Promise<void>[] = [];
    if (this.#barrier !== undefined) waits.push(this.#barrier);
    if (stream.tail !== undefined) waits.push(stream.tail);
    if (stream === this.legacy) {
      for (const other of this.#streams) if (other.isBlocking && other.tail !== undefined) waits.push(other.tail);
    } else if (stream.isBlocking && this.legacy.tail !== undefined) waits.push(this.legacy.tail);
    return waits;
  }

  #all(): Promise<void>[] {
    return [this.#barrier, this.legacy.tail, ...[...this.#streams].map(({ tail }) => tail)].filter((tail) => tail !== undefined);
  }
}

function start<T>(waits: readonly Promise<void>[], work: () => T | Promise<T>, note: (tail: Promise<void>) => void): T | Promise<T> {
  const result = waits.length === 0 ? work() : waits.length === 1 ? waits[0]!.then(work) : Promise.all(waits).then(work);
  if (result instanceof Promise)
    note(
      result.then(
        () => undefined,
        () => undefined,
      ),
    );
  return result;
}

/** The launches of a context that run side by side, each in a slot of its own; of those that wait, that of the stream with the greatest priority goes first. */
export class LaunchSlots {
  readonly #free: number[];
  readonly #waiting: { readonly priority: number; begin(slot: number): void }[] = [];
  readonly #forAnEnd: (() => void)[] = [];

  constructor(count: number) {
    this.#free = Array.from({ length: count }, (_, slot) => slot);
  }

  /** Runs `launch` in the first slot that is free. */
  async take<T>(priority: number, launch: (slot: number) => Promise<T>): Promise<T> {
    const slot = this.#free.shift() ?? (await new Promise<number>((begin) => this.#waiting.push({ priority, begin })));
    try {
      return await launch(slot);
    } finally {
      this.#giveBack(slot);
    }
  }

  /** Resolves when a launch has ended. */
  oneEnds(): Promise<void> {
    return new Promise((resolve) => this.#forAnEnd.push(resolve));
  }

  #giveBack(slot: number): void {
    for (const resolve of this.#forAnEnd.splice(0)) resolve();
    const next = this.#waiting.toSorted((a, b) => a.priority - b.priority)[0];
    if (next === undefined) {
      this.#free.push(slot);
      // Low ones first: what they need of the memory has been in use.
      this.#free.sort((a, b) => a - b);
      return;
    }
    this.#waiting.splice(this.#waiting.indexOf(next), 1);
    next.begin(slot);
  }
}
