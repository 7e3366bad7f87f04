import { KernelObject, type Kernel } from "@decant/process";
import type { HostFiles } from "@decant/host";
import { ByteWriter } from "./byte-writer.ts";
import { NOTIFY } from "../values/files.ts";
import { CHANGE, folderChanges, type Change } from "./folder-changes.ts";
import { PendingIo } from "./pending-io.ts";

/** All of NOTIFY. */
export const NOTIFY_ALL = Object.values(NOTIFY).reduce((all, flag) => all | flag, 0);

const CONTENT = NOTIFY.ATTRIBUTES | NOTIFY.SIZE | NOTIFY.LAST_WRITE | NOTIFY.LAST_ACCESS | NOTIFY.CREATION | NOTIFY.SECURITY;

/** What a folder's handle is told of: kept between calls, as much as the first call's buffer holds. */
export class ChangeQueue {
  readonly #changes: Change[] = [];
  readonly #capacity: number;
  readonly #stop: () => void;
  #pending: { io: PendingIo<Uint8Array>; size: number }[] = [];
  #bytes = 0;
  #hasOverflown = false;

  constructor(
    kernel: Kernel,
    files: HostFiles,
    folder: string,
    { recursive, filter, size }: { recursive: boolean; filter: number; size: number },
  ) {
    this.#capacity = Math.max(size, 4096);
    this.#stop = folderChanges(kernel).watch(files, folder, recursive, (change) => {
      if (passes(change, filter)) this.#add(change);
    });
  }

  /** The changes since the last call, as FILE_NOTIFY_INFORMATION: at once when there are any, later otherwise; none when they were too many. */
  read(size: number): Uint8Array | PendingIo<Uint8Array> {
    if (this.#changes.length > 0 || this.#hasOverflown) return this.#take(size);
    const io = new PendingIo<Uint8Array>(() => {
      this.#pending = this.#pending.filter((waiting) => waiting.io !== io);
    });
    this.#pending.push({ io, size });
    return io;
  }

  /** The handle is closed: who waits is told of nothing. */
  close(): void {
    this.#stop();
    for (const { io } of this.#pending.splice(0)) io.end({ value: new Uint8Array(0) });
  }

  #add(change: Change): void {
    this.#changes.push(change);
    this.#bytes += 12 + 2 * change.name.length;
    if (this.#bytes > this.#capacity) {
      this.#hasOverflown = true;
      this.#changes.length = 0;
    }
    const waiting = this.#pending.shift();
    // Those that come in one turn are told together.
    if (waiting !== undefined) queueMicrotask(() => waiting.io.end({ value: this.#take(waiting.size) }));
  }

  #take(size: number): Uint8Array {
    const changes = this.#changes.splice(0);
    const hasOverflown = this.#hasOverflown;
    this.#hasOverflown = false;
    this.#bytes = 0;
    if (hasOverflown) return new Uint8Array(0);
    const to = new ByteWriter();
    let last = -1;
    for (const { action, name } of changes) {
      to.align(4);
      if (last >= 0) to.setU32(last, to.length - last);
      last = to.length;
      const shown = name.replaceAll("/", "\\");
      to.u32(0).u32(action).u32(2 * shown.length).text(shown); // prettier-ignore
    }
    return to.length > size ? new Uint8Array(0) : to.finish();
  }
}

/** FindFirstChangeNotification's object: signaled when something has changed, until it is asked to look again. */
export class ChangeNotification extends KernelObject {
  readonly #stop: () => void;
  #count = 0;

  constructor(kernel: Kernel, files: HostFiles, folder: string, recursive: boolean, filter: number) {
    super();
    this.#stop = folderChanges(kernel).watch(files, folder, recursive, (change) => {
      if (!passes(change, filter)) return;
      this.#count = 1;
      this.wake();
    });
  }

  override isSignaled(): boolean {
    return this.#count > 0;
  }

  /** Waits for the next change. */
  rearm(): void {
    this.#count = 0;
  }

  protected override close(): void {
    this.#stop();
  }
}

function passes({ action, isFolder }: Change, filter: number): boolean {
  if (action === CHANGE.MODIFIED) return (filter & CONTENT) !== 0;
  // Of what is gone nobody can say any more what it was.
  if (isFolder === undefined) return (filter & (NOTIFY.FILE_NAME | NOTIFY.DIR_NAME)) !== 0;
  return (filter & (isFolder ? NOTIFY.DIR_NAME : NOTIFY.FILE_NAME)) !== 0;
}
