import type { Handle } from "@decant/hook";
import type { Process } from "@decant/process";
import { initialiseSection } from "../../kernel32/critical-section.ts";
import type { Descriptor } from "./descriptors.ts";

/** Flags of a descriptor, as the runtimes keep them and pass them on to children (osfile). */
export const OSFILE = { OPEN: 1, PIPE: 8, NO_INHERIT: 0x10, APPEND: 0x20, DEVICE: 0x40, TEXT: 0x80 } as const;
/** What descriptors say of themselves; the others (the end was read, a CR is held back) are states. */
const KINDS = OSFILE.PIPE | OSFILE.NO_INHERIT | OSFILE.APPEND | OSFILE.DEVICE | OSFILE.TEXT;

/** Entries of __pioinfo, and what each points to so many of. */
const ARRAYS = 64;
const ARRAY_ENTRIES = 32;
/** A handle, a byte of flags, a byte that was read ahead, whether the lock is made, the lock. */
const LAYOUT = {
  8: { osfile: 8, pipech: 9, lockinitflag: 12, lock: 16, SIZE: 56 },
  4: { osfile: 4, pipech: 5, lockinitflag: 8, lock: 12, SIZE: 36 },
} as const;
const NO_HANDLE = -1 as Handle;
/** What a descriptor without a byte that was read ahead has in its place. */
const LF = 0x0a;

/** The byte of flags that a descriptor has. */
export function osfileOf({ isText, isAppend, isPipe, isDevice, isInheritable }: Descriptor): number {
  return (
    OSFILE.OPEN |
    (isText ? OSFILE.TEXT : 0) |
    (isAppend ? OSFILE.APPEND : 0) |
    (isPipe ? OSFILE.PIPE : 0) |
    (isDevice ? OSFILE.DEVICE : 0) |
    (isInheritable ? 0 : OSFILE.NO_INHERIT)
  );
}

/**
 * msvcrt's own table of descriptors, which it exports as __pioinfo. Ruby puts sockets there, and mingw's fseeko64 looks at its flags: what a program writes into an
 * entry is what its descriptor is from then on.
 */
export class IoInfo {
  readonly #process: Process;
  readonly #arrays: number;

  /** Keeps the table in the variables that msvcrt exports: the arrays' addresses, and what stands for a descriptor that is none. */
  constructor(process: Process, { arrays, none }: { arrays: number; none: number }) {
    this.#process = process;
    this.#arrays = arrays;
    const layout = LAYOUT[process.memory.pointerSize];
    this.#setHandle(none, NO_HANDLE);
    process.memory.setU8(none + layout.osfile, OSFILE.TEXT);
  }

  /** Writes down what a descriptor is; undefined for one that is closed. */
  write(fd: number, entry: Descriptor | undefined): void {
    const at = this.#find(fd) ?? (entry === undefined ? undefined : this.#make(fd));
    if (at === undefined) return;
    const { memory } = this.#process;
    const layout = LAYOUT[memory.pointerSize];
    this.#setHandle(at, entry?.handle ?? NO_HANDLE);
    memory.setU8(at + layout.osfile, entry === undefined ? 0 : osfileOf(entry));
    memory.setU8(at + layout.pipech, entry === undefined ? 0 : LF);
    if (memory.i32(at + layout.lockinitflag) !== 0) return;
    initialiseSection(this.#process, at + layout.lock, 0);
    memory.setI32(at + layout.lockinitflag, 1);
  }

  /** What a descriptor is now, given what was known of it: the same object unless the program has changed it. */
  read(fd: number, known: Descriptor | undefined): Descriptor | undefined {
    const at = this.#find(fd);
    if (at === undefined) return known;
    const { memory } = this.#process;
    const flags = memory.u8(at + LAYOUT[memory.pointerSize].osfile);
    if ((flags & OSFILE.OPEN) === 0) return undefined;
    const handle = (memory.u32(at) | 0) as Handle;
    if (known?.handle === handle && (osfileOf(known) & KINDS) === (flags & KINDS)) return known;
    return {
      handle,
      isText: (flags & OSFILE.TEXT) !== 0,
      encoding: known?.encoding ?? "ansi",
      isAppend: (flags & OSFILE.APPEND) !== 0,
      isDevice: (flags & OSFILE.DEVICE) !== 0,
      isPipe: (flags & OSFILE.PIPE) !== 0,
      isInheritable: (flags & OSFILE.NO_INHERIT) === 0,
      isAtEnd: false,
      lookahead: undefined,
    };
  }

  #find(fd: number): number | undefined {
    const { memory } = this.#process;
    const array = memory.pointer(this.#slot(fd));
    const at = array + (fd % ARRAY_ENTRIES) * LAYOUT[memory.pointerSize].SIZE;
    return fd >= 0 && fd < ARRAYS * ARRAY_ENTRIES && array !== 0 && memory.accessible(at, LAYOUT[memory.pointerSize].SIZE, "write")
      ? at
      : undefined;
  }

  /** An entry, with 31 others that are closed. */
  #make(fd: number): number | undefined {
    const { memory, heap } = this.#process;
    if (fd >= ARRAYS * ARRAY_ENTRIES) return undefined;
    const { SIZE } = LAYOUT[memory.pointerSize];
    const array = heap.allocate(ARRAY_ENTRIES * SIZE, true);
    if (array === 0) return undefined;
    for (let entry = 0; entry < ARRAY_ENTRIES; entry++) this.#setHandle(array + entry * SIZE, NO_HANDLE);
    memory.setPointer(this.#slot(fd), array);
    return this.#find(fd);
  }

  #slot(fd: number): number {
    return this.#arrays + Math.floor(fd / ARRAY_ENTRIES) * this.#process.memory.pointerSize;
  }

  #setHandle(at: number, handle: Handle): void {
    this.#process.memory.setWord(at, BigInt.asUintN(64, BigInt(handle)));
  }
}
