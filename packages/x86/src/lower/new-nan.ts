import { F64, I64, ModuleBuilder, OP, SIMD } from "@decant/wasm";
import type { Emitter } from "./emitter.ts";

/**
 * Whether this host's processor sets the sign of a NaN that it makes of what is none, as the guest's does: its "real indefinite" is negative (SDM volume 1,
 * 4.8.3.7). Those of ARM and RISC-V are positive.
 */
const hostSignsNewNans = signOfNewNan();

const SIGN = { f32x4: signs(4), f64x2: signs(8) } as const;

/** Applies an operation to as many floats or doubles on the stack; a new NaN has the guest's sign. */
export function floatOperation(e: Emitter, opcode: number, bits: 32 | 64, operands: 1 | 2 = 2): void {
  if (hostSignsNewNans) return void e.f.op(opcode);
  const [ne, eq] = bits === 64 ? [OP.f64_ne, OP.f64_eq] : [OP.f32_ne, OP.f32_eq];
  const given = kept(e, operands, () => e.floatTee(bits));
  e.f.op(opcode);
  const result = e.floatTee(bits);
  e.f.drop();
  if (bits === 64) e.f.i64Const(0xfff8n << 48n).op(OP.f64_reinterpret_i64);
  else e.f.i32Const(0xffc0 << 16).op(OP.f32_reinterpret_i32);
  e.f.localGet(result).localGet(result).localGet(result).op(ne);
  for (const local of given) e.f.localGet(local).localGet(local).op(eq).op(OP.i32_and);
  e.f.select();
}

/** The same for vectors, lane by lane. */
export function vectorOperation(e: Emitter, opcode: number, shape: keyof typeof SIGN, operands: 1 | 2 = 2): void {
  if (hostSignsNewNans) return void e.simd(opcode);
  const tee = (): number => {
    const local = e.vectorTemp();
    e.f.localTee(local);
    return local;
  };
  const given = kept(e, operands, tee);
  e.simd(opcode);
  const result = tee();
  e.f.localGet(result).localGet(result).simd(SIMD[`${shape}_ne`]);
  for (const local of given) e.f.localGet(local).localGet(local).simd(SIMD[`${shape}_eq`]).simd(SIMD.v128_and);
  e.f.v128Const(SIGN[shape]).simd(SIMD.v128_and).simd(SIMD.v128_or);
}

/** Copies the values on the stack to locals, and leaves them there. */
function kept(e: Emitter, operands: 1 | 2, tee: () => number): number[] {
  const last = tee();
  if (operands === 1) return [last];
  e.f.drop();
  const first = tee();
  e.f.localGet(last);
  return [first, last];
}

/** The sign bit of each lane. */
function signs(bytes: number): Uint8Array {
  return Uint8Array.from({ length: 16 }, (_, n) => (n % bytes === bytes - 1 ? 0x80 : 0));
}

function signOfNewNan(): boolean {
  const module = new ModuleBuilder();
  const divide = module.function(module.type([F64, F64], [I64]), "divide");
  divide.localGet(0).localGet(1).op(OP.f64_div).op(OP.i64_reinterpret_f64);
  module.exportFunction("divide", divide.index);
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(module.finish()));
  return (exports["divide"] as (a: number, b: number) => bigint)(0, 0) < 0n;
}
