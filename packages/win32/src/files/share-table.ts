import type { HostStat } from "@decant/host";
import { ERROR, Win32Error } from "@decant/hook";
import type { Kernel } from "@decant/process";

/** What a handle does with a file, and lets others do: bits of FILE_SHARE_*. */
export interface Sharing {
  /** READ, WRITE, DELETE bits of what this handle may do. */
  readonly access: number;
  /** READ, WRITE, DELETE bits of what others may do. */
  readonly share: number;
}

/** FILE_SHARE_*. */
export const SHARE = { READ: 1, WRITE: 2, DELETE: 4 } as const;

/** Who has which file open, in all processes of a kernel ("Creating and Opening Files", sharing modes). */
export class ShareTable {
  readonly #open = new Map<string, Set<Sharing>>();

  /** Enters a handle. Throws ERROR_SHARING_VIOLATION when it and those that are there do not allow each other. */
  enter(stat: Pick<HostStat, "device" | "inode">, sharing: Sharing): () => void {
    // Who only asks for attributes disturbs nobody, and is not disturbed.
    if (sharing.access === 0) return () => {};
    const key = keyOf(stat);
    const holders = this.#open.get(key) ?? new Set();
    for (const other of holders) {
      if ((sharing.access & ~other.share) !== 0 || (other.access & ~sharing.share) !== 0) throw new Win32Error(ERROR.SHARING_VIOLATION);
    }
    holders.add(sharing);
    this.#open.set(key, holders);
    return () => {
      holders.delete(sharing);
      if (holders.size === 0) this.#open.delete(key);
    };
  }

  /** Throws ERROR_SHARING_VIOLATION when somebody has the file open and does not let it be deleted or renamed. */
  checkDelete(stat: Pick<HostStat, "device" | "inode">): void {
    for (const { share } of this.#open.get(keyOf(stat)) ?? [])
      if ((share & SHARE.DELETE) === 0) throw new Win32Error(ERROR.SHARING_VIOLATION);
  }
}

const tables = new WeakMap<Kernel, ShareTable>();

/** The share table of a kernel. */
export function shareTable(kernel: Kernel): ShareTable {
  let table = tables.get(kernel);
  if (table === undefined) tables.set(kernel, (table = new ShareTable()));
  return table;
}

function keyOf({ device, inode }: Pick<HostStat, "device" | "inode">): string {
  return `${device}:${inode}`;
}
