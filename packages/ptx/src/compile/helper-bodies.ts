import { F32, F64, I32, I64, OP, type FunctionBuilder } from "@decant/wasm";
import type { Helpers } from "./helpers.ts";
import { FAULT, LAUNCH, WORKER } from "./layout.ts";

export type HelperName =
  | "resolve"
  | "locate"
  | "fault"
  | "stop"
  | "fmaTie"
  | "demoteOdd"
  | "demote"
  | "fma64"
  | "mulHighUnsigned"
  | "roundFromInteger"
  | "oddFromInteger"
  | "permute"
  | "halfToSingle"
  | NarrowName
  | "decodeE4m3"
  | "roundQuotient"
  | "nthBit";

/** A format narrower than float: bits of fraction, exponent of the least normal number, and the bits of its special values. */
interface NarrowFormat {
  readonly fraction: number;
  readonly least: number;
  /** What is at or above it has overflowed. */
  readonly limit: number;
  readonly infinity: number;
  readonly largest: number;
  readonly nan: number;
  readonly sign: number;
}

/** Formats that numbers are rounded to (PTX ISA, "Alternate Floating-Point Data Formats"). Those of 8 bits and less saturate. */
const NARROW = {
  toF16: { fraction: 10, least: -14, limit: 0x7c00, infinity: 0x7c00, largest: 0x7bff, nan: 0x7fff, sign: 15 },
  toBf16: { fraction: 7, least: -126, limit: 0x7f80, infinity: 0x7f80, largest: 0x7f7f, nan: 0x7fff, sign: 15 },
  toTf32: { fraction: 10, least: -126, limit: 0x3fc00, infinity: 0x3fc00, largest: 0x3fbff, nan: 0x3ffff, sign: 18 },
  toE4m3: { fraction: 3, least: -6, limit: 0x7f, infinity: 0x7e, largest: 0x7e, nan: 0x7f, sign: 7 },
  toE5m2: { fraction: 2, least: -14, limit: 0x7c, infinity: 0x7b, largest: 0x7b, nan: 0x7f, sign: 7 },
  toE2m3: { fraction: 3, least: 0, limit: 0x20, infinity: 0x1f, largest: 0x1f, nan: 0x1f, sign: 5 },
  toE3m2: { fraction: 2, least: -2, limit: 0x20, infinity: 0x1f, largest: 0x1f, nan: 0x1f, sign: 5 },
  toE2m1: { fraction: 1, least: 0, limit: 8, infinity: 7, largest: 7, nan: 7, sign: 3 },
} as const;
export type NarrowName = keyof typeof NARROW;

/** The rounding modes as helpers take them. */
export const ROUNDING = { rn: 0, rz: 1, rm: 2, rp: 3, rna: 4 } as const;
export type Rounding = keyof typeof ROUNDING;

export const helperBodies: Record<HelperName, (f: FunctionBuilder, helpers: Helpers) => void> = {
  resolve: (f, helpers) => writeResolve(f, helpers, true),
  locate: (f, helpers) => writeResolve(f, helpers, false),
  fault: writeFault,
  stop: writeStop,
  fmaTie: writeFmaTie,
  demoteOdd: writeDemoteOdd,
  demote: writeDemote,
  fma64: writeFma64,
  mulHighUnsigned: writeMulHigh,
  roundFromInteger: writeRoundFromInteger,
  oddFromInteger: writeOddFromInteger,
  permute: writePermute,
  halfToSingle: writeHalfToSingle,
  ...(Object.fromEntries(Object.entries(NARROW).map(([name, format]) => [name, (f: FunctionBuilder) => writeNarrow(f, format)])) as Record<
    NarrowName,
    (f: FunctionBuilder) => void
  >),
  decodeE4m3: writeDecodeE4m3,
  roundQuotient: writeRoundQuotient,
  nthBit: writeNthBit,
};

/**
 * (worker, pointer, size, site, thread): finds the allocation, shared window, local window or parameter block that holds
 * the access, and leaves its base and its length in elements of `size` in the worker record. When there is none it faults, or leaves an empty range.
 */
function writeResolve(f: FunctionBuilder, helpers: Helpers, faults: boolean): void {
  const [worker, pointer, size, site, thread] = [0, 1, 2, 3, 4];
  const launch = f.local(I32);
  const low = f.local(I32);
  const high = f.local(I32);
  const middle = f.local(I32);
  const base = f.local(I64);
  const end = f.local(I64);
  const offset = f.local(I64);
  // Range from `base` to `end`, both as plain addresses: answers when the access lies in it.
  const tryRange = (): void => {
    f.localGet(offset).localGet(base).op(OP.i64_ge_u);
    f.localGet(offset).localGet(size).op(OP.i64_extend_i32_u).op(OP.i64_add).localGet(end).op(OP.i64_le_u).op(OP.i32_and).if();
    f.localGet(worker).localGet(base).globalGet(helpers.imports.window).op(OP.i64_add).store(OP.i64_store, WORKER.rangeBase);
    f.localGet(worker).localGet(end).localGet(base).op(OP.i64_sub).localGet(size).op(OP.i64_extend_i32_u).op(OP.i64_div_u);
    f.store(OP.i64_store, WORKER.rangeCount).return().end();
  };
  const load = (address: number, field: number, to: number): void => {
    f.localGet(address).load(OP.i64_load32_u, field).localSet(to);
  };
  f.localGet(worker).load(OP.i32_load, WORKER.launch).localSet(launch);
  f.localGet(pointer).globalGet(helpers.imports.window).op(OP.i64_sub).localSet(offset);
  const failed = f.block();
  f.localGet(offset).i64Const(32).op(OP.i64_shr_u).i64Const(0).op(OP.i64_ne).brIf(failed);
  f.localGet(pointer)
    .localGet(size)
    .op(OP.i64_extend_i32_u)
    .i64Const(1)
    .op(OP.i64_sub)
    .op(OP.i64_and)
    .i64Const(0)
    .op(OP.i64_ne)
    .brIf(failed);
  load(worker, WORKER.shared, base);
  f.localGet(base).localGet(launch).load(OP.i64_load32_u, LAUNCH.sharedBytes).op(OP.i64_add).localSet(end);
  tryRange();
  // The local memory of all threads of the worker lies together, below their frames.
  load(worker, WORKER.local, base);
  load(worker, WORKER.frames, end);
  tryRange();
  load(launch, LAUNCH.parameters, base);
  f.localGet(base).localGet(launch).load(OP.i64_load32_u, LAUNCH.parameterBytes).op(OP.i64_add).localSet(end);
  tryRange();
  // The last entry that starts at or below the address.
  f.localGet(launch).load(OP.i32_load, LAUNCH.allocationCount).localSet(high);
  f.block();
  const search = f.loop();
  f.localGet(low).localGet(high).op(OP.i32_lt_u).if();
  f.localGet(low).localGet(high).op(OP.i32_add).i32Const(1).op(OP.i32_shr_u).localSet(middle);
  f.localGet(launch).load(OP.i32_load, LAUNCH.allocations).localGet(middle).i32Const(3).op(OP.i32_shl).op(OP.i32_add);
  f.load(OP.i64_load32_u, 0).localGet(offset).op(OP.i64_le_u).if();
  f.localGet(middle).i32Const(1).op(OP.i32_add).localSet(low);
  f.else().localGet(middle).localSet(high).end();
  f.br(search).end();
  f.end().end();
  f.localGet(low).op(OP.i32_eqz).brIf(failed);
  f.localGet(launch)
    .load(OP.i32_load, LAUNCH.allocations)
    .localGet(low)
    .i32Const(1)
    .op(OP.i32_sub)
    .i32Const(3)
    .op(OP.i32_shl)
    .op(OP.i32_add)
    .localSet(middle);
  load(middle, 0, base);
  load(middle, 4, end);
  tryRange();
  f.end();
  if (faults) f.localGet(worker).localGet(pointer).localGet(size).localGet(site).localGet(thread).call(helpers.get("fault"));
  else f.localGet(worker).i64Const(0).store(OP.i64_store, WORKER.rangeCount);
}

/** (worker, address, size, site, thread): records an access that is out of bounds or misaligned, and traps. */
function writeFault(f: FunctionBuilder): void {
  const [worker, address, size, site, thread] = [0, 1, 2, 3, 4];
  f.localGet(worker).i32Const(FAULT.misalignedAddress).i32Const(FAULT.illegalAddress);
  f.localGet(address)
    .op(OP.i32_wrap_i64)
    .localGet(size)
    .i32Const(1)
    .op(OP.i32_sub)
    .op(OP.i32_and)
    .select()
    .store(OP.i32_store, WORKER.faultKind);
  f.localGet(worker).localGet(address).store(OP.i64_store, WORKER.faultAddress);
  f.localGet(worker).localGet(site).store(OP.i32_store, WORKER.faultSite);
  f.localGet(worker).localGet(thread).store(OP.i32_store, WORKER.faultThread);
  f.unreachable();
}

/** (worker, kind, site, thread): records why the kernel stops, and traps. */
function writeStop(f: FunctionBuilder): void {
  f.localGet(0).localGet(1).store(OP.i32_store, WORKER.faultKind);
  f.localGet(0).localGet(2).store(OP.i32_store, WORKER.faultSite);
  f.localGet(0).localGet(3).store(OP.i32_store, WORKER.faultThread);
  f.unreachable();
}

/**
 * (product, addend, sum) of an f32 fma where the sum, rounded to double, may lie half way between two floats: what the
 * rounding lost decides. The product of two floats is exact in double.
 */
function writeFmaTie(f: FunctionBuilder, helpers: Helpers): void {
  f.localGet(2);
  pushSumError(f, 0, 1, 2);
  f.call(helpers.get("demoteOdd")).op(OP.f32_demote_f64);
}

/** What `a + b = sum` lost, exactly (Knuth's TwoSum): sum - a is b's part of the sum. */
export function pushSumError(f: FunctionBuilder, a: number, b: number, sum: number): void {
  const part = f.local(F64);
  f.localGet(sum).localGet(a).op(OP.f64_sub).localSet(part);
  f.localGet(a).localGet(sum).localGet(part).op(OP.f64_sub).op(OP.f64_sub);
  f.localGet(b).localGet(part).op(OP.f64_sub).op(OP.f64_add);
}

/** (sum, error): sum + error rounded to odd: so a second rounding, to float, is as if it were the only one. */
function writeDemoteOdd(f: FunctionBuilder): void {
  const bits = f.local(I64);
  f.localGet(0).op(OP.i64_reinterpret_f64).localSet(bits);
  // An error of zero or NaN (infinite sums): the sum is exact or final. An odd sum stands for everything near it.
  f.localGet(1).op(OP.f64_abs).f64Const(0).op(OP.f64_gt).op(OP.i32_eqz);
  f.localGet(bits).op(OP.i32_wrap_i64).i32Const(1).op(OP.i32_and).op(OP.i32_or).if();
  f.localGet(0).return().end();
  f.localGet(bits).i64Const(1).i64Const(-1);
  f.localGet(1).f64Const(0).op(OP.f64_gt).localGet(0).f64Const(0).op(OP.f64_gt).op(OP.i32_eq).select();
  f.op(OP.i64_add).op(OP.f64_reinterpret_i64);
}

/** (value, mode): to float with a directed rounding. */
function writeDemote(f: FunctionBuilder): void {
  const result = f.local(F32);
  const wide = f.local(F64);
  const bits = f.local(I32);
  f.localGet(0).op(OP.f32_demote_f64).localTee(result).op(OP.f64_promote_f32).localSet(wide);
  f.localGet(1)
    .op(OP.i32_eqz)
    .localGet(wide)
    .localGet(0)
    .op(OP.f64_eq)
    .op(OP.i32_or)
    .localGet(0)
    .localGet(0)
    .op(OP.f64_ne)
    .op(OP.i32_or)
    .if();
  f.localGet(result).return().end();
  f.localGet(result).op(OP.i32_reinterpret_f32).localSet(bits);
  // Too far from zero when towards zero; above when down; below when up.
  f.localGet(1).i32Const(ROUNDING.rz).op(OP.i32_eq).if();
  f.localGet(wide).op(OP.f64_abs).localGet(0).op(OP.f64_abs).op(OP.f64_gt).if();
  f.localGet(bits).i32Const(1).op(OP.i32_sub).localSet(bits).end();
  f.end();
  for (const [mode, beyond, towards, zero] of [
    [ROUNDING.rm, OP.f64_gt, OP.i32_lt_s, 0x8000_0001 | 0],
    [ROUNDING.rp, OP.f64_lt, OP.i32_ge_s, 1],
  ] as const) {
    f.localGet(1).i32Const(mode).op(OP.i32_eq).localGet(wide).localGet(0).op(beyond).op(OP.i32_and).if();
    f.localGet(wide).f64Const(0).op(OP.f64_eq).if(I32);
    f.i32Const(zero);
    // Away from zero adds one to the bits, whatever the sign.
    f.else().localGet(bits).i32Const(1).i32Const(-1).localGet(bits).i32Const(0).op(towards).select().op(OP.i32_add).end();
    f.localSet(bits).end();
  }
  f.localGet(bits).op(OP.f32_reinterpret_i32);
}

/** The high half of a 64 by 64 bit product, from four products of halves. */
function writeMulHigh(f: FunctionBuilder): void {
  const low = (local: number): FunctionBuilder => f.localGet(local).i64Const(0xffff_ffff).op(OP.i64_and);
  const high = (local: number): FunctionBuilder => f.localGet(local).i64Const(32).op(OP.i64_shr_u);
  const middle = f.local(I64);
  const other = f.local(I64);
  low(0);
  low(1).op(OP.i64_mul).i64Const(32).op(OP.i64_shr_u);
  high(0);
  low(1).op(OP.i64_mul).op(OP.i64_add).localSet(middle);
  low(0);
  high(1).op(OP.i64_mul);
  low(middle).op(OP.i64_add).localSet(other);
  high(0);
  high(1).op(OP.i64_mul);
  high(middle).op(OP.i64_add);
  high(other).op(OP.i64_add);
}

/** (integer, signed, mode): to double with a directed rounding. */
function writeRoundFromInteger(f: FunctionBuilder): void {
  const negative = f.local(I32);
  const magnitude = f.local(I64);
  const shift = f.local(I64);
  const kept = f.local(I64);
  f.localGet(1).localGet(0).i64Const(0).op(OP.i64_lt_s).op(OP.i32_and).localSet(negative);
  f.i64Const(0).localGet(0).op(OP.i64_sub).localGet(0).localGet(negative).select().localSet(magnitude);
  f.i64Const(11).localGet(magnitude).op(OP.i64_clz).op(OP.i64_sub).localTee(shift).i64Const(0).op(OP.i64_lt_s).if();
  f.i64Const(0).localSet(shift).end();
  f.localGet(magnitude).localGet(shift).op(OP.i64_shr_u).localSet(kept);
  // Away from zero when something is cut off and the mode points there.
  f.localGet(kept).localGet(shift).op(OP.i64_shl).localGet(magnitude).op(OP.i64_ne);
  f.localGet(2).i32Const(ROUNDING.rm).i32Const(ROUNDING.rp).localGet(negative).select().op(OP.i32_eq).op(OP.i32_and);
  f.op(OP.i64_extend_i32_u).localGet(kept).op(OP.i64_add).op(OP.f64_convert_i64_u);
  // Times 2^shift.
  f.localGet(shift).i64Const(1023).op(OP.i64_add).i64Const(52).op(OP.i64_shl).op(OP.f64_reinterpret_i64).op(OP.f64_mul);
  f.f64Const(-1).f64Const(1).localGet(negative).select().op(OP.f64_mul);
  // Zero has no sign here.
  f.f64Const(0).op(OP.f64_add);
}

/** (integer, signed): to double, rounded to odd. */
function writeOddFromInteger(f: FunctionBuilder): void {
  const magnitude = f.local(I64);
  const negative = f.local(I32);
  f.localGet(1).localGet(0).i64Const(0).op(OP.i64_lt_s).op(OP.i32_and).localSet(negative);
  f.i64Const(0).localGet(0).op(OP.i64_sub).localGet(0).localGet(negative).select().localSet(magnitude);
  // 2^53 and more: the low 11 bits become one.
  f.localGet(magnitude).i64Const(53).op(OP.i64_shr_u).i64Const(0).op(OP.i64_ne).if();
  f.localGet(magnitude).i64Const(-2048).op(OP.i64_and);
  f.i64Const(2048).i64Const(0).localGet(magnitude).i64Const(2047).op(OP.i64_and).i64Const(0).op(OP.i64_ne).select();
  f.op(OP.i64_or).localSet(magnitude).end();
  f.localGet(magnitude)
    .op(OP.f64_convert_i64_u)
    .f64Const(-1)
    .f64Const(1)
    .localGet(negative)
    .select()
    .op(OP.f64_mul)
    .f64Const(0)
    .op(OP.f64_add);
}

/** prmt's general form (PTX ISA, "prmt"): (a, b, selector). */
function writePermute(f: FunctionBuilder): void {
  const all = f.local(I64);
  const byte = f.local(I32);
  f.localGet(1).op(OP.i64_extend_i32_u).i64Const(32).op(OP.i64_shl).localGet(0).op(OP.i64_extend_i32_u).op(OP.i64_or).localSet(all);
  f.i32Const(0);
  for (let i = 0; i < 4; i++) {
    f.localGet(all)
      .localGet(2)
      .i32Const(4 * i)
      .op(OP.i32_shr_u)
      .i32Const(7)
      .op(OP.i32_and)
      .i32Const(3)
      .op(OP.i32_shl)
      .op(OP.i64_extend_i32_u);
    f.op(OP.i64_shr_u).op(OP.i32_wrap_i64).i32Const(0xff).op(OP.i32_and).localSet(byte);
    // The selector's top bit asks for the sign of the byte, in all of its bits.
    f.localGet(byte).i32Const(7).op(OP.i32_shr_u).i32Const(0xff).op(OP.i32_mul).localGet(byte);
    f.localGet(2)
      .i32Const(8 << (4 * i))
      .op(OP.i32_and)
      .select()
      .i32Const(8 * i)
      .op(OP.i32_shl)
      .op(OP.i32_or);
  }
}

/** IEEE half to single, exactly. */
function writeHalfToSingle(f: FunctionBuilder): void {
  const magnitude = f.local(I32);
  f.localGet(0).i32Const(0x7fff).op(OP.i32_and).localSet(magnitude);
  // The half's fields in a float's place are 2^112 too small; infinities and NaN keep their payload.
  f.localGet(magnitude).i32Const(0x7c00).op(OP.i32_ge_u).if(F32);
  f.localGet(magnitude).i32Const(13).op(OP.i32_shl).i32Const(0x7f80_0000).op(OP.i32_or).op(OP.f32_reinterpret_i32);
  f.else()
    .localGet(magnitude)
    .i32Const(13)
    .op(OP.i32_shl)
    .op(OP.f32_reinterpret_i32)
    .f32Const(2 ** 112)
    .op(OP.f32_mul)
    .end();
  f.localGet(0).i32Const(16).op(OP.i32_shl).op(OP.f32_reinterpret_i32).op(OP.f32_copysign);
}

/** (value, mode): the bits of a narrow format; the value is a float, or a double rounded to odd. */
function writeNarrow(f: FunctionBuilder, { fraction, least, limit, infinity, largest, nan, sign: signBit }: NarrowFormat): void {
  const sign = f.local(I32);
  const magnitude = f.local(F64);
  const quantum = f.local(F64);
  const scaled = f.local(F64);
  const exponent = f.local(I32);
  f.localGet(0)
    .op(OP.i64_reinterpret_f64)
    .i64Const(63)
    .op(OP.i64_shr_u)
    .op(OP.i32_wrap_i64)
    .i32Const(signBit)
    .op(OP.i32_shl)
    .localSet(sign);
  f.localGet(0).op(OP.f64_abs).localSet(magnitude);
  f.localGet(0).localGet(0).op(OP.f64_ne).if();
  f.i32Const(nan).return().end();
  f.localGet(magnitude).f64Const(Infinity).op(OP.f64_eq).if();
  f.i32Const(infinity).localGet(sign).op(OP.i32_or).return().end();
  // The distance of the format's numbers near the value.
  f.localGet(magnitude)
    .op(OP.i64_reinterpret_f64)
    .i64Const(52)
    .op(OP.i64_shr_u)
    .op(OP.i32_wrap_i64)
    .i32Const(1023)
    .op(OP.i32_sub)
    .localSet(exponent);
  f.localGet(exponent).i32Const(least).op(OP.i32_lt_s).if();
  f.i32Const(least).localSet(exponent).end();
  f.localGet(exponent)
    .i32Const(1023 - fraction)
    .op(OP.i32_add)
    .op(OP.i64_extend_i32_u)
    .i64Const(52)
    .op(OP.i64_shl)
    .op(OP.f64_reinterpret_i64)
    .localSet(quantum);
  f.localGet(magnitude).localGet(quantum).op(OP.f64_div).localSet(scaled);
  f.localGet(1).i32Const(ROUNDING.rm).op(OP.i32_eq).localGet(sign).i32Const(0).op(OP.i32_ne).op(OP.i32_and);
  f.localGet(1).i32Const(ROUNDING.rp).op(OP.i32_eq).localGet(sign).op(OP.i32_eqz).op(OP.i32_and).op(OP.i32_or).if();
  f.localGet(scaled).op(OP.f64_ceil).localSet(scaled);
  f.else().localGet(1).op(OP.i32_eqz).if();
  f.localGet(scaled).op(OP.f64_nearest).localSet(scaled);
  f.else().localGet(scaled);
  f.f64Const(0.5).f64Const(0).localGet(1).i32Const(ROUNDING.rna).op(OP.i32_eq).select();
  f.op(OP.f64_add).op(OP.f64_floor).localSet(scaled).end().end();
  // Adding the integer to the exponent's bits carries over into the next exponent, and past the largest number, by itself.
  f.localGet(exponent)
    .i32Const(-least)
    .op(OP.i32_add)
    .i32Const(fraction)
    .op(OP.i32_shl)
    .localGet(scaled)
    .op(OP.i32_trunc_f64_u)
    .op(OP.i32_add)
    .localSet(exponent);
  f.localGet(exponent).i32Const(limit).op(OP.i32_ge_s).if();
  // Overflow: infinity, or the largest number where the mode points back towards zero.
  f.i32Const(infinity).localSet(exponent);
  f.localGet(1).i32Const(ROUNDING.rz).op(OP.i32_eq);
  f.localGet(1).i32Const(ROUNDING.rm).op(OP.i32_eq).localGet(sign).op(OP.i32_eqz).op(OP.i32_and).op(OP.i32_or);
  f.localGet(1).i32Const(ROUNDING.rp).op(OP.i32_eq).localGet(sign).i32Const(0).op(OP.i32_ne).op(OP.i32_and).op(OP.i32_or).if();
  f.i32Const(largest).localSet(exponent).end();
  f.end();
  f.localGet(exponent).localGet(sign).op(OP.i32_or);
}

/**
 * (quotient, divisor, dividend, mode): a quotient of doubles that was rounded to nearest, rounded as the mode says instead. What
 * is left of the dividend tells on which side of the true quotient it lies; rounded away from zero, it cannot vanish.
 */
function writeRoundQuotient(f: FunctionBuilder, helpers: Helpers): void {
  const [quotient, divisor, dividend, mode] = [0, 1, 2, 3];
  const side = f.local(I32);
  const bits = f.local(I64);
  // Of infinities, NaN and zeros the quotient is exact.
  f.localGet(dividend).localGet(dividend).op(OP.f64_sub).f64Const(0).op(OP.f64_ne);
  f.localGet(divisor).localGet(divisor).op(OP.f64_sub).f64Const(0).op(OP.f64_ne).op(OP.i32_or);
  f.localGet(divisor).f64Const(0).op(OP.f64_eq).op(OP.i32_or).localGet(dividend).f64Const(0).op(OP.f64_eq).op(OP.i32_or).if();
  f.localGet(quotient).return().end();
  // 1: the true quotient is above, -1: below.
  f.localGet(quotient).op(OP.f64_abs).f64Const(Infinity).op(OP.f64_eq).if(I32);
  f.i32Const(-1).i32Const(1).localGet(quotient).f64Const(0).op(OP.f64_gt).select();
  f.else();
  const left = (direction: number): FunctionBuilder =>
    f.localGet(quotient).op(OP.f64_neg).localGet(divisor).localGet(dividend).i32Const(direction).call(helpers.get("fma64"));
  left(ROUNDING.rp).f64Const(0).op(OP.f64_gt);
  left(ROUNDING.rm).f64Const(0).op(OP.f64_lt).op(OP.i32_sub);
  f.i32Const(1).i32Const(-1).localGet(divisor).f64Const(0).op(OP.f64_gt).select().op(OP.i32_mul).end();
  f.localSet(side);
  f.localGet(quotient).op(OP.i64_reinterpret_f64).localSet(bits);
  const negative = (): FunctionBuilder => f.localGet(bits).i64Const(0).op(OP.i64_lt_s);
  // One step down: the mode points down, and so does the truth.
  f.localGet(side).i32Const(-1).op(OP.i32_eq);
  f.localGet(mode).i32Const(ROUNDING.rm).op(OP.i32_eq).localGet(mode).i32Const(ROUNDING.rz).op(OP.i32_eq);
  negative().op(OP.i32_eqz).op(OP.i32_and).op(OP.i32_or).op(OP.i32_and).if();
  f.localGet(bits).i64Const(1).i64Const(-1);
  negative().select().op(OP.i64_add).i64Const(-0x7fff_ffff_ffff_ffffn).localGet(quotient).f64Const(0).op(OP.f64_ne).select();
  f.op(OP.f64_reinterpret_i64).return().end();
  f.localGet(side).i32Const(1).op(OP.i32_eq);
  f.localGet(mode).i32Const(ROUNDING.rp).op(OP.i32_eq).localGet(mode).i32Const(ROUNDING.rz).op(OP.i32_eq);
  negative().op(OP.i32_and).op(OP.i32_or).op(OP.i32_and).if();
  f.localGet(bits).i64Const(-1).i64Const(1);
  negative().select().op(OP.i64_add).i64Const(1).localGet(quotient).f64Const(0).op(OP.f64_ne).select();
  f.op(OP.f64_reinterpret_i64).return().end();
  f.localGet(quotient);
}

/** (byte) to float: e4m3 has no infinity, and one NaN of each sign. */
function writeDecodeE4m3(f: FunctionBuilder): void {
  f.localGet(0).i32Const(0x7f).op(OP.i32_and).i32Const(0x7f).op(OP.i32_eq).if(F32);
  f.f32Const(NaN);
  f.else();
  // The fields in a float's place are 2^120 too small.
  f.localGet(0).i32Const(0x7f).op(OP.i32_and).i32Const(20).op(OP.i32_shl).op(OP.f32_reinterpret_i32);
  f.f32Const(2 ** 120).op(OP.f32_mul);
  f.localGet(0).i32Const(24).op(OP.i32_shl).op(OP.f32_reinterpret_i32).op(OP.f32_copysign).end();
}

/** (mask, base, offset): the position of the offset-th set bit from base (PTX ISA, "fns"). */
function writeNthBit(f: FunctionBuilder): void {
  const [mask, position, offset] = [0, 1, 2];
  const step = f.local(I32);
  const count = f.local(I32);
  f.i32Const(-1).i32Const(1).localGet(offset).i32Const(0).op(OP.i32_lt_s).select().localSet(step);
  f.localGet(offset).localGet(step).op(OP.i32_mul).localSet(count);
  // An offset of 0 asks for the bit at the base only.
  f.localGet(count).op(OP.i32_eqz).if();
  f.localGet(position).i32Const(-1);
  f.localGet(position)
    .i32Const(32)
    .op(OP.i32_lt_u)
    .localGet(mask)
    .localGet(position)
    .op(OP.i32_shr_u)
    .op(OP.i32_and)
    .i32Const(1)
    .op(OP.i32_and);
  f.select().return().end();
  const again = f.loop();
  f.localGet(position).i32Const(31).op(OP.i32_gt_u).if();
  f.i32Const(-1).return().end();
  f.localGet(mask).localGet(position).op(OP.i32_shr_u).i32Const(1).op(OP.i32_and).if();
  f.localGet(count).i32Const(1).op(OP.i32_sub).localTee(count).op(OP.i32_eqz).if();
  f.localGet(position).return().end();
  f.end();
  f.localGet(position).localGet(step).op(OP.i32_add).localSet(position).br(again);
  f.end().unreachable();
}

/**
 * (a, b, c, mode): a * b + c with one rounding, by integers: 106 bits of product and the addend in 128 bits with a
 * sticky last bit. Used where the processor's own fused operation cannot be reached, and for directed roundings.
 */
function writeFma64(f: FunctionBuilder, helpers: Helpers): void {
  const [a, b, c, mode] = [0, 1, 2, 3];
  const local64 = (): number => f.local(I64);
  const mantissas = [local64(), local64(), local64()] as const;
  const exponents = [local64(), local64(), local64()] as const;
  const [productHigh, productLow, addendHigh, addendLow] = [local64(), local64(), local64(), local64()];
  const [exponent, distance, high, low, sticky] = [local64(), local64(), local64(), local64(), local64()];
  const productSign = f.local(I32);
  const addendSign = f.local(I32);
  const value = f.local(F64);
  const finite = (local: number): FunctionBuilder => f.localGet(local).localGet(local).op(OP.f64_sub).f64Const(0).op(OP.f64_eq);

  // Infinities, NaN and zero factors: the plain operations are exact, but a zero sum takes its sign from the mode.
  finite(a);
  finite(b).op(OP.i32_and);
  finite(c).op(OP.i32_and);
  f.localGet(a).f64Const(0).op(OP.f64_ne).op(OP.i32_and).localGet(b).f64Const(0).op(OP.f64_ne).op(OP.i32_and).op(OP.i32_eqz).if();
  f.localGet(mode).i32Const(ROUNDING.rm).op(OP.i32_eq).if(F64);
  f.localGet(a).op(OP.f64_neg).localGet(b).op(OP.f64_mul).localGet(c).op(OP.f64_sub).op(OP.f64_neg);
  f.else().localGet(a).localGet(b).op(OP.f64_mul).localGet(c).op(OP.f64_add).end().return().end();

  for (const [index, operand] of [a, b, c].entries()) {
    const mantissa = mantissas[index] ?? 0;
    const power = exponents[index] ?? 0;
    f.localGet(operand)
      .op(OP.i64_reinterpret_f64)
      .localTee(high)
      .i64Const((1n << 52n) - 1n)
      .op(OP.i64_and)
      .localSet(mantissa);
    f.localGet(high).i64Const(52).op(OP.i64_shr_u).i64Const(0x7ff).op(OP.i64_and).localTee(power).i64Const(0).op(OP.i64_eq).if();
    // A subnormal is brought to 53 bits like the others.
    f.localGet(mantissa).op(OP.i64_clz).i64Const(11).op(OP.i64_sub).localSet(distance);
    f.localGet(mantissa).localGet(distance).op(OP.i64_shl).localSet(mantissa);
    f.i64Const(1).localGet(distance).op(OP.i64_sub).localSet(power);
    f.else()
      .localGet(mantissa)
      .i64Const(1n << 52n)
      .op(OP.i64_or)
      .localSet(mantissa)
      .end();
  }
  const sign = (local: number): FunctionBuilder =>
    f.localGet(local).op(OP.i64_reinterpret_f64).i64Const(63).op(OP.i64_shr_u).op(OP.i32_wrap_i64);
  sign(a);
  sign(b).op(OP.i32_xor).localSet(productSign);
  sign(c).localSet(addendSign);
  // Both as 128-bit numbers with a leading bit at 122 or 123: the product times 2^18, the addend times 2^70.
  f.localGet(mantissas[0]).i64Const(9).op(OP.i64_shl).localSet(mantissas[0]);
  f.localGet(mantissas[1]).i64Const(9).op(OP.i64_shl).localSet(mantissas[1]);
  f.localGet(mantissas[0]).localGet(mantissas[1]).call(helpers.get("mulHighUnsigned")).localSet(productHigh);
  f.localGet(mantissas[0]).localGet(mantissas[1]).op(OP.i64_mul).localSet(productLow);
  f.localGet(mantissas[2]).i64Const(6).op(OP.i64_shl).localSet(addendHigh);
  // Exponents of the lowest bit: biased ea + eb - 2 * 1075 - 18, and ec - 1075 - 70.
  f.localGet(exponents[0])
    .localGet(exponents[1])
    .op(OP.i64_add)
    .i64Const(2 * 1075 + 18)
    .op(OP.i64_sub)
    .localSet(exponent);
  f.localGet(c).f64Const(0).op(OP.f64_eq).if();
  f.i64Const(0).localSet(addendHigh).localGet(exponent).localSet(exponents[2]);
  f.else()
    .localGet(exponents[2])
    .i64Const(1075 + 70)
    .op(OP.i64_sub)
    .localSet(exponents[2])
    .end();
  // The one with the smaller exponent is shifted right to meet the other.
  const align = (highLocal: number, lowLocal: number): void => shiftRightSticky(f, highLocal, lowLocal, distance, sticky);
  f.localGet(exponents[2]).localGet(exponent).op(OP.i64_sub).localTee(distance).i64Const(0).op(OP.i64_gt_s).if();
  f.localGet(exponents[2]).localSet(exponent);
  align(productHigh, productLow);
  f.else().i64Const(0).localGet(distance).op(OP.i64_sub).localSet(distance);
  align(addendHigh, addendLow);
  f.end();
  f.localGet(productSign).localGet(addendSign).op(OP.i32_eq).if();
  f.localGet(productLow).localGet(addendLow).op(OP.i64_add).localTee(low).localGet(productLow).op(OP.i64_lt_u).op(OP.i64_extend_i32_u);
  f.localGet(productHigh).op(OP.i64_add).localGet(addendHigh).op(OP.i64_add).localSet(high);
  f.else();
  // The difference, and its sign when it comes out negative.
  f.localGet(productLow).localGet(addendLow).op(OP.i64_sub).localSet(low);
  f.localGet(productHigh).localGet(addendHigh).op(OP.i64_sub);
  f.localGet(productLow).localGet(addendLow).op(OP.i64_lt_u).op(OP.i64_extend_i32_u).op(OP.i64_sub).localTee(high);
  f.i64Const(0).op(OP.i64_lt_s).if();
  f.localGet(addendSign).localSet(productSign);
  f.i64Const(0).localGet(high).op(OP.i64_sub).localGet(low).i64Const(0).op(OP.i64_ne).op(OP.i64_extend_i32_u).op(OP.i64_sub).localSet(high);
  f.i64Const(0).localGet(low).op(OP.i64_sub).localSet(low);
  f.end();
  f.localGet(high).localGet(low).op(OP.i64_or).op(OP.i64_eqz).if();
  f.f64Const(-0).f64Const(0).localGet(mode).i32Const(ROUNDING.rm).op(OP.i32_eq).select().return().end();
  f.end();
  // The leading bit to bit 127, then 64 bits with a sticky last one.
  f.localGet(high).op(OP.i64_eqz).if();
  f.localGet(low).localSet(high).i64Const(0).localSet(low).localGet(exponent).i64Const(64).op(OP.i64_sub).localSet(exponent).end();
  f.localGet(high).op(OP.i64_clz).localSet(distance);
  f.localGet(distance).i64Const(0).op(OP.i64_ne).if();
  f.localGet(high)
    .localGet(distance)
    .op(OP.i64_shl)
    .localGet(low)
    .i64Const(64)
    .localGet(distance)
    .op(OP.i64_sub)
    .op(OP.i64_shr_u)
    .op(OP.i64_or)
    .localSet(high);
  f.localGet(low).localGet(distance).op(OP.i64_shl).localSet(low).end();
  f.localGet(high).localGet(low).i64Const(0).op(OP.i64_ne).op(OP.i64_extend_i32_u).op(OP.i64_or).localSet(high);
  // The biased exponent of bit 127.
  f.localGet(exponent)
    .localGet(distance)
    .op(OP.i64_sub)
    .i64Const(127 + 1023)
    .op(OP.i64_add)
    .localSet(exponent);
  f.localGet(exponent).i64Const(1).op(OP.i64_lt_s).if();
  f.i64Const(1).localGet(exponent).op(OP.i64_sub).localSet(distance).i64Const(0).localSet(low);
  align(high, low);
  f.localGet(high).localGet(low).i64Const(0).op(OP.i64_ne).op(OP.i64_extend_i32_u).op(OP.i64_or).localSet(high);
  f.i64Const(1).localSet(exponent).end();
  // 53 bits stay; 11 decide.
  f.localGet(high).i64Const(0x7ff).op(OP.i64_and).localSet(sticky);
  f.localGet(high).i64Const(11).op(OP.i64_shr_u).localSet(high);
  f.localGet(mode).op(OP.i32_eqz).if(I32);
  f.localGet(sticky).localGet(high).i64Const(1).op(OP.i64_and).op(OP.i64_add).i64Const(0x400).op(OP.i64_gt_u);
  f.else().localGet(sticky).i64Const(0).op(OP.i64_ne);
  f.localGet(mode).i32Const(ROUNDING.rm).i32Const(ROUNDING.rp).localGet(productSign).select().op(OP.i32_eq).op(OP.i32_and).end();
  f.op(OP.i64_extend_i32_u).localGet(high).op(OP.i64_add);
  f.localGet(exponent).i64Const(1).op(OP.i64_sub).i64Const(52).op(OP.i64_shl).op(OP.i64_add).localSet(low);
  f.localGet(exponent)
    .i64Const(0x7fe)
    .op(OP.i64_gt_s)
    .localGet(low)
    .i64Const(0x7ffn << 52n)
    .op(OP.i64_ge_u)
    .op(OP.i32_or)
    .if();
  // Overflow: infinity, or the largest number where the mode points back towards zero.
  f.i64Const(0x7ffn << 52n).i64Const((0x7ffn << 52n) - 1n);
  f.localGet(mode).op(OP.i32_eqz);
  f.localGet(mode).i32Const(ROUNDING.rm).i32Const(ROUNDING.rp).localGet(productSign).select().op(OP.i32_eq).op(OP.i32_or);
  f.select().localSet(low).end();
  f.localGet(low).op(OP.f64_reinterpret_i64).localSet(value);
  f.localGet(value).op(OP.f64_neg).localGet(value).localGet(productSign).select();
}

/** Shifts a 128-bit value right by `distance` (unsigned, any); what falls out is or-ed into the last bit. */
function shiftRightSticky(f: FunctionBuilder, high: number, low: number, distance: number, scratch: number): void {
  f.localGet(distance).i64Const(127).op(OP.i64_gt_u).if();
  f.localGet(high).localGet(low).op(OP.i64_or).i64Const(0).op(OP.i64_ne).op(OP.i64_extend_i32_u).localSet(low);
  f.i64Const(0).localSet(high);
  f.else();
  f.localGet(distance).i64Const(63).op(OP.i64_gt_u).if();
  f.localGet(low).i64Const(0).op(OP.i64_ne).op(OP.i64_extend_i32_u).localSet(scratch);
  f.localGet(high).localSet(low).i64Const(0).localSet(high);
  f.localGet(distance).i64Const(64).op(OP.i64_sub).localSet(distance);
  f.else().i64Const(0).localSet(scratch).end();
  f.localGet(distance).i64Const(0).op(OP.i64_ne).if();
  f.localGet(low).i64Const(64).localGet(distance).op(OP.i64_sub).op(OP.i64_shl).localGet(scratch).op(OP.i64_or).localSet(scratch);
  f.localGet(low)
    .localGet(distance)
    .op(OP.i64_shr_u)
    .localGet(high)
    .i64Const(64)
    .localGet(distance)
    .op(OP.i64_sub)
    .op(OP.i64_shl)
    .op(OP.i64_or)
    .localSet(low);
  f.localGet(high).localGet(distance).op(OP.i64_shr_u).localSet(high);
  f.end();
  f.localGet(low).localGet(scratch).i64Const(0).op(OP.i64_ne).op(OP.i64_extend_i32_u).op(OP.i64_or).localSet(low);
  f.end();
}
