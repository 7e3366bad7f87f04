import type { CallingThread } from "../thread.ts";
import { readable } from "./pointers.ts";
import { quote, readString } from "./text.ts";
import { hex, PointerArgumentType, showUnsigned, type Siblings } from "./type.ts";

/** The arguments behind "...", or those that a va_list stands for, read one after the other. */
export class VarArgs {
  readonly #thread: CallingThread;
  #address: number;

  constructor(thread: CallingThread, address: number) {
    this.#thread = thread;
    this.#address = address;
  }

  /** Where the next argument lies: what to hand on as a va_list. */
  get address(): number {
    return this.#address;
  }

  /** An int, signed; what smaller types are promoted to. */
  int(): number {
    return this.uint() | 0;
  }

  uint(): number {
    const at = this.#advance(this.#thread.pointerSize);
    return this.#thread.memory.u32(at);
  }

  /** A long long. */
  int64(): bigint {
    return BigInt.asIntN(64, this.uint64());
  }

  uint64(): bigint {
    return this.#thread.memory.u64(this.#advance(8));
  }

  /** A value of a pointer's size, all bits of it: size_t, intptr_t. */
  word(): bigint {
    return this.#thread.pointerSize === 8 ? this.uint64() : BigInt(this.uint());
  }

  /** The bits of a pointer, and of what `word` gives. */
  get wordBits(): 32 | 64 {
    return this.#thread.pointerSize === 8 ? 64 : 32;
  }

  /** A guest address, 0 for NULL. */
  pointer(): number {
    return this.uint();
  }

  /** A double; what float is promoted to. */
  double(): number {
    return this.#thread.memory.f64(this.#advance(8));
  }

  #advance(bytes: number): number {
    const at = this.#address;
    this.#address += bytes;
    return at;
  }
}

/** The type of "..." and of va_list. */
export class VarArgsType extends PointerArgumentType<VarArgs> {
  readonly name: string;

  constructor(name: string) {
    super();
    this.name = name;
  }

  fromWords(thread: CallingThread, low: number): VarArgs {
    return new VarArgs(thread, low);
  }

  /** `name` is that of the type of the string before it, which is taken for a format of printf's kind. */
  override show(thread: CallingThread, value: VarArgs, { [FORMAT]: format }: Siblings, name = ""): string {
    if (this !== VARARGS) return hex(value.address);
    return typeof format === "string" ? showFormatted(new VarArgs(thread, value.address), format, /wchar|LPCWSTR/.test(name), thread) : "…";
  }
}

/** The name of a format among the siblings of "...". */
export const FORMAT = "%";

/** The arguments that a format of printf's takes, in order ("Format specification syntax: printf and wprintf functions"). */
function showFormatted(values: VarArgs, format: string, isWide: boolean, thread: CallingThread): string {
  const shown: string[] = [];
  for (const [, width, precision, size = "", kind] of format.matchAll(
    /%[-+ #0]*(\*|\d*)(?:\.(\*|\d*))?(hh?|ll?|I64|I32|I|w|z|j|t|L)?(.)/g,
  )) {
    if (kind === "%") continue;
    for (const star of [width, precision]) if (star === "*") shown.push(String(values.int()));
    const wide = size.startsWith("h") ? false : size === "l" || size === "w" || (kind === "S" || kind === "C") !== isWide;
    const isLong = size === "ll" || size === "I64" || size === "j" || (/^[Izt]$/.test(size) && thread.pointerSize === 8);
    if (/[di]/.test(kind!)) shown.push(String(isLong ? values.int64() : values.int()));
    else if (/[uxXo]/.test(kind!)) shown.push(showUnsigned(isLong ? values.uint64() : values.uint(), kind === "u" ? "" : "mask"));
    else if (/[aAeEfFgG]/.test(kind!)) shown.push(String(values.double()));
    else if (kind === "c" || kind === "C") shown.push(`'${String.fromCharCode(values.uint() & 0xffff)}'`);
    else if (kind === "s" || kind === "S") shown.push(stringAt(thread, values.pointer(), wide));
    else if (kind === "p" || kind === "n") shown.push(hex(values.pointer()));
    else break; // no format of this kind
  }
  return shown.join(", ");
}

function stringAt(thread: CallingThread, address: number, wide: boolean): string {
  if (address === 0) return "NULL";
  return readable(() => quote(readString(thread, address, wide ? "wide" : "bytes")));
}

/** The "..." of a variadic function: the last entry of its parameters, by itself. */
export const VARARGS: VarArgsType = new VarArgsType("...");

/** A va_list parameter. */
export const VA_LIST: VarArgsType = new VarArgsType("va_list");
