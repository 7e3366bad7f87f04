import { CrtError, InvalidParameterError, ERRNO, type Handle } from "@decant/hook";
import type { IoInfo } from "./io-info.ts";

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
  readonly #table: IoInfo | undefined;
  /** Whether the standard descriptors have been taken from the process's handles. */
  isInitialised = false;

  /** With the table that msvcrt exports, where it is loaded: the program may change it. */
  constructor(table: IoInfo | undefined) {
    this.#table = table;
  }

  /** Throws EBADF for one that is not open. */
  get(fd: number): Descriptor {
    const entry = this.find(fd);
    if (entry === undefined) throw new InvalidParameterError(ERRNO.EBADF);
    return entry;
  }

  find(fd: number): Descriptor | undefined {
    if (this.#table === undefined) return this.#entries[fd];
    const known = this.#entries[fd];
    const entry = this.#table.read(fd, known);
    if (entry !== known) this.#entries[fd] = entry;
    return entry;
  }

  /** Opens the lowest free descriptor. Throws EMFILE when there is none. */
  add(entry: Descriptor): number {
    let fd = 0;
    while (this.find(fd) !== undefined) fd++;
    if (fd >= MAX_DESCRIPTORS) throw new CrtError(ERRNO.EMFILE);
    this.#store(fd, entry);
    return fd;
  }

  /** Throws EBADF for a number that no descriptor can have. */
  set(fd: number, entry: Descriptor): void {
    if (fd < 0 || fd >= MAX_DESCRIPTORS) throw new CrtError(ERRNO.EBADF);
    this.#store(fd, entry);
  }

  remove(fd: number): void {
    this.#store(fd, undefined);
  }

  *[Symbol.iterator](): Generator<[fd: number, entry: Descriptor]> {
    for (const fd of this.#entries.keys()) {
      const entry = this.find(fd);
      if (entry !== undefined) yield [fd, entry];
    }
  }

  #store(fd: number, entry: Descriptor | undefined): void {
    this.#entries[fd] = entry;
    this.#table?.write(fd, entry);
  }
}
