import type { Instruction } from "../decode/instruction.ts";
import { MNEMONIC_NAMES } from "../decode/mnemonics.ts";
import { looksAtMxcsr } from "../lower/exact-floats.ts";
import { waitsForX87 } from "../lower/x87-exceptions.ts";

/**
 * Instructions whose NaN results are not the processor's bit for bit: where both operands are NaN, wasm leaves open which of them the result is
 * (V8 exchanges the operands of commutative operations). A NaN is a NaN all the same.
 */
const NAN_OPEN = /^((Add|Sub|Mul|Div|Sqrt)[ps][sd]|(Addsub|Hadd|Hsub|Dp)p[sd]|Cvt(sd2ss|ss2sd|ps2pd|pd2ps)|Round[ps][sd])$/;

/** True if the tests take any NaN for any other in the instruction's results. */
export function leavesNanOpen(insn: Instruction): boolean {
  return NAN_OPEN.test(MNEMONIC_NAMES[insn.mnemonic] ?? "");
}

/** What is compared of MXCSR after code that need not look at it: all but the flags of exceptions. */
export const MXCSR_CONTROLS = 0xffc0;

/** The bits of MXCSR that are compared: all where a single instruction looks at it. */
export function comparedMxcsr(sequence: readonly Instruction[]): number {
  return sequence.length === 1 && looksAtMxcsr(sequence[0]!) ? 0xffff : MXCSR_CONTROLS;
}

/**
 * C0, C2 and C3 are defined after these only. Alone, an instruction raises what a processor raises, and C1 is told with 64 bits of precision; what is no
 * processor's is in README.md. Functions are a unit in the last place off, as processors are among themselves, so C1 says nothing; AMD's f2xm1 raises a
 * loss of precision for 1 and -1, which lose none.
 */
export function x87Tolerance(sequence: readonly Instruction[]): { x87Status: number; x87Raised: number; x87Error: bigint } {
  const insn = sequence[0]!;
  const name = MNEMONIC_NAMES[insn.mnemonic] ?? "";
  const isCompared = /^F(u?comp?p?|icomp?|tst|xam|prem1?)$/.test(name);
  const isFunction = /^F(2xm1|yl2x|yl2xp1|patan|ptan|sin|cos|sincos)$/.test(name);
  return {
    x87Status:
      (isCompared ? 0x4500 : 0) | (/^F(ptan|sin|cos|sincos)$/.test(name) ? 0x0400 : 0) | (/^F(xam|prem1?)$/.test(name) ? 0x0200 : 0),
    x87Raised: sequence.length > 1 || !waitsForX87(insn) ? 0 : isFunction ? (name === "F2xm1" ? 0x00df : 0x00ff) : 0x02ff,
    x87Error: isFunction ? 1n : 0n,
  };
}

/** Lowerings that no recording can hold: their results depend on the processor or on time. Each has a test of its own. */
export const NOT_RECORDED = ["Cpuid", "Rdtsc", "Rdtscp", "Rcpps", "Rcpss", "Rsqrtps", "Rsqrtss"] as const;
