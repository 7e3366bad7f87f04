import { PAGE_SIZE, type GuestMemory } from "@decant/memory";
import type { Batch } from "./batch.ts";
import type { Range } from "./changing-code.ts";
import type { CodeMap } from "./code-map.ts";
import { InstalledBatch, type Link, type Truth } from "./installed-batch.ts";
import { codeEntry, FIRST_FREE_SLOT, JUMP_CACHE, JUMP_CACHE_ENTRIES, jumpCacheSalt, MAX_BOUND, MAX_SLOT } from "./layout.ts";

/** Batches of which all units sleep: more are forgotten, the oldest first. */
const MAX_SLEEPING = 512;
/**
 * With more modules than this the older half is forgotten. V8 maps each module's code apart, and ends the process when the host has no more mappings:
 * on Linux, with its default of 65,530, somewhere above 20,000 modules, those that are garbage already among them.
 */
const MAX_MODULES = 8192;
/** What the table of modules grows by. */
const MODULES_STEP = 64;

/**
 * The translated code: batches by place and by page, the code map's entries, and the links between batches. A change costs what the batches cost that it
 * touches, however many others there are: programs that make code make thousands of functions.
 */
export class CodeCache {
  readonly modules = new WebAssembly.Table({ element: "anyfunc", initial: FIRST_FREE_SLOT + MODULES_STEP });
  readonly #memory: GuestMemory;
  readonly #codeMap: CodeMap;
  readonly #truth: Truth;
  readonly #bySlot: (InstalledBatch | undefined)[] = [];
  /** Batches with a unit that is awake, oldest first, and by page. */
  readonly #awake = new Set<InstalledBatch>();
  readonly #byPage = new Map<number, Set<InstalledBatch>>();
  /** Batches with no such unit, and those that have a sleeping unit by its entry. */
  readonly #sleeping = new Set<InstalledBatch>();
  readonly #sleepers = new Map<number, Set<InstalledBatch>>();
  /** Batches that are gone, while frames of theirs may be live; their slots are free afterwards. */
  readonly #forgotten = new Map<number, Batch>();
  readonly #freeSlots: number[] = [];
  #nextSlot = FIRST_FREE_SLOT;
  /** Return addresses of translated calls. */
  readonly #returnSites = new Set<number>();

  constructor(truth: Truth, codeMap: CodeMap) {
    this.#truth = truth;
    this.#memory = truth.memory;
    this.#codeMap = codeMap;
  }

  /** True when little is left to give new batches: `forgetDropped` should be called soon. */
  get isCrowded(): boolean {
    return this.#awake.size + this.#sleeping.size > MAX_MODULES || this.#codeMap.isNearlyFull;
  }

  /** The places that have been given so far. */
  get slotCount(): number {
    return this.#nextSlot - FIRST_FREE_SLOT;
  }

  /** Whether a place that a kept module wants is free. */
  isFree(slot: number): boolean {
    return this.batchAt(slot) === undefined;
  }

  /** The place that the next batch gets. */
  takeSlot(): number {
    const free = this.#freeSlots.pop();
    if (free !== undefined) return free;
    if (this.#nextSlot > MAX_SLOT) throw new Error("x86: too many modules of translated code");
    if (this.#nextSlot === this.modules.length) this.modules.grow(MODULES_STEP);
    return this.#nextSlot++;
  }

  isReturnSite(address: number): boolean {
    return this.#returnSites.has(address);
  }

  /** The batch at a place, even when it is gone since the last `forgetDropped`: its frames may still be live. */
  batchAt(slot: number): Batch | undefined {
    return this.#bySlot[slot]?.batch ?? this.#forgotten.get(slot);
  }

  /** To be called when no translated code runs. Makes room where little is left. */
  forgetDropped(): void {
    if (this.isCrowded) this.#makeRoom(this.#sleeping.size + Math.ceil(this.#awake.size / 2));
    for (const slot of this.#forgotten.keys()) if (slot >= FIRST_FREE_SLOT) this.#freeSlots.push(slot);
    this.#forgotten.clear();
  }

  install(batch: Batch, module: WebAssembly.Module, imports: WebAssembly.Imports): void {
    const { exports } = new WebAssembly.Instance(module, imports);
    const installed = new InstalledBatch(batch, exports["table"] as WebAssembly.Table);
    this.modules.set(batch.slot, exports["enter"]);
    this.#bySlot[batch.slot] = installed;
    for (let unit = 0; unit < batch.entries.length; unit++) this.#wakeUnit(installed, unit);
    for (let n = 0; n < batch.returnSites.length; n++) this.#returnSites.add(batch.returnSites[n] as number);
  }

  /** Puts the function that a link stands for in its place, if it is translated by now. */
  link(slot: number, number: number): void {
    const from = this.#bySlot[slot];
    const address = from?.batch.links[number];
    if (from === undefined || address === undefined) return;
    const found = this.#unitAt(address);
    if (found === undefined) return;
    const { to, unit } = found;
    const link: Link = { from, number };
    from.table.set(from.batch.entries.length + number, to.table.get(unit));
    const before = from.linked.get(number);
    before?.to.incoming[before.unit]?.delete(before.link);
    from.linked.set(number, { to, unit, link });
    (to.incoming[unit] ??= new Set()).add(link);
  }

  /** Puts a function into the table of the batch at `slot`, and into the jump cache, for the next indirect call from there. */
  bind(address: number, slot: number): void {
    const from = this.#bySlot[slot];
    const found = this.#unitAt(address);
    if (from === undefined || found === undefined) return;
    const { to, unit } = found;
    let index = from === to ? unit : from.bound.get(address)?.index;
    if (index === undefined) {
      if (from.bound.size >= MAX_BOUND) return;
      index = from.unused.pop() ?? from.table.grow(1);
      from.table.set(index, to.table.get(unit));
      from.bound.set(address, { to, unit, index });
      (to.boundBy[unit] ??= new Set()).add(from);
    }
    const place = jumpCachePlace(address, slot);
    this.#memory.view.setUint32(place, codeEntry(slot, index), true);
    this.#memory.view.setUint32(place + 4, address, true);
  }

  /** Puts to sleep what was made from [start, end), where that or what may be done with it has changed; says whether there was any. */
  invalidate(start: number, end: number): boolean {
    const first = Math.floor(start / PAGE_SIZE);
    const last = Math.ceil(end / PAGE_SIZE);
    const affected = new Set<InstalledBatch>();
    const look = (page: number): void => {
      for (const installed of this.#byPage.get(page) ?? []) if (installed.touches(start, end)) affected.add(installed);
    };
    if (last - first < this.#byPage.size) for (let page = first; page < last; page++) look(page);
    else for (const page of this.#byPage.keys()) if (page >= first && page < last) look(page);
    let hasChanged = false;
    for (const installed of affected) {
      if (installed.isAwake.every((isAwake, unit) => !isAwake || installed.mayStay(unit, this.#truth))) continue;
      hasChanged = true;
      // Its units call each other directly: all sleep together.
      installed.isAwake.forEach((_isAwake, unit) => this.#sleepUnit(installed, unit));
    }
    return hasChanged;
  }

  /** Puts a unit to sleep that found its bytes changed; returns the ranges that it was made from, or undefined when they have not. */
  stale(slot: number, entry: number): readonly Range[] | undefined {
    const installed = this.#bySlot[slot];
    const unit = installed?.batch.unitAt(entry) ?? -1;
    if (installed === undefined || unit < 0 || installed.hasSameBytes(unit, this.#truth)) return undefined;
    this.#sleepUnit(installed, unit);
    return installed.batch.rangesOf(unit);
  }

  /** Wakes the code for an address that sleeps, if what it was made from is there again. */
  wake(address: number): boolean {
    for (const installed of this.#sleepers.get(address) ?? []) {
      const { batch, isAwake } = installed;
      const wanted = batch.unitAt(address);
      const parts = isAwake.flatMap((_isAwake, unit) => (unit === wanted || !batch.isChanging(unit) ? [unit] : []));
      if (!parts.every((unit) => isAwake[unit] || installed.isTrue(unit, this.#truth))) continue;
      for (const unit of parts) this.#wakeUnit(installed, unit);
      return true;
    }
    return false;
  }

  /** Forgets everything. */
  clear(): void {
    for (const installed of [...this.#awake, ...this.#sleeping]) this.#forget(installed);
  }

  #unitAt(address: number): { to: InstalledBatch; unit: number } | undefined {
    const entry = this.#codeMap.get(address);
    const to = this.#bySlot[entry >>> 16];
    return to === undefined ? undefined : { to, unit: entry & 0xffff };
  }

  #wakeUnit(installed: InstalledBatch, unit: number): void {
    const { batch } = installed;
    const entry = batch.entries[unit] as number;
    this.#codeMap.set(entry, codeEntry(batch.slot, unit));
    if (installed.isAwake[unit]) return;
    installed.isAwake[unit] = true;
    remove(this.#sleepers, entry, installed);
    if (this.#awake.has(installed)) return;
    this.#sleeping.delete(installed);
    this.#awake.add(installed);
    for (const page of installed.pages()) add(this.#byPage, page, installed);
  }

  #sleepUnit(installed: InstalledBatch, unit: number): void {
    const { batch, isAwake } = installed;
    if (!isAwake[unit]) return;
    isAwake[unit] = false;
    const entry = batch.entries[unit] as number;
    if (this.#codeMap.get(entry) === codeEntry(batch.slot, unit)) this.#codeMap.set(entry, 0);
    for (const { from, number } of installed.incoming[unit] ?? []) {
      const { entries, links } = from.batch;
      from.table.set(entries.length + number, from.table.get(entries.length + links.length + number));
      from.linked.delete(number);
    }
    installed.incoming[unit]?.clear();
    for (const from of installed.boundBy[unit] ?? []) this.#unbind(from, entry);
    installed.boundBy[unit]?.clear();
    this.#forgetJump(entry, batch.slot);
    add(this.#sleepers, entry, installed);
    if (isAwake.includes(true)) return;
    this.#awake.delete(installed);
    for (const page of installed.pages()) remove(this.#byPage, page, installed);
    this.#sleeping.add(installed);
    if (this.#sleeping.size > MAX_SLEEPING) for (const oldest of this.#sleeping) return this.#forget(oldest);
  }

  #unbind(from: InstalledBatch, address: number): void {
    const bound = from.bound.get(address);
    if (bound === undefined) return;
    from.bound.delete(address);
    from.table.set(bound.index, null);
    from.unused.push(bound.index);
    this.#forgetJump(address, from.batch.slot);
  }

  #forgetJump(address: number, slot: number): void {
    const place = jumpCachePlace(address, slot);
    if (this.#memory.view.getUint32(place + 4, true) === address) this.#memory.view.setBigUint64(place, 0n, true);
  }

  #makeRoom(count: number): void {
    let left = count;
    for (const batches of [this.#sleeping, this.#awake]) {
      for (const installed of batches) if (left-- > 0) this.#forget(installed);
    }
  }

  #forget(installed: InstalledBatch): void {
    const { batch } = installed;
    installed.isAwake.forEach((_isAwake, unit) => this.#sleepUnit(installed, unit));
    this.#sleeping.delete(installed);
    for (let unit = 0; unit < batch.entries.length; unit++) remove(this.#sleepers, batch.entries[unit] as number, installed);
    for (const { to, unit, link } of installed.linked.values()) to.incoming[unit]?.delete(link);
    for (const [address, { to, unit }] of installed.bound) {
      to.boundBy[unit]?.delete(installed);
      // Another batch will have the slot.
      this.#forgetJump(address, batch.slot);
    }
    this.modules.set(batch.slot, null);
    this.#bySlot[batch.slot] = undefined;
    this.#forgotten.set(batch.slot, batch);
  }
}

const jumpCachePlace = (address: number, slot: number): number =>
  JUMP_CACHE + 8 * (((address >>> 4) ^ jumpCacheSalt(slot)) & (JUMP_CACHE_ENTRIES - 1));

function add<K, V>(map: Map<K, Set<V>>, key: K, value: V): void {
  const values = map.get(key);
  if (values === undefined) map.set(key, new Set([value]));
  else values.add(value);
}

function remove<K, V>(map: Map<K, Set<V>>, key: K, value: V): void {
  const values = map.get(key);
  values?.delete(value);
  if (values?.size === 0) map.delete(key);
}
