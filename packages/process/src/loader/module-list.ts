import { baseName, dllKey, resolveApiSet } from "./dll-names.ts";
import type { Module } from "./module.ts";

/** The modules of a process, in load order: the program is the first. */
export class ModuleList {
  readonly #modules: Module[] = [];
  readonly #byKey = new Map<string, Module>();
  /** The module that the last look-up by address found: look-ups come in runs. */
  #last: Module | undefined;

  /** The program itself. */
  get program(): Module {
    return this.#modules[0]!;
  }

  [Symbol.iterator](): IterableIterator<Module> {
    return this.#modules.values();
  }

  /** A module by file name (with or without ".dll"), API set name, or full path. */
  find(name: string): Module | undefined {
    const module = this.#byKey.get(resolveApiSet(dllKey(name)));
    if (module === undefined || baseName(name) === name) return module;
    return module.path.toLowerCase() === name.replaceAll("/", "\\").toLowerCase() ? module : undefined;
  }

  /** A module by its key: what imports and LoadLibrary ask before they search. */
  findKey(key: string): Module | undefined {
    return this.#byKey.get(key);
  }

  /** A module by the address where it starts: an HMODULE. */
  byBase(base: number): Module | undefined {
    const module = this.at(base);
    return module?.base === base ? module : undefined;
  }

  /** The module that holds an address. */
  at(address: number): Module | undefined {
    if (this.#last?.contains(address) === true) return this.#last;
    return (this.#last = this.#modules.find((module) => module.contains(address)));
  }

  /** "hello.exe+0x1234", or the bare address when no module holds it. */
  describe(address: number): string {
    const module = this.at(address);
    return module === undefined ? `0x${address.toString(16)}` : `${module.name}+0x${(address - module.base).toString(16)}`;
  }

  add(key: string, module: Module): void {
    this.#modules.push(module);
    if (!this.#byKey.has(key)) this.#byKey.set(key, module);
  }

  remove(module: Module): void {
    this.#modules.splice(this.#modules.indexOf(module), 1);
    for (const [key, value] of this.#byKey) if (value === module) this.#byKey.delete(key);
    if (this.#last === module) this.#last = undefined;
  }
}
