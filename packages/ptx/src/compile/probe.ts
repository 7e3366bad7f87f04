import { F32, F64, ModuleBuilder, OP, SIMD } from "@decant/wasm";
import type { Features } from "./emitter.ts";

/** A module whose `fused` answers 1 when relaxed_madd rounds once, for floats and doubles. Invalid where there is no relaxed SIMD. */
function fusedProbe(): Uint8Array {
  const m = new ModuleBuilder();
  const f = m.function(m.type([F32, F64, F32, F64], [0x7f]), "fused");
  // (1 + e)^2 - (1 + 2e) is e^2 when the product is not rounded, and 0 when it is. Arguments, so that nothing is folded.
  f.localGet(0).simd(SIMD.f32x4_splat).localGet(0).simd(SIMD.f32x4_splat).localGet(2).simd(SIMD.f32x4_splat);
  f.simd(SIMD.f32x4_relaxed_madd)
    .simdLane(SIMD.f32x4_extract_lane, 0)
    .f32Const(2 ** -46)
    .op(OP.f32_eq);
  f.localGet(1).simd(SIMD.f64x2_splat).localGet(1).simd(SIMD.f64x2_splat).localGet(3).simd(SIMD.f64x2_splat);
  f.simd(SIMD.f64x2_relaxed_madd)
    .simdLane(SIMD.f64x2_extract_lane, 0)
    .f64Const(2 ** -104)
    .op(OP.f64_eq)
    .op(OP.i32_and);
  m.exportFunction("fused", f.index);
  return m.finish();
}

/** Finds out what this engine and processor can do. The engine's flags must be set before. */
export function probeFeatures(): Features {
  try {
    const { exports } = new WebAssembly.Instance(new WebAssembly.Module(fusedProbe() as Uint8Array<ArrayBuffer>));
    const fused = exports["fused"] as (a: number, b: number, c: number, d: number) => number;
    return { fusedMultiplyAdd: fused(1 + 2 ** -23, 1 + 2 ** -52, -(1 + 2 ** -22), -(1 + 2 ** -51)) === 1 };
  } catch {
    return { fusedMultiplyAdd: false };
  }
}
