import { describe, expect, test } from "vitest";
import { Harness } from "../harness.ts";
import { FAULT } from "../index.ts";
import { randomKernel } from "./random-kernel.ts";

function run(seed: number, compiler: "vector" | "reference"): { out: Uint32Array; vector: boolean } {
  const { text, block, words } = randomKernel(seed);
  const input = Uint32Array.from({ length: words + 64 }, (_, i) => Math.imul(i + seed, 0x9e3779b1) >>> 0);
  const out = new Uint32Array(words);
  const fitting = [8, 16, 32].filter((lanes) => block[0] % lanes === 0);
  const harness = new Harness(text, { compiler, lanes: fitting[seed % fitting.length] ?? 8 });
  harness.run("k", [out, input, { u32: 5 + (seed % 90) }], { block: [...block], grid: [1] });
  return { out, vector: (harness.compiled.kernels[0]?.vectorPhases.length ?? 0) > 0 };
}

describe("a kernel keeps to its scalar form", () => {
  const phases = (body: string): number | undefined =>
    new Harness(entry(body), { compiler: "vector" }).compiled.kernels[0]?.vectorPhases.length;
  const labels = (count: number): number[] => Array.from({ length: count }, (_, i) => i);

  test("when its lanes part again and again before they meet", () => {
    const nested = (count: number): string =>
      `and.b32 %r5, %r2, 1; setp.eq.u32 %p1, %r5, 1; ${labels(count)
        .map((i) => `@%p1 bra L${i}; add.u32 %r5, %r5, ${i};`)
        .join(" ")}
      ${labels(count)
        .toReversed()
        .map((i) => `L${i}: xor.b32 %r5, %r5, ${i};`)
        .join(" ")}`;
    expect(phases(nested(10))).toBe(1);
    expect(phases(nested(70))).toBe(0);
  });

  test("when it is very long", () => {
    const body = labels(1100)
      .map((i) => `setp.eq.u32 %p1, %r2, ${i}; @%p1 bra L${i}; add.u32 %r5, %r5, 1; L${i}:`)
      .join(" ");
    const harness = new Harness(entry(`mov.u32 %r5, 0; ${body} st.global.u32 [%rd1], %r5;`), { compiler: "vector" });
    const out = new Uint32Array(8);
    harness.run("k", [out, { u32: 0 }], { block: [8] });
    expect([...out]).toEqual(Array.from({ length: 8 }, () => 1099));
  });
});

test("random kernels give the same by vectors as by the reference", () => {
  let vectors = 0;
  for (let seed = 1; seed <= 100; seed++) {
    const [vector, reference] = [run(seed, "vector"), run(seed, "reference")];
    expect(vector.out, `seed ${seed}`).toEqual(reference.out);
    if (vector.vector) vectors++;
  }
  expect(vectors).toBeGreaterThan(80);
});

const entry = (body: string): string => `.version 8.5
.target sm_80
.address_size 64
.shared .align 4 .b8 s[1024];
.visible .entry k(.param .u64 out, .param .u32 n) {
.reg .b32 %r<12>; .reg .b64 %rd<4>; .reg .pred %p<4>; .reg .f32 %f<3>; .reg .f64 %fd<2>;
ld.param.u64 %rd1, [out]; ld.param.u32 %r1, [n]; mov.u32 %r2, %tid.x; shl.b32 %r3, %r2, 2; mov.u32 %r4, s; add.u32 %r4, %r4, %r3;
mul.wide.u32 %rd2, %r2, 4; add.s64 %rd1, %rd1, %rd2;
${body}
ret;
}`;

describe.each([8, 16, 32])("by %i lanes:", (lanes) => {
  const results = (body: string, n: number, threads = 64): number[] => {
    const out = new Uint32Array(threads);
    const harness = new Harness(entry(body), { compiler: "vector", lanes });
    expect(harness.compiled.kernels[0]?.vectorPhases.length).toBeGreaterThan(0);
    harness.run("k", [out, { u32: n }], { block: [threads] });
    return [...out];
  };

  test("threads that leave early are not waited for, and the rest of their vector goes on", () => {
    const body = `setp.ge.u32 %p1, %r2, %r1; @%p1 ret; st.shared.u32 [%r4], %r2; bar.sync 0;
      ld.shared.u32 %r5, [s]; ld.shared.u32 %r6, [%r4]; mad.lo.u32 %r5, %r6, 10, %r5; st.global.u32 [%rd1], %r5;`;
    expect(results(body, 37)).toEqual(Array.from({ length: 64 }, (_, i) => (i < 37 ? i * 10 : 0)));
    expect(results(body, 64)).toEqual(Array.from({ length: 64 }, (_, i) => i * 10));
    expect(results(body, 0)).toEqual(Array.from({ length: 64 }, () => 0));
  });

  test("lanes of one vector may wait at different barriers, and keep what each of them knows", () => {
    // Odd threads go round three times with barrier 1, even ones five times with barrier 2; then all meet.
    const body = `and.b32 %r5, %r2, 1; setp.eq.u32 %p1, %r5, 1; mov.u32 %r6, 0; @%p1 bra odd;
      even: bar.sync 2, 32; add.u32 %r6, %r6, 1; setp.lt.u32 %p2, %r6, 5; @%p2 bra even; bra all;
      odd: bar.sync 1, 32; add.u32 %r6, %r6, 1; setp.lt.u32 %p2, %r6, 3; @%p2 bra odd;
      all: bar.sync 0; mad.lo.u32 %r6, %r6, 100, %r2; st.global.u32 [%rd1], %r6;`;
    expect(results(body, 0)).toEqual(Array.from({ length: 64 }, (_, i) => (i % 2 === 1 ? 300 : 500) + i));
  });

  test("what lanes have in common, and nobody looks at in between, is kept where some of them wait without the others", () => {
    const body = `st.shared.u32 [%r4], %r2; bar.sync 0; ld.shared.u32 %r5, [s+8]; mad.lo.u32 %r6, %r2, 5, 3; bar.sync 0;
      and.b32 %r7, %r2, 31; setp.eq.u32 %p1, %r7, 3; @%p1 bra one; bar.warp.sync 0xfffffff7; bra all;
      one: bar.warp.sync 8;
      all: mad.lo.u32 %r6, %r6, 100, %r5; st.global.u32 [%rd1], %r6;`;
    expect(results(body, 0)).toEqual(Array.from({ length: 64 }, (_, i) => (i * 5 + 3) * 100 + 2));
  });

  test("rows of a block may wait at different barriers", () => {
    const body = `mov.u32 %r5, %tid.y; mad.lo.u32 %r4, %r5, 128, %r4; st.shared.u32 [%r4], %r2; setp.eq.u32 %p1, %r5, 0; @%p1 bra first;
      bar.sync 2, 32; mov.u32 %r6, 200; bra all;
      first: bar.sync 1, 32; mov.u32 %r6, 100;
      all: bar.sync 0; xor.b32 %r7, %r4, 132; ld.shared.u32 %r8, [%r7]; add.u32 %r6, %r6, %r8; mul.wide.u32 %rd2, %r5, 128; add.s64 %rd1, %rd1, %rd2;
      st.global.u32 [%rd1], %r6;`;
    const out = new Uint32Array(64);
    new Harness(entry(body), { compiler: "vector", lanes }).run("k", [out, { u32: 0 }], { block: [32, 2] });
    expect([...out]).toEqual(Array.from({ length: 64 }, (_, i) => (i < 32 ? 100 : 200) + ((i & 31) ^ 1)));
  });

  test("each lane leaves a loop with its own count, also where the count is the same for all inside", () => {
    const body = `and.b32 %r5, %r2, 15; mov.u32 %r6, 0;
      again: setp.ge.u32 %p1, %r6, %r5; @%p1 bra left; add.u32 %r6, %r6, 1; setp.lt.u32 %p2, %r6, %r1; @%p2 bra again;
      left: st.global.u32 [%rd1], %r6;`;
    expect(results(body, 9)).toEqual(Array.from({ length: 64 }, (_, i) => Math.min(i & 15, 9)));
  });

  test("a 32-bit number that wraps around between two lanes is widened as each lane has it", () => {
    const body = `add.u32 %r5, %r2, 0x7ffffffa; cvt.s64.s32 %rd3, %r5; shr.u64 %rd3, %rd3, 32; cvt.u32.u64 %r6, %rd3; st.global.u32 [%rd1], %r6;`;
    expect(results(body, 0)).toEqual(Array.from({ length: 64 }, (_, i) => (i < 6 ? 0 : 0xffff_ffff)));
  });

  test.each([
    ["add.u32", (a: number, b: number) => a + b],
    ["and.b32", (a: number, b: number) => a & b],
    ["or.b32", (a: number, b: number) => a | b],
    ["xor.b32", (a: number, b: number) => a ^ b],
    ["exch.b32", (_: number, b: number) => b],
    ["min.s32", (a: number, b: number) => Math.min(a | 0, b | 0)],
    ["min.u32", (a: number, b: number) => Math.min(a >>> 0, b >>> 0)],
    ["max.s32", (a: number, b: number) => Math.max(a | 0, b | 0)],
    ["max.u32", (a: number, b: number) => Math.max(a >>> 0, b >>> 0)],
  ])("lanes do %s on shared words in turn, all of them and some", (operation, update) => {
    const body = `st.shared.u32 [%r4], %r2; bar.sync 0; and.b32 %r5, %r2, 3; shl.b32 %r5, %r5, 2; mov.u32 %r6, s; add.u32 %r5, %r5, %r6;
      mul.lo.u32 %r7, %r2, 0x9e3779b1; mov.u32 %r9, 0; atom.shared.${operation} %r8, [%r5+4], %r7; bar.sync 0;
      setp.lt.u32 %p1, %r2, %r1; @%p1 atom.shared.cta.${operation} %r9, [%r5+4], 77; bar.sync 0; red.shared.${operation} [%r5+4], 3;
      mad.lo.u32 %r8, %r9, 31, %r8; bar.sync 0; ld.shared.u32 %r9, [%r5+4]; add.u32 %r8, %r8, %r9; st.global.u32 [%rd1], %r8;`.replace(
      /red.shared.exch[^;]*;/, // There is none.
      "atom.shared.exch.b32 %r6, [%r5+4], 3;",
    );
    const shared = Uint32Array.from({ length: 64 }, (_, i) => i);
    const take = (thread: number, value: number): number => {
      const at = (thread & 3) + 1;
      const old = shared[at] ?? 0;
      shared[at] = update(old, value);
      return old;
    };
    const threads = Array.from({ length: 64 }, (_, i) => i);
    const first = threads.map((i) => take(i, Math.imul(i, 0x9e3779b1)));
    const second = threads.map((i) => (i < 37 ? take(i, 77) : 0));
    for (const i of threads) take(i, 3);
    expect(results(body, 37)).toEqual(threads.map((i) => ((first[i] ?? 0) + 31 * (second[i] ?? 0) + (shared[(i & 3) + 1] ?? 0)) >>> 0));
  });

  test("an atomic operation that one lane makes out of bounds is found, and the lane named", () => {
    const body = "setp.eq.u32 %p1, %r2, 13; @%p1 add.u32 %r4, %r4, 4096; red.shared.add.u32 [%r4], 1;";
    const harness = new Harness(entry(body), { compiler: "vector", lanes });
    expect(() => harness.run("k", [new Uint32Array(64), { u32: 0 }], { block: [64] })).toThrow();
    expect(harness.fault).toMatchObject({ kind: FAULT.illegalAddress, thread: 13 });
  });

  test.each(["lt", "le", "gt", "ge", "lo", "ls", "hi", "hs"])(
    "threads part by setp.%s of their number and a bound, also where numbers wrap around",
    (name) => {
      const type = /^(lt|le|gt|ge)$/.test(name) ? (["s32", "u32"] as const) : (["u32"] as const);
      const holds = (a: number, b: number): boolean =>
        /^(lt|lo)$/.test(name) ? a < b : /^(le|ls)$/.test(name) ? a <= b : /^(gt|hi)$/.test(name) ? a > b : a >= b;
      for (const form of type)
        for (const mirrored of [false, true])
          for (const start of [0, 0x7fff_ffe0, 0x7fff_fff9, 0xffff_ffe0, 0xffff_fff3]) {
            const body = `mad.lo.u32 %r5, %r2, 3, ${start}; setp.${name}.${form} %p1, ${mirrored ? "%r1, %r5" : "%r5, %r1"}; @%p1 bra yes;
            mov.u32 %r6, 1; bra end; yes: mov.u32 %r6, 2; end: st.global.u32 [%rd1], %r6;`;
            const number = (value: number): number => (form === "s32" ? value | 0 : value >>> 0);
            for (const n of [0, 1, start, start + 24, start + 45, start + 46, start + 191, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff])
              expect(results(body, n >>> 0), `${form} ${mirrored} ${start} ${n}`).toEqual(
                Array.from({ length: 64 }, (_, i) => {
                  const [a, b] = [number(i * 3 + start), number(n)];
                  return (mirrored ? holds(b, a) : holds(a, b)) ? 2 : 1;
                }),
              );
          }
    },
  );

  const LONG = [0, 0x3fff_ffff, 0x4000_0000, 0x4000_0001, 0x7fff_ffff, 0x8000_0000, 0xbfff_ffff, 0xc000_0000, 0xffff_ffff];
  test.each(
    (["s32", "u32"] as const).flatMap((type) => [0, 128, -16, 2, 2 ** 31, -(2 ** 31), 2 ** 33].map((delta) => [type, delta] as const)),
  )("an index of .%s from %i bytes off the buffer is in bounds, or is not, as 64 bits have it", (type, delta) => {
    for (const scale of [4, 8, 12]) {
      // What threads 0 to 63 add to the base so that each has a word of its own, but 13 takes n and 5 takes no part.
      const start = Math.ceil(-delta / scale);
      if (start < 0 && type === "u32") continue;
      const body = `xor.b32 %r5, %r2, 1; add.u32 %r5, %r5, ${start}; setp.eq.u32 %p1, %r2, 13; selp.u32 %r5, %r1, %r5, %p1; setp.eq.u32 %p2, %r2, 5;
        selp.u32 %r5, 0x12345678, %r5, %p2; mul.wide.${type} %rd3, %r5, ${scale}; ld.param.u64 %rd2, [out]; add.s64 %rd2, %rd2, ${delta};
        add.s64 %rd3, %rd2, %rd3; @%p2 bra end; ld.global.u32 %r6, [%rd3+4]; bar.sync 0; st.global.u32 [%rd1], %r6; end:`;
      const harness = new Harness(entry(body), { compiler: "vector", lanes });
      expect(harness.compiled.kernels[0]?.vectorPhases.length).toBeGreaterThan(0);
      for (const n of [start, start + 7, ...LONG, ...LONG.map((index) => index + start)]) {
        const index = type === "s32" ? n | 0 : n >>> 0;
        const out = Uint32Array.from({ length: 64 * 3 + 2 }, (_, i) => 1000 + i);
        const offset = index * scale + delta + 4;
        const isInside = offset >= 0 && offset + 4 <= out.byteLength && offset % 4 === 0;
        if ((start * scale + delta) % 4 !== 0) continue; // All others would be misaligned.
        const run = (): void => harness.run("k", [out, { u32: n >>> 0 }], { block: [64] });
        const what = `${type} scale ${scale} base ${delta} index ${index}`;
        if (isInside) {
          run();
          expect(out[13], what).toBe(1000 + offset / 4);
          expect(out[12], what).toBe(1000 + ((13 + start) * scale + delta + 4) / 4);
          expect(out[5], what).toBe(1005);
        } else {
          expect(run, what).toThrow();
          expect(harness.fault, what).toMatchObject({ thread: 13 });
          expect(BigInt.asIntN(32, harness.fault.address - 0x400000n), what).toBe(BigInt.asIntN(32, BigInt(offset)));
        }
      }
    }
  });

  test.each([0, 4, 1020, 1021, 1022, 1024, 2, 0x8000_0000, 0xffff_fffc, 0xffff_ffff])(
    "a place in shared memory of which one lane's is %i is in bounds, or is not",
    (n) => {
      const body = `st.shared.u32 [%r4], %r2; st.shared.u32 [%r4+768], 77; bar.sync 0; xor.b32 %r5, %r4, 4; setp.eq.u32 %p1, %r2, 13; selp.u32 %r5, %r1, %r5, %p1;
        setp.eq.u32 %p2, %r2, 5; selp.u32 %r5, 0x12345678, %r5, %p2; @%p2 bra end; ld.shared.u32 %r6, [%r5]; st.global.u32 [%rd1], %r6; end:`;
      if (n % 4 === 0 && n < 1024) {
        const expected = Array.from({ length: 64 }, (_, i) => i ^ 1);
        expected[13] = n < 256 ? n / 4 : 77;
        expected[5] = 0;
        expect(results(body, n)).toEqual(expected);
        return;
      }
      const harness = new Harness(entry(body), { compiler: "vector", lanes });
      expect(() => harness.run("k", [new Uint32Array(64), { u32: n }], { block: [64] })).toThrow();
      expect(harness.fault).toMatchObject({ kind: n % 4 === 0 ? FAULT.illegalAddress : FAULT.misalignedAddress, thread: 13 });
    },
  );

  test.each([
    ["u8", "%r6", 1],
    ["u16", "%r6", 2],
    ["u32", "%r6", 4],
    ["v2.u32", "{%r6, %r6}", 8],
  ] as const)("lanes that take no part in a store of .%s store nothing, wherever the others' places lie", (type, value, size) => {
    const takesPart = (thread: number): boolean => ((thread * 5) & 7) > 2;
    // Threads store by pairs crosswise, in shared memory, and then in what was there before.
    const body = `mov.u32 %r6, 0x01010101; st.shared.u32 [%r4], 0; st.shared.u32 [%r4+256], 0; bar.sync 0; mul.lo.u32 %r5, %r2, 5; and.b32 %r5, %r5, 7; setp.gt.u32 %p1, %r5, 2;
      xor.b32 %r5, %r2, 1; mul.lo.u32 %r7, %r5, ${size}; mov.u32 %r8, s; add.u32 %r8, %r8, %r7; @%p1 st.shared.${type} [%r8], ${value}; bar.sync 0;
      mul.lo.u32 %r7, %r2, ${size}; mov.u32 %r8, s; add.u32 %r8, %r8, %r7; ld.shared.u8 %r7, [%r8]; mul.lo.u32 %r6, %r6, 2;
      ld.param.u64 %rd2, [out]; mul.wide.u32 %rd3, %r5, ${size}; add.s64 %rd3, %rd2, %rd3; @%p1 st.global.${type} [%rd3+256], ${value};
      st.global.u32 [%rd1], %r7;`;
    const out = new Uint8Array(256 + 64 * size).fill(9);
    const harness = new Harness(entry(body), { compiler: "vector", lanes });
    harness.run("k", [out, { u32: 0 }], { block: [64] });
    const shared = new Uint32Array(out.buffer, 0, 64);
    for (let thread = 0; thread < 64; thread++) {
      expect(shared[thread], `shared ${thread}`).toBe(takesPart(thread ^ 1) ? 1 : 0);
      const place = out.subarray(256 + thread * size, 256 + (thread + 1) * size);
      expect([...new Set(place)], `global ${thread}`).toEqual([takesPart(thread ^ 1) ? 2 : 9]);
    }
  });

  test.each([3, 24, 33])("lanes that take no part may lie out of shared memory, %i words before it or behind it", (away) => {
    const body = `mul.lo.u32 %r5, %r2, 7; st.shared.u32 [%r4], %r5; st.shared.u32 [%r4+768], %r5; bar.sync 0; mov.u32 %r6, 5; mov.u32 %r7, 6;
      setp.ge.u32 %p1, %r2, ${away}; setp.lt.u32 %p2, %r2, ${64 - away}; @%p1 ld.shared.u32 %r6, [%r4-${4 * away}]; @%p2 ld.shared.u32 %r7, [%r4+${768 + 4 * away}];
      bar.sync 0; @%p1 st.shared.u32 [%r4-${4 * away}], 1000; bar.sync 0; ld.shared.u32 %r8, [%r4]; mad.lo.u32 %r6, %r6, 1000, %r7; add.u32 %r6, %r6, %r8;
      st.global.u32 [%rd1], %r6;`;
    const expected = Array.from({ length: 64 }, (_, i) => {
      const [before, behind] = [i >= away ? (i - away) * 7 : 5, i < 64 - away ? (i + away) * 7 : 6];
      return before * 1000 + behind + (i < 64 - away ? 1000 : i * 7);
    });
    expect(results(body, 0)).toEqual(expected);
    // One lane more takes part than may.
    const harness = new Harness(entry(body.replace(`setp.ge.u32 %p1, %r2, ${away}`, `setp.ge.u32 %p1, %r2, ${away - 1}`)), {
      compiler: "vector",
      lanes,
    });
    expect(() => harness.run("k", [new Uint32Array(64), { u32: 0 }], { block: [64] })).toThrow();
    expect(harness.fault).toMatchObject({ kind: FAULT.illegalAddress, thread: away - 1 });
  });

  test.each([
    ["four words in a row", "0 4 8 12", ""],
    ["eight, and others between them", "-4 100 0 4 104 8 12 16 20 24", ""],
    ["four with a store between them", "0 4 8 12", "st.global.u32 [%rd3+8], 77;"],
    ["four of which one is volatile", "0 4 8v 12", ""],
    ["three", "4 8 12", ""],
  ])("lanes load rows of words at indices of their own: %s", (_, list, between) => {
    const offsets = list.split(" ").map((offset) => Number.parseInt(offset, 10));
    // Each thread has 32 words of its own, in no order. The store comes behind the second load.
    const loads = list
      .split(" ")
      .map(
        (offset, i) =>
          `ld.${offset.endsWith("v") ? "volatile." : ""}global.u32 %r7, [%rd3+${Number.parseInt(offset, 10)}]; mad.lo.u32 %r6, %r6, 31, %r7; ${i === 1 ? between : ""}`,
      )
      .join(" ");
    const body = `xor.b32 %r5, %r2, 5; shl.b32 %r5, %r5, 5; add.u32 %r5, %r5, %r1; ld.param.u64 %rd2, [out]; mul.wide.s32 %rd3, %r5, 4; add.s64 %rd3, %rd2, %rd3;
      mov.u32 %r6, 0; ${loads} mul.lo.u32 %r7, %r2, 128; cvt.u64.u32 %rd3, %r7; add.s64 %rd3, %rd2, %rd3; bar.sync 0; st.global.u32 [%rd3], %r6;`;
    for (const compiler of ["vector", "reference"] as const) {
      const harness = new Harness(entry(body), { compiler, lanes });
      const out = Uint32Array.from({ length: 64 * 32 }, (_value, i) => Math.imul(i, 0x9e3779b1));
      const word = (thread: number, offset: number): number => out[(thread ^ 5) * 32 + 4 + offset / 4] ?? 0;
      const expected = Array.from({ length: 64 }, (_value, thread) =>
        offsets.reduce((sum, offset, i) => (Math.imul(sum, 31) + (between !== "" && i === 2 ? 77 : word(thread, offset))) >>> 0, 0),
      );
      harness.run("k", [out, { u32: 4 }], { block: [64] });
      expect(
        Array.from({ length: 64 }, (_value, thread) => out[thread * 32]),
        compiler,
      ).toEqual(expected);
      // The last word of the last row would be behind the buffer.
      const beyond = 32 - Math.max(...offsets) / 4;
      expect(() => harness.run("k", [new Uint32Array(64 * 32), { u32: beyond }], { block: [64] })).toThrow();
      expect(harness.fault, compiler).toMatchObject({ kind: FAULT.illegalAddress, thread: 63 ^ 5 });
    }
  });

  test("places that follow from the thread's index are right behind a barrier, in each row of a block", () => {
    const body = `mov.u32 %r5, %ntid.x; mov.u32 %r6, %tid.y; mad.lo.u32 %r7, %r6, %r5, %r2; shl.b32 %r8, %r7, 2; mov.u32 %r9, s; add.u32 %r10, %r9, %r8;
      st.shared.u32 [%r10+4], 0; bar.sync 0; st.shared.u32 [%r10], %r7; bar.sync 0; ld.shared.u32 %r11, [%r10+4]; mad.lo.u32 %r11, %r11, 100, %r7; bar.sync 0; st.shared.u32 [%r10], %r11; bar.sync 0;
      ld.shared.u32 %r11, [%r10]; mul.wide.u32 %rd3, %r7, 4; ld.param.u64 %rd2, [out]; add.s64 %rd3, %rd3, %rd2; st.global.u32 [%rd3], %r11;`;
    for (const compiler of ["vector", "reference"] as const) {
      const harness = new Harness(entry(body), { compiler, lanes });
      const out = new Uint32Array(96);
      harness.run("k", [out, { u32: 0 }], { block: [32, 3] });
      expect([...out]).toEqual(Array.from({ length: 96 }, (_, i) => (i < 95 ? (i + 1) * 100 : 0) + i));
    }
  });

  test("registers of floats may hold the thread's number, and what it is multiplied to", () => {
    const number = "mov.u32 %f1, %tid.x; copysign.f32 %f2, %f1, %f1; mov.b32 %r5, %f2; st.global.u32 [%rd1], %r5;";
    expect(results(number, 0)).toEqual(Array.from({ length: 64 }, (_, i) => i));
    const product = `xor.b32 %r5, %r2, 1; mul.wide.u32 %fd1, %r5, 4; mov.b64 %rd3, %fd1; ld.param.u64 %rd2, [out]; add.s64 %rd3, %rd2, %rd3;
      st.global.u32 [%rd3], %r2;`;
    expect(results(product, 0)).toEqual(Array.from({ length: 64 }, (_, i) => i ^ 1));
  });

  test("an access that one lane makes out of bounds is found, and the lane named", () => {
    const harness = new Harness(entry("setp.eq.u32 %p1, %r2, 13; @%p1 add.s64 %rd1, %rd1, 4096; st.global.u32 [%rd1], 1;"), {
      compiler: "vector",
      lanes,
    });
    expect(() => harness.run("k", [new Uint32Array(64), { u32: 0 }], { block: [64] })).toThrow();
    expect(harness.fault).toMatchObject({ kind: FAULT.illegalAddress, thread: 13 });
  });

  test("a store that is out of bounds for the last lanes faults at the first of them", () => {
    const harness = new Harness(entry("st.global.u32 [%rd1], 1;"), { compiler: "vector", lanes });
    expect(() => harness.run("k", [new Uint32Array(61), { u32: 0 }], { block: [64] })).toThrow();
    expect(harness.fault).toMatchObject({ kind: FAULT.illegalAddress, thread: 61 });
  });
});
