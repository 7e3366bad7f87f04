import { expect, test } from "vitest";
import { compileModule } from "../compile.ts";
import { parsePtx } from "../../parse/parse.ts";

test("comparisons of .f64 have no .ftz (PTX ISA, setp)", () => {
  const compile = (instruction: string): Uint8Array =>
    compileModule(
      parsePtx(
        `.version 8.0\n.target sm_80\n.address_size 64\n.entry k() { .reg .pred %p; .reg .f64 %d<3>; .reg .f32 %f<3>; ${instruction} ret; }`,
      ),
      { features: { fusedMultiplyAdd: false } },
    ).wasm;
  expect(WebAssembly.validate(compile("setp.lt.ftz.f32 %p, %f1, %f2;") as Uint8Array<ArrayBuffer>)).toBe(true);
  expect(() => compile("setp.lt.ftz.f64 %p, %d1, %d2;")).toThrow("'.ftz' needs .f32");
});
