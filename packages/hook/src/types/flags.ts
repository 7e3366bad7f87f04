import type { CallingThread, PointerSize } from "../thread.ts";
import { hex, Type, type Kind, type Siblings } from "./type.ts";
import { DWORD } from "./windows.ts";

type Names = Readonly<Record<string, number>>;

/** An integer whose values have names: bits to combine, or one of several. The implementation sees the number. */
export class NamedIntegerType extends Type<number, number> {
  readonly name: string;
  override readonly kind: Kind;
  readonly #base: Type<number, number>;
  readonly #names: Names;
  readonly #isFlags: boolean;

  constructor(name: string, names: Names, base: Type<number, number>, isFlags: boolean) {
    super();
    this.name = name;
    this.kind = base.kind;
    this.#base = base;
    this.#names = names;
    this.#isFlags = isFlags;
  }

  size(pointerSize: PointerSize): number {
    return this.#base.size(pointerSize);
  }

  load(thread: CallingThread, address: number): number {
    return this.#base.load(thread, address);
  }

  store(thread: CallingThread, address: number, value: number): void {
    this.#base.store(thread, address, value);
  }

  fromWords(thread: CallingThread, low: number, high: number): number {
    return this.#base.fromWords(thread, low, high);
  }

  override low(thread: CallingThread, value: number): number {
    return this.#base.low(thread, value);
  }

  override high(thread: CallingThread, value: number): number {
    return this.#base.high(thread, value);
  }

  override show(thread: CallingThread, value: number, siblings: Siblings, label?: string): string {
    const prefix = this.name === "" ? "" : `${this.name}_`;
    for (const [name, code] of Object.entries(this.#names)) if (code >>> 0 === value >>> 0) return prefix + name;
    if (!this.#isFlags) return this.#base.show(thread, value, siblings, label);
    const parts: string[] = [];
    let rest = value >>> 0;
    // A name for several bits says more than their single names.
    for (const [name, bits] of Object.entries(this.#names).toSorted(([, a], [, b]) => bitCount(b) - bitCount(a))) {
      if (bits === 0 || (rest & bits) >>> 0 !== bits >>> 0) continue;
      parts.push(prefix + name);
      rest = (rest & ~bits) >>> 0;
    }
    if (rest !== 0 || parts.length === 0) parts.push(rest === 0 ? "0" : hex(rest));
    return parts.join("|");
  }
}

/** Bits to combine, printed as NAME_READ|NAME_WRITE; the name "" prints the keys alone. */
export function flags(name: string, names: Names, base: Type<number, number> = DWORD): NamedIntegerType {
  return new NamedIntegerType(name, names, base, true);
}

/** One of several values, printed as NAME_KEY; the name "" prints the keys alone. */
export function enumeration(name: string, names: Names, base: Type<number, number> = DWORD): NamedIntegerType {
  return new NamedIntegerType(name, names, base, false);
}

function bitCount(bits: number): number {
  let count = 0;
  for (let rest = bits >>> 0; rest !== 0; rest = (rest & (rest - 1)) >>> 0) count++;
  return count;
}
