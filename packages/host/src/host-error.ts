/** A failure of the host's, with a POSIX code ("ENOENT") as Node's own errors have one. */
export class HostError extends Error {
  readonly code: string;

  constructor(code: string, message: string) {
    super(`${code}: ${message}`);
    this.name = "HostError";
    this.code = code;
  }
}
