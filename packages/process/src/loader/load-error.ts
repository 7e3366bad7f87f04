import { ERROR } from "@decant/hook";
import { EXIT_STATUS } from "../ending.ts";

/** A program or DLL that cannot be loaded. The message is a sentence for the user. */
export class LoadError extends Error {
  /** The Win32 error that LoadLibrary reports. */
  readonly win32: number;
  /** Where a DLL was looked for that is not there. */
  readonly searched: readonly string[] | undefined;

  constructor(win32: number, message: string, searched?: readonly string[]) {
    super(message);
    this.searched = searched;
    this.name = "LoadError";
    this.win32 = win32;
  }

  /** The NTSTATUS with which a process ends that cannot start for this reason. */
  get exitCode(): number {
    if (this.win32 === ERROR.MOD_NOT_FOUND) return EXIT_STATUS.DLL_NOT_FOUND;
    if (this.win32 === ERROR.DLL_INIT_FAILED) return EXIT_STATUS.DLL_INIT_FAILED;
    return 0xc000_007b; // STATUS_INVALID_IMAGE_FORMAT
  }
}
