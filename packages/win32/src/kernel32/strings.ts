import { MemoryAccessError } from "@decant/memory";
import { implement } from "@decant/process";
import { stringsApi } from "./strings.api.ts";

const ordinary = new Intl.Collator("en-US", { caseFirst: "lower" });
const ignoringCase = new Intl.Collator("en-US", { sensitivity: "accent" });

export const strings = implement(stringsApi, {
  lstrlenA: ({ memory }, text) => measure(text, () => memory.cstringLength(text)),
  lstrlenW: ({ memory }, text) => measure(text, () => memory.wstringLength(text)),
  // NULL sorts before every string.
  lstrcmp: (_, a, b) => compare(ordinary, a, b),
  lstrcmpi: (_, a, b) => compare(ignoringCase, a, b),
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
