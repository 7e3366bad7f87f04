import type { Instruction } from "../decode/instruction.ts";
import { MNEMONIC_NAMES } from "../decode/mnemonics.ts";

/**
 * Instructions whose NaN results are not the processor's bit for bit: where both operands are NaN, wasm leaves open which of them the result is
 * (V8 exchanges the operands of commutative operations), and on hosts other than x86-64 the sign of a new NaN. A NaN is a NaN all the same.
 */
const NAN_OPEN = /^((Add|Sub|Mul|Div|Sqrt)[ps][sd]|(Addsub|Hadd|Hsub|Dp)p[sd]|Cvt(sd2ss|ss2sd|ps2pd|pd2ps)|Round[ps][sd])$/;

/** True if the tests take any NaN for any other in the instruction's results. */
export function leavesNanOpen(insn: Instruction): boolean {
  return NAN_OPEN.test(MNEMONIC_NAMES[insn.mnemonic] ?? "");
}

/** C0, C2 and C3 are defined after these only; the functions are as good as the host's, to a few units in the last place. */
export function x87Tolerance(insn: Instruction): { x87Status: number; x87Error: number } {
  const name = MNEMONIC_NAMES[insn.mnemonic] ?? "";
  return {
    x87Status: /^F(u?comp?p?|icomp?|tst|xam|prem1?)$/.test(name) ? 0x4500 : 0,
    x87Error: /^F(2xm1|yl2x|yl2xp1|patan|ptan|sin|cos|sincos)$/.test(name) ? 2 ** -50 : 0,
  };
}

/** Lowerings that no recording can hold: their results depend on the processor or on time. Each has a test of its own. */
export const NOT_RECORDED = ["Cpuid", "Rdtsc", "Rdtscp", "Rcpps", "Rcpss", "Rsqrtps", "Rsqrtss"] as const;

/** Lowerings of mnemonics that a 64-bit processor decodes in 32-bit mode only. */
export const ONLY_32_BIT = ["Popad", "Popfd", "Pushad", "Pushfd"] as const;
