import { KernelObject, type Process } from "@decant/process";
import type { CompletionPort } from "./completion-port.ts";
import { CREATE } from "./creation-flags.ts";

/** JOB_OBJECT_LIMIT_* (winnt.h). */
export const JOB_LIMIT = {
  ACTIVE_PROCESS: 8,
  DIE_ON_UNHANDLED_EXCEPTION: 0x400,
  BREAKAWAY_OK: 0x800,
  SILENT_BREAKAWAY_OK: 0x1000,
  KILL_ON_JOB_CLOSE: 0x2000,
} as const;

/** JOB_OBJECT_MSG_*: what a job's completion port is told. */
const MESSAGE = { ACTIVE_PROCESS_LIMIT: 3, ACTIVE_PROCESS_ZERO: 4, NEW_PROCESS: 6, EXIT_PROCESS: 7, ABNORMAL_EXIT_PROCESS: 8 } as const;
/** Exit codes from here on are exceptions'. */
const FIRST_EXCEPTION_CODE = 0x8000_0000;

const memberships = new WeakMap<Process, Set<JobObject>>();

/** The jobs that a process is in: those of jobs within jobs, the outer ones first. */
export function jobsOf(process: Process): ReadonlySet<JobObject> {
  return memberships.get(process) ?? new Set();
}

/** A group of processes ("Job Objects"): children of its members are members. */
export class JobObject extends KernelObject {
  readonly processes = new Set<Process>();
  /** How many there have been. */
  totalProcesses = 0;
  terminatedProcesses = 0;
  limitFlags = 0;
  activeProcessLimit = 0;
  port: { readonly port: CompletionPort; readonly key: bigint } | undefined;

  override isSignaled(): boolean {
    return false;
  }

  /** Puts a process in. One too many is ended, as Windows does. */
  assign(process: Process): void {
    if (process.ending !== undefined || this.processes.has(process)) return;
    this.processes.add(process);
    this.totalProcesses++;
    let of = memberships.get(process);
    if (of === undefined) memberships.set(process, (of = new Set()));
    of.add(this);
    process.onEnd(() => this.#left(process));
    this.#tell(MESSAGE.NEW_PROCESS, process.id);
    if ((this.limitFlags & JOB_LIMIT.ACTIVE_PROCESS) === 0 || this.processes.size <= this.activeProcessLimit) return;
    this.terminatedProcesses++;
    this.#tell(MESSAGE.ACTIVE_PROCESS_LIMIT, 0);
    process.terminate(QUOTA_EXCEEDED);
  }

  /** Whether a child that is started with these flags stays out. */
  letsGo(creationFlags: number): boolean {
    if ((this.limitFlags & JOB_LIMIT.SILENT_BREAKAWAY_OK) !== 0) return true;
    return (creationFlags & CREATE.BREAKAWAY_FROM_JOB) !== 0 && (this.limitFlags & JOB_LIMIT.BREAKAWAY_OK) !== 0;
  }

  /** Ends all members. */
  terminate(exitCode: number): void {
    for (const process of Array.from(this.processes)) process.terminate(exitCode);
  }

  protected override close(): void {
    if ((this.limitFlags & JOB_LIMIT.KILL_ON_JOB_CLOSE) !== 0) this.terminate(0);
  }

  #left(process: Process): void {
    this.processes.delete(process);
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
