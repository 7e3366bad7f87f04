import { ERROR, Win32Error } from "@decant/hook";
import { KernelObject } from "@decant/process";

/** GetFileType's answers. */
export const FILE_TYPE = { UNKNOWN: 0, DISK: 1, CHAR: 2, PIPE: 3 } as const;

/** What ReadFile and WriteFile work on. */
export abstract class IoObject extends KernelObject {
  abstract readonly fileType: number;

  /**
   * Fills `into`, from `offset` or from where the last access ended, and returns how many bytes there were. A promise of at most as many
   * bytes where there are none yet: `into` is not used then, for the guest's memory may change meanwhile.
   */
  read(_into: Uint8Array, _offset?: number): number | Promise<Uint8Array> {
    throw new Win32Error(ERROR.ACCESS_DENIED);
  }

  /** Writes all bytes, at `offset` or where the last access ended. A promise where the far side has to make room first. */
  write(_bytes: Uint8Array, _offset?: number): number | Promise<number> {
    throw new Win32Error(ERROR.ACCESS_DENIED);
  }

  /** Makes what was written durable. */
  flush(): void {}
}
