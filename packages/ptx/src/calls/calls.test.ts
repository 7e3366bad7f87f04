import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { Harness, type RunOptions } from "../harness.ts";
import { FAULT, parsePtx, PtxError, compileModule } from "../index.ts";

const folder = new URL("../../kernels/", import.meta.url);
const read = (name: string): string => readFileSync(new URL(name, folder), "latin1");
const calls = read("calls.ptx");
const print = read("print.ptx");

const shapes: readonly [string, Partial<RunOptions>][] = [
  ["structured code", {}],
  ["vectors", { compiler: "vector" }],
  ["the dispatch loop", { dispatch: true }],
];

describe.each(shapes)("calls, by %s:", (_, options) => {
  const harness = new Harness(calls, options);
  const run = (name: string, out: Int32Array | Uint32Array | Float32Array, args: Parameters<Harness["run"]>[1] = [], threads = 32): void =>
    harness.run(name, [out, ...args], { block: [threads] });
  const lanes = Array.from({ length: 32 }, (_unused, i) => i);

  test("arguments of 8, 16 and 32 bits", () => {
    const out = new Int32Array(32);
    run("simple", out);
    expect([...out]).toEqual(lanes.map((i) => i + (i - 5) * 3 - (((i * 9) << 24) >> 24)));
  });

  test("a struct by value, and one as the result", () => {
    const source = new Uint8Array(40 * 32);
    const view = new DataView(source.buffer);
    for (const i of lanes) {
      for (let k = 0; k < 5; k++) view.setInt32(40 * i + 4 * k, i * 7 + k, true);
      view.setFloat64(40 * i + 24, i + 0.25, true);
      view.setInt8(40 * i + 32, 100 + i);
    }
    const out = new Uint8Array(40 * 32);
    harness.run("structs", [out, source], { block: [32] });
    const expected = source.slice();
    const result = new DataView(expected.buffer);
    for (const i of lanes) {
      const at = 40 * i + 4 * (i & 3);
      result.setInt32(at, view.getInt32(at, true) + i, true);
      result.setFloat64(40 * i + 24, 2 * (i + 0.25), true);
      result.setInt8(40 * i + 32, 101 + i);
    }
    expect(out).toEqual(expected);
  });

  test("a function that calls itself, and two that call each other", () => {
    const fibonacci = [0, 1, 1, 2, 3, 5, 8, 13, 21, 34, 55, 89];
    const out = new Uint32Array(32);
    run("fibs", out);
    expect([...out]).toEqual(lanes.map((i) => fibonacci[i % 12]));
    run("parity", out);
    expect([...out]).toEqual(lanes.map((i) => (i % 2 === 0 ? 2 : 1)));
  });

  test("function pointers in a table, and virtual functions", () => {
    const source = Float32Array.from(lanes, (i) => i / 8 - 1);
    const out = new Float32Array(32);
    run("indirect", out, [source, { s32: 9 }]);
    const operations = [(a: number, b: number) => a + b, (a: number, b: number) => a * b, (a: number, b: number) => a - b];
    expect([...out]).toEqual(
      lanes.map((i) => {
        let value = source[i] ?? 0;
        for (let k = 0; k < 9; k++) value = Math.fround(operations[(i + k) % 3]?.(value, source[(i + k) % 32] ?? 0) ?? 0);
        return value;
      }),
    );
    run("shapes", out);
    expect([...out]).toEqual(lanes.map((i) => (i % 2 === 1 ? i * i : 3 * (i + 1) ** 2)));
  });

  test("a function with a barrier and shared memory of its own", () => {
    const out = new Int32Array(64);
    run("barrierCall", out, [], 64);
    expect([...out]).toEqual(Array.from({ length: 64 }, () => 2016 * 1000 + 4032));
  });

  test("alloca, in a kernel and in a function that it calls again and again", () => {
    const out = new Int32Array(32);
    run("allocas", out, [{ s32: 700 }]);
    expect([...out]).toEqual(
      lanes.map((lane) => {
        let sum = 0;
        for (let k = 0; k < 700; k++) {
          let value = 0;
          for (let i = lane - 1; i >= 0; i--) value = (Math.imul(value, 3) + i * k) | 0;
          sum = (sum + value) | 0;
        }
        return (sum - lane) ^ sum;
      }),
    );
  });

  test("malloc and free", () => {
    const out = new Int32Array(32);
    run("heap", out);
    expect([...out]).toEqual(lanes.map((i) => 6 * i));
  });
});

const stack = `.version 8.0\n.target sm_75\n.address_size 64
.func (.param .b32 r) deep (.param .b32 n) { .reg .b32 %n, %v; .reg .pred %p; .param .b32 a; .param .b32 b;
 ld.param.u32 %n, [n]; mov.u32 %v, 0; setp.eq.u32 %p, %n, 0; @%p bra end;
 sub.u32 %v, %n, 1; st.param.b32 [a], %v; call (b), deep, (a); ld.param.b32 %v, [b]; add.u32 %v, %v, %n;
 end: st.param.b32 [r], %v; ret; }
.visible .entry k(.param .u64 out, .param .u32 n) { .reg .b64 %o; .reg .b32 %n; .param .b32 a; .param .b32 b;
 ld.param.u64 %o, [out]; ld.param.u32 %n, [n]; st.param.b32 [a], %n; call (b), deep, (a); ld.param.b32 %n, [b]; st.global.u32 [%o], %n; ret; }`;

test("a thread's stack holds what it is made for; beyond, the kernel ends", () => {
  const out = new Uint32Array(1);
  new Harness(stack).run("k", [out, { u32: 400 }]);
  expect(out[0]).toBe(400 * 401 * 0.5);
  const harness = new Harness(stack);
  expect(() => harness.run("k", [out, { u32: 100_000 }])).toThrow();
  expect(harness.fault.kind).toBe(FAULT.stackOverflow);
  const large = new Harness(stack, { stackBytes: 1 << 20 });
  large.run("k", [out, { u32: 10_000 }]);
  expect(out[0]).toBe(10_000 * 10_001 * 0.5);
});

test("a pointer that is no function's ends the kernel", () => {
  const text = `.version 8.0\n.target sm_75\n.address_size 64
.func f() { ret; }
.visible .entry k(.param .u64 p) { .reg .b64 %p, %q; ld.param.u64 %p, [p]; mov.u64 %q, f; proto: .callprototype _ (); call %p, (), proto; ret; }`;
  const harness = new Harness(text);
  expect(() => harness.run("k", [{ u64: 64n }])).toThrow();
  expect(harness.fault.kind).toBe(FAULT.invalidPc);
});

test("arguments and results in registers, as PTX before 2.0 passes them", () => {
  const text = `.version 1.4\n.target sm_13
.func (.reg .u32 %r) twist (.reg .u32 %a, .reg .u32 %b) { shl.b32 %r, %a, 4; add.u32 %r, %r, %b; ret; }
.entry k(.param .u64 out) { .reg .u64 %o; .reg .u32 %x, %y; ld.param.u64 %o, [out];
 mov.u32 %x, %tid.x; call (%y), twist, (%x, 7); call (%y), twist, (%y, %x); st.global.u32 [%o], %y; ret; }`;
  const out = new Uint32Array(1);
  new Harness(text.replace(".version 1.4", ".version 3.0").replace("sm_13", "sm_20")).run("k", [out]);
  expect(out[0]).toBe(7 << 4);
});

test("parameters in the body, as PTX before 1.4 has them", () => {
  const text = `.version 1.2\n.target sm_13\n.entry k { .reg .u64 %o; .reg .u32 %x; .param .u64 __cudaparm_out; .param .u32 __cudaparm_x;
 ld.param.u64 %o, [__cudaparm_out]; ld.param.u32 %x, [__cudaparm_x]; st.global.u32 [%o], %x; exit; }`;
  const out = new Uint32Array(1);
  new Harness(text).run("k", [out, { u32: 77 }]);
  expect(out[0]).toBe(77);
});

test("what would grow without end is written once, and called", () => {
  const body = Array.from({ length: 60 }, (_, i) => `add.u32 %n, %n, ${i};`).join(" ");
  const functions = Array.from({ length: 12 }, (_, level) => {
    const inner =
      level === 0
        ? body
        : Array.from({ length: 4 }, () => `st.param.b32 [a], %n; call (b), f${level - 1}, (a); ld.param.b32 %n, [b];`).join(" ");
    return `.func (.param .b32 r) f${level} (.param .b32 n) { .reg .b32 %n; .param .b32 a; .param .b32 b; ld.param.u32 %n, [n]; ${inner} st.param.b32 [r], %n; ret; }`;
  });
  const text = `.version 8.0\n.target sm_75\n.address_size 64\n${functions.join("\n")}
.visible .entry k(.param .u64 out) { .reg .b64 %o; .reg .b32 %n; .param .b32 a; .param .b32 b; ld.param.u64 %o, [out]; st.param.b32 [a], 5; call (b), f3, (a); ld.param.b32 %n, [b]; st.global.u32 [%o], %n; ret; }
.visible .entry large(.param .u64 out) { .reg .b64 %o; .reg .b32 %n; .param .b32 a; .param .b32 b; ld.param.u64 %o, [out]; st.param.b32 [a], 5; call (b), f11, (a); ld.param.b32 %n, [b]; st.global.u32 [%o], %n; ret; }`;
  const harness = new Harness(text);
  expect(harness.compiled.wasm.length).toBeLessThan(1_000_000);
  const out = new Uint32Array(1);
  harness.run("k", [out]);
  expect(out[0]).toBe(5 + 4 ** 3 * 1770);
});

test.each([
  ["a function that nothing defines", ".extern .func nowhere();", "call nowhere;", "unresolved extern function 'nowhere'"],
  ["too few arguments", ".func f(.param .b32 a) { ret; }", "call f;", "'f' takes 1 arguments and gives 0 results"],
  ["a call of a register that is none", "", "call %nothing;", "unknown symbol '%nothing'"],
  ["a jump with no list", "", "brx.idx %r, nowhere;", "unknown symbol 'nowhere'"],
])("%s is told by line and reason", (_, declarations, body, reason) => {
  const text = `.version 8.0\n.target sm_75\n.address_size 64\n${declarations}\n.visible .entry k() { .reg .b32 %r;\n${body}\nret; }`;
  let error: unknown;
  try {
    compileModule(parsePtx(text), { features: { fusedMultiplyAdd: false } });
  } catch (thrown) {
    error = thrown;
  }
  expect(error).toBeInstanceOf(PtxError);
  expect((error as PtxError).message).toContain(reason);
  expect((error as PtxError).line).toBe(6);
});

test.each(shapes)("brx.idx goes where its index says, by %s", (_, options) => {
  const text = `.version 8.0\n.target sm_75\n.address_size 64
.visible .entry k(.param .u64 out) { .reg .b64 %o, %d; .reg .b32 %t, %i, %v;
ld.param.u64 %o, [out]; mov.u32 %t, %tid.x; mul.wide.u32 %d, %t, 4; add.u64 %o, %o, %d; and.b32 %i, %t, 3; mov.u32 %v, 0;
again: table: .branchtargets zero, one, two, again3;
brx.idx %i, table;
zero: add.u32 %v, %v, 1; bra end;
one: add.u32 %v, %v, 10; bra end;
two: add.u32 %v, %v, 100; mov.u32 %i, 1; bra again;
again3: add.u32 %v, %v, 1000; sub.u32 %i, %i, 1; bra again;
end: st.global.u32 [%o], %v; ret; }`;
  const out = new Uint32Array(16);
  new Harness(text, options).run("k", [out], { block: [16] });
  expect([...out]).toEqual(Array.from({ length: 16 }, (_unused, i) => [1, 10, 110, 1110][i & 3]));
});

describe("printf:", () => {
  test.each(["reference", "vector"] as const)("writes what C writes for the same formats, by the %s form", (compiler) => {
    const harness = new Harness(print, { compiler });
    harness.run("formats", []);
    expect(harness.output()).toBe(read("print.txt"));
  });

  test("gives the number of arguments, and every thread's line is whole", () => {
    const harness = new Harness(print, { compiler: "vector" });
    const out = new Int32Array(64);
    harness.run("count", [out], { block: [64] });
    expect([...out]).toEqual(Array.from({ length: 64 }, () => 2));
    const lines = harness.output().trimEnd().split("\n");
    expect(lines.toSorted()).toEqual(Array.from({ length: 64 }, (_unused, i) => `${i} text %`).toSorted());
  });

  test("keeps the newest when more is printed than the buffer holds", () => {
    const harness = new Harness(print);
    harness.run("flood", [{ s32: 20_000 }]);
    const text = harness.output();
    expect(text).toHaveLength(65_536 - 16);
    expect(text.endsWith("line 19998\nline 19999\n")).toBe(true);
    expect(harness.output()).toBe("");
  });
});

test.each(["reference", "vector"] as const)(
  "an assertion that fails ends the kernel, and says what CUDA says, by the %s form",
  (compiler) => {
    const harness = new Harness(calls, { compiler });
    harness.run("check", [{ s32: 32 }], { block: [32] });
    expect(harness.output()).toBe("");
    expect(() => harness.run("check", [{ s32: 7 }], { grid: [2], block: [16, 2] })).toThrow();
    expect(harness.fault).toMatchObject({ kind: FAULT.assert, thread: 7, block: [0, 0, 0] });
    expect(harness.output()).toBe("calls.cu:25: void check(int): block: [0,0,0], thread: [7,0,0] Assertion `threadIdx.x < n` failed.\n");
  },
);

describe.each(shapes)("alloca, by %s:", (_, options) => {
  const text = `.version 8.0\n.target sm_75\n.address_size 64
.func (.param .b32 r) fill (.param .b32 n) { .reg .b32 %n, %i, %v, %x; .reg .b64 %s, %p, %q; .reg .pred %done;
 ld.param.u32 %n, [n]; mul.wide.u32 %s, %n, 4; alloca.u64 %p, %s, 16; cvta.local.u64 %q, %p; mov.u32 %i, 0;
 next: setp.ge.u32 %done, %i, %n; @%done bra sum; st.u32 [%q], %i; add.u64 %q, %q, 4; add.u32 %i, %i, 1; bra next;
 sum: mov.u32 %v, 0;
 back: setp.eq.u32 %done, %i, 0; @!%done bra more; st.param.b32 [r], %v; @%done ret;
 more: sub.u32 %i, %i, 1; sub.u64 %q, %q, 4; mul.lo.u32 %v, %v, 3; ld.u32 %x, [%q]; add.u32 %v, %v, %x; bra back; }
.visible .entry calls(.param .u64 out, .param .u32 times) { .reg .b64 %o, %d; .reg .b32 %t, %v, %k, %times; .reg .pred %p; .param .b32 a; .param .b32 b;
 ld.param.u64 %o, [out]; ld.param.u32 %times, [times]; mov.u32 %t, %tid.x; mul.wide.u32 %d, %t, 4; add.u64 %o, %o, %d; mov.u32 %k, 0;
 again: st.param.b32 [a], %t; call (b), fill, (a); ld.param.b32 %v, [b]; add.u32 %k, %k, 1; setp.lt.u32 %p, %k, %times; @%p bra again;
 st.global.u32 [%o], %v; ret; }
.visible .entry places(.param .u64 out, .param .u32 size) { .reg .b64 %o; .reg .b32 %n, %a, %b, %c, %d, %top; .reg .pred %p;
 ld.param.u64 %o, [out]; ld.param.u32 %n, [size]; alloca.u32 %a, %n; alloca.u32 %b, 1, 64; stacksave.u32 %top; alloca.u32 %c, 100;
 setp.ne.u32 %p, %n, 12; mov.u32 %d, 7; @%p alloca.u32 %d, 5; stackrestore.u32 %top; alloca.u32 %top, 100;
 st.local.u8 [%b], 9; sub.u32 %b, %b, %a; sub.u32 %top, %c, %top; st.global.v4.u32 [%o], {%a, %b, %top, %d}; ret; }
.visible .entry again(.param .u64 out) { .reg .b64 %o, %top, %a, %b, %n; ld.param.u64 %o, [out]; mov.u64 %n, 100;
 stacksave.u64 %top; alloca.u64 %a, %n, 16; st.local.b64 [%a], %n; stackrestore.u64 %top; alloca.u64 %b, %n, 16; ld.local.b64 %n, [%b];
 sub.u64 %b, %b, %a; st.global.v2.u64 [%o], {%b, %n}; ret; }`;

  test("a function has what it allocates until it returns, by each path", () => {
    const out = new Uint32Array(32);
    // A thousand times 128 bytes are not there at once.
    new Harness(text, options).run("calls", [out, { u32: 1000 }], { block: [32] });
    const expected = Array.from(
      { length: 32 },
      (_unused, n) => Array.from({ length: n }, (_element, i) => n - 1 - i).reduce((sum, i) => Math.imul(sum, 3) + i, 0) >>> 0,
    );
    expect([...out]).toEqual(expected);
  });

  test("pointers are aligned, stackrestore gives back, and a guard that is false allocates nothing", () => {
    const out = new Uint32Array(4);
    new Harness(text, options).run("places", [out, { u32: 12 }]);
    const [a = 1, b, c, d] = out;
    expect(a % 8).toBe(0);
    expect((a + (b ?? 0)) % 64).toBe(0);
    expect(b).toBeGreaterThanOrEqual(12);
    expect([c, d]).toEqual([0, 7]);
    new Harness(text, options).run("places", [out, { u32: 13 }]);
    expect(out[3]).toBe((out[0] ?? 0) + (out[1] ?? 0) + 8 + 104);
    new Harness(text, options).run("again", [out]);
    expect([...out]).toEqual([0, 0, 100, 0]);
  });

  test("more than the stack holds ends the kernel", () => {
    const out = new Uint32Array(4);
    const harness = new Harness(text, { ...options, stackBytes: 1024 });
    harness.run("places", [out, { u32: 800 }]);
    for (const size of [1000, 0xffff_fff0]) {
      expect(() => harness.run("places", [out, { u32: size }])).toThrow();
      expect(harness.fault.kind).toBe(FAULT.stackOverflow);
    }
  });
});
