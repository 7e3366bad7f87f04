import { Worker } from "node:worker_threads";
import { layout, runBlocks } from "@decant/ptx";
import { createRunner, type FromWorker, type ToWorker } from "./worker-main.ts";

/** A kernel launch, ready to run: its records are in the memory. */
export interface Job {
  readonly memory: number;
  readonly object: WebAssembly.Memory;
  readonly module: number;
  readonly code: WebAssembly.Module;
  readonly window: bigint;
  readonly symbols: bigint;
  readonly phases: readonly string[];
  readonly frameBytes: number;
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

/**
 * Threads that take the blocks of one launch after the other. With no workers, launches run in the caller's thread, and
 * cannot be stopped. Workers start at the first launch, and do not keep the process alive while they wait.
 */
export class Pool {
  readonly size: number;
  readonly #members: Member[] = [];
  readonly #threads: Worker[] = [];
  #tail: Promise<unknown> = Promise.resolve();
  #closed = false;

  constructor(workers: number) {
    this.size = workers;
  }

  /** Runs a launch, after those before it; `onStart` is called when its turn has come. The results are those of the workers that took part. */
  run(job: Job, onStart: () => void): Promise<FromWorker[]> {
    const result = this.#tail.then(() => {
      onStart();
      return this.#start(job);
    });
    this.#tail = result.catch(() => undefined);
    return result;
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

  async #start(job: Job): Promise<FromWorker[]> {
    if (this.#closed) throw new Error("the driver is closed");
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
        const { module, phases, frameBytes, blocks, chunk } = job;
        const answer = await member.send({ kind: "run", module, phases, frameBytes, blocks, chunk, record: job.records[index] ?? 0 });
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
  return { memories: new Set(), modules: new Set(), send: createRunner(layout, runBlocks) };
}

/**
 * The worker's program, from the text of its functions: a file beside a bundle cannot be counted on, and Node 20 does not
 * run TypeScript.
 */
function workerSource(): string {
  return `"use strict";
const ${nameKeeper()} = (value) => value;
const { parentPort } = require("node:worker_threads");
const run = (${createRunner.toString()})(${JSON.stringify(layout)}, ${runBlocks.toString()});
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
