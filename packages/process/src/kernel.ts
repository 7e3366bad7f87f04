import type { Host } from "@decant/host";
import { ERROR } from "@decant/hook";
import { MemoryBudget, MemoryLimitError } from "@decant/memory";
import { Machine } from "@decant/x86";
import type { MachineOptions, TranslationStorage } from "@decant/x86";
import { yieldToHost } from "./event-loop.ts";
import type { Ending } from "./ending.ts";
import { baseName } from "./loader/dll-names.ts";
import { LoadError } from "./loader/load-error.ts";
import type { KernelObject } from "./objects/kernel-object.ts";
import { Process } from "./process.ts";
import type { ProcessOptions } from "./process-options.ts";
import type { Thread } from "./threads/thread.ts";
import { Timers } from "./waits/timers.ts";

/** The longest that guests keep the host's event loop waiting, in milliseconds, unless a run says otherwise. */
const HOST_TURN_MS = 5;
/** A thread's turn at least while others wait for a timer: Windows' clock ticks so often, and wakes no thread in between. */
const CLOCK_TICK_MS = 15.6;
/** A thread's turn while others are ready: two ticks, as on Windows where one sits before it. */
const SHARED_SLICE_MS = 2 * CLOCK_TICK_MS;
/** The longest wait for the host at a time: what setTimeout can take. */
const MAX_IDLE_MS = 0x7fff_ffff;

/** What a process asks of its processor. */
export type GuestMachine = Pick<Machine, "run" | "addStub" | "addStubs" | "invalidate" | "suspend" | "guard" | "makeFloatsExact" | "save"> &
  Partial<Pick<Machine, "statistics">>;

/** Processes that a run may have at a time, unless it says otherwise. */
const DEFAULT_MAX_PROCESSES = 256;
/** How long nothing has to run before it is said that nothing can. */
const STUCK_MS = 3000;
const STUCK = "stuck";
/** Threads that are named then. */
const SHOWN_WAITING = 4;
/** The id of Windows' own process, which is always there. */
const SYSTEM_PROCESS_ID = 4;

/** What a kernel is made of. */
export interface KernelOptions {
  readonly host: Host;
  /** Every process ends after this many milliseconds. */
  readonly timeoutMs?: number;
  /** Processes that there may be at a time. */
  readonly maxProcesses?: number;
  /** The longest that guests keep the host's event loop waiting, in milliseconds; 5 when absent. */
  readonly hostTurnMs?: number;
  /** Takes the sentence about a process that ended badly; it goes to the host's standard error otherwise. */
  readonly report?: (sentence: string) => void;
  /** Makes the processor of a process; the x86 translator when absent. */
  readonly createMachine?: (options: MachineOptions) => GuestMachine;
  /** Where translations of a program, given by its file and Windows path, are kept between runs; nowhere when absent. */
  readonly translations?: (image: Uint8Array, path: string) => TranslationStorage | undefined;
}

/**
 * What guest processes share: kernel objects with names, timers, and the scheduler of green threads. One thread runs at a time, until it
 * waits, ends, or has used its budget.
 */
export class Kernel {
  readonly host: Host;
  readonly timers: Timers;
  /** Objects that were created under a name. */
  readonly named = new Map<string, KernelObject>();
  readonly processes = new Set<Process>();
  /** The id of the process that started the first one: the host's, of which guests know no more. */
  readonly hostProcessId: number;
  readonly createMachine: (options: MachineOptions) => GuestMachine;
  readonly translations: KernelOptions["translations"];
  readonly #ready: Thread[] = [];
  readonly #report: (sentence: string) => void;
  readonly #timeoutMs: number | undefined;
  #memoryBudget: MemoryBudget | undefined;
  /** Waits for something of the host's. */
  #hostWaits = 0;
  readonly #maxProcesses: number;
  readonly #hostTurnMs: number;
  readonly #told = new Set<string>();
  #running: Thread | undefined;
  #lastProcess: Process | undefined;
  readonly #switchListeners = new Set<(from: Process, to: Process) => void>();
  #nextId = SYSTEM_PROCESS_ID;
  #wakeIdle: (() => void) | undefined;
  #lastHostTurn = 0;

  constructor(options: KernelOptions) {
    this.host = options.host;
    this.createMachine = options.createMachine ?? ((machine) => new Machine(machine));
    this.translations = options.translations;
    this.#timeoutMs = options.timeoutMs;
    this.#maxProcesses = options.maxProcesses ?? DEFAULT_MAX_PROCESSES;
    this.#hostTurnMs = options.hostTurnMs ?? HOST_TURN_MS;
    this.#report = options.report ?? ((sentence) => this.host.warn(sentence));
    this.newId(); // the system's
    this.hostProcessId = this.newId();
    this.timers = new Timers(() => this.host.clock.monotonic());
  }

  /** The thread that runs now, or whose mapping does. */
  get currentThread(): Thread | undefined {
    return this.#running;
  }

  /**
   * How long the thread that runs now may go on, in milliseconds. A turn that ends by itself leaves the thread anywhere in its code, and how it goes on from there is
   * to be translated: a thread that keeps nobody waiting has a long one.
   */
  sliceMs(): number {
    if (this.#ready.length > 0) return Math.min(this.#turnMs, SHARED_SLICE_MS);
    return Math.min(this.#turnMs, Math.max(CLOCK_TICK_MS, this.timers.untilNext() ?? Infinity));
  }

  /** Loads a program; its first thread starts with the next `run`. Throws PeError or LoadError. */
  createProcess(options: ProcessOptions): Process {
    if (this.processes.size >= this.#maxProcesses) {
      const sentence = `the limit of ${this.#maxProcesses} processes at a time is reached: more cannot be started`;
      this.reportOnce(sentence);
      throw new LoadError(ERROR.NOT_ENOUGH_QUOTA, sentence);
    }
    try {
      const process = new Process(this, options);
      this.processes.add(process);
      return process;
    } catch (error) {
      if (!(error instanceof MemoryLimitError)) throw error;
      throw new LoadError(
        ERROR.NOT_ENOUGH_MEMORY,
        `${baseName(options.path)} does not fit into a memory limit of ${options.memoryLimitBytes} bytes`,
      );
    }
  }

  /** What all processes may commit together: the first one's limit. */
  memoryBudget(limitBytes: number): MemoryBudget {
    const shown = Math.floor(limitBytes / 2 ** 20);
    return (this.#memoryBudget ??= new MemoryBudget(limitBytes, () =>
      this.reportOnce(`the memory limit of ${shown} MiB is reached: programs get no more`),
    ));
  }

  /** Whether something that guests wait for is the host's to end. */
  get waitsForHost(): boolean {
    return this.#hostWaits > 0;
  }

  /** Counts a wait for the host; the result ends it. While there is one, guests that all wait are not stuck. */
  beginHostWait(): () => void {
    this.#hostWaits++;
    let isOpen = true;
    return () => {
      if (isOpen) this.#hostWaits--;
      isOpen = false;
    };
  }

  /** An id that no process or thread has: a multiple of four, as on Windows. */
  newId(): number {
    const id = this.#nextId;
    this.#nextId += 4;
    return id;
  }

  /**
   * Runs all processes until this one has ended, and returns how. Children that outlive it and can still write to the host's streams run to their
   * end first, as whoever reads those would wait for them; others are ended.
   */
  async run(process: Process): Promise<Ending> {
    const cancelTimeout = this.#startTimeout();
    try {
      await this.runUntil(() => this.#isOver(process));
    } finally {
      cancelTimeout();
    }
    for (const left of Array.from(this.processes)) left.terminate(0);
    return process.ending!;
  }

  /** Runs all processes until something is so, which is looked at whenever a thread has had its turn. */
  async runUntil(isOver: () => boolean): Promise<void> {
    this.#lastHostTurn = this.host.clock.monotonic();
    while (!isOver()) {
      this.timers.run();
      if (isOver()) break;
      const thread = this.#ready.shift();
      if (thread === undefined) await this.#idle();
      else this.#runThread(thread);
      if (this.host.clock.monotonic() - this.#lastHostTurn >= this.#turnMs) await this.#hostTurn(isOver);
    }
  }

  #isOver(process: Process): boolean {
    if (process.ending === undefined) return false;
    for (const { handles } of this.processes) for (const [, object] of handles) if (object.keepsRunOpen) return false;
    return true;
  }

  /** Makes a thread ready to run: a new one, or one that was suspended. */
  startThread(thread: Thread): void {
    if (thread.status === "ended") return;
    thread.status = "ready";
    // Resuming it makes it run.
    if (thread.suspendCount > 0) return;
    this.#ready.push(thread);
    this.#wakeIdle?.();
  }

  /** Ends a thread's block. */
  wakeThread(thread: Thread, value: unknown): void {
    if (thread.status !== "blocked") return;
    thread.resumeWith(value);
    thread.status = "ready";
    this.#ready.push(thread);
    this.#wakeIdle?.();
  }

  /** Counts a suspension; returns the count before. A suspended thread stays where it is. */
  suspendThread(thread: Thread): number {
    return thread.suspendCount++;
  }

  /** Takes a suspension back; returns the count before. */
  resumeThread(thread: Thread): number {
    const before = thread.suspendCount;
    if (before === 0) return 0;
    thread.suspendCount--;
    if (thread.suspendCount === 0 && thread.status === "ready") {
      if (!this.#ready.includes(thread)) this.#ready.push(thread);
      this.#wakeIdle?.();
    }
    return before;
  }

  /** Runs before a thread of another process runs than the last one did. Returns what ends that. */
  onSwitch(listener: (from: Process, to: Process) => void): () => void {
    this.#switchListeners.add(listener);
    return () => this.#switchListeners.delete(listener);
  }

  /** Tells the user about a process that ended badly. */
  report(sentence: string): void {
    this.#report(sentence);
  }

  /** The same, once for each sentence. */
  reportOnce(sentence: string): void {
    if (this.#told.has(sentence)) return;
    this.#told.add(sentence);
    this.report(sentence);
  }

  /** A process ended: everything about it is gone from the kernel. */
  processEnded(process: Process): void {
    this.processes.delete(process);
    this.#wakeIdle?.();
  }

  /** Ctrl-C: every process hears of it. */
  interrupt(): void {
    for (const process of Array.from(this.processes)) process.consoleControl(0);
    this.#wakeIdle?.();
  }

  /** Who waits for the host is not to wait longer than is usual. */
  get #turnMs(): number {
    return this.#hostWaits > 0 ? Math.min(HOST_TURN_MS, this.#hostTurnMs) : this.#hostTurnMs;
  }

  #switch(to: Process): void {
    const from = this.#lastProcess;
    this.#lastProcess = to;
    if (from === undefined) return;
    for (const listener of this.#switchListeners) listener(from, to);
  }

  #runThread(thread: Thread): void {
    if (thread.status !== "ready" || thread.suspendCount > 0) return;
    const started = this.host.clock.monotonic();
    if (thread.process !== this.#lastProcess) this.#switch(thread.process);
    this.#running = thread;
    thread.status = "running";
    try {
      thread.process.runThread(thread);
    } finally {
      this.#running = undefined;
    }
    const ran = this.host.clock.monotonic() - started;
    thread.busyMs += ran;
    thread.process.busyMs += ran;
    for (const listener of Array.from(thread.process.turnListeners)) listener();
    // Neither waiting nor ended: its time slice is over.
    if (thread.status === ("running" as Thread["status"])) this.startThread(thread);
  }

  /** Nothing can run: waits for the host, or for the next timer. */
  async #idle(until?: Promise<void>): Promise<void> {
    const delay = this.timers.untilNext();
    if (delay === 0) return;
    // The time limit wakes nobody.
    const isStuck = this.timers.count === (this.#timeoutMs === undefined ? 0 : 1) && this.#hostWaits === 0 && until === undefined;
    await new Promise<void>((resolve) => {
      const wait = Math.min(delay ?? MAX_IDLE_MS, isStuck && !this.#told.has(STUCK) ? STUCK_MS : MAX_IDLE_MS);
      const timeout = setTimeout(() => {
        if (isStuck && wait === STUCK_MS) this.#tellStuck();
        resolve();
      }, wait);
      this.#wakeIdle = () => {
        clearTimeout(timeout);
        resolve();
      };
      void until?.then(this.#wakeIdle);
    });
    this.#wakeIdle = undefined;
    this.#lastHostTurn = this.host.clock.monotonic();
  }

  /** Every thread waits, and for nothing of the host's: only Ctrl-C or a time limit can end that. */
  #tellStuck(): void {
    if (this.#told.has(STUCK)) return;
    this.#told.add(STUCK);
    const waiting = [...this.processes].flatMap(({ name, threads, modules }) =>
      [...threads].map((thread) => `thread ${thread.id} of ${name}, in ${modules.describe(thread.contextRip)}`),
    );
    const more = waiting.length > SHOWN_WAITING ? ` and ${waiting.length - SHOWN_WAITING} more` : "";
    this.report(
      `nothing can run: every thread waits for another (${waiting.slice(0, SHOWN_WAITING).join("; ")}${more}); --timeout would end this`,
    );
  }

  async #hostTurn(isOver: () => boolean): Promise<void> {
    await yieldToHost();
    for (let full = this.host.drained?.(); full !== undefined && !isOver(); full = this.host.drained?.()) {
      await this.#idle(full);
      this.timers.run();
    }
    this.#lastHostTurn = this.host.clock.monotonic();
  }

  #startTimeout(): () => void {
    const timeoutMs = this.#timeoutMs;
    if (timeoutMs === undefined) return () => {};
    return this.timers.after(timeoutMs, () => {
      for (const process of Array.from(this.processes)) {
        process.end({ kind: "timeout", exitCode: 0x102, message: `${process.name} was stopped after ${timeoutMs / 1000} s` });
      }
    });
  }
}
