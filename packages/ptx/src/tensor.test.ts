import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { Harness } from "./harness.ts";
import * as reference from "./reference.ts";
import { bfloat, double, e5m2, half, randomBits, single, type Format } from "./reference.ts";

const text = readFileSync(new URL("../kernels/tensor.ptx", import.meta.url), "latin1");
const next = randomBits(5);
/** Small whole numbers: their products and sums are exact in every format. */
const small = (count: number, spread = 8): number[] => Array.from({ length: count }, () => (Number(next(16)) % (2 * spread + 1)) - spread);
const bitsOf = (value: number, format: Format): number => {
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, value);
  return Number(reference.convert(view.getBigUint64(0), double, format));
};
const halves = (values: readonly number[], format: Format = half): Uint16Array =>
  Uint16Array.from(values, (value) => bitsOf(value, format));

/** A * B + c, of A by rows or columns and B by rows or columns. */
function multiply(
  [m, n, k]: readonly [number, number, number],
  a: (row: number, k: number) => number,
  b: (k: number, column: number) => number,
  c: (row: number, column: number) => number,
): number[] {
  return Array.from({ length: m * n }, (_, at) => {
    const [row, column] = [Math.floor(at / n), at % n];
    let sum = c(row, column);
    for (let i = 0; i < k; i++) sum += a(row, i) * b(i, column);
    return sum;
  });
}
/** A matrix in memory, by rows or by columns. */
const by =
  (values: ArrayLike<number>, leading: number, rows: boolean) =>
  (row: number, column: number): number =>
    values[rows ? row * leading + column : column * leading + row] ?? 0;

/** A kernel (a, b, c, d) in which each thread has its fragments of m8n8k4 one after the other in memory. */
function quadKernel(rows: string, columns: string, d: string, c: string): string {
  const [counts, kinds] = [{ f16: 4, f32: 8 } as Record<string, number>, { f16: "b32", f32: "f32" } as Record<string, string>];
  const list = (name: string, count = 0): string => `{${Array.from({ length: count }, (_, i) => `%${name}${i}`).join(", ")}}`;
  const each = (name: string, count = 0, write: (register: string, at: number) => string): string =>
    Array.from({ length: count }, (_, i) => write(`%${name}${i}`, 4 * i)).join("\n");
  const place = (pointer: string, count = 0): string => `ld.param.u64 %p, [${pointer}]; mad.wide.u32 %p, %t, ${4 * count}, %p;`;
  return `.version 8.0\n.target sm_70\n.address_size 64
.visible .entry k(.param .u64 a, .param .u64 b, .param .u64 c, .param .u64 d) {
.reg .b64 %p; .reg .b32 %t, %a<2>, %b<2>; .reg .${kinds[c]} %c<8>; .reg .${kinds[d]} %d<8>;
mov.u32 %t, %tid.x;
${place("a", 2)} ${each("a", 2, (register, at) => `ld.global.b32 ${register}, [%p+${at}];`)}
${place("b", 2)} ${each("b", 2, (register, at) => `ld.global.b32 ${register}, [%p+${at}];`)}
${place("c", counts[c])} ${each("c", counts[c], (register, at) => `ld.global.${kinds[c]} ${register}, [%p+${at}];`)}
mma.sync.aligned.m8n8k4.${rows}.${columns}.${d}.f16.f16.${c} ${list("d", counts[d])}, ${list("a", 2)}, ${list("b", 2)}, ${list("c", counts[c])};
${place("d", counts[d])} ${each("d", counts[d], (register, at) => `st.global.${kinds[d]} [%p+${at}], ${register};`)}
ret; }`;
}

describe.each(["reference", "vector"] as const)("matrix products by the %s form:", (compiler) => {
  const harness = new Harness(text, { compiler });
  const run = (name: string, ...args: Parameters<Harness["run"]>[1]): void => harness.run(name, args, { block: [32] });

  test("wmma of halves, in three shapes, by rows and columns", () => {
    const [a, b] = [small(256), small(256)];
    const c = Float32Array.from(small(256));
    const twice = [...c].map((value) => 2 * value);
    const out = c.slice();
    run("wmmaHalf", halves(a), halves(b), out);
    expect([...out]).toEqual(multiply([16, 16, 16], by(a, 16, true), by(b, 16, false), by(twice, 16, true)));

    const shared = c.slice();
    run("wmmaShared", halves(a), halves(b), shared);
    expect([...shared]).toEqual([...out]);

    const sums = halves([...c]);
    run("wmmaHalfSum", halves(a), halves(b), sums);
    expect([...sums]).toEqual(
      multiply([16, 16, 16], by(a, 16, false), by(b, 16, true), by(twice, 16, true)).map((value) => bitsOf(value, half)),
    );

    const [tallA, tallB, tall] = [small(512), small(128), Float32Array.from(small(256))];
    const tallTwice = [...tall].map((value) => 2 * value);
    run("wmmaTall", halves(tallA), halves(tallB), tall);
    expect([...tall]).toEqual(multiply([32, 8, 16], by(tallA, 16, true), by(tallB, 8, true), by(tallTwice, 8, true)));

    const [wideA, wideB, wide] = [small(128), small(512), Float32Array.from(small(256))];
    const wideTwice = [...wide].map((value) => 2 * value);
    run("wmmaWide", halves(wideA, bfloat), halves(wideB, bfloat), wide);
    expect([...wide]).toEqual(multiply([8, 32, 16], by(wideA, 16, true), by(wideB, 16, false), by(wideTwice, 32, true)));
  });

  test("wmma of bytes, doubles and tf32", () => {
    const [a, b, c] = [Int8Array.from(small(256, 128)), Int8Array.from(small(256, 127)), Int32Array.from(small(256, 30_000))];
    const twice = c.map((value) => 2 * value);
    run("wmmaBytes", new Uint8Array(a.buffer), new Uint8Array(b.buffer), c);
    expect([...c]).toEqual(multiply([16, 16, 16], by(a, 16, true), by(b, 16, false), by(twice, 16, true)));

    const [ua, ub, uc] = [Uint8Array.from(small(512, 255)), Uint8Array.from(small(128, 255)), Int32Array.from(small(256, 9))];
    const uTwice = uc.map((value) => 2 * value);
    run("wmmaUnsigned", ua, ub, uc);
    expect([...uc]).toEqual(multiply([32, 8, 16], by(ua, 32, false), by(ub, 16, false), by(uTwice, 8, true)));

    const [da, db, dc] = [Float64Array.from(small(32)), Float64Array.from(small(32)), Float64Array.from(small(64))];
    const dTwice = dc.map((value) => 2 * value);
    run("wmmaDouble", da, db, dc);
    expect([...dc]).toEqual(multiply([8, 8, 4], by(da, 4, true), by(db, 4, false), by(dTwice, 8, true)));

    const [ta, tb, tc] = [Float32Array.from(small(128)), Float32Array.from(small(128)), new Float32Array(256)];
    // Bits that tf32 does not have are rounded off by the kernel.
    run(
      "wmmaTf32",
      ta.map((value) => value * (1 + 2 ** -20)),
      tb,
      tc,
    );
    const expected = multiply([16, 16, 8], by(ta, 8, true), by(tb, 8, false), () => 1);
    expect([...tc]).toEqual(Array.from({ length: 256 }, (_, at) => expected[(at % 16) * 16 + Math.floor(at / 16)]));
  });

  test("mma of halves, bf16 and tf32, with fragments as the manual lays them out", () => {
    const [a, b] = [small(256), small(128)];
    for (const [name, format] of [
      ["mmaHalf", half],
      ["mmaBf16", bfloat],
    ] as const) {
      const c = Float32Array.from(small(128));
      const before = c.slice();
      run(name, halves(a, format), halves(b, format), c);
      expect([...c]).toEqual(multiply([16, 8, 16], by(a, 16, true), by(b, 16, false), by(before, 8, true)));
    }
    const sums = small(128);
    const words = new Uint32Array(halves(sums).buffer);
    run("mmaHalfSum", halves(a), halves(b), words);
    expect([...new Uint16Array(words.buffer)]).toEqual(
      multiply([16, 8, 8], by(a, 8, true), by(b, 8, false), by(sums, 8, true)).map((value) => bitsOf(value, half)),
    );
    const [ta, tb, tc] = [Float32Array.from(small(128)), Float32Array.from(small(64)), Float32Array.from(small(128))];
    const before = tc.slice();
    run("mmaTf32", new Uint32Array(ta.buffer), new Uint32Array(tb.buffer), tc);
    expect([...tc]).toEqual(multiply([16, 8, 8], by(ta, 8, true), by(tb, 8, false), by(before, 8, true)));
  });

  test("mma of bytes, nibbles, bits, 8-bit floats and doubles", () => {
    const [a, b] = [Uint8Array.from(small(512, 255)), Uint8Array.from(small(256, 255))];
    const signed = (values: Uint8Array): Int8Array => new Int8Array(values.buffer);
    const c = Int32Array.from(small(128, 100));
    const before = c.slice();
    run("mmaBytes", a, b, c);
    expect([...c]).toEqual(multiply([16, 8, 32], by(signed(a), 32, true), by(b, 32, false), by(before, 8, true)));

    const full = Int32Array.from({ length: 128 }, (_, i) => (i % 2 === 0 ? 0x7fff_ffff : -0x8000_0000));
    const exact = multiply([16, 8, 32], by(signed(a), 32, true), by(signed(b), 32, false), by(full.slice(), 8, true));
    run("mmaSaturated", a, b, full);
    expect([...full]).toEqual(exact.map((value) => Math.min(0x7fff_ffff, Math.max(-0x8000_0000, value))));

    const nibble = (values: Uint8Array, row: number, k: number, sign: boolean): number => {
      const value = ((values[row * 16 + (k >> 1)] ?? 0) >> (4 * (k & 1))) & 15;
      return sign && value > 7 ? value - 16 : value;
    };
    const n = new Int32Array(128);
    run("mmaNibbles", a, b, n);
    expect([...n]).toEqual(
      multiply(
        [16, 8, 32],
        (row, k) => nibble(a, row, k, true),
        (k, column) => nibble(b, column, k, false),
        () => 0,
      ),
    );

    const [x, y] = [Uint32Array.from({ length: 32 }, () => Number(next(32))), Uint32Array.from({ length: 32 }, () => Number(next(32)))];
    const bits = Int32Array.from({ length: 64 }, (_, i) => i);
    const bit = (values: Uint32Array, row: number, k: number): number => ((values[row * 4 + (k >> 5)] ?? 0) >>> (k & 31)) & 1;
    run("mmaBits", x, y, bits);
    expect([...bits]).toEqual(
      Array.from({ length: 64 }, (_, at) => {
        let count = at;
        for (let k = 0; k < 128; k++) count += bit(x, Math.floor(at / 8), k) ^ bit(y, at % 8, k);
        return count;
      }),
    );

    // Small whole numbers in e4m3 and e5m2, which hold them.
    const [fa, fb] = [small(512, 4), small(256, 4)];
    const e4m3 = (value: number): number => {
      const magnitude = Math.abs(value);
      const exponent = magnitude === 0 ? 0 : Math.floor(Math.log2(magnitude));
      return (value < 0 ? 0x80 : 0) | (magnitude === 0 ? 0 : ((exponent + 7) << 3) | ((magnitude / 2 ** exponent - 1) * 8));
    };
    const fc = new Float32Array(128);
    run(
      "mmaFp8",
      Uint8Array.from(fa, e4m3),
      Uint8Array.from(fb, (value) => bitsOf(value, e5m2)),
      fc,
    );
    expect([...fc]).toEqual(multiply([16, 8, 32], by(fa, 32, true), by(fb, 32, false), () => 0).map((value) => value + 0));

    const [da, db, dc] = [Float64Array.from(small(32)), Float64Array.from(small(32)), Float64Array.from(small(64))];
    const dBefore = dc.slice();
    run("mmaDouble", da, db, dc);
    expect([...dc]).toEqual(multiply([8, 8, 4], by(da, 4, true), by(db, 4, false), by(dBefore, 8, true)));
  });

  test("sums of halves that are no whole numbers are as good as single precision", () => {
    const [a, b] = [small(256, 1000).map((value) => value / 977), small(128, 1000).map((value) => value / 1013)];
    const c = new Float32Array(128);
    const [ha, hb] = [halves(a), halves(b)];
    run("mmaHalf", ha, hb, c);
    const view = new DataView(new ArrayBuffer(4));
    const value = (bits: number): number => (view.setUint32(0, Number(reference.convert(BigInt(bits), half, single))), view.getFloat32(0));
    const expected = multiply(
      [16, 8, 16],
      (row, k) => value(ha[row * 16 + k] ?? 0),
      (k, column) => value(hb[column * 16 + k] ?? 0),
      () => 0,
    );
    for (const [at, exact] of expected.entries()) expect(Math.abs((c[at] ?? 0) - exact)).toBeLessThanOrEqual(16 * 2 ** -24 * 8);
  });

  test("ldmatrix, stmatrix and movmatrix move what they should", () => {
    const source = Uint16Array.from({ length: 256 }, (_, i) => i * 7 + 1);
    const [out, back] = [new Uint32Array(32 * 9), new Uint16Array(512)];
    run("moveMatrices", source, out, back);
    const element = (matrix: number, row: number, column: number): number => source[64 * matrix + 8 * row + column] ?? 0;
    for (let lane = 0; lane < 32; lane++) {
      const [g, t] = [lane >> 2, 2 * (lane & 3)];
      const straight = (matrix: number): number => (element(matrix, g, t) | (element(matrix, g, t + 1) << 16)) >>> 0;
      const crossed = (matrix: number): number => (element(matrix, t, g) | (element(matrix, t + 1, g) << 16)) >>> 0;
      const expected = [...[0, 1, 2, 3].map(straight), ...[0, 1, 2, 3].map(crossed), crossed(2)];
      expect([...out.subarray(9 * lane, 9 * lane + 9)], `lane ${lane}`).toEqual(expected);
    }
    expect([...back.subarray(0, 256)]).toEqual([...source]);
    const transposed = Array.from({ length: 128 }, (_, at) => element(at >> 6, at & 7, (at >> 3) & 7));
    expect([...back.subarray(256, 384)]).toEqual(transposed);
    expect([...back.subarray(384)]).toEqual([...source.subarray(128)]);
  });

  describe.each(["row", "col"])("four products of 8 by 8 by 4 halves, A by %s,", (rows) => {
    test.each([
      ["row", "f32", "f32"],
      ["col", "f32", "f32"],
      ["row", "f16", "f16"],
      ["col", "f16", "f16"],
      ["col", "f32", "f16"],
    ] as const)("B by %s, sums of %s and %s before", (columns, d, c) => {
      const quads = new Harness(quadKernel(rows, columns, d, c), { compiler });
      const [a, b, sums] = [small(128), small(128), small(256)];
      /** What each thread has of the matrices, as the manual lays them out: lane by lane, [product, row, column] of each element. */
      const fragment = (count: number, place: (lane: number, i: number) => readonly [number, number]): [number, number, number][] =>
        Array.from({ length: 32 * count }, (_, at) => {
          const lane = Math.floor(at / count);
          return [(lane >> 2) & 3, ...place(lane, at % count)];
        });
      const own = (lane: number): number => (lane & 3) + (lane < 16 ? 0 : 4);
      const group = (lane: number, i: number): number => i + (lane < 16 ? 0 : 4);
      const factorA = fragment(4, (lane, i) => (rows === "row" ? [own(lane), i] : [group(lane, i), lane & 3]));
      const factorB = fragment(4, (lane, i) => (columns === "row" ? [lane & 3, group(lane, i)] : [i, own(lane)]));
      const sum = (type: string): [number, number, number][] =>
        fragment(8, (lane, i) =>
          type === "f16" ? [own(lane), i] : [(lane & 1) + (i & 2) + (lane < 16 ? 0 : 4), (i & 4) + (lane & 2) + (i & 1)],
        );
      const valueA = ([p, row, k]: readonly number[]): number => a[32 * (p ?? 0) + 4 * (row ?? 0) + (k ?? 0)] ?? 0;
      const valueB = ([p, k, column]: readonly number[]): number => b[32 * (p ?? 0) + 8 * (k ?? 0) + (column ?? 0)] ?? 0;
      const valueC = ([p, row, column]: readonly number[]): number => sums[64 * (p ?? 0) + 8 * (row ?? 0) + (column ?? 0)] ?? 0;
      const expected = sum(d).map(([p, row, column]) =>
        [0, 1, 2, 3].reduce((total, k) => total + valueA([p, row, k]) * valueB([p, k, column]), valueC([p, row, column])),
      );
      const before = sum(c).map(valueC);
      const out = d === "f16" ? new Uint16Array(256) : new Float32Array(256);
      quads.run(
        "k",
        [halves(factorA.map(valueA)), halves(factorB.map(valueB)), c === "f16" ? halves(before) : Float32Array.from(before), out],
        {
          block: [32],
        },
      );
      expect([...out]).toEqual(d === "f16" ? [...halves(expected)] : expected);
    });
  });

  const moving = (instructions: string): string => `.version 8.8\n.target sm_100a\n.address_size 64
.visible .entry k(.param .u64 in, .param .u64 out) {
.reg .b64 %in, %out; .reg .b32 %t, %a, %p, %r<4>; .shared .align 16 .b8 s[512];
ld.param.u64 %in, [in]; ld.param.u64 %out, [out]; mov.u32 %t, %tid.x; mov.u32 %a, s;
mad.wide.u32 %in, %t, 16, %in; mad.wide.u32 %out, %t, 16, %out; mad.lo.u32 %a, %t, 16, %a;
ld.global.v4.b32 {%r0, %r1, %r2, %r3}, [%in];
${instructions} ret; }`;
  const load = (instruction: string, count: number): string =>
    moving(`st.shared.v4.b32 [%a], {%r0, %r1, %r2, %r3}; bar.sync 0; mov.b32 %r0, 0; mov.b32 %r1, 0; mov.b32 %r2, 0; mov.b32 %r3, 0;
ldmatrix.sync.aligned.${instruction} {${["%r0", "%r1", "%r2", "%r3"].slice(0, count).join(", ")}}, [%a]; st.global.v4.b32 [%out], {%r0, %r1, %r2, %r3};`);
  const random = (count: number): Uint8Array => Uint8Array.from({ length: count }, () => Number(next(8)));
  /** Element of a row of 16 bytes that has 16 of so many bits. */
  const element = (memory: Uint8Array, row: number, column: number, bits: number): number => {
    let value = 0;
    for (let bit = 0; bit < bits; bit++) {
      const at = column * bits + bit;
      value |= (((memory[16 * row + (at >> 3)] ?? 0) >> (at & 7)) & 1) << bit;
    }
    return value;
  };

  test.each([
    ["m16n16.x1.trans.shared.b8", 2, 8],
    ["m16n16.x2.trans.shared::cta.b8", 4, 8],
    ["m16n16.x1.trans.shared.b8x16.b6x16_p32", 2, 6],
    ["m16n16.x1.trans.shared.b8x16.b4x16_p64", 2, 4],
    ["m16n16.x2.trans.shared.b8x16.b4x16_p64", 4, 4],
  ] as const)("ldmatrix.%s takes four columns of two rows of each matrix, which lie by columns", (instruction, count, bits) => {
    const [memory, out] = [random(512), new Uint8Array(512)];
    new Harness(load(instruction, count), { compiler }).run("k", [memory, out], { block: [32] });
    const expected = out.map((_, at) => {
      const [lane, register, byte] = [at >> 4, (at >> 2) & 3, at & 3];
      const [row, column] = [(lane >> 2) + 8 * (register & 1), 4 * (lane & 3) + byte];
      return register < count ? element(memory, 16 * (register >> 1) + column, row, bits) : 0;
    });
    expect([...out]).toEqual([...expected]);
  });

  test.each([
    ["m8n16.x1.shared.b8x16.b6x16_p32", 1, 6],
    ["m8n16.x2.shared.b8x16.b6x16_p32", 2, 6],
    ["m8n16.x2.shared.b8x16.b4x16_p64", 2, 4],
    ["m8n16.x4.shared.b8x16.b6x16_p32", 4, 6],
  ] as const)("ldmatrix.%s takes four columns of one row of each matrix", (instruction, count, bits) => {
    const [memory, out] = [random(512), new Uint8Array(512)];
    new Harness(load(instruction, count), { compiler }).run("k", [memory, out], { block: [32] });
    const expected = out.map((_, at) => {
      const [lane, register, byte] = [at >> 4, (at >> 2) & 3, at & 3];
      return register < count ? element(memory, 8 * register + (lane >> 2), 4 * (lane & 3) + byte, bits) : 0;
    });
    expect([...out]).toEqual([...expected]);
  });

  test.each([1, 2, 4])("stmatrix.m16n8 puts %d matrices of bytes by columns", (count) => {
    const [registers, out] = [random(512), new Uint8Array(512)];
    const text = moving(`st.shared.v4.b32 [%a], {0, 0, 0, 0}; bar.sync 0;
stmatrix.sync.aligned.m16n8.x${count}.trans.shared.b8 [%a], {${["%r0", "%r1", "%r2", "%r3"].slice(0, count).join(", ")}};
bar.sync 0; ld.shared.v4.b32 {%r0, %r1, %r2, %r3}, [%a]; st.global.v4.b32 [%out], {%r0, %r1, %r2, %r3};`);
    new Harness(text, { compiler }).run("k", [registers, out], { block: [32] });
    const expected = new Uint8Array(512);
    for (let lane = 0; lane < 32; lane++)
      for (let matrix = 0; matrix < count; matrix++)
        for (let byte = 0; byte < 4; byte++) {
          const [row, column] = [(lane >> 2) + 8 * (byte >> 1), 2 * (lane & 3) + (byte & 1)];
          expected[128 * matrix + 16 * column + row] = registers[16 * lane + 4 * matrix + byte] ?? 0;
        }
    expect([...out]).toEqual([...expected]);
  });

  test.each([
    ["ldmatrix.sync.aligned.m8n16.x1.shared.b8 {%r0}, [%a];", "have elements of 6 or 4 bits"],
    ["ldmatrix.sync.aligned.m16n16.x4.trans.shared.b8 {%r0, %r1, %r2, %r3}, [%a];", "needs .x1, .x2 or, but for .m16n16, .x4"],
    ["stmatrix.sync.aligned.m16n8.x1.shared.b8 [%a], {%r0};", "'.trans' must go with .m16n8"],
    ["ldmatrix.sync.aligned.m8n8.x1.shared.b8 {%r0}, [%a];", "no matrices of .b8 are .m8n8"],
    ["ldmatrix.sync.aligned.m8n16.x1.trans.shared.b8x16.b4x16_p64 {%r0}, [%a];", "'.trans' does not go with .m8n16"],
  ])("%s is refused, as by ptxas", (instruction, reason) => {
    expect(() => new Harness(moving(instruction), { compiler })).toThrow(reason);
  });

  test("a tiled product by four warps, out of shared memory that cp.async fills", () => {
    const [a, b] = [small(4096, 3), small(4096, 3)];
    const c = new Float32Array(4096);
    harness.run("tensorGemm", [halves(a), halves(b), c], { block: [128] });
    expect([...c]).toEqual(multiply([64, 64, 64], by(a, 64, true), by(b, 64, true), () => 0));
  });
});
