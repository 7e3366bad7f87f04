import { PeError } from "./error.ts";
import { DIRECTORY } from "./image.ts";
import type { Image } from "./image.ts";
import { directoryOf, RvaView } from "./rva-view.ts";

/** A resource's type, name or language: a number, or a name in upper case as compilers write it. */
export type ResourceId = number | string;

/** One resource: where its bytes lie, relative to the image. */
export interface Resource {
  readonly type: ResourceId;
  readonly name: ResourceId;
  readonly language: number;
  readonly rva: number;
  readonly size: number;
  readonly codePage: number;
}

/** Predefined resource types (winuser.h, RT_*). */
export const RT = {
  CURSOR: 1,
  BITMAP: 2,
  ICON: 3,
  MENU: 4,
  DIALOG: 5,
  STRING: 6,
  RCDATA: 10,
  MESSAGETABLE: 11,
  VERSION: 16,
  MANIFEST: 24,
} as const;

const MAX_RESOURCES = 65_536;

/** All resources, in the tree's order. Throws PeError for a tree that is deeper than type, name and language. */
export function readResources(image: Image): Resource[] {
  const directory = directoryOf(image, DIRECTORY.RESOURCE);
  if (directory === undefined) return [];
  const reader = new ResourceReader(new RvaView(image), directory.rva);
  const resources: Resource[] = [];
  for (const type of reader.entries(0)) {
    for (const name of reader.entries(subdirectory(type))) {
      for (const language of reader.entries(subdirectory(name))) {
        if (language.isDirectory) throw new PeError("malformed", "expected resources of three levels, found a fourth");
        resources.push({ type: type.id, name: name.id, language: Number(language.id), ...reader.data(language.offset) });
      }
    }
  }
  return resources;
}

interface Entry {
  readonly id: ResourceId;
  readonly isDirectory: boolean;
  readonly offset: number;
}

function subdirectory(entry: Entry): number {
  if (!entry.isDirectory) throw new PeError("malformed", "expected a resource directory, found data at the level of types or names");
  return entry.offset;
}

class ResourceReader {
  readonly #view: RvaView;
  readonly #base: number;
  #budget = MAX_RESOURCES;

  constructor(view: RvaView, base: number) {
    this.#view = view;
    this.#base = base;
  }

  entries(offset: number): Entry[] {
    const at = this.#base + offset;
    const count = this.#view.u16(at + 12) + this.#view.u16(at + 14);
    this.#budget -= count + 1;
    if (this.#budget < 0) throw new PeError("malformed", `expected at most ${MAX_RESOURCES} resource entries, found more`);
    return Array.from({ length: count }, (_, index) => this.#entry(at + 16 + index * 8));
  }

  data(offset: number): { rva: number; size: number; codePage: number } {
    const at = this.#base + offset;
    return { rva: this.#view.u32(at), size: this.#view.u32(at + 4), codePage: this.#view.u32(at + 8) };
  }

  #entry(at: number): Entry {
    const id = this.#view.u32(at);
    const offset = this.#view.u32(at + 4);
    return { id: id >= 0x8000_0000 ? this.#name(id & 0x7fff_ffff) : id, isDirectory: offset >= 0x8000_0000, offset: offset & 0x7fff_ffff };
  }

  #name(offset: number): string {
    const at = this.#base + offset;
    const length = Math.min(this.#view.u16(at), 1024);
    return String.fromCharCode(...Array.from({ length }, (_, index) => this.#view.u16(at + 2 + index * 2)));
  }
}
