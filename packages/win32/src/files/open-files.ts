import type { HostFiles, HostStat } from "@decant/host";
import { NtError, STATUS } from "@decant/hook";
import type { Kernel } from "@decant/process";
import { SHARE } from "./access.ts";

/** Something that is open: what it does with its file, and lets others do. */
export interface Opening {
  readonly files: HostFiles;
  /** Changes when the file is renamed. */
  path: string;
  /** FILE_SHARE_* bits of what it may do itself; 0 disturbs nobody, and is not disturbed. */
  readonly access: number;
  /** FILE_SHARE_* bits of what others may do. */
  readonly share: number;
}

/** What tells files apart. */
export type FileIdentity = Pick<HostStat, "device" | "inode">;

/** A file that somebody has open. */
export class OpenNode {
  readonly openings = new Set<Opening>();
  /** The name goes with the last handle; nobody can open it until then. */
  removal: (() => void) | undefined;
  /** Sections of it. */
  readonly sections = new Set<{ readonly size: number }>();
  /** Told of bytes that are written and about to be read through handles: views of the file. */
  readonly views = new Set<{ written(bytes: Uint8Array, position: number): void; flush(): void }>();

  /** How far sections reach: a file is not cut shorter than that. */
  mappedBytes(): number {
    let bytes = 0;
    for (const { size } of this.sections) bytes = Math.max(bytes, size);
    return bytes;
  }
}

/** Who has which file open, in all processes of a kernel ("Creating and Opening Files", sharing modes). */
export class OpenFiles {
  readonly #nodes = new Map<string, OpenNode>();

  /** Enters an opening. Throws STATUS_SHARING_VIOLATION when it and those that are there do not allow each other, STATUS_DELETE_PENDING. */
  enter(identity: FileIdentity, opening: Opening): OpenNode {
    const key = keyOf(identity);
    const node = this.#nodes.get(key) ?? new OpenNode();
    if (node.removal !== undefined) throw new NtError(STATUS.DELETE_PENDING);
    if (opening.access !== 0) {
      for (const other of node.openings) {
        const refused = (opening.access & ~other.share) !== 0 || (other.access & ~opening.share) !== 0;
        if (other.access !== 0 && refused) throw new NtError(STATUS.SHARING_VIOLATION);
      }
    }
    node.openings.add(opening);
    this.#nodes.set(key, node);
    return node;
  }

  /** An opening ends; with the last one, a name that was to be deleted goes. */
  leave(node: OpenNode, opening: Opening): void {
    node.openings.delete(opening);
    if (node.openings.size > 0) return;
    for (const [key, known] of this.#nodes) if (known === node) this.#nodes.delete(key);
    const { removal } = node;
    node.removal = undefined;
    removal?.();
  }

  /** Throws STATUS_SHARING_VIOLATION when somebody has the file open and does not let it be deleted or renamed, STATUS_DELETE_PENDING. */
  checkDelete(identity: FileIdentity): void {
    const node = this.#nodes.get(keyOf(identity));
    this.checkPending(identity);
    for (const { access, share } of node?.openings ?? [])
      if (access !== 0 && (share & SHARE.DELETE) === 0) throw new NtError(STATUS.SHARING_VIOLATION);
  }

  /** Throws STATUS_DELETE_PENDING for a file that goes with its last handle. */
  checkPending(identity: FileIdentity): void {
    if (this.#nodes.get(keyOf(identity))?.removal !== undefined) throw new NtError(STATUS.DELETE_PENDING);
  }

  isOpen(identity: FileIdentity): boolean {
    return this.#nodes.has(keyOf(identity));
  }

  /** Whether something below a folder is open: then Windows does not rename the folder. */
  hasOpenBelow(files: HostFiles, folder: string): boolean {
    for (const node of this.#nodes.values())
      for (const opening of node.openings) if (opening.files === files && opening.path.startsWith(`${folder}/`)) return true;
    return false;
  }

  /** A name has changed: those who have it open follow it. */
  renamed(files: HostFiles, from: string, to: string): void {
    for (const node of this.#nodes.values())
      for (const opening of node.openings) if (opening.files === files && opening.path === from) opening.path = to;
  }
}

const tables = new WeakMap<Kernel, OpenFiles>();

/** The open files of a kernel. */
export function openFiles(kernel: Kernel): OpenFiles {
  let table = tables.get(kernel);
  if (table === undefined) tables.set(kernel, (table = new OpenFiles()));
  return table;
}

function keyOf({ device, inode }: FileIdentity): string {
  return `${device}:${inode}`;
}
