import { AddressSpace, type CommitBound, type MemoryInformation, type ReserveOptions } from "./address-space.ts";
import { MemoryAccessError } from "./errors.ts";
import { MemoryBudget } from "./memory-budget.ts";
import { GUEST_BASE, PAGE_SIZE, USER_END, WASM_PAGES } from "./layout.ts";
import { PAGE, PAGE_STATE_BIT, type AccessKind } from "./protection.ts";

const READ = PAGE_STATE_BIT.read;
const WRITE = PAGE_STATE_BIT.write;
const utf8 = new TextDecoder("utf-8");
const latin1Chunk = 8192;

let spare: WebAssembly.Memory | undefined;

/**
 * Gives the next guest's memory, zeroed and of WASM_PAGES pages. V8 collects all garbage when one is made, because of its size, and that takes the less time the
 * less has been loaded: hello.exe started 13 ms faster with a memory that was made first of all.
 */
export function offerMemory(memory: WebAssembly.Memory): void {
  spare = memory;
}

/** How a guest's memory is made. */
export interface GuestMemoryOptions {
  readonly limitBytes?: number;
  /** In the place of a limit of its own: what it shares with others. */
  readonly budget?: MemoryBudget;
  readonly pointerSize?: 4 | 8;
  readonly executesData?: boolean;
  /** Where its user space ends: USER_END, or earlier for a program that does not expect addresses that high. A multiple of the allocation granularity. */
  readonly userEnd?: number;
}

/**
 * A guest's memory and address space. Addresses are guest addresses (the low 32 bits of a guest pointer). Every accessor checks the page
 * states, and throws MemoryAccessError; hot users that know better index `bytes` at address - GUEST_BASE.
 */
export class GuestMemory {
  readonly wasm: WebAssembly.Memory;
  readonly bytes: Uint8Array;
  readonly view: DataView;
  /** Bytes of a pointer in the guest: 8 for x86-64, 4 for x86-32. */
  readonly pointerSize: 4 | 8;
  /** Whatever may be read may be run: as for old 32-bit programs, which data execution prevention leaves alone. */
  readonly executesData: boolean;
  /** User space is [GUEST_BASE, userEnd). */
  readonly userEnd: number;
  /** Called after protections or contents of executable pages may have changed: the translator drops what it made from [start, end). */
  onProtectionChange: (start: number, end: number) => void = () => {};
  #far: { readonly start: number; readonly end: number; readonly high: number } | undefined;
  readonly #space: AddressSpace;
  readonly #states: Uint8Array;
  readonly #words: Uint16Array;

  constructor({
    limitBytes = Infinity,
    budget = new MemoryBudget(limitBytes),
    pointerSize = 8,
    executesData = false,
    userEnd = USER_END,
  }: GuestMemoryOptions = {}) {
    this.pointerSize = pointerSize;
    this.executesData = executesData;
    this.userEnd = userEnd;
    this.wasm = spare ?? new WebAssembly.Memory({ initial: WASM_PAGES, maximum: WASM_PAGES });
    spare = undefined;
    this.bytes = new Uint8Array(this.wasm.buffer);
    this.view = new DataView(this.wasm.buffer);
    this.#words = new Uint16Array(this.wasm.buffer);
    this.#space = new AddressSpace(this.bytes, budget, userEnd);
    this.#states = this.#space.states;
  }

  get bounds(): Set<CommitBound> {
    return this.#space.bounds;
  }

  get committedBytes(): number {
    return this.#space.committedBytes;
  }

  /** The most bytes that were committed at a time. */
  get peakCommittedBytes(): number {
    return this.#space.peakCommittedBytes;
  }

  u8(address: number): number {
    this.#check(address, 1, READ, "read");
    return this.view.getUint8(address - GUEST_BASE);
  }

  u16(address: number): number {
    this.#check(address, 2, READ, "read");
    return this.view.getUint16(address - GUEST_BASE, true);
  }

  u32(address: number): number {
    this.#check(address, 4, READ, "read");
    return this.view.getUint32(address - GUEST_BASE, true);
  }

  i32(address: number): number {
    this.#check(address, 4, READ, "read");
    return this.view.getInt32(address - GUEST_BASE, true);
  }

  u64(address: number): bigint {
    this.#check(address, 8, READ, "read");
    return this.view.getBigUint64(address - GUEST_BASE, true);
  }

  /** A pointer's low 32 bits; all of it must be readable. */
  pointer(address: number): number {
    this.#check(address, this.pointerSize, READ, "read");
    return this.view.getUint32(address - GUEST_BASE, true);
  }

  /** All bits of a value of a pointer's size. */
  word(address: number): bigint {
    return this.pointerSize === 8 ? this.u64(address) : BigInt(this.u32(address));
  }

  f32(address: number): number {
    this.#check(address, 4, READ, "read");
    return this.view.getFloat32(address - GUEST_BASE, true);
  }

  f64(address: number): number {
    this.#check(address, 8, READ, "read");
    return this.view.getFloat64(address - GUEST_BASE, true);
  }

  setU8(address: number, value: number): void {
    this.#check(address, 1, WRITE, "write");
    this.view.setUint8(address - GUEST_BASE, value);
  }

  setU16(address: number, value: number): void {
    this.#check(address, 2, WRITE, "write");
    this.view.setUint16(address - GUEST_BASE, value, true);
  }

  setU32(address: number, value: number): void {
    this.#check(address, 4, WRITE, "write");
    this.view.setUint32(address - GUEST_BASE, value, true);
  }

  setI32(address: number, value: number): void {
    this.#check(address, 4, WRITE, "write");
    this.view.setInt32(address - GUEST_BASE, value, true);
  }

  setU64(address: number, value: bigint): void {
    this.#check(address, 8, WRITE, "write");
    this.view.setBigUint64(address - GUEST_BASE, value, true);
  }

  /** Writes a pointer; the high half of one of 64 bits is zero, but for what points into a far region. */
  setPointer(address: number, value: number): void {
    this.#check(address, this.pointerSize, WRITE, "write");
    this.view.setUint32(address - GUEST_BASE, value, true);
    if (this.pointerSize === 8) this.view.setUint32(address + 4 - GUEST_BASE, this.highHalf(value), true);
  }

  /**
   * Says that a range stands for one above 4 GiB: an image without relocations that was linked there lies at the low half of its addresses, and what
   * points into it carries the high half. There is one at most: the program.
   */
  setFarRegion(start: number, size: number, high: number): void {
    this.#far = { start, end: start + size, high };
  }

  /** The high half that pointers into the far region carry; 0 where there is none. */
  get farHigh(): number {
    return this.#far?.high ?? 0;
  }

  /** The high half of a pointer to an address. */
  highHalf(address: number): number {
    const far = this.#far;
    return far !== undefined && address >= far.start && address <= far.end ? far.high : 0;
  }

  /** Writes a value of a pointer's size; one of 32 bits takes the low half. */
  setWord(address: number, value: bigint): void {
    if (this.pointerSize === 8) this.setU64(address, value);
    else this.setU32(address, Number(BigInt.asUintN(32, value)));
  }

  setF32(address: number, value: number): void {
    this.#check(address, 4, WRITE, "write");
    this.view.setFloat32(address - GUEST_BASE, value, true);
  }

  setF64(address: number, value: number): void {
    this.#check(address, 8, WRITE, "write");
    this.view.setFloat64(address - GUEST_BASE, value, true);
  }

  /** A copy of a range. */
  read(address: number, length: number): Uint8Array {
    return this.slice(address, length).slice();
  }

  /** A live view of a readable range: never kept across a wait. */
  slice(address: number, length: number): Uint8Array {
    this.#check(address, length, READ, "read");
    return this.bytes.subarray(address - GUEST_BASE, address - GUEST_BASE + length);
  }

  /** A live view of a range that may be written: never kept across a wait. */
  writableSlice(address: number, length: number): Uint8Array {
    this.#check(address, length, WRITE, "write");
    return this.bytes.subarray(address - GUEST_BASE, address - GUEST_BASE + length);
  }

  write(address: number, bytes: Uint8Array): void {
    this.#check(address, bytes.length, WRITE, "write");
    this.bytes.set(bytes, address - GUEST_BASE);
  }

  /** memmove's copy. */
  copy(to: number, from: number, length: number): void {
    this.#check(from, length, READ, "read");
    this.#check(to, length, WRITE, "write");
    this.bytes.copyWithin(to - GUEST_BASE, from - GUEST_BASE, from - GUEST_BASE + length);
  }

  fill(address: number, value: number, length: number): void {
    this.#check(address, length, WRITE, "write");
    this.bytes.fill(value, address - GUEST_BASE, address - GUEST_BASE + length);
  }

  /** The length in bytes of a NUL-terminated byte string, at most `maxBytes`. */
  cstringLength(address: number, maxBytes = Infinity): number {
    let at = address;
    const stop = address + maxBytes;
    while (at < stop) {
      const pageEnd = Math.min((Math.floor(at / PAGE_SIZE) + 1) * PAGE_SIZE, stop);
      this.#check(at, 1, READ, "read");
      const found = this.bytes.subarray(at - GUEST_BASE, pageEnd - GUEST_BASE).indexOf(0);
      if (found >= 0) return at + found - address;
      at = pageEnd;
    }
    return maxBytes;
  }

  /** A NUL-terminated byte string. */
  cstring(address: number, encoding: "latin1" | "utf-8" = "latin1", maxBytes = Infinity): string {
    const bytes = this.slice(address, this.cstringLength(address, maxBytes));
    if (encoding === "utf-8") return utf8.decode(bytes);
    let text = "";
    for (let i = 0; i < bytes.length; i += latin1Chunk) text += String.fromCharCode(...bytes.subarray(i, i + latin1Chunk));
    return text;
  }

  /** The length in UTF-16 units of a NUL-terminated wide string, at most `maxChars`. */
  wstringLength(address: number, maxChars = Infinity): number {
    let chars = 0;
    while (chars < maxChars) {
      if (this.u16(address + 2 * chars) === 0) return chars;
      chars++;
    }
    return maxChars;
  }

  /** A NUL-terminated UTF-16 string; lone surrogates stay as they are. */
  wstring(address: number, maxChars = Infinity): string {
    return this.utf16(address, this.wstringLength(address, maxChars));
  }

  /** UTF-16 text of a known length. */
  utf16(address: number, chars: number): string {
    this.#check(address, 2 * chars, READ, "read");
    let text = "";
    if ((address & 1) === 0) {
      const start = (address - GUEST_BASE) / 2;
      for (let i = 0; i < chars; i += latin1Chunk)
        text += String.fromCharCode(...this.#words.subarray(start + i, start + Math.min(chars, i + latin1Chunk)));
    } else {
      for (let i = 0; i < chars; i++) text += String.fromCharCode(this.view.getUint16(address - GUEST_BASE + 2 * i, true));
    }
    return text;
  }

  /** Writes UTF-16 text with no terminator. */
  setUtf16(address: number, text: string): void {
    this.#check(address, 2 * text.length, WRITE, "write");
    for (let i = 0; i < text.length; i++) this.view.setUint16(address - GUEST_BASE + 2 * i, text.charCodeAt(i), true);
  }

  /** Writes UTF-16 text and a NUL, and returns the units without it. */
  setWstring(address: number, text: string): number {
    this.setUtf16(address, `${text}\0`);
    return text.length;
  }

  /** Reserves a range of addresses; undefined when there is no room or the place is taken. */
  reserve(size: number, options?: ReserveOptions): number | undefined {
    return this.#space.reserve(size, options);
  }

  /** The longest run of addresses that nobody has reserved, in bytes. */
  get longestFreeBytes(): number {
    return this.#space.longestFreeBytes;
  }

  /** Commits pages of a reservation, zero-filled. False when part is not reserved; MemoryLimitError past the limit. */
  commit(address: number, size: number, protection: number): boolean {
    const done = this.#space.commit(address, size, protection);
    if (done) this.onProtectionChange(address, address + size);
    return done;
  }

  /** Reserves and commits in one step. */
  allocate(size: number, protection: number, options?: ReserveOptions): number | undefined {
    const base = this.reserve(size, { protection, ...options });
    if (base === undefined) return undefined;
    try {
      this.commit(base, size, protection);
    } catch (error) {
      this.release(base);
      throw error;
    }
    return base;
  }

  decommit(address: number, size: number): boolean {
    const done = this.#space.decommit(address, size);
    if (done) this.onProtectionChange(address, address + size);
    return done;
  }

  release(base: number): boolean {
    const size = this.#space.allocationAt(base)?.size ?? 0;
    const done = this.#space.release(base);
    if (done) this.onProtectionChange(base, base + size);
    return done;
  }

  /** Changes the protection of committed pages, and returns the first page's old one; undefined when that cannot be. */
  protect(address: number, size: number, protection: number): number | undefined {
    const old = this.#space.protect(address, size, protection);
    if (old !== undefined) this.onProtectionChange(address, address + size);
    return old;
  }

  /** Takes the guard off the page at an address: the first access to it does that. False when it has none. */
  takeGuard(address: number): boolean {
    const page = Math.floor(address / PAGE_SIZE) * PAGE_SIZE;
    const { state, protection } = this.query(page);
    if (state !== "commit" || (protection & PAGE.GUARD) === 0) return false;
    return this.protect(page, PAGE_SIZE, protection & ~PAGE.GUARD) !== undefined;
  }

  query(address: number): MemoryInformation {
    return this.#space.query(address);
  }

  /** The base and size of the allocation that holds an address. */
  allocationAt(address: number): { readonly base: number; readonly size: number } | undefined {
    return this.#space.allocationAt(address);
  }

  accessible(address: number, size: number, kind: AccessKind): boolean {
    return this.#allowed(address, size, PAGE_STATE_BIT[kind === "execute" && this.executesData ? "read" : kind]);
  }

  #check(address: number, size: number, bit: number, kind: AccessKind): void {
    if (!this.#allowed(address, size, bit)) throw new MemoryAccessError(address, size, kind);
  }

  /** Runs for every access that an API function makes: one or two table look-ups. */
  #allowed(address: number, size: number, bit: number): boolean {
    if (size === 0) return true;
    if (!(address >= GUEST_BASE && size > 0 && address + size <= USER_END)) return false;
    const last = (address + size - 1) >>> 12;
    for (let page = address >>> 12; page <= last; page++) if (((this.#states[page] ?? 0) & bit) === 0) return false;
    return true;
  }
}
