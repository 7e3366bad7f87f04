import { OP, SIMD } from "@decant/wasm";
import type { Instruction } from "../decode/instruction.ts";
import type { Emitter } from "./emitter.ts";
import { lanes, range } from "./lanes.ts";
import type { LoweringTable } from "./lowering.ts";
import { vectorOperation } from "./new-nan.ts";

/** SSE4.1's instructions that combine lanes of one vector. */
export const sseSums: LoweringTable = {
  Dpps: { operands: "ur-", lower: dotProductOfFloats },
  Dppd: { operands: "ur-", lower: dotProductOfDoubles },
  Mpsadbw: { operands: "ur-", lower: slidingDifferences },
  Phminposuw: { operands: "wr", lower: minimumAndPosition },
};

/** All ones in the lanes, `bytes` wide, whose bits are set. */
function laneMask(bytes: number, bits: number): Uint8Array {
  return Uint8Array.from(range(0, 16), (n) => ((bits >> Math.floor(n / bytes)) & 1 ? 0xff : 0));
}

/** Products of the lanes in bits 7-4, added as (0 + 1) + (2 + 3), into the lanes in bits 3-0. */
function dotProductOfFloats(e: Emitter, insn: Instruction): void {
  const f = e.f;
  const sum = e.vectorTemp();
  vectorOperation(e.vector(insn, 0).vector(insn, 1), SIMD.f32x4_mul, "f32x4");
  f.v128Const(laneMask(4, insn.immediate >> 4)).simd(SIMD.v128_and);
  f.localTee(sum)
    .localGet(sum)
    .localGet(sum)
    .shuffle(lanes(4, [1, 0, 3, 2]));
  vectorOperation(e, SIMD.f32x4_add, "f32x4");
  f.localTee(sum)
    .localGet(sum)
    .localGet(sum)
    .shuffle(lanes(4, [2, 3, 0, 1]));
  vectorOperation(e, SIMD.f32x4_add, "f32x4");
  f.localTee(sum)
    .localGet(sum)
    .shuffle(lanes(4, [0, 0, 0, 0]))
    .v128Const(laneMask(4, insn.immediate))
    .simd(SIMD.v128_and);
  e.put(insn, 0, () => {});
}

function dotProductOfDoubles(e: Emitter, insn: Instruction): void {
  const f = e.f;
  const product = e.vectorTemp();
  vectorOperation(e.vector(insn, 0).vector(insn, 1), SIMD.f64x2_mul, "f64x2");
  f.v128Const(laneMask(8, insn.immediate >> 4)).simd(SIMD.v128_and);
  f.localTee(product)
    .localGet(product)
    .localGet(product)
    .shuffle(lanes(8, [1, 0]));
  vectorOperation(e, SIMD.f64x2_add, "f64x2");
  f.v128Const(laneMask(8, insn.immediate)).simd(SIMD.v128_and);
  e.put(insn, 0, () => {});
}

/** Eight sums of four absolute differences: bytes of the first from bit 2 * 4 on, a byte further each, against four of the second from bits 1-0 * 4 on. */
function slidingDifferences(e: Emitter, insn: Instruction): void {
  const f = e.f;
  const first = e.vectorTemp();
  const second = e.vectorTemp();
  e.vector(insn, 0).f.localSet(first);
  e.vector(insn, 1).f.localSet(second);
  for (let n = 0; n < 4; n++) {
    const from = ((insn.immediate >> 2) & 1) * 4 + n;
    f.localGet(first)
      .v128Const(new Uint8Array(16))
      .shuffle(range(from, 8).flatMap((byte) => [byte, 16]));
    f.localGet(second)
      .simdLane(SIMD.i8x16_extract_lane_u, (insn.immediate & 3) * 4 + n)
      .simd(SIMD.i16x8_splat);
    f.simd(SIMD.i16x8_sub).simd(SIMD.i16x8_abs);
    if (n > 0) f.simd(SIMD.i16x8_add);
  }
  e.put(insn, 0, () => {});
}

/** The smallest word in lane 0 and its number in lane 1: a minimum over words that carry their number in the low bits. */
function minimumAndPosition(e: Emitter, insn: Instruction): void {
  const f = e.f;
  const words = e.vectorTemp();
  const least = e.vectorTemp();
  e.vector(insn, 1).f.localSet(words);
  for (const [opcode, start] of [[SIMD.i32x4_extend_low_i16x8_u, 0], [SIMD.i32x4_extend_high_i16x8_u, 4]] as const) {
    const numbers = new Uint8Array(Uint32Array.from(range(start, 4)).buffer);
    f.localGet(words).simd(opcode).i32Const(16).simd(SIMD.i32x4_shl).v128Const(numbers).simd(SIMD.v128_or);
  } // prettier-ignore
  f.simd(SIMD.i32x4_min_u);
  f.localTee(least)
    .localGet(least)
    .localGet(least)
    .shuffle(lanes(4, [1, 0, 3, 2]))
    .simd(SIMD.i32x4_min_u);
  f.localTee(least)
    .localGet(least)
    .localGet(least)
    .shuffle(lanes(4, [2, 3, 0, 1]))
    .simd(SIMD.i32x4_min_u);
  f.simdLane(SIMD.i32x4_extract_lane, 0).i32Const(16).op(OP.i32_rotl);
  const result = e.save(32);
  f.v128Const(new Uint8Array(16));
  e.value(result, 32).f.simdLane(SIMD.i32x4_replace_lane, 0);
  e.put(insn, 0, () => {});
}
