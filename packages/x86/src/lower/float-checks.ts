import { SIMD } from "@decant/wasm";
import type { Emitter } from "./emitter.ts";
import { range } from "./lanes.ts";

/** What about an instruction's operands and result says that nothing but a lost remainder can have been raised. */
export type FloatCheck =
  /** Operands, and the result of an addition, which may be 0; a product's is 0 of a 0 only; a quotient's divisor is not 0. */
  | "sum" | "product" | "quotient"
  /** Of a root; operands alone; the last operand alone; a float made of a double, which is not 0. */
  | "root" | "operands" | "source" | "narrowed"
  /** No lane is the integer indefinite. */
  | "integer"
  | "nothing"; // prettier-ignore

interface Checked {
  /** Locals: vectors, but for the destination of an integer. */
  readonly destination: number;
  readonly source: number;
  readonly bits: 32 | 64;
  readonly lanes: number;
  /** Of the result. */
  readonly width: number;
}

const SHAPE = { 32: "f32x4", 64: "f64x2" } as const;
/** The least ordinary number, and infinity. */
const LEAST = { 32: 2 ** -126, 64: 2 ** -1022 } as const;

/** Turns the result on the wasm stack into a condition: it, or an operand, is none of which the plain code tells everything. */
export function pushUnexpected(e: Emitter, check: FloatCheck, checked: Checked): void {
  const { bits, lanes, source, destination, width } = checked;
  if (check === "integer") return pushHasIndefinite(e, width, lanes);
  const result = e.vectorTemp();
  e.f.localSet(result);
  if (check === "narrowed") {
    pushAnyLane(e, bits, lanes, [() => pushUnusual(e, source, bits)]);
    pushAnyLane(e, 32, lanes, [() => pushUnusual(e, result, 32), () => pushZero(e, result, 32)]);
    e.int(32, "or");
    return;
  }
  const terms: (() => void)[] = [() => pushUnusual(e, source, bits)];
  if (check !== "source" && check !== "root") terms.push(() => pushUnusual(e, destination, bits));
  if (check !== "source" && check !== "operands") terms.push(() => pushUnusual(e, result, bits));
  const vanishes = (of: readonly number[]): void => {
    pushZero(e, result, bits);
    for (const local of of) {
      pushZero(e, local, bits);
      e.simd(SIMD.v128_andnot);
    }
  };
  if (check === "product") terms.push(() => vanishes([source, destination]));
  if (check === "quotient") terms.push(() => vanishes([destination]), () => pushZero(e, source, bits)); // prettier-ignore
  pushAnyLane(e, bits, lanes, terms);
}

/** Pushes 1 if one of the first lanes is set in one of the masks. */
function pushAnyLane(e: Emitter, bits: 32 | 64, lanes: number, masks: readonly (() => void)[]): void {
  masks.forEach((push, n) => {
    push();
    if (n > 0) e.simd(SIMD.v128_or);
  });
  const bytes = (bits / 8) * lanes;
  if (bytes < 16) {
    e.f.v128Const(Uint8Array.from(range(0, 16), (n) => (n < bytes ? 0xff : 0)));
    e.simd(SIMD.v128_and);
  }
  e.simd(SIMD.v128_any_true);
}

/** Pushes the lanes that are neither 0 nor ordinary numbers above the least. */
export function pushUnusual(e: Emitter, local: number, bits: 32 | 64): void {
  const shape = SHAPE[bits];
  const magnitude = e.vectorTemp();
  const constant = (value: number): void => {
    if (bits === 64) e.f.f64Const(value);
    else e.f.f32Const(value);
    e.simd(SIMD[`${shape}_splat`]);
  };
  e.f.localGet(local).simd(SIMD[`${shape}_abs`]).localTee(magnitude);
  constant(LEAST[bits]);
  e.simd(SIMD[`${shape}_gt`]).f.localGet(magnitude);
  constant(Infinity);
  e.simd(SIMD[`${shape}_lt`]).simd(SIMD.v128_and);
  pushZero(e, magnitude, bits);
  e.simd(SIMD.v128_or).simd(SIMD.v128_not);
}

function pushZero(e: Emitter, local: number, bits: 32 | 64): void {
  e.f.localGet(local).v128Const(new Uint8Array(16));
  e.simd(SIMD[`${SHAPE[bits]}_eq`]);
}

/** Of an integer of `width`, or of a vector of integers of 32 bits. */
function pushHasIndefinite(e: Emitter, width: number, lanes: number): void {
  if (width !== 128) return void e.const(width === 64 ? -(2n ** 63n) : -(2 ** 31), width).int(width, "eq");
  e.f.i32Const(-(2 ** 31)).simd(SIMD.i32x4_splat);
  const mask = e.simd(SIMD.i32x4_eq).f;
  if (lanes < 4) mask.v128Const(Uint8Array.from(range(0, 16), (n) => (n < 4 * lanes ? 0xff : 0))).simd(SIMD.v128_and);
  mask.simd(SIMD.v128_any_true);
}
