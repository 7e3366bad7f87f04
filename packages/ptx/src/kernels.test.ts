import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { setFlagsFromString } from "node:v8";
import { describe, expect, test } from "vitest";
import { Harness, type RunOptions } from "./harness.ts";
import { probeFeatures } from "./index.ts";
import * as reference from "./reference.ts";
import { double, randomBits, single } from "./reference.ts";

setFlagsFromString("--experimental-wasm-relaxed-simd");
setFlagsFromString("--experimental-wasm-branch-hinting");

const folder = new URL("../kernels/", import.meta.url);
const read = (name: string): string => readFileSync(new URL(name, folder), "latin1");

test("every committed .ptx was built from its .cu as it is now (kernels/build.sh builds them)", () => {
  const recorded = new Map(
    read("sources.sha256")
      .trim()
      .split("\n")
      .map((line) => line.split(/\s+/).toReversed() as [string, string]),
  );
  const sources = readdirSync(folder).filter((name) => name.endsWith(".cu") || name.endsWith(".h"));
  const hashes = new Map(
    sources.map((name) => [
      name,
      createHash("sha256")
        .update(readFileSync(new URL(name, folder)))
        .digest("hex"),
    ]),
  );
  expect(hashes).toEqual(recorded);
});

const next = randomBits(42);
const integers = (count: number, bits = 32): number[] => Array.from({ length: count }, () => Number(next(bits)));
const floats = (count: number): Float32Array => Float32Array.from(integers(count, 24), (value) => (value - (1 << 23)) / (1 << 20));

const view = new DataView(new ArrayBuffer(8));
const singleBits = (value: number): bigint => (view.setFloat32(0, value), BigInt(view.getUint32(0)));
const singleValue = (bits: bigint): number => (view.setUint32(0, Number(bits)), view.getFloat32(0));
const doubleBits = (value: number): bigint => (view.setFloat64(0, value), view.getBigUint64(0));
const doubleValue = (bits: bigint): number => (view.setBigUint64(0, bits), view.getFloat64(0));
const fmaf = (a: number, b: number, c: number): number => singleValue(reference.fma(singleBits(a), singleBits(b), singleBits(c), single));
const fma = (a: number, b: number, c: number): number => doubleValue(reference.fma(doubleBits(a), doubleBits(b), doubleBits(c), double));

const shapes: readonly [string, Partial<RunOptions>][] = [
  ["structured code", {}],
  ["vectors", { compiler: "vector" }],
  ["the dispatch loop", { dispatch: true }],
  ...(probeFeatures().fusedMultiplyAdd
    ? ([
        ["the processor's fma", { features: { fusedMultiplyAdd: true } }],
        ["vectors and the processor's fma", { compiler: "vector", features: { fusedMultiplyAdd: true } }],
      ] as [string, Partial<RunOptions>][])
    : []),
];

describe.each(shapes)("kernels that nvcc built give what the source says, by %s:", (_, options) => {
  const kernel = (file: string): Harness => new Harness(read(`${file}.ptx`), options);

  test("saxpy, and nothing past n", () => {
    const [x, y] = [floats(1000), floats(1000)];
    const out = y.slice();
    kernel("saxpy").run("saxpy", [{ s32: 995 }, { f32: 1.7 }, x, out], { grid: [8], block: [128] });
    expect(out).toEqual(y.map((value, i) => (i < 995 ? fmaf(x[i] ?? 0, Math.fround(1.7), value) : value)));
  });

  test("vectorAdd, by floats and by float4", () => {
    const [a, b, c, d] = [floats(1024), floats(1024), new Float32Array(1024), new Float32Array(1024)];
    const sums = a.map((value, i) => value + (b[i] ?? 0));
    const harness = kernel("vector-add");
    harness.run("vectorAdd", [a, b, c, { s32: 1024 }], { grid: [4], block: [256] });
    harness.run("vectorAdd4", [a, b, d, { s32: 256 }], { grid: [2], block: [64] });
    expect(c).toEqual(sums);
    expect(d).toEqual(sums);
  });

  test("matrixMultiply, through shared memory and barriers", () => {
    const n = 48;
    const [a, b, c] = [floats(n * n), floats(n * n), new Float32Array(n * n)];
    kernel("matrix-multiply").run("matrixMultiply", [a, b, c, { s32: n }], { grid: [3, 3], block: [16, 16] });
    const expected = c.map((_, at) => {
      let sum = 0;
      for (let k = 0; k < n; k++) sum = fmaf(a[Math.floor(at / n) * n + k] ?? 0, b[k * n + (at % n)] ?? 0, sum);
      return sum;
    });
    expect(c).toEqual(expected);
  });

  test("matrixMultiply of doubles", () => {
    const n = 20;
    const [a, b, c] = [
      Float64Array.from(floats(n * n), (x) => x / 3),
      Float64Array.from(floats(n * n), (x) => x / 7),
      new Float64Array(n * n),
    ];
    kernel("matrix-multiply").run("matrixMultiplyDouble", [a, b, c, { s32: n }], { grid: [2, 2], block: [16, 16] });
    const expected = c.map((_, at) => {
      let sum = 0;
      for (let k = 0; k < n; k++) sum = fma(a[Math.floor(at / n) * n + k] ?? 0, b[k * n + (at % n)] ?? 0, sum);
      return sum;
    });
    expect(c).toEqual(expected);
  });

  test("transpose of a matrix that fills no tile", () => {
    const [width, height] = [70, 45];
    const source = Uint32Array.from(integers(width * height));
    const out = new Uint32Array(width * height);
    kernel("transpose").run("transpose", [source, out, { s32: width }, { s32: height }], { grid: [3, 2], block: [32, 8] });
    expect(out).toEqual(out.map((_, at) => source[(at % height) * width + Math.floor(at / height)] ?? 0));
  });

  test("mandelbrot, to the last iteration", () => {
    const [width, height, iterations] = [64, 48, 200];
    const out = new Uint32Array(width * height);
    kernel("mandelbrot").run("mandelbrot", [out, { s32: width }, { s32: height }, { s32: iterations }], { grid: [4, 3], block: [16, 16] });
    const f = Math.fround;
    const expected = out.map((_, at) => {
      const [x, y] = [at % width, Math.floor(at / width)];
      // nvcc contracts a product and a sum into fma where the PTX shows it.
      const cr = f(f(f(3 * x) / width) - 2);
      const ci = f(f(f(3 * y) / height) - 1.5);
      let [zr, zi, i] = [0, 0, 0];
      for (; i < iterations; i++) {
        const [a, b] = [f(zr * zr), f(zi * zi)];
        if (f(a + b) > 4) break;
        zi = fmaf(f(zr + zr), zi, ci);
        zr = f(cr + f(a - b));
      }
      return i;
    });
    expect(out).toEqual(expected);
  });

  test("integers of 32 and of 64 bits", () => {
    const harness = kernel("integers");
    const edges = [0, 1, 2, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff, 31, 32, 33, 1000];
    const a = Uint32Array.from([...edges, ...integers(90)]);
    const b = Uint32Array.from([...edges.toReversed(), ...integers(90)]);
    const out = new Uint32Array(8 * a.length);
    harness.run("integers32", [a, b, out, { s32: a.length }], { grid: [2], block: [64] });
    const expected = [...a].flatMap((x, i) => {
      const y = b[i] ?? 0;
      const [s, t] = [x | 0, y | 0];
      const count = y & 31;
      return [
        x + Math.imul(y, 3),
        Number((BigInt(x) * BigInt(y)) >> 32n),
        Number((BigInt(s) * BigInt(t)) >> 32n),
        (x << count) | (x >>> ((32 - count) & 31)),
        s < t ? x ^ y : ~(x & y),
        Math.floor(x / 1000) + (x % 77),
        Math.trunc(s / 13) - (t % 9),
        Math.imul(x & 0xffff, y & 0xffff) + (((x >>> 5) << 24) >> 24),
      ].map((value) => value >>> 0);
    });
    expect([...out]).toEqual(expected);

    const [c, d] = [
      BigUint64Array.from({ length: 60 }, () => next(64)),
      BigUint64Array.from({ length: 60 }, (_, i) => (i < 8 ? BigInt(i) : next(64) >> BigInt(i))),
    ];
    const wide = new BigUint64Array(6 * c.length);
    harness.run("integers64", [c, d, wide, { s32: c.length }], { block: [64] });
    const bits = (value: bigint): bigint => BigInt.asUintN(64, value);
    const expectedWide = [...c].flatMap((x, i) => {
      const y = d[i] ?? 0n;
      const [s, t] = [BigInt.asIntN(64, x), BigInt.asIntN(64, y)];
      const divisor = y | 1n;
      return [
        x * y + 12345n,
        (x * y) >> 64n,
        (s * t) >> 64n,
        (x << (y & 63n)) ^ (s >> (y & 63n)),
        x / divisor + (x % divisor),
        (s < t ? s : t) + (x > y ? x : y),
      ].map(bits);
    });
    expect([...wide]).toEqual(expectedWide);
  });

  test("conversions", () => {
    const harness = kernel("conversions");
    const clamp = (value: number, low: number, high: number): number => (Number.isNaN(value) ? 0 : Math.min(high, Math.max(low, value)));
    const even = (x: number): number => {
      const down = Math.floor(x);
      return x - down > 0.5 || (x - down === 0.5 && down % 2 !== 0) ? down + 1 : down;
    };
    const source = Float32Array.from([
      0,
      0.5,
      1.5,
      2.5,
      -0.5,
      -1.5,
      3e9,
      -3e9,
      1e20,
      -1e20,
      Infinity,
      -Infinity,
      NaN,
      127.9,
      ...floats(50),
    ]);
    const n = source.length;
    const [toInt, toUint, toLong, toDouble, toShort] = [
      new Int32Array(n),
      new Uint32Array(n),
      new BigInt64Array(n),
      new Float64Array(n),
      new Uint16Array(n),
    ];
    harness.run("fromFloat", [source, toInt, toUint, toLong, toDouble, toShort, { s32: n }], { block: [128] });
    const values = [...source];
    expect([...toInt]).toEqual(values.map((x) => clamp(Math.trunc(x), -(2 ** 31), 2 ** 31 - 1) + 0));
    expect([...toUint]).toEqual(values.map((x) => clamp(even(x), 0, 2 ** 32 - 1) + 0));
    expect([...toLong]).toEqual(
      values.map((x) => reference.toInteger(singleBits(x), single, "rm", -(1n << 63n), (1n << 63n) - 1n, -(1n << 63n))),
    );
    expect([...toDouble]).toEqual(values);
    expect([...toShort]).toEqual(values.map((x) => clamp(Math.ceil(x), -(2 ** 31), 2 ** 31 - 1) & 0xffff));

    const whole = BigInt64Array.from([
      0n,
      1n,
      -1n,
      (1n << 53n) + 1n,
      -(1n << 53n) - 1n,
      (1n << 62n) + 1n,
      -(1n << 63n),
      16777217n,
      -16777217n,
      ...Array.from({ length: 40 }, () => BigInt.asIntN(64, next(64))),
    ]);
    const m = whole.length;
    const [nearest, exact, small, up] = [new Float32Array(m), new Float64Array(m), new Float32Array(m), new Float64Array(m)];
    harness.run("fromInteger", [whole, nearest, exact, small, up, { s32: m }], { block: [128] });
    expect([...nearest]).toEqual([...whole].map((x) => singleValue(reference.fromInteger(x, single))));
    expect([...exact]).toEqual([...whole].map(Number));
    expect([...small]).toEqual([...whole].map((x) => singleValue(reference.fromInteger(BigInt.asIntN(32, x), single, "rz"))));
    expect([...up]).toEqual([...whole].map((x) => doubleValue(reference.fromInteger(x, double, "rp"))));

    const doubles = Float64Array.from([
      0,
      1e-50,
      -1e-50,
      1e300,
      -1e300,
      0.1,
      -0.1,
      1 + 2 ** -24,
      NaN,
      2 ** 31 - 0.5,
      -2.5,
      2 ** 63,
      2 ** 64,
      ...[...floats(40)].map((x) => x / 3),
    ]);
    const k = doubles.length;
    const [narrow, down, rounded, wide] = [new Float32Array(k), new Float32Array(k), new Int32Array(k), new BigUint64Array(k)];
    harness.run("fromDouble", [doubles, narrow, down, rounded, wide, { s32: k }], { block: [128] });
    expect(narrow).toEqual(Float32Array.from(doubles));
    expect([...down]).toEqual([...doubles].map((x) => singleValue(reference.convert(doubleBits(x), double, single, "rm"))));
    expect([...rounded]).toEqual([...doubles].map((x) => (Number.isNaN(x) ? -(2 ** 31) : clamp(even(x), -(2 ** 31), 2 ** 31 - 1) + 0)));
    expect([...wide]).toEqual([...doubles].map((x) => reference.toInteger(doubleBits(x), double, "rz", 0n, (1n << 64n) - 1n, 1n << 63n)));
  });

  test("threads that part and meet: collatz, and a switch in a loop with goto", () => {
    const harness = kernel("divergence");
    const source = Uint32Array.from([0, 1, 2, 27, 97, 871, 0xffff_ffff, ...integers(300, 20)]);
    const out = new Uint32Array(source.length);
    harness.run("collatz", [source, out, { s32: source.length }], { grid: [3], block: [128] });
    const steps = (start: number): number => {
      let [value, count] = [start, 0];
      for (; value > 1 && count < 1000; count++) value = value & 1 ? (Math.imul(value, 3) + 1) >>> 0 : value >>> 1;
      return count;
    };
    expect(out).toEqual(source.map(steps));

    const code = Uint8Array.from(integers(200, 3));
    const results = new Int32Array(96);
    harness.run("interpreter", [code, results, { s32: code.length }], { block: [96] });
    expect(results).toEqual(results.map((_, thread) => interpret(code, thread)));
  });

  test("loops over a local array and constant memory, and a variable of the module", () => {
    const weights = [3, -1, 4, 1, -5, 9, 2, 6, -5, 3, 5, -8, 9, 7, 9, 3];
    const source = Int32Array.from(integers(64));
    const out = new Int32Array(128);
    kernel("loops").run("loops", [source, out, { s32: 30 }], { grid: [2], block: [64] });
    const expected = out.map((_, id) => {
      const table = Int32Array.from({ length: 16 }, (_unused, i) => source[(id + i) & 63] ?? 0);
      let state = id;
      for (let round = 0; round < 30; round++)
        for (let i = 0; i <= (round & 7); i++) {
          state = ((table[(state + i) & 15] ?? 0) + Math.imul(weights[(round + i) & 15] ?? 0, 5)) | 0;
          table[round & 15] = state ^ i;
        }
      return state;
    });
    expect(out).toEqual(expected);
  });

  test("bitonicSort, in dynamic shared memory", () => {
    const data = Uint32Array.from(integers(1024));
    const expected = Uint32Array.from([...data.subarray(0, 512).toSorted(), ...data.subarray(512).toSorted()]);
    kernel("bitonic-sort").run("bitonicSort", [data], { grid: [2], block: [256], shared: 2048 });
    expect(data).toEqual(expected);
  });

  test("reduceSum by a tree, shuffles and atomics; a histogram; a compaction by votes", () => {
    const harness = kernel("reduce");
    const source = Int32Array.from(integers(5000));
    const total = new Int32Array(1);
    harness.run("reduceSum", [source, total, { s32: source.length }], { grid: [7], block: [256] });
    expect(total[0]).toBe(source.reduce((sum, value) => (sum + value) | 0, 0));

    const bytes = Uint8Array.from(integers(5000, 8));
    const bins = new Uint32Array(256);
    harness.run("histogram", [bytes, bins, { s32: bytes.length }], { grid: [5], block: [256] });
    expect(bins).toEqual(bins.map((_, bin) => bytes.filter((byte) => byte === bin).length));

    const values = Int32Array.from(integers(64, 4), (value) => value - 8);
    const [kept, counts] = [new Int32Array(64), new Int32Array(2)];
    harness.run("compact", [values, kept, counts], { block: [64] });
    for (const warp of [0, 1]) {
      const expected = [...values.subarray(warp * 32, warp * 32 + 32)].filter((value) => value > 0);
      expect(counts[warp]).toBe(expected.length);
      expect([...kept.subarray(warp * 32, warp * 32 + expected.length)]).toEqual(expected);
    }
  });
});

/** The interpreter of divergence.cu, in TypeScript. */
function interpret(code: Uint8Array, thread: number): number {
  let [a, b, skip] = [thread, 1, 0];
  for (const op of code) {
    if (skip) {
      skip--;
      continue;
    }
    if (op === 0) a = (a + b) | 0;
    else if (op === 1) b = (a - b) | 0;
    else if (op === 2) a = (Math.imul(a, 3) + 1) | 0;
    else if (op === 3) skip = a & 1;
    else if (op === 4) b ^= a << 2;
    else if (op === 5) {
      if (b < 0) break;
    } else if (op === 6) for (let k = 0; k < (a & 7); k++) b = (b + k) | 0;
    else a = -a | 0;
  }
  return a ^ b;
}
