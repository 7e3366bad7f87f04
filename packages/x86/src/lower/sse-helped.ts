import { OP, SIMD } from "@decant/wasm";
import { FLAG, GPR } from "../cpu-block.ts";
import type { Instruction } from "../decode/instruction.ts";
import { MNEMONIC } from "../decode/mnemonics.ts";
import type { Emitter } from "./emitter.ts";
import type { Value } from "./flags.ts";
import type { HelperName } from "./helpers.ts";
import { lanes, range } from "./lanes.ts";
import type { Lowering, LoweringTable } from "./lowering.ts";
import { STRING_FLAGS, STRING_MASK_SHIFT } from "./vector-functions.ts";

const RAX = 1 << GPR.rax;
const RCX = 1 << GPR.rcx;
const RDX = 1 << GPR.rdx;
const XMM0 = 1 << 16;

/** Vector instructions that WebAssembly has nothing like: SSE4.2's string comparisons, AES, carry-less multiplication. A module of ours does them. */
export const sseHelped: LoweringTable = {
  Pcmpestri: strings({ isExplicit: true, isIndex: true }), Pcmpestri64: strings({ isExplicit: true, isIndex: true }),
  Pcmpestrm: strings({ isExplicit: true, isIndex: false }), Pcmpestrm64: strings({ isExplicit: true, isIndex: false }),
  Pcmpistri: strings({ isExplicit: false, isIndex: true }), Pcmpistrm: strings({ isExplicit: false, isIndex: false }),
  Aesenc: round("aesenc"), Aesenclast: round("aesenclast"), Aesdec: round("aesdec"), Aesdeclast: round("aesdeclast"),
  Aesimc: { operands: "wr", lower: (e, insn) => e.put(insn, 0, () => e.vector(insn, 1).help("aesimc")) },
  Aeskeygenassist: { operands: "wr-", lower: (e, insn) => e.put(insn, 0, () => e.vector(insn, 1).const(insn.immediate, 32).help("aeskeygen")) },
  Pclmulqdq: { operands: "ur-", lower: carrylessMultiply },
}; // prettier-ignore

function round(name: HelperName): Lowering {
  return { operands: "ur", lower: (e, insn) => e.put(insn, 0, () => e.vector(insn, 0).vector(insn, 1).help(name)) };
}

function carrylessMultiply(e: Emitter, insn: Instruction): void {
  for (const [n, bit] of [1, 16].entries()) e.vector(insn, n).f.simdLane(SIMD.i64x2_extract_lane, insn.immediate & bit ? 1 : 0);
  e.help("carrylessMultiply");
  e.put(insn, 0, () => {});
}

function strings({ isExplicit, isIndex }: { isExplicit: boolean; isIndex: boolean }): Lowering {
  return {
    operands: "rr-",
    reads: isExplicit ? RAX | RDX : 0,
    writes: isIndex ? RCX : XMM0,
    flagsWritten: FLAG.ALL,
    lower(e, insn) {
      const { immediate } = insn;
      e.const(immediate, 32).vector(insn, 0).vector(insn, 1);
      const isWide = insn.mnemonic === MNEMONIC.Pcmpestri64 || insn.mnemonic === MNEMONIC.Pcmpestrm64;
      for (const register of [GPR.rax, GPR.rdx]) {
        if (isExplicit) pushLength(e, register, isWide ? 64 : 32);
        else e.const(-1, 32);
      }
      const answer = e.help("compareStrings").save(32);
      if (isIndex) e.value(answer, 32).const(0xff, 32).int(32, "and").setGpr(GPR.rcx, 32);
      else {
        pushMask(e, answer, immediate);
        e.setXmm(0);
      }
      e.flags.set(FLAG.ALL, 0);
      for (const flag of ["CF", "ZF", "SF", "OF"] as const) {
        if (!e.isLive(FLAG[flag])) continue;
        e.value(answer, 32).const(STRING_FLAGS[flag], 32).int(32, "and").const(0, 32).int(32, "ne");
        e.flags.setLocal(FLAG[flag]);
      }
    },
  };
}

/** How many elements a register says: its magnitude, at most 16. */
function pushLength(e: Emitter, register: number, bits: 32 | 64): void {
  const value = e.getGpr(register, bits).save(bits);
  e.const(0, bits).value(value, bits).int(bits, "sub").value(value, bits);
  e.value(value, bits).const(0, bits).int(bits, "lt_s").f.select();
  const magnitude = e.save(bits);
  // The magnitude of the least number is itself: more than 16 as an unsigned one.
  e.const(16, bits).value(magnitude, bits).value(magnitude, bits).const(16, bits).int(bits, "gt_u").f.select();
  if (bits === 64) e.f.op(OP.i32_wrap_i64);
}

/** The mask as bits at the bottom, or an element for each bit. */
function pushMask(e: Emitter, answer: Value, immediate: number): void {
  const f = e.f;
  const bits = (): void => void e.value(answer, 32).const(STRING_MASK_SHIFT, 32).int(32, "shr_u");
  if ((immediate & 0x40) === 0) {
    f.v128Const(new Uint8Array(16));
    bits();
    f.simdLane(SIMD.i32x4_replace_lane, 0);
    return;
  }
  bits();
  f.simd(SIMD.i16x8_splat);
  if (immediate & 1) {
    const places = new Uint8Array(Uint16Array.from(range(0, 8), (n) => 1 << n).buffer);
    f.v128Const(places).simd(SIMD.v128_and).v128Const(places).simd(SIMD.i16x8_eq);
  } else {
    const places = Uint8Array.from(range(0, 16), (n) => 1 << (n & 7));
    f.v128Const(new Uint8Array(16)).shuffle(lanes(1, range(0, 16).map((n) => n >> 3)));
    f.v128Const(places).simd(SIMD.v128_and).v128Const(places).simd(SIMD.i8x16_eq);
  } // prettier-ignore
}
