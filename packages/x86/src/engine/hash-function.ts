import { I64, OP, type FunctionBuilder } from "@decant/wasm";

/** 2^64 over the golden ratio, odd. */
const FACTOR = 0x9e37_79b9_7f4a_7c15n;

/**
 * (wasm address, length, hash so far): the hash of the bytes, eight at a time, the rest one by one: xor, multiply, rotate. It tells what was changed or
 * damaged by chance from what was not; it is no defence against bytes that were made to fool it.
 */
export function emitHash(f: FunctionBuilder): void {
  const hash = 2;
  const each = (load: number, bytes: number): void => {
    const done = f.block();
    const again = f.loop();
    f.localGet(1).i32Const(bytes).op(OP.i32_lt_u).brIf(done);
    f.localGet(hash).localGet(0).load(load).op(OP.i64_xor).i64Const(FACTOR).op(OP.i64_mul);
    f.i64Const(29).op(OP.i64_rotl).localSet(hash);
    f.localGet(0).i32Const(bytes).op(OP.i32_add).localSet(0);
    f.localGet(1).i32Const(bytes).op(OP.i32_sub).localSet(1).br(again).end().end();
  };
  each(OP.i64_load, 8);
  each(OP.i64_load8_u, 1);
  const folded = f.local(I64);
  f.localGet(hash).i64Const(FACTOR).op(OP.i64_mul).localTee(folded).localGet(folded).i64Const(32).op(OP.i64_shr_u).op(OP.i64_xor);
}
