import type { CrashReport } from "./report/crash-report.ts";

/** How a process ended. */
export interface Ending {
  readonly kind:
    /** ExitProcess, or its last thread ended. */
    | "exit"
    /** TerminateProcess. */
    | "terminated"
    /** An exception that nobody handled. */
    | "fault"
    /** It called a function that has no mapping. */
    | "unknown-function"
    /** The time limit. */
    | "timeout"
    /** Ctrl-C. */
    | "interrupt"
    /** A DLL that is missing, or refused to start. */
    | "load"
    /** An error of Decant's own. */
    | "internal";
  /** Unsigned, 32 bits: an exit code or an NTSTATUS. */
  readonly exitCode: number;
  /** A sentence for the user, when it ended badly. */
  readonly message?: string;
  /** Of an exception that nobody handled: where and how. */
  readonly report?: CrashReport;
}

/** NTSTATUS values with which processes end (ntstatus.h). */
export const EXIT_STATUS = {
  CONTROL_C_EXIT: 0xc000_013a,
  DLL_NOT_FOUND: 0xc000_0135,
  DLL_INIT_FAILED: 0xc000_0142,
  ENTRYPOINT_NOT_FOUND: 0xc000_0139,
  HEAP_CORRUPTION: 0xc000_0374,
  INTERNAL_ERROR: 0xc000_00e5,
} as const;
