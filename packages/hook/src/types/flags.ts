import type { CallingThread } from "../thread.ts";
import { ResultType } from "./results.ts";
import { hex, type Siblings, type Type } from "./type.ts";
import { DWORD } from "./windows.ts";

type Names = Readonly<Record<string, number>>;

/** An integer whose values have names: bits to combine, or one of several. The implementation sees the number. */
export class NamedIntegerType extends ResultType<number, number> {
  readonly #names: Names;
  readonly #isFlags: boolean;

  constructor(name: string, names: Names, base: Type<number, number>, isFlags: boolean) {
    super(base, { name, failure: undefined });
    this.#names = names;
    this.#isFlags = isFlags;
  }

  override show(thread: CallingThread, value: number, siblings: Siblings, label?: string): string {
    const prefix = this.name === "" ? "" : `${this.name}_`;
    for (const [name, code] of Object.entries(this.#names)) if (code >>> 0 === value >>> 0) return prefix + name;
    if (!this.#isFlags) return super.show(thread, value, siblings, label);
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
