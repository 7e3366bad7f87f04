import { AsyncLocalStorage } from "node:async_hooks";
import { waitFor, type GuestGenerator, type Thread } from "@decant/process";

/** Something to be done by a guest's thread, for somebody who waits. */
export interface Job {
  run(thread: Thread): GuestGenerator<unknown>;
  resolve(value: unknown): void;
  reject(error: unknown): void;
}

/** Jobs that wait for one place in the guest's code, first come, first served. */
class Lane {
  readonly jobs: Job[] = [];
  /** False when nobody takes from it any more. */
  isOpen = true;
  #wake: (() => void) | undefined;

  push(job: Job): void {
    this.jobs.push(job);
    this.#wake?.();
  }

  /** Resolves when a job comes. */
  arrival(): Promise<void> {
    return new Promise((resolve) => (this.#wake = resolve));
  }
}

/**
 * The jobs of a library. They are done one after the other; but what a callback asks for before its promise settles is done then and there, on the stack of the
 * call that it is a callback of, as a DLL would be called back on Windows: otherwise each would wait for the other.
 */
export class LibraryJobs {
  readonly #lane = new Lane();
  /** Where calls go that are made in a callback, or in what it has begun. */
  readonly #inside = new AsyncLocalStorage<Lane>();
  readonly #inner = new Set<Lane>();
  readonly #running: Job[] = [];

  /** True when nobody waits. */
  get isIdle(): boolean {
    return this.#lane.jobs.length === 0 && this.#running.length === 0;
  }

  add(job: Job): void {
    const inner = this.#inside.getStore();
    (inner?.isOpen ? inner : this.#lane).push(job);
  }

  /** What a library's thread does: job by job, without end. */
  *serve(thread: Thread): GuestGenerator<never> {
    for (;;) {
      const job = this.#lane.jobs.shift();
      if (job === undefined) yield* waitFor(this.#lane.arrival());
      else yield* this.#do(thread, job);
    }
  }

  /** Calls a callback of TypeScript's from guest code, and gives its result, or 0 when it throws: then `onError` is told. */
  callBack(thread: Thread, callback: () => unknown, onError: (error: unknown) => void): unknown {
    const lane = new Lane();
    try {
      const result = this.#inside.run(lane, callback);
      if (result instanceof Promise) return this.#settle(thread, lane, result, onError);
      this.#close(lane);
      return result ?? 0;
    } catch (error) {
      this.#close(lane);
      onError(error);
      return 0;
    }
  }

  /** Rejects all who wait. */
  fail(error: Error): void {
    const waiting = [...this.#running, ...[this.#lane, ...this.#inner].flatMap(({ jobs }) => jobs.splice(0))];
    this.#running.length = 0;
    for (const { reject } of waiting) reject(error);
  }

  /** Waits for a callback's promise, and does what it asks for until then. */
  *#settle(thread: Thread, lane: Lane, result: Promise<unknown>, onError: (error: unknown) => void): GuestGenerator<unknown> {
    this.#inner.add(lane);
    const outcome: { isKnown: boolean; value?: unknown } = { isKnown: false };
    const settled = result.catch(onError).then((value) => Object.assign(outcome, { isKnown: true, value }));
    while (!outcome.isKnown) {
      const job = lane.jobs.shift();
      if (job === undefined) yield* waitFor(Promise.race([settled, lane.arrival()]));
      else yield* this.#do(thread, job);
    }
    this.#close(lane);
    return outcome.value ?? 0;
  }

  *#do(thread: Thread, job: Job): GuestGenerator<void> {
    this.#running.push(job);
    try {
      job.resolve(yield* job.run(thread));
    } catch (error) {
      job.reject(error);
    }
    this.#running.pop();
  }

  /** A callback is over: what it asked for and did not wait for takes its turn. */
  #close(lane: Lane): void {
    lane.isOpen = false;
    this.#inner.delete(lane);
    for (const job of lane.jobs.splice(0)) this.#lane.push(job);
  }
}
