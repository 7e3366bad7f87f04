import { fn } from "./api.ts";
import { ApiFunction } from "./api-function.ts";
import type { Invoke } from "./compile.ts";
import type { Hooks } from "./hooks.ts";
import type { Registry } from "./registry.ts";
import type { PointerSize } from "./thread.ts";
import { OPAQUE } from "./types/windows.ts";
import { unknownFunction } from "./unknown-function.ts";

/** A function as one process' stub calls it. */
export interface BoundFunction {
  readonly function: ApiFunction;
  /** Bytes that the callee pops besides the return address: 0 except for x86-32. */
  readonly popBytes: number;
  /** False for a function that ends the program when called. */
  readonly isCallable: boolean;
  /** Whether the call must come here: translated code may do an unhooked intrinsic itself. */
  readonly isHooked: boolean;
  /**
   * Reads the arguments, calls the implementation and writes the result; a generator when the implementation waits, for the kernel to
   * drive to its end. It changes when hooks do: call it as bound.invoke(thread), and keep no copy.
   */
  invoke: Invoke;
}

/** Binds a registry's functions for one process. */
export class Binding {
  readonly registry: Registry;
  readonly hooks: Hooks | undefined;
  readonly #pointerSize: PointerSize;
  readonly #bound = new Map<ApiFunction, Bound>();
  readonly #unknown = new Map<string, ApiFunction>();
  readonly #stopListening: () => void;

  constructor(registry: Registry, pointerSize: PointerSize, hooks?: Hooks) {
    this.registry = registry;
    this.hooks = hooks;
    this.#pointerSize = pointerSize;
    this.#stopListening = hooks?.onChange(() => this.#rebind()) ?? (() => {});
  }

  /** The bound form of a function: one for each function. */
  bind(target: ApiFunction): BoundFunction {
    let bound = this.#bound.get(target);
    if (bound === undefined) {
      bound = new Bound(target, this.#pointerSize, this.hooks);
      this.#bound.set(target, bound);
    }
    return bound;
  }

  /** What a static import gets whose function has no mapping: it throws UnknownFunctionError when called, unless a hook supplies it. */
  unknown(dll: string, name: string): BoundFunction {
    return this.bind(this.#declaredOrMade(dll, name));
  }

  /** Whether a hook supplies a function that the registry lacks: then GetProcAddress finds it too. */
  isSupplied(dll: string, name: string): boolean {
    return this.hooks?.isEmpty === false && this.hooks.replaces(this.#declaredOrMade(dll, name));
  }

  /** Stops following the hooks, when the process is gone. */
  close(): void {
    this.#stopListening();
  }

  #declaredOrMade(dll: string, name: string): ApiFunction {
    const declared = this.registry.declared(dll, name, this.#pointerSize);
    if (declared !== undefined) return declared;
    const key = dll.toLowerCase().replace(/\.dll$/, "");
    let made = this.#unknown.get(`${key}!${name}`);
    if (made === undefined) {
      made = new ApiFunction({ dll: key, name, key: name, declaration: fn(OPAQUE), convention: "cdecl", body: undefined });
      this.#unknown.set(`${key}!${name}`, made);
    }
    return made;
  }

  #rebind(): void {
    for (const bound of this.#bound.values()) bound.reset();
  }
}

class Bound implements BoundFunction {
  readonly function: ApiFunction;
  isHooked = false;
  invoke: Invoke = () => undefined;
  readonly #pointerSize: PointerSize;
  readonly #hooks: Hooks | undefined;

  constructor(target: ApiFunction, pointerSize: PointerSize, hooks: Hooks | undefined) {
    this.function = target;
    this.#pointerSize = pointerSize;
    this.#hooks = hooks;
    this.reset();
  }

  get popBytes(): number {
    return this.#pointerSize === 8 ? 0 : this.function.signature(4).layout.popBytes;
  }

  get isCallable(): boolean {
    return this.function.body !== undefined || this.#hooks?.replaces(this.function) === true;
  }

  /** The next call compiles the signature and looks for hooks; most functions of a DLL are never called. */
  reset(): void {
    this.isHooked = this.#hooks?.isEmpty === false && this.#hooks.matches(this.function);
    this.invoke = (thread) => {
      this.invoke = this.#compile();
      return this.invoke(thread);
    };
  }

  #compile(): Invoke {
    const target = this.function;
    const body = this.isHooked ? this.#hooks?.bodyOf(target) : target.body;
    if (body === undefined) {
      const declared = target.parameters.length > 0 ? target : undefined;
      return (thread) => {
        throw unknownFunction(thread, target.dll, target.name, declared);
      };
    }
    return body === target.body ? (target.invoke(this.#pointerSize) as Invoke) : target.compile(this.#pointerSize, body);
  }
}
