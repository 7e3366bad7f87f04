import type { GuestMemory } from "@decant/memory";
import type { HashRanges } from "./batch.ts";
import { isFixed, type Range } from "./changing-code.ts";
import { formNumber, formOf, PLAIN_FORM, type CodeForm } from "./code-form.ts";
import { encodeModule, readModules, type KeptModule, type Span } from "./kept-module.ts";
import { FIRST_FREE_SLOT } from "./layout.ts";
import { linkBatch, type TranslatedUnit } from "./link.ts";
import type { Stub } from "./stub.ts";
import { headerOf, joinBytes, longAt, startsWith, wordsOf, type TranslationStorage } from "./storage.ts";
import { stubName, type Checksum, type KeptUnit } from "./unit-record.ts";

/** How much of the kept records modules were made of: so many bytes of them, of which the last record begins at `lastAt`, with this checksum. */
export interface Coverage {
  readonly bytes: number;
  readonly lastAt: number;
  readonly lastChecksum: bigint;
}

/** A unit, and what it rests on. */
export interface CheckedUnit {
  readonly unit: TranslatedUnit;
  readonly kept: KeptUnit;
}

/** What a machine tells of itself. */
export interface ModuleSurroundings {
  readonly memory: GuestMemory;
  stubAt(address: number): Stub | undefined;
  /** How the function at an entry is made, and how all code is at least. */
  form(entry: number): CodeForm;
  baseForm(): CodeForm;
  /** Bytes that decide which functions of the allocation at an address own handlers; undefined when more than bytes do. */
  handlerData(address: number): readonly Range[] | undefined;
  readonly hashGuest: HashRanges;
  readonly hashBytes: Checksum;
}

/** The file's words after its header: the hash of what follows, the form that all code had at least, what records are covered, and how many modules there are. */
const FILE = { checksum: 0, form: 2, modules: 3, bytes: 4, lastAt: 5, lastChecksum: 6, words: 8 } as const;
/** Bodies in a module. */
const MAX_MODULE_BYTES = 16 * 2 ** 20;
/** A module that did not fit what is in memory is tried so often: code that a program unpacks is not there at first. */
const MAX_TRIALS = 4;

type State = "untried" | "taken" | "foreign";

interface Entry {
  readonly module: KeptModule;
  state: State;
  trials: number;
}

interface Loaded {
  readonly entries: readonly Entry[];
  readonly coverage: Coverage | undefined;
  readonly form: CodeForm;
}

/**
 * What earlier runs have translated, linked: one module for each image of the program, taken as it is. That everything is as it was when it was linked is checked for a
 * whole module at once: its bytes, the guest's, what may be done with their pages, and the API functions by name, number and place.
 */
export class KeptModules {
  readonly #storage: TranslationStorage["modules"];
  readonly #header: Uint8Array;
  readonly #around: ModuleSurroundings;
  #loaded: Loaded | undefined;

  constructor(storage: TranslationStorage, around: ModuleSurroundings) {
    this.#storage = storage.modules;
    this.#header = headerOf("modules", storage.key);
    this.#around = around;
  }

  /** The form that all code had at least when the modules were made. */
  get form(): CodeForm {
    return this.#load().form;
  }

  get coverage(): Coverage | undefined {
    return this.#load().coverage;
  }

  /** True when there are modules, and none of them could be used for something that this run differs in. */
  get areForeign(): boolean {
    const { entries } = this.#load();
    return entries.some(({ state }) => state === "foreign") && entries.every(({ state }) => state !== "taken");
  }

  /** The module that has a unit at this entry, if all of it is true now and its place is free. */
  take(entry: number, isFree: (slot: number) => boolean): KeptModule | undefined {
    for (const candidate of this.#load().entries) {
      if (candidate.state === "taken" || candidate.trials >= MAX_TRIALS) continue;
      if (candidate.module.unitAt(entry) < 0 || !isFree(candidate.module.slot)) continue;
      candidate.trials++;
      candidate.state = this.#check(candidate.module);
      if (candidate.state === "taken") return candidate.module;
    }
    return undefined;
  }

  /** Whether a module has a unit at this entry: any, or one that was taken. */
  knows(entry: number, state?: "taken"): boolean {
    return this.#load().entries.some(
      (candidate) => (state === undefined || candidate.state === state) && candidate.module.unitAt(entry) >= 0,
    );
  }

  /** Whether a unit is in a module. */
  has({ entry, source, form }: KeptUnit): boolean {
    return this.#load().entries.some(({ module }) => {
      const unit = module.unitAt(entry);
      return unit >= 0 && module.sources[unit] === source && module.formOf(unit) === form;
    });
  }

  /** Says that what was taken is no longer in use. */
  giveBack(): void {
    for (const entry of this.#loaded?.entries ?? []) if (entry.state === "taken") entry.state = "untried";
  }

  /** Links units, and puts them in the place of all modules that are kept. */
  replace(units: readonly CheckedUnit[], coverage: Coverage): void {
    const modules = this.#group(units).map((group, n) => this.#encode(group, n + 1));
    const head = new Uint32Array(FILE.words);
    head[FILE.form] = formNumber(this.#around.baseForm());
    head[FILE.modules] = modules.length;
    head[FILE.bytes] = coverage.bytes;
    head[FILE.lastAt] = coverage.lastAt;
    const view = new DataView(head.buffer);
    view.setBigUint64(4 * FILE.lastChecksum, coverage.lastChecksum, true);
    view.setBigUint64(4 * FILE.checksum, this.#checksum(head), true);
    this.#storage.replace(joinBytes([this.#header, new Uint8Array(head.buffer), ...modules]));
  }

  /** Units by the allocation that they lie in, in the order in which they were needed, and no more of them than a module takes. */
  #group(units: readonly CheckedUnit[]): CheckedUnit[][] {
    const groups: CheckedUnit[][] = [];
    const open = new Map<number, { group: CheckedUnit[]; bytes: number }>();
    for (const checked of units) {
      const base = this.#around.memory.allocationAt(checked.unit.entry)?.base ?? 0;
      let current = open.get(base);
      if (current === undefined || current.bytes > MAX_MODULE_BYTES) {
        current = { group: [], bytes: 0 };
        open.set(base, current);
        groups.push(current.group);
      }
      current.group.push(checked);
      current.bytes += checked.unit.body.length;
    }
    return groups.slice(0, FIRST_FREE_SLOT - 1);
  }

  #encode(group: readonly CheckedUnit[], slot: number): Uint8Array {
    const { hashBytes, handlerData } = this.#around;
    const { batch, bytes } = linkBatch(
      group.map(({ unit }) => unit),
      slot,
      group.map(({ kept }) => kept.source),
    );
    const spans = joinSpans(group.flatMap(({ kept }) => kept.ranges));
    const deciding = handlerData(batch.entries[0] as number);
    const instructionCount = group.reduce((sum, { unit }) => sum + unit.instructionCount, 0);
    const basis = { kept: group.map(({ kept }) => kept), spans, deciding, source: this.#hash(spans, deciding), instructionCount };
    return encodeModule(batch, bytes, basis, hashBytes);
  }

  #hash(spans: readonly Span[], deciding: readonly Range[] = []): bigint {
    return this.#around.hashGuest([...spans.map(({ start, end }): Range => [start, end]), ...deciding]);
  }

  #check(module: KeptModule): State {
    const { memory, stubAt, form } = this.#around;
    const stubs: Stub[] = [];
    for (const { name, index, address } of module.stubKeys()) {
      const stub = stubAt(address);
      if (stub === undefined || stub.index !== index || stubName(stub) !== name) return "foreign";
      stubs.push(stub);
    }
    const spans = module.basisSpans();
    const deciding = module.deciding();
    for (const { start, end, isCode } of spans) if (!isFixed([start, end], isCode ? "execute" : "read", memory)) return "untried";
    for (const range of deciding ?? []) if (!isFixed(range, "read", memory)) return "untried";
    if (this.#hash(spans, deciding) !== module.source) return "untried";
    if (this.#around.baseForm() !== this.#load().form) return "foreign";
    // The same bytes decide the same.
    if (deciding === undefined && module.entries.some((entry, n) => form(entry) !== module.formOf(n))) return "foreign";
    module.stubs = stubs;
    return "taken";
  }

  /** The hash of the file's words, the hash itself left out. */
  #checksum(head: Uint32Array): bigint {
    const said = new Uint8Array(head.buffer, head.byteOffset + 4 * FILE.form, 4 * (FILE.words - FILE.form));
    return this.#around.hashBytes(said);
  }

  #load(): Loaded {
    return (this.#loaded ??= this.#read());
  }

  /** What is kept; nothing where it is another program's, or not whole. */
  #read(): Loaded {
    const nothing: Loaded = { entries: [], coverage: undefined, form: PLAIN_FORM };
    const bytes = this.#storage.load();
    if (bytes === undefined || !startsWith(bytes, this.#header)) return nothing;
    const words = wordsOf(bytes);
    const start = this.#header.length / 4;
    const head = words.subarray(start, start + FILE.words);
    if (head.length < FILE.words || longAt(head, FILE.checksum) !== this.#checksum(head)) return nothing;
    const modules = readModules(words, start + FILE.words, head[FILE.modules] as number, this.#around.hashBytes);
    if (modules === undefined) return nothing;
    return {
      entries: modules.map((module) => ({ module, state: "untried", trials: 0 })),
      coverage: { bytes: head[FILE.bytes] as number, lastAt: head[FILE.lastAt] as number, lastChecksum: longAt(head, FILE.lastChecksum) },
      form: formOf(head[FILE.form] as number),
    };
  }
}

/** Spans of code, and spans of what need not be, each joined. */
function joinSpans(spans: readonly Span[]): Span[] {
  const joined: { start: number; end: number; isCode: boolean }[] = [];
  for (const { start, end, isCode } of spans.toSorted((a, b) => Number(a.isCode) - Number(b.isCode) || a.start - b.start)) {
    const last = joined.at(-1);
    if (last !== undefined && last.isCode === isCode && start <= last.end) last.end = Math.max(last.end, end);
    else joined.push({ start, end, isCode });
  }
  return joined;
}
