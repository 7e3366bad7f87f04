import { errorName } from "./names.ts";

/** A failure with a Win32 error code (ERROR.X): what most functions report through GetLastError. */
export class Win32Error extends Error {
  readonly code: number;

  constructor(code: number, message = errorName("win32", code)) {
    super(message);
    this.name = "Win32Error";
    this.code = code;
  }
}

/** A failure with an NTSTATUS (STATUS.X). */
export class NtError extends Error {
  readonly status: number;

  constructor(status: number, message = errorName("status", status)) {
    super(message);
    this.name = "NtError";
    this.status = status >>> 0;
  }
}

/** A failure with a C errno (ERRNO.X), with Microsoft's numbers. */
export class CrtError extends Error {
  readonly errno: number;

  constructor(errno: number, message = errorName("errno", errno)) {
    super(message);
    this.name = "CrtError";
    this.errno = errno;
  }
}

/** A parameter that makes no sense: a C runtime tells the program's handler of it before the call fails ("Parameter Validation"). */
export class InvalidParameterError extends CrtError {}

/** A failure with an HRESULT (E.X). */
export class HresultError extends Error {
  readonly hresult: number;

  constructor(hresult: number, message = errorName("hresult", hresult)) {
    super(message);
    this.name = "HresultError";
    this.hresult = hresult >>> 0;
  }
}
