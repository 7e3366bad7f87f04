import { AddressType } from "./address.ts";
import { Win32Error } from "../errors/error-classes.ts";
import { ERROR } from "../errors/win32-codes.ts";
import type { CallingThread, PointerSize } from "../thread.ts";
import { readable } from "./pointers.ts";
import { countOf, type Count } from "./counts.ts";
import { type Direction, hex, PointerArgumentType, type Siblings, Type } from "./type.ts";

const SHOWN_CHARS = 120;

/** How a string's characters lie in memory: the ANSI code page, single bytes as they are, UTF-16, or what the variant of text() says. */
export type TextForm = "ansi" | "bytes" | "wide" | "variant";

/** A NUL-terminated string that a function reads. As a result or a field it is given back as a guest address. */
export class StringType<V extends string | undefined> extends Type<V, number> {
  readonly name: string;
  readonly form: TextForm;
  readonly isRequired: boolean;

  constructor(name: string, form: TextForm, isRequired: boolean) {
    super();
    this.name = name;
    this.form = form;
    this.isRequired = isRequired;
  }

  size(pointerSize: PointerSize): number {
    return pointerSize;
  }

  load(thread: CallingThread, address: number): V {
    return this.fromWords(thread, thread.memory.u32(address));
  }

  store(thread: CallingThread, address: number, value: number): void {
    thread.memory.setU32(address, value);
    if (thread.pointerSize === 8) thread.memory.setU32(address + 4, this.high(thread, value));
  }

  fromWords(thread: CallingThread, low: number): V {
    if (low !== 0) return readString(thread, low, this.form) as V;
    if (this.isRequired) throw new Win32Error(ERROR.INVALID_PARAMETER);
    return undefined as V;
  }

  override forText(wide: boolean): StringType<V> {
    return this.form === "variant" ? new StringType(wide ? "LPCWSTR" : "LPCSTR", wide ? "wide" : "ansi", this.isRequired) : this;
  }

  asRequired(): StringType<string> {
    return new StringType(this.name, this.form, true);
  }

  override show(thread: CallingThread, value: V | number): string {
    if (typeof value === "string") return quote(value);
    if (value === undefined || value === 0) return "NULL";
    return `${hex(value)}${readable(() => quote(readString(thread, value, this.form)))}`;
  }
}

/**
 * The address of text that the implementation reads by itself. The trace shows the text; with `orNumber`, a number below 0x10000 is itself: an ordinal, or
 * what MAKEINTRESOURCE made.
 */
export class TextAddressType extends AddressType {
  override readonly direction: Direction;
  readonly #form: TextForm;
  readonly #orNumber: boolean;
  readonly #count: Count | undefined;

  constructor(
    name: string,
    form: TextForm,
    { orNumber = false, direction = "in", count }: { orNumber?: boolean; direction?: Direction; count?: Count } = {},
  ) {
    super(name);
    this.#form = form;
    this.#orNumber = orNumber;
    this.direction = direction;
    this.#count = count;
  }

  override show(thread: CallingThread, value: number, siblings: Siblings): string {
    if (value === 0) return "NULL";
    if (this.#orNumber && value < 0x10000) return `#${value}`;
    return showText(new GuestTextBuffer(thread, value, this.#form), countOf(this.#count, siblings));
  }
}

/** What writing to a text buffer did, in units of the variant: bytes for A, UTF-16 units for W. */
export interface Written {
  /** Units stored, without the NUL; 0 when the text did not fit. */
  written: number;
  /** Units that the whole text needs, with its NUL. */
  needed: number;
}

/** A buffer for text whose capacity another parameter tells. Counts are units of the variant: bytes for A, UTF-16 units for W. */
export interface TextBuffer {
  readonly address: number;
  readonly isNull: boolean;
  /** Bytes of one unit: 1 or 2. */
  readonly charSize: 1 | 2;
  /** Writes text and NUL when both fit into `capacity` units, and nothing otherwise. */
  write(text: string, capacity: number): Written;
  /** Writes as much as fits, always with a NUL when there is room for one. */
  writeTruncated(text: string, capacity: number): Written;
  /** Writes the text's units with no NUL, and returns how many; nothing past `capacity`. */
  writeUnterminated(text: string, capacity: number): number;
  /** The NUL-terminated text that is there. */
  read(maxChars?: number): string;
  /** Exactly `chars` units, NULs included. */
  text(chars: number): string;
  /** The strings of a list that an empty one ends. */
  readList(): string[];
}

class GuestTextBuffer implements TextBuffer {
  readonly #thread: CallingThread;
  readonly address: number;
  readonly #form: TextForm;
  readonly charSize: 1 | 2;

  constructor(thread: CallingThread, address: number, form: TextForm) {
    this.#thread = thread;
    this.address = address;
    this.#form = form;
    this.charSize = form === "wide" ? 2 : 1;
  }

  get isNull(): boolean {
    return this.address === 0;
  }

  write(text: string, capacity: number): Written {
    const encoded = this.#encode(`${text}\0`);
    const needed = encoded.length / this.charSize;
    if (needed > capacity) return { written: 0, needed };
    this.#thread.memory.write(this.address, encoded);
    return { written: needed - 1, needed };
  }

  writeTruncated(text: string, capacity: number): Written {
    const encoded = this.#encode(text);
    const needed = encoded.length / this.charSize + 1;
    if (capacity <= 0) return { written: 0, needed };
    const kept = Math.min(encoded.length, (capacity - 1) * this.charSize);
    const terminated = new Uint8Array(kept + this.charSize);
    terminated.set(encoded.subarray(0, kept));
    this.#thread.memory.write(this.address, terminated);
    return { written: kept / this.charSize, needed };
  }

  writeUnterminated(text: string, capacity: number): number {
    const encoded = this.#encode(text).subarray(0, capacity * this.charSize);
    this.#thread.memory.write(this.address, encoded);
    return encoded.length / this.charSize;
  }

  read(maxChars = Infinity): string {
    const { memory } = this.#thread;
    if (this.#form === "wide") return memory.wstring(this.address, maxChars);
    return this.text(memory.cstringLength(this.address, maxChars));
  }

  text(chars: number): string {
    const { memory, ansi } = this.#thread;
    if (this.#form === "wide") return memory.utf16(this.address, chars);
    const bytes = memory.slice(this.address, chars);
    return this.#form === "bytes" ? latin1(bytes) : ansi.decode(bytes);
  }

  readList(): string[] {
    const { memory } = this.#thread;
    const strings: string[] = [];
    let at = this.address;
    for (;;) {
      const length = this.#form === "wide" ? memory.wstringLength(at) : memory.cstringLength(at);
      if (length === 0) return strings;
      strings.push(readString(this.#thread, at, this.#form));
      at += (length + 1) * this.charSize;
    }
  }

  #encode(text: string): Uint8Array {
    return encodeText(this.#thread, text, this.#form);
  }
}

/** A parameter that is a text buffer: one that a function fills, or text that need not end in a NUL. */
export class TextBufferType extends PointerArgumentType<TextBuffer> {
  readonly name: string;
  readonly form: TextForm;
  override readonly direction: Direction;
  readonly #count: Count | undefined;

  /** `count` tells the trace how much of it is text; without one it ends in a NUL. */
  constructor(name: string, form: TextForm, direction: Direction, count?: Count) {
    super();
    this.name = name;
    this.form = form;
    this.direction = direction;
    this.#count = count;
  }

  /** The same with something that counts its characters. */
  counted(count: Count): TextBufferType {
    return new TextBufferType(this.name, this.form, this.direction, count);
  }

  fromWords(thread: CallingThread, low: number): TextBuffer {
    return new GuestTextBuffer(thread, low, this.form);
  }

  override forText(wide: boolean): TextBufferType {
    if (this.form !== "variant") return this;
    return new TextBufferType(wide ? "LPWSTR" : "LPSTR", wide ? "wide" : "ansi", this.direction, this.#count);
  }

  override show(_thread: CallingThread, value: TextBuffer, siblings: Siblings): string {
    return value.isNull ? "NULL" : showText(value, countOf(this.#count, siblings));
  }
}

/** A fixed array of characters in a struct: NUL-terminated unless full. Longer text is cut. */
export class CharactersType extends Type<string, string> {
  readonly name: string;
  readonly #form: TextForm;
  readonly #count: number;

  constructor(name: string, form: TextForm, count: number) {
    super();
    this.name = name;
    this.#form = form;
    this.#count = count;
  }

  override readonly passing = "block";

  get #unit(): 1 | 2 {
    return this.#form === "wide" ? 2 : 1;
  }

  size(): number {
    return this.#count * this.#unit;
  }

  override align(): number {
    return this.#unit;
  }

  load(thread: CallingThread, address: number): string {
    return new GuestTextBuffer(thread, address, this.#form).read(this.#count);
  }

  store(thread: CallingThread, address: number, value: string): void {
    thread.memory.fill(address, 0, this.size());
    new GuestTextBuffer(thread, address, this.#form).writeTruncated(value, this.#count);
  }

  fromWords(): string {
    throw new TypeError("an array is not passed by value");
  }

  override forText(wide: boolean): CharactersType {
    return this.#form === "variant" ? new CharactersType(this.name, wide ? "wide" : "ansi", this.#count) : this;
  }

  override show(_thread: CallingThread, value: string): string {
    return quote(value);
  }
}

/** Text as the guest's bytes, in one of the forms. */
export function encodeText({ ansi }: CallingThread, text: string, form: TextForm): Uint8Array {
  if (form === "ansi") return ansi.encode(text);
  const bytes = new Uint8Array(form === "wide" ? 2 * text.length : text.length);
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (form === "wide") {
      bytes[2 * i] = unit & 0xff;
      bytes[2 * i + 1] = unit >>> 8;
    } else bytes[i] = unit;
  }
  return bytes;
}

/** A NUL-terminated string of the guest's, in one of the forms. */
export function readString({ memory, ansi }: CallingThread, address: number, form: TextForm): string {
  if (form === "wide") return memory.wstring(address);
  if (form === "bytes") return memory.cstring(address);
  return ansi.decode(memory.slice(address, memory.cstringLength(address)));
}

function latin1(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes) text += String.fromCharCode(byte);
  return text;
}

/** An address with the text there: to its NUL, or as many characters as are counted, less a NUL that was counted too. */
function showText(buffer: TextBuffer, count: number | undefined): string {
  const text = (): string =>
    count === undefined ? buffer.read(SHOWN_CHARS + 1) : buffer.text(Math.min(count, SHOWN_CHARS + 1)).replace(/\0$/, "");
  return `${hex(buffer.address)}${readable(() => quote(text()))}`;
}

/** Text in quotes, as far as a line of the trace has room. */
export function quote(text: string): string {
  const cut = text.length > SHOWN_CHARS ? text.slice(0, SHOWN_CHARS) : text;
  return `${JSON.stringify(cut)}${cut === text ? "" : "…"}`;
}
