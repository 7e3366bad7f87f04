import { OP, SIMD } from "@decant/wasm";
import { CPU, GPR } from "../cpu-block.ts";
import type { Instruction } from "../decode/instruction.ts";
import type { MnemonicName } from "../decode/mnemonics.ts";
import type { Emitter } from "./emitter.ts";
import { lanes, range } from "./lanes.ts";
import type { Lowering, LoweringTable } from "./lowering.ts";

/**
 * MMX. A register is the low half of its x87 register in the CPU block; the emitter reads it as a vector with zeros above, and writes the low half of one.
 * So most forms are the SSE lowering as it is; those here differ because lanes cross from one half to the other.
 */
export const mmxForms: Partial<Record<MnemonicName, Lowering["lower"]>> = {
  Movd: move, Movq: move,
  Packsswb: joined(SIMD.i8x16_narrow_i16x8_s), Packuswb: joined(SIMD.i8x16_narrow_i16x8_u), Packssdw: joined(SIMD.i16x8_narrow_i32x4_s),
  Punpckhbw: upper(lanes(1, range(4, 4).flatMap((n) => [n, 16 + n]))), Punpckhwd: upper(lanes(2, [2, 10, 3, 11])), Punpckhdq: upper(lanes(4, [1, 5])),
  Phaddw: pairs(SIMD.i16x8_add, 2), Phaddd: pairs(SIMD.i32x4_add, 4), Phaddsw: pairs(SIMD.i16x8_add_sat_s, 2),
  Phsubw: pairs(SIMD.i16x8_sub, 2), Phsubd: pairs(SIMD.i32x4_sub, 4), Phsubsw: pairs(SIMD.i16x8_sub_sat_s, 2),
  Pshufb: shuffleBytes, Palignr: align, Pextrw: extractWord, Pinsrw: insertWord,
}; // prettier-ignore

/** Mnemonics that there are for MMX only. */
export const mmx: LoweringTable = {
  Emms: leave(),
  Pshufw: {
    operands: "wr-",
    lower(e, insn) {
      const source = e.vectorTemp();
      e.vector(insn, 1).f.localTee(source).localGet(source);
      e.f.shuffle(lanes(2, [...range(0, 4).map((n) => (insn.immediate >> (2 * n)) & 3), 4, 5, 6, 7]));
      e.put(insn, 0, () => {});
    },
  },
  Movntq: { operands: "wr", lower: move },
  Maskmovq: { operands: "-rr", reads: 1 << GPR.rdi, memory: true, lower: maskedStore },
  Movdq2q: { operands: "wr", lower: (e, insn) => e.put(insn, 0, () => e.vector(insn, 1)) },
  Movq2dq: { operands: "wr", lower: (e, insn) => e.put(insn, 0, () => e.vector(insn, 1)) },
  Cvtpi2ps: {
    operands: "ur",
    lower: (e, insn) =>
      e.put(insn, 0, () =>
        e
          .vector(insn, 1)
          .simd(SIMD.f32x4_convert_i32x4_s)
          .vector(insn, 0)
          .f.shuffle(lanes(8, [0, 3])),
      ),
  },
  Cvtpi2pd: { operands: "wr", lower: (e, insn) => e.put(insn, 0, () => e.vector(insn, 1).simd(SIMD.f64x2_convert_low_i32x4_s)) },
};

/** emms: all x87 registers are free, and the stack begins at the first. */
function leave(): Lowering {
  return {
    operands: "",
    memory: true,
    lower(e) {
      e.cpuAddress(CPU.fpTop).const(0, 32).store(32);
      e.const(0xffff, 32).help("x87SetTags");
    },
  };
}

/** movd and movq: 32 or 64 bits between an mmx register and a general one, memory, or another. */
function move(e: Emitter, insn: Instruction): void {
  const [to, from] = insn.operands;
  if (to!.kind === "mm") {
    e.put(insn, 0, () => {
      if (from!.kind !== "gpr") return void e.vector(insn, 1);
      e.f.v128Const(new Uint8Array(16));
      e.get(insn, 1).f.simdLane(from!.bits === 64 ? SIMD.i64x2_replace_lane : SIMD.i32x4_replace_lane, 0);
    });
  } else e.put(insn, 0, () => e.vector(insn, 1).f.simdLane(to!.bits === 64 ? SIMD.i64x2_extract_lane : SIMD.i32x4_extract_lane, 0));
}

/** Pushes both operands as the halves of one vector. */
function pushJoined(e: Emitter, insn: Instruction): number {
  const both = e.vectorTemp();
  e.vector(insn, 0)
    .vector(insn, 1)
    .f.shuffle(lanes(8, [0, 2]))
    .localSet(both);
  return both;
}

function joined(opcode: number): Lowering["lower"] {
  return (e, insn) => {
    const both = pushJoined(e, insn);
    e.put(insn, 0, () => e.f.localGet(both).localGet(both).simd(opcode));
  };
}

function upper(shuffle: readonly number[]): Lowering["lower"] {
  const whole = [...shuffle, ...range(0, 16)].slice(0, 16);
  return (e, insn) => e.put(insn, 0, () => e.vector(insn, 0).vector(insn, 1).f.shuffle(whole));
}

function pairs(opcode: number, bytes: 2 | 4): Lowering["lower"] {
  const [even, odd] = [0, 1].map((first) => lanes(bytes, range(0, 16 / bytes).map((n) => (2 * n + first) % (16 / bytes)))); // prettier-ignore
  return (e, insn) => {
    const both = pushJoined(e, insn);
    e.put(insn, 0, () => {
      for (const order of [even!, odd!]) e.f.localGet(both).localGet(both).shuffle(order);
      e.simd(opcode);
    });
  };
}

/** An index's bits 2-0 count, and bit 7 makes 0. */
function shuffleBytes(e: Emitter, insn: Instruction): void {
  e.put(insn, 0, () =>
    e.vector(insn, 0).vector(insn, 1).f.i32Const(0x87).simd(SIMD.i8x16_splat).simd(SIMD.v128_and).simd(SIMD.i8x16_swizzle),
  );
}

/** The eight bytes from `immediate` on of the first operand above the second, with zeros above both. */
function align(e: Emitter, insn: Instruction): void {
  e.put(insn, 0, () => {
    e.vector(insn, 1)
      .vector(insn, 0)
      .f.shuffle(lanes(8, [0, 2]))
      .v128Const(new Uint8Array(16));
    e.f.shuffle(range(0, 16).map((n) => Math.min(n + insn.immediate, 16)));
  });
}

function extractWord(e: Emitter, insn: Instruction): void {
  e.put(insn, 0, () => {
    e.vector(insn, 1).f.simdLane(SIMD.i16x8_extract_lane_u, insn.immediate & 3);
    e.resize(16, insn.operands[0]!.bits);
  });
}

function insertWord(e: Emitter, insn: Instruction): void {
  e.put(insn, 0, () =>
    e
      .vector(insn, 0)
      .get(insn, 1)
      .resize(insn.operands[1]!.bits, 16)
      .f.simdLane(SIMD.i16x8_replace_lane, insn.immediate & 3),
  );
}

/** Each byte whose mask byte has its top bit set, to [rdi]. */
function maskedStore(e: Emitter, insn: Instruction): void {
  e.mayFault(insn);
  e.getGpr(GPR.rdi, 32).f.i32Const(-0x10000).op(OP.i32_add);
  const address = e.save(32);
  e.value(address, 32).vector(insn, 1).value(address, 32).f.simdLoad(SIMD.v128_load64_zero, 0);
  e.vector(insn, 2).f.i32Const(7).simd(SIMD.i8x16_shr_s).simd(SIMD.v128_bitselect).simdLane(SIMD.i64x2_extract_lane, 0);
  e.store(64);
}
