import { ERROR, Win32Error } from "@decant/hook";
import type { Handle } from "@decant/hook";
import type { KernelObject } from "./objects/kernel-object.ts";

/** A class of kernel objects, abstract ones included. */
export type ObjectKind<T extends KernelObject> = abstract new (...args: never[]) => T;

/** Handles are multiples of four, as on Windows: the low two bits are left to programs. */
const STEP = 4;
/** Windows allows 2^24; what bounds a program that leaks. */
const MAX_HANDLES = 1 << 20;

interface Entry {
  readonly object: KernelObject;
  inheritable: boolean;
  isProtected: boolean;
}

/** A process's handles. Throws Win32Error(ERROR_INVALID_HANDLE) for a handle that is not open, or is of another kind. */
export class HandleTable {
  readonly #entries: (Entry | undefined)[] = [];
  readonly #free: number[] = [];
  readonly #pseudo: (handle: number) => KernelObject | undefined;
  readonly #onLimit: (limit: number) => void;

  /** `pseudo` gives the objects behind the handles that are always there: -1 is the process, -2 the calling thread. `onLimit` hears when there are too many. */
  constructor(pseudo: (handle: number) => KernelObject | undefined = () => undefined, onLimit: (limit: number) => void = () => {}) {
    this.#pseudo = pseudo;
    this.#onLimit = onLimit;
  }

  get count(): number {
    return this.#entries.length - this.#free.length;
  }

  /** Opens a handle. Throws ERROR_NO_SYSTEM_RESOURCES when there are too many. */
  add(object: KernelObject, inheritable = false): Handle {
    const index = this.#free.pop() ?? this.#entries.length;
    if (index >= MAX_HANDLES) {
      this.#onLimit(MAX_HANDLES);
      throw new Win32Error(ERROR.NO_SYSTEM_RESOURCES);
    }
    this.#entries[index] = { object, inheritable, isProtected: false };
    object.retain();
    return ((index + 1) * STEP) as Handle;
  }

  /** The object of a kind behind a handle. */
  get<T extends KernelObject>(handle: Handle, kind: ObjectKind<T>): T {
    const object = this.#entry(handle)?.object ?? this.#pseudo(handle | 0);
    if (!(object instanceof kind)) throw new Win32Error(ERROR.INVALID_HANDLE);
    return object;
  }

  /** The object behind a handle, whatever it is; undefined when it is not open. */
  find(handle: Handle): KernelObject | undefined {
    return this.#entry(handle)?.object ?? this.#pseudo(handle | 0);
  }

  /** Closes a handle. Pseudo-handles stay. */
  close(handle: Handle): void {
    const entry = this.#entry(handle);
    if (entry === undefined) {
      if (this.#pseudo(handle | 0) !== undefined) return;
      throw new Win32Error(ERROR.INVALID_HANDLE);
    }
    if (entry.isProtected) throw new Win32Error(ERROR.INVALID_HANDLE);
    this.#remove((handle >>> 2) - 1);
    entry.object.release();
  }

  /** Opens another handle to the same object, here or in another process's table. */
  duplicate(handle: Handle, into: HandleTable = this, inheritable = false): Handle {
    const object = this.find(handle);
    if (object === undefined) throw new Win32Error(ERROR.INVALID_HANDLE);
    return into.add(object, inheritable);
  }

  /** Opens another table's handles under the same numbers: those that can be inherited, or of them those that `only` names. */
  inherit(from: HandleTable, only: ReadonlySet<Handle> | undefined): void {
    for (const [index, entry] of from.#entries.entries()) {
      if (entry?.inheritable !== true || only?.has(((index + 1) * STEP) as Handle) === false) continue;
      this.#entries[index] = { object: entry.object, inheritable: true, isProtected: entry.isProtected };
      entry.object.retain();
    }
    for (let index = this.#entries.length - 1; index >= 0; index--) if (this.#entries[index] === undefined) this.#free.push(index);
  }

  /** HANDLE_FLAG_INHERIT and HANDLE_FLAG_PROTECT_FROM_CLOSE of a handle. */
  flags(handle: Handle): { inheritable: boolean; isProtected: boolean } {
    const entry = this.#entry(handle);
    if (entry === undefined) throw new Win32Error(ERROR.INVALID_HANDLE);
    return entry;
  }

  /** Open handles and their objects. */
  *[Symbol.iterator](): Generator<[Handle, KernelObject]> {
    for (const [index, entry] of this.#entries.entries()) {
      if (entry !== undefined) yield [((index + 1) * STEP) as Handle, entry.object];
    }
  }

  /** Closes everything, as the end of a process does. */
  closeAll(): void {
    for (const [index, entry] of this.#entries.entries()) {
      if (entry === undefined) continue;
      this.#remove(index);
      entry.object.release();
    }
  }

  #remove(index: number): void {
    this.#entries[index] = undefined;
    this.#free.push(index);
  }

  #entry(handle: number): Entry | undefined {
    return this.#entries[(handle >>> 2) - 1];
  }
}
