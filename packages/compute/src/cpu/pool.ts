import { Worker } from "node:worker_threads";
import { createServices, createTextures, LAUNCH, layout, runBlocks } from "@decant/ptx";
import { Turns, type Contender, type Share, type Turn } from "./turns.ts";
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

/** Told when a launch begins to run, and when it is put aside for another. */
export interface LaunchClock {
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
  readonly clock: LaunchClock;
}

/** A launch that has not ended. */
class Pending implements Contender {
  readonly job: Job;
  readonly share: Share;
  readonly priority: number;
  readonly clock: LaunchClock;
  readonly together: number;
  readonly width: number;
  active = 0;
  began = 0;
  lastTurn = 0;
  isAsked = false;
  /** The records that no worker uses. */
  readonly records: number[];
  /** Blocks that workers took and did not run, as others wanted their turn. */
  readonly left: BlockRange[] = [];
  readonly failures: Failure[] = [];
  /** All blocks have been taken. */
  isTaken = false;
  readonly resolve: (failures: readonly Failure[]) => void;
  readonly reject: (error: unknown) => void;

  constructor({ job, share, priority, clock }: LaunchOrder, resolve: Pending["resolve"], reject: Pending["reject"]) {
    this.job = job;
    this.share = share;
    this.priority = priority;
    this.clock = clock;
    this.together = job.isCooperative ? job.blocks : 0;
    this.width = Math.min(job.records.length, Math.ceil(job.blocks / job.chunk));
    this.records = [...job.records].reverse();
    this.resolve = resolve;
    this.reject = reject;
  }

  wantsWorker(): boolean {
    if (this.failures.length > 0 || this.records.length === 0) return false;
    if (this.left.length > 0) return true;
    return !this.isTaken && this.active * this.job.chunk < this.job.blocks;
  }
}

/** How long brief launches may keep the caller's thread, in milliseconds, before the event loop has come round. */
const HERE_MS = 2;

/**
 * Threads that take the blocks of launches. Launches of one session share them evenly; when several sessions have launches, they take turns by weight (`Turns`).
 * A worker changes between two blocks: a block is never interrupted. With no workers, launches run in the caller's thread, one after the other, and cannot be
 * stopped. Workers start at the first launch, and do not keep the process alive while they wait.
 */
export class Pool {
  readonly size: number;
  #members: Member[] = [];
  readonly #threads: Worker[] = [];
  readonly #turns: Turns<Pending>;
  /** Runs brief launches in the caller's thread. */
  readonly #here = localMember();
  #hereMs = 0;
  #turnTimer: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(workers: number) {
    this.size = workers;
    this.#turns = new Turns(this.#most);
  }

  /** Runs a launch. The result is what went wrong. */
  run(order: LaunchOrder): Promise<readonly Failure[]> {
    return order.job.isBrief && this.size > 0 && this.#turns.launches.size === 0 ? this.#runHere(order) : this.#runByWorkers(order);
  }

  #runByWorkers(order: LaunchOrder): Promise<readonly Failure[]> {
    return new Promise((resolve, reject) => {
      this.#turns.add(new Pending(order, resolve, reject), performance.now());
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
    clearTimeout(this.#turnTimer);
    await Promise.all(this.#threads.map((thread) => thread.terminate()));
  }

  /** Hot: a launch with little to do (bench/cuda-launch.ts). */
  async #runHere(order: LaunchOrder): Promise<readonly Failure[]> {
    if (this.#hereMs >= HERE_MS) {
      await new Promise((resolve) => setImmediate(resolve));
      if (this.#turns.launches.size > 0) return this.#runByWorkers(order);
    }
    const { job, share } = order;
    const started = performance.now();
    const record = job.records[0] ?? 0;
    const { failed } = await this.#run(job, this.#here, record, undefined);
    const now = performance.now();
    if (this.#hereMs === 0) setImmediate(() => (this.#hereMs = 0));
    this.#hereMs += now - started;
    this.#turns.charge(share, now - started, now);
    return failed === undefined ? [] : [{ record, reason: failed }];
  }

  /** Gives workers to launches for as long as there are both. */
  #assign(): void {
    const next = (): Pending | undefined => this.#turns.next(this.#most - this.#busy, performance.now());
    for (let pending = next(); pending !== undefined; pending = next()) {
      const wanted = Math.max(1, pending.together);
      if (this.#most - this.#busy < wanted) break;
      for (const member of this.#free(wanted)) this.#start(pending, member);
    }
    this.#limitTurns();
  }

  /** As many members with nothing to do; new ones where there are none. */
  #free(count: number): readonly Member[] {
    const free = this.#members.filter(({ isBusy }) => !isBusy).slice(0, count);
    while (free.length < count) {
      const member = this.size === 0 ? localMember() : this.#thread();
      this.#members.push(member);
      free.push(member);
    }
    return free;
  }

  /** Members that run a launch; those that have ended are forgotten. */
  get #busy(): number {
    this.#members = this.#members.filter(({ hasEnded }) => !hasEnded);
    return this.#members.filter(({ isBusy }) => isBusy).length;
  }

  /** Members that there may be. */
  get #most(): number {
    return Math.max(1, this.size);
  }

  #start(pending: Pending, member: Member): void {
    const { job, clock } = pending;
    const record = pending.records.pop() ?? 0;
    if (pending.active === 0) clock.begin();
    const turn = this.#turns.begin(pending, performance.now());
    // Whoever asked for workers has had the choice just now: the one that starts must not come back at once.
    Atomics.store(job.words, yieldWord(job), 0);
    member.isBusy = true;
    this.#run(job, member, record, pending.left.pop()).then(
      (answer) => this.#worked(turn, member, record, answer),
      (error: unknown) => {
        member.isBusy = false;
        this.#turns.end(turn, 0, performance.now());
        this.#turns.delete(pending, performance.now());
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
  #worked(turn: Turn<Pending>, member: Member, record: number, { failed, yielded, ms = 0 }: FromWorker): void {
    const pending = turn.launch;
    const now = performance.now();
    member.isBusy = false;
    pending.records.push(record);
    if (failed !== undefined) pending.failures.push({ record, reason: failed });
    if (yielded === undefined) pending.isTaken = true;
    else pending.left.push(yielded);
    this.#turns.end(turn, ms, now);
    if (pending.active === 0) pending.clock.pause();
    if (pending.active === 0 && !pending.wantsWorker()) {
      this.#turns.delete(pending, now);
      pending.resolve(pending.failures);
    }
    // A session whose launch has ended may have another one ready, which comes a moment later.
    if ([...this.#turns.launches].some((other) => other.share !== pending.share)) setImmediate(() => this.#assign());
    else this.#assign();
  }

  /** Asks workers back, and looks again when it is time. */
  #limitTurns(): void {
    clearTimeout(this.#turnTimer);
    const { launches, againMs } = this.#turns.toGiveBack(performance.now());
    for (const { job } of launches) Atomics.store(job.words, yieldWord(job), 1);
    this.#turnTimer = againMs === undefined ? undefined : setTimeout(() => this.#assign(), Math.ceil(againMs));
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
