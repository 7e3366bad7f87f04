import { MemoryAccessError, type GuestMemory } from "@decant/memory";
import { implement } from "@decant/process";
import { stringsApi } from "./strings.api.ts";

/** Collators take milliseconds to make, and few programs compare so. */
let ordinary: Intl.Collator | undefined;
let ignoringCase: Intl.Collator | undefined;

export const strings = implement(stringsApi, {
  lstrlenA: ({ memory }, text) => measure(text, () => memory.cstringLength(text)),
  lstrlenW: ({ memory }, text) => measure(text, () => memory.wstringLength(text)),
  lstrcpyA: ({ memory }, to, from) => copy(to, () => copyBytes(memory, to, from, memory.cstringLength(from))),
  lstrcpyW: ({ memory }, to, from) => copy(to, () => copyWide(memory, to, from, memory.wstringLength(from))),
  lstrcpynA: ({ memory }, to, from, most) =>
    copy(to, () => most > 0 && copyBytes(memory, to, from, Math.min(most - 1, memory.cstringLength(from, most)))),
  lstrcpynW: ({ memory }, to, from, most) =>
    copy(to, () => most > 0 && copyWide(memory, to, from, Math.min(most - 1, memory.wstringLength(from, most)))),
  lstrcatA: ({ memory }, to, from) => copy(to, () => copyBytes(memory, to + memory.cstringLength(to), from, memory.cstringLength(from))),
  lstrcatW: ({ memory }, to, from) => copy(to, () => copyWide(memory, to + 2 * memory.wstringLength(to), from, memory.wstringLength(from))),
  // NULL sorts before every string.
  lstrcmp: (_, a, b) => compare((ordinary ??= new Intl.Collator("en-US", { caseFirst: "lower" })), a, b),
  lstrcmpi: (_, a, b) => compare((ignoringCase ??= new Intl.Collator("en-US", { sensitivity: "accent" })), a, b),
  MulDiv(_, number, numerator, denominator) {
    if (denominator === 0) return -1;
    const product = BigInt(number) * BigInt(numerator);
    const divisor = BigInt(Math.abs(denominator));
    const magnitude = ((product < 0n ? -product : product) + divisor / 2n) / divisor;
    if (magnitude > 0x7fff_ffffn) return -1;
    return Number(product < 0n === denominator < 0 ? magnitude : -magnitude);
  },
});

/** A bad pointer has length 0, as documented. */
function measure(text: number, length: () => number): number {
  if (text === 0) return 0;
  try {
    return length();
  } catch (error) {
    if (error instanceof MemoryAccessError) return 0;
    throw error;
  }
}

/** Runs a copy whose result is where it went: NULL when a pointer is bad, as these functions catch what that raises. */
function copy(to: number, act: () => unknown): number {
  try {
    act();
    return to;
  } catch (error) {
    if (error instanceof MemoryAccessError) return 0;
    throw error;
  }
}

function copyBytes(memory: GuestMemory, to: number, from: number, count: number): void {
  memory.copy(to, from, count);
  memory.setU8(to + count, 0);
}

function copyWide(memory: GuestMemory, to: number, from: number, count: number): void {
  memory.copy(to, from, 2 * count);
  memory.setU16(to + 2 * count, 0);
}

function compare(collator: Intl.Collator, a: string | undefined, b: string | undefined): number {
  if (a === undefined || b === undefined) return Number(a !== undefined) - Number(b !== undefined);
  return Math.sign(collator.compare(a, b));
}
