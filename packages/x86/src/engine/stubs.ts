import { GUEST_BASE, PAGE_SIZE, type GuestMemory } from "@decant/memory";
import { isWritable } from "./changing-code.ts";
import type { CodeMap } from "./code-map.ts";
import { GATES, stubEntry } from "./layout.ts";
import type { Stub, StubDetails } from "./stub.ts";

/**
 * What a stub looks like to a guest: a nop of two bytes, as functions that may be patched begin with; a nop of seven that holds the index; syscall. Eleven
 * bytes of whole instructions that mean the same anywhere: what patches functions copies some of them and goes on behind, or calls the copy.
 */
const NOP_2 = [0x66, 0x90] as const;
/** nop dword [rax+disp32] */
const NOP_7 = [0x0f, 0x1f, 0x80] as const;
const SYSCALL = [0x0f, 0x05] as const;
/** From a stub's address to its syscall, and from the long nop there. */
const SYSCALL_OFFSET = 9;
const NOP_7_BYTES = 7;

/** A stub's code but for its index. */
const CODE = Uint8Array.of(...NOP_2, ...NOP_7, 0, 0, 0, 0, ...SYSCALL);
const INDEX_OFFSET = NOP_2.length + NOP_7.length;

/** Bytes from one stub of a row to the next. */
const ROW_STEP = 16;

/** Stubs one after another, with indices one after another: a DLL has thousands, of which a program calls few. */
interface Row {
  readonly address: number;
  readonly index: number;
  readonly count: number;
  readonly describe: (n: number) => StubDetails;
}

/** The API functions that a guest can call: by address while their code is as we wrote it, and by that code wherever the guest has put it. */
export class Stubs {
  /** Those that were set by themselves, or looked at. */
  readonly #all = new Map<number, Stub>();
  /** Those whose code the guest has changed, or may change: reaching the address is no call. */
  readonly #changed = new Set<number>();
  readonly #addresses: (number | undefined)[] = [];
  readonly #rows: Row[] = [];
  readonly #rowOfPage = new Map<number, Row>();
  readonly #byPage = new Map<number, number[]>();
  readonly #memory: GuestMemory;
  readonly #codeMap: CodeMap;

  constructor(memory: GuestMemory, codeMap: CodeMap) {
    this.#memory = memory;
    this.#codeMap = codeMap;
  }

  /** Adds a stub, and writes its code; or replaces what is known of one, and returns true. */
  set(stub: Stub): boolean {
    const { address, index } = stub;
    const isReplaced = this.at(address) !== undefined;
    this.#all.set(address, stub);
    this.#addresses[index] = address;
    if (isReplaced) return true;
    this.#write(address, index);
    const page = Math.floor(address / PAGE_SIZE);
    const others = this.#byPage.get(page);
    if (others === undefined) this.#byPage.set(page, [address]);
    else others.push(address);
    return false;
  }

  /** Adds a row of stubs, and writes their code. The pages that it begins on are its own; what a stub is called is asked when it is looked at. */
  setRow(row: Row): void {
    this.#rows.push(row);
    for (let n = 0; n < row.count; n++) this.#write(row.address + n * ROW_STEP, row.index + n);
    for (let at = row.address; at < row.address + row.count * ROW_STEP; at += PAGE_SIZE)
      this.#rowOfPage.set(Math.floor(at / PAGE_SIZE), row);
  }

  #write(address: number, index: number): void {
    this.#memory.bytes.set(CODE, address - GUEST_BASE);
    this.#memory.view.setUint32(address - GUEST_BASE + INDEX_OFFSET, index, true);
  }

  /** Those whose code is untouched, on pages that nobody can write to: reaching the address is the call. */
  intactAt(address: number): Stub | undefined {
    const stub = this.at(address);
    return stub === undefined || this.#changed.has(address) ? undefined : stub;
  }

  /** All that are intact. */
  *intact(): Generator<Stub> {
    for (const { address, count } of this.#rows) for (let n = 0; n < count; n++) this.at(address + n * ROW_STEP);
    for (const stub of this.#all.values()) if (!this.#changed.has(stub.address)) yield stub;
  }

  at(address: number): Stub | undefined {
    return this.#all.get(address) ?? this.#make(address);
  }

  /** One of a row that is looked at for the first time. */
  #make(address: number): Stub | undefined {
    const row = this.#rowOfPage.get(Math.floor(address / PAGE_SIZE));
    if (row === undefined) return undefined;
    const n = (address - row.address) / ROW_STEP;
    if (!Number.isInteger(n) || n >= row.count) return undefined;
    const { intrinsic, name } = row.describe(n);
    const stub = { address, index: row.index + n, intrinsic, name };
    this.#all.set(address, stub);
    return stub;
  }

  /** Hot: every API call asks. */
  addressOf(index: number): number | undefined {
    return this.#addresses[index] ?? this.#placeInRow(index);
  }

  #placeInRow(index: number): number | undefined {
    const row = this.#rows.find((one) => index >= one.index && index < one.index + one.count);
    return row && (this.#addresses[index] = row.address + (index - row.index) * ROW_STEP);
  }

  /** Puts a stub that is reached for the first time into the code map; false when there is none. */
  enter(address: number): boolean {
    const stub = this.intactAt(address);
    if (stub !== undefined) this.#codeMap.set(address, stubEntry(stub.index));
    return stub !== undefined;
  }

  /** An address that calls a function whatever the guest has put in the place of its stub. */
  gateOf(index: number): number | undefined {
    const address = this.addressOf(index);
    if (address === undefined || !this.#changed.has(address)) return address;
    const gate = GATES + index;
    this.#codeMap.set(gate, stubEntry(index));
    return gate;
  }

  /** The stub whose code, or a copy of it, the syscall at an address belongs to, with the bytes that say so. */
  ofSyscall(address: number): { stub: Stub; bytes: readonly [start: number, end: number] } | undefined {
    const { bytes, view } = this.#memory;
    const nop = address - NOP_7_BYTES;
    const isCopy = this.#memory.accessible(nop, NOP_7_BYTES, "execute") && NOP_7.every((byte, i) => bytes[nop + i - GUEST_BASE] === byte);
    const index = isCopy ? view.getUint32(nop + NOP_7.length - GUEST_BASE, true) : undefined;
    const copied = index === undefined ? undefined : this.at(this.addressOf(index) ?? -1);
    if (copied !== undefined) return { stub: copied, bytes: [nop, address] };
    // Where the beginning was overwritten, what was there goes on here.
    const stub = this.at(address - SYSCALL_OFFSET);
    return stub === undefined ? undefined : { stub, bytes: [address, address] };
  }

  /** Finds out which stubs on the pages of [start, end) the guest has patched, or may, and which are as they were again; true when some are not what they were. */
  recheck(start: number, end: number): boolean {
    let hasChanged = false;
    const check = (page: number): void => {
      for (const address of this.#onPage(page)) hasChanged = this.#check(address) || hasChanged;
    };
    const first = Math.floor(start / PAGE_SIZE);
    const last = Math.ceil(end / PAGE_SIZE);
    if (last - first < this.#byPage.size + this.#rowOfPage.size) for (let page = first; page < last; page++) check(page);
    else
      for (const pages of [this.#byPage, this.#rowOfPage]) for (const page of pages.keys()) if (page >= first && page < last) check(page);
    return hasChanged;
  }

  /** The addresses of a page's stubs. */
  #onPage(page: number): readonly number[] {
    const row = this.#rowOfPage.get(page);
    if (row === undefined) return this.#byPage.get(page) ?? [];
    const first = page * PAGE_SIZE;
    const count = Math.min(PAGE_SIZE, row.address + row.count * ROW_STEP - first) / ROW_STEP;
    return Array.from({ length: count }, (_, n) => first + n * ROW_STEP);
  }

  #indexAt(address: number): number | undefined {
    const row = this.#rowOfPage.get(Math.floor(address / PAGE_SIZE));
    return row === undefined ? this.#all.get(address)?.index : row.index + (address - row.address) / ROW_STEP;
  }

  #isAsWritten(address: number): boolean {
    const { bytes, view } = this.#memory;
    const start = address - GUEST_BASE;
    for (let i = 0; i < CODE.length; i++) {
      const isIndex = i >= INDEX_OFFSET && i < INDEX_OFFSET + 4;
      if (!isIndex && bytes[start + i] !== CODE[i]) return false;
    }
    return view.getUint32(start + INDEX_OFFSET, true) === this.#indexAt(address);
  }

  #check(address: number): boolean {
    const isIntact =
      this.#isAsWritten(address) &&
      this.#memory.accessible(address, CODE.length, "execute") &&
      !isWritable([address, address + CODE.length], this.#memory);
    if (isIntact !== this.#changed.has(address)) return false;
    if (isIntact) this.#changed.delete(address);
    else this.#changed.add(address);
    // It is entered again when it is reached.
    this.#codeMap.set(address, 0);
    return true;
  }
}
