import { CrtError, InvalidParameterError, ERRNO, type Handle } from "@decant/hook";

/** How a descriptor's text mode encodes wide characters. */
export type Encoding = "ansi" | "utf-8" | "utf-16";

/** An open file descriptor. */
export interface Descriptor {
  readonly handle: Handle;
  /** CR LF becomes LF, and Ctrl-Z ends the file. */
  isText: boolean;
  encoding: Encoding;
  readonly isAppend: boolean;
  /** A console or another character device. */
  readonly isDevice: boolean;
  readonly isPipe: boolean;
  readonly isInheritable: boolean;
  /** Ctrl-Z was read. */
  isAtEnd: boolean;
  /** A byte that was read to see whether a CR is followed by LF, from something that cannot seek. */
  lookahead: number | undefined;
}

/** msvcrt's and the ucrt's limits on open descriptors; the larger one. */
const MAX_DESCRIPTORS = 8192;

/** A process's table of file descriptors. */
export class Descriptors {
  readonly #entries: (Descriptor | undefined)[] = [];
  /** Whether the standard descriptors have been taken from the process's handles. */
  isInitialised = false;

  /** Throws EBADF for one that is not open. */
  get(fd: number): Descriptor {
    const entry = this.#entries[fd];
    if (entry === undefined) throw new InvalidParameterError(ERRNO.EBADF);
    return entry;
  }

  find(fd: number): Descriptor | undefined {
    return this.#entries[fd];
  }

  /** Opens the lowest free descriptor. Throws EMFILE when there is none. */
  add(entry: Descriptor): number {
    let fd = 0;
    while (this.#entries[fd] !== undefined) fd++;
    if (fd >= MAX_DESCRIPTORS) throw new CrtError(ERRNO.EMFILE);
    this.#entries[fd] = entry;
    return fd;
  }

  set(fd: number, entry: Descriptor): void {
    if (fd < 0 || fd >= MAX_DESCRIPTORS) throw new CrtError(ERRNO.EBADF);
    this.#entries[fd] = entry;
  }

  remove(fd: number): void {
    this.#entries[fd] = undefined;
  }

  *[Symbol.iterator](): Generator<[fd: number, entry: Descriptor]> {
    for (const [fd, entry] of this.#entries.entries()) if (entry !== undefined) yield [fd, entry];
  }
}
