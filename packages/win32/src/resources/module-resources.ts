import { ERROR, readString, Win32Error, type CallingThread } from "@decant/hook";
import type { GuestMemory } from "@decant/memory";
import type { Module } from "@decant/process";
import { DIRECTORY, type ResourceId } from "@decant/pe";
import { upcase } from "../text/upcase.ts";

/** A data entry of a module's resource tree. */
export interface FoundResource {
  /** Where the IMAGE_RESOURCE_DATA_ENTRY lies: an HRSRC. */
  readonly entry: number;
  /** Where the bytes lie. */
  readonly address: number;
  readonly size: number;
}

interface Entry {
  readonly id: ResourceId;
  /** Of the subdirectory or the data entry. */
  readonly address: number;
}

/** No tool makes more entries in a directory than their count's 16 bits can say. */
const DIRECTORY_BYTES = 16;
const USER_LANGUAGE = 0x409;

/** The resources of a module as they lie in the guest's memory. Throws ERROR_RESOURCE_… for what is not there. */
export class ModuleResources {
  readonly #memory: GuestMemory;
  readonly #base: number;
  readonly #tree: number;

  constructor(memory: GuestMemory, { base, image }: Module) {
    const { rva, size } = image.directories[DIRECTORY.RESOURCE]!;
    if (rva === 0 || size === 0) throw new Win32Error(ERROR.RESOURCE_DATA_NOT_FOUND);
    this.#memory = memory;
    this.#base = base;
    this.#tree = base + rva;
  }

  types(): ResourceId[] {
    return this.#entries(this.#tree).map(({ id }) => id);
  }

  names(type: ResourceId): ResourceId[] {
    return this.#entries(this.#typeDirectory(type)).map(({ id }) => id);
  }

  languages(type: ResourceId, name: ResourceId): number[] {
    return this.#entries(this.#nameDirectory(type, name)).map(({ id }) => Number(id));
  }

  /** The resource in a language, or in one that stands in for it: the neutral ones, and for 0 the user's, English and whatever there is. */
  find(type: ResourceId, name: ResourceId, language: number): FoundResource {
    const entries = this.#entries(this.#nameDirectory(type, name));
    const wanted = [language, language & 0x3ff, 0, ...(language === 0 ? [USER_LANGUAGE, USER_LANGUAGE & 0x3ff] : [])];
    const found = wanted.map((id) => entries.find((entry) => entry.id === id)).find((entry) => entry !== undefined);
    const entry = found ?? (language === 0 ? entries[0] : undefined);
    if (entry === undefined) throw new Win32Error(ERROR.RESOURCE_LANG_NOT_FOUND);
    return this.at(entry.address);
  }

  /** The resource of a data entry. */
  at(entry: number): FoundResource {
    return { entry, address: (this.#base + this.#memory.u32(entry)) >>> 0, size: this.#memory.u32(entry + 4) };
  }

  #typeDirectory(type: ResourceId): number {
    const found = this.#entries(this.#tree).find(({ id }) => id === type);
    if (found === undefined) throw new Win32Error(ERROR.RESOURCE_TYPE_NOT_FOUND);
    return found.address;
  }

  #nameDirectory(type: ResourceId, name: ResourceId): number {
    const found = this.#entries(this.#typeDirectory(type)).find(({ id }) => id === name);
    if (found === undefined) throw new Win32Error(ERROR.RESOURCE_NAME_NOT_FOUND);
    return found.address;
  }

  #entries(directory: number): Entry[] {
    const memory = this.#memory;
    const count = memory.u16(directory + 12) + memory.u16(directory + 14);
    return Array.from({ length: count }, (_, index): Entry => {
      const at = directory + DIRECTORY_BYTES + 8 * index;
      const id = memory.u32(at);
      return { id: id >= 0x8000_0000 ? this.#name(id & 0x7fff_ffff) : id, address: this.#tree + (memory.u32(at + 4) & 0x7fff_ffff) };
    });
  }

  #name(offset: number): string {
    return this.#memory.utf16(this.#tree + offset + 2, this.#memory.u16(this.#tree + offset));
  }
}

/** A type or name as functions are given it: a number below 0x10000, "#123", or a text, which counts in upper case. */
export function readResourceId(thread: CallingThread, value: number, form: "ansi" | "wide"): ResourceId {
  if (value < 0x1_0000) return value;
  const text = readString(thread, value, form);
  if (!text.startsWith("#")) return upcase(text);
  const number = /^#0*(\d{1,5})/.exec(text)?.[1];
  if (number === undefined || Number(number) > 0xffff) return upcase(text);
  return Number(number);
}
