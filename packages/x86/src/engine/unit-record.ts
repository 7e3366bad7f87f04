import { formNumber, formOf, type CodeForm } from "./code-form.ts";
import type { TranslatedUnit } from "./link.ts";
import { longAt } from "./storage.ts";
import type { Stub } from "./stub.ts";

/**
 * A translated unit as it is kept between runs: 32-bit words, little endian. Twelve of a head (HEAD), then the lists in the order of their counts, then bytes:
 * where it may trap, its body, and the names of its stubs.
 */
const HEAD = {
  magic: 0,
  /** Words of the whole record. */
  words: 1,
  /** Of all words from `entry` on. */
  checksum: 2,
  entry: 4,
  form: 5,
  instructionCount: 6,
  /** Of the guest's bytes that it was made from. */
  source: 8,
  ranges: 10,
  targets: 11,
  returnSites: 12,
  relocations: 13,
  siteBytes: 14,
  bodyBytes: 15,
  nameBytes: 16,
} as const;
const HEAD_WORDS = 18;
const RANGE_WORDS = 3;
const MAGIC = 0x544e_5531; // "1UNT"

/** What a unit rests on beside its bytes, for it to be checked before it is used again. */
export interface KeptUnit {
  readonly entry: number;
  readonly form: CodeForm;
  readonly source: bigint;
  /** Guest addresses [start, end), and whether they must be executable; those that need not be hold jump tables. */
  readonly ranges: readonly { readonly start: number; readonly end: number; readonly isCode: boolean }[];
  /** "KERNEL32.DLL!TlsGetValue memcpy": a stub's name, and its intrinsic where it had one. */
  readonly stubNames: readonly string[];
}

/** Hashes bytes: 64 bits, not negative. */
export type Checksum = (bytes: Uint8Array) => bigint;

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** A stub as records name it; undefined when it has no name, and differs from run to run. */
export function stubName({ name, intrinsic }: Stub): string | undefined {
  return name === undefined ? undefined : `${name} ${intrinsic ?? ""}`;
}

/** The record of a unit. */
export function encodeUnit(unit: TranslatedUnit, kept: KeptUnit, checksum: Checksum): Uint8Array {
  const names = encoder.encode(kept.stubNames.join("\n"));
  const lists = RANGE_WORDS * kept.ranges.length + unit.targets.length + unit.returnSites.length + unit.relocations.length;
  const byteCount = unit.sites.length + unit.body.length + names.length;
  // An even number, so that records stay aligned to eight bytes.
  const length = 2 * Math.ceil((HEAD_WORDS + lists + Math.ceil(byteCount / 4)) / 2);
  const words = new Uint32Array(length);
  const bytes = new Uint8Array(words.buffer);
  words[HEAD.magic] = MAGIC;
  words[HEAD.words] = length;
  words[HEAD.entry] = unit.entry;
  words[HEAD.form] = formNumber(kept.form);
  words[HEAD.instructionCount] = unit.instructionCount;
  words[HEAD.ranges] = kept.ranges.length;
  words[HEAD.targets] = unit.targets.length;
  words[HEAD.returnSites] = unit.returnSites.length;
  words[HEAD.relocations] = unit.relocations.length;
  words[HEAD.siteBytes] = unit.sites.length;
  words[HEAD.bodyBytes] = unit.body.length;
  words[HEAD.nameBytes] = names.length;
  const view = new DataView(words.buffer);
  view.setBigUint64(4 * HEAD.source, kept.source, true);
  let at = HEAD_WORDS;
  const ranges = kept.ranges.flatMap(({ start, end, isCode }) => [start, end, isCode ? 1 : 0]);
  for (const list of [ranges, unit.targets, unit.returnSites, unit.relocations]) {
    words.set(list, at);
    at += list.length;
  }
  let byte = 4 * at;
  for (const part of [unit.sites, unit.body, names]) {
    bytes.set(part, byte);
    byte += part.length;
  }
  view.setBigUint64(4 * HEAD.checksum, checksum(bytes.subarray(4 * HEAD.entry)), true);
  return bytes;
}

/** A record in a run of them. */
export class UnitRecord {
  readonly #words: Uint32Array;
  readonly #at: number;

  constructor(words: Uint32Array, at: number) {
    this.#words = words;
    this.#at = at;
  }

  get entry(): number {
    return this.#head(HEAD.entry);
  }

  get form(): CodeForm {
    return formOf(this.#head(HEAD.form));
  }

  /** The hash of what it says. */
  get checksum(): bigint {
    return this.#long(HEAD.checksum);
  }

  /** Its bytes, head included. */
  get bytes(): Uint8Array {
    return this.#bytes(this.#at, 4 * this.#head(HEAD.words));
  }

  /** Whether it was made from bytes of this hash, in this form. */
  isOf(source: bigint, form: CodeForm): boolean {
    return this.#long(HEAD.source) === source && this.form === form;
  }

  /** False when what was written is not what is there. */
  isWhole(checksum: Checksum): boolean {
    const lists =
      RANGE_WORDS * this.#head(HEAD.ranges) + this.#head(HEAD.targets) + this.#head(HEAD.returnSites) + this.#head(HEAD.relocations);
    const byteCount = this.#head(HEAD.siteBytes) + this.#head(HEAD.bodyBytes) + this.#head(HEAD.nameBytes);
    const length = this.#head(HEAD.words);
    if (HEAD_WORDS + lists + Math.ceil(byteCount / 4) > length) return false;
    const content = this.#bytes(this.#at + HEAD.entry, 4 * (length - HEAD.entry));
    return checksum(content) === this.checksum;
  }

  /** What is to be checked before the unit is used. */
  kept(): KeptUnit {
    const start = this.#at + HEAD_WORDS;
    const ranges = Array.from({ length: this.#head(HEAD.ranges) }, (_, n) => {
      const at = start + RANGE_WORDS * n;
      return { start: this.#words[at] as number, end: this.#words[at + 1] as number, isCode: this.#words[at + 2] === 1 };
    });
    const names = this.#part(2);
    return {
      entry: this.entry,
      form: this.form,
      source: this.#long(HEAD.source),
      ranges,
      stubNames: names.length === 0 ? [] : decoder.decode(names).split("\n"),
    };
  }

  /** The unit, with views of the record's bytes. */
  unit({ ranges }: KeptUnit, stubs: readonly Stub[]): TranslatedUnit {
    const lists = [HEAD.targets, HEAD.returnSites, HEAD.relocations].map((count) => this.#head(count));
    let at = this.#at + HEAD_WORDS + RANGE_WORDS * ranges.length;
    const [targets, returnSites, relocations] = lists.map((count) => this.#words.subarray(at, (at += count))) as [
      Uint32Array,
      Uint32Array,
      Uint32Array,
    ];
    return {
      entry: this.entry,
      body: this.#part(1),
      relocations,
      stubs,
      targets,
      ranges: ranges.map(({ start, end }) => [start, end] as const),
      returnSites,
      // A copy: what was read from the disk is not held for it.
      sites: this.#part(0).slice(),
      instructionCount: this.#head(HEAD.instructionCount),
      form: this.form,
      isChanging: false,
      isPortable: true,
    };
  }

  #head(field: number): number {
    return this.#words[this.#at + field] as number;
  }

  #long(field: number): bigint {
    return longAt(this.#words, this.#at + field);
  }

  #bytes(word: number, length: number): Uint8Array {
    return new Uint8Array(this.#words.buffer, this.#words.byteOffset + 4 * word, length);
  }

  /** Of the byte parts: the sites, the body, the names. */
  #part(n: 0 | 1 | 2): Uint8Array {
    const lists =
      RANGE_WORDS * this.#head(HEAD.ranges) + this.#head(HEAD.targets) + this.#head(HEAD.returnSites) + this.#head(HEAD.relocations);
    const before = [0, this.#head(HEAD.siteBytes), this.#head(HEAD.siteBytes) + this.#head(HEAD.bodyBytes)][n] as number;
    const length = this.#head([HEAD.siteBytes, HEAD.bodyBytes, HEAD.nameBytes][n] as number);
    const start = this.#words.byteOffset + 4 * (this.#at + HEAD_WORDS + lists) + before;
    return new Uint8Array(this.#words.buffer, start, length);
  }
}

/** The records from `start` on, up to the first place where none is. `end` is where that is, in words. */
export function readRecords(words: Uint32Array, start: number): { records: UnitRecord[]; end: number } {
  const records: UnitRecord[] = [];
  let at = start;
  while (at + HEAD_WORDS <= words.length && words[at + HEAD.magic] === MAGIC) {
    const length = words[at + HEAD.words] as number;
    if (length < HEAD_WORDS || length % 2 !== 0 || at + length > words.length) break;
    records.push(new UnitRecord(words, at));
    at += length;
  }
  return { records, end: at };
}
