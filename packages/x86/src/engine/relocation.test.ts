import { expect, test } from "vitest";
import { FUNCREF, I32, I64, ModuleBuilder, OP } from "@decant/wasm";
import { CALL_BYTES, CONSTANT_BYTES, writeConstant, writeDirectCall, writeTableCall } from "./relocation.ts";

function run(m: ModuleBuilder, fill: (bytes: Uint8Array, start: number) => void): unknown {
  const bytes = m.finish();
  fill(bytes, m.bodyOffsets.at(-1) as number);
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(bytes as Uint8Array<ArrayBuffer>));
  return (exports["f"] as () => unknown)();
}

test.each([0, 1, 63, 64, -1, -64, -65, 0x7fff_ffff, -0x8000_0000, 0x7fff << 16])("a constant's value %d is filled in later", (value) => {
  const make = (type: typeof I32 | typeof I64, opcode: number): unknown => {
    const m = new ModuleBuilder();
    const f = m.function(m.type([], [type]));
    f.op(opcode).hole(CONSTANT_BYTES, 7);
    expect(f.holes).toEqual([{ offset: 1, tag: 7 }]);
    m.exportFunction("f", f.index);
    return run(m, (bytes, start) => writeConstant(bytes, start + 2, value));
  };
  expect(make(I32, 0x41)).toBe(value);
  expect(make(I64, 0x42)).toBe(BigInt(value));
});

test.each([
  ["call", false],
  ["jump", true],
])("a %s is made direct, or goes through the table", (_, isTail) => {
  const make = (fill: (bytes: Uint8Array, at: number) => void): unknown => {
    const m = new ModuleBuilder();
    const type = m.type([], [I32]);
    const direct = m.function(type);
    direct.i32Const(5);
    const other = m.function(type);
    other.i32Const(6);
    m.elem(m.table(FUNCREF, 2), 0, [direct.index, other.index]);
    const f = m.function(type);
    f.hole(CALL_BYTES, 0).i32Const(10).op(OP.i32_add);
    m.exportFunction("f", f.index);
    return run(m, (bytes, start) => fill(bytes, start + 1));
  };
  expect(make((bytes, at) => writeDirectCall(bytes, at, 0, isTail))).toBe(isTail ? 5 : 15);
  expect(make((bytes, at) => writeTableCall(bytes, at, 1, 0, isTail))).toBe(isTail ? 6 : 16);
});
