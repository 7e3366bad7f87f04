import { expect, test } from "vitest";
import { GPR } from "../cpu-block.ts";
import { MNEMONIC, type MnemonicName } from "../decode/mnemonics.ts";
import { cpuid } from "./cpuid.ts";
import { lowerings } from "./table.ts";

const text = (...words: number[]) =>
  words.map((word) => String.fromCharCode(word & 255, (word >> 8) & 255, (word >> 16) & 255, (word >> 24) & 255)).join("");

/** Feature bits of leaf 1, and instructions that a program may use once it has seen the bit. */
const FEATURES: readonly { name: string; register: number; bit: number; needs: readonly MnemonicName[] }[] = [
  { name: "x87", register: GPR.rdx, bit: 0, needs: ["Fld", "Fstp", "Fprem", "Fyl2x", "Fxtract", "Fcomi"] },
  { name: "tsc", register: GPR.rdx, bit: 4, needs: ["Rdtsc"] },
  { name: "cx8", register: GPR.rdx, bit: 8, needs: ["Cmpxchg8b"] },
  { name: "cmov", register: GPR.rdx, bit: 15, needs: ["Cmove", "Fcmove", "Fcomi"] },
  { name: "clfsh", register: GPR.rdx, bit: 19, needs: ["Clflush"] },
  { name: "mmx", register: GPR.rdx, bit: 23, needs: ["Emms"] },
  { name: "fxsr", register: GPR.rdx, bit: 24, needs: ["Fxsave", "Fxrstor"] },
  { name: "sse", register: GPR.rdx, bit: 25, needs: ["Movaps", "Shufps", "Rcpps", "Ldmxcsr"] },
  { name: "sse2", register: GPR.rdx, bit: 26, needs: ["Movapd", "Paddq", "Cvttpd2dq", "Maskmovdqu", "Pmuludq"] },
  { name: "sse3", register: GPR.rcx, bit: 0, needs: ["Addsubps", "Haddpd", "Lddqu", "Movddup", "Fisttp"] },
  { name: "pclmulqdq", register: GPR.rcx, bit: 1, needs: ["Pclmulqdq"] },
  { name: "ssse3", register: GPR.rcx, bit: 9, needs: ["Pshufb", "Palignr", "Pmulhrsw", "Psignd", "Phsubsw", "Pabsd"] },
  { name: "cx16", register: GPR.rcx, bit: 13, needs: ["Cmpxchg16b"] },
  { name: "sse4.1", register: GPR.rcx, bit: 19, needs: ["Dpps", "Mpsadbw", "Phminposuw"] },
  { name: "sse4.2", register: GPR.rcx, bit: 20, needs: ["Pcmpistri", "Pcmpestrm"] },
  { name: "movbe", register: GPR.rcx, bit: 22, needs: ["Movbe"] },
  { name: "popcnt", register: GPR.rcx, bit: 23, needs: ["Popcnt"] },
  { name: "aes", register: GPR.rcx, bit: 25, needs: ["Aesenc"] },
];

test("a feature is reported exactly when its instructions have lowerings", () => {
  for (const { name, register, bit, needs } of FEATURES) {
    const isReported = ((cpuid(1, 0, register) >>> bit) & 1) === 1;
    const isImplemented = needs.every((mnemonic) => lowerings[MNEMONIC[mnemonic]] !== undefined);
    expect(`${name} ${isReported}`).toBe(`${name} ${isImplemented}`);
  }
});

test("neither AVX nor OSXSAVE is reported, in leaf 1 or leaf 7", () => {
  expect(cpuid(1, 0, GPR.rcx) & ((1 << 27) | (1 << 28))).toBe(0);
  for (const register of [GPR.rax, GPR.rbx, GPR.rcx, GPR.rdx]) expect(cpuid(7, 0, register)).toBe(0);
});

test("vendor and brand read as text", () => {
  expect(text(cpuid(0, 0, GPR.rbx), cpuid(0, 0, GPR.rdx), cpuid(0, 0, GPR.rcx))).toBe("GenuineIntel");
  const brand = [2, 3, 4].flatMap((leaf) => [GPR.rax, GPR.rbx, GPR.rcx, GPR.rdx].map((register) => cpuid(0x8000_0000 + leaf, 0, register)));
  expect(text(...brand).replaceAll("\0", "")).toBe("Decant x86-64 on WebAssembly");
});

test("leaves that are not there are zero", () => {
  expect(cpuid(0x4000_0000, 0, GPR.rax)).toBe(0);
  expect(cpuid(0xffff_ffff | 0, 0, GPR.rax)).toBe(0);
});
