import type { HostStat } from "@decant/host";
import { ERROR, Win32Error } from "@decant/hook";
import type { Kernel } from "@decant/process";

interface Range {
  /** The handle's object that holds it. */
  readonly owner: object;
  readonly start: number;
  readonly end: number;
}

/** Byte ranges of files that LockFile has locked, in all processes of a kernel. All are exclusive, as LockFile's are. */
export class RangeLocks {
  readonly #ranges = new Map<string, Range[]>();

  /** Throws ERROR_LOCK_VIOLATION when any part is locked. */
  lock(stat: Pick<HostStat, "device" | "inode">, range: Range): void {
    const key = keyOf(stat);
    const held = this.#ranges.get(key) ?? [];
    if (held.some((other) => overlaps(range, other))) throw new Win32Error(ERROR.LOCK_VIOLATION);
    held.push(range);
    this.#ranges.set(key, held);
  }

  /** Throws ERROR_NOT_LOCKED unless exactly this range is locked by this owner. */
  unlock(stat: Pick<HostStat, "device" | "inode">, range: Range): void {
    const key = keyOf(stat);
    const held = this.#ranges.get(key) ?? [];
    const index = held.findIndex(({ owner, start, end }) => owner === range.owner && start === range.start && end === range.end);
    if (index < 0) throw new Win32Error(ERROR.NOT_LOCKED);
    held.splice(index, 1);
    if (held.length === 0) this.#ranges.delete(key);
  }

  /** Throws ERROR_LOCK_VIOLATION when another handle has locked part of what is read or written. Runs for each access: mostly one test. */
  check(stat: () => Pick<HostStat, "device" | "inode">, access: Range): void {
    if (this.#ranges.size === 0) return;
    const held = this.#ranges.get(keyOf(stat()));
    if (held?.some((other) => other.owner !== access.owner && overlaps(access, other)) === true) throw new Win32Error(ERROR.LOCK_VIOLATION);
  }

  /** A handle is gone, and its locks with it. */
  release(owner: object): void {
    for (const [key, held] of this.#ranges) {
      const kept = held.filter((range) => range.owner !== owner);
      if (kept.length === 0) this.#ranges.delete(key);
      else this.#ranges.set(key, kept);
    }
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
  return a.start < b.end && b.start < a.end;
}

function keyOf({ device, inode }: Pick<HostStat, "device" | "inode">): string {
  return `${device}:${inode}`;
}
