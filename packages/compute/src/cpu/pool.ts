import { Worker } from "node:worker_threads";
import { createServices, createTextures, LAUNCH, layout, runBlocks } from "@decant/ptx";
import { createRunner, type BlockRange, type FromWorker, type ToWorker } from "./worker-main.ts";

/** A kernel launch, ready to run: its records are in the memory. */
export interface Job {
  readonly memory: number;
  /** Where its record lies in the memory. */
  readonly launch: number;
  /** All of its blocks run at the same time. */
  readonly isCooperative: boolean;
  /** It is over so soon that no thread needs to be woken for it. */
  readonly isBrief: boolean;
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
  isBusy: boolean;
  hasEnded: boolean;
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

/** Why a worker stopped, and the record in which it tells more. */
export interface Failure {
  readonly record: number;
  readonly reason: string;
}

export interface LaunchOrder {
  readonly job: Job;
  readonly share: Share;
  /** Among launches of one session, lower numbers go first. */
  readonly priority: number;
  readonly turns: Turns;
}

/** A launch that has not ended. */
interface Pending extends LaunchOrder {
  /** The records that no worker uses. */
  readonly records: number[];
  /** Blocks that workers took and did not run, as others wanted their turn. */
  readonly left: BlockRange[];
  readonly failures: Failure[];
  /** Workers that run blocks of it. */
  active: number;
  /** All blocks have been taken. */
  isTaken: boolean;
  /** When it last gave a worker back. */
  lastTurn: number;
  resolve(failures: readonly Failure[]): void;
  reject(error: unknown): void;
}

/** How long brief launches may keep the caller's thread, in milliseconds, before the event loop has come round. */
const HERE_MS = 2;
/** How long launches run before others, that have no worker, get their turn. */
const TURN_MS = 5;
/** A session without a turn for longer than this was idle. */
const IDLE_MS = 100;

/**
 * Threads that take the blocks of launches. Launches of one session share them evenly; when several sessions have launches, they take turns by weight.
 * A worker changes between two blocks: a block is never interrupted. With no workers, launches run in the caller's thread, one after the other, and cannot be
 * stopped. Workers start at the first launch, and do not keep the process alive while they wait.
 */
export class Pool {
  readonly size: number;
  #members: Member[] = [];
  readonly #threads: Worker[] = [];
  /** In the order of their arrival. */
  readonly #pending = new Set<Pending>();
  /** Runs brief launches in the caller's thread. */
  readonly #here = localMember();
  #hereMs = 0;
  #turnTimer: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(workers: number) {
    this.size = workers;
  }

  /** Runs a launch. The result is what went wrong. */
  run(order: LaunchOrder): Promise<readonly Failure[]> {
    return order.job.isBrief && this.size > 0 && this.#pending.size === 0 ? this.#runHere(order) : this.#runByWorkers(order);
  }

  #runByWorkers(order: LaunchOrder): Promise<readonly Failure[]> {
    return new Promise((resolve, reject) => {
      const { share, job } = order;
      // Who was idle has no claim to the time that passed.
      if (performance.now() - share.lastTurn > IDLE_MS) {
        const others = [...this.#pending].filter((other) => other.share !== share);
        if (others.length > 0) share.used = Math.max(share.used, Math.min(...others.map((other) => other.share.used)));
      }
      const records = [...job.records].reverse();
      this.#pending.add({ ...order, records, left: [], failures: [], active: 0, isTaken: false, lastTurn: 0, resolve, reject });
      this.#assign();
    });
  }

  forget(memory: number): void {
    for (const member of [this.#here, ...this.#members]) {
      if (!member.memories.delete(memory)) continue;
      void member.send({ kind: "forget", memory });
    }
  }

  async close(): Promise<void> {
    this.#closed = true;
    await Promise.all(this.#threads.map((thread) => thread.terminate()));
  }

  /** Hot: a launch with little to do (bench/cuda-launch.ts). */
  async #runHere(order: LaunchOrder): Promise<readonly Failure[]> {
    if (this.#hereMs >= HERE_MS) {
      await new Promise((resolve) => setImmediate(resolve));
      if (this.#pending.size > 0) return this.#runByWorkers(order);
    }
    const { job, share } = order;
    const started = performance.now();
    const record = job.records[0] ?? 0;
    const { failed } = await this.#run(job, this.#here, record, undefined);
    const now = performance.now();
    if (this.#hereMs === 0) setImmediate(() => (this.#hereMs = 0));
    this.#hereMs += now - started;
    share.used += (now - started) / share.weight;
    share.lastTurn = now;
    return failed === undefined ? [] : [{ record, reason: failed }];
  }

  /** Gives workers to launches for as long as there are both. */
  #assign(): void {
    for (let next = this.#next(); next !== undefined; next = this.#next()) {
      const free = this.#free();
      const wanted = next.job.isCooperative ? next.job.blocks : 1;
      if (free.length < wanted) break;
      for (const member of free.slice(0, wanted)) this.#start(next, member);
    }
    this.#limitTurns();
  }

  /** The launch whose session has used least; in that, by priority, the one with the fewest workers, that has waited longest. */
  #next(): Pending | undefined {
    let best: Pending | undefined;
    for (const pending of this.#pending) if (wantsWorker(pending) && (best === undefined || isBefore(pending, best))) best = pending;
    return best;
  }

  /** Members with nothing to do, as many as there may be. */
  #free(): readonly Member[] {
    this.#members = this.#members.filter(({ hasEnded }) => !hasEnded);
    const free = this.#members.filter(({ isBusy }) => !isBusy);
    const wanted = Math.max(1, ...[...this.#pending].map(({ job }) => (job.isCooperative ? job.blocks : 1)));
    while (this.#members.length < Math.max(1, this.size) && free.length < wanted) {
      const member = this.size === 0 ? localMember() : this.#thread();
      this.#members.push(member);
      free.push(member);
    }
    return free;
  }

  #start(pending: Pending, member: Member): void {
    const { job, turns } = pending;
    const record = pending.records.pop() ?? 0;
    if (pending.active++ === 0) turns.begin();
    // Whoever asked for workers has had the choice just now: the one that starts must not come back at once.
    Atomics.store(job.words, yieldWord(job), 0);
    member.isBusy = true;
    const started = performance.now();
    this.#run(job, member, record, pending.left.pop()).then(
      (answer) => this.#worked(pending, member, record, started, answer),
      (error: unknown) => {
        member.isBusy = false;
        this.#pending.delete(pending);
        pending.reject(error);
        this.#assign();
      },
    );
  }

  async #run(job: Job, member: Member, record: number, left: BlockRange | undefined): Promise<FromWorker> {
    if (this.#closed) throw new Error("the driver is closed");
    if (!member.memories.has(job.memory)) {
      member.memories.add(job.memory);
      void member.send({ kind: "memory", memory: job.memory, object: job.object });
    }
    const { module, memory, code, window, symbols, phases, run, frameBytes, lanes, blocks, chunk } = job;
    if (!member.modules.has(module)) {
      member.modules.add(module);
      void member.send({ kind: "module", module, memory, code, window, symbols });
    }
    const answer = await member.send({ kind: "run", module, phases, run, frameBytes, lanes, blocks, chunk, record, left });
    return answer ?? { failed: "the worker gave no answer" };
  }

  /** A worker has come back from a launch. */
  #worked(pending: Pending, member: Member, record: number, started: number, { failed, yielded }: FromWorker): void {
    const { share, turns } = pending;
    const now = performance.now();
    member.isBusy = false;
    pending.records.push(record);
    pending.lastTurn = now;
    share.used += (now - started) / share.weight;
    share.lastTurn = now;
    if (failed !== undefined) pending.failures.push({ record, reason: failed });
    if (yielded === undefined) pending.isTaken = true;
    else pending.left.push(yielded);
    if (--pending.active === 0) turns.pause();
    if (pending.active === 0 && !wantsWorker(pending)) {
      this.#pending.delete(pending);
      pending.resolve(pending.failures);
    }
    // A session whose launch has ended may have another one ready, which comes a moment later.
    if ([...this.#pending].some((other) => other.share !== share)) setImmediate(() => this.#assign());
    else this.#assign();
  }

  /** Where a launch waits for a worker, the others come back after a while. */
  #limitTurns(): void {
    if (this.#turnTimer !== undefined || ![...this.#pending].some((pending) => pending.active === 0 && wantsWorker(pending))) return;
    this.#turnTimer = setTimeout(() => {
      this.#turnTimer = undefined;
      // Blocks that wait for each other must not be parted.
      for (const { job, active } of this.#pending) if (active > 0 && !job.isCooperative) Atomics.store(job.words, yieldWord(job), 1);
      this.#limitTurns();
    }, TURN_MS);
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
    const member: Member = {
      memories: new Set(),
      modules: new Set(),
      isBusy: false,
      hasEnded: false,
      send(message) {
        worker.postMessage(message);
        if (message.kind !== "run") return undefined;
        worker.ref();
        return new Promise((resolve) => {
          pending = { resolve };
        });
      },
    };
    worker.on("message", settle);
    worker.on("error", (error) => settle({ failed: `the worker failed: ${error.message}` }));
    worker.on("exit", () => {
      member.hasEnded = true;
      settle({ failed: "the worker has ended" });
    });
    return member;
  }
}

/** True when one more worker would find blocks of a launch to run. */
function wantsWorker({ job, records, left, failures, isTaken, active }: Pending): boolean {
  if (failures.length > 0 || records.length === 0) return false;
  if (left.length > 0) return true;
  return !isTaken && active * job.chunk < job.blocks;
}

function isBefore(a: Pending, b: Pending): boolean {
  if (a.share !== b.share && a.share.used !== b.share.used) return a.share.used < b.share.used;
  if (a.priority !== b.priority) return a.priority < b.priority;
  return a.active !== b.active ? a.active < b.active : a.lastTurn < b.lastTurn;
}

/** Where a launch's workers look whether to put it aside, in words. */
function yieldWord({ launch }: Job): number {
  return (launch + LAUNCH.yielding) >>> 2;
}

function localMember(): Member {
  return {
    memories: new Set(),
    modules: new Set(),
    isBusy: false,
    hasEnded: false,
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
