import type { Batch } from "./batch.ts";
import type { Range } from "./changing-code.ts";
import { formNumber, formOf, type CodeForm } from "./code-form.ts";
import { compileKept } from "./compile.ts";
import { longAt } from "./storage.ts";
import type { Stub } from "./stub.ts";
import { stubName, type Checksum, type KeptUnit } from "./unit-record.ts";

/**
 * A module of translated units as it is kept between runs, linked: 32-bit words, little endian. A head (HEAD), the lists in the order of their counts, then bytes:
 * names of stubs, where units may trap, and the module itself.
 */
const HEAD = {
  magic: 0,
  /** Words of the whole. */
  words: 1,
  /** Of all words from `slot` on. */
  checksum: 2,
  slot: 4,
  instructionCount: 5,
  /** Of the guest's bytes in all spans, and of the bytes that decide how its units are guarded. */
  source: 6,
  units: 8,
  spans: 9,
  deciding: 10,
  ranges: 11,
  stubs: 12,
  stubUses: 13,
  links: 14,
  returnSites: 15,
  nameBytes: 16,
  siteBytes: 17,
  moduleBytes: 18,
} as const;
const HEAD_WORDS = 20;
const MAGIC = 0x444f_4d31; // "1MOD"
/** A span of bytes that must be executable, not readable only. */
const CODE = 1;
/** Words for each unit: its entry, offset, form, and where its ranges, stubs and sites end in their lists; and the source's two. */
const UNIT_WORDS = 8;
const UNIT = { entry: 0, offset: 1, form: 2, rangesEnd: 3, stubsEnd: 4, sitesEnd: 5, source: 6 } as const;
const SPAN_WORDS = 3;
const RANGE_WORDS = 2;
const STUB_WORDS = 2;

/** Bytes that something rests on: [start, end), and whether they must be executable. */
export interface Span {
  readonly start: number;
  readonly end: number;
  readonly isCode: boolean;
}

/** What a module rests on beside its units' bytes. */
export interface ModuleBasis {
  /** By unit. */
  readonly kept: readonly KeptUnit[];
  readonly spans: readonly Span[];
  /** Bytes of the guest's that decide which functions own handlers; undefined when that is to be asked for each unit. */
  readonly deciding: readonly Range[] | undefined;
  /** Of the bytes in `spans` and `deciding`. */
  readonly source: bigint;
  readonly instructionCount: number;
}

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** What is kept of a module. `bytes` are its own. */
export function encodeModule(batch: Batch, bytes: Uint8Array, basis: ModuleBasis, checksum: Checksum): Uint8Array {
  const count = batch.entries.length;
  const stubNumbers = new Map(batch.stubs.map((stub, n) => [stub, n]));
  const units = new Uint32Array(UNIT_WORDS * count);
  const ranges: number[] = [];
  const uses: number[] = [];
  const sites: Uint8Array[] = [];
  let siteBytes = 0;
  for (let n = 0; n < count; n++) {
    for (const range of batch.rangesOf(n)) ranges.push(...range);
    for (const stub of batch.stubsOf(n)) uses.push(stubNumbers.get(stub) as number);
    const own = batch.sitesOf(n);
    sites.push(own);
    siteBytes += own.length;
    const source = batch.sources[n] as bigint;
    units.set(
      [
        batch.entries[n] as number,
        batch.offsets[n] as number,
        formNumber((basis.kept[n] as KeptUnit).form),
        ranges.length / RANGE_WORDS,
        uses.length,
        siteBytes,
        Number(BigInt.asUintN(32, source)),
        Number(BigInt.asUintN(32, source >> 32n)),
      ],
      UNIT_WORDS * n,
    );
  }
  const spans = basis.spans.flatMap(({ start, end, isCode }) => [start, end, isCode ? CODE : 0]);
  const deciding = (basis.deciding ?? []).flatMap(([start, end]) => [start, end]);
  const stubs = batch.stubs.flatMap(({ index, address }) => [index, address]);
  const names = encoder.encode(batch.stubs.map(stubName).join("\n"));
  const lists = [units, spans, deciding, ranges, stubs, uses, batch.links, batch.returnSites];
  const listWords = lists.reduce((sum, { length }) => sum + length, 0);
  const byteCount = names.length + siteBytes + bytes.length;
  const words = new Uint32Array(2 * Math.ceil((HEAD_WORDS + listWords + Math.ceil(byteCount / 4)) / 2));
  const out = new Uint8Array(words.buffer);
  const view = new DataView(words.buffer);
  words[HEAD.magic] = MAGIC;
  words[HEAD.words] = words.length;
  words[HEAD.slot] = batch.slot;
  words[HEAD.instructionCount] = basis.instructionCount;
  view.setBigUint64(4 * HEAD.source, basis.source, true);
  words[HEAD.units] = count;
  words[HEAD.spans] = basis.spans.length;
  // One more than there are, and 0 for none to rely on.
  words[HEAD.deciding] = basis.deciding === undefined ? 0 : basis.deciding.length + 1;
  words[HEAD.ranges] = ranges.length / RANGE_WORDS;
  words[HEAD.stubs] = batch.stubs.length;
  words[HEAD.stubUses] = uses.length;
  words[HEAD.links] = batch.links.length;
  words[HEAD.returnSites] = batch.returnSites.length;
  words[HEAD.nameBytes] = names.length;
  words[HEAD.siteBytes] = siteBytes;
  words[HEAD.moduleBytes] = bytes.length;
  let at = HEAD_WORDS;
  for (const list of lists) {
    words.set(list, at);
    at += list.length;
  }
  let byte = 4 * at;
  for (const part of [names, ...sites, bytes]) {
    out.set(part, byte);
    byte += part.length;
  }
  view.setBigUint64(4 * HEAD.checksum, checksum(out.subarray(4 * HEAD.slot)), true);
  return out;
}

/** A kept module, as views of what was read. Its stubs are the run's own once `stubs` is set. */
export class KeptModule implements Batch {
  readonly entries: Uint32Array;
  readonly offsets: Uint32Array;
  readonly links: Uint32Array;
  readonly returnSites: Uint32Array;
  readonly sources: BigUint64Array;
  /** What this run calls by the names that are kept. */
  stubs: readonly Stub[] = [];
  #unitByEntry: Map<number, number> | undefined;
  readonly #words: Uint32Array;
  readonly #units: Uint32Array;
  readonly #ranges: Uint32Array;
  readonly #uses: Uint32Array;
  readonly #stubWords: Uint32Array;
  readonly #spanWords: Uint32Array;
  readonly #decidingWords: Uint32Array;
  readonly #bytes: Uint8Array;

  /** `words` are the module's own, all of them. */
  constructor(words: Uint32Array) {
    this.#words = words;
    let at = HEAD_WORDS;
    const list = (length: number): Uint32Array => words.subarray(at, (at += length));
    const count = this.#head(HEAD.units);
    this.#units = list(UNIT_WORDS * count);
    this.#spanWords = list(SPAN_WORDS * this.#head(HEAD.spans));
    this.#decidingWords = list(RANGE_WORDS * Math.max(0, this.#head(HEAD.deciding) - 1));
    this.#ranges = list(RANGE_WORDS * this.#head(HEAD.ranges));
    this.#stubWords = list(STUB_WORDS * this.#head(HEAD.stubs));
    this.#uses = list(this.#head(HEAD.stubUses));
    this.links = list(this.#head(HEAD.links));
    this.returnSites = list(this.#head(HEAD.returnSites));
    this.#bytes = new Uint8Array(words.buffer, words.byteOffset + 4 * at, 4 * (words.length - at));
    const units = this.#units;
    this.entries = Uint32Array.from({ length: count }, (_, n) => units[UNIT_WORDS * n + UNIT.entry] as number);
    this.offsets = Uint32Array.from({ length: count }, (_, n) => units[UNIT_WORDS * n + UNIT.offset] as number);
    this.sources = BigUint64Array.from({ length: count }, (_, n) => longAt(units, UNIT_WORDS * n + UNIT.source));
  }

  get slot(): number {
    return this.#head(HEAD.slot);
  }

  get instructionCount(): number {
    return this.#head(HEAD.instructionCount);
  }

  get source(): bigint {
    return longAt(this.#words, HEAD.source);
  }

  /** The module's bytes. */
  get code(): Uint8Array {
    const start = this.#head(HEAD.nameBytes) + this.#head(HEAD.siteBytes);
    return this.#bytes.subarray(start, start + this.#head(HEAD.moduleBytes));
  }

  compile(): WebAssembly.Module {
    return compileKept(this.code, longAt(this.#words, HEAD.checksum));
  }

  get spans(): Range[] {
    return this.basisSpans().map(({ start, end }) => [start, end] as const);
  }

  /** What must be as it was, and what of it must be executable. */
  basisSpans(): Span[] {
    const words = this.#spanWords;
    return Array.from({ length: words.length / SPAN_WORDS }, (_, n) => ({
      start: words[SPAN_WORDS * n] as number,
      end: words[SPAN_WORDS * n + 1] as number,
      isCode: words[SPAN_WORDS * n + 2] === CODE,
    }));
  }

  /** The bytes that decide how units are guarded; undefined when each unit is to be asked for. */
  deciding(): Range[] | undefined {
    return this.#head(HEAD.deciding) === 0 ? undefined : pairs(this.#decidingWords, 0, this.#decidingWords.length / RANGE_WORDS);
  }

  /** Names, indices and addresses of its stubs. */
  stubKeys(): { name: string; index: number; address: number }[] {
    const names = decoder.decode(this.#bytes.subarray(0, this.#head(HEAD.nameBytes))).split("\n");
    const words = this.#stubWords;
    return Array.from({ length: words.length / STUB_WORDS }, (_, n) => ({
      name: names[n] ?? "",
      index: words[STUB_WORDS * n] as number,
      address: words[STUB_WORDS * n + 1] as number,
    }));
  }

  unitAt(entry: number): number {
    this.#unitByEntry ??= new Map(Array.from(this.entries, (at, unit) => [at, unit]));
    return this.#unitByEntry.get(entry) ?? -1;
  }

  formOf(unit: number): CodeForm {
    return formOf(this.#units[UNIT_WORDS * unit + UNIT.form] as number);
  }

  rangesOf(unit: number): Range[] {
    return pairs(this.#ranges, this.#endBefore(unit, UNIT.rangesEnd), this.#end(unit, UNIT.rangesEnd));
  }

  stubsOf(unit: number): Stub[] {
    const uses = this.#uses.subarray(this.#endBefore(unit, UNIT.stubsEnd), this.#end(unit, UNIT.stubsEnd));
    return Array.from(uses, (n) => this.stubs[n] as Stub);
  }

  isChanging(): boolean {
    return false;
  }

  sitesOf(unit: number): Uint8Array {
    const start = this.#head(HEAD.nameBytes);
    return this.#bytes.subarray(start + this.#endBefore(unit, UNIT.sitesEnd), start + this.#end(unit, UNIT.sitesEnd));
  }

  #head(field: number): number {
    return this.#words[field] as number;
  }

  #end(unit: number, field: number): number {
    return this.#units[UNIT_WORDS * unit + field] as number;
  }

  #endBefore(unit: number, field: number): number {
    return unit === 0 ? 0 : this.#end(unit - 1, field);
  }
}

/** So many modules from a word on; undefined when what was written is not what is there. */
export function readModules(words: Uint32Array, start: number, count: number, checksum: Checksum): KeptModule[] | undefined {
  const modules: KeptModule[] = [];
  for (let at = start; modules.length < count;) {
    const length = words[at + HEAD.words] ?? 0;
    if (words[at + HEAD.magic] !== MAGIC || length < HEAD_WORDS || at + length > words.length) return undefined;
    const own = words.subarray(at, at + length);
    const content = new Uint8Array(own.buffer, own.byteOffset + 4 * HEAD.slot, 4 * (length - HEAD.slot));
    if (checksum(content) !== longAt(own, HEAD.checksum)) return undefined;
    modules.push(new KeptModule(own));
    at += length;
  }
  return modules;
}

function pairs(words: Uint32Array, from: number, to: number): Range[] {
  return Array.from({ length: to - from }, (_, n) => [
    words[RANGE_WORDS * (from + n)] as number,
    words[RANGE_WORDS * (from + n) + 1] as number,
  ]);
}
