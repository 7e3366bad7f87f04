import type { ApiTable, ArgumentsOf, FunctionDeclaration, NamedArguments, Parameters, TextDeclaration } from "./api.ts";
import type { ApiFunction } from "./api-function.ts";
import { runHooked, type HookEntry, type HookedCall, type HookState } from "./hooked-call.ts";
import type { AnyBody, Implementation } from "./implement.ts";
import { Win32Error } from "./errors/error-classes.ts";
import { patternMatcher } from "./pattern.ts";
import type { AcceptedOf, AnyType, ValueOf } from "./types/type.ts";

/** The functions of tables by the names that hooks know them by: "kernel32!CreateFileW", and "kernel32!CreateFile" for both variants. */
export type FunctionsOf<T> =
  T extends ApiTable<infer D, infer N>
    ? {
        [
          K in keyof D & string as D[K] extends FunctionDeclaration
            ? `${N}!${K}`
            : D[K] extends TextDeclaration
              ? `${N}!${K}` | `${N}!${K}A` | `${N}!${K}W`
              : never
        ]: D[K];
      }
    : never;

type TableOf<T> = T extends Implementation<any, infer D, infer N> ? ApiTable<D, N> : T;

type Intersection<U> = (U extends unknown ? (member: U) => void : never) extends (all: infer I) => void ? I : never;

/** The same for all of several topics, with bodies or only declared. */
export type FunctionsOfTopics<T> = Intersection<T extends unknown ? FunctionsOf<TableOf<T>> : never>;

type SignatureAt<Known, P> = P extends keyof Known
  ? Known[P] extends FunctionDeclaration<infer R, infer Q> | TextDeclaration<infer R, infer Q>
    ? [R, Q]
    : [AnyType, Parameters]
  : [AnyType, Parameters];

/** One call as a hook sees it. */
export type Call<R extends AnyType = AnyType, P extends Parameters = Parameters> = HookedCall<NamedArguments<P>, AcceptedOf<R>>;

/** What a user's hook does. An exception in it is reported, and the call goes on as if the hook were not there. */
export interface HookHandlers<R extends AnyType = AnyType, P extends Parameters = Parameters> {
  /** Before the call; what it stores in call.args is what the function gets. */
  enter?(call: Call<R, P>): void;
  /** After the call; a value that it returns replaces the result. `result` is what the guest would see, call.error why it failed. */
  leave?(call: Call<R, P>, result: ValueOf<R> | AcceptedOf<R>): AcceptedOf<R> | undefined | void;
  /** The call did not return: its thread ended, or was unwound past it. */
  unwound?(call: Call<R, P>): void;
}

/** Which calls fail, and how. */
export interface FailOptions {
  readonly nth?: number;
  readonly always?: boolean;
  readonly error: number | Error;
}

/** Takes a hook away again. */
export interface HookHandle {
  remove(): void;
}

/**
 * The hooks that a user has set, in order. Known names have typed arguments: new Hooks<FunctionsOf<typeof fileApi>>(). Hooked functions
 * get a body of their own; the others are not touched.
 */
export class Hooks<Known = object> {
  readonly #entries: HookEntry[] = [];
  readonly #listeners = new Set<() => void>();
  readonly #state: HookState;
  #bodies = new Map<ApiFunction, AnyBody | undefined>();

  constructor({ report = (message) => console.error(message) }: { report?: (message: string) => void } = {}) {
    this.#state = { running: new Set(), replacing: new Set(), report };
  }

  get isEmpty(): boolean {
    return this.#entries.length === 0;
  }

  /** Calls handlers around every call of the functions that match: "kernel32!CreateFile*", "*Tls*,-ntdll!*". */
  hook<P extends string>(
    pattern: P | (keyof Known & string),
    handlers: HookHandlers<SignatureAt<Known, P>[0], SignatureAt<Known, P>[1]>,
  ): HookHandle {
    return this.add({ ...(handlers as unknown as HookEntry), matches: patternMatcher(pattern) });
  }

  /** Calls `body` in the place of the functions that match; call.original is the function itself. The last one set wins. */
  replace<P extends string>(
    pattern: P | (keyof Known & string),
    body: (call: Call<SignatureAt<Known, P>[0], SignatureAt<Known, P>[1]>, ...args: ArgumentsOf<SignatureAt<Known, P>[1]>) => unknown,
  ): HookHandle {
    return this.add({ matches: patternMatcher(pattern), replace: body as NonNullable<HookEntry["replace"]> });
  }

  /** Makes functions, mapped or not, return a fixed value. */
  stub(pattern: string, value: unknown): HookHandle {
    return this.add({ matches: patternMatcher(pattern), replace: () => value });
  }

  /**
   * Makes the `nth` call of the functions that match fail (the first unless given), and every one after it with `always`. The guest sees what the function's own failure
   * looks like: FALSE and the last error, INVALID_HANDLE_VALUE, NULL, a code. `error` is a Win32 code, or an Error that the mapping could throw (NtError, ErrnoError …).
   */
  fail(pattern: string, { nth = 1, always = false, error }: FailOptions): HookHandle {
    let calls = 0;
    return this.add({
      matches: patternMatcher(pattern),
      replace: (call, ...args) => {
        calls++;
        if (calls === nth || (always && calls > nth)) throw typeof error === "number" ? new Win32Error(error) : error;
        return call.original(...args);
      },
    });
  }

  /** Adds an entry with a predicate of its own, as the trace does. */
  add(entry: HookEntry): HookHandle {
    this.#entries.push(entry);
    this.#changed();
    return {
      remove: () => {
        const index = this.#entries.indexOf(entry);
        if (index < 0) return;
        this.#entries.splice(index, 1);
        this.#changed();
      },
    };
  }

  /** Whether a function is hooked in any way. */
  matches(target: ApiFunction): boolean {
    return this.#entries.some(({ matches }) => matches(target));
  }

  /** Whether a hook supplies the function itself. */
  replaces(target: ApiFunction): boolean {
    return this.#entries.some(({ matches, replace }) => replace !== undefined && matches(target));
  }

  /** The body to call in the place of a function's own: the same when nothing hooks it, undefined when there is none at all. */
  bodyOf(target: ApiFunction): AnyBody | undefined {
    if (this.#entries.length === 0) return target.body;
    if (!this.#bodies.has(target)) {
      const entries = this.#entries.filter(({ matches }) => matches(target));
      const isCallable = target.body !== undefined || entries.some(({ replace }) => replace !== undefined);
      this.#bodies.set(target, entries.length === 0 || !isCallable ? target.body : runHooked(target, entries, this.#state));
    }
    return this.#bodies.get(target);
  }

  /** Calls `listener` after hooks were set or removed; returns a function that ends this. */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #changed(): void {
    this.#bodies = new Map();
    for (const listener of this.#listeners) listener();
  }
}
