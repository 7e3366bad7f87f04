import { errorName } from "./names.ts";

/** A failure that a call answers with. It has no stack: V8 would walk all frames of the guest for it, which takes longer than most calls do. */
abstract class Failure extends Error {
  constructor(name: string, message: string) {
    const { stackTraceLimit } = Error;
    Error.stackTraceLimit = 0;
    super(message);
    Error.stackTraceLimit = stackTraceLimit;
    this.name = name;
  }
}

/** A failure with a Win32 error code (ERROR.X): what most functions report through GetLastError. */
export class Win32Error extends Failure {
  readonly code: number;

  constructor(code: number, message = errorName("win32", code)) {
    super("Win32Error", message);
    this.code = code;
  }
}

/** A failure with an NTSTATUS (STATUS.X). */
export class NtError extends Failure {
  readonly status: number;

  constructor(status: number, message = errorName("status", status)) {
    super("NtError", message);
    this.status = status >>> 0;
  }
}

/** A failure with a C errno (ERRNO.X), with Microsoft's numbers. */
export class CrtError extends Failure {
  readonly errno: number;

  constructor(errno: number, message = errorName("errno", errno)) {
    super("CrtError", message);
    this.errno = errno;
  }
}

/** A parameter that makes no sense: a C runtime tells the program's handler of it before the call fails ("Parameter Validation"). */
export class InvalidParameterError extends CrtError {}

/** A failure with an HRESULT (E.X). */
export class HresultError extends Failure {
  readonly hresult: number;

  constructor(hresult: number, message = errorName("hresult", hresult)) {
    super("HresultError", message);
    this.hresult = hresult >>> 0;
  }
}
