import { ERROR, Win32Error } from "@decant/hook";
import { PeError, readImports } from "@decant/pe";
import type { Image, ImportedSymbol } from "@decant/pe";
import type { GuestMemory } from "@decant/memory";
import { guestCall } from "../threads/guest-call.ts";
import type { Thread } from "../threads/thread.ts";
import type { GuestGenerator } from "../waits/suspension.ts";
import { baseName, dllKey, folderOf, resolveApiSet } from "./dll-names.ts";
import type { LdrLists } from "./ldr-lists.ts";
import { LoadError } from "./load-error.ts";
import { mapImage, protectImage } from "./map-image.ts";
import { mapLibrary } from "./map-library.ts";
import type { StubTable } from "./map-library.ts";
import { Module } from "./module.ts";
import type { ExportTarget } from "./module.ts";
import type { ModuleList } from "./module-list.ts";
import { findBuiltIn, readDll, searchDll } from "./search.ts";
import type { Found, SearchOptions } from "./search.ts";
import type { StaticTls } from "./static-tls.ts";

/** DllMain's reasons. */
export const DLL_REASON = { PROCESS_DETACH: 0, PROCESS_ATTACH: 1, THREAD_ATTACH: 2, THREAD_DETACH: 3 } as const;

/** What every process has, in this order: programs walk the loader's list and expect them there. */
const ALWAYS_LOADED = ["ntdll.dll", "kernel32.dll"];
/** Forwarders may chain; Windows' own chains are two or three long. */
const MAX_FORWARDERS = 16;

/** What a loader works with. */
export interface LoaderContext {
  readonly memory: GuestMemory;
  readonly modules: ModuleList;
  readonly ldr: LdrLists;
  readonly tls: StaticTls;
  readonly stubs: StubTable;
  readonly search: SearchOptions;
  readonly threads: () => Iterable<Thread>;
  /** The address of a stub for an import that nothing provides. */
  readonly unknown: (dll: string, symbol: string) => number;
}

/** Maps modules, binds their imports, and tells them about the process and its threads. */
export class Loader {
  readonly #context: LoaderContext;
  /** Modules that wait for their DllMain, dependencies first. */
  #pending: Module[] = [];
  /** Modules whose DllMain has run, in that order. */
  #attached: Module[] = [];

  constructor(context: LoaderContext) {
    this.#context = context;
  }

  /** Maps the program and all that it imports. Throws LoadError. */
  loadProgram(image: Image, path: string): Module {
    return this.#named(path, () => this.#mapFile(image, path, Infinity));
  }

  /** Maps a DLL, unless it is there, for as long as the process lives. Throws LoadError. */
  require(name: string): Module {
    const module = this.#find(name);
    module.references = Infinity;
    return module;
  }

  /** LoadLibraryEx: maps a DLL and what it needs, looking where the flags say, and runs their DllMains. Throws Win32Error. */
  *load(thread: Thread, name: string, flags = 0): GuestGenerator<Module> {
    const module = this.#asWin32(() => this.#context.search.directories.during(name, flags, () => this.#find(name)));
    module.references++;
    try {
      yield* this.attachPending(thread, false);
    } catch (error) {
      if (error instanceof LoadError) throw new Win32Error(error.win32);
      throw error;
    }
    return module;
  }

  /** LoadLibraryEx for what lies in a file: its image is mapped, for whatever processor it is, with no imports and no code run. Throws Win32Error. */
  loadData(path: string): Module {
    return this.#asWin32(() => {
      const full = baseName(path).includes(".") ? path : `${path}.dll`;
      const known = this.#context.modules.find(full);
      const found = known === undefined && folderOf(full) !== "" ? readDll(full, this.#context.search, true) : undefined;
      const module = known ?? (found?.kind === "file" ? this.#named(full, () => this.#mapData(found.image, full)) : this.#find(path));
      module.references++;
      return module;
    });
  }

  #mapData(image: Image, path: string): Module {
    const { memory, modules, ldr } = this.#context;
    const base = mapImage(memory, image, baseName(path));
    const module = new Module({ name: baseName(path), path, base, image, isBuiltIn: false });
    module.threadCalls = false;
    module.isData = true;
    modules.add(dllKey(path), module);
    ldr.add(module);
    protectImage(memory, image, base);
    return module;
  }

  /** FreeLibrary: what nobody else holds goes, with what only that needed: first all DllMains run, the last to start first, then they are unmapped. */
  *free(thread: Thread, module: Module): GuestGenerator<void> {
    const going = new Set<Module>();
    drop(module, going);
    if (going.size === 0) return;
    const { modules, ldr, memory, tls, threads } = this.#context;
    const started = this.#attached.filter((attached) => going.has(attached)).reverse();
    this.#attached = this.#attached.filter((attached) => !going.has(attached));
    for (const each of started) yield* this.#notify(thread, each, DLL_REASON.PROCESS_DETACH, 0);
    for (const each of going) {
      // A DllMain may have loaded it again.
      if (each.references > 0) continue;
      tls.remove(each, threads());
      ldr.remove(each);
      modules.remove(each);
      memory.release(each.base);
    }
  }

  /** GetProcAddress: undefined for what the module does not export. */
  getProcAddress(module: Module, symbol: string | number): number | undefined {
    const found = this.#asWin32(() => this.#resolve(this.#lookUp(module, symbol), 0));
    if (found !== undefined || typeof symbol === "number" || !module.isBuiltIn) return found;
    const { search, unknown } = this.#context;
    return search.libraries.isSupplied?.(dllKey(module.name), symbol) === true ? unknown(module.name, symbol) : undefined;
  }

  /** Runs the DllMains and TLS callbacks of modules that wait for them, dependencies first. Throws LoadError when one refuses. */
  *attachPending(thread: Thread, isStatic: boolean): GuestGenerator<void> {
    const modules = this.#pending;
    this.#pending = [];
    for (const module of modules) {
      this.#attached.push(module);
      this.#context.ldr.addInitialised(module);
      const accepted = yield* this.#notify(thread, module, DLL_REASON.PROCESS_ATTACH, isStatic ? 1 : 0);
      if (!accepted) throw new LoadError(ERROR.DLL_INIT_FAILED, `${module.name} refused to start: its DllMain returned FALSE`);
    }
  }

  /** Tells all modules about a thread that starts. */
  *attachThread(thread: Thread): GuestGenerator<void> {
    for (const module of this.#attached.slice()) yield* this.#notify(thread, module, DLL_REASON.THREAD_ATTACH, 0);
  }

  /** Tells all modules about a thread that ends. */
  *detachThread(thread: Thread): GuestGenerator<void> {
    for (const module of this.#detachOrder()) yield* this.#notify(thread, module, DLL_REASON.THREAD_DETACH, 0);
  }

  /** Tells all modules that the process ends. */
  *detachProcess(thread: Thread): GuestGenerator<void> {
    const modules = this.#detachOrder();
    this.#attached = [];
    for (const module of modules) yield* this.#notify(thread, module, DLL_REASON.PROCESS_DETACH, 1);
  }

  /** DLLs, the last to start first; the program after all of them. */
  #detachOrder(): Module[] {
    const { program } = this.#context.modules;
    const dlls = this.#attached.filter((module) => module !== program).reverse();
    return this.#attached.includes(program) ? [...dlls, program] : dlls;
  }

  #find(name: string): Module {
    const { modules, search } = this.#context;
    const isPath = folderOf(name) !== "";
    const loaded = isPath ? modules.find(name) : modules.findKey(resolveApiSet(dllKey(name)));
    if (loaded !== undefined) return loaded;
    if (!isPath) return this.#mapFound(searchDll(resolveApiSet(dllKey(name)), search));
    const path = `${folderOf(name)}\\${baseName(name).includes(".") ? baseName(name) : `${baseName(name)}.dll`}`;
    const found = readDll(path, search);
    if (found !== undefined) return this.#mapFound(found);
    // A path into the system folder is a built-in DLL's.
    const builtIn = /^c:\\windows\\(system32|syswow64)$/i.test(folderOf(name)) ? findBuiltIn(dllKey(name), search.libraries) : undefined;
    if (builtIn === undefined) throw new LoadError(ERROR.MOD_NOT_FOUND, `${path} was not found`);
    return modules.findKey(dllKey(name)) ?? this.#mapFound(builtIn);
  }

  #mapFound(found: Found): Module {
    if (found.kind === "file") return this.#named(found.path, () => this.#mapFile(found.image, found.path, 0));
    const { memory, modules, ldr, stubs } = this.#context;
    const module = mapLibrary(memory, found.library, stubs);
    module.references = Infinity;
    modules.add(dllKey(found.library.name), module);
    ldr.add(module);
    ldr.addInitialised(module);
    return module;
  }

  #mapFile(image: Image, path: string, references: number): Module {
    const { memory, modules, ldr, tls, threads } = this.#context;
    const base = mapImage(memory, image, baseName(path));
    const module = new Module({ name: baseName(path), path, base, image, isBuiltIn: false });
    module.references = references;
    modules.add(dllKey(path), module);
    tls.add(module, threads());
    ldr.add(module);
    try {
      if (modules.program === module) for (const dll of ALWAYS_LOADED) this.require(dll);
      this.#bindImports(module);
    } catch (error) {
      for (const from of module.dependencies) from.references--;
      tls.remove(module, threads());
      modules.remove(module);
      ldr.remove(module);
      memory.release(base);
      throw error;
    }
    protectImage(memory, image, base);
    this.#pending.push(module);
    return module;
  }

  #bindImports(module: Module): void {
    const { memory } = this.#context;
    for (const { dll, symbols } of readImports(module.image)) {
      const from = this.#importedDll(module, dll);
      from.references = module.references === Infinity ? Infinity : from.references + 1;
      module.dependencies.push(from);
      for (const symbol of symbols) {
        const slot = module.base + symbol.slot;
        const address = this.#importAddress(from, symbol);
        memory.setPointer(slot, address);
      }
    }
  }

  #importedDll(importer: Module, dll: string): Module {
    try {
      return this.#find(dll);
    } catch (error) {
      if (error instanceof LoadError && error.searched !== undefined) {
        throw new LoadError(error.win32, `${importer.name} needs ${dll}, which was not found; searched ${error.searched.join(", ")}`);
      }
      throw error;
    }
  }

  #importAddress(from: Module, symbol: ImportedSymbol): number {
    const id = symbol.name ?? symbol.ordinal!;
    return this.#resolve(this.#lookUp(from, id), 0) ?? this.#context.unknown(from.name, typeof id === "string" ? id : `#${id}`);
  }

  #lookUp(module: Module, symbol: string | number): ExportTarget | undefined {
    return typeof symbol === "string" ? module.exports.byName.get(symbol) : module.exports.byOrdinal.get(symbol);
  }

  #resolve(target: ExportTarget | undefined, depth: number): number | undefined {
    if (target === undefined || depth > MAX_FORWARDERS) return undefined;
    if ("address" in target) return target.address;
    const dot = target.forwarder.lastIndexOf(".");
    const symbol = target.forwarder.slice(dot + 1);
    const module = this.#find(target.forwarder.slice(0, dot));
    // Nobody counts who was given its addresses.
    module.references = Infinity;
    return this.#resolve(this.#lookUp(module, symbol.startsWith("#") ? Number(symbol.slice(1)) : symbol), depth + 1);
  }

  /** Calls a module's TLS callbacks and DllMain. Returns whether it accepted. */
  *#notify(thread: Thread, module: Module, reason: number, reserved: number): GuestGenerator<boolean> {
    if (module.isBuiltIn || module.isData) return true;
    const isThread = reason === DLL_REASON.THREAD_ATTACH || reason === DLL_REASON.THREAD_DETACH;
    for (const callback of this.#context.tls.callbacks(module)) yield* guestCall(thread, callback, module.base, reason, reserved);
    if (!module.image.isDll || module.entryPoint === 0 || (isThread && !module.threadCalls)) return true;
    const result = yield* guestCall(thread, module.entryPoint, module.base, reason, reserved);
    return result !== 0 || reason !== DLL_REASON.PROCESS_ATTACH;
  }

  #named<T>(path: string, action: () => T): T {
    try {
      return action();
    } catch (error) {
      if (error instanceof PeError) throw new LoadError(ERROR.BAD_EXE_FORMAT, `${baseName(path)}: ${error.message}`);
      throw error;
    }
  }

  #asWin32<T>(action: () => T): T {
    try {
      return action();
    } catch (error) {
      if (error instanceof LoadError) throw new Win32Error(error.win32);
      throw error;
    }
  }
}

/** Takes a hold of a module off, and those that it has on others when it was the last one; `going` collects what nobody holds any more. */
function drop(module: Module, going: Set<Module>): void {
  if (module.references === Infinity || --module.references > 0 || going.has(module)) return;
  going.add(module);
  for (const from of module.dependencies) drop(from, going);
}
