import { GUEST_BASE, PAGE_SIZE, type GuestMemory } from "@decant/memory";
import { isWritable } from "./changing-code.ts";
import type { CodeMap } from "./code-map.ts";
import { GATES, stubEntry } from "./layout.ts";
import type { Stub } from "./stub.ts";

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

/** The API functions that a guest can call: by address while their code is as we wrote it, and by that code wherever the guest has put it. */
export class Stubs {
  /** Those whose code is untouched, on pages that nobody can write to: reaching the address is the call. */
  readonly intact = new Map<number, Stub>();
  readonly #all = new Map<number, Stub>();
  readonly #addresses: (number | undefined)[] = [];
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
    const isReplaced = this.#all.has(address);
    this.#all.set(address, stub);
    this.#addresses[index] = address;
    if (isReplaced) {
      if (this.intact.has(address)) this.intact.set(address, stub);
      return true;
    }
    this.#memory.bytes.set(CODE, address - GUEST_BASE);
    this.#memory.view.setUint32(address - GUEST_BASE + INDEX_OFFSET, index, true);
    const page = Math.floor(address / PAGE_SIZE);
    const others = this.#byPage.get(page);
    if (others === undefined) this.#byPage.set(page, [address]);
    else others.push(address);
    this.intact.set(address, stub);
    this.#codeMap.set(address, stubEntry(index));
    return false;
  }

  at(address: number): Stub | undefined {
    return this.#all.get(address);
  }

  addressOf(index: number): number | undefined {
    return this.#addresses[index];
  }

  /** An address that calls a function whatever the guest has put in the place of its stub. */
  gateOf(index: number): number | undefined {
    const address = this.#addresses[index];
    if (address === undefined || this.intact.has(address)) return address;
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
    const copied = index === undefined ? undefined : this.#all.get(this.#addresses[index] ?? -1);
    if (copied !== undefined) return { stub: copied, bytes: [nop, address] };
    // Where the beginning was overwritten, what was there goes on here.
    const stub = this.#all.get(address - SYSCALL_OFFSET);
    return stub === undefined ? undefined : { stub, bytes: [address, address] };
  }

  /** Finds out which stubs on the pages of [start, end) the guest has patched, or may, and which are as they were again; true when some are not what they were. */
  recheck(start: number, end: number): boolean {
    let hasChanged = false;
    const check = (page: number): void => {
      for (const address of this.#byPage.get(page) ?? []) hasChanged = this.#check(address) || hasChanged;
    };
    const first = Math.floor(start / PAGE_SIZE);
    const last = Math.ceil(end / PAGE_SIZE);
    if (last - first < this.#byPage.size) for (let page = first; page < last; page++) check(page);
    else for (const page of this.#byPage.keys()) if (page >= first && page < last) check(page);
    return hasChanged;
  }

  #isAsWritten({ address, index }: Stub): boolean {
    const { bytes, view } = this.#memory;
    const start = address - GUEST_BASE;
    for (let i = 0; i < CODE.length; i++) {
      const isIndex = i >= INDEX_OFFSET && i < INDEX_OFFSET + 4;
      if (!isIndex && bytes[start + i] !== CODE[i]) return false;
    }
    return view.getUint32(start + INDEX_OFFSET, true) === index >>> 0;
  }

  #check(address: number): boolean {
    const stub = this.#all.get(address) as Stub;
    const isIntact =
      this.#isAsWritten(stub) &&
      this.#memory.accessible(address, CODE.length, "execute") &&
      !isWritable([address, address + CODE.length], this.#memory);
    if (isIntact === this.intact.has(address)) return false;
    if (isIntact) this.intact.set(address, stub);
    else this.intact.delete(address);
    this.#codeMap.set(address, isIntact ? stubEntry(stub.index) : 0);
    return true;
  }
}
