import { MemoryAccessError } from "@decant/memory";
import { implement } from "@decant/process";
import { stringsApi } from "./strings.api.ts";

/** Collators take milliseconds to make, and few programs compare so. */
let ordinary: Intl.Collator | undefined;
let ignoringCase: Intl.Collator | undefined;

export const strings = implement(stringsApi, {
  lstrlenA: ({ memory }, text) => measure(text, () => memory.cstringLength(text)),
  lstrlenW: ({ memory }, text) => measure(text, () => memory.wstringLength(text)),
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

function compare(collator: Intl.Collator, a: string | undefined, b: string | undefined): number {
  if (a === undefined || b === undefined) return Number(a !== undefined) - Number(b !== undefined);
  return Math.sign(collator.compare(a, b));
}
