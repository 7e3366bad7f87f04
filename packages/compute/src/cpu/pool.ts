import { Worker } from "node:worker_threads";
import { createServices, createTextures, layout, runBlocks, YIELD_WORD } from "@decant/ptx";
import { createRunner, type FromWorker, type ToWorker } from "./worker-main.ts";

/** A kernel launch, ready to run: its records are in the memory. */
export interface Job {
  readonly memory: number;
  readonly object: WebAssembly.Memory;
  readonly words: Int32Array;
  readonly module: number;
  readonly code: WebAssembly.Module;
  readonly window: bigint;
  readonly symbols: bigint;
  readonly phases: readonly string[];
  readonly run: string;
  readonly frameBytes: number;
  readonly lanes: number;
  readonly blocks: number;
  readonly chunk: number;
  /** The worker record of each worker that may take part. */
  readonly records: readonly number[];
}

/** One that runs blocks: a thread, or the caller itself. */
interface Member {
  send(message: ToWorker): Promise<FromWorker> | FromWorker | undefined;
  readonly memories: Set<number>;
  readonly modules: Set<number>;
}

/** A session's part of the processors: who has used least of what is due gets the next turn. */
export interface Share {
  readonly weight: number;
  /** Milliseconds of all workers together, divided by the weight. */
  used: number;
  /** When its last turn ended, in milliseconds of performance.now(). */
  lastTurn: number;
}

/** Told when a launch's turn begins, and when it is put aside for another's. */
export interface Turns {
  begin(): void;
  pause(): void;
}

/** A launch that has not ended. */
interface Pending {
  readonly job: Job;
  readonly share: Share;
  readonly turns: Turns;
  /** What the workers answered last, by worker. */
  results: FromWorker[];
  resolve(results: FromWorker[]): void;
  reject(error: unknown): void;
}

/** How long a launch runs before another session's gets its turn. */
const TURN_MS = 5;
/** A session without a turn for longer than this was idle. */
const IDLE_MS = 100;

/**
 * Threads that take the blocks of one launch at a time. When several sessions have launches, they take turns by weight, between two blocks: a block
 * is never interrupted. With no workers, launches run in the caller's thread, and cannot be stopped. Workers start at the first launch, and do not
 * keep the process alive while they wait.
 */
export class Pool {
  readonly size: number;
  readonly #members: Member[] = [];
  readonly #threads: Worker[] = [];
  readonly #pending: Pending[] = [];
  #running: Pending | undefined;
  #turnStart = 0;
  #turnTimer: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(workers: number) {
    this.size = workers;
  }

  /** Runs a launch, after those before it of the same share. The results are those of the workers that took part. */
  run(job: Job, share: Share, turns: Turns): Promise<FromWorker[]> {
    return new Promise((resolve, reject) => {
      // Who was idle has no claim to the time that passed.
      if (performance.now() - share.lastTurn > IDLE_MS) {
        const others = [...this.#pending, ...(this.#running ? [this.#running] : [])].filter((other) => other.share !== share);
        if (others.length > 0) share.used = Math.max(share.used, Math.min(...others.map((other) => other.share.used)));
      }
      this.#pending.push({ job, share, turns, results: [], resolve, reject });
      this.#next();
      this.#limitTurn();
    });
  }

  forget(memory: number): void {
    for (const member of this.#members) {
      if (!member.memories.delete(memory)) continue;
      void member.send({ kind: "forget", memory });
    }
  }

  async close(): Promise<void> {
    this.#closed = true;
    await Promise.all(this.#threads.map((thread) => thread.terminate()));
  }

  /** Gives the next turn, when nobody has it, to the launch whose session has used least. */
  #next(): void {
    if (this.#running !== undefined || this.#pending.length === 0) return;
    const next = this.#pending.reduce((least, other) => (other.share.used < least.share.used ? other : least));
    this.#pending.splice(this.#pending.indexOf(next), 1);
    this.#running = next;
    this.#turnStart = performance.now();
    next.turns.begin();
    this.#turn(next).then(
      (results) => this.#turnOver(next, results),
      (error: unknown) => {
        this.#running = undefined;
        next.reject(error);
        this.#next();
      },
    );
    this.#limitTurn();
  }

  /** A turn ends when others wait; alone, a launch runs through. */
  #limitTurn(): void {
    const running = this.#running;
    if (running === undefined || this.#turnTimer !== undefined || this.#pending.every(({ share }) => share === running.share)) return;
    const left = Math.max(0, TURN_MS - (performance.now() - this.#turnStart));
    this.#turnTimer = setTimeout(() => {
      const { words } = running.job;
      Atomics.store(words, YIELD_WORD >>> 2, 1);
    }, left);
  }

  #turnOver(turn: Pending, results: FromWorker[]): void {
    clearTimeout(this.#turnTimer);
    this.#turnTimer = undefined;
    this.#running = undefined;
    const now = performance.now();
    turn.share.used += ((now - this.#turnStart) * results.length) / turn.share.weight;
    turn.share.lastTurn = now;
    turn.results = results;
    if (results.some(({ yielded }) => yielded) && results.every(({ failed }) => failed === undefined)) {
      turn.turns.pause();
      this.#pending.push(turn);
    } else turn.resolve(results);
    // A session whose launch has ended may have another one ready, which comes a moment later.
    if (this.#pending.some(({ share }) => share !== turn.share)) setImmediate(() => this.#next());
    else this.#next();
  }

  async #turn({ job, results }: Pending): Promise<FromWorker[]> {
    if (this.#closed) throw new Error("the driver is closed");
    Atomics.store(job.words, YIELD_WORD >>> 2, 0);
    const wanted = Math.min(Math.max(1, this.size), job.records.length, Math.ceil(job.blocks / job.chunk));
    while (this.#members.length < wanted) this.#members.push(this.size === 0 ? localMember() : this.#thread());
    return Promise.all(
      this.#members.slice(0, wanted).map(async (member, index) => {
        if (!member.memories.has(job.memory)) {
          member.memories.add(job.memory);
          void member.send({ kind: "memory", memory: job.memory, object: job.object });
        }
        if (!member.modules.has(job.module)) {
          member.modules.add(job.module);
          const { module, memory, code, window, symbols } = job;
          void member.send({ kind: "module", module, memory, code, window, symbols });
        }
        const { module, phases, run, frameBytes, lanes, blocks, chunk } = job;
        const left = results[index]?.yielded;
        const record = job.records[index] ?? 0;
        const answer = await member.send({ kind: "run", module, phases, run, frameBytes, lanes, blocks, chunk, record, left });
        return answer ?? { failed: "the worker gave no answer" };
      }),
    );
  }

  #thread(): Member {
    const worker = new Worker(workerSource(), { eval: true, name: "decant-cpu" });
    this.#threads.push(worker);
    worker.unref();
    let pending: { resolve(value: FromWorker): void } | undefined;
    const settle = (value: FromWorker): void => {
      const waiting = pending;
      pending = undefined;
      worker.unref();
      waiting?.resolve(value);
    };
    worker.on("message", settle);
    worker.on("error", (error) => settle({ failed: `the worker failed: ${error.message}` }));
    worker.on("exit", () => settle({ failed: "the worker has ended" }));
    return {
      memories: new Set(),
      modules: new Set(),
      send(message) {
        worker.postMessage(message);
        if (message.kind !== "run") return undefined;
        worker.ref();
        return new Promise((resolve) => {
          pending = { resolve };
        });
      },
    };
  }
}

function localMember(): Member {
  return {
    memories: new Set(),
    modules: new Set(),
    send: createRunner(layout, runBlocks, createServices, createTextures, () => undefined),
  };
}

/**
 * The worker's program, from the text of its functions: a file beside a bundle cannot be counted on, and Node 20 does not
 * run TypeScript.
 */
function workerSource(): string {
  return `"use strict";
const ${nameKeeper()} = (value) => value;
const { parentPort } = require("node:worker_threads");
const collect = () => {
  require("node:v8").setFlagsFromString("--expose-gc");
  require("node:vm").runInNewContext("gc")();
};
const run = (${createRunner.toString()})(${JSON.stringify(layout)}, ${runBlocks.toString()}, ${createServices.toString()}, ${createTextures.toString()}, collect);
parentPort.on("message", (message) => {
  const answer = run(message);
  if (answer !== undefined) parentPort.postMessage(answer);
});`;
}

/** What esbuild wraps functions in when it keeps their names: `__name(() => 0, "inner")`, or a shorter name in a minified bundle. */
function nameKeeper(): string {
  const sample = (): unknown => {
    const inner = (): number => 0;
    return inner;
  };
  return /([\w$]+)\(\(\)\s*=>\s*0,\s*"inner"\)/.exec(sample.toString())?.[1] ?? "__name";
}
