import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { Harness } from "./harness.ts";
import { FAULT, TEXTURE_FLAG } from "./index.ts";

const text = readFileSync(new URL("../kernels/textures.ptx", import.meta.url), "latin1");
const lanes = Array.from({ length: 32 }, (_, i) => i);
const f = Math.fround;

/** Texels of which each is unlike the others. */
const texels = (count: number): Float32Array => Float32Array.from({ length: count }, (_, i) => f(((i * 37) % 101) / 8 - 3));
const places = (count: number, low: number, high: number, seed = 1): Float32Array =>
  Float32Array.from({ length: count }, (_, i) => f(low + (high - low) * (((i + seed) * 0.618034) % 1)));

/** Address modes, as the programming guide describes them, for a texel's index. */
const wrap = (i: number, n: number): number => ((i % n) + n) % n;
const clamp = (i: number, n: number): number => Math.max(0, Math.min(n - 1, i));
const mirror = (i: number, n: number): number => (wrap(Math.floor(i / n), 2) === 0 ? wrap(i, n) : n - 1 - wrap(i, n));
/** A weight with 8 bits of fraction. */
const weight = (x: number): number => Math.round((x - Math.floor(x)) * 256) / 256;

function linear(at: (...index: number[]) => number, ...x: number[]): number {
  const [first = 0, ...rest] = x;
  const [i, a] = [Math.floor(first - 0.5), weight(first - 0.5)];
  const next = (index: number): number => (rest.length === 0 ? at(index) : linear((...more) => at(index, ...more), ...rest));
  return (1 - a) * next(i) + a * next(i + 1);
}

describe.each(["reference", "vector"] as const)("textures by the %s form:", (compiler) => {
  const harness = new Harness(text, { compiler });
  const run = (name: string, ...args: Parameters<Harness["run"]>[1]): void => harness.run(name, args, { block: [32] });
  const differing = (found: Float32Array, expected: readonly number[]): number[] =>
    expected.flatMap((value, at) => (Math.abs((found[at] ?? NaN) - value) < 1e-5 * (1 + Math.abs(value)) ? [] : [at]));

  test("linear memory by integers, with zeros outside", () => {
    const data = texels(20);
    const out = new Float32Array(32);
    run("fetch1", out, { u64: harness.texture(data, { width: 20 }).handle });
    expect([...out]).toEqual(lanes.map((i) => (i >= 4 && i < 24 ? data[i - 4] : 0)));
  });

  test("one dimension: nearest and linear, clamped, wrapped, mirrored and with a border", () => {
    const data = texels(10);
    const out = new Float32Array(32);
    const inTexels = places(32, -3, 13);
    const at =
      (mode: (i: number, n: number) => number) =>
      (i: number): number =>
        data[mode(i, 10)] ?? 0;
    run("sample1", out, { u64: harness.texture(data, { width: 10 }).handle }, inTexels);
    expect([...out]).toEqual([...inTexels].map((x) => at(clamp)(Math.floor(x))));
    run("sample1", out, { u64: harness.texture(data, { width: 10, filterMode: 1 }).handle }, inTexels);
    expect(
      differing(
        out,
        [...inTexels].map((x) => linear(at(clamp), x)),
      ),
    ).toEqual([]);
    run("sample1", out, { u64: harness.texture(data, { width: 10, addressModes: [3, 3, 3], border: [7, 0, 0, 0] }).handle }, inTexels);
    expect([...out]).toEqual([...inTexels].map((x) => (x < 0 || x >= 10 ? 7 : data[Math.floor(x)])));
    const normalized = places(32, -2, 3);
    for (const [mode, rule] of [
      [0, wrap],
      [1, clamp],
      [2, mirror],
    ] as const) {
      const it = { width: 10, flags: TEXTURE_FLAG.normalizedCoordinates, addressModes: [mode, mode, mode] as [number, number, number] };
      run("sample1", out, { u64: harness.texture(data, it).handle }, normalized);
      expect([...out]).toEqual([...normalized].map((x) => at(rule)(Math.floor(x * 10))));
      run("sample1", out, { u64: harness.texture(data, { ...it, filterMode: 1 }).handle }, normalized);
      expect(
        differing(
          out,
          [...normalized].map((x) => linear(at(rule), x * 10)),
        ),
      ).toEqual([]);
    }
  });

  test("two dimensions of four bytes as numbers from 0 to 1, and three of floats, linear", () => {
    const bytes = Uint8Array.from({ length: 6 * 5 * 4 }, (_, i) => (i * 53) & 255);
    const [out, at] = [new Float32Array(128), places(64, -1, 7)];
    run("sample2", out, { u64: harness.texture(bytes, { width: 6, height: 5, channels: 4, format: 1, filterMode: 1 }).handle }, at);
    expect(
      differing(
        out,
        lanes.flatMap((i) =>
          [0, 1, 2, 3].map((channel) =>
            linear((x = 0, y = 0) => (bytes[(clamp(y, 5) * 6 + clamp(x, 6)) * 4 + channel] ?? 0) / 255, at[2 * i] ?? 0, at[2 * i + 1] ?? 0),
          ),
        ),
      ),
    ).toEqual([]);
    const data = texels(4 * 3 * 5);
    const [out3, at3] = [new Float32Array(32), places(128, -1, 6, 7)];
    run("sample3", out3, { u64: harness.texture(data, { width: 4, height: 3, depth: 5, filterMode: 1 }).handle }, at3);
    expect(
      differing(
        out3,
        lanes.map((i) =>
          linear(
            (x = 0, y = 0, z = 0) => data[(clamp(z, 5) * 3 + clamp(y, 3)) * 4 + clamp(x, 4)] ?? 0,
            at3[4 * i] ?? 0,
            at3[4 * i + 1] ?? 0,
            at3[4 * i + 2] ?? 0,
          ),
        ),
      ),
    ).toEqual([]);
  });

  test("layers, and the faces of cubes", () => {
    const [one, two, out, at] = [texels(8 * 3), texels(8 * 4 * 3), new Float32Array(64), places(64, 0, 8)];
    run(
      "layered",
      out,
      { u64: harness.texture(one, { width: 8, layers: 3 }).handle },
      { u64: harness.texture(two, { width: 8, height: 4, layers: 3 }).handle },
      at,
    );
    const layer = (i: number): number => Math.min(2, i % 4);
    expect([...out]).toEqual([
      ...lanes.map((i) => one[layer(i) * 8 + Math.floor(at[2 * i] ?? 0)]),
      ...lanes.map((i) => two[(layer(i) * 4 + clamp(Math.floor(at[2 * i + 1] ?? 0), 4)) * 8 + Math.floor(at[2 * i] ?? 0)]),
    ]);
    const cube = texels(4 * 4 * 12);
    const directions = places(128, -1, 1, 3);
    const it = { width: 4, height: 4, flags: TEXTURE_FLAG.normalizedCoordinates };
    run(
      "cubes",
      out,
      { u64: harness.texture(cube, { ...it, layers: 6 }).handle },
      { u64: harness.texture(cube, { ...it, layers: 12 }).handle },
      directions,
    );
    // The table of the programming guide, "Cubemap Textures".
    const texel = (i: number, index: number): number => {
      const [x = 0, y = 0, z = 0] = directions.subarray(4 * i, 4 * i + 3);
      const m = Math.max(Math.abs(x), Math.abs(y), Math.abs(z));
      const [face, s, t] =
        Math.abs(x) === m
          ? x > 0
            ? [0, -z, -y]
            : [1, z, -y]
          : Math.abs(y) === m
            ? y > 0
              ? [2, x, z]
              : [3, x, -z]
            : z > 0
              ? [4, x, -y]
              : [5, -x, -y];
      const place = (value: number): number => clamp(Math.floor(((value / m + 1) / 2) * 4), 4);
      return cube[((index * 6 + face) * 4 + place(t)) * 4 + place(s)] ?? 0;
    };
    expect([...out]).toEqual([...lanes.map((i) => texel(i, 0)), ...lanes.map((i) => texel(i, i % 2))]);
  });

  test("mipmap levels, by number and by gradient, nearest and in between", () => {
    const data = texels(16 * 16 + 8 * 8 + 4 * 4 + 2 * 2);
    const at = Float32Array.from(lanes.flatMap((i) => [f((i * 0.37) % 1), f((i * 0.73) % 1), f(i / 8 - 0.5), f(2 ** (i / 8) / 16)]));
    const out = new Float32Array(64);
    const start = [0, 256, 320, 336];
    const texel = (level: number, x: number, y: number): number => {
      const n = 16 >> level;
      return data[(start[level] ?? 0) + clamp(Math.floor(y * n), n) * n + clamp(Math.floor(x * n), n)] ?? 0;
    };
    const it = { width: 16, height: 16, levelCount: 4, flags: TEXTURE_FLAG.normalizedCoordinates };
    run("levels", out, { u64: harness.texture(data, it).handle }, at);
    const limit = (lod: number): number => Math.min(3, Math.max(0, lod));
    const lods = lanes.map((i) => [limit(at[4 * i + 2] ?? 0), limit(Math.log2(16 * (at[4 * i + 3] ?? 0)))] as const);
    const nearest = (i: number, which: 0 | 1): number =>
      texel(Math.floor((lods[i]?.[which] ?? 0) + 0.5), at[4 * i] ?? 0, at[4 * i + 1] ?? 0);
    expect([...out]).toEqual([...lanes.map((i) => nearest(i, 0)), ...lanes.map((i) => nearest(i, 1))]);
    run("levels", out, { u64: harness.texture(data, { ...it, mipmapFilter: 1 }).handle }, at);
    const between = (i: number, which: 0 | 1): number => {
      const lod = lods[i]?.[which] ?? 0;
      const [near, share] = [Math.floor(lod), weight(lod)];
      const [x = 0, y = 0] = at.subarray(4 * i, 4 * i + 2);
      return (1 - share) * texel(near, x, y) + share * texel(Math.min(3, near + 1), x, y);
    };
    expect(differing(out, [...lanes.map((i) => between(i, 0)), ...lanes.map((i) => between(i, 1))])).toEqual([]);
  });

  test("tld4 gathers four texels, counter-clockwise from the lower left", () => {
    const data = texels(6 * 5 * 4);
    const [out, at] = [new Float32Array(256), places(64, 0, 6)];
    run("gather", out, { u64: harness.texture(data, { width: 6, height: 5, channels: 4 }).handle }, at);
    const four = (i: number, channel: number): number[] => {
      const [x, y] = [Math.floor((at[2 * i] ?? 0) - 0.5), Math.floor((at[2 * i + 1] ?? 0) - 0.5)];
      return [
        [0, 1],
        [1, 1],
        [1, 0],
        [0, 0],
      ].map(([dx = 0, dy = 0]) => data[(clamp(y + dy, 5) * 6 + clamp(x + dx, 6)) * 4 + channel] ?? 0);
    };
    expect([...out]).toEqual([...lanes.flatMap((i) => four(i, 0)), ...lanes.flatMap((i) => four(i, 2))]);
  });

  test("integers as integers", () => {
    const [bytes, shorts] = [
      Uint8Array.from({ length: 8 * 4 * 4 }, (_, i) => 255 - i),
      Int16Array.from({ length: 64 }, (_, i) => i * 999 - 30_000),
    ];
    const [out, outShorts] = [new Uint8Array(128), new Uint16Array(64)];
    const flags = TEXTURE_FLAG.readAsInteger;
    run(
      "integers",
      out,
      outShorts,
      { u64: harness.texture(bytes, { width: 8, height: 4, channels: 4, format: 1, flags }).handle },
      { u64: harness.texture(shorts, { width: 32, channels: 2, format: 9, flags }).handle },
    );
    expect([...out]).toEqual([...bytes]);
    expect([...new Int16Array(outShorts.buffer)]).toEqual([...shorts]);
  });

  test("surfaces: reads, writes and the three ways at their edges", () => {
    const data = texels(8 * 2 * 3);
    const [pairs, bytes] = [
      harness.texture(data, { width: 8, height: 3, channels: 2 }),
      harness.texture(new Uint8Array(24).fill(200), { width: 8, height: 3, format: 1 }),
    ];
    harness.run("surfaces", [{ u64: pairs.handle }, { u64: bytes.handle }, { s32: 8 }], { block: [8], grid: [3] });
    const result = new Float32Array(pairs.bytes.slice().buffer);
    expect([...result]).toEqual([...data].map((_, i) => (i % 2 === 0 ? data[i + 1] : f((data[i - 1] ?? 0) + 1))));
    expect([...bytes.bytes]).toEqual(Array.from({ length: 24 }, (_, i) => (i % 8 < 7 ? (i % 8) + 1 + 10 * Math.floor(i / 8) : 200)));
    const out = new Uint8Array(64);
    run("bounds", out, { u64: bytes.handle });
    const row = bytes.bytes.slice(8, 16);
    expect([...out]).toEqual([...lanes.map((i) => row[clamp(i - 4, 8)]), ...lanes.map((i) => (i < 4 || i >= 12 ? 0 : row[i - 4]))]);
    expect(() => run("trapped", out, { u64: bytes.handle })).toThrow();
    expect(harness.fault.kind).toBe(FAULT.illegalAddress);
  });

  test("surfaces of three dimensions, and of layers", () => {
    const [volume, layers] = [
      harness.texture(new Int32Array(32), { width: 4, height: 4, depth: 2, format: 10 }),
      harness.texture(new Int16Array(32), { width: 4, height: 4, layers: 2, format: 9 }),
    ];
    run("volumes", { u64: volume.handle }, { u64: layers.handle });
    expect([...new Int32Array(volume.bytes.slice().buffer)]).toEqual(lanes);
    expect([...new Int16Array(layers.bytes.slice().buffer)]).toEqual(lanes.map((i) => 3 * i));
  });

  test("a bilateral filter", () => {
    const [width, height, radius] = [24, 18, 3];
    const image = Float32Array.from({ length: width * height }, (_, i) => f(Math.sin(i / 5) + (i % 24 > 11 ? 2 : 0)));
    const out = new Float32Array(width * height);
    const { handle } = harness.texture(image, { width, height });
    harness.run("bilateral", [out, { u64: handle }, { s32: width }, { s32: height }, { s32: radius }, { f32: 2 }, { f32: 0.5 }], {
      grid: [2, 3],
      block: [16, 8],
    });
    expect(
      differing(
        out,
        [...image].map((center, at) => {
          const [x, y] = [at % width, Math.floor(at / width)];
          let [sum, weights] = [0, 0];
          for (let dy = -radius; dy <= radius; dy++)
            for (let dx = -radius; dx <= radius; dx++) {
              const value = image[clamp(y + dy, height) * width + clamp(x + dx, width)] ?? 0;
              const w = Math.exp(-(dx * dx + dy * dy) / 8 - (value - center) ** 2 / 0.5);
              sum += w * value;
              weights += w;
            }
          return sum / weights;
        }),
      ),
    ).toEqual([]);
  });

  test("a handle that names nothing ends the kernel", () => {
    expect(() => run("fetch1", new Float32Array(32), { u64: 999n })).toThrow();
    expect(harness.fault).toMatchObject({ kind: FAULT.illegalAddress, address: 999n });
  });
});

test.each(["reference", "vector"] as const)("references of the module, queries, and samplers of their own, by the %s form", (compiler) => {
  const source = `.version 8.0\n.target sm_75\n.address_size 64
.global .texref t; .global .surfref s; .global .samplerref m = { filter_mode = nearest };
.tex .u32 old;
.visible .entry k(.param .u64 out) { .reg .b64 %o; .reg .f32 %f<8>; .reg .b32 %r<8>; .reg .f32 %x;
ld.param.u64 %o, [out]; mov.f32 %x, 0f40200000;
tex.1d.v4.f32.f32 {%f0, %f1, %f2, %f3}, [t, {%x}]; st.global.f32 [%o], %f0;
tex.1d.v4.f32.f32 {%f0, %f1, %f2, %f3}, [t, m, {%x}]; st.global.f32 [%o+4], %f0;
mov.u32 %r0, 3; tex.1d.v4.f32.s32 {%f0, %f1, %f2, %f3}, [old, {%r0}]; st.global.f32 [%o+8], %f0;
txq.width.b32 %r1, [t]; suq.height.b32 %r2, [s]; txq.channel_data_type.b32 %r3, [t]; st.global.v4.u32 [%o+16], {%r1, %r2, %r3, %r3};
mov.u32 %r4, 8; mov.u32 %r5, 1; suld.b.2d.b32.trap {%r6}, [s, {%r4, %r5}]; st.global.u32 [%o+12], %r6; ret; }`;
  const harness = new Harness(source, { compiler });
  const data = Float32Array.from([1, 2, 4, 8, 16, 32]);
  const linearTexture = harness.texture(data, { width: 6, filterMode: 1 });
  harness.bind("t", linearTexture.handle);
  harness.bind("old", linearTexture.handle);
  harness.bind("m", harness.texture(data, { width: 6 }).handle);
  harness.bind(
    "s",
    harness.texture(
      Int32Array.from({ length: 12 }, (_, i) => i),
      { width: 4, height: 3, format: 10 },
    ).handle,
  );
  const out = new Float32Array(8);
  harness.run("k", [out], { block: [8] });
  expect([...out.subarray(0, 3)]).toEqual([4, 4, 8]);
  expect([...new Uint32Array(out.buffer).subarray(3, 7)]).toEqual([6, 6, 3, 0x10de]);
});
