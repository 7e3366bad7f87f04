import { MemoryLimitError } from "@decant/memory";
import { CrtError } from "../errors/error-classes.ts";
import { errnoOf, win32ErrorOf } from "../errors/error-mapping.ts";
import { errorName } from "../errors/names.ts";
import type { CallingThread, PointerSize } from "../thread.ts";
import { UNHANDLED, type Failure } from "./failure.ts";
import { hex, KIND, Type, type AcceptedOf, type AnyType, type Kind, type Siblings, type ValueOf } from "./type.ts";

/** No result. */
export class VoidType extends Type<void, void> {
  readonly name = "VOID";
  override readonly kind = KIND.VOID;

  size(): number {
    return 0;
  }

  override align(): number {
    return 1;
  }

  load(): void {}
  store(): void {}
  fromWords(): void {}

  override low(): number {
    return 0;
  }

  override show(): string {
    return "";
  }
}

/** A result type with its own way to fail, around a type that has none or another. */
export class ResultType<V, W> extends Type<V, W> {
  readonly name: string;
  override readonly kind: Kind;
  override readonly passing;
  override readonly failure: Failure | undefined;
  readonly #base: Type<V, W>;
  readonly #show: ((value: W) => string) | undefined;

  constructor(
    base: Type<V, W>,
    { name = base.name, failure, show }: { name?: string; failure: Failure | undefined; show?: (value: W) => string },
  ) {
    super();
    this.#base = base;
    this.name = name;
    this.kind = base.kind;
    this.passing = base.passing;
    this.failure = failure;
    this.#show = show;
  }

  size(pointerSize: PointerSize): number {
    return this.#base.size(pointerSize);
  }

  override align(pointerSize: PointerSize): number {
    return this.#base.align(pointerSize);
  }

  load(thread: CallingThread, address: number): V {
    return this.#base.load(thread, address);
  }

  store(thread: CallingThread, address: number, value: W): void {
    this.#base.store(thread, address, value);
  }

  fromWords(thread: CallingThread, low: number, high: number): V {
    return this.#base.fromWords(thread, low, high);
  }

  override low(thread: CallingThread, value: W): number {
    return this.#base.low(thread, value);
  }

  override high(thread: CallingThread, value: W): number {
    return this.#base.high(thread, value);
  }

  override show(thread: CallingThread, value: V, siblings: Siblings, name?: string): string {
    return this.#show === undefined ? this.#base.show(thread, value, siblings, name) : this.#show(value as unknown as W);
  }
}

/** Fails with `value` and the thread's last error. */
export function lastErrorFailure(value: unknown): Failure {
  return {
    channel: "lastError",
    value(thread, error) {
      const code = win32ErrorOf(error);
      if (code === undefined) return UNHANDLED;
      thread.lastError = code;
      return value;
    },
  };
}

/** A result that is `value` on failure, with the thread's last error. */
export function orElse<T extends AnyType>(type: T, value: AcceptedOf<T>): ResultType<ValueOf<T>, AcceptedOf<T>> {
  return new ResultType<ValueOf<T>, AcceptedOf<T>>(type, { failure: lastErrorFailure(value) });
}

/** A result of the C runtime that is `value` on failure, with errno. */
export function errno<T extends AnyType>(type: T, value: AcceptedOf<T>): ResultType<ValueOf<T>, AcceptedOf<T>> {
  return new ResultType<ValueOf<T>, AcceptedOf<T>>(type, {
    failure: {
      channel: "errno",
      value: (thread, error) => (setErrno(thread, error) === undefined ? UNHANDLED : value),
    },
  });
}

/**
 * Sets errno, and returns it; undefined for what is no failure of an API. What Windows' functions under the C runtime fail with is the thread's last error too, as
 * programs ask for that (mingw's readdir after _wfindnext). The runtime's own errors leave it alone, and so do heaps.
 */
function setErrno(thread: CallingThread, error: unknown): number | undefined {
  const code = errnoOf(error);
  if (code === undefined) return undefined;
  thread.errno = code;
  if (!(error instanceof CrtError || error instanceof MemoryLimitError)) thread.lastError = win32ErrorOf(error) ?? thread.lastError;
  return code;
}

/** A result that cannot fail, of a type that usually can: what is thrown goes on (a bad pointer becomes an access violation). */
export function infallible<T extends AnyType>(type: T): ResultType<ValueOf<T>, AcceptedOf<T>> {
  return new ResultType<ValueOf<T>, AcceptedOf<T>>(type, { failure: undefined });
}

/** A result that is itself the error code, made by `codeOf`. */
export function codeResult(
  base: Type<number, number>,
  name: string,
  codeOf: (error: unknown) => number | undefined,
  nameOf: (code: number) => string,
): ResultType<number, number> {
  return new ResultType(base, {
    name,
    failure: { channel: "result", value: (_thread, error) => codeOf(error) ?? UNHANDLED },
    show: nameOf,
  });
}

/** The failure of errno_t: the code is the result, and is stored in errno too. */
export const errnoFailure: Failure = {
  channel: "result",
  value: (thread, error) => setErrno(thread, error) ?? UNHANDLED,
};

/** How CUresult fails: an object with a numeric `cuResult` is that code, a bad pointer CUDA_ERROR_INVALID_VALUE. */
export function cuResultOf(error: unknown): number | undefined {
  if (typeof error === "object" && error !== null && "cuResult" in error && typeof error.cuResult === "number") return error.cuResult;
  return win32ErrorOf(error) === undefined ? undefined : CUDA_ERROR_INVALID_VALUE;
}

const CUDA_ERROR_INVALID_VALUE = 1;

/** Names for the codes of results, as the trace prints them. */
export const codeNames = {
  win32: (code: number) => errorName("win32", code),
  status: (code: number) => errorName("status", code),
  hresult: (code: number) => errorName("hresult", code),
  errno: (code: number) => (code === 0 ? "0" : errorName("errno", code)),
  hex: (code: number) => (code === 0 ? "0" : hex(code)),
};
