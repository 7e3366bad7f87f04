import type { Rounding } from "../numbers/decimal.ts";

/** What differs between the printf families. */
export interface PrintfFlavour {
  /** Digits of an exponent at least. */
  readonly exponentDigits: 2 | 3;
  readonly rounding: Rounding;
  /** Infinity is "1.#INF", not "inf". */
  readonly legacyInfinity: boolean;
  /** "hh" is char, not short. */
  readonly hasChar: boolean;
  /** %F is known. */
  readonly hasF: boolean;
  /** In wide functions %s is a wide string. */
  readonly wideFollowsFunction: boolean;
  /** %n stores; it is a parameter that makes no sense otherwise. */
  readonly storesCount: boolean;
}

/** msvcrt's. */
export const MSVCRT_PRINTF: PrintfFlavour = {
  exponentDigits: 3,
  rounding: "half-away",
  legacyInfinity: true,
  hasChar: false,
  hasF: false,
  wideFollowsFunction: true,
  storesCount: true,
};

/** That of the runtimes between msvcrt and the ucrt. */
export function olderPrintf({ storesCount, hasChar }: Pick<PrintfFlavour, "storesCount" | "hasChar">): PrintfFlavour {
  return { ...MSVCRT_PRINTF, storesCount, hasChar };
}

/** Bits of the ucrt's options word (corecrt_stdio_config.h). */
export const PRINTF_OPTION = {
  LEGACY_VSPRINTF_NULL_TERMINATION: 1,
  STANDARD_SNPRINTF_BEHAVIOR: 2,
  LEGACY_WIDE_SPECIFIERS: 4,
  LEGACY_MSVCRT_COMPATIBILITY: 8,
  LEGACY_THREE_DIGIT_EXPONENTS: 16,
  STANDARD_ROUNDING: 32,
} as const;

const flavours = new Map<number, PrintfFlavour>();

/** The ucrt's, by the options word that __stdio_common_v*printf takes. */
export function ucrtPrintf(options: bigint, storesCount = false): PrintfFlavour {
  const bits = Number(options & 0x3fn);
  const key = storesCount ? bits | 0x40 : bits;
  let flavour = flavours.get(key);
  if (flavour === undefined) {
    flavour = {
      exponentDigits: (bits & PRINTF_OPTION.LEGACY_THREE_DIGIT_EXPONENTS) !== 0 ? 3 : 2,
      rounding: (bits & PRINTF_OPTION.STANDARD_ROUNDING) !== 0 ? "half-even" : "half-away",
      legacyInfinity: (bits & PRINTF_OPTION.LEGACY_MSVCRT_COMPATIBILITY) !== 0,
      hasChar: true,
      hasF: true,
      wideFollowsFunction: (bits & PRINTF_OPTION.LEGACY_WIDE_SPECIFIERS) !== 0,
      storesCount,
    };
    flavours.set(key, flavour);
  }
  return flavour;
}
