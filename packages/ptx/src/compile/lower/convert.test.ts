import { expect, test } from "vitest";
import { compileModule } from "../compile.ts";
import { parsePtx } from "../../parse/parse.ts";

function compile(instruction: string): Uint8Array {
  const text = `.version 8.5\n.target sm_90\n.address_size 64\n.entry k() { .reg .b32 %r<3>; .reg .f32 %f<3>; .reg .f64 %d<3>; ${instruction} ret; }`;
  return compileModule(parsePtx(text), { features: { fusedMultiplyAdd: false } }).wasm;
}

test("a .tf32 is made of .f32 only, and nothing is made of it (PTX ISA, cvt)", () => {
  for (const text of ["cvt.rna.tf32.f32 %r1, %f1;", "cvt.rn.relu.tf32.f32 %r1, %f1;"]) {
    expect(WebAssembly.validate(compile(text) as Uint8Array<ArrayBuffer>)).toBe(true);
  }
  const refused = [
    "cvt.rn.f32.tf32 %f1, %r1;",
    "cvt.rzi.s32.tf32 %r1, %f1;",
    "cvt.rna.tf32.f64 %r1, %d1;",
    "cvt.rn.tf32.s32 %r1, %r2;",
    "cvt.tf32.tf32 %r1, %r2;",
  ];
  for (const text of refused) expect(() => compile(text)).toThrow("a .tf32 is made of .f32");
});
