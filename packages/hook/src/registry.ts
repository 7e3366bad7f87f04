import type {
  AliasDeclaration,
  ApiTable,
  DataDeclaration,
  Declaration,
  ForwardDeclaration,
  FunctionDeclaration,
  TextDeclaration,
} from "./api.ts";
import { ApiFunction } from "./api-function.ts";
import type { AnyBody, Implementation } from "./implement.ts";
import type { PointerSize } from "./thread.ts";
import type { AnyType } from "./types/type.ts";

/** What one export of a built-in DLL is. */
export type ExportTarget =
  | { readonly kind: "function"; readonly function: ApiFunction }
  | { readonly kind: "data"; readonly type: AnyType; readonly initial: unknown }
  | { readonly kind: "forward"; readonly target: string };

/** One export of a built-in DLL. An alias has the target of what it names, the same object. */
export interface DllExport {
  readonly name: string;
  readonly ordinal: number;
  readonly target: ExportTarget;
}

/** A DLL's image that was made beforehand, and what says of each of its stubs which function it is. */
export interface MadeImage {
  readonly bytes: Uint8Array;
  /** How many stubs there are, one after another at the beginning of its first section. */
  readonly count: number;
  /** The name that a stub's function is exported by. */
  nameAt(stub: number): string;
  /** The topic that has it, with a body for it. */
  topicAt(stub: number): Implementation;
}

/** The same, with the functions themselves: each is made when it is asked for. */
export interface DllImage extends Pick<MadeImage, "bytes" | "count" | "nameAt"> {
  functionAt(stub: number): ApiFunction;
}

/** A topic that is loaded when it is first needed: `load` gives the same each time. */
export interface LaterTopic {
  readonly dlls: readonly string[];
  load(): Implementation | ApiTable;
}

/** How much of a DLL's declared functions there is. */
export interface Coverage {
  readonly dll: string;
  readonly declared: number;
  readonly implemented: number;
  readonly missing: readonly string[];
}

interface Dll {
  /** Everything that can be found, by name. */
  targets: Map<string, ExportTarget>;
  /** Declared, not implemented. */
  missing: Map<string, ApiFunction>;
  aliases: Map<string, string>;
  ordinals: Map<string, number>;
  /** What only x86-64 has: names in the maps above. */
  wideOnly: Set<string>;
  /** What only x86-32 has, or has otherwise. */
  narrow: Dll | undefined;
  exports: Partial<Record<PointerSize, DllExport[]>>;
}

/** Every built-in DLL: tables merged from several topics, with what is implemented of them. */
export class Registry {
  readonly #dlls = new Map<string, Dll>();
  readonly #dllAliases = new Map<string, string>();
  readonly #images = new Map<string, (pointerSize: PointerSize) => Uint8Array>();
  readonly #made = new Map<string, (pointerSize: PointerSize) => MadeImage>();
  /** A topic's functions by DLL and name, as far as somebody has asked for them. */
  readonly #functions = new Map<Implementation, Map<string, ApiFunction>>();
  /** What is to be added to a DLL when somebody asks for it: there are thousands of functions, and a program loads few DLLs. */
  readonly #later = new Map<string, (() => void)[]>();

  /** Adds a topic, with bodies or only declared, or to be loaded. Two bodies for one function are an error, thrown when its DLL is first asked for. */
  add(...topics: readonly (Implementation | ApiTable | LaterTopic)[]): this {
    for (const topic of topics) {
      const dlls = "table" in topic ? topic.table.dlls : topic.dlls;
      let whole: Implementation | undefined;
      for (const dll of dlls)
        this.#addAction(dll, () => this.#addTable(dll, (whole ??= withBodies("load" in topic ? topic.load() : topic))));
    }
    return this;
  }

  /** Adds a DLL whose topics take time to make, and which few programs load: `make` is called when it is first asked for. */
  addLater(dll: string, make: () => readonly (Implementation | ApiTable)[]): this {
    this.#addAction(dll, () => void this.add(...make()));
    return this;
  }

  /**
   * Adds the image that was made of a DLL whose topics are all added: it must be what `exports` says. With it a program can load the DLL, and call some of its
   * functions, while the topics of the others are not made. Topics that are added later make it useless.
   */
  addMade(dll: string, load: (pointerSize: PointerSize) => MadeImage): this {
    this.#made.set(dllKey(dll), load);
    return this;
  }

  /** The image that was made of a DLL beforehand; undefined when there is none. */
  made(dll: string, pointerSize: PointerSize): DllImage | undefined {
    const key = this.resolveDll(dll);
    const made = key === undefined ? undefined : this.#made.get(key)?.(pointerSize);
    if (key === undefined || made === undefined) return undefined;
    return {
      bytes: made.bytes,
      count: made.count,
      nameAt: (stub) => made.nameAt(stub),
      functionAt: (stub) => {
        const topic = made.topicAt(stub);
        return this.#function(key, topic, functionNamed(topic.table as ApiTable, made.nameAt(stub)));
      },
    };
  }

  /** Adds a DLL that is guest code: `load` gives its file's bytes for a size of pointers, when it is first asked for. */
  addImage(dll: string, load: (pointerSize: PointerSize) => Uint8Array): this {
    this.#images.set(dllKey(dll), load);
    return this;
  }

  /** The bytes of a DLL that is guest code; undefined for others. */
  image(dll: string, pointerSize: PointerSize): Uint8Array | undefined {
    return this.#images.get(dllKey(dll))?.(pointerSize);
  }

  /** Makes a DLL name stand for another: an api set, or a forwarder of a whole DLL. */
  aliasDll(name: string, target: string): this {
    this.#dllAliases.set(dllKey(name), dllKey(target));
    return this;
  }

  /** The names of all built-in DLLs, without ".dll". */
  dlls(): string[] {
    this.#makeAll();
    return [...this.#dlls.keys()].sort();
  }

  /** The DLL that a name stands for, api sets resolved; undefined when there is none. */
  resolveDll(name: string): string | undefined {
    const key = dllKey(name);
    const target = this.#dllAliases.get(key) ?? key;
    return this.#dlls.has(target) || this.#later.has(target) ? target : undefined;
  }

  /** What a DLL exports, sorted by name as export tables are: what is implemented, variables and forwarders. */
  exports(dll: string, pointerSize: PointerSize = 8): readonly DllExport[] {
    const found = this.#dll(dll);
    if (found === undefined) return [];
    return (found.exports[pointerSize] ??= numberExports(pointerSize === 8 ? found : narrowed(found)));
  }

  /** One export by name or ordinal; undefined for what is only declared, as GetProcAddress must not find it. */
  find(dll: string, nameOrOrdinal: string | number, pointerSize: PointerSize = 8): DllExport | undefined {
    const exports = this.exports(dll, pointerSize);
    if (typeof nameOrOrdinal === "number") return exports.find(({ ordinal }) => ordinal === nameOrOrdinal);
    let low = 0;
    let high = exports.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((exports[middle] as DllExport).name < nameOrOrdinal) low = middle + 1;
      else high = middle;
    }
    const found = exports[low];
    return found?.name === nameOrOrdinal ? found : undefined;
  }

  /** A function that is declared, implemented or not. */
  declared(dll: string, name: string, pointerSize: PointerSize = 8): ApiFunction | undefined {
    const whole = this.#dll(dll);
    const found = whole === undefined || pointerSize === 8 ? whole : narrowed(whole);
    const target = found === undefined ? undefined : resolve(found, name);
    return target?.kind === "function" ? target.function : found?.missing.get(name);
  }

  /** Every function that is declared. */
  *functions(): Generator<ApiFunction> {
    this.#makeAll();
    for (const { targets, missing, narrow } of this.#dlls.values()) {
      for (const target of targets.values()) if (target.kind === "function") yield target.function;
      yield* missing.values();
      for (const target of narrow?.targets.values() ?? []) if (target.kind === "function") yield target.function;
      yield* narrow?.missing.values() ?? [];
    }
  }

  /** For each DLL, what is declared and what of it is implemented. */
  coverage(): Coverage[] {
    return this.dlls().map((dll) => {
      const { targets, missing } = this.#dlls.get(dll) as Dll;
      const implemented = [...targets.values()].filter(({ kind }) => kind === "function").length;
      return { dll, declared: implemented + missing.size, implemented, missing: [...missing.keys()].sort() };
    });
  }

  #dll(name: string): Dll | undefined {
    const resolved = this.resolveDll(name);
    if (resolved === undefined) return undefined;
    this.#make(resolved);
    return this.#dlls.get(resolved);
  }

  #addAction(dll: string, action: () => void): void {
    const key = dllKey(dll);
    this.#made.delete(key);
    const others = this.#later.get(key);
    if (others === undefined) this.#later.set(key, [action]);
    else others.push(action);
  }

  #make(key: string): void {
    for (let actions = this.#later.get(key); actions !== undefined; actions = this.#later.get(key)) {
      this.#later.delete(key);
      for (const action of actions) action();
    }
  }

  #makeAll(): void {
    for (const key of Array.from(this.#later.keys())) this.#make(key);
  }

  #addTable(name: string, topic: Implementation): void {
    const { declarations, only } = topic.table as ApiTable;
    const key = dllKey(name);
    const whole = this.#dlls.get(key) ?? emptyDll();
    this.#dlls.set(key, whole);
    whole.exports = {};
    const dll = only === 4 ? (whole.narrow ??= emptyDll()) : whole;
    const known = only === 8 ? new Set([...dll.targets.keys(), ...dll.missing.keys(), ...dll.aliases.keys()]) : undefined;
    for (const [entry, declaration] of Object.entries(declarations)) {
      for (const named of functionsOf(entry, declaration)) addFunction(dll, this.#function(name, topic, named), declaration.ordinal);
      if (declaration.kind !== "function" && declaration.kind !== "text") addOther(dll, entry, declaration);
    }
    if (known === undefined) return;
    for (const names of [dll.targets, dll.missing, dll.aliases])
      for (const added of names.keys()) if (!known.has(added)) dll.wideOnly.add(added);
  }

  /** A function of a topic: one for each DLL and name. */
  #function(dll: string, topic: Implementation, { entry, name, declaration, wide }: NamedFunction): ApiFunction {
    let known = this.#functions.get(topic);
    if (known === undefined) this.#functions.set(topic, (known = new Map()));
    const key = dllKey(dll);
    let made = known.get(`${key}!${name}`);
    if (made === undefined) {
      const { convention, around } = topic.table as ApiTable;
      const own = (topic.bodies as Readonly<Record<string, AnyBody | undefined>>)[entry];
      const body = own === undefined || around === undefined || declaration.result.failure === undefined ? own : around(key, own);
      made = new ApiFunction({ dll, name, key: entry, declaration, convention, wide, body });
      known.set(`${key}!${name}`, made);
    }
    return made;
  }
}

/** A function under one of the names that a table's entry exports it by. */
interface NamedFunction {
  readonly entry: string;
  readonly name: string;
  readonly declaration: FunctionDeclaration | TextDeclaration;
  /** Of a pair for both kinds of text. */
  readonly wide: boolean | undefined;
}

/** What an entry of a table exports of functions: none, one, or a pair. */
function functionsOf(entry: string, declaration: Declaration): NamedFunction[] {
  if (declaration.kind === "function") return [{ entry, name: entry, declaration, wide: undefined }];
  if (declaration.kind !== "text") return [];
  const [ansi, wide] = declaration.names ?? [`${entry}A`, `${entry}W`];
  return [
    { entry, name: ansi, declaration, wide: false },
    { entry, name: wide, declaration, wide: true },
  ];
}

/** The function that a table exports by a name: an entry's own, the same with a letter more, or one that an entry gives. */
function functionNamed({ declarations }: ApiTable, name: string): NamedFunction {
  for (const entry of [name, name.slice(0, -1), ...Object.keys(declarations)]) {
    const declaration = Object.hasOwn(declarations, entry) ? declarations[entry] : undefined;
    const found = declaration && functionsOf(entry, declaration).find((named) => named.name === name);
    if (found !== undefined) return found;
  }
  throw new Error(`${name} is not declared where it should be`);
}

function emptyDll(): Dll {
  return {
    targets: new Map(),
    missing: new Map(),
    aliases: new Map(),
    ordinals: new Map(),
    wideOnly: new Set(),
    narrow: undefined,
    exports: {},
  };
}

function withBodies(topic: Implementation | ApiTable): Implementation {
  return "table" in topic ? topic : { table: topic, bodies: {} };
}

/** A DLL as x86-32 has it. */
function narrowed(dll: Dll): Dll {
  const { wideOnly, narrow } = dll;
  if (wideOnly.size === 0 && narrow === undefined) return dll;
  function merge<V>(all: ReadonlyMap<string, V>, own: ReadonlyMap<string, V> | undefined): Map<string, V> {
    return new Map([...[...all].filter(([name]) => !wideOnly.has(name)), ...(own ?? [])]);
  }
  return {
    ...dll,
    targets: merge(dll.targets, narrow?.targets),
    missing: merge(dll.missing, narrow?.missing),
    aliases: merge(dll.aliases, narrow?.aliases),
    ordinals: merge(dll.ordinals, narrow?.ordinals),
  };
}

/** Lower case, with no ".dll". */
function dllKey(name: string): string {
  return name.toLowerCase().replace(/\.dll$/, "");
}

function addFunction(dll: Dll, added: ApiFunction, ordinal: number | undefined): void {
  if (ordinal !== undefined) dll.ordinals.set(added.name, ordinal);
  if (added.body === undefined) {
    if (!dll.targets.has(added.name)) dll.missing.set(added.name, added);
    return;
  }
  const other = dll.targets.get(added.name);
  if (other !== undefined && !(other.kind === "function" && other.function.body === added.body))
    throw new Error(`${added.fullName} is implemented twice`);
  dll.missing.delete(added.name);
  dll.targets.set(added.name, { kind: "function", function: added });
}

function addOther(dll: Dll, name: string, declaration: Exclude<Declaration, FunctionDeclaration | TextDeclaration>): void {
  if (declaration.ordinal !== undefined) dll.ordinals.set(name, declaration.ordinal);
  if (declaration.kind === "alias") dll.aliases.set(name, (declaration satisfies AliasDeclaration).target);
  else if (declaration.kind === "forward")
    dll.targets.set(name, { kind: "forward", target: (declaration satisfies ForwardDeclaration).target });
  else dll.targets.set(name, { kind: "data", type: (declaration satisfies DataDeclaration).type, initial: declaration.initial });
}

function resolve(dll: Dll, name: string): ExportTarget | undefined {
  const seen = new Set<string>();
  let at = name;
  for (;;) {
    const target = dll.targets.get(at);
    const next = dll.aliases.get(at);
    if (target !== undefined || next === undefined || seen.has(at)) return target;
    seen.add(at);
    at = next;
  }
}

/** Declared ordinals stay; the others take the free numbers from 1 in the order of names. */
function numberExports(dll: Dll): DllExport[] {
  const names = [...dll.targets.keys(), ...dll.aliases.keys()].sort();
  const taken = new Set(dll.ordinals.values());
  let next = 1;
  const exports: DllExport[] = [];
  for (const name of new Set(names)) {
    const target = resolve(dll, name);
    if (target === undefined) continue;
    let ordinal = dll.ordinals.get(name);
    while (ordinal === undefined) {
      if (!taken.has(next)) ordinal = next;
      next++;
    }
    exports.push({ name, ordinal, target });
  }
  return exports;
}
