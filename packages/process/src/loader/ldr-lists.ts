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
/** The same for x86. */
const LDR32: Offsets<typeof LDR> = {
  Length: 0x00,
  Initialized: 0x04,
  InLoadOrder: 0x0c,
  InMemoryOrder: 0x14,
  InInitializationOrder: 0x1c,
  SIZE: 0x30,
};
const ENTRY32: Offsets<typeof ENTRY> = {
  InLoadOrderLinks: 0x00,
  InMemoryOrderLinks: 0x08,
  InInitializationOrderLinks: 0x10,
  DllBase: 0x18,
  EntryPoint: 0x1c,
  SizeOfImage: 0x20,
  FullDllName: 0x24,
  BaseDllName: 0x2c,
  Flags: 0x34,
  ObsoleteLoadCount: 0x38,
  TlsIndex: 0x3a,
  HashLinks: 0x3c,
  TimeDateStamp: 0x44,
  SIZE: 0xa8,
};

type Offsets<T> = { readonly [K in keyof T]: number };

/** LDRP_IMAGE_DLL and LDRP_ENTRY_PROCESSED. */
const IMAGE_DLL = 0x4;
const ENTRY_PROCESSED = 0x4000;

/** The loader's lists of modules in guest memory, which programs walk to find modules by themselves. */
export class LdrLists {
  readonly address: number;
  readonly #memory: GuestMemory;
  readonly #heap: Heap;
  readonly #ldr: Offsets<typeof LDR>;
  readonly #entry: Offsets<typeof ENTRY>;

  constructor(memory: GuestMemory, heap: Heap) {
    this.#memory = memory;
    this.#heap = heap;
    this.#ldr = memory.pointerSize === 8 ? LDR : LDR32;
    this.#entry = memory.pointerSize === 8 ? ENTRY : ENTRY32;
    this.address = heap.require(this.#ldr.SIZE);
    memory.setU32(this.address + this.#ldr.Length, this.#ldr.SIZE);
    memory.setU8(this.address + this.#ldr.Initialized, 1);
    for (const list of [this.#ldr.InLoadOrder, this.#ldr.InMemoryOrder, this.#ldr.InInitializationOrder])
      this.#linkToItself(this.address + list);
  }

  /** Adds a module at the end of the load order and memory order lists. */
  add(module: Module): void {
    const memory = this.#memory;
    const entry = this.#heap.require(this.#entry.SIZE);
    module.ldrEntry = entry;
    memory.setPointer(entry + this.#entry.DllBase, module.base);
    memory.setPointer(entry + this.#entry.EntryPoint, module.entryPoint);
    memory.setU32(entry + this.#entry.SizeOfImage, module.size);
    this.#writeName(entry + this.#entry.FullDllName, module.path);
    this.#writeName(entry + this.#entry.BaseDllName, module.name);
    memory.setU32(entry + this.#entry.Flags, ENTRY_PROCESSED | (module.image.isDll ? IMAGE_DLL : 0));
    memory.setU16(entry + this.#entry.ObsoleteLoadCount, 0xffff);
    memory.setU16(entry + this.#entry.TlsIndex, module.tlsIndex === undefined ? 0 : 0xffff);
    memory.setU32(entry + this.#entry.TimeDateStamp, module.image.timestamp);
    this.#linkToItself(entry + this.#entry.HashLinks);
    this.#linkToItself(entry + this.#entry.InInitializationOrderLinks);
    this.#append(this.#ldr.InLoadOrder, entry + this.#entry.InLoadOrderLinks);
    this.#append(this.#ldr.InMemoryOrder, entry + this.#entry.InMemoryOrderLinks);
  }

  /** Adds a module, whose entry is in the other lists, to the initialization order. */
  addInitialised(module: Module): void {
    this.#append(this.#ldr.InInitializationOrder, module.ldrEntry + this.#entry.InInitializationOrderLinks);
  }

  /** Takes a module out of all lists. Lists that a guest has damaged are left as they are. */
  remove(module: Module): void {
    for (const links of [this.#entry.InLoadOrderLinks, this.#entry.InMemoryOrderLinks, this.#entry.InInitializationOrderLinks]) {
      const node = module.ldrEntry + links;
      const next = this.#memory.u32(node);
      const previous = this.#memory.u32(node + this.#memory.pointerSize);
      if (
        !this.#memory.accessible(next, 2 * this.#memory.pointerSize, "write") ||
        !this.#memory.accessible(previous, 2 * this.#memory.pointerSize, "write")
      )
        continue;
      this.#memory.setPointer(previous, next);
      this.#memory.setPointer(next + this.#memory.pointerSize, previous);
    }
  }

  #linkToItself(node: number): void {
    this.#memory.setPointer(node, node);
    this.#memory.setPointer(node + this.#memory.pointerSize, node);
  }

  #append(list: number, node: number): void {
    const head = this.address + list;
    const last = this.#memory.u32(head + this.#memory.pointerSize);
    this.#memory.setPointer(node, head);
    this.#memory.setPointer(node + this.#memory.pointerSize, last);
    this.#memory.setPointer(last, node);
    this.#memory.setPointer(head + this.#memory.pointerSize, node);
  }

  #writeName(at: number, text: string): void {
    const buffer = this.#heap.require(text.length * 2 + 2);
    this.#memory.setWstring(buffer, text);
    writeUnicodeString(this.#memory, at, text, buffer);
  }
}
