import { ERROR, Win32Error } from "@decant/hook";
import type { Kernel } from "@decant/process";
import type { FileIdentity } from "./open-files.ts";

/** Bytes from `start` to before `end`. */
export interface Range {
  /** The handle's object that holds it. */
  readonly owner: object;
  readonly start: number;
  readonly end: number;
  /** Others may lock it shared too, and read it. */
  readonly isShared?: boolean;
}

/** Byte ranges of files that are locked, in all processes of a kernel ("Locking and Unlocking Byte Ranges in Files"). */
export class RangeLocks {
  readonly #ranges = new Map<string, Range[]>();
  #waiting: (() => void)[] = [];

  /** Returns false when part of it is locked in a way that does not go with it. */
  tryLock(identity: FileIdentity, range: Range): boolean {
    const key = keyOf(identity);
    const held = this.#ranges.get(key) ?? [];
    if (held.some((other) => overlaps(range, other) && !(range.isShared === true && other.isShared === true))) return false;
    held.push(range);
    this.#ranges.set(key, held);
    return true;
  }

  /** Resolves when some lock has gone. */
  async released(): Promise<void> {
    await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }

  /** Throws ERROR_NOT_LOCKED unless exactly this range is locked by this owner. */
  unlock(identity: FileIdentity, range: Range): void {
    const key = keyOf(identity);
    const held = this.#ranges.get(key) ?? [];
    const index = held.findIndex(({ owner, start, end }) => owner === range.owner && start === range.start && end === range.end);
    if (index < 0) throw new Win32Error(ERROR.NOT_LOCKED);
    held.splice(index, 1);
    if (held.length === 0) this.#ranges.delete(key);
    this.#wake();
  }

  /** Throws ERROR_LOCK_VIOLATION when another handle has locked part of what is read for itself. Runs for each access: mostly one test. */
  checkRead(identity: () => FileIdentity, access: Range): void {
    if (this.#ranges.size === 0) return;
    this.#check(identity(), (other) => other.owner !== access.owner && other.isShared !== true && overlaps(access, other));
  }

  /** The same for writing, which a shared lock keeps its own owner from too. */
  checkWrite(identity: () => FileIdentity, access: Range): void {
    if (this.#ranges.size === 0) return;
    this.#check(identity(), (other) => (other.owner !== access.owner || other.isShared === true) && overlaps(access, other));
  }

  /** A handle is gone, and its locks with it. */
  release(owner: object): void {
    if (this.#ranges.size === 0) return;
    for (const [key, held] of this.#ranges) {
      const kept = held.filter((range) => range.owner !== owner);
      if (kept.length === 0) this.#ranges.delete(key);
      else this.#ranges.set(key, kept);
    }
    this.#wake();
  }

  #check(identity: FileIdentity, isBarred: (other: Range) => boolean): void {
    if (this.#ranges.get(keyOf(identity))?.some(isBarred) === true) throw new Win32Error(ERROR.LOCK_VIOLATION);
  }

  #wake(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const wake of waiting) wake();
  }
}

const tables = new WeakMap<Kernel, RangeLocks>();

/** The locks of a kernel. */
export function rangeLocks(kernel: Kernel): RangeLocks {
  let table = tables.get(kernel);
  if (table === undefined) tables.set(kernel, (table = new RangeLocks()));
  return table;
}

function overlaps(a: Range, b: Range): boolean {
  // A range of no bytes lies between two others.
  return a.start < b.end && b.start < a.end;
}

function keyOf({ device, inode }: FileIdentity): string {
  return `${device}:${inode}`;
}
