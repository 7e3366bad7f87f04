import { PAGE_SIZE, type GuestMemory } from "@decant/memory";
import type { CodeMap } from "./code-map.ts";
import { codeEntry, JUMP_CACHE, JUMP_CACHE_ENTRIES, jumpCacheSalt, MAX_BOUND, MAX_SLOT } from "./layout.ts";
import type { Batch } from "./link.ts";

/** A batch that is in use: its table of functions, and the links from others into it. */
interface Installed {
  readonly batch: Batch;
  readonly table: WebAssembly.Table;
  readonly incoming: Set<Link>;
  /** Guest addresses of functions that its table has for indirect calls, with their index. */
  readonly bound: Map<number, number>;
}

/** A place in a batch's table that stands for a function of another batch. */
interface Link {
  readonly from: Installed;
  readonly number: number;
}

/** The translated code: batches by place and by page, the code map's entries, and the links between batches. */
export class CodeCache {
  readonly modules = new WebAssembly.Table({ element: "anyfunc", initial: 1 });
  readonly #memory: GuestMemory;
  readonly #codeMap: CodeMap;
  readonly #bySlot: (Installed | undefined)[] = [];
  readonly #byPage = new Map<number, Set<Installed>>();
  readonly #dropped = new Map<number, Batch>();
  /** Return addresses of translated calls. */
  readonly #returnSites = new Set<number>();

  constructor(memory: GuestMemory, codeMap: CodeMap) {
    this.#memory = memory;
    this.#codeMap = codeMap;
  }

  /** The place that the next batch gets. */
  get nextSlot(): number {
    const slot = this.modules.length;
    if (slot > MAX_SLOT) throw new Error("x86: too many modules of translated code");
    return slot;
  }

  isReturnSite(address: number): boolean {
    return this.#returnSites.has(address);
  }

  /** The batch at a place, even when it was dropped since the last `forgetDropped`: its frames may still be live. */
  batchAt(slot: number): Batch | undefined {
    return this.#bySlot[slot]?.batch ?? this.#dropped.get(slot);
  }

  /** To be called when no translated code runs. */
  forgetDropped(): void {
    this.#dropped.clear();
  }

  install(batch: Batch, bytes: Uint8Array, imports: WebAssembly.Imports): void {
    const { exports } = new WebAssembly.Instance(new WebAssembly.Module(bytes as Uint8Array<ArrayBuffer>), imports);
    const installed: Installed = { batch, table: exports["table"] as WebAssembly.Table, incoming: new Set(), bound: new Map() };
    this.modules.grow(1);
    this.modules.set(batch.slot, exports["enter"]);
    this.#bySlot[batch.slot] = installed;
    batch.entries.forEach((entry, index) => this.#codeMap.set(entry, codeEntry(batch.slot, index)));
    for (const page of pagesOf(batch)) {
      const batches = this.#byPage.get(page);
      if (batches === undefined) this.#byPage.set(page, new Set([installed]));
      else batches.add(installed);
    }
    for (const site of batch.returnSites) this.#returnSites.add(site);
  }

  /** Puts the function that a link stands for in its place, if it is translated by now. */
  link(slot: number, number: number): void {
    const from = this.#bySlot[slot];
    const address = from?.batch.links[number];
    if (from === undefined || address === undefined) return;
    const entry = this.#codeMap.get(address);
    const to = this.#bySlot[entry >>> 16];
    if (to === undefined) return;
    from.table.set(from.batch.entries.length + number, to.table.get(entry & 0xffff));
    to.incoming.add({ from, number });
  }

  /** Puts a function into the table of the batch at `slot`, and into the jump cache, for the next indirect call from there. */
  bind(address: number, slot: number): void {
    const from = this.#bySlot[slot];
    const entry = this.#codeMap.get(address);
    const to = this.#bySlot[entry >>> 16];
    if (from === undefined || to === undefined) return;
    let index = from === to ? entry & 0xffff : from.bound.get(address);
    if (index === undefined) {
      if (from.bound.size >= MAX_BOUND) return;
      index = from.table.grow(1);
      from.table.set(index, to.table.get(entry & 0xffff));
      from.bound.set(address, index);
    }
    const place = JUMP_CACHE + 8 * (((address >>> 4) ^ jumpCacheSalt(slot)) & (JUMP_CACHE_ENTRIES - 1));
    this.#memory.view.setUint32(place, codeEntry(slot, index), true);
    this.#memory.view.setUint32(place + 4, address, true);
  }

  /** Drops the batches that hold something of [start, end), and says whether there were any. */
  invalidate(start: number, end: number): boolean {
    const first = Math.floor(start / PAGE_SIZE);
    const last = Math.ceil(end / PAGE_SIZE);
    const affected = new Set<Installed>();
    const look = (page: number): void => {
      for (const installed of this.#byPage.get(page) ?? []) {
        if (installed.batch.ranges.some((ranges) => ranges.some(([from, to]) => from < end && start < to))) affected.add(installed);
      }
    };
    if (last - first < this.#byPage.size) for (let page = first; page < last; page++) look(page);
    else for (const page of this.#byPage.keys()) if (page >= first && page < last) look(page);
    for (const installed of affected) this.#drop(installed);
    return affected.size > 0;
  }

  /** Drops the batch that an entry belongs to. */
  dropEntry(entry: number): void {
    const installed = this.#bySlot[this.#codeMap.get(entry) >>> 16];
    if (installed !== undefined) this.#drop(installed);
  }

  #drop(installed: Installed): void {
    const { batch, incoming } = installed;
    this.#bySlot[batch.slot] = undefined;
    this.#dropped.set(batch.slot, batch);
    for (const entry of batch.entries) if (this.#codeMap.get(entry) >>> 16 === batch.slot) this.#codeMap.set(entry, 0);
    for (const page of pagesOf(batch)) this.#byPage.get(page)?.delete(installed);
    this.#memory.bytes.fill(0, JUMP_CACHE, JUMP_CACHE + 8 * JUMP_CACHE_ENTRIES);
    for (const other of this.#bySlot) for (const entry of batch.entries) other?.bound.delete(entry);
    for (const { from, number } of incoming) {
      const { entries, links } = from.batch;
      from.table.set(entries.length + number, from.table.get(entries.length + links.length + number));
    }
    this.modules.set(batch.slot, null);
  }
}

function pagesOf({ ranges }: Batch): Set<number> {
  const pages = new Set<number>();
  for (const unit of ranges) {
    for (const [start, end] of unit) for (let page = Math.floor(start / PAGE_SIZE); page * PAGE_SIZE < end; page++) pages.add(page);
  }
  return pages;
}
