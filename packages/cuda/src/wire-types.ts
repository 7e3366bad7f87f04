/** A wire value: what may stand in a message. Numbers are doubles: addresses and sizes are exact to 2^53. */
export type WireValue = number | string | boolean | null | Uint8Array | readonly WireValue[];

/** The kinds of object that a client names by a handle of its own choosing. */
export type HandleKind = "context" | "stream" | "event" | "module" | "link" | "gate" | "texture";

/**
 * The type of one parameter or result of a driver call: how it is put into a message and how a value from a
 * stranger is checked. `decode` throws WireError for anything but a value that `encode` could have made.
 */
export interface WireType<T> {
  /** The name in signatures; two ends agree on a call when their signature texts are equal. */
  readonly name: string;
  /** What the guard does with a handle of this type: look it up, register it, or forget it. */
  readonly handle?: { readonly kinds: readonly HandleKind[]; readonly action: "use" | "create" | "destroy" };
  /** True when `encode` and `decode` hand the value through, so that hot paths may skip `encode`. */
  readonly plain?: boolean;
  encode(value: T): WireValue;
  decode(value: unknown): T;
}

/** A message that its declared type does not allow. */
export class WireError extends Error {
  override readonly name = "WireError";
}

/** The TypeScript type of a wire type. */
export type ValueOf<W> = W extends WireType<infer T> ? T : never;

function plain<T extends WireValue>(name: string, accepts: (value: unknown) => boolean): WireType<T> {
  return {
    name,
    plain: true,
    encode: (value) => value,
    decode(value) {
      if (!accepts(value)) throw new WireError(`expected ${name}, found ${describe(value)}`);
      return value as T; // `accepts` is the definition of T.
    },
  };
}

const isU32 = (value: unknown): boolean => typeof value === "number" && value >>> 0 === value && !Object.is(value, -0);

export const VOID: WireType<void> = {
  name: "VOID",
  encode: () => null,
  decode(value) {
    if (value !== null) throw new WireError(`expected nothing, found ${describe(value)}`);
  },
};
export const U32 = plain<number>("U32", isU32);
export const I32 = plain<number>("I32", (value) => typeof value === "number" && (value | 0) === value && !Object.is(value, -0));
/** An integer from 0 to 2^53 - 1: sizes and counts. */
export const SIZE = plain<number>("SIZE", (value) => Number.isSafeInteger(value) && (value as number) >= 0);
/** A device address. 0 is NULL; real ones fit in 2^53 (unified addresses have 47 to 49 bits). */
export const DEVICEPTR = plain<number>("DEVICEPTR", (value) => Number.isSafeInteger(value) && (value as number) >= 0);
export const FLOAT = plain<number>("FLOAT", (value) => typeof value === "number");
export const BOOLEAN = plain<boolean>("BOOLEAN", (value) => typeof value === "boolean");
export const TEXT = plain<string>("TEXT", (value) => typeof value === "string");
/** Bytes. The receiver of a call has taken them (copied or used them up) when the call returns. */
export const BYTES = plain<Uint8Array>("BYTES", (value) => value instanceof Uint8Array);

function handle(name: string, kinds: readonly HandleKind[], action: "use" | "create" | "destroy"): WireType<number> {
  return { ...plain<number>(name, (value) => isU32(value) && value !== 0), handle: { kinds, action } };
}

export const CONTEXT = handle("CONTEXT", ["context"], "use");
/** A stream; a context's handle stands for its legacy default stream. */
export const STREAM = handle("STREAM", ["stream", "context"], "use");
export const EVENT = handle("EVENT", ["event"], "use");
export const MODULE = handle("MODULE", ["module"], "use");
export const LINK = handle("LINK", ["link"], "use");
export const NEW_CONTEXT = handle("NEW_CONTEXT", ["context"], "create");
export const NEW_STREAM = handle("NEW_STREAM", ["stream"], "create");
export const NEW_EVENT = handle("NEW_EVENT", ["event"], "create");
export const NEW_MODULE = handle("NEW_MODULE", ["module"], "create");
export const NEW_LINK = handle("NEW_LINK", ["link"], "create");
export const NEW_GATE = handle("NEW_GATE", ["gate"], "create");
export const NEW_TEXTURE = handle("NEW_TEXTURE", ["texture"], "create");
export const OLD_CONTEXT = handle("OLD_CONTEXT", ["context"], "destroy");
export const OLD_STREAM = handle("OLD_STREAM", ["stream"], "destroy");
export const OLD_EVENT = handle("OLD_EVENT", ["event"], "destroy");
export const OLD_MODULE = handle("OLD_MODULE", ["module"], "destroy");
export const OLD_GATE = handle("OLD_GATE", ["gate"], "destroy");
export const OLD_TEXTURE = handle("OLD_TEXTURE", ["texture"], "destroy");
export const OLD_LINK = handle("OLD_LINK", ["link"], "destroy");

/** A sequence of values of one type. */
export function list<T>(element: WireType<T>): WireType<readonly T[]> {
  return {
    name: `list(${element.name})`,
    encode: (values) => values.map((value) => element.encode(value)),
    decode(value) {
      if (!Array.isArray(value)) throw new WireError(`expected a list of ${element.name}, found ${describe(value)}`);
      return value.map((item) => element.decode(item));
    },
  };
}

/** An object with named fields; on the wire an array in the order of declaration. */
export function record<F extends Record<string, WireType<unknown>>>(
  name: string,
  fields: F,
): WireType<{ readonly [K in keyof F]: ValueOf<F[K]> }> {
  // Each field's type is erased here and restored by the mapped type of the result.
  const entries: [string, WireType<unknown>][] = Object.entries(fields);
  return {
    name: `${name}{${entries.map(([key, type]) => `${key}:${type.name}`).join(",")}}`,
    encode: (value) => entries.map(([key, type]) => type.encode((value as Record<string, unknown>)[key])),
    decode(value) {
      if (!Array.isArray(value) || value.length !== entries.length)
        throw new WireError(`expected ${name} with ${entries.length} fields, found ${describe(value)}`);
      const result = Object.fromEntries(entries.map(([key, type], index) => [key, type.decode(value[index])]));
      return result as { readonly [K in keyof F]: ValueOf<F[K]> };
    },
  };
}

function describe(value: unknown): string {
  if (value === null || value === undefined) return "nothing";
  if (value instanceof Uint8Array) return `${value.length} bytes`;
  if (Array.isArray(value)) return `a list of ${value.length}`;
  if (typeof value === "string") return `text of ${value.length} characters`;
  return typeof value === "number" || typeof value === "boolean" ? `${typeof value} ${value}` : `a value of type ${typeof value}`;
}
