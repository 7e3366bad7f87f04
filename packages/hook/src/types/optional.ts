import type { InType, PointerType } from "./pointers.ts";
import type { StringType } from "./text.ts";

/** A parameter that may be NULL: an out-parameter that then stores nothing, a struct that is then undefined. */
export function optional<V, W>(type: PointerType<V, W>): PointerType<V, W>;
export function optional<V>(type: InType<V>): InType<V | undefined>;
export function optional<V, W>(type: PointerType<V, W> | InType<V>): PointerType<V, W> | InType<V | undefined> {
  return type.asOptional();
}

/** A string that must be there: NULL fails with ERROR_INVALID_PARAMETER before the implementation runs. */
export function required(type: StringType<string | undefined>): StringType<string> {
  return type.asRequired();
}
