import { describe, expect, test } from "vitest";
import { check, type Case } from "./instruction-cases.ts";
import * as reference from "./reference.ts";
import { bfloat, double, e5m2, floatSamples, half, randomBits, single, tensorFloat, type Format, type Mode } from "./reference.ts";

const FORMATS = [
  ["f16", half],
  ["bf16", bfloat],
] as const;
const SIGN = 0x8000n;

/** Numbers of a format that meet each other in every way: boundaries, and random ones near and far. */
function pairs(format: Format, seed: number): bigint[][] {
  const next = randomBits(seed);
  const samples = floatSamples(format, 12, seed);
  const near = Array.from({ length: 400 }, () => {
    const a = next(16);
    return [a, (a & ~0xffn) ^ next(9)];
  });
  return [...samples.flatMap((a) => samples.map((b) => [a, b])), ...near];
}

function triples(format: Format, seed: number): bigint[][] {
  const next = randomBits(seed);
  const some = floatSamples(format, 6, seed).filter((_, i) => i % 3 !== 1);
  const special = some.flatMap((a) =>
    some.filter((_, i) => i % 2 === 0).flatMap((b) => some.filter((_, i) => i % 3 === 0).map((c) => [a, b, c])),
  );
  // Products beside halfway points, with addends that decide.
  const deciding = Array.from({ length: 2000 }, () => {
    const a = (next(16) & 0x807fn) | (next(4) << 7n) | 0x3c00n;
    return [a, (next(16) & 0x80ffn) | 0x3f00n, next(1) === 0n ? next(16) & 0x83ffn : next(16)];
  });
  return [...special, ...deciding];
}

const saturated = (bits: bigint, format: Format): bigint => {
  const one = reference.fromInteger(1n, format);
  if (reference.isNaNBits(bits, format) || (bits & SIGN) !== 0n) return 0n;
  return bits > one ? one : bits;
};
const positive = (bits: bigint, format: Format): bigint => (reference.isNaNBits(bits, format) ? bits : (bits & SIGN) === 0n ? bits : 0n);

describe("halves are exact to the last bit:", () => {
  for (const [type, format] of FORMATS) {
    const two = (text: string, compute: (a: bigint, b: bigint) => bigint): Case => ({
      text,
      result: "b16",
      operands: ["b16", "b16"],
      inputs: pairs(format, 3),
      expected: (a = 0n, b = 0n) => compute(a, b),
    });

    test(`add, sub, mul and fma of .${type}`, () => {
      const flush = (bits: bigint): bigint => reference.flush(bits, format);
      expect(
        check([
          two(`add.${type} %d, %0, %1;`, (a, b) => reference.add(a, b, format)),
          two(`sub.rn.${type} %d, %0, %1;`, (a, b) => reference.add(a, b ^ SIGN, format)),
          two(`mul.${type} %d, %0, %1;`, (a, b) => reference.multiply(a, b, format)),
          ...(type === "f16"
            ? [
                two("add.sat.f16 %d, %0, %1;", (a, b) => saturated(reference.add(a, b, format), format)),
                two("mul.ftz.f16 %d, %0, %1;", (a, b) => flush(reference.multiply(flush(a), flush(b), format))),
              ]
            : []),
          {
            text: `fma.rn.${type} %d, %0, %1, %2;`,
            result: "b16",
            operands: ["b16", "b16", "b16"],
            inputs: triples(format, 5),
            expected: (a = 0n, b = 0n, c = 0n) => reference.fma(a, b, c, format),
          },
          {
            text: `fma.rn.relu.${type} %d, %0, %1, %2;`,
            result: "b16",
            operands: ["b16", "b16", "b16"],
            inputs: triples(format, 6).slice(0, 600),
            expected: (a = 0n, b = 0n, c = 0n) => positive(reference.fma(a, b, c, format), format),
          },
        ]),
      ).toEqual([]);
    });

    test(`min, max, abs, neg and comparisons of .${type}`, () => {
      const order = (bits: bigint): bigint => ((bits & SIGN) === 0n ? bits : -1n - (bits & (SIGN - 1n)));
      const nan = (bits: bigint): boolean => reference.isNaNBits(bits, format);
      const canonical = (bits: bigint): bigint => (nan(bits) ? 0x7fffn : bits);
      const pick = (a: bigint, b: bigint, less: boolean, propagate: boolean): bigint => {
        if (propagate && (nan(a) || nan(b))) return 0x7fffn;
        if (nan(a)) return canonical(b);
        if (nan(b)) return a;
        return order(a) < order(b) === less ? a : b;
      };
      const value = (bits: bigint): bigint => ((bits & SIGN) === 0n ? bits : -(bits & (SIGN - 1n)));
      const crossed = (a: bigint, b: bigint): bigint => {
        const magnitude = pick(a & 0x7fffn, b & 0x7fffn, true, false);
        return nan(magnitude) ? magnitude | ((a ^ b) & SIGN) : magnitude | ((a ^ b) & SIGN);
      };
      const compare = (name: string, unordered: boolean, holds: (a: bigint, b: bigint) => boolean): Case => ({
        ...two(`setp.${name}.${type} %d, %0, %1;`, (a, b) => ((nan(a) || nan(b) ? unordered : holds(value(a), value(b))) ? 1n : 0n)),
        result: "pred",
      });
      expect(
        check([
          two(`min.${type} %d, %0, %1;`, (a, b) => pick(a, b, true, false)),
          two(`max.NaN.${type} %d, %0, %1;`, (a, b) => pick(a, b, false, true)),
          two(`min.xorsign.abs.${type} %d, %0, %1;`, crossed),
          { text: `abs.${type} %d, %0;`, result: "b16", operands: ["b16"], inputs: pairs(format, 9), expected: (a = 0n) => a & 0x7fffn },
          { text: `neg.${type} %d, %0;`, result: "b16", operands: ["b16"], inputs: pairs(format, 9), expected: (a = 0n) => a ^ SIGN },
          compare("lt", false, (a, b) => a < b),
          compare("geu", true, (a, b) => a >= b),
          compare("ne", false, (a, b) => a !== b),
          compare("equ", true, (a, b) => a === b),
          {
            ...two(`set.le.${type}.${type} %d, %0, %1;`, (a, b) =>
              !nan(a) && !nan(b) && value(a) <= value(b) ? reference.fromInteger(1n, format) : 0n,
            ),
          },
        ]),
      ).toEqual([]);
    });

    test(`two at a time: .${type}x2`, () => {
      const next = randomBits(17);
      const inputs = [...pairs(format, 21).slice(0, 500)].map(([a = 0n, b = 0n]) => [
        (a << 16n) | next(16),
        (b << 16n) | next(16),
        next(32),
      ]);
      const lanes = (compute: (...operands: bigint[]) => bigint, ...operands: bigint[]): bigint =>
        compute(...operands.map((bits) => bits & 0xffffn)) | (compute(...operands.map((bits) => bits >> 16n)) << 16n);
      expect(
        check([
          {
            text: `add.${type}x2 %d, %0, %1;`,
            result: "b32",
            operands: ["b32", "b32"],
            inputs,
            expected: (a = 0n, b = 0n) => lanes((x = 0n, y = 0n) => reference.add(x, y, format), a, b),
          },
          {
            text: `fma.rn.${type}x2 %d, %0, %1, %2;`,
            result: "b32",
            operands: ["b32", "b32", "b32"],
            inputs,
            expected: (a = 0n, b = 0n, c = 0n) => lanes((x = 0n, y = 0n, z = 0n) => reference.fma(x, y, z, format), a, b, c),
          },
          {
            text: `setp.lt.${type}x2 %p|%q, %0, %1; selp.u32 %t0, 1, 0, %p; selp.u32 %t1, 2, 0, %q; add.u32 %d, %t0, %t1;`,
            result: "b32",
            operands: ["b32", "b32"],
            inputs,
            expected: (a = 0n, b = 0n) => {
              const less = (x: bigint, y: bigint): boolean => {
                if (reference.isNaNBits(x, format) || reference.isNaNBits(y, format)) return false;
                const value = (bits: bigint): bigint => ((bits & SIGN) === 0n ? bits : -(bits & (SIGN - 1n)));
                return value(x) < value(y);
              };
              return (less(a & 0xffffn, b & 0xffffn) ? 1n : 0n) + (less(a >> 16n, b >> 16n) ? 2n : 0n);
            },
          },
        ]),
      ).toEqual([]);
    });
  }

  test("tanh.approx and ex2.approx are within the manual's bounds", () => {
    // f16: 2^-10.987 absolute for tanh, 2^-9.9 relative for ex2; bf16: 2^-8 and 2^-7: here the nearest number of the format.
    const number = (bits: bigint, format: Format): number => {
      const view = new DataView(new ArrayBuffer(8));
      view.setBigUint64(0, reference.convert(bits, format, double));
      return view.getFloat64(0);
    };
    const nearest = (value: number, format: Format): bigint => {
      const view = new DataView(new ArrayBuffer(8));
      view.setFloat64(0, value);
      return reference.convert(view.getBigUint64(0), double, format);
    };
    for (const [type, format] of FORMATS) {
      const inputs = floatSamples(format, 200).map((a) => [a]);
      expect(
        check([
          {
            text: `tanh.approx.${type} %d, %0;`,
            result: "b16",
            operands: ["b16"],
            inputs,
            expected: (a = 0n) => nearest(Math.tanh(number(a, format)), format),
          },
          {
            text: `ex2.approx.${type === "bf16" ? "ftz." : ""}${type} %d, %0;`,
            result: "b16",
            operands: ["b16"],
            inputs,
            expected: (a = 0n) => {
              const flush = (bits: bigint): bigint => (type === "bf16" ? reference.flush(bits, format) : bits);
              return flush(nearest(2 ** number(flush(a), format), format));
            },
          },
        ]),
      ).toEqual([]);
    }
  });
});

describe("conversions of narrow floats:", () => {
  const MODES: readonly Mode[] = ["rn", "rz", "rm", "rp"];
  /** Floats at, beside and half way between a format's numbers. */
  const around = (format: Format): bigint[] =>
    floatSamples(format, 60).flatMap((bits) => {
      if (reference.isNaNBits(bits, format)) return [0x7fff_ffffn];
      const exact = reference.convert(bits, format, single);
      const step = 1n << BigInt(single.precision - format.precision);
      return [exact, exact + 1n, exact - 1n, exact + step / 2n, exact + step / 2n + 1n, exact + step / 2n - 1n].map((value) =>
        BigInt.asUintN(32, value),
      );
    });

  test("float and double to bf16 and tf32, in every rounding that there is", () => {
    const inputs = around(bfloat).map((a) => [a]);
    const rna = (a: bigint): bigint => {
      // To nearest, ties away from zero: half a step more, then cut off.
      if (reference.isNaNBits(a, single)) return 0x7fff_ffffn;
      return (a & 0x7f80_0000n) === 0x7f80_0000n ? a : (((a & 0x7fff_ffffn) + 0x1000n) & ~0x1fffn) | (a & 0x8000_0000n);
    };
    const tf32 = (bits: bigint): bigint => (reference.isNaNBits(bits, tensorFloat) ? 0x7fff_ffffn : bits << 13n);
    expect(
      check([
        ...MODES.map((mode): Case => ({
          text: `cvt.${mode}.bf16.f32 %d, %0;`,
          result: "b16",
          operands: ["f32"],
          inputs,
          expected: (a = 0n) => reference.convert(a, single, bfloat, mode),
        })),
        {
          text: "cvt.rn.bf16.f64 %d, %0;",
          result: "b16",
          operands: ["f64"],
          inputs: inputs.map(([a = 0n]) => [reference.convert(a, single, double) + 1n]),
          expected: (a = 0n) => reference.convert(a, double, bfloat),
        },
        {
          text: "cvt.rn.relu.bf16.f32 %d, %0;",
          result: "b16",
          operands: ["f32"],
          inputs,
          expected: (a = 0n) => positive(reference.convert(a, single, bfloat), bfloat),
        },
        {
          text: "cvt.rn.satfinite.f16.f32 %d, %0;",
          result: "b16",
          operands: ["f32"],
          inputs: around(half).map((a) => [a]),
          expected: (a = 0n) => {
            const bits = reference.convert(a, single, half);
            return (bits & 0x7fffn) === 0x7c00n ? bits - 1n : bits;
          },
        },
        ...(["rn", "rz"] as const).map((mode): Case => ({
          text: `cvt.${mode}.tf32.f32 %d, %0;`,
          result: "b32",
          operands: ["f32"],
          inputs: around(tensorFloat).map((a) => [a]),
          expected: (a = 0n) => tf32(reference.convert(a, single, tensorFloat, mode)),
        })),
        {
          text: "cvt.rna.tf32.f32 %d, %0;",
          result: "b32",
          operands: ["f32"],
          inputs: around(tensorFloat).map((a) => [a]),
          expected: (a = 0n) => rna(a),
        },
      ]),
    ).toEqual([]);
  });

  test("bf16 and f16 to floats and integers, and back", () => {
    const inputs = floatSamples(bfloat, 200).map((a) => [a]);
    const stored = (value: bigint, bits: number): bigint => BigInt.asUintN(bits, value);
    expect(
      check([
        {
          text: "cvt.f32.bf16 %d, %0;",
          result: "f32",
          operands: ["b16"],
          inputs,
          expected: (a = 0n) => reference.convert(a, bfloat, single),
        },
        {
          text: "cvt.rzi.s32.bf16 %d, %0;",
          result: "s32",
          operands: ["b16"],
          inputs,
          expected: (a = 0n) => stored(reference.toInteger(a, bfloat, "rz", -(1n << 31n), (1n << 31n) - 1n, 0n), 32),
        },
        {
          text: "cvt.rpi.u16.f16 %d, %0;",
          result: "u16",
          operands: ["b16"],
          inputs,
          expected: (a = 0n) => reference.toInteger(a, half, "rp", 0n, 0xffffn, 0n),
        },
        ...(["s32", "u64", "s16"] as const).map((type): Case => ({
          text: `cvt.rn.bf16.${type} %d, %0;`,
          result: "b16",
          operands: [type],
          expected: (a = 0n) => {
            const bits = Number(type.slice(1));
            return reference.fromInteger(type.startsWith("s") ? BigInt.asIntN(bits, a) : BigInt.asUintN(bits, a), bfloat);
          },
        })),
        {
          text: "cvt.rni.f16.f16 %d, %0;",
          result: "b16",
          operands: ["b16"],
          inputs: floatSamples(half, 200)
            .filter((a) => !reference.isNaNBits(a, half))
            .map((a) => [a]),
          expected: (a = 0n) => {
            const x = reference.decode(a, half);
            if (x.kind !== "finite" || x.exponent >= 0) return a;
            const whole = reference.toInteger(a, half, "rn", -(1n << 40n), 1n << 40n, 0n);
            return whole === 0n ? a & SIGN : reference.fromInteger(whole, half);
          },
        },
        {
          text: "cvt.rn.bf16.f16 %d, %0;",
          result: "b16",
          operands: ["b16"],
          inputs,
          expected: (a = 0n) => reference.convert(a, half, bfloat),
        },
      ]),
    ).toEqual([]);
  });

  /** e4m3 as the OCP 8-bit specification has it: no infinity, NaN only where all bits are ones. */
  const e4m3Value = (bits: number): number => {
    const [exponent, fraction] = [(bits >> 3) & 15, bits & 7];
    const magnitude = (bits & 0x7f) === 0x7f ? NaN : exponent === 0 ? fraction * 2 ** -9 : (8 + fraction) * 2 ** (exponent - 10);
    return bits & 0x80 ? -magnitude : magnitude;
  };
  const values = (decode: (bits: number) => number): number[] => Array.from({ length: 256 }, (_, bits) => decode(bits));
  const floatValue = (bits: bigint): number => {
    const view = new DataView(new ArrayBuffer(4));
    view.setUint32(0, Number(bits));
    return view.getFloat32(0);
  };
  /** The nearest of a format's finite numbers, ties to the even one: found by trying all of them. */
  const nearestOf = (table: readonly number[], x: number, whenNaN: number, highest: number): number => {
    if (Number.isNaN(x)) return whenNaN;
    const sign = x < 0 || Object.is(x, -0) ? 0x80 : 0;
    const magnitude = Math.min(Math.abs(x), table[highest] ?? 0);
    let best = 0;
    for (let bits = 0; bits <= highest; bits++) {
      const [distance, known] = [Math.abs((table[bits] ?? 0) - magnitude), Math.abs((table[best] ?? 0) - magnitude)];
      if (distance < known || (distance === known && bits % 2 === 0)) best = bits;
    }
    return best | sign;
  };

  test("to and from the 8-bit floats, two at a time, saturating", () => {
    const e4m3 = values(e4m3Value);
    const e5m2Values = values((bits) => floatValue(reference.convert(BigInt(bits), e5m2, single)));
    const next = randomBits(31);
    const inputs = [...around(half), ...Array.from({ length: 300 }, () => (next(32) & 0x87ff_ffffn) | 0x3800_0000n)].map((a, i, all) => [
      a,
      all[(i * 7) % all.length] ?? 0n,
    ]);
    const pack = (a: number, b: number): bigint => BigInt((a << 8) | b);
    const bytes = Array.from({ length: 256 }, (_, bits) => [BigInt(bits | ((255 - bits) << 8))]);
    const wide = (table: readonly number[], bits: bigint): bigint => {
      const value = table[Number(bits)] ?? 0;
      if (Number.isNaN(value)) return 0x7fffn;
      const view = new DataView(new ArrayBuffer(8));
      view.setFloat64(0, value);
      return reference.convert(view.getBigUint64(0), double, half);
    };
    expect(
      check([
        {
          text: "cvt.rn.satfinite.e4m3x2.f32 %d, %0, %1;",
          result: "b16",
          operands: ["f32", "f32"],
          inputs,
          expected: (a = 0n, b = 0n) => pack(nearestOf(e4m3, floatValue(a), 0x7f, 0x7e), nearestOf(e4m3, floatValue(b), 0x7f, 0x7e)),
        },
        {
          text: "cvt.rn.satfinite.e5m2x2.f32 %d, %0, %1;",
          result: "b16",
          operands: ["f32", "f32"],
          inputs,
          expected: (a = 0n, b = 0n) =>
            pack(nearestOf(e5m2Values, floatValue(a), 0x7f, 0x7b), nearestOf(e5m2Values, floatValue(b), 0x7f, 0x7b)),
        },
        {
          text: "cvt.rn.satfinite.relu.e4m3x2.f16x2 %d, %0;",
          result: "b16",
          operands: ["b32"],
          inputs: floatSamples(half, 100).map((a, i, all) => [(a << 16n) | (all[(i * 5) % all.length] ?? 0n)]),
          expected: (a = 0n) => {
            const one = (bits: bigint): number => {
              const value = floatValue(reference.convert(bits, half, single));
              return nearestOf(e4m3, value <= 0 ? 0 : value, 0x7f, 0x7e);
            };
            return pack(one(a >> 16n), one(a & 0xffffn));
          },
        },
        {
          text: "cvt.rn.f16x2.e4m3x2 %d, %0;",
          result: "b32",
          operands: ["b16"],
          inputs: bytes,
          expected: (a = 0n) => (wide(e4m3, a >> 8n) << 16n) | wide(e4m3, a & 0xffn),
        },
        {
          text: "cvt.rn.bf16x2.f32 %d, %0, %1;",
          result: "b32",
          operands: ["f32", "f32"],
          inputs,
          expected: (a = 0n, b = 0n) => (reference.convert(a, single, bfloat) << 16n) | reference.convert(b, single, bfloat),
        },
        {
          text: "cvt.rz.relu.f16x2.f32 %d, %0, %1;",
          result: "b32",
          operands: ["f32", "f32"],
          inputs,
          expected: (a = 0n, b = 0n) =>
            (positive(reference.convert(a, single, half, "rz"), half) << 16n) | positive(reference.convert(b, single, half, "rz"), half),
        },
      ]),
    ).toEqual([]);
    // Infinities of e5m2 stay what they are.
    expect(
      check([
        {
          text: "cvt.rn.f16x2.e5m2x2 %d, %0;",
          result: "b32",
          operands: ["b16"],
          inputs: bytes,
          expected: (a = 0n) => ((a >> 8n) << 24n) | ((a & 0xffn) << 8n),
        },
      ]),
    ).toEqual([]);
  });

  test("to and from the 6-bit and 4-bit floats", () => {
    const small =
      (fraction: number, bias: number, bits: number) =>
      (value: number): number => {
        const exponent = (value >> fraction) & (2 ** (bits - 1 - fraction) - 1);
        const part = value & (2 ** fraction - 1);
        const magnitude = exponent === 0 ? part * 2 ** (1 - bias - fraction) : (2 ** fraction + part) * 2 ** (exponent - bias - fraction);
        return (value >> (bits - 1)) & 1 ? -magnitude : magnitude;
      };
    const next = randomBits(37);
    const inputs = Array.from({ length: 400 }, () => [(next(32) & 0x83ff_ffffn) | 0x3e00_0000n, (next(32) & 0x87ff_ffffn) | 0x3800_0000n]);
    const cases = (
      [
        ["e2m3x2", 3, 1, 6],
        ["e3m2x2", 2, 3, 6],
        ["e2m1x2", 1, 1, 4],
      ] as const
    ).flatMap(([name, fraction, bias, bits]): Case[] => {
      const decode = small(fraction, bias, bits);
      const table = values(decode);
      const highest = 2 ** (bits - 1) - 1;
      const near = (a: bigint): bigint => {
        const found = nearestOf(table, floatValue(a), highest, highest);
        return BigInt((found & highest) | (found & 0x80 ? highest + 1 : 0));
      };
      const step = bits === 4 ? 4n : 8n;
      const half16 = (value: number): bigint => {
        const view = new DataView(new ArrayBuffer(8));
        view.setFloat64(0, value);
        return reference.convert(view.getBigUint64(0), double, half);
      };
      return [
        {
          text: `cvt.rn.satfinite.${name}.f32 %d, %0, %1;`,
          result: "b16",
          operands: ["f32", "f32"],
          inputs,
          expected: (a = 0n, b = 0n) => (near(a) << step) | near(b),
        },
        {
          text: `cvt.rn.f16x2.${name} %d, %0;`,
          result: "b32",
          operands: ["b16"],
          inputs: Array.from({ length: 2 ** bits }, (_, value) => [BigInt(value) | (BigInt(2 ** bits - 1 - value) << step)]),
          expected: (a = 0n) => (half16(decode(Number(a >> step))) << 16n) | half16(decode(Number(a & ((1n << step) - 1n)))),
        },
      ];
    });
    expect(check(cases)).toEqual([]);
  });

  test("cvt.pack clamps, and puts integers together", () => {
    const clamp = (a: bigint, low: bigint, high: bigint): bigint => {
      const value = BigInt.asIntN(32, a);
      return value < low ? low : value > high ? high : value;
    };
    const kinds = [
      ["u16", 0n, 0xffffn, 16n],
      ["s16", -0x8000n, 0x7fffn, 16n],
      ["u8", 0n, 0xffn, 8n],
      ["s8", -0x80n, 0x7fn, 8n],
      ["s4", -8n, 7n, 4n],
      ["u2", 0n, 3n, 2n],
    ] as const;
    expect(
      check(
        kinds.map(([name, low, high, bits]): Case => ({
          text: bits === 16n ? `cvt.pack.sat.${name}.s32 %d, %0, %1;` : `cvt.pack.sat.${name}.s32.b32 %d, %0, %1, %2;`,
          result: "b32",
          operands: ["s32", "s32", "b32"],
          expected: (a = 0n, b = 0n, c = 0n) => {
            const one = (value: bigint): bigint => BigInt.asUintN(Number(bits), clamp(value, low, high));
            return BigInt.asUintN(32, (bits === 16n ? 0n : c << (2n * bits)) | (one(a) << bits) | one(b));
          },
        })),
      ),
    ).toEqual([]);
  });
});
