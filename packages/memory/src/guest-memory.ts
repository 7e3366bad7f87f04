import { AddressSpace } from "./address-space.ts";
import type { MemoryRegion, ReserveOptions } from "./address-space.ts";
import { MemoryAccessError } from "./errors.ts";
import { GUEST_BASE, PAGE_STATE, SYSTEM_END, WASM_PAGES } from "./layout.ts";
import { ACCESS_BIT, PAGE_STATE_BIT } from "./protection.ts";
import type { AccessKind } from "./protection.ts";
import { decodeBytes, decodeUtf16 } from "./text.ts";
import type { ByteEncoding } from "./text.ts";

const { READ, WRITE } = PAGE_STATE_BIT;

/**
 * A guest's memory: a WebAssembly memory made whole at the start, the state of its pages, and accessors that check it. Addresses are guest
 * addresses, numbers from 0 to 2^32 - 1; larger values count by their low 32 bits. Every accessor throws MemoryAccessError for a page that
 * does not allow the access.
 *
 * Hot path: scalar accessors run several times in every API call and cost a few ns each.
 */
export class GuestMemory {
  readonly wasm: WebAssembly.Memory;
  /** The whole memory, unchecked: index = guest address - GUEST_BASE. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** The whole memory, unchecked: offset = guest address - GUEST_BASE. */
  readonly view: DataView<ArrayBuffer>;
  /** Called after pages in [start, end) changed protection or were given back, so that translated code of them can be dropped. */
  onProtectionChange: (start: number, end: number) => void = () => {};
  readonly #space: AddressSpace;
  readonly #states: Uint8Array;
  readonly #units: Uint16Array;

  /** `limitBytes` bounds what may be committed at a time; without it only the address space does. */
  constructor(options: { limitBytes?: number } = {}) {
    this.wasm = new WebAssembly.Memory({ initial: WASM_PAGES, maximum: WASM_PAGES });
    const buffer = this.wasm.buffer as ArrayBuffer;
    this.bytes = new Uint8Array(buffer);
    this.view = new DataView(buffer);
    this.#units = new Uint16Array(buffer);
    this.#space = new AddressSpace(
      {
        zero: (address, size) => void this.bytes.fill(0, address - GUEST_BASE, address - GUEST_BASE + size),
        publish: (first, end) => this.bytes.set(this.#states.subarray(first, end), PAGE_STATE - GUEST_BASE + first),
      },
      options.limitBytes ?? Infinity,
    );
    this.#states = this.#space.states;
  }

  u8(address: number): number {
    address >>>= 0;
    if ((this.#states[address >>> 12]! & READ) === 0) deny(address, 1, "read");
    return this.bytes[address - GUEST_BASE]!;
  }

  u16(address: number): number {
    return this.view.getUint16(this.#offset(address, 2, READ), true);
  }

  u32(address: number): number {
    return this.view.getUint32(this.#offset(address, 4, READ), true);
  }

  i32(address: number): number {
    return this.view.getInt32(this.#offset(address, 4, READ), true);
  }

  u64(address: number): bigint {
    return this.view.getBigUint64(this.#offset(address, 8, READ), true);
  }

  f32(address: number): number {
    return this.view.getFloat32(this.#offset(address, 4, READ), true);
  }

  f64(address: number): number {
    return this.view.getFloat64(this.#offset(address, 8, READ), true);
  }

  setU8(address: number, value: number): void {
    address >>>= 0;
    if ((this.#states[address >>> 12]! & WRITE) === 0) deny(address, 1, "write");
    this.bytes[address - GUEST_BASE] = value;
  }

  setU16(address: number, value: number): void {
    this.view.setUint16(this.#offset(address, 2, WRITE), value, true);
  }

  setU32(address: number, value: number): void {
    this.view.setUint32(this.#offset(address, 4, WRITE), value, true);
  }

  setI32(address: number, value: number): void {
    this.view.setInt32(this.#offset(address, 4, WRITE), value, true);
  }

  /** Stores the low 64 bits of the value. */
  setU64(address: number, value: bigint): void {
    this.view.setBigUint64(this.#offset(address, 8, WRITE), value, true);
  }

  setF32(address: number, value: number): void {
    this.view.setFloat32(this.#offset(address, 4, WRITE), value, true);
  }

  setF64(address: number, value: number): void {
    this.view.setFloat64(this.#offset(address, 8, WRITE), value, true);
  }

  /** A copy of a range. */
  read(address: number, length: number): Uint8Array<ArrayBuffer> {
    const offset = this.#range(address, length, "read");
    return this.bytes.slice(offset, offset + length);
  }

  /** A live view of a readable range. Never keep it across a wait: the guest may free the pages. */
  slice(address: number, length: number): Uint8Array<ArrayBuffer> {
    const offset = this.#range(address, length, "read");
    return this.bytes.subarray(offset, offset + length);
  }

  /** A live view of a writable range, for a host call that fills it. Never keep it across a wait. */
  writable(address: number, length: number): Uint8Array<ArrayBuffer> {
    const offset = this.#range(address, length, "write");
    return this.bytes.subarray(offset, offset + length);
  }

  write(address: number, bytes: Uint8Array): void {
    this.bytes.set(bytes, this.#range(address, bytes.length, "write"));
  }

  fill(address: number, value: number, length: number): void {
    const offset = this.#range(address, length, "write");
    this.bytes.fill(value, offset, offset + length);
  }

  /** The bytes up to a NUL (or `maxBytes` of them, if no NUL comes first) as text. */
  cstring(address: number, encoding: ByteEncoding = "latin1", maxBytes = Infinity): string {
    const length = this.cstringLength(address, maxBytes);
    return decodeBytes(this.bytes, (address >>> 0) - GUEST_BASE, length, encoding);
  }

  /** Bytes before the NUL, at most `maxBytes`. */
  cstringLength(address: number, maxBytes = Infinity): number {
    address >>>= 0;
    let at = address;
    const end = Math.min(address + maxBytes, SYSTEM_END);
    while (at < end) {
      if ((this.#states[at >>> 12]! & READ) === 0) deny(at, 1, "read");
      const stop = Math.min(((at | 0xfff) >>> 0) + 1, end);
      for (; at < stop; at++) if (this.bytes[at - GUEST_BASE] === 0) return at - address;
    }
    return at - address;
  }

  /** The UTF-16 text up to a NUL (or `maxChars` code units, if no NUL comes first). Lone surrogates stay as they are. */
  wstring(address: number, maxChars = Infinity): string {
    const length = this.wstringLength(address, maxChars);
    return this.#utf16((address >>> 0) - GUEST_BASE, length);
  }

  /** UTF-16 code units before the NUL, at most `maxChars`. */
  wstringLength(address: number, maxChars = Infinity): number {
    address >>>= 0;
    if ((address & 1) !== 0) return this.#oddWstringLength(address, maxChars);
    let at = address;
    const end = Math.min(address + maxChars * 2, SYSTEM_END);
    while (at < end) {
      if ((this.#states[at >>> 12]! & READ) === 0) deny(at, 2, "read");
      const stop = Math.min(((at | 0xfff) >>> 0) + 1, end);
      for (; at < stop; at += 2) if (this.#units[(at - GUEST_BASE) / 2] === 0) return (at - address) / 2;
    }
    return (at - address) / 2;
  }

  /** `length` UTF-16 code units, NULs included. */
  utf16(address: number, length: number): string {
    return this.#utf16(this.#range(address, length * 2, "read"), length);
  }

  /** Writes UTF-16 text and a NUL; returns the code units written without the NUL. */
  setWstring(address: number, text: string): number {
    this.setUtf16(address, text);
    this.setU16(address + text.length * 2, 0);
    return text.length;
  }

  /** Writes UTF-16 text without a NUL. */
  setUtf16(address: number, text: string): void {
    const offset = this.#range(address, text.length * 2, "write");
    for (let i = 0; i < text.length; i++) this.view.setUint16(offset + i * 2, text.charCodeAt(i), true);
  }

  /** Writes text as bytes (the low byte of each code unit, or UTF-8) and a NUL; returns the bytes written without the NUL. */
  setCstring(address: number, text: string, encoding: ByteEncoding = "latin1"): number {
    const bytes = encoding === "utf-8" ? new TextEncoder().encode(text) : Uint8Array.from(text, (c) => c.charCodeAt(0));
    this.write(address, bytes);
    this.setU8(address + bytes.length, 0);
    return bytes.length;
  }

  /** Reserves a range (VirtualAlloc with MEM_RESERVE) and returns its address; undefined when there is no room or `at` is taken. */
  reserve(size: number, options: ReserveOptions = {}): number | undefined {
    return this.#space.reserve(size, options);
  }

  /** Commits reserved pages, zero-filled; pages that are committed keep their contents and take the protection. Throws AddressSpaceError. */
  commit(address: number, size: number, protection: number): void {
    this.#space.commit(address, size, protection);
    this.#changed(address, size);
  }

  /** Reserves and commits; undefined when there is no room. Throws AddressSpaceError at the limit. */
  allocate(size: number, protection: number, options: ReserveOptions = {}): number | undefined {
    const base = this.#space.reserve(size, { protection, ...options });
    if (base === undefined) return undefined;
    try {
      this.#space.commit(options.at ?? base, size, protection);
    } catch (error) {
      this.#space.release(base);
      throw error;
    }
    return base;
  }

  /** Gives pages back, zeroed; they stay reserved. Throws AddressSpaceError. */
  decommit(address: number, size: number): void {
    this.#space.decommit(address, size);
    this.#changed(address, size);
  }

  /** Frees a whole allocation by the address where it starts. Throws AddressSpaceError. */
  release(address: number): void {
    const size = this.#space.release(address);
    this.#changed(address, size);
  }

  /** Sets the protection of committed pages; returns what the first had. Throws AddressSpaceError. */
  protect(address: number, size: number, protection: number): number {
    const old = this.#space.protect(address, size, protection);
    this.#changed(address, size);
    return old;
  }

  /** The run of alike pages that starts at the address's page. Throws AddressSpaceError at and above USER_END. */
  query(address: number): MemoryRegion {
    return this.#space.query(address);
  }

  /** Whether every page of a range allows an access. */
  accessible(address: number, size: number, kind: AccessKind): boolean {
    if (!(size >= 0) || !(address >= 0) || address + size > SYSTEM_END) return false;
    const bit = ACCESS_BIT[kind];
    const end = Math.ceil((address + size) / 0x1000);
    for (let page = Math.floor(address / 0x1000); page < end; page++) if ((this.#states[page]! & bit) === 0) return false;
    return true;
  }

  get committedBytes(): number {
    return this.#space.committedBytes;
  }

  /** The most that was committed at a time. */
  get peakBytes(): number {
    return this.#space.peakBytes;
  }

  /** Infinity when no limit was set. */
  get limitBytes(): number {
    return this.#space.limitBytes;
  }

  /** User space that no allocation holds. */
  get freeBytes(): number {
    return this.#space.freeBytes;
  }

  /** The memory offset of a scalar that lies on one or two pages, checked. */
  #offset(address: number, size: number, bit: number): number {
    address >>>= 0;
    const states = this.#states;
    if ((states[address >>> 12]! & states[(address + size - 1) >>> 12]! & bit) === 0) {
      deny(address, size, bit === READ ? "read" : "write");
    }
    return address - GUEST_BASE;
  }

  #range(address: number, length: number, kind: AccessKind): number {
    address >>>= 0;
    if (length === 0) return Math.max(0, address - GUEST_BASE);
    if (!this.accessible(address, length, kind)) deny(this.#firstDenied(address, length, kind), length, kind);
    return address - GUEST_BASE;
  }

  /** The address that a processor would report: the first byte of the range that may not be touched. */
  #firstDenied(address: number, length: number, kind: AccessKind): number {
    const bit = ACCESS_BIT[kind];
    for (let at = address; at < Math.min(address + length, SYSTEM_END); at = (Math.floor(at / 0x1000) + 1) * 0x1000) {
      if ((this.#states[at >>> 12]! & bit) === 0) return at;
    }
    return address;
  }

  #oddWstringLength(address: number, maxChars: number): number {
    let length = 0;
    while (length < maxChars && this.u16(address + length * 2) !== 0) length++;
    return length;
  }

  #utf16(offset: number, length: number): string {
    if ((offset & 1) === 0) return decodeUtf16(this.#units, offset / 2, length);
    return decodeUtf16(new Uint16Array(this.bytes.slice(offset, offset + length * 2).buffer), 0, length);
  }

  #changed(address: number, size: number): void {
    this.onProtectionChange(address - (address % 0x1000), Math.ceil((address + size) / 0x1000) * 0x1000);
  }
}

function deny(address: number, size: number, kind: AccessKind): never {
  throw new MemoryAccessError(address, size, kind);
}
