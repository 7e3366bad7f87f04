import { OP, SIMD } from "@decant/wasm";
import { GPR } from "../cpu-block.ts";
import type { Instruction } from "../decode/instruction.ts";
import type { Emitter } from "./emitter.ts";
import { lanes } from "./lanes.ts";
import type { Lowering, LoweringTable } from "./lowering.ts";
import { stringMoveDoubleword, stringOr } from "./strings.ts";

/** Whole registers. Misaligned operands of the aligned forms, which fault on a processor, are let through. */
const whole: Lowering = {
  operands: "wr",
  lower(e, insn) {
    const [to, from] = insn.operands;
    if (to!.kind === "xmm" && from!.kind === "xmm") e.copyXmm(to!.register, from!.register);
    else e.put(insn, 0, () => e.vector(insn, 1));
  },
};

/** Moves of vectors and scalars between xmm registers, memory and general registers. */
export const sseMoves: LoweringTable = {
  Movaps: whole, Movups: whole, Movapd: whole, Movupd: whole, Movdqa: whole, Movdqu: whole, Lddqu: whole,
  Movntps: whole, Movntpd: whole, Movntdq: whole, Movntdqa: whole,
  Movss: scalarMove(32),
  Movsd: stringOr(stringMoveDoubleword, scalarMove(64)),
  Movd: { operands: "wr", lower: moveWord },
  Movq: { operands: "wr", lower: moveWord },
  Movlps: halfMove(0), Movlpd: halfMove(0), Movhps: halfMove(1), Movhpd: halfMove(1),
  Movhlps: { operands: "ur", lower: (e, insn) => e.put(insn, 0, () => e.vector(insn, 1).vector(insn, 0).f.shuffle(lanes(8, [1, 3]))) },
  Movlhps: { operands: "ur", lower: (e, insn) => e.put(insn, 0, () => e.vector(insn, 0).vector(insn, 1).f.shuffle(lanes(8, [0, 2]))) },
  Movddup: { operands: "wr", lower: (e, insn) => e.put(insn, 0, () => duplicated(e, insn).shuffle(lanes(8, [0, 0]))) },
  Movshdup: { operands: "wr", lower: (e, insn) => e.put(insn, 0, () => duplicated(e, insn).shuffle(lanes(4, [1, 1, 3, 3]))) },
  Movsldup: { operands: "wr", lower: (e, insn) => e.put(insn, 0, () => duplicated(e, insn).shuffle(lanes(4, [0, 0, 2, 2]))) },
  Movmskps: mask(SIMD.i32x4_bitmask), Movmskpd: mask(SIMD.i64x2_bitmask), Pmovmskb: mask(SIMD.i8x16_bitmask),
  Maskmovdqu: { operands: "-rr", reads: 1 << GPR.rdi, memory: true, lower: maskedStore },
  Pextrb: extract(8), Pextrw: extract(16), Pextrd: extract(32), Pextrq: extract(64), Extractps: extract(32),
  Pinsrb: insert(8), Pinsrw: insert(16), Pinsrd: insert(32), Pinsrq: insert(64),
  Insertps: { operands: "ur-", lower: insertFloat },
}; // prettier-ignore

/** Pushes the source twice. */
function duplicated(e: Emitter, insn: Instruction) {
  e.vector(insn, 1);
  const local = e.vectorTemp();
  return e.f.localTee(local).localGet(local);
}

/** movss and movsd: from a register into the low lane only, from memory with zeros above. */
function scalarMove(bits: 32 | 64): Lowering {
  return {
    operands: "wr",
    adjust(effects, insn) {
      const [to, from] = insn.operands;
      if (to!.kind === "xmm" && from!.kind === "xmm") effects.reads |= 1 << (16 + to!.register);
    },
    lower(e, insn) {
      const [to, from] = insn.operands;
      if (to!.kind === "memory") {
        const offset = e.place(insn);
        e.getScalar(from!.register, bits).f.store(bits === 64 ? OP.f64_store : OP.f32_store, offset);
      } else if (from!.kind === "memory") e.scalar(insn, 1, bits).setScalarAlone(to!.register, bits);
      else e.getScalar(from!.register, bits).setScalar(to!.register, bits);
    },
  };
}

/** movd and movq between general registers, memory and the low lane; a vector destination is zeroed above. */
function moveWord(e: Emitter, insn: Instruction): void {
  const [to, from] = insn.operands;
  if (to!.kind === "xmm") {
    if (from!.kind === "memory") e.vector(insn, 1);
    else if (from!.kind === "xmm") {
      zero(e);
      e.getXmm(from!.register).f.shuffle(lanes(8, [2, 0]));
    } else {
      zero(e);
      e.get(insn, 1).f.simdLane(from!.bits === 64 ? SIMD.i64x2_replace_lane : SIMD.i32x4_replace_lane, 0);
    }
    e.setXmm(to!.register);
    return;
  }
  e.put(insn, 0, () => e.getXmm(from!.register).f.simdLane(to!.bits === 64 ? SIMD.i64x2_extract_lane : SIMD.i32x4_extract_lane, 0));
}

/** Pushes a vector of zeros. */
function zero(e: Emitter): void {
  e.f.v128Const(new Uint8Array(16));
}

/** movlps, movhps and their double forms: one half to or from memory. */
function halfMove(lane: 0 | 1): Lowering {
  return {
    operands: "ur",
    adjust(effects, insn) {
      if (insn.operands[0]!.kind === "memory") effects.reads |= 1 << (16 + insn.operands[1]!.register);
    },
    lower(e, insn) {
      const [to, from] = insn.operands;
      e.address(insn);
      if (to!.kind === "memory") e.getXmm(from!.register).f.simdStoreLane(SIMD.v128_store64_lane, 0, lane);
      else {
        e.getXmm(to!.register).f.simdLoadLane(SIMD.v128_load64_lane, 0, lane);
        e.setXmm(to!.register);
      }
    },
  };
}

function mask(opcode: number): Lowering {
  return {
    operands: "wr",
    lower: (e, insn) =>
      e.put(insn, 0, () => {
        e.vector(insn, 1).f.simd(opcode);
        e.resize(32, insn.operands[0]!.bits);
      }),
  };
}

/** Each byte whose mask byte has its top bit set, to [rdi]: read, blended, written back. */
function maskedStore(e: Emitter, insn: Instruction): void {
  e.mayFault(insn);
  e.getGpr(GPR.rdi, 32).f.i32Const(-0x10000).op(OP.i32_add);
  const address = e.save(32);
  e.value(address, 32).vector(insn, 1).value(address, 32).load(128);
  e.vector(insn, 2).f.i32Const(7).simd(SIMD.i8x16_shr_s).simd(SIMD.v128_bitselect);
  e.store(128);
}

const LANES = {
  8: { count: 16, extract: SIMD.i8x16_extract_lane_u, replace: SIMD.i8x16_replace_lane },
  16: { count: 8, extract: SIMD.i16x8_extract_lane_u, replace: SIMD.i16x8_replace_lane },
  32: { count: 4, extract: SIMD.i32x4_extract_lane, replace: SIMD.i32x4_replace_lane },
  64: { count: 2, extract: SIMD.i64x2_extract_lane, replace: SIMD.i64x2_replace_lane },
} as const;

function extract(bits: keyof typeof LANES): Lowering {
  return {
    operands: "wr-",
    lower(e, insn) {
      const { count, extract } = LANES[bits];
      e.put(insn, 0, () => {
        e.vector(insn, 1).f.simdLane(extract, insn.immediate & (count - 1));
        e.resize(bits, insn.operands[0]!.bits);
      });
    },
  };
}

function insert(bits: keyof typeof LANES): Lowering {
  return {
    operands: "ur-",
    lower(e, insn) {
      const { count, replace } = LANES[bits];
      e.put(insn, 0, () => {
        e.vector(insn, 0)
          .get(insn, 1)
          .resize(insn.operands[1]!.bits, bits)
          .f.simdLane(replace, insn.immediate & (count - 1));
      });
    },
  };
}

/** insertps: bits 7-6 choose the source lane (of a register), 5-4 the destination's, 3-0 the lanes that become zero. */
function insertFloat(e: Emitter, insn: Instruction): void {
  const { immediate } = insn;
  const from = insn.operands[1]!.kind === "xmm" ? immediate >> 6 : 0;
  const order = [0, 1, 2, 3];
  order[(immediate >> 4) & 3] = 4 + from;
  e.put(insn, 0, () => {
    e.vector(insn, 0).vector(insn, 1).f.shuffle(lanes(4, order));
    if ((immediate & 15) === 0) return;
    const keep = [0, 1, 2, 3].map((lane) => ((immediate >> lane) & 1 ? 4 : lane));
    zero(e);
    e.f.shuffle(lanes(4, keep));
  });
}
