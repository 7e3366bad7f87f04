import { SIMD } from "@decant/wasm";
import type { VectorEmitter } from "./emitter.ts";
import { finishFloat, floatForm, pushFloats } from "./forms.ts";
import type { SsaInstruction } from "./ssa.ts";

/**
 * ex2, lg2, sin and cos of floats by polynomials: within the errors that the PTX ISA allows each of them ("ex2": 2^-22.5
 * relative; "lg2": 2^-22; "sin" and "cos": 2^-20.5 absolute).
 */
export function transcendental(e: VectorEmitter, s: SsaInstruction): boolean {
  const i = s.instruction;
  const it = floatForm(i, ["approx"]);
  if (it?.type !== "f32") return false;
  const { f } = e;
  const write = { ex2: exponential, lg2: logarithm, sin: sine, cos: cosine }[i.opcode as "ex2" | "lg2" | "sin" | "cos"];
  const inputs = Array.from({ length: e.vectors }, (_, j) => e.vectorTemporary(`argument ${j}`));
  for (const [j, input] of inputs.entries()) {
    pushFloats(e, s, i.operands[1], it, j);
    f.localSet(input);
  }
  const fast = (): void => {
    for (const [j, input] of inputs.entries()) {
      write(e, input);
      finishFloat(e, it);
      e.setVector(s, i.operands[0], j);
    }
  };
  if (i.opcode !== "sin" && i.opcode !== "cos") {
    fast();
    return true;
  }
  // Far from zero the reduction loses what the result is made of.
  for (const [j, input] of inputs.entries()) {
    f.localGet(input).simd(SIMD.f32x4_abs);
    constant(e, 10_000).f.simd(SIMD.f32x4_lt);
    if (j > 0) f.simd(SIMD.v128_and);
  }
  f.simd(SIMD.i32x4_all_true).if();
  fast();
  f.else();
  e.eachLane(s.reads, s.writes, () => e.lowerScalar(i), { effects: false });
  f.end();
  return true;
}

function constant(e: VectorEmitter, value: number): VectorEmitter {
  e.f.f32Const(value).simd(SIMD.f32x4_splat);
  return e;
}

/** (sum, x, c on the stack as product's factors and addend): a * b + c, fused where that is known to be so. */
function multiplyAdd(e: VectorEmitter): void {
  if (e.kernel.features.fusedMultiplyAdd) {
    e.f.simd(SIMD.f32x4_relaxed_madd);
    return;
  }
  const addend = e.vectorTemporary("addend");
  e.f.localSet(addend).simd(SIMD.f32x4_mul).localGet(addend).simd(SIMD.f32x4_add);
}

/** Pushes a polynomial in the vector of a local, highest coefficient first. */
function polynomial(e: VectorEmitter, x: number, coefficients: readonly number[]): void {
  for (const [at, coefficient] of coefficients.entries()) {
    if (at > 0) e.f.localGet(x);
    constant(e, coefficient);
    if (at > 0) multiplyAdd(e);
  }
}

function exponential(e: VectorEmitter, x: number): void {
  const { f } = e;
  const [whole, rest, power] = [e.vectorTemporary("whole"), e.vectorTemporary("rest"), e.vectorTemporary("power")];
  f.localGet(x);
  constant(e, 129).f.simd(SIMD.f32x4_min);
  constant(e, -151).f.simd(SIMD.f32x4_max);
  f.localTee(rest).simd(SIMD.f32x4_nearest).localSet(whole);
  f.localGet(rest).localGet(whole).simd(SIMD.f32x4_sub).localSet(rest);
  const coefficients: number[] = [];
  for (let k = 7, factorial = 5040; k >= 0; factorial /= k || 1, k--) coefficients.push(Math.LN2 ** k / factorial);
  polynomial(e, rest, coefficients);
  // 2^whole as a product of two powers, so that subnormal results are rounded once.
  f.localGet(whole).simd(SIMD.i32x4_trunc_sat_f32x4_s).localSet(power);
  const scale = (push: () => void): void => {
    push();
    f.i32Const(127).simd(SIMD.i32x4_splat).simd(SIMD.i32x4_add).i32Const(23).simd(SIMD.i32x4_shl).simd(SIMD.f32x4_mul);
  };
  const half = (): void => void f.localGet(power).i32Const(1).simd(SIMD.i32x4_shr_s);
  scale(half);
  scale(() => {
    f.localGet(power);
    half();
    f.simd(SIMD.i32x4_sub);
  });
}

function logarithm(e: VectorEmitter, x: number): void {
  const { f } = e;
  const [normal, exponent, t, square] = ["normal", "exponent", "t", "square"].map((name) => e.vectorTemporary(name)) as [
    number,
    number,
    number,
    number,
  ];
  const small = e.vectorTemporary("small");
  // Subnormals are made normal first.
  f.localGet(x);
  constant(e, 2 ** -126)
    .f.simd(SIMD.f32x4_lt)
    .localSet(small);
  f.localGet(x);
  constant(e, 2 ** 24)
    .f.simd(SIMD.f32x4_mul)
    .localGet(x)
    .localGet(small)
    .simd(SIMD.v128_bitselect)
    .localSet(normal);
  // The exponent of the number over sqrt(1/2), so that what is left is within a factor of sqrt(2) of 1.
  f.localGet(normal)
    .i32Const(0x3f35_04f3)
    .simd(SIMD.i32x4_splat)
    .simd(SIMD.i32x4_sub)
    .i32Const(23)
    .simd(SIMD.i32x4_shr_s)
    .localSet(exponent);
  f.localGet(normal).localGet(exponent).i32Const(23).simd(SIMD.i32x4_shl).simd(SIMD.i32x4_sub).localSet(t);
  f.localGet(t);
  constant(e, 1).f.simd(SIMD.f32x4_sub).localGet(t);
  constant(e, 1).f.simd(SIMD.f32x4_add).simd(SIMD.f32x4_div).localTee(t).localGet(t).simd(SIMD.f32x4_mul).localSet(square);
  polynomial(
    e,
    square,
    [9, 7, 5, 3, 1].map((k) => 2 / Math.LN2 / k),
  );
  f.localGet(t);
  f.localGet(exponent).simd(SIMD.f32x4_convert_i32x4_s);
  constant(e, 24).f.localGet(small).simd(SIMD.v128_and).simd(SIMD.f32x4_sub);
  multiplyAdd(e);
  const result = e.vectorTemporary("logarithm");
  f.localSet(result);
  const choose = (push: () => void, when: () => void): void => {
    push();
    f.localGet(result);
    when();
    f.simd(SIMD.v128_bitselect).localSet(result);
  };
  const compare = (op: number, value: number) => (): void => {
    f.localGet(x);
    constant(e, value).f.simd(op);
  };
  choose(() => void f.localGet(x), compare(SIMD.f32x4_eq, Infinity));
  choose(() => void constant(e, -Infinity), compare(SIMD.f32x4_eq, 0));
  choose(
    () => void constant(e, NaN),
    () => {
      compare(SIMD.f32x4_ge, 0)();
      f.simd(SIMD.v128_not);
    },
  );
  f.localGet(result);
}

function sine(e: VectorEmitter, x: number): void {
  wave(e, x, 0);
}

function cosine(e: VectorEmitter, x: number): void {
  wave(e, x, 1);
}

/** sin(x + quarters * pi/2), for |x| below 10,000. */
function wave(e: VectorEmitter, x: number, quarters: number): void {
  const { f } = e;
  const [turns, rest, square, quarter, other] = ["turns", "rest", "square", "quarter", "other"].map((name) => e.vectorTemporary(name)) as [
    number,
    number,
    number,
    number,
    number,
  ];
  f.localGet(x);
  constant(e, 2 / Math.PI)
    .f.simd(SIMD.f32x4_mul)
    .simd(SIMD.f32x4_nearest)
    .localTee(turns);
  f.simd(SIMD.i32x4_trunc_sat_f32x4_s).i32Const(quarters).simd(SIMD.i32x4_splat).simd(SIMD.i32x4_add).localSet(quarter);
  // pi/2 in parts of 11 bits each, whose products with a count below 2^13 are exact.
  f.localGet(x).localSet(rest);
  let left = Math.PI / 2;
  for (let part = 0; part < 4; part++) {
    const unit = 2 ** (Math.floor(Math.log2(left)) - 10);
    const value = part === 3 ? left : Math.floor(left / unit) * unit;
    left -= value;
    f.localGet(rest).localGet(turns);
    constant(e, value).f.simd(SIMD.f32x4_mul).simd(SIMD.f32x4_sub).localSet(rest);
  }
  f.localGet(rest).localGet(rest).simd(SIMD.f32x4_mul).localSet(square);
  // cos, then sin, then the one that the quarter asks for.
  polynomial(e, square, [1 / 40320, -1 / 720, 1 / 24, -1 / 2, 1]);
  f.localSet(other);
  f.localGet(other);
  polynomial(e, square, [1 / 362880, -1 / 5040, 1 / 120, -1 / 6]);
  f.localGet(square).localGet(rest).simd(SIMD.f32x4_mul).localGet(rest);
  multiplyAdd(e);
  f.i32Const(0).simd(SIMD.i32x4_splat).localGet(quarter).i32Const(1).simd(SIMD.i32x4_splat).simd(SIMD.v128_and).simd(SIMD.i32x4_sub);
  f.simd(SIMD.v128_bitselect);
  f.localGet(quarter)
    .i32Const(30)
    .simd(SIMD.i32x4_shl)
    .i32Const(-(2 ** 31))
    .simd(SIMD.i32x4_splat)
    .simd(SIMD.v128_and)
    .simd(SIMD.v128_xor);
}
