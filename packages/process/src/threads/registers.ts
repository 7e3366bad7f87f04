import { CPU, GPR } from "@decant/x86";

/** Word indices into a CPU block seen as a Uint32Array. */
export const WORD = {
  rax: (CPU.gpr >>> 2) + GPR.rax * 2,
  rcx: (CPU.gpr >>> 2) + GPR.rcx * 2,
  rdx: (CPU.gpr >>> 2) + GPR.rdx * 2,
  rsp: (CPU.gpr >>> 2) + GPR.rsp * 2,
  rbp: (CPU.gpr >>> 2) + GPR.rbp * 2,
  r8: (CPU.gpr >>> 2) + GPR.r8 * 2,
  r9: (CPU.gpr >>> 2) + GPR.r9 * 2,
  rip: CPU.rip >>> 2,
  gsBase: CPU.gsBase >>> 2,
  fsBase: CPU.fsBase >>> 2,
  mxcsr: CPU.mxcsr >>> 2,
  stackLimit: CPU.stackLimit >>> 2,
  stackEnd: CPU.stackEnd >>> 2,
  fpControl: CPU.fpControl >>> 2,
  fpTop: CPU.fpTop >>> 2,
} as const;

/** The registers of the first four integer arguments of the x64 calling convention. */
export const ARGUMENT_WORDS = [WORD.rcx, WORD.rdx, WORD.r8, WORD.r9] as const;

/** Writes a 64-bit register. A number is an address or a signed integer: negative ones are sign-extended. */
export function setRegister(words: Uint32Array, word: number, value: number | bigint): void {
  if (typeof value === "number") {
    words[word] = value;
    words[word + 1] = value < 0 ? 0xffff_ffff : 0;
    return;
  }
  words[word] = Number(value & 0xffff_ffffn);
  words[word + 1] = Number((value >> 32n) & 0xffff_ffffn);
}

/** Reads a 64-bit register. */
export function getRegister(words: Uint32Array, word: number): bigint {
  return (BigInt(words[word + 1]!) << 32n) | BigInt(words[word]!);
}
