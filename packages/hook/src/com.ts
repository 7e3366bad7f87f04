import type { CallingThread } from "./thread.ts";
import { fn, type ApiTable, type FunctionDeclaration } from "./api.ts";
import { in_, out } from "./types/pointers.ts";
import { byteBlock, StructType, type StructValue } from "./types/structs.ts";
import { DWORD, HRESULT, PVOID, ULONG, WORD } from "./types/windows.ts";

const GUID_FIELDS = { Data1: DWORD, Data2: WORD, Data3: WORD, Data4: byteBlock(8) };

/** A GUID; guidText prints it, and so does the trace. */
export const GUID: StructType<typeof GUID_FIELDS> = new (class extends StructType<typeof GUID_FIELDS> {
  override show(_thread: CallingThread, value: StructValue<typeof GUID_FIELDS>): string {
    return guidText(value);
  }
})("GUID", GUID_FIELDS, {});

type Methods = Readonly<Record<string, FunctionDeclaration>>;

/** A method with the object's address as its first parameter. */
type WithThis<D> =
  D extends FunctionDeclaration<infer R, infer P> ? FunctionDeclaration<R, readonly [readonly ["this", typeof PVOID], ...P]> : never;

/** A COM interface: methods in the order of its vtable, those of its base first. */
export interface ComInterface<M extends Methods = Methods> {
  readonly name: string;
  /** Lower case, with hyphens and no braces. */
  readonly iid: string;
  readonly methods: M;
  /** Its methods as a table, each with `this` first: implement it, add it to a registry, and put the functions' stubs into a vtable in order. */
  readonly table: ApiTable<{ readonly [K in keyof M]: WithThis<M[K]> }>;
}

/** Declares a COM interface on top of another. */
export function comInterface<B extends Methods, const M extends Methods>(
  name: string,
  iid: string,
  base: ComInterface<B>,
  methods: M,
): ComInterface<B & M> {
  return makeInterface(name, iid, { ...base.methods, ...methods });
}

/** The base of every interface. */
export const IUnknown = makeInterface("IUnknown", "00000000-0000-0000-c000-000000000046", {
  QueryInterface: fn(HRESULT, ["riid", in_(GUID)], ["ppvObject", out(PVOID)]),
  AddRef: fn(ULONG),
  Release: fn(ULONG),
});

/** A GUID's text, lower case, with hyphens and no braces. */
export function guidText({ Data1, Data2, Data3, Data4 }: { Data1: number; Data2: number; Data3: number; Data4: Uint8Array }): string {
  const hex = (value: number, digits: number) => value.toString(16).padStart(digits, "0");
  const tail = Array.from(Data4, (byte) => hex(byte, 2)).join("");
  return `${hex(Data1, 8)}-${hex(Data2, 4)}-${hex(Data3, 4)}-${tail.slice(0, 4)}-${tail.slice(4)}`;
}

function makeInterface<const M extends Methods>(name: string, iid: string, methods: M): ComInterface<M> {
  const declarations = Object.fromEntries(Object.entries(methods).map(([key, method]) => [key, withThis(method)]));
  const table = { dlls: [name], declarations, convention: "stdcall" } as unknown as ComInterface<M>["table"];
  return { name, iid: iid.toLowerCase(), methods, table };
}

function withThis(method: FunctionDeclaration): FunctionDeclaration {
  return { ...method, parameters: [["this", PVOID], ...method.parameters] };
}
