import { KernelObject, type Process } from "@decant/process";
import type { CompletionPort } from "./completion-port.ts";
import type { CommitBound } from "@decant/memory";
import { CREATE } from "./creation-flags.ts";

/** JOB_OBJECT_LIMIT_* (winnt.h). */
export const JOB_LIMIT = {
  PROCESS_TIME: 2,
  JOB_TIME: 4,
  ACTIVE_PROCESS: 8,
  PRESERVE_JOB_TIME: 0x40,
  PROCESS_MEMORY: 0x100,
  JOB_MEMORY: 0x200,
  DIE_ON_UNHANDLED_EXCEPTION: 0x400,
  BREAKAWAY_OK: 0x800,
  SILENT_BREAKAWAY_OK: 0x1000,
  KILL_ON_JOB_CLOSE: 0x2000,
} as const;

/** JOB_OBJECT_MSG_*: what a job's completion port is told. */
const MESSAGE = {
  END_OF_JOB_TIME: 1,
  END_OF_PROCESS_TIME: 2,
  PROCESS_MEMORY_LIMIT: 9,
  JOB_MEMORY_LIMIT: 10,
  ACTIVE_PROCESS_LIMIT: 3,
  ACTIVE_PROCESS_ZERO: 4,
  NEW_PROCESS: 6,
  EXIT_PROCESS: 7,
  ABNORMAL_EXIT_PROCESS: 8,
} as const;
/** Exit codes from here on are exceptions'. */
const FIRST_EXCEPTION_CODE = 0x8000_0000;

const memberships = new WeakMap<Process, Set<JobObject>>();

/** The jobs that a process is in: those of jobs within jobs, the outer ones first. */
export function jobsOf(process: Process): ReadonlySet<JobObject> {
  return memberships.get(process) ?? new Set();
}

/** Times are in units of 100 ns. */
export const TICKS_PER_MS = 10_000;

/** JOBOBJECT_EXTENDED_LIMIT_INFORMATION; times in units of 100 ns, memory in bytes. */
export interface JobLimits {
  readonly PerProcessUserTimeLimit: number;
  readonly PerJobUserTimeLimit: number;
  readonly LimitFlags: number;
  readonly ActiveProcessLimit: number;
  readonly PriorityClass: number;
  readonly SchedulingClass: number;
  readonly MinimumWorkingSetSize: number;
  readonly MaximumWorkingSetSize: number;
  readonly Affinity: number;
  readonly ProcessMemoryLimit: number;
  readonly JobMemoryLimit: number;
}

const NO_LIMITS: JobLimits = {
  PerProcessUserTimeLimit: 0, PerJobUserTimeLimit: 0, LimitFlags: 0, ActiveProcessLimit: 0, PriorityClass: 0, SchedulingClass: 0,
  MinimumWorkingSetSize: 0, MaximumWorkingSetSize: 0, Affinity: 0, ProcessMemoryLimit: 0, JobMemoryLimit: 0,
}; // prettier-ignore

/** A group of processes ("Job Objects"): children of its members are members. */
export class JobObject extends KernelObject {
  readonly processes = new Set<Process>();
  /** How many there have been. */
  totalProcesses = 0;
  terminatedProcesses = 0;
  limits = NO_LIMITS;
  /** Whether members end when the job's time is over; otherwise only the port hears of it. */
  endsAtJobTime = true;
  peakProcessBytes = 0;
  peakBytes = 0;
  /** What members that have gone took. */
  #gone = { busyMs: 0, reads: 0, bytesRead: 0, writes: 0, bytesWritten: 0 };
  /** The time that had been taken when the limit was set. */
  #jobTimeFromMs = 0;
  port: { readonly port: CompletionPort; readonly key: bigint } | undefined;

  override isSignaled(): boolean {
    return false;
  }

  /** Milliseconds that members, and those that were, have run. */
  get busyMs(): number {
    return [...this.processes].reduce((sum, { busyMs }) => sum + busyMs, this.#gone.busyMs);
  }

  /** What they have read and written. */
  get io(): Process["io"] {
    const sum = { ...this.#gone };
    for (const { io } of this.processes) {
      sum.reads += io.reads;
      sum.bytesRead += io.bytesRead;
      sum.writes += io.writes;
      sum.bytesWritten += io.bytesWritten;
    }
    return sum;
  }

  setLimits(limits: JobLimits): void {
    if ((limits.LimitFlags & JOB_LIMIT.JOB_TIME) !== 0 && (limits.LimitFlags & JOB_LIMIT.PRESERVE_JOB_TIME) === 0)
      this.#jobTimeFromMs = this.busyMs;
    this.limits = limits;
  }

  /** Puts a process in. One too many is ended, as Windows does. */
  assign(process: Process): void {
    if (process.ending !== undefined || this.processes.has(process)) return;
    this.processes.add(process);
    this.totalProcesses++;
    let of = memberships.get(process);
    if (of === undefined) memberships.set(process, (of = new Set()));
    of.add(this);
    const bound: CommitBound = { limitBytes: 0, fits: (bytes) => this.#fits(process, bytes) };
    const listener = (): void => this.#holdTime(process);
    process.memory.bounds.add(bound);
    process.turnListeners.add(listener);
    process.onEnd(() => {
      process.memory.bounds.delete(bound);
      process.turnListeners.delete(listener);
      this.#left(process);
    });
    this.#tell(MESSAGE.NEW_PROCESS, process.id);
    if ((this.limits.LimitFlags & JOB_LIMIT.ACTIVE_PROCESS) === 0 || this.processes.size <= this.limits.ActiveProcessLimit) return;
    this.terminatedProcesses++;
    this.#tell(MESSAGE.ACTIVE_PROCESS_LIMIT, 0);
    process.terminate(QUOTA_EXCEEDED);
  }

  /** Whether a child that is started with these flags stays out. */
  letsGo(creationFlags: number): boolean {
    if ((this.limits.LimitFlags & JOB_LIMIT.SILENT_BREAKAWAY_OK) !== 0) return true;
    return (creationFlags & CREATE.BREAKAWAY_FROM_JOB) !== 0 && (this.limits.LimitFlags & JOB_LIMIT.BREAKAWAY_OK) !== 0;
  }

  /** Ends all members. */
  terminate(exitCode: number): void {
    for (const process of Array.from(this.processes)) process.terminate(exitCode);
  }

  protected override close(): void {
    if ((this.limits.LimitFlags & JOB_LIMIT.KILL_ON_JOB_CLOSE) !== 0) this.terminate(0);
  }

  /** Whether a member may commit more; the port hears when not. */
  #fits(process: Process, bytes: number): boolean {
    const { LimitFlags, ProcessMemoryLimit, JobMemoryLimit } = this.limits;
    const own = process.memory.committedBytes + bytes;
    const all = [...this.processes].reduce((sum, { memory }) => sum + memory.committedBytes, bytes);
    const isTooMuch = (flag: number, used: number, limit: number): boolean => (LimitFlags & flag) !== 0 && used > limit;
    if (isTooMuch(JOB_LIMIT.PROCESS_MEMORY, own, ProcessMemoryLimit)) this.#tell(MESSAGE.PROCESS_MEMORY_LIMIT, process.id);
    else if (isTooMuch(JOB_LIMIT.JOB_MEMORY, all, JobMemoryLimit)) this.#tell(MESSAGE.JOB_MEMORY_LIMIT, process.id);
    else {
      this.peakProcessBytes = Math.max(this.peakProcessBytes, own);
      this.peakBytes = Math.max(this.peakBytes, all);
      return true;
    }
    return false;
  }

  /** Ends a member that has run too long, or all when together they have. */
  #holdTime(process: Process): void {
    const { LimitFlags, PerProcessUserTimeLimit, PerJobUserTimeLimit } = this.limits;
    if ((LimitFlags & JOB_LIMIT.PROCESS_TIME) !== 0 && process.busyMs * TICKS_PER_MS > PerProcessUserTimeLimit) {
      this.#tell(MESSAGE.END_OF_PROCESS_TIME, process.id);
      this.terminatedProcesses++;
      process.terminate(QUOTA_EXCEEDED);
    }
    if ((LimitFlags & JOB_LIMIT.JOB_TIME) === 0 || (this.busyMs - this.#jobTimeFromMs) * TICKS_PER_MS <= PerJobUserTimeLimit) return;
    this.#tell(MESSAGE.END_OF_JOB_TIME, 0);
    // It is told once.
    this.limits = { ...this.limits, LimitFlags: LimitFlags & ~JOB_LIMIT.JOB_TIME };
    if (!this.endsAtJobTime) return;
    this.terminatedProcesses += this.processes.size;
    this.terminate(QUOTA_EXCEEDED);
  }

  #left(process: Process): void {
    this.processes.delete(process);
    this.#gone.busyMs += process.busyMs;
    for (const name of ["reads", "bytesRead", "writes", "bytesWritten"] as const) this.#gone[name] += process.io[name];
    const isAbnormal = (process.ending?.exitCode ?? 0) >= FIRST_EXCEPTION_CODE;
    this.#tell(isAbnormal ? MESSAGE.ABNORMAL_EXIT_PROCESS : MESSAGE.EXIT_PROCESS, process.id);
    if (this.processes.size === 0) this.#tell(MESSAGE.ACTIVE_PROCESS_ZERO, 0);
  }

  #tell(message: number, processId: number): void {
    this.port?.port.post({ bytes: message, key: this.port.key, overlapped: BigInt(processId), status: 0 });
  }
}

/** ERROR_NOT_ENOUGH_QUOTA, the exit code of a process that was one too many. */
const QUOTA_EXCEEDED = 1816;
