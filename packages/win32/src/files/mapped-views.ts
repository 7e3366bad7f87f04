import { ERROR, Win32Error } from "@decant/hook";
import { PAGE, PAGE_SIZE } from "@decant/memory";
import type { Kernel, Process, Thread } from "@decant/process";
import type { Section } from "./section.ts";

const GRANULARITY = 0x1_0000;
/** FILE_MAP_*. */
const FILE_MAP = { COPY: 1, WRITE: 2, READ: 4, EXECUTE: 0x20 } as const;

const WRITABLE: readonly number[] = [PAGE.READWRITE, PAGE.EXECUTE_READWRITE];

interface View {
  readonly section: Section;
  readonly process: Process;
  readonly address: number;
  readonly offset: number;
  readonly length: number;
  readonly isCopy: boolean;
  /** Whether any of those who mapped it may write. */
  writes: boolean;
  count: number;
}

/**
 * The views of a process. A second view of a range, or of part of it, is the same memory, counted, with what either may do: run-time systems write
 * code through one view and run it in another. Where it is wanted elsewhere, or the first is the smaller one, it is a view of its own, which sees
 * changes late: a view is a copy of the section's bytes, and pages that were changed go back when the view is flushed or unmapped, before the file is
 * read through a handle, when another process that has a view runs, and at the end.
 */
export class MappedViews {
  /** By the addresses that were given out: several may lie in one view. */
  readonly #places = new Map<number, { readonly view: View; count: number }>();
  readonly #process: Process;
  readonly #shared: SharedViews;

  constructor(process: Process) {
    this.#process = process;
    this.#shared = sharedViews(process.kernel);
    process.onEnd(() => {
      for (const view of this.#views()) this.#remove(view);
    });
  }

  static of({ process }: Pick<Thread, "process">): MappedViews {
    return process.state(MappedViews, () => new MappedViews(process));
  }

  /**
   * Maps a range; 0 bytes is all to the end, address 0 wherever there is room. Throws ERROR_MAPPED_ALIGNMENT, ERROR_ACCESS_DENIED for a
   * range or an access that the section does not have, ERROR_INVALID_ADDRESS for a place that is taken.
   */
  map(section: Section, access: number, offset: number, bytes: number, wanted = 0): number {
    const length = bytes === 0 ? section.size - offset : bytes;
    if (offset % GRANULARITY !== 0 || wanted % GRANULARITY !== 0) throw new Win32Error(ERROR.MAPPED_ALIGNMENT);
    if (offset + length > section.size || length <= 0) throw new Win32Error(ERROR.ACCESS_DENIED);
    const isCopy = (access & FILE_MAP.COPY) !== 0 && (access & FILE_MAP.WRITE) === 0;
    const writes = (access & FILE_MAP.WRITE) !== 0;
    if (writes && !section.isWritable) throw new Win32Error(ERROR.ACCESS_DENIED);
    const shared = isCopy ? undefined : this.#views().find((view) => covers(view, { section, offset, length }));
    const place = shared === undefined ? 0 : shared.address + offset - shared.offset;
    if (shared !== undefined && (wanted === 0 || wanted === place)) {
      shared.count++;
      shared.writes ||= writes;
      letAlso(this.#process, place, length, protectionOf(access, writes));
      this.#note(place, shared);
      return place;
    }
    const address = this.#allocate(section, length, { offset, wanted, protection: protectionOf(access, isCopy || writes) });
    const view: View = { section, process: this.#process, address, offset, length, isCopy, writes, count: 1 };
    section.retain();
    this.#note(address, view);
    this.#shared.add(view);
    return address;
  }

  /** Throws ERROR_INVALID_ADDRESS where no view lies. */
  flush(address: number): void {
    const view = this.#viewAt(address);
    if (view === undefined) throw new Win32Error(ERROR.INVALID_ADDRESS);
    this.#shared.writeBack(view);
  }

  /** Throws ERROR_INVALID_ADDRESS unless a view begins there. */
  unmap(address: number): void {
    const place = this.#places.get(address);
    if (place === undefined) throw new Win32Error(ERROR.INVALID_ADDRESS);
    const { view } = place;
    if (--place.count === 0) this.#places.delete(address);
    if (--view.count > 0) return;
    this.#remove(view);
    this.#process.memory.release(view.address);
  }

  /** What a protection of pages comes to: those that another view shows too stay writable where either may write. */
  protectionAt(address: number, protection: number): number {
    if (this.#places.size === 0) return protection;
    const view = this.#viewAt(address);
    return view !== undefined && view.writes && view.count > 1 ? unite(protection, PAGE.READWRITE) : protection;
  }

  #views(): View[] {
    return [...new Set([...this.#places.values()].map(({ view }) => view))];
  }

  #viewAt(address: number): View | undefined {
    return this.#views().find((known) => address >= known.address && address < known.address + known.length);
  }

  #note(address: number, view: View): void {
    const place = this.#places.get(address);
    if (place === undefined) this.#places.set(address, { view, count: 1 });
    else place.count++;
  }

  #allocate(
    section: Section,
    length: number,
    { offset, wanted, protection }: { offset: number; wanted: number; protection: number },
  ): number {
    const { memory } = this.#process;
    const place = wanted === 0 ? {} : { at: wanted };
    const address = memory.allocate(length, PAGE.READWRITE, { kind: "mapped", protection, ...place });
    if (address === undefined) throw new Win32Error(wanted === 0 ? ERROR.NOT_ENOUGH_MEMORY : ERROR.INVALID_ADDRESS);
    this.#shared.leave();
    section.content.read(memory.writableSlice(address, length), offset);
    memory.protect(address, length, protection);
    return address;
  }

  #remove(view: View): void {
    this.#shared.writeBack(view);
    this.#shared.remove(view);
    view.section.release();
  }
}

/** All views of a kernel: what one process has changed is put into the views of others before they run. */
class SharedViews {
  readonly #views = new Set<View>();
  readonly #fileViews = new Map<View, { written(bytes: Uint8Array, position: number): void; flush(): void }>();
  readonly #kernel: Kernel;
  #stopListening: (() => void) | undefined;

  constructor(kernel: Kernel) {
    this.#kernel = kernel;
  }

  add(view: View): void {
    this.#views.add(view);
    if (view.isCopy) return;
    const { file } = view.section;
    if (file !== undefined) {
      const listener = {
        written: (bytes: Uint8Array, position: number) => update(view, bytes, position),
        flush: () => this.writeBack(view),
      };
      this.#fileViews.set(view, listener);
      file.node.views.add(listener);
    }
    if (this.#stopListening === undefined && [...this.#views].some(({ process }) => process !== view.process))
      this.#stopListening = this.#kernel.onSwitch((from) => this.leave(from));
  }

  remove(view: View): void {
    this.#views.delete(view);
    const listener = this.#fileViews.get(view);
    if (listener !== undefined) view.section.file?.node.views.delete(listener);
    this.#fileViews.delete(view);
    if (new Set([...this.#views].map(({ process }) => process)).size > 1) return;
    this.#stopListening?.();
    this.#stopListening = undefined;
  }

  /** What views have changed goes where others find it: of one process, or of all. */
  leave(process?: Process): void {
    for (const view of this.#views) if (process === undefined || view.process === process) this.writeBack(view);
  }

  /** Puts the bytes that differ from what the section has there, and into the other views of them. */
  writeBack(view: View): void {
    const { section, process, address, offset, length, writes, isCopy } = view;
    if (!writes || isCopy) return;
    const known = new Uint8Array(PAGE_SIZE);
    for (let at = 0; at < length; at += PAGE_SIZE) {
      const count = Math.min(PAGE_SIZE, length - at);
      // What the program has made unreadable it has not written to either, as far as anybody can tell.
      if (!process.memory.accessible(address + at, count, "read")) continue;
      const page = process.memory.slice(address + at, count);
      const before = known.subarray(0, count);
      section.content.read(before, offset + at);
      for (const [from, until] of differences(page, before)) {
        const changed = page.slice(from, until);
        section.content.write(changed, offset + at + from);
        for (const other of this.#views) if (other !== view && sharesContent(other, view)) update(other, changed, offset + at + from);
      }
    }
  }
}

const kernels = new WeakMap<Kernel, SharedViews>();

function sharedViews(kernel: Kernel): SharedViews {
  let views = kernels.get(kernel);
  if (views === undefined) kernels.set(kernel, (views = new SharedViews(kernel)));
  return views;
}

function protectionOf(access: number, writes: boolean): number {
  if ((access & FILE_MAP.EXECUTE) !== 0) return writes ? PAGE.EXECUTE_READWRITE : PAGE.EXECUTE_READ;
  return writes ? PAGE.READWRITE : PAGE.READONLY;
}

/** What both of two protections let a program do. What lets it do nothing, and guards, are left. */
function unite(a: number, b: number): number {
  if ((a & PAGE.GUARD) !== 0 || a === PAGE.NOACCESS) return a;
  const writes = WRITABLE.includes(a) || WRITABLE.includes(b);
  if (a >= PAGE.EXECUTE || b >= PAGE.EXECUTE) return writes ? PAGE.EXECUTE_READWRITE : PAGE.EXECUTE_READ;
  return writes ? PAGE.READWRITE : PAGE.READONLY;
}

/** Lets a program do on pages that it has mapped again what the new mapping may, too. */
function letAlso({ memory }: Process, start: number, length: number, also: number): void {
  for (let at = start; at < start + length;) {
    const { base, size, state, protection } = memory.query(at);
    const end = Math.min(base + size, start + length);
    const united = unite(protection, also);
    if (state === "commit" && united !== protection) memory.protect(at, end - at, united);
    at = end;
  }
}

function covers(view: View, { section, offset, length }: Pick<View, "section" | "offset" | "length">): boolean {
  return view.section === section && !view.isCopy && view.offset <= offset && offset + length <= view.offset + view.length;
}

function sharesContent(a: View, b: View): boolean {
  if (a.isCopy) return false;
  return a.section === b.section || (a.section.file !== undefined && a.section.file.node === b.section.file?.node);
}

/** The runs of bytes that are not the same. */
function* differences(now: Uint8Array, before: Uint8Array): Generator<readonly [from: number, until: number]> {
  for (let at = 0; at < now.length; at++) {
    if (now[at] === before[at]) continue;
    const from = at;
    while (at < now.length && now[at] !== before[at]) at++;
    yield [from, at];
  }
}

/** Bytes that were written elsewhere, as far as the view shows them. */
function update({ process, address, offset, length }: View, bytes: Uint8Array, position: number): void {
  const start = Math.max(position, offset);
  const end = Math.min(position + bytes.length, offset + length);
  if (start < end) put(process, address + start - offset, bytes.subarray(start - position, end - position));
}

/** Stores into pages that the guest itself may only read. */
function put({ memory }: Process, address: number, bytes: Uint8Array): void {
  if (memory.accessible(address, bytes.length, "write")) return memory.write(address, bytes);
  if (!memory.accessible(address, bytes.length, "read")) return undefined;
  const { protection } = memory.query(address);
  memory.protect(address, bytes.length, PAGE.READWRITE);
  memory.write(address, bytes);
  memory.protect(address, bytes.length, protection);
  return undefined;
}
