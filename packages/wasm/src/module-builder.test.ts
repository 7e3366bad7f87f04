import { expect, test } from "vitest";
import * as fc from "fast-check";
import { ByteWriter, F64, FUNCREF, I32, I64, ModuleBuilder, OP, SIMD, V128, type ValueType } from "./index.ts";

function instantiate(m: ModuleBuilder, imports: WebAssembly.Imports = {}): Record<string, (...args: never[]) => unknown> {
  const bytes = m.finish();
  return new WebAssembly.Instance(new WebAssembly.Module(bytes), imports).exports as never;
}

test("a function computes with locals, a loop and labels", () => {
  const m = new ModuleBuilder();
  const f = m.function(m.type([I32], [I32]), "sum");
  const sum = f.local(I32);
  const done = f.block();
  const again = f.loop();
  f.localGet(0).op(OP.i32_eqz).brIf(done);
  f.localGet(sum).localGet(0).op(OP.i32_add).localSet(sum);
  f.localGet(0).i32Const(1).op(OP.i32_sub).localSet(0);
  f.br(again).end().end();
  f.localGet(sum);
  m.exportFunction("sum", f.index);
  const { sum: run } = instantiate(m) as { sum: (n: number) => number };
  expect(run(100)).toBe(5050);
  expect(run(0)).toBe(0);
});

test("brTable chooses by index and takes the default past the end", () => {
  const m = new ModuleBuilder();
  const f = m.function(m.type([I32], [I32]));
  const other = f.block();
  const one = f.block();
  const zero = f.block();
  f.localGet(0).brTable([zero, one], other).end();
  f.i32Const(10).return().end();
  f.i32Const(11).return().end();
  f.i32Const(12);
  m.exportFunction("f", f.index);
  const { f: run } = instantiate(m) as { f: (n: number) => number };
  expect([0, 1, 2, -1].map(run)).toEqual([10, 11, 12, 12]);
});

test("a table filled by an element segment is called indirectly, and a tail call does not grow the stack", () => {
  const m = new ModuleBuilder();
  const type = m.type([I32], [I32]);
  const table = m.table(FUNCREF, 1);
  const f = m.function(type);
  f.localGet(0).op(OP.i32_eqz);
  f.if();
  f.i32Const(7).return().end();
  f.localGet(0).i32Const(1).op(OP.i32_sub).i32Const(0).returnCallIndirect(type, table);
  m.elem(table, 0, [f.index]);
  m.exportFunction("f", f.index);
  expect((instantiate(m) as { f: (n: number) => number }).f(1_000_000)).toBe(7);
});

test("imports, memory, globals, data and SIMD work together", () => {
  const m = new ModuleBuilder();
  const log = m.importFunction("env", "log", m.type([F64]));
  m.memory({ initial: 1 });
  const g = m.global(I64, true, -5n);
  m.data(16, new Uint8Array([1, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0, 4, 0, 0, 0]));
  const f = m.function(m.type([], [I64]));
  const v = f.local(V128);
  f.i32Const(16).simdLoad(SIMD.v128_load).localTee(v).localGet(v).simd(SIMD.i32x4_mul).localSet(v);
  f.localGet(v).simdLane(SIMD.i32x4_extract_lane, 3).op(OP.f64_convert_i32_s).call(log);
  f.globalGet(g);
  m.exportFunction("f", f.index);
  const logged: number[] = [];
  const { f: run } = instantiate(m, { env: { log: (x: number) => logged.push(x) } }) as { f: () => bigint };
  expect(run()).toBe(-5n);
  expect(logged).toEqual([16]);
});

test("expectations of branches name their places in the branch hints' section, and say which way", () => {
  const m = new ModuleBuilder();
  m.importFunction("env", "log", m.type([F64]));
  m.function(m.type([])).unreachable();
  const f = m.function(m.type([I32]));
  f.local(I64);
  const out = f.block();
  f.localGet(0).expect(false).if();
  f.end();
  f.localGet(0).op(OP.i32_eqz).expect(true).brIf(out);
  f.end();
  const bytes = m.finish();
  const [section] = WebAssembly.Module.customSections(new WebAssembly.Module(bytes), "metadata.code.branch_hint");
  // One function, of index 2, with two hints: offset, size and value of each.
  const hints = [...new Uint8Array(section ?? new ArrayBuffer())];
  expect(hints).toEqual([1, 2, 2, expect.any(Number), 1, 0, expect.any(Number), 1, 1]);
  const body = m.bodyOffsets[1] ?? 0;
  expect([hints[3], hints[6]].map((offset) => bytes[body + (offset ?? 0)])).toEqual([0x04, 0x0d]);
});

test("constants survive their encoding, at every size", () => {
  const constant = (type: ValueType, value: number | bigint): unknown => {
    const m = new ModuleBuilder();
    const f = m.function(m.type([], [type]));
    if (type === I32) f.i32Const(Number(value));
    else f.i64Const(value);
    m.exportFunction("f", f.index);
    return (instantiate(m) as { f: () => unknown }).f();
  };
  fc.assert(
    fc.property(fc.integer(), (n) => constant(I32, n) === n),
    { numRuns: 200 },
  );
  fc.assert(
    fc.property(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }), (n) => constant(I64, n) === n),
    { numRuns: 200 },
  );
  for (const n of [63, 64, -64, -65, 8191, 8192, 2 ** 31 - 1, -(2 ** 31)]) expect(constant(I32, n)).toBe(n);
});

test("a byte writer keeps what was written when it grows", () => {
  const out = new ByteWriter(1);
  for (let i = 0; i < 1000; i++) out.byte(i & 0xff);
  expect(out.length).toBe(1000);
  expect(out.bytes[999]).toBe(999 & 0xff);
});

test("a builder that was cleared makes what a new one makes, and leaves what it made before as it is", () => {
  const build = (m: ModuleBuilder, answer: number): Uint8Array => {
    m.name = `module${answer}`;
    const type = m.type([], [I32]);
    const given = m.importFunction("env", "given", type);
    const table = m.table(FUNCREF, 1);
    const f = m.function(type, "answer");
    f.call(given).i32Const(answer).op(OP.i32_add);
    m.elem(table, 0, [f.index]);
    m.global(I32, false, answer);
    m.exportFunction("answer", f.index);
    return m.finish();
  };
  const m = new ModuleBuilder();
  const first = build(m, 1);
  const kept = first.slice();
  m.clear().memory({ initial: 1 });
  m.data(0, new Uint8Array(100));
  m.type([F64, F64], [F64]);
  m.exportMemory("memory");
  m.finish();
  expect(build(m.clear(), 1_000_000)).toEqual(build(new ModuleBuilder(), 1_000_000));
  expect(first).toEqual(kept);
});
