import type { GuestMemory } from "@decant/memory";
import type { Guarding } from "./access-checks.ts";
import { isWritable, type Range } from "./changing-code.ts";
import type { TranslatedUnit } from "./link.ts";
import type { Stub } from "./stub.ts";
import { encodeUnit, readRecords, stubName, type Checksum, type KeptUnit, type UnitRecord } from "./unit-record.ts";

/** Where a program's translations are kept from one run to the next: a run of bytes that grows. None of its functions may throw. */
export interface TranslationStorage {
  /** What makes translations good for this program and this translator, and no other: they are kept with it. */
  readonly key: string;
  /** All that is kept, at an address that is a multiple of 8. */
  load(): Uint8Array | undefined;
  /** Adds at the end, in one piece, whoever else does at the same time. */
  append(bytes: Uint8Array): void;
  /** Puts bytes in place of all that is kept. */
  replace(bytes: Uint8Array): void;
}

/** What a machine tells its cache. */
export interface CacheSurroundings {
  readonly memory: GuestMemory;
  /** Stubs by name (`stubName`). */
  stubs(): ReadonlyMap<string, Stub>;
  guarding(entry: number): Guarding;
  /** Hashes the guest's bytes in the ranges. */
  hashGuest(ranges: readonly Range[]): bigint;
  readonly hashBytes: Checksum;
}

/** Bodies that are linked at a time. */
const MAX_TAKEN_BYTES = 16 * 2 ** 20;
/** Records that wait to be written are written when there are more bytes of them. */
const MAX_PENDING_BYTES = 2 * 2 ** 20;
/** More than this is not kept for a program: what the run at hand made is kept instead. */
const MAX_KEPT_BYTES = 64 * 2 ** 20;

const encoder = new TextEncoder();

/**
 * Translations of earlier runs. Everything that a unit was made from, beyond the translator itself, is compared before it is used: its bytes by their hash, what
 * may be done with their pages, and the API functions by name.
 */
export class TranslationCache {
  readonly #storage: TranslationStorage;
  readonly #around: CacheSurroundings;
  readonly #header: Uint8Array;
  /** Records by entry; the newest is tried first. Those of other bytes stay: code that a program unpacks lies where its packed form lay. */
  #records: Map<number, UnitRecord[]> | undefined;
  /** Entries of which no record was taken so far. */
  readonly #untaken = new Set<number>();
  /** What was added in this run. */
  readonly #added = new Set<string>();
  #all: readonly UnitRecord[] = [];
  #isDamaged = false;
  #keptBytes = 0;
  #pending: Uint8Array[] = [];
  #pendingBytes = 0;

  constructor(storage: TranslationStorage, around: CacheSurroundings) {
    this.#storage = storage;
    this.#around = around;
    this.#header = headerOf(storage.key);
  }

  /** The unit at an address, if one is kept that is still true, and with it others that are: whoever ran this program before needed them. */
  take(entry: number): TranslatedUnit[] {
    this.#records ??= this.#load();
    const wanted = this.#takeAt(entry);
    if (wanted === undefined) return [];
    const units = [wanted];
    let bytes = wanted.body.length;
    for (const other of this.#untaken) {
      if (bytes >= MAX_TAKEN_BYTES) break;
      const unit = this.#takeAt(other);
      if (unit === undefined) continue;
      units.push(unit);
      bytes += unit.body.length;
    }
    return units;
  }

  /** Says that what was taken is no longer in use: it is taken again together with what it needs. */
  giveBack(): void {
    for (const entry of this.#records?.keys() ?? []) this.#untaken.add(entry);
  }

  /** Keeps what was translated. */
  add(units: readonly TranslatedUnit[]): void {
    for (const unit of units) {
      const kept = this.#describe(unit);
      if (kept === undefined || this.#isKept(kept)) continue;
      const record = encodeUnit(unit, kept, this.#around.hashBytes);
      this.#pending.push(record);
      this.#pendingBytes += record.length;
    }
    if (this.#pendingBytes > MAX_PENDING_BYTES) this.flush();
  }

  /** Writes what was added. */
  flush(): void {
    if (this.#pending.length === 0 && !this.#isDamaged) return;
    this.#records ??= this.#load();
    const isFull = this.#keptBytes + this.#pendingBytes > MAX_KEPT_BYTES;
    if (this.#keptBytes > 0 && !isFull && !this.#isDamaged) this.#storage.append(join(this.#pending));
    else {
      const old = isFull ? [] : this.#all.filter((record) => record.isWhole(this.#around.hashBytes)).map(({ bytes }) => bytes);
      const content = join([this.#header, ...old, ...this.#pending]);
      this.#storage.replace(content);
      this.#keptBytes = content.length - this.#pendingBytes;
      this.#isDamaged = false;
    }
    this.#keptBytes += this.#pendingBytes;
    this.#pending = [];
    this.#pendingBytes = 0;
  }

  #load(): Map<number, UnitRecord[]> {
    const byEntry = new Map<number, UnitRecord[]>();
    const bytes = this.#storage.load();
    const header = this.#header;
    if (bytes === undefined || bytes.length < header.length || header.some((byte, i) => bytes[i] !== byte)) return byEntry;
    const words = new Uint32Array(bytes.buffer, bytes.byteOffset, Math.floor(bytes.length / 4));
    const { records, end } = readRecords(words, header.length / 4);
    for (const record of records) {
      const others = byEntry.get(record.entry);
      if (others === undefined) byEntry.set(record.entry, [record]);
      else others.push(record);
      this.#untaken.add(record.entry);
    }
    this.#all = records;
    this.#keptBytes = bytes.length;
    this.#isDamaged = 4 * end !== bytes.length;
    return byEntry;
  }

  /** The newest true record at an entry. */
  #takeAt(entry: number): TranslatedUnit | undefined {
    const records = this.#records?.get(entry);
    if (records === undefined || !this.#around.memory.accessible(entry, 1, "execute")) return undefined;
    for (let n = records.length - 1; n >= 0; n--) {
      const record = records[n] as UnitRecord;
      if (!record.isWhole(this.#around.hashBytes)) {
        this.#isDamaged = true;
        records.splice(n, 1);
        continue;
      }
      const kept = record.kept();
      const stubs = this.#stubsOf(kept);
      if (stubs === undefined || !this.#isTrue(kept)) continue;
      this.#untaken.delete(entry);
      return record.unit(kept, stubs);
    }
    return undefined;
  }

  /** True of what is kept already, by this run or an earlier one: code that is protected and freed again and again is translated as often. */
  #isKept({ entry, source, guarding }: KeptUnit): boolean {
    this.#records ??= this.#load();
    if (this.#records.get(entry)?.some((record) => record.isOf(source, guarding))) return true;
    const id = `${entry} ${source} ${guarding}`;
    if (this.#added.has(id)) return true;
    this.#added.add(id);
    return false;
  }

  #isTrue({ entry, guarding, ranges, source }: KeptUnit): boolean {
    const { memory } = this.#around;
    for (const { start, end, isCode } of ranges) {
      if (end <= start || !memory.accessible(start, end - start, isCode ? "execute" : "read") || isWritable([start, end], memory))
        return false;
    }
    if (this.#around.guarding(entry) !== guarding) return false;
    return BigInt.asUintN(64, this.#around.hashGuest(ranges.map(({ start, end }) => [start, end] as const))) === source;
  }

  #stubsOf({ stubNames }: KeptUnit): Stub[] | undefined {
    const stubs: Stub[] = [];
    for (const name of stubNames) {
      const stub = this.#around.stubs().get(name);
      if (stub === undefined) return undefined;
      stubs.push(stub);
    }
    return stubs;
  }

  #describe(unit: TranslatedUnit): KeptUnit | undefined {
    const { memory, hashGuest } = this.#around;
    const stubNames = unit.stubs.map(stubName);
    if (!unit.isPortable || stubNames.includes(undefined)) return undefined;
    return {
      entry: unit.entry,
      guarding: unit.guarding,
      source: BigInt.asUintN(64, hashGuest(unit.ranges)),
      ranges: unit.ranges.map(([start, end]) => ({ start, end, isCode: memory.accessible(start, end - start, "execute") })),
      stubNames: stubNames as string[],
    };
  }
}

/** A multiple of eight bytes that says what the records are good for. */
function headerOf(key: string): Uint8Array {
  const text = encoder.encode(`decant translations\n${key}\n`);
  const header = new Uint8Array(8 * Math.ceil((text.length + 1) / 8));
  header.set(text);
  return header;
}

function join(parts: readonly Uint8Array[]): Uint8Array {
  const joined = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    joined.set(part, at);
    at += part.length;
  }
  return joined;
}
