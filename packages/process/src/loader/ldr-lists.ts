import type { GuestMemory } from "@decant/memory";
import { writeUnicodeString } from "../blocks/unicode-string.ts";
import type { Heap } from "../heap/heap.ts";
import type { Module } from "./module.ts";

/** Offsets in the x64 PEB_LDR_DATA and its lists' heads (winternl.h, and the public symbols of ntdll). */
const LDR = { Length: 0x00, Initialized: 0x04, InLoadOrder: 0x10, InMemoryOrder: 0x20, InInitializationOrder: 0x30, SIZE: 0x58 } as const;
/** Offsets in the x64 LDR_DATA_TABLE_ENTRY. */
const ENTRY = {
  InLoadOrderLinks: 0x00,
  InMemoryOrderLinks: 0x10,
  InInitializationOrderLinks: 0x20,
  DllBase: 0x30,
  EntryPoint: 0x38,
  SizeOfImage: 0x40,
  FullDllName: 0x48,
  BaseDllName: 0x58,
  Flags: 0x68,
  ObsoleteLoadCount: 0x6c,
  TlsIndex: 0x6e,
  HashLinks: 0x70,
  TimeDateStamp: 0x80,
  SIZE: 0x120,
} as const;
/** LDRP_IMAGE_DLL and LDRP_ENTRY_PROCESSED. */
const IMAGE_DLL = 0x4;
const ENTRY_PROCESSED = 0x4000;

/** The loader's lists of modules in guest memory, which programs walk to find modules by themselves. */
export class LdrLists {
  readonly address: number;
  readonly #memory: GuestMemory;
  readonly #heap: Heap;

  constructor(memory: GuestMemory, heap: Heap) {
    this.#memory = memory;
    this.#heap = heap;
    this.address = heap.require(LDR.SIZE);
    memory.setU32(this.address + LDR.Length, LDR.SIZE);
    memory.setU8(this.address + LDR.Initialized, 1);
    for (const list of [LDR.InLoadOrder, LDR.InMemoryOrder, LDR.InInitializationOrder]) this.#linkToItself(this.address + list);
  }

  /** Adds a module at the end of the load order and memory order lists. */
  add(module: Module): void {
    const memory = this.#memory;
    const entry = this.#heap.require(ENTRY.SIZE);
    module.ldrEntry = entry;
    memory.setU64(entry + ENTRY.DllBase, BigInt(module.base));
    memory.setU64(entry + ENTRY.EntryPoint, BigInt(module.entryPoint));
    memory.setU32(entry + ENTRY.SizeOfImage, module.size);
    this.#writeName(entry + ENTRY.FullDllName, module.path);
    this.#writeName(entry + ENTRY.BaseDllName, module.name);
    memory.setU32(entry + ENTRY.Flags, ENTRY_PROCESSED | (module.image.isDll ? IMAGE_DLL : 0));
    memory.setU16(entry + ENTRY.ObsoleteLoadCount, 0xffff);
    memory.setU16(entry + ENTRY.TlsIndex, module.tlsIndex === undefined ? 0 : 0xffff);
    memory.setU32(entry + ENTRY.TimeDateStamp, module.image.timestamp);
    this.#linkToItself(entry + ENTRY.HashLinks);
    this.#linkToItself(entry + ENTRY.InInitializationOrderLinks);
    this.#append(LDR.InLoadOrder, entry + ENTRY.InLoadOrderLinks);
    this.#append(LDR.InMemoryOrder, entry + ENTRY.InMemoryOrderLinks);
  }

  /** Adds a module, whose entry is in the other lists, to the initialization order. */
  addInitialised(module: Module): void {
    this.#append(LDR.InInitializationOrder, module.ldrEntry + ENTRY.InInitializationOrderLinks);
  }

  /** Takes a module out of all lists. Lists that a guest has damaged are left as they are. */
  remove(module: Module): void {
    for (const links of [ENTRY.InLoadOrderLinks, ENTRY.InMemoryOrderLinks, ENTRY.InInitializationOrderLinks]) {
      const node = module.ldrEntry + links;
      const next = this.#memory.u32(node);
      const previous = this.#memory.u32(node + 8);
      if (!this.#memory.accessible(next, 16, "write") || !this.#memory.accessible(previous, 16, "write")) continue;
      this.#memory.setU64(previous, BigInt(next));
      this.#memory.setU64(next + 8, BigInt(previous));
    }
  }

  #linkToItself(node: number): void {
    this.#memory.setU64(node, BigInt(node));
    this.#memory.setU64(node + 8, BigInt(node));
  }

  #append(list: number, node: number): void {
    const head = this.address + list;
    const last = this.#memory.u32(head + 8);
    this.#memory.setU64(node, BigInt(head));
    this.#memory.setU64(node + 8, BigInt(last));
    this.#memory.setU64(last, BigInt(node));
    this.#memory.setU64(head + 8, BigInt(node));
  }

  #writeName(at: number, text: string): void {
    const buffer = this.#heap.require(text.length * 2 + 2);
    this.#memory.setWstring(buffer, text);
    writeUnicodeString(this.#memory, at, text, buffer);
  }
}
