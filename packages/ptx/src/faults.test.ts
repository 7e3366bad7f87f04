import { describe, expect, test } from "vitest";
import { Harness, type Argument, type Fault, type RunOptions } from "./harness.ts";
import { FAULT } from "./index.ts";

const kernel = (body: string, declarations = ""): string => `.version 8.5
.target sm_75
.address_size 64
${declarations}
.visible .entry k(.param .u64 p, .param .u64 q, .param .u32 n)
{
.reg .b32 %r<9>; .reg .b64 %rd<9>; .reg .pred %p<4>; .reg .f32 %f<5>; .reg .b16 %h<4>;
ld.param.u64 %rd1, [p]; ld.param.u64 %rd2, [q]; ld.param.u32 %r1, [n]; mov.u32 %r2, %tid.x;
${body}
ret;
}`;
const FIRST_LINE = 9;

/** Runs the body; gives the fault, or undefined when it ran to its end. The vector form, by as many threads as it needs, must agree. */
function faultOf(body: string, args: readonly Argument[], options: RunOptions & { declarations?: string } = {}): Fault | undefined {
  const copies = args.map((argument) => (ArrayBuffer.isView(argument) ? argument.slice() : argument));
  const vector = runOnce(body, copies, { ...options, compiler: "vector", block: options.block ?? [8] });
  const reference = runOnce(body, args, options);
  expect(vector?.kind, "the vector form's fault").toBe(reference?.kind);
  expect(vector?.line).toBe(reference?.line);
  return reference;
}

function runOnce(body: string, args: readonly Argument[], options: RunOptions & { declarations?: string }): Fault | undefined {
  const harness = new Harness(kernel(body, options.declarations), options);
  try {
    harness.run("k", args, options);
    return undefined;
  } catch (error) {
    if (harness.fault.kind === FAULT.none) throw error;
    return harness.fault;
  }
}

const buffers = (): [Uint32Array, Uint32Array] => [new Uint32Array(16), new Uint32Array(16)];

describe("an access is checked against its own allocation:", () => {
  const at = (offset: number, size: string): string => `add.s64 %rd3, %rd1, ${offset}; ld.global.${size} %r3, [%rd3];`;

  test.each([
    ["the first byte", at(0, "u8"), undefined],
    ["the last byte", at(63, "u8"), undefined],
    ["the last word", at(60, "u32"), undefined],
    ["one byte past the end", at(64, "u8"), FAULT.illegalAddress],
    ["one byte before the start", at(-1, "u8"), FAULT.illegalAddress],
    ["a word past the end", at(64, "u32"), FAULT.illegalAddress],
    ["a word across the end", at(62, "u16"), undefined],
    ["a word at an odd address", at(1, "u32"), FAULT.misalignedAddress],
    ["a half at an odd address", at(3, "u16"), FAULT.misalignedAddress],
    ["a null pointer", "mov.u64 %rd3, 0; ld.global.u32 %r3, [%rd3];", FAULT.illegalAddress],
    ["a small number", "mov.u64 %rd3, 4096; ld.u32 %r3, [%rd3];", FAULT.illegalAddress],
    ["a pointer with 2^32 added", "add.s64 %rd3, %rd1, 0x100000000; ld.global.u32 %r3, [%rd3];", FAULT.illegalAddress],
    ["a pointer without its tag", "and.b64 %rd3, %rd1, 0xffffffff; st.global.u32 [%rd3], %r1;", FAULT.illegalAddress],
    ["an offset in the instruction", "ld.global.u32 %r3, [%rd1+64];", FAULT.illegalAddress],
    ["a vector whose end is outside", "add.s64 %rd3, %rd1, 56; ld.global.v4.u32 {%r3, %r4, %r5, %r6}, [%rd3];", FAULT.misalignedAddress],
    ["a vector past the end", "ld.global.v4.u32 {%r3, %r4, %r5, %r6}, [%rd1+64];", FAULT.illegalAddress],
    ["an atomic past the end", "atom.global.add.u32 %r3, [%rd1+64], 1;", FAULT.illegalAddress],
    ["an atomic that is misaligned", "red.global.add.u32 [%rd1+2], 1;", FAULT.misalignedAddress],
    ["an access whose guard is false", "setp.eq.u32 %p1, 1, 2; @%p1 ld.global.u32 %r3, [%rd1+6400];", undefined],
  ])("%s", (_, body, kind) => {
    expect(faultOf(body, [...buffers(), { u32: 0 }])?.kind).toBe(kind);
  });

  test("what one pointer may touch says nothing of another derived from it", () => {
    // The first access makes the range of p known; the second leaves it for q's, which is another allocation.
    const body =
      "ld.global.u32 %r3, [%rd1]; sub.s64 %rd3, %rd2, %rd1; add.s64 %rd4, %rd1, %rd3; ld.global.u32 %r4, [%rd4]; st.global.u32 [%rd1+4], %r4;";
    const [p, q] = buffers();
    q[0] = 77;
    expect(faultOf(body, [p, q, { u32: 0 }])).toBeUndefined();
    expect(p[1]).toBe(77);
  });

  test("the record tells line, thread, block and address", () => {
    const body =
      "mov.u32 %r5, %ctaid.x; mad.lo.u32 %r4, %r5, 8, %r2;\nmul.wide.u32 %rd4, %r4, 4; add.s64 %rd3, %rd1, %rd4;\nst.global.u32 [%rd3], %r2;";
    const fault = faultOf(body, [...buffers(), { u32: 0 }], { grid: [4], block: [8] });
    expect(fault).toMatchObject({ kind: FAULT.illegalAddress, line: FIRST_LINE + 2, thread: 0, block: [2, 0, 0] });
    expect((fault?.address ?? 0n) & 0xffn).toBe(64n);
  });
});

describe("shared, local and constant memory have their own bounds:", () => {
  const shared = { declarations: ".shared .align 16 .b8 s[64];" };
  test.each([
    ["shared, the last word", "mov.u32 %r3, s; add.u32 %r3, %r3, 60; st.shared.u32 [%r3], %r1;", undefined],
    ["shared, past the end", "mov.u32 %r3, s; add.u32 %r3, %r3, 64; st.shared.u32 [%r3], %r1;", FAULT.illegalAddress],
    ["shared, before the start", "mov.u32 %r3, s; sub.u32 %r3, %r3, 4; st.shared.u32 [%r3], %r1;", FAULT.illegalAddress],
    ["shared, misaligned", "mov.u32 %r3, s; add.u32 %r3, %r3, 2; st.shared.u32 [%r3], %r1;", FAULT.misalignedAddress],
    ["shared by name, past the end", "st.shared.u32 [s+64], %r1;", FAULT.illegalAddress],
    [
      "shared by a generic pointer",
      "cvta.shared.u64 %rd3, s; st.u32 [%rd3+60], %r1; ld.shared.u32 %r3, [s+60]; st.global.u32 [%rd1], %r3;",
      undefined,
    ],
    ["shared by a generic pointer, past the end", "cvta.shared.u64 %rd3, s; st.u32 [%rd3+64], %r1;", FAULT.illegalAddress],
    [
      "local, in its bounds",
      ".local .align 4 .b8 l[8]; mov.u64 %rd3, l; st.local.u32 [%rd3+4], %r1; cvta.local.u64 %rd4, %rd3; ld.u32 %r3, [%rd4+4]; st.global.u32 [%rd1], %r3;",
      undefined,
    ],
    ["local, past the end", ".local .align 4 .b8 l[16]; mov.u64 %rd3, l; st.local.u32 [%rd3+16], %r1;", FAULT.illegalAddress],
  ])("%s", (_, body, kind) => {
    const [p, q] = buffers();
    expect(faultOf(body, [p, q, { u32: 5 }], { ...shared, block: [2] })?.kind).toBe(kind);
    expect(p[0]).toBe(kind === undefined && body.includes("[%rd1], %r3") ? 5 : 0);
  });

  test("a module's variable ends where it ends", () => {
    const declarations = ".global .align 4 .u32 a[4] = {1, 2, 3, 4}; .global .align 4 .u32 b[4]; .const .align 4 .u32 c[2] = {7, 9};";
    const [p, q] = buffers();
    expect(
      faultOf("ld.global.u32 %r3, [a+12]; ld.const.u32 %r4, [c+4]; st.global.v2.u32 [%rd1], {%r3, %r4};", [p, q, { u32: 0 }], {
        declarations,
      }),
    ).toBeUndefined();
    expect([...p.subarray(0, 2)]).toEqual([4, 9]);
    expect(faultOf("ld.global.u32 %r3, [a+16];", [...buffers(), { u32: 0 }], { declarations })?.kind).toBe(FAULT.illegalAddress);
    expect(faultOf("mov.u64 %rd3, c; ld.const.u32 %r3, [%rd3+8];", [...buffers(), { u32: 0 }], { declarations })?.kind).toBe(
      FAULT.illegalAddress,
    );
  });
});

describe("a kernel that does not end by itself is ended:", () => {
  test("one thread that loops for ever meets the abort word", () => {
    const harness = new Harness(kernel("loop: bra loop;"));
    expect(() => harness.run("k", [...buffers(), { u32: 0 }], { aborted: true })).toThrow("unreachable");
    expect(harness.fault.kind).toBe(FAULT.stopped);
  });

  test("trap", () => {
    expect(faultOf("setp.eq.u32 %p1, %r2, 3; @%p1 trap;", [...buffers(), { u32: 0 }], { block: [8] })).toMatchObject({
      kind: FAULT.trap,
      thread: 3,
      line: FIRST_LINE,
    });
  });

  test("threads that wait at different barriers for ever", () => {
    const body = "setp.eq.u32 %p1, %r2, 0; @%p1 bra other; bar.sync 1, 64; bra end; other: bar.sync 2, 64; end:";
    expect(faultOf(body, [...buffers(), { u32: 0 }], { block: [64] })?.kind).toBe(FAULT.deadlock);
  });

  test("barriers with numbers and counts let the right threads through", () => {
    // Warp 0 produces; warp 1 waits for it at barrier 1; both count at the end.
    const body = `
      setp.ge.u32 %p1, %r2, 32; @%p1 bra consumer;
      mul.wide.u32 %rd3, %r2, 4; add.s64 %rd3, %rd1, %rd3; st.global.u32 [%rd3], %r2; bar.sync 1, 64; bra end;
      consumer: bar.sync 1, 64; sub.u32 %r3, 63, %r2; mul.wide.u32 %rd3, %r3, 4; add.s64 %rd3, %rd1, %rd3; ld.global.u32 %r4, [%rd3];
      sub.u32 %r5, %r2, 32; mul.wide.u32 %rd4, %r5, 4; add.s64 %rd4, %rd2, %rd4; st.global.u32 [%rd4], %r4;
      end: bar.sync 0;`;
    const [p, q] = [new Uint32Array(32), new Uint32Array(32)];
    expect(faultOf(body, [p, q, { u32: 0 }], { block: [64] })).toBeUndefined();
    expect([...q]).toEqual(Array.from({ length: 32 }, (_, i) => 31 - i));
  });

  test("threads that return early do not hold the others at a barrier", () => {
    const body =
      "setp.ge.u32 %p1, %r2, 5; @%p1 ret; bar.sync 0; mul.wide.u32 %rd3, %r2, 4; add.s64 %rd3, %rd1, %rd3; st.global.u32 [%rd3], 9;";
    const [p, q] = buffers();
    expect(faultOf(body, [p, q, { u32: 0 }], { block: [32] })).toBeUndefined();
    expect(p.filter((value) => value === 9)).toHaveLength(5);
  });
});

test("a loop with two entries runs as a dispatch loop", () => {
  // r3 counts the passes through both halves, entered in the middle by odd threads.
  const body = `
    mov.u32 %r3, 0; mov.u32 %r4, 0; and.b32 %r5, %r2, 1; setp.eq.u32 %p1, %r5, 1; @%p1 bra second;
    first: add.u32 %r3, %r3, 1; bra second;
    second: add.u32 %r4, %r4, 10; setp.lt.u32 %p2, %r4, 50; @%p2 bra first;
    add.u32 %r6, %r3, %r4; mul.wide.u32 %rd3, %r2, 4; add.s64 %rd3, %rd1, %rd3; st.global.u32 [%rd3], %r6;`;
  const [p, q] = buffers();
  expect(faultOf(body, [p, q, { u32: 0 }], { block: [2] })).toBeUndefined();
  expect([...p.subarray(0, 2)]).toEqual([55, 54]);
});

describe("warp operations:", () => {
  const shuffle = (text: string, block = 32): number[] => {
    const [p, q] = [new Uint32Array(64), new Uint32Array(64)];
    const body = `mul.wide.u32 %rd3, %r2, 4; add.s64 %rd4, %rd1, %rd3; add.s64 %rd5, %rd2, %rd3; add.u32 %r3, %r2, 100; ${text} st.global.u32 [%rd4], %r4; selp.u32 %r5, 1, 0, %p1; st.global.u32 [%rd5], %r5;`;
    expect(faultOf(body, [p, q, { u32: 0 }], { block: [block] })).toBeUndefined();
    return [...p.subarray(0, block), ...q.subarray(0, block)];
  };
  const lanes = Array.from({ length: 32 }, (_, lane) => lane);

  test("shfl in its four modes, with the predicate that says whether the lane was in range", () => {
    expect(shuffle("shfl.sync.up.b32 %r4|%p1, %r3, 3, 0, -1;")).toEqual([
      ...lanes.map((i) => 100 + (i >= 3 ? i - 3 : i)),
      ...lanes.map((i) => (i >= 3 ? 1 : 0)),
    ]);
    expect(shuffle("shfl.sync.down.b32 %r4|%p1, %r3, 3, 31, -1;")).toEqual([
      ...lanes.map((i) => 100 + (i < 29 ? i + 3 : i)),
      ...lanes.map((i) => (i < 29 ? 1 : 0)),
    ]);
    expect(shuffle("shfl.sync.bfly.b32 %r4|%p1, %r3, 5, 31, -1;")).toEqual([...lanes.map((i) => 100 + (i ^ 5)), ...lanes.map(() => 1)]);
    expect(shuffle("shfl.sync.idx.b32 %r4|%p1, %r3, 7, 31, -1;")).toEqual([...lanes.map(() => 107), ...lanes.map(() => 1)]);
  });

  test("shfl in segments of eight lanes", () => {
    expect(shuffle("shfl.sync.down.b32 %r4|%p1, %r3, 1, 0x181f, -1;")).toEqual([
      ...lanes.map((i) => 100 + (i % 8 < 7 ? i + 1 : i)),
      ...lanes.map((i) => (i % 8 < 7 ? 1 : 0)),
    ]);
  });

  test("vote, match and redux", () => {
    const vote = "and.b32 %r6, %r2, 3; setp.eq.u32 %p2, %r6, 1; setp.eq.u32 %p1, 0, 1;";
    expect(shuffle(`${vote} vote.sync.ballot.b32 %r4, %p2, -1;`).slice(0, 32)).toEqual(lanes.map(() => 0x2222_2222));
    expect(shuffle(`${vote} mov.u32 %r4, 0; vote.sync.any.pred %p1, %p2, -1;`).slice(32)).toEqual(lanes.map(() => 1));
    expect(shuffle(`${vote} mov.u32 %r4, 0; vote.sync.all.pred %p1, %p2, -1;`).slice(32)).toEqual(lanes.map(() => 0));
    expect(shuffle(`${vote} match.any.sync.b32 %r4, %r6, -1;`).slice(0, 32)).toEqual(lanes.map((i) => (0x1111_1111 << (i & 3)) >>> 0));
    expect(shuffle(`${vote} redux.sync.add.u32 %r4, %r2, -1;`).slice(0, 32)).toEqual(lanes.map(() => 496));
    expect(shuffle(`${vote} redux.sync.max.s32 %r4, %r2, -1;`).slice(0, 32)).toEqual(lanes.map(() => 31));
  });

  test("in a loop, in half a warp, and where the other half does something else", () => {
    const halves = `
      mov.u32 %r4, %r2; setp.lt.u32 %p1, %r2, 16; @!%p1 bra high;
      mov.u32 %r6, 8;
      loop: shfl.sync.bfly.b32 %r7, %r4, %r6, 31, 0xffff; add.u32 %r4, %r4, %r7; shr.u32 %r6, %r6, 1; setp.ne.u32 %p2, %r6, 0; @%p2 bra loop;
      bra end;
      high: shfl.sync.idx.b32 %r4, %r2, 16, 31, 0xffff0000;
      end:`;
    expect(shuffle(halves).slice(0, 32)).toEqual(lanes.map((i) => (i < 16 ? 120 : 16)));
  });
});

describe("atomics:", () => {
  test.each<[string, string, (values: number[]) => number]>([
    ["add", "atom.global.add.u32 %r4, [%rd1], %r2;", (v) => v.reduce((a, b) => a + b, 5)],
    ["max", "red.global.max.u32 [%rd1], %r2;", (v) => Math.max(5, ...v)],
    ["min.s32", "sub.s32 %r3, 3, %r2; red.global.min.s32 [%rd1], %r3;", (v) => (3 - Math.max(...v)) >>> 0],
    ["inc with a limit", "atom.global.inc.u32 %r4, [%rd1], 9;", (v) => v.reduce((a) => (a >= 9 ? 0 : a + 1), 5)],
    ["dec with a limit", "atom.global.dec.u32 %r4, [%rd1], 9;", (v) => v.reduce((a) => (a === 0 || a > 9 ? 9 : a - 1), 5)],
    ["xor", "red.global.xor.b32 [%rd1], %r2;", (v) => v.reduce((a, b) => a ^ b, 5)],
    ["add.f32", "mov.b32 %f1, 0f3F800000; red.global.add.f32 [%rd1+4], %f1; ", () => 5],
  ])("%s", (_, body, expected) => {
    const [p, q] = buffers();
    p[0] = 5;
    expect(faultOf(body, [p, q, { u32: 0 }], { block: [40] })).toBeUndefined();
    expect(p[0]).toBe(expected(Array.from({ length: 40 }, (_unused, i) => i)));
    expect(new Float32Array(p.buffer)[1]).toBe(body.includes("f32") ? 40 : 0);
  });

  test("cas gives the old value", () => {
    const [p, q] = buffers();
    p[0] = 5;
    faultOf(
      "atom.global.cas.b32 %r4, [%rd1], 5, 6; atom.global.cas.b32 %r5, [%rd1], 5, 7; atom.global.exch.b32 %r6, [%rd1], 8; st.global.v4.u32 [%rd2], {%r4, %r5, %r6, %r2};",
      [p, q, { u32: 0 }],
    );
    expect([p[0], ...q.subarray(0, 3)]).toEqual([8, 5, 6, 6]);
  });
});
