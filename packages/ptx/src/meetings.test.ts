import { describe, expect, test } from "vitest";
import { Harness, type Argument, type RunOptions } from "./harness.ts";
import * as reference from "./reference.ts";
import { bfloat, half } from "./reference.ts";

const kernel = (body: string, declarations = ""): string => `.version 8.8
.target sm_90
.address_size 64
${declarations}
.visible .entry k(.param .u64 p, .param .u64 q, .param .u32 n)
{
.reg .b32 %r<12>; .reg .b64 %rd<9>; .reg .pred %p<5>; .reg .f32 %f<8>; .reg .b16 %h<6>; .reg .f64 %fd<4>;
ld.param.u64 %rd1, [p]; ld.param.u64 %rd2, [q]; ld.param.u32 %r1, [n]; mov.u32 %r2, %tid.x;
mul.wide.u32 %rd3, %r2, 4; add.s64 %rd4, %rd1, %rd3;
${body}
ret;
}`;

describe.each(["reference", "vector"] as const)("by the %s form:", (compiler) => {
  const run = (body: string, args: readonly Argument[], options: RunOptions = {}): void =>
    new Harness(kernel(body), { compiler }).run("k", args, { block: [64], ...options });
  const results = (body: string, options: RunOptions = {}): number[] => {
    const out = new Uint32Array(64);
    run(`${body} st.global.u32 [%rd4], %r5;`, [out, new Uint32Array(64), { u32: 0 }], options);
    return [...out];
  };
  const threads = Array.from({ length: 64 }, (_, i) => i);

  test("redux.sync of floats: the least and the most of the lanes that the mask names, without NaN, or NaN", () => {
    // 0.5 to 31.5, but lane 3 has -7, lane 5 -0, and lane 9 a NaN in the second warp.
    const values = `and.b32 %r3, %r2, 31; cvt.rn.f32.u32 %f1, %r3; add.rn.f32 %f1, %f1, 0f3F000000; setp.eq.u32 %p1, %r3, 3; selp.f32 %f1, 0fC0E00000, %f1, %p1;
      setp.eq.u32 %p1, %r3, 5; selp.f32 %f1, 0f80000000, %f1, %p1; setp.eq.u32 %p1, %r2, 41; selp.f32 %f1, 0fFFC00000, %f1, %p1;`;
    const floats = (body: string): number[] => [
      ...new Float32Array(Uint32Array.from(results(`${values} ${body} mov.b32 %r5, %f2;`)).buffer),
    ];
    const reduced = (form: string): number[] => floats(`redux.sync.${form}.f32 %f2, %f1, -1;`);
    const both = (first: number, second: number): number[] => threads.map((i) => (i < 32 ? first : second));
    expect(reduced("min")).toEqual(both(-7, -7));
    expect(reduced("max")).toEqual(both(31.5, 31.5));
    expect(reduced("min.abs")).toEqual(both(0, 0));
    expect(reduced("max.NaN")).toEqual(both(31.5, NaN));
    expect(reduced("min.abs.NaN")).toEqual(both(0, NaN));
    const halves = "setp.lt.u32 %p2, %r3, 16; selp.b32 %r6, 0xffff, 0xffff0000, %p2;";
    expect(floats(`${halves} redux.sync.min.f32 %f2, %f1, %r6;`)).toEqual(threads.map((i) => ((i & 31) < 16 ? -7 : 16.5)));
    expect(() => results("redux.sync.add.f32 %f2, %f1, -1;")).toThrow("redux.sync of .f32 is .min or .max");
    expect(() => results("redux.sync.min.abs.s32 %r5, %r2, -1;")).toThrow("need .f32");
  });

  describe("barriers", () => {
    const odd = "and.b32 %r3, %r2, 1; setp.eq.u32 %p1, %r3, 1;";

    test("bar.red counts and combines the predicates of all threads, again and again", () => {
      expect(results(`${odd} bar.red.popc.u32 %r5, 0, %p1;`)).toEqual(threads.map(() => 32));
      expect(
        results(`${odd} bar.red.popc.u32 %r5, 0, !%p1; bar.red.popc.u32 %r6, 0, 1; shl.b32 %r6, %r6, 8; or.b32 %r5, %r5, %r6;`),
      ).toEqual(threads.map(() => 32 | (64 << 8)));
      const both =
        "bar.red.and.pred %p2, 0, %p1; bar.red.or.pred %p3, 0, %p1; selp.u32 %r5, 1, 0, %p2; selp.u32 %r6, 2, 0, %p3; add.u32 %r5, %r5, %r6;";
      expect(results(`${odd} ${both}`)).toEqual(threads.map(() => 2));
      expect(results(`setp.lt.u32 %p1, %r2, 64; ${both}`)).toEqual(threads.map(() => 3));
      expect(results(`setp.ge.u32 %p1, %r2, 64; ${both}`)).toEqual(threads.map(() => 0));
      const loop =
        "mov.u32 %r5, 0; mov.u32 %r6, 0; again: setp.lt.u32 %p1, %r2, %r6; bar.red.popc.u32 %r7, 1, %p1; add.u32 %r5, %r5, %r7; add.u32 %r6, %r6, 1; setp.lt.u32 %p2, %r6, 9; @%p2 bra again;";
      expect(results(loop)).toEqual(threads.map(() => 36));
    });

    test("bar.red by halves of the block at barriers of their own", () => {
      const body =
        "shr.u32 %r3, %r2, 5; add.u32 %r3, %r3, 1; setp.lt.u32 %p1, %r2, 40; setp.eq.u32 %p2, %r3, 1; @%p2 bra low; barrier.cta.red.popc.u32 %r5, 2, 32, %p1; bra end; low: barrier.cta.red.popc.u32 %r5, 1, 32, %p1; end:";
      expect(results(body)).toEqual(threads.map((i) => (i < 32 ? 32 : 8)));
    });

    test("bar.arrive lets the others through, and goes on itself", () => {
      const declarations = ".shared .align 4 .b8 s[256];";
      const body = `mov.u32 %r6, s; shl.b32 %r7, %r2, 2; add.u32 %r7, %r6, %r7; setp.ge.u32 %p1, %r2, 32; @%p1 bra consumer;
        st.shared.u32 [%r7], %r2; bar.arrive 3, 64; mov.u32 %r5, 7; bra end;
        consumer: bar.sync 3, 64; ld.shared.u32 %r5, [%r7+-128]; end: st.global.u32 [%rd4], %r5;`;
      const out = new Uint32Array(64);
      new Harness(kernel(body, declarations), { compiler }).run("k", [out, new Uint32Array(8), { u32: 0 }], { block: [64], grid: [2] });
      expect([...out]).toEqual(threads.map((i) => (i < 32 ? 7 : i - 32)));
    });
  });

  describe("warps", () => {
    test("activemask says who is at the same place", () => {
      expect(results("activemask.b32 %r5;")).toEqual(threads.map(() => 0xffff_ffff));
      expect(results("activemask.b32 %r5;", { block: [40] })).toEqual(threads.map((i) => (i < 32 ? 0xffff_ffff : i < 40 ? 0xff : 0)));
      const parted =
        "and.b32 %r3, %r2, 3; setp.eq.u32 %p1, %r3, 2; @%p1 bra two; activemask.b32 %r5; bra end; two: activemask.b32 %r5; end:";
      expect(results(parted)).toEqual(threads.map((i) => (i % 4 === 2 ? 0x4444_4444 : 0xbbbb_bbbb)));
      expect(results("mov.u32 %r5, 1; setp.lt.u32 %p1, %r2, 5; @%p1 ret; activemask.b32 %r5;")).toEqual(
        threads.map((i) => (i < 5 ? 0 : i < 32 ? 0xffff_ffe0 : 0xffff_ffff)),
      );
    });

    test("votes with no mask are those of the threads that are there", () => {
      const body = "mov.u32 %r5, 0; setp.lt.u32 %p1, %r2, 8; @%p1 bra end; setp.lt.u32 %p2, %r2, 16; vote.ballot.b32 %r5, %p2; end:";
      expect(results(body)).toEqual(threads.map((i) => (i < 8 ? 0 : i < 32 ? 0xff00 : 0)));
    });

    test("elect.sync elects the first lane of the mask", () => {
      const body =
        "mov.u32 %r3, 0xfffffff0; setp.lt.u32 %p1, %r2, 32; @!%p1 mov.u32 %r3, -1; and.b32 %r4, %r2, 31; setp.lt.u32 %p2, %r4, 4; and.pred %p2, %p2, %p1; mov.u32 %r5, 99; @%p2 bra end; elect.sync %r6|%p3, %r3; selp.u32 %r5, 1, 0, %p3; shl.b32 %r5, %r5, 8; or.b32 %r5, %r5, %r6; end:";
      expect(results(body)).toEqual(threads.map((i) => (i < 4 ? 99 : i < 32 ? (i === 4 ? 0x104 : 4) : i === 32 ? 0x100 : 0)));
    });
  });

  describe("atomics", () => {
    test("of halves, alone and in pairs, keep every addition", () => {
      const one = (bits: bigint): number => Number(bits);
      // 64 threads add 0.25: sums of a half are exact up to 2048.
      const cell = new Uint32Array(4);
      run(
        "mov.b16 %h1, 0x3400; atom.global.add.noftz.f16 %h2, [%rd1], %h1; mov.b32 %r3, 0x3e803f00; red.global.add.noftz.bf16x2 [%rd1+4], %r3; mov.b32 %r4, 0x34003c00; atom.global.gpu.relaxed.add.noftz.f16x2 %r5, [%rd1+8], %r4;",
        [cell, new Uint32Array(8), { u32: 0 }],
      );
      expect((cell[0] ?? 0) & 0xffff).toBe(one(reference.fromInteger(16n, half)));
      expect(cell[1]).toBe((one(reference.fromInteger(16n, bfloat)) << 16) + one(reference.fromInteger(32n, bfloat)));
      expect(cell[2]).toBe((one(reference.fromInteger(16n, half)) << 16) + one(reference.fromInteger(64n, half)));
    });

    test("of 16 bits leave the other half alone", () => {
      const cell = Uint32Array.from([0xaaaa_0005, 0]);
      run(
        "setp.ne.u32 %p1, %r2, 0; @%p1 ret; mov.b16 %h1, 5; mov.b16 %h2, 9; atom.global.cas.b16 %h3, [%rd1], %h1, %h2; atom.global.cas.b16 %h4, [%rd1], %h1, %h1; mov.b32 %r5, {%h3, %h4}; st.global.u32 [%rd1+4], %r5;",
        [cell, new Uint32Array(8), { u32: 0 }],
      );
      expect([...cell]).toEqual([0xaaaa_0009, 0x0009_0005]);
    });

    test("of floats and doubles, and vectors of floats", () => {
      const cell = new Float32Array(8);
      run(
        "mov.f32 %f1, 0f3FC00000; mov.f32 %f2, 0f40000000; red.global.add.v2.f32 [%rd1], {%f1, %f2}; mov.f64 %fd1, 0d3FE0000000000000; atom.global.add.f64 %fd2, [%rd1+8], %fd1; cvt.rn.f32.u32 %f3, %r2; atom.global.exch.b32 %r5, [%rd1+16], %f3; red.relaxed.gpu.global.add.f32 [%rd1+20], 0fBF800000;",
        [cell, new Uint32Array(8), { u32: 0 }],
      );
      expect([...cell.subarray(0, 2)]).toEqual([96, 128]);
      expect(new Float64Array(cell.buffer)[1]).toBe(32);
      expect(cell[5]).toBe(-64);
    });

    test("of floats flush subnormals in global memory, and keep them in shared", () => {
      const tiny = 2 ** -140;
      const cell = Float32Array.from([tiny, 0, 0]);
      const body =
        "setp.ne.u32 %p1, %r2, 0; @%p1 ret; mov.f32 %f1, 0f00000200; red.global.add.f32 [%rd1], %f1; mov.u32 %r3, s; st.shared.f32 [%r3], %f1; red.shared.add.f32 [%r3], %f1; ld.shared.f32 %f2, [%r3]; st.global.f32 [%rd1+4], %f2; atom.add.f32 %f3, [%rd1+8], %f1;";
      new Harness(kernel(body, ".shared .align 4 .b8 s[4];"), { compiler }).run("k", [cell, new Uint32Array(8), { u32: 0 }], {
        block: [8],
      });
      expect([...cell]).toEqual([0, 2 ** -139, 2 ** -140]);
    });

    test("in shared memory, of 64 bits, with limits and extremes", () => {
      const out = new BigUint64Array(4);
      const body = `mov.u32 %r3, s; cvt.u64.u32 %rd5, %r2; st.shared.u64 [%r3], 0; st.shared.u64 [%r3+8], 0; st.shared.u32 [%r3+16], 0; bar.sync 0;
        red.shared.add.u64 [%r3], %rd5; atom.shared.max.u64 %rd6, [%r3+8], %rd5; atom.shared.inc.u32 %r5, [%r3+16], 9; bar.sync 0;
        ld.shared.u64 %rd5, [%r3]; ld.shared.u64 %rd6, [%r3+8]; ld.shared.u32 %r5, [%r3+16]; cvt.u64.u32 %rd7, %r5; st.global.u64 [%rd1], %rd5; st.global.u64 [%rd1+8], %rd6; st.global.u64 [%rd1+16], %rd7;`;
      new Harness(kernel(body, ".shared .align 8 .b8 s[32];"), { compiler }).run("k", [out, new Uint32Array(8), { u32: 0 }], {
        block: [64],
      });
      expect([...out]).toEqual([2016n, 63n, 4n, 0n]);
    });
  });

  test("special registers of a cluster of one block, and hints that do nothing", () => {
    const body =
      "mov.u32 %r3, %clusterid.x; mov.u32 %r4, %ctaid.x; sub.u32 %r5, %r3, %r4; mov.u32 %r3, %cluster_nctarank; add.u32 %r5, %r5, %r3; mov.u32 %r3, %cluster_ctarank; add.u32 %r5, %r5, %r3; createpolicy.fractional.L2::evict_last.b64 %rd5, 1.0; ld.global.L2::cache_hint.u32 %r6, [%rd2], %rd5; prefetch.global.L2 [%rd1]; griddepcontrol.wait; discard.global.L2 [%rd1], 128;";
    expect(results(body, { grid: [3] })).toEqual(threads.map(() => 1));
  });
});
