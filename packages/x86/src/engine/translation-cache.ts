import { isFixed } from "./changing-code.ts";
import { formNumber } from "./code-form.ts";
import type { CheckedUnit, Coverage, KeptModules, ModuleSurroundings } from "./kept-modules.ts";
import type { TranslatedUnit } from "./link.ts";
import { headerOf, joinBytes, startsWith, wordsOf, type TranslationStorage } from "./storage.ts";
import type { Stub } from "./stub.ts";
import { encodeUnit, readRecords, stubName, type KeptUnit, type UnitRecord } from "./unit-record.ts";

/** What a machine tells its cache. */
export interface CacheSurroundings extends Pick<ModuleSurroundings, "memory" | "form" | "hashGuest" | "hashBytes"> {
  /** Stubs by name (`stubName`). */
  stubs(): ReadonlyMap<string, Stub>;
}

/** Bodies that are linked at a time. */
const MAX_TAKEN_BYTES = 16 * 2 ** 20;
/** Records that wait to be written are written when there are more bytes of them. */
const MAX_PENDING_BYTES = 2 * 2 ** 20;
/** Modules are made anew when records were added of more than this, and of more than this part of what they cover. */
const RENEWED_BYTES = 64 * 1024;
const RENEWED_PART = 1 / 8;

/**
 * Translations of earlier runs: the records of those that no kept module has. Everything that a unit was made from, beyond the translator itself, is compared before it
 * is used: its bytes by their hash, what may be done with their pages, and the API functions by name.
 */
export class TranslationCache {
  readonly #storage: TranslationStorage["records"];
  readonly #modules: KeptModules;
  readonly #around: CacheSurroundings;
  readonly #header: Uint8Array;
  /** Records by entry; the newest is tried first. Those of other bytes stay: code that a program unpacks lies where its packed form lay. */
  #records: Map<number, UnitRecord[]> | undefined;
  /** Whether what modules cover is among them. */
  #hasCovered = false;
  /** Entries of which no record was taken so far. */
  readonly #untaken = new Set<number>();
  /** What was added in this run. */
  readonly #added = new Set<string>();
  #all: readonly UnitRecord[] = [];
  #isDamaged = false;
  #keptBytes = 0;
  #pending: Uint8Array[] = [];
  #pendingBytes = 0;

  constructor(storage: TranslationStorage, modules: KeptModules, around: CacheSurroundings) {
    this.#storage = storage.records;
    this.#modules = modules;
    this.#around = around;
    this.#header = headerOf("translations", storage.key);
  }

  /** The unit at an address, if one is kept that is still true, and with it others that are: whoever ran this program before needed them. */
  take(entry: number): TranslatedUnit[] {
    this.#load();
    const wanted = this.#takeAt(entry)?.unit;
    if (wanted === undefined) return [];
    const units = [wanted];
    let bytes = wanted.body.length;
    for (const other of this.#untaken) {
      if (bytes >= MAX_TAKEN_BYTES) break;
      if (this.#modules.knows(other, "taken")) continue;
      const unit = this.#takeAt(other)?.unit;
      if (unit === undefined) continue;
      units.push(unit);
      bytes += unit.body.length;
    }
    return units;
  }

  /** Says that modules cannot be used: records of all that they have are to be looked at. */
  coverNothing(): void {
    if (!this.#hasCovered) this.#records = undefined;
    this.#hasCovered = true;
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
    if (this.#pendingBytes > MAX_PENDING_BYTES) this.#flush();
  }

  /** Writes what was added, and makes modules of all that is kept where that is worth while. */
  save(): void {
    this.#flush();
    const covered = this.#modules.coverage?.bytes ?? 0;
    const size = this.#storage.size();
    const isOld = covered === 0 || size < covered || size - covered > Math.max(RENEWED_BYTES, RENEWED_PART * covered);
    if (size === 0 || !isOld || this.#modules.areForeign) return;
    // All of them, those that were just written too.
    this.#hasCovered = true;
    this.#records = undefined;
    const records = this.#load();
    const last = this.#all.at(-1);
    if (last === undefined || this.#isDamaged) return;
    const units = [...records.keys()].flatMap((entry) => this.#takeAt(entry, true) ?? []);
    const coverage = { bytes: this.#keptBytes, lastAt: this.#keptBytes - last.bytes.length, lastChecksum: last.checksum };
    this.#modules.replace(units, coverage);
  }

  #flush(): void {
    if (this.#pending.length === 0 && !this.#isDamaged) return;
    if (this.#isDamaged) this.coverNothing();
    this.#load();
    const isFull = this.#keptBytes + this.#pendingBytes > this.#storage.limitBytes;
    if (this.#keptBytes > 0 && !isFull && !this.#isDamaged) this.#storage.append(joinBytes(this.#pending));
    else {
      const content = joinBytes([this.#header, ...this.#goodRecords(isFull), ...this.#pending]);
      this.#storage.replace(content);
      this.#keptBytes = content.length - this.#pendingBytes;
      this.#isDamaged = false;
    }
    this.#keptBytes += this.#pendingBytes;
    this.#pending = [];
    this.#pendingBytes = 0;
  }

  /** The records that are whole; where all are too many, those of the form that code has by now, unless they alone take half of the room. */
  #goodRecords(isFull: boolean): Uint8Array[] {
    const { form, hashBytes } = this.#around;
    const good = this.#all.filter((record) => record.isWhole(hashBytes) && (!isFull || record.form === form(record.entry)));
    const records = good.map(({ bytes }) => bytes);
    return isFull && records.reduce((sum, { length }) => sum + length, 0) > this.#storage.limitBytes / 2 ? [] : records;
  }

  /** Reads the records that no module covers, or all. */
  #load(): Map<number, UnitRecord[]> {
    if (this.#records !== undefined) return this.#records;
    const coverage = this.#hasCovered ? undefined : this.#modules.coverage;
    const read = (coverage && this.#readAfter(coverage)) ?? this.#readAll();
    this.#records = new Map();
    this.#untaken.clear();
    this.#all = read?.records ?? [];
    this.#keptBytes = read?.bytes ?? 0;
    this.#isDamaged = read?.isDamaged ?? false;
    for (const record of this.#all) {
      const others = this.#records.get(record.entry);
      if (others === undefined) this.#records.set(record.entry, [record]);
      else others.push(record);
      this.#untaken.add(record.entry);
    }
    return this.#records;
  }

  #readAfter({ bytes: covered, lastAt, lastChecksum }: Coverage): Read | undefined {
    const bytes = this.#storage.load(lastAt);
    if (bytes === undefined) return undefined;
    const { records, end } = readRecords(wordsOf(bytes), 0);
    const [last, ...others] = records;
    // What stands there tells whether these are the records that modules were made of.
    if (last === undefined || last.checksum !== lastChecksum || lastAt + last.bytes.length !== covered || 4 * end !== bytes.length)
      return undefined;
    return { records: others, bytes: lastAt + bytes.length, isDamaged: false };
  }

  #readAll(): Read | undefined {
    this.#hasCovered = true;
    const bytes = this.#storage.load(0);
    if (bytes === undefined || !startsWith(bytes, this.#header)) return undefined;
    const { records, end } = readRecords(wordsOf(bytes), this.#header.length / 4);
    return { records, bytes: bytes.length, isDamaged: 4 * end !== bytes.length };
  }

  /** The newest true record at an entry. Where nothing is now, as in a library that was unloaded, it is the newest if that is asked for: a module is checked when it is taken. */
  #takeAt(entry: number, takesAbsent = false): CheckedUnit | undefined {
    const records = this.#load().get(entry);
    const isThere = this.#around.memory.accessible(entry, 1, "execute");
    if (records === undefined || !(isThere || takesAbsent)) return undefined;
    for (let n = records.length - 1; n >= 0; n--) {
      const record = records[n] as UnitRecord;
      if (!record.isWhole(this.#around.hashBytes)) {
        this.#isDamaged = true;
        records.splice(n, 1);
        continue;
      }
      const kept = record.kept();
      const stubs = this.#stubsOf(kept);
      if (stubs === undefined || (isThere && !this.#isTrue(kept))) continue;
      this.#untaken.delete(entry);
      return { unit: record.unit(kept, stubs), kept };
    }
    return undefined;
  }

  /** True of what is kept already, by this run or an earlier one: code that is protected and freed again and again is translated as often. */
  #isKept(kept: KeptUnit): boolean {
    const { entry, source, form } = kept;
    if (
      this.#load()
        .get(entry)
        ?.some((record) => record.isOf(source, form))
    )
      return true;
    if (!this.#hasCovered && this.#modules.has(kept)) return true;
    const id = `${entry} ${source} ${formNumber(form)}`;
    if (this.#added.has(id)) return true;
    this.#added.add(id);
    return false;
  }

  #isTrue({ entry, form, ranges, source }: KeptUnit): boolean {
    const { memory } = this.#around;
    if (!ranges.every(({ start, end, isCode }) => isFixed([start, end], isCode ? "execute" : "read", memory))) return false;
    if (this.#around.form(entry) !== form) return false;
    return this.#around.hashGuest(ranges.map(({ start, end }) => [start, end] as const)) === source;
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
      form: unit.form,
      source: hashGuest(unit.ranges),
      ranges: unit.ranges.map(([start, end]) => ({ start, end, isCode: memory.accessible(start, end - start, "execute") })),
      stubNames: stubNames as string[],
    };
  }
}

/** Records that were read, and up to where the file goes. */
interface Read {
  readonly records: readonly UnitRecord[];
  readonly bytes: number;
  readonly isDamaged: boolean;
}
