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

/**
 * C0, C2 and C3 are defined after these only. With 64 bits of precision arithmetic raises what a processor raises, C1 with it. Functions are a unit in the
 * last place off, as processors are among themselves.
 */
export function x87Tolerance(insn: Instruction): { x87Status: number; x87Raised: number; x87Error: bigint } {
  const name = MNEMONIC_NAMES[insn.mnemonic] ?? "";
  const isCompared = /^F(u?comp?p?|icomp?|tst|xam|prem1?)$/.test(name);
  const isArithmetic = /^F(i?(add|subr?|mul|divr?)|(add|subr?|mul|divr?)p|sqrt|rndint|prem1?|u?comi?p?|u?compp|icomp?|tst)$/.test(name);
  const isFunction = /^F(2xm1|yl2x|yl2xp1|patan|ptan|sin|cos|sincos)$/.test(name);
  return {
    x87Status:
      (isCompared ? 0x4500 : 0) | (/^F(ptan|sin|cos|sincos)$/.test(name) ? 0x0400 : 0) | (/^F(xam|prem1?)$/.test(name) ? 0x0200 : 0),
    // A denormal in memory is compared without a word of it.
    x87Raised: /com/.test(name) ? 0x027d : isArithmetic ? 0x027f : isFunction ? 0x0045 : 0,
    x87Error: isFunction ? 1n : 0n,
  };
}

/** Lowerings that no recording can hold: their results depend on the processor or on time. Each has a test of its own. */
export const NOT_RECORDED = ["Cpuid", "Rdtsc", "Rdtscp", "Rcpps", "Rcpss", "Rsqrtps", "Rsqrtss"] as const;
