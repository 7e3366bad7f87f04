import { exitThread, KernelObject, WAIT, wait, type GuestGenerator, type Process, type Thread } from "@decant/process";

/** What a worker does: it calls the guest. */
export type Work = (thread: Thread) => GuestGenerator<void>;

/** Threads that a pool has at most. */
const MAX_WORKERS = 16;
/** How long a worker waits for more to do. */
const IDLE_MS = 5000;

/** Work that waits for a worker. Signaled while there is some; a wait that ends has one piece for itself. */
class Queue extends KernelObject {
  readonly work: Work[] = [];
  #taken = 0;

  override isSignaled(): boolean {
    return this.work.length > this.#taken;
  }

  override acquire(): boolean {
    this.#taken++;
    return false;
  }

  add(work: Work): void {
    this.work.push(work);
    this.wake();
  }

  take(): Work {
    this.#taken--;
    return this.work.shift()!;
  }
}

/** A process's threads for callbacks: made when they are needed, ended when they have had nothing to do ("Thread Pools"). */
export class WorkerPool {
  readonly #process: Process;
  readonly #queue = new Queue();
  #workers = 0;
  #idle = 0;

  private constructor(process: Process) {
    this.#process = process;
  }

  static of({ process }: { process: Process }): WorkerPool {
    return process.state(POOL, () => new WorkerPool(process));
  }

  submit(work: Work): void {
    if (this.#process.ending !== undefined || this.#process.isExiting) return;
    this.#queue.add(work);
    if (this.#idle >= this.#queue.work.length || this.#workers >= MAX_WORKERS) return;
    this.#workers++;
    this.#process.createHostThread((thread) => this.#run(thread));
  }

  *#run(thread: Thread): GuestGenerator<never> {
    try {
      yield* this.#process.loader.attachThread(thread);
      for (;;) {
        this.#idle++;
        const ended = yield* wait(thread, [this.#queue], { timeoutMs: IDLE_MS });
        this.#idle--;
        if (ended === WAIT.TIMEOUT) break;
        yield* this.#queue.take()(thread);
      }
    } finally {
      this.#workers--;
    }
    return yield* exitThread(thread, 0);
  }
}

const POOL = Symbol("worker pool");
