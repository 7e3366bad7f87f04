import { GUEST_BASE } from "@decant/memory";
import { I32, OP, SIMD, V128, type FunctionBuilder } from "@decant/wasm";

/**
 * The C library's text functions, sixteen bytes at a time. They read up to fifteen bytes past the end, which the guest cannot see: above its last
 * page lies the system's. Parameters and results are guest addresses and counts below 2^32.
 */
export const STRING_FUNCTIONS = {
  memcmp: (f: FunctionBuilder): void => emitCompare(f, { isCounted: true, stopsAtNul: false }),
  strcmp: (f: FunctionBuilder): void => emitCompare(f, { isCounted: false, stopsAtNul: true }),
  strncmp: (f: FunctionBuilder): void => emitCompare(f, { isCounted: true, stopsAtNul: true }),
  memchr: (f: FunctionBuilder): void => emitFind(f, true),
  strchr: (f: FunctionBuilder): void => emitFind(f, false),
  strlen: (f: FunctionBuilder): void => emitLength(f, 1),
  wcslen: (f: FunctionBuilder): void => emitLength(f, 2),
} as const;

interface Extent {
  readonly isCounted: boolean;
  readonly stopsAtNul: boolean;
}

/** (a, b[, count]) -> -1, 0 or 1. */
function emitCompare(f: FunctionBuilder, { isCounted, stopsAtNul }: Extent): void {
  const at = f.local(I32);
  const found = f.local(I32);
  const vector = f.local(V128);
  const byte = (pointer: number): void => void f.localGet(pointer).localGet(at).op(OP.i32_add).load(OP.i32_load8_u);
  const difference = (): void => {
    byte(0);
    byte(1);
    f.op(OP.i32_gt_u);
    byte(0);
    byte(1);
    f.op(OP.i32_lt_u).op(OP.i32_sub).return();
  };
  toWasm(f, 0);
  toWasm(f, 1);
  if (isCounted) {
    f.localGet(2).op(OP.i32_eqz);
    f.if();
    f.i32Const(0).return().end();
  }
  // Most texts that are compared differ in their first character.
  byte(0);
  byte(1);
  f.op(OP.i32_ne);
  f.if();
  difference();
  f.end();
  const again = f.loop();
  f.localGet(0).localGet(at).op(OP.i32_add).simdLoad(SIMD.v128_load, 0, 0).localTee(vector);
  f.localGet(1).localGet(at).op(OP.i32_add).simdLoad(SIMD.v128_load, 0, 0).simd(SIMD.i8x16_ne);
  if (stopsAtNul) f.localGet(vector).v128Const(new Uint8Array(16)).simd(SIMD.i8x16_eq).simd(SIMD.v128_or);
  f.simd(SIMD.i8x16_bitmask).localTee(found);
  f.if();
  advance(f, at, found);
  if (isCounted) {
    f.localGet(at).localGet(2).op(OP.i32_ge_u);
    f.if();
    f.i32Const(0).return().end();
  }
  difference();
  f.end();
  f.localGet(at).i32Const(16).op(OP.i32_add).localSet(at);
  if (isCounted) f.localGet(at).localGet(2).op(OP.i32_lt_u).brIf(again);
  else f.br(again);
  f.end();
  f.i32Const(0);
}

/** (text, character) or (buffer, character, count) -> its address, or 0. */
function emitFind(f: FunctionBuilder, isCounted: boolean): void {
  const at = f.local(I32);
  const found = f.local(I32);
  const wanted = f.local(V128);
  const vector = f.local(V128);
  toWasm(f, 0);
  f.localGet(1).simd(SIMD.i8x16_splat).localSet(wanted);
  const none = f.block();
  const again = f.loop();
  if (isCounted) f.localGet(at).localGet(2).op(OP.i32_ge_u).brIf(none);
  f.localGet(0).localGet(at).op(OP.i32_add).simdLoad(SIMD.v128_load, 0, 0).localTee(vector).localGet(wanted).simd(SIMD.i8x16_eq);
  if (!isCounted) f.localGet(vector).v128Const(new Uint8Array(16)).simd(SIMD.i8x16_eq).simd(SIMD.v128_or);
  f.simd(SIMD.i8x16_bitmask).localTee(found);
  f.if();
  advance(f, at, found);
  if (isCounted) f.localGet(at).localGet(2).op(OP.i32_ge_u).brIf(none);
  else {
    f.localGet(0).localGet(at).op(OP.i32_add).load(OP.i32_load8_u);
    f.localGet(1).i32Const(0xff).op(OP.i32_and).op(OP.i32_ne).brIf(none);
  }
  f.localGet(0).localGet(at).op(OP.i32_add).i32Const(GUEST_BASE).op(OP.i32_add).return();
  f.end();
  f.localGet(at).i32Const(16).op(OP.i32_add).localSet(at).br(again).end().end();
  f.i32Const(0);
}

/** (text) -> characters before the one that is 0. */
function emitLength(f: FunctionBuilder, bytes: 1 | 2): void {
  const at = f.local(I32);
  const found = f.local(I32);
  toWasm(f, 0);
  const again = f.loop();
  f.localGet(0).localGet(at).op(OP.i32_add).simdLoad(SIMD.v128_load, 0, 0).v128Const(new Uint8Array(16));
  f.simd(bytes === 1 ? SIMD.i8x16_eq : SIMD.i16x8_eq)
    .simd(SIMD.i8x16_bitmask)
    .localTee(found);
  f.if();
  advance(f, at, found);
  f.localGet(at)
    .i32Const(bytes >> 1)
    .op(OP.i32_shr_u)
    .return()
    .end();
  f.localGet(at).i32Const(16).op(OP.i32_add).localSet(at).br(again).end().unreachable();
}

function toWasm(f: FunctionBuilder, parameter: number): void {
  f.localGet(parameter).i32Const(-GUEST_BASE).op(OP.i32_add).localSet(parameter);
}

/** `at` becomes the place of the first byte that `found`, a bit for each, has. */
function advance(f: FunctionBuilder, at: number, found: number): void {
  f.localGet(at).localGet(found).op(OP.i32_ctz).op(OP.i32_add).localSet(at);
}
