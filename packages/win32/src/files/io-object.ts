import { ERROR, Win32Error } from "@decant/hook";
import { KernelObject, type Thread } from "@decant/process";
import type { CompletionPort } from "../kernel32/completion-port.ts";
import type { PendingIo } from "./pending-io.ts";

/** GetFileType's answers. */
export const FILE_TYPE = { UNKNOWN: 0, DISK: 1, CHAR: 2, PIPE: 3 } as const;

/** An access that was begun with an OVERLAPPED structure, and has not ended. */
export interface OverlappedAccess {
  /** The thread that began it. */
  readonly thread: Thread;
  /** The address of its structure. */
  readonly overlapped: number;
  cancel(): void;
}

/** What ReadFile and WriteFile work on. */
export abstract class IoObject extends KernelObject {
  abstract readonly fileType: number;
  /** FILE_FLAG_OVERLAPPED: accesses may go on after their call. */
  isOverlapped = false;
  /** Where it reports what has ended (CreateIoCompletionPort). */
  completion: { readonly port: CompletionPort; readonly key: bigint } | undefined;
  /** FILE_SKIP_COMPLETION_PORT_ON_SUCCESS and FILE_SKIP_SET_EVENT_ON_HANDLE. */
  completionModes = 0;
  /** Overlapped accesses that have not ended. */
  readonly accesses = new Set<OverlappedAccess>();

  /** Signaled while no overlapped access is under way. */
  override isSignaled(): boolean {
    return this.accesses.size === 0;
  }

  /** An overlapped access has ended: those who wait for the file itself look again. */
  accessEnded(access: OverlappedAccess): void {
    this.accesses.delete(access);
    if (this.accesses.size === 0) this.wake();
  }

  /**
   * Fills `into`, from `offset` or from where the last access ended, and returns how many bytes there were. Where there are none yet, at most as many
   * bytes later: `into` is not used then, for the guest's memory may change meanwhile.
   */
  read(_into: Uint8Array, _offset?: number): number | PendingIo<Uint8Array> | Promise<Uint8Array> {
    throw new Win32Error(ERROR.ACCESS_DENIED);
  }

  /** Writes all bytes, at `offset` or where the last access ended. Later, where the far side has to make room first. */
  write(_bytes: Uint8Array, _offset?: number): number | PendingIo<number> | Promise<number> {
    throw new Win32Error(ERROR.ACCESS_DENIED);
  }

  /** Makes what was written durable. */
  flush(): void {}
}
