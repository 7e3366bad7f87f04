import { readExports } from "@decant/pe";
import type { Image } from "@decant/pe";

/** What an export name or ordinal stands for: an address, or a forwarder to another DLL. */
export type ExportTarget = { readonly address: number } | { readonly forwarder: string };

/** A loaded module's exports. */
export interface ModuleExports {
  readonly byName: Pick<ReadonlyMap<string, ExportTarget>, "get">;
  readonly byOrdinal: Pick<ReadonlyMap<number, ExportTarget>, "get">;
}

/** What a module is made from. */
export interface ModuleFields {
  /** The file name as it is shown: "KERNEL32.DLL". */
  readonly name: string;
  /** The full Windows path. */
  readonly path: string;
  readonly base: number;
  readonly image: Image;
  readonly isBuiltIn: boolean;
  /** Makes the exports where they are known without the image's table. */
  readonly exports?: () => ModuleExports;
}

/** An image that is mapped in a process. */
export class Module {
  readonly name: string;
  readonly path: string;
  readonly base: number;
  readonly image: Image;
  readonly isBuiltIn: boolean;
  /** Modules that it imports from, in order. */
  readonly dependencies: Module[] = [];
  /** LoadLibrary calls without a FreeLibrary; Infinity for what the program needs to start. */
  references = 0;
  /** DisableThreadLibraryCalls. */
  threadCalls = true;
  /** Mapped for what is in it: none of its code runs. */
  isData = false;
  tlsIndex: number | undefined;
  /** The address of its LDR_DATA_TABLE_ENTRY. */
  ldrEntry = 0;
  #exports: ModuleExports | undefined;
  readonly #makeExports: () => ModuleExports;

  constructor(fields: ModuleFields) {
    this.name = fields.name;
    this.path = fields.path;
    this.base = fields.base;
    this.image = fields.image;
    this.isBuiltIn = fields.isBuiltIn;
    this.#makeExports = fields.exports ?? (() => indexExports(this.image, this.base));
  }

  /** Bytes of address space. */
  get size(): number {
    return this.image.sizeOfImage;
  }

  /** The address of the entry point; 0 when there is none, and for built-in DLLs. */
  get entryPoint(): number {
    return this.image.entryPoint === 0 || this.isBuiltIn ? 0 : this.base + this.image.entryPoint;
  }

  /** Read at the first use. Throws PeError. */
  get exports(): ModuleExports {
    return (this.#exports ??= this.#makeExports());
  }

  contains(address: number): boolean {
    return address >= this.base && address < this.base + this.size;
  }
}

/** The exports of an image that lies at `base`, by name and by ordinal. Throws PeError. */
export function indexExports(image: Image, base: number) {
  const byName = new Map<string, ExportTarget>();
  const byOrdinal = new Map<number, ExportTarget>();
  for (const { name, ordinal, rva, forwarder } of readExports(image)?.symbols ?? []) {
    const target = forwarder === undefined ? { address: base + rva! } : { forwarder };
    if (name !== undefined) byName.set(name, target);
    byOrdinal.set(ordinal, target);
  }
  return { byName, byOrdinal };
}
