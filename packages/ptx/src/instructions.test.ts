import { setFlagsFromString } from "node:v8";
import { describe, expect, test } from "vitest";
import { evaluate } from "./evaluate.ts";
import { probeFeatures } from "./index.ts";
import {
  binary,
  check,
  inputsOf,
  INTEGERS,
  integerSamples,
  isSignedType,
  signed,
  unsigned,
  valueOf,
  widthOf,
  type Case,
} from "./instruction-cases.ts";
import type { ScalarType } from "./parse/types.ts";
import * as reference from "./reference.ts";
import { double, floatSamples, half, randomBits, single, type Format, type Mode } from "./reference.ts";

setFlagsFromString("--experimental-wasm-relaxed-simd");
setFlagsFromString("--experimental-wasm-branch-hinting");

describe("integer arithmetic agrees with BigInt:", () => {
  test("add, sub and mul.lo", () => {
    expect(
      check([
        ...binary("add", INTEGERS, (a, b) => a + b),
        ...binary("sub", INTEGERS, (a, b) => a - b),
        ...binary("mul.lo", INTEGERS, (a, b) => a * b),
      ]),
    ).toEqual([]);
  });

  test("mul.hi and mul.wide", () => {
    const wide = ["u16", "s16", "u32", "s32"] as const;
    expect(
      check([
        ...binary("mul.hi", INTEGERS, (a, b, type) => (a * b) >> BigInt(widthOf(type))),
        ...wide.map((type): Case => {
          const result = `${type[0]}${widthOf(type) * 2}` as ScalarType; // u16 to u32, and so on.
          return {
            text: `mul.wide.${type} %d, %0, %1;`,
            result,
            operands: [type, type],
            expected: (a = 0n, b = 0n) => unsigned(valueOf(a, type) * valueOf(b, type), widthOf(result)),
          };
        }),
      ]),
    ).toEqual([]);
  });

  test("div and rem, but for division by zero, which only must not trap", () => {
    const quotient = (a: bigint, b: bigint): bigint => (b === 0n ? -1n : a / b);
    const remainder = (a: bigint, b: bigint): bigint => (b === 0n ? a : a % b);
    expect(check([...binary("div", INTEGERS, quotient), ...binary("rem", INTEGERS, remainder)])).toEqual([]);
  });

  test("min, max, abs, neg and sad", () => {
    const signedTypes = ["s16", "s32", "s64"] as const;
    const unary = (name: string, compute: (a: bigint) => bigint): Case[] =>
      signedTypes.map((type) => ({
        text: `${name}.${type} %d, %0;`,
        result: type,
        operands: [type],
        expected: (a = 0n) => unsigned(compute(valueOf(a, type)), widthOf(type)),
      }));
    expect(
      check([
        ...binary("min", INTEGERS, (a, b) => (a < b ? a : b)),
        ...binary("max", INTEGERS, (a, b) => (a > b ? a : b)),
        ...unary("abs", (a) => (a < 0n ? -a : a)),
        ...unary("neg", (a) => -a),
        ...INTEGERS.map((type): Case => ({
          text: `sad.${type} %d, %0, %1, %2;`,
          result: type,
          operands: [type, type, type],
          expected: (a = 0n, b = 0n, c = 0n) => {
            const difference = valueOf(a, type) - valueOf(b, type);
            return unsigned(c + (difference < 0n ? -difference : difference), widthOf(type));
          },
        })),
      ]),
    ).toEqual([]);
  });

  test("mad, in every half, and saturation", () => {
    const clamp = (value: bigint): bigint => (value > 0x7fff_ffffn ? 0x7fff_ffffn : value < -0x8000_0000n ? -0x8000_0000n : value);
    expect(
      check([
        ...INTEGERS.flatMap((type): Case[] => [
          {
            text: `mad.lo.${type} %d, %0, %1, %2;`,
            result: type,
            operands: [type, type, type],
            expected: (a = 0n, b = 0n, c = 0n) => unsigned(a * b + c, widthOf(type)),
          },
          {
            text: `mad.hi.${type} %d, %0, %1, %2;`,
            result: type,
            operands: [type, type, type],
            expected: (a = 0n, b = 0n, c = 0n) =>
              unsigned(((valueOf(a, type) * valueOf(b, type)) >> BigInt(widthOf(type))) + c, widthOf(type)),
          },
        ]),
        {
          text: "mad.wide.s32 %d, %0, %1, %2;",
          result: "s64",
          operands: ["s32", "s32", "s64"],
          expected: (a = 0n, b = 0n, c = 0n) => unsigned(signed(a, 32) * signed(b, 32) + c, 64),
        },
        {
          text: "mad.hi.sat.s32 %d, %0, %1, %2;",
          result: "s32",
          operands: ["s32", "s32", "s32"],
          expected: (a = 0n, b = 0n, c = 0n) => unsigned(clamp(((signed(a, 32) * signed(b, 32)) >> 32n) + signed(c, 32)), 32),
        },
        ...(["add", "sub"] as const).map((name): Case => ({
          text: `${name}.sat.s32 %d, %0, %1;`,
          result: "s32",
          operands: ["s32", "s32"],
          expected: (a = 0n, b = 0n) => unsigned(clamp(name === "add" ? signed(a, 32) + signed(b, 32) : signed(a, 32) - signed(b, 32)), 32),
        })),
        ...(["lo", "hi"] as const).map((part): Case => ({
          text: `mul24.${part}.s32 %d, %0, %1;`,
          result: "s32",
          operands: ["s32", "s32"],
          expected: (a = 0n, b = 0n) => unsigned((signed(a, 24) * signed(b, 24)) >> (part === "hi" ? 16n : 0n), 32),
        })),
      ]),
    ).toEqual([]);
  });

  test("carries go from add.cc to addc and from sub.cc to subc", () => {
    // 64-bit sums out of 32-bit halves, and 128-bit ones out of 64.
    const halves = (name: string): string =>
      `{ .reg .b32 %al, %ah, %bl, %bh, %cl, %ch; mov.b64 {%al, %ah}, %0; mov.b64 {%bl, %bh}, %1; ${name}.cc.u32 %cl, %al, %bl; ${name}c.u32 %ch, %ah, %bh; mov.b64 %d, {%cl, %ch}; }`;
    expect(
      check([
        { text: halves("add"), result: "u64", operands: ["u64", "u64"], expected: (a = 0n, b = 0n) => unsigned(a + b, 64) },
        { text: halves("sub"), result: "u64", operands: ["u64", "u64"], expected: (a = 0n, b = 0n) => unsigned(a - b, 64) },
        {
          text: "add.cc.u64 %u0, %0, %1; addc.cc.u64 %u1, %0, %1; addc.u64 %d, 0, 0;",
          result: "u64",
          operands: ["u64", "u64"],
          expected: (a = 0n, b = 0n) => (a + b + ((a + b) >> 64n)) >> 64n,
        },
        {
          text: "mad.lo.cc.u32 %t0, %0, %1, %2; madc.hi.u32 %d, %0, %1, 0;",
          result: "u32",
          operands: ["u32", "u32", "u32"],
          expected: (a = 0n, b = 0n, c = 0n) => unsigned((a * b + c) >> 32n, 32),
        },
      ]),
    ).toEqual([]);
  });

  test("dp4a and dp2a", () => {
    const part = (value: bigint, at: number, bits: number, type: string): bigint => {
      const field = unsigned(value >> BigInt(at), bits);
      return isSignedType(type) ? signed(field, bits) : field;
    };
    expect(
      check(
        (["s32", "u32"] as const).flatMap((a) =>
          (["s32", "u32"] as const).flatMap((b): Case[] => [
            {
              text: `dp4a.${a}.${b} %d, %0, %1, %2;`,
              result: "b32",
              operands: ["b32", "b32", "b32"],
              expected: (x = 0n, y = 0n, c = 0n) =>
                unsigned(
                  [0, 8, 16, 24].reduce((sum, at) => sum + part(x, at, 8, a) * part(y, at, 8, b), c),
                  32,
                ),
            },
            {
              text: `dp2a.hi.${a}.${b} %d, %0, %1, %2;`,
              result: "b32",
              operands: ["b32", "b32", "b32"],
              expected: (x = 0n, y = 0n, c = 0n) =>
                unsigned(
                  [0, 1].reduce((sum, at) => sum + part(x, at * 16, 16, a) * part(y, 16 + at * 8, 8, b), c),
                  32,
                ),
            },
          ]),
        ),
      ),
    ).toEqual([]);
  });
});

describe("bits:", () => {
  test("and, or, xor, not and cnot", () => {
    const types = ["b16", "b32", "b64"] as const;
    const of = (name: string, compute: (a: bigint, b: bigint) => bigint, count: number): Case[] =>
      types.map((type) => ({
        text: `${name}.${type} %d, ${count === 1 ? "%0" : "%0, %1"};`,
        result: type,
        operands: Array.from({ length: count }, () => type),
        expected: (a = 0n, b = 0n) => unsigned(compute(a, b), widthOf(type)),
      }));
    expect(
      check([
        ...of("and", (a, b) => a & b, 2),
        ...of("or", (a, b) => a | b, 2),
        ...of("xor", (a, b) => a ^ b, 2),
        ...of("not", (a) => ~a, 1),
        ...of("cnot", (a) => (a === 0n ? 1n : 0n), 1),
      ]),
    ).toEqual([]);
  });

  test("shifts clamp counts past the width", () => {
    const types = ["b16", "b32", "b64", "u16", "u32", "u64", "s16", "s32", "s64"] as const;
    expect(
      check(
        types.flatMap((type): Case[] => {
          const width = widthOf(type);
          const count = (n: bigint): bigint => (n > BigInt(width) ? BigInt(width) : n);
          const right: Case = {
            text: `shr.${type} %d, %0, %1;`,
            result: type,
            operands: [type, "u32"],
            expected: (a = 0n, n = 0n) => unsigned(valueOf(a, type) >> count(n), width),
          };
          if (!type.startsWith("b")) return [right];
          return [right, { ...right, text: `shl.${type} %d, %0, %1;`, expected: (a = 0n, n = 0n) => unsigned(a << count(n), width) }];
        }),
      ),
    ).toEqual([]);
    expect(
      check(
        [0, 1, 31, 32, 33, 200].map((n): Case => ({
          text: `shr.s32 %d, %0, ${n};`,
          result: "s32",
          operands: ["s32"],
          expected: (a = 0n) => unsigned(signed(a, 32) >> BigInt(Math.min(n, 32)), 32),
        })),
      ),
    ).toEqual([]);
  });

  test("shf, in both directions and modes", () => {
    expect(
      check(
        (["l", "r"] as const).flatMap((direction) =>
          (["wrap", "clamp"] as const).map((mode): Case => ({
            text: `shf.${direction}.${mode}.b32 %d, %0, %1, %2;`,
            result: "b32",
            operands: ["b32", "b32", "u32"],
            expected: (a = 0n, b = 0n, c = 0n) => {
              const count = mode === "wrap" ? c & 31n : c > 32n ? 32n : c;
              const all = (b << 32n) | a;
              return unsigned(direction === "l" ? (all << count) >> 32n : all >> count, 32);
            },
          })),
        ),
      ),
    ).toEqual([]);
  });

  test("bfe and bfi", () => {
    const extract = (["u32", "s32", "u64", "s64"] as const).map((type): Case => ({
      text: `bfe.${type} %d, %0, %1, %2;`,
      result: type,
      operands: [type, "u32", "u32"],
      // The definition in the manual, bit by bit.
      expected: (a = 0n, b = 0n, c = 0n) => {
        const width = widthOf(type);
        const position = Number(b & 0xffn);
        const length = Number(c & 0xffn);
        const bit = (at: number): bigint => (a >> BigInt(at)) & 1n;
        const sign = !isSignedType(type) || length === 0 ? 0n : bit(Math.min(position + length - 1, width - 1));
        let out = 0n;
        for (let i = 0; i < width; i++) out |= (i < length && position + i < width ? bit(position + i) : sign) << BigInt(i);
        return out;
      },
    }));
    const insert = (["b32", "b64"] as const).map((type): Case => ({
      text: `bfi.${type} %d, %0, %1, %2, %3;`,
      result: type,
      operands: [type, type, "u32", "u32"],
      expected: (a = 0n, b = 0n, c = 0n, d = 0n) => {
        const width = widthOf(type);
        const position = Number(c & 0xffn);
        const length = Number(d & 0xffn);
        let out = b;
        for (let i = 0; i < length && position + i < width; i++) {
          const at = BigInt(position + i);
          out = (out & ~(1n << at)) | (((a >> BigInt(i)) & 1n) << at);
        }
        return unsigned(out, width);
      },
    }));
    expect(check([...extract, ...insert])).toEqual([]);
  });

  test("popc, clz, bfind, brev, bmsk", () => {
    const binaryText = (value: bigint, width: number): string => unsigned(value, width).toString(2).padStart(width, "0");
    const widths = ["b32", "b64"] as const;
    const find = (value: bigint, type: string): number => {
      const text = binaryText(isSignedType(type) && signed(value, widthOf(type)) < 0n ? ~value : value, widthOf(type));
      return text.indexOf("1") < 0 ? -1 : widthOf(type) - 1 - text.indexOf("1");
    };
    expect(
      check([
        ...widths.flatMap((type): Case[] => [
          {
            text: `popc.${type} %d, %0;`,
            result: "u32",
            operands: [type],
            expected: (a = 0n) => BigInt(binaryText(a, widthOf(type)).replaceAll("0", "").length),
          },
          {
            text: `clz.${type} %d, %0;`,
            result: "u32",
            operands: [type],
            expected: (a = 0n) => BigInt(/^0*/.exec(binaryText(a, widthOf(type)))?.[0].length ?? 0),
          },
          {
            text: `brev.${type} %d, %0;`,
            result: type,
            operands: [type],
            expected: (a = 0n) => BigInt(`0b${[...binaryText(a, widthOf(type))].toReversed().join("")}`),
          },
        ]),
        ...(["u32", "s32", "u64", "s64"] as const).flatMap((type): Case[] => [
          { text: `bfind.${type} %d, %0;`, result: "u32", operands: [type], expected: (a = 0n) => unsigned(BigInt(find(a, type)), 32) },
          {
            text: `bfind.shiftamt.${type} %d, %0;`,
            result: "u32",
            operands: [type],
            expected: (a = 0n) => (find(a, type) < 0 ? 0xffff_ffffn : BigInt(widthOf(type) - 1 - find(a, type))),
          },
        ]),
        {
          text: "bmsk.clamp.b32 %d, %0, %1;",
          result: "b32",
          operands: ["u32", "u32"],
          expected: (a = 0n, b = 0n) => unsigned(((1n << (b > 32n ? 32n : b)) - 1n) << (a > 32n ? 32n : a), 32),
        },
      ]),
    ).toEqual([]);
  });

  test("prmt and lop3", () => {
    expect(
      check([
        {
          text: "prmt.b32 %d, %0, %1, %2;",
          result: "b32",
          operands: ["b32", "b32", "b32"],
          expected: (a = 0n, b = 0n, c = 0n) => {
            const all = (b << 32n) | a;
            let out = 0n;
            for (let i = 0n; i < 4n; i++) {
              const select = (c >> (4n * i)) & 15n;
              const byte = (all >> (8n * (select & 7n))) & 0xffn;
              out |= (select > 7n ? (byte > 0x7fn ? 0xffn : 0n) : byte) << (8n * i);
            }
            return out;
          },
        },
        ...[0x96, 0xe8, 0xca, 0x01, 0xff].map((lut): Case => ({
          text: `lop3.b32 %d, %0, %1, %2, ${lut};`,
          result: "b32",
          operands: ["b32", "b32", "b32"],
          expected: (a = 0n, b = 0n, c = 0n) => {
            let out = 0n;
            for (let bit = 0n; bit < 32n; bit++) {
              const row = (((a >> bit) & 1n) << 2n) | (((b >> bit) & 1n) << 1n) | ((c >> bit) & 1n);
              out |= ((BigInt(lut) >> row) & 1n) << bit;
            }
            return out;
          },
        })),
        ...(["or", "and"] as const).map((combine): Case => ({
          text: `setp.lt.u32 %q, %0, %1; lop3.${combine}.b32 %t1|%d, %0, %1, %2, 0xe8, %q; setp.eq.and.b32 %d, %t1, 0, !%d; not.pred %d, %d;`,
          result: "pred",
          operands: ["b32", "b32", "b32"],
          // Whether the majority has a bit, and what it is combined with; and the first result itself.
          expected: (x = 0n, y = 0n, z = 0n) => {
            const majority = (x & y) | (x & z) | (y & z);
            const combined = combine === "or" ? majority !== 0n || x < y : majority !== 0n && x < y;
            return majority === 0n && !combined ? 0n : 1n;
          },
        })),
        ...Object.entries({
          f4e: (i: number, n: number) => n + i,
          b4e: (i: number, n: number) => (n - i + 8) % 8,
          rc8: (_: number, n: number) => n,
          ecl: (i: number, n: number) => Math.max(i, n),
          ecr: (i: number, n: number) => Math.min(i, n),
          rc16: (i: number, n: number) => 2 * (n & 1) + (i & 1),
        }).map(([mode, byteOf]): Case => ({
          text: `prmt.b32.${mode} %d, %0, %1, %2;`,
          result: "b32",
          operands: ["b32", "b32", "b32"],
          expected: (x = 0n, y = 0n, z = 0n) => {
            let out = 0n;
            for (let i = 0; i < 4; i++) out |= ((((y << 32n) | x) >> BigInt(8 * byteOf(i, Number(z & 3n)))) & 0xffn) << BigInt(8 * i);
            return out;
          },
        })),
      ]),
    ).toEqual([]);
  });
});

const FLOATS = [
  ["f32", single],
  ["f64", double],
] as const;
const MODES: readonly Mode[] = ["rn", "rz", "rm", "rp"];

/** Triples whose product and addend nearly cancel, tie, overflow or vanish. */
function adversarial(format: Format, count: number, seed: number): bigint[][] {
  const next = randomBits(seed);
  const fraction = BigInt(format.precision - 1);
  const top = 2 ** reference.exponentBits(format) - 1;
  const middle = (top - 1) / 2;
  const number = (exponent: number): bigint => {
    const sparse = (1n << BigInt(Number(next(6)) % (format.precision - 1))) | next(2);
    const mantissa = next(1) === 1n ? sparse : next(format.precision - 1);
    return (
      (next(1) << BigInt(format.bits - 1)) |
      (BigInt(Math.max(0, Math.min(top, exponent))) << fraction) |
      (mantissa & ((1n << fraction) - 1n))
    );
  };
  return Array.from({ length: count }, () => {
    const a = middle + Number(next(6)) - 32;
    const b = next(2) === 0n ? 1 + Number(next(5)) : middle + Number(next(6)) - 32;
    return [number(a), number(b), number(a + b - middle + Number(next(7)) - 64)];
  });
}

describe("floating point is exact to the last bit:", () => {
  for (const fused of probeFeatures().fusedMultiplyAdd ? [false, true] : [false]) {
    test(`fma in every rounding, by ${fused ? "the processor's own operation" : "exact sums"}`, () => {
      for (const [type, format] of FLOATS) {
        const samples = floatSamples(format, 4);
        const special = samples.flatMap((a) =>
          samples.filter((_, i) => i % 3 === 0).flatMap((b) => samples.filter((_, i) => i % 5 === 0).map((c) => [a, b, c])),
        );
        expect(
          check(
            MODES.map((mode): Case => ({
              text: `fma.${mode}.${type} %d, %0, %1, %2;`,
              result: type,
              operands: [type, type, type],
              expected: (a = 0n, b = 0n, c = 0n) => reference.fma(a, b, c, format, mode),
              inputs: [...(mode === "rn" ? special : []), ...adversarial(format, mode === "rn" ? 12_000 : 3_000, 11)],
            })),
            fused,
          ),
        ).toEqual([]);
      }
    });
  }

  test("two floats in 64 bits, each by itself: add, sub, mul and fma", () => {
    const low = (bits: bigint): bigint => unsigned(bits, 32);
    const high = (bits: bigint): bigint => bits >> 32n;
    const samples = reference.floatSamples(single, 9).filter((bits) => !reference.isNaNBits(bits, single));
    // Infinities and what makes NaNs of them are tested for single floats.
    const finite = samples.filter((bits) => (bits & 0x7fff_ffffn) < 0x7f00_0000n);
    const pairs = finite.flatMap((a, at) =>
      finite.map((b, other) => [(a << 32n) | b, ((finite[other] ?? 0n) << 32n) | (finite[at] ?? 0n)]),
    );
    const negative = (bits: bigint): bigint => bits ^ 0x8000_0000n;
    const each = (text: string, compute: (a: bigint, b: bigint) => bigint): Case => ({
      text,
      result: "b64",
      operands: ["b64", "b64"],
      inputs: pairs,
      expected: (a = 0n, b = 0n) => (compute(high(a), high(b)) << 32n) | compute(low(a), low(b)),
    });
    const flushed = (bits: bigint): bigint => reference.flush(bits, single);
    for (const fused of [false, true])
      expect(
        check(
          [
            ...(["rn", "rz", "rm", "rp"] as const).flatMap((mode) => [
              each(`add.${mode}.f32x2 %d, %0, %1;`, (a, b) => reference.add(a, b, single, mode)),
              each(`sub.${mode}.f32x2 %d, %0, %1;`, (a, b) => reference.add(a, negative(b), single, mode)),
              each(`mul.${mode}.f32x2 %d, %0, %1;`, (a, b) => reference.multiply(a, b, single, mode)),
              each(`fma.${mode}.f32x2 %d, %0, %1, %0;`, (a, b) => reference.fma(a, b, a, single, mode)),
            ]),
            each("add.f32x2 %d, %0, %1;", (a, b) => reference.add(a, b, single)),
            each("mul.ftz.f32x2 %d, %0, %1;", (a, b) => flushed(reference.multiply(flushed(a), flushed(b), single))),
            each("setp.lt.u64 %p, %0, %1; mov.b64 %d, %0; @%p add.rn.f32x2 %d, %d, %1;", (a) => a),
          ].map((one, at, all) =>
            at < all.length - 1
              ? one
              : {
                  ...one,
                  expected: (a = 0n, b = 0n) =>
                    a < b ? (reference.add(high(a), high(b), single) << 32n) | reference.add(low(a), low(b), single) : a,
                },
          ),
          fused,
        ),
      ).toEqual([]);
  });

  test("add, sub, mul, div, rcp and sqrt in their roundings", () => {
    for (const [type, format] of FLOATS) {
      const sign = 1n << BigInt(format.bits - 1);
      const one = reference.fromInteger(1n, format);
      const pairs = [...inputsOf([type, type]), ...adversarial(format, 500, 5).map(([a = 0n, b = 0n]) => [a, b])];
      const two = (name: string, modes: readonly Mode[], compute: (a: bigint, b: bigint, mode: Mode) => bigint): Case[] =>
        modes.map((mode) => ({
          text: `${name}.${mode}.${type} %d, %0, %1;`,
          result: type,
          operands: [type, type],
          inputs: pairs,
          expected: (a = 0n, b = 0n) => compute(a, b, mode),
        }));
      const modes = MODES;
      expect(
        check([
          ...two("add", MODES, (a, b, mode) => reference.add(a, b, format, mode)),
          ...two("sub", MODES, (a, b, mode) => reference.add(a, b ^ sign, format, mode)),
          ...two("mul", MODES, (a, b, mode) => reference.multiply(a, b, format, mode)),
          ...two("div", modes, (a, b, mode) => reference.divide(a, b, format, mode)),
          ...modes.flatMap((mode): Case[] => [
            {
              text: `rcp.${mode}.${type} %d, %0;`,
              result: type,
              operands: [type],
              expected: (a = 0n) => reference.divide(one, a, format, mode),
            },
            {
              text: `sqrt.${mode}.${type} %d, %0;`,
              result: type,
              operands: [type],
              expected: (a = 0n) => reference.squareRoot(a, format, mode),
            },
          ]),
        ]),
      ).toEqual([]);
    }
  });

  test(".ftz makes subnormal operands and results zero, and .sat clamps", () => {
    const flushed = (bits: bigint): bigint => reference.flush(bits, single);
    const saturated = (bits: bigint): bigint => {
      const one = 0x3f80_0000n;
      if (reference.isNaNBits(bits, single) || bits >> 31n === 1n) return 0n;
      return bits > one ? one : bits;
    };
    expect(
      check([
        {
          text: "add.ftz.f32 %d, %0, %1;",
          result: "f32",
          operands: ["f32", "f32"],
          expected: (a = 0n, b = 0n) => flushed(reference.add(flushed(a), flushed(b), single)),
        },
        {
          text: "mul.ftz.f32 %d, %0, %1;",
          result: "f32",
          operands: ["f32", "f32"],
          expected: (a = 0n, b = 0n) => flushed(reference.multiply(flushed(a), flushed(b), single)),
        },
        {
          text: "fma.rn.ftz.sat.f32 %d, %0, %1, %1;",
          result: "f32",
          operands: ["f32", "f32"],
          expected: (a = 0n, b = 0n) => saturated(flushed(reference.fma(flushed(a), flushed(b), flushed(b), single))),
        },
        {
          text: "add.sat.f32 %d, %0, %1;",
          result: "f32",
          operands: ["f32", "f32"],
          expected: (a = 0n, b = 0n) => saturated(reference.add(a, b, single)),
        },
        {
          text: "mul.sat.f32 %d, %0, %1;",
          result: "f32",
          operands: ["f32", "f32"],
          expected: (a = 0n, b = 0n) => saturated(reference.multiply(a, b, single)),
        },
      ]),
    ).toEqual([]);
  });

  test("min and max prefer numbers to NaN, and -0 is below +0; abs, neg and copysign only touch the sign", () => {
    for (const [type, format] of FLOATS) {
      const sign = 1n << BigInt(format.bits - 1);
      const order = (bits: bigint): bigint => ((bits & sign) === 0n ? bits : -1n - (bits & (sign - 1n)));
      const pick = (a: bigint, b: bigint, less: boolean): bigint => {
        if (reference.isNaNBits(a, format)) return b;
        if (reference.isNaNBits(b, format)) return a;
        return order(a) < order(b) === less ? a : b;
      };
      expect(
        check([
          { text: `min.${type} %d, %0, %1;`, result: type, operands: [type, type], expected: (a = 0n, b = 0n) => pick(a, b, true) },
          { text: `max.${type} %d, %0, %1;`, result: type, operands: [type, type], expected: (a = 0n, b = 0n) => pick(a, b, false) },
          { text: `abs.${type} %d, %0;`, result: type, operands: [type], expected: (a = 0n) => a & (sign - 1n) },
          { text: `neg.${type} %d, %0;`, result: type, operands: [type], expected: (a = 0n) => a ^ sign },
          {
            text: `copysign.${type} %d, %0, %1;`,
            result: type,
            operands: [type, type],
            expected: (a = 0n, b = 0n) => (a & sign) | (b & (sign - 1n)),
          },
        ]),
      ).toEqual([]);
    }
  });

  test("testp tells the classes apart", () => {
    const rule: Record<string, (bits: bigint) => boolean> = {
      finite: (bits) => reference.decode(bits, single).kind === "finite",
      infinite: (bits) => reference.decode(bits, single).kind === "infinite",
      number: (bits) => !reference.isNaNBits(bits, single),
      notanumber: (bits) => reference.isNaNBits(bits, single),
      normal: (bits) => reference.decode(bits, single).kind === "finite" && (bits & 0x7fff_ffffn) >= 0x0080_0000n,
      subnormal: (bits) => (bits & 0x7fff_ffffn) !== 0n && (bits & 0x7fff_ffffn) < 0x0080_0000n,
    };
    expect(
      check(
        Object.entries(rule).map(([name, holds]): Case => ({
          text: `testp.${name}.f32 %d, %0;`,
          result: "pred",
          operands: ["f32"],
          expected: (a = 0n) => (holds(a) ? 1n : 0n),
        })),
      ),
    ).toEqual([]);
  });

  test.each(["reference", "vector"] as const)("the approximations of the %s form are within the manual's bounds", (compiler) => {
    const view = new DataView(new ArrayBuffer(4));
    const number = (bits: bigint): number => {
      view.setUint32(0, Number(bits));
      return view.getFloat32(0);
    };
    const within = (name: string, compute: (x: number) => number, bound: (exact: number) => number, range: [number, number]): void => {
      const inputs = Array.from({ length: 500 }, (_, i) => {
        view.setFloat32(0, range[0] + ((range[1] - range[0]) * (i + 0.5)) / 500);
        return [BigInt(view.getUint32(0))];
      });
      const [results = []] = evaluate([{ text: `${name} %d, %0;`, result: "f32", operands: ["f32"], inputs }], { compiler });
      for (const [i, [bits = 0n]] of inputs.entries()) {
        const exact = compute(number(bits));
        expect(Math.abs(number(results[i] ?? 0n) - exact)).toBeLessThanOrEqual(bound(exact));
      }
    };
    within("sin.approx.f32", Math.sin, () => 2 ** -20.5, [-Math.PI, Math.PI]);
    within("cos.approx.f32", Math.cos, () => 2 ** -20.5, [-Math.PI, Math.PI]);
    within(
      "ex2.approx.f32",
      (x) => 2 ** x,
      (exact) => exact * 2 ** -22,
      [-20, 20],
    );
    within("lg2.approx.f32", Math.log2, () => 2 ** -22, [0.5, 2]);
    within(
      "rsqrt.approx.f32",
      (x) => 1 / Math.sqrt(x),
      (exact) => exact * 2 ** -22.9,
      [0.01, 1000],
    );
    within(
      "rcp.approx.f32",
      (x) => 1 / x,
      (exact) => Math.abs(exact) * 2 ** -23,
      [0.01, 1000],
    );
    within("tanh.approx.f32", Math.tanh, () => 2 ** -11, [-5, 5]);
  });
});

describe("comparisons:", () => {
  const INTEGER_RULES: Record<string, (a: bigint, b: bigint) => boolean> = {
    eq: (a, b) => a === b,
    ne: (a, b) => a !== b,
    lt: (a, b) => a < b,
    le: (a, b) => a <= b,
    gt: (a, b) => a > b,
    ge: (a, b) => a >= b,
  };

  test("setp of integers in every type", () => {
    expect(
      check(
        INTEGERS.flatMap((type) =>
          Object.entries(INTEGER_RULES).map(([name, holds]): Case => ({
            text: `setp.${name}.${type} %d, %0, %1;`,
            result: "pred",
            operands: [type, type],
            expected: (a = 0n, b = 0n) => (holds(valueOf(a, type), valueOf(b, type)) ? 1n : 0n),
          })),
        ),
      ),
    ).toEqual([]);
    const unsignedNames = { lo: "lt", ls: "le", hi: "gt", hs: "ge" } as const;
    expect(
      check(
        Object.entries(unsignedNames).map(([name, rule]): Case => ({
          text: `setp.${name}.u32 %d, %0, %1;`,
          result: "pred",
          operands: ["u32", "u32"],
          expected: (a = 0n, b = 0n) => (INTEGER_RULES[rule]?.(a, b) ? 1n : 0n),
        })),
      ),
    ).toEqual([]);
  });

  test("setp of floats, ordered and unordered", () => {
    for (const [type, format] of FLOATS) {
      const sign = 1n << BigInt(format.bits - 1);
      const order = (bits: bigint): bigint => ((bits & sign) === 0n ? bits : -(bits & (sign - 1n)));
      const cases = Object.entries(INTEGER_RULES).flatMap(([name, holds]): Case[] => {
        const of = (suffix: string, unordered: boolean): Case => ({
          text: `setp.${name}${suffix}.${type} %d, %0, %1;`,
          result: "pred",
          operands: [type, type],
          expected: (a = 0n, b = 0n) => {
            const nan = reference.isNaNBits(a, format) || reference.isNaNBits(b, format);
            return (nan ? unordered : holds(order(a), order(b))) ? 1n : 0n;
          },
        });
        return [of("", false), of("u", true)];
      });
      const nan = (a: bigint, b: bigint): boolean => reference.isNaNBits(a, format) || reference.isNaNBits(b, format);
      expect(
        check([
          ...cases,
          {
            text: `setp.num.${type} %d, %0, %1;`,
            result: "pred",
            operands: [type, type],
            expected: (a = 0n, b = 0n) => (nan(a, b) ? 0n : 1n),
          },
          {
            text: `setp.nan.${type} %d, %0, %1;`,
            result: "pred",
            operands: [type, type],
            expected: (a = 0n, b = 0n) => (nan(a, b) ? 1n : 0n),
          },
        ]),
      ).toEqual([]);
    }
  });

  test("the results combine with a predicate, and the second one is the opposite", () => {
    const combine = {
      and: (x: boolean, y: boolean) => x && y,
      or: (x: boolean, y: boolean) => x || y,
      xor: (x: boolean, y: boolean) => x !== y,
    };
    expect(
      check(
        Object.entries(combine).flatMap(([name, compute]): Case[] =>
          [false, true].flatMap((inverted): Case[] => [
            {
              text: `setp.lt.${name}.s32 %d|%q, %0, %1, ${inverted ? "!" : ""}%2;`,
              result: "pred",
              operands: ["s32", "s32", "pred"],
              expected: (a = 0n, b = 0n, c = 0n) => (compute(signed(a, 32) < signed(b, 32), (c === 1n) !== inverted) ? 1n : 0n),
            },
            {
              text: `setp.lt.${name}.s32 %p|%d, %0, %1, ${inverted ? "!" : ""}%2;`,
              result: "pred",
              operands: ["s32", "s32", "pred"],
              expected: (a = 0n, b = 0n, c = 0n) => (compute(signed(a, 32) >= signed(b, 32), (c === 1n) !== inverted) ? 1n : 0n),
            },
          ]),
        ),
      ),
    ).toEqual([]);
  });

  test("set, selp and slct", () => {
    expect(
      check([
        {
          text: "set.gt.u32.s32 %d, %0, %1;",
          result: "u32",
          operands: ["s32", "s32"],
          expected: (a = 0n, b = 0n) => (signed(a, 32) > signed(b, 32) ? 0xffff_ffffn : 0n),
        },
        {
          text: "set.eq.f32.u32 %d, %0, %1;",
          result: "f32",
          operands: ["u32", "u32"],
          expected: (a = 0n, b = 0n) => (a === b ? 0x3f80_0000n : 0n),
        },
        {
          text: "selp.b64 %d, %0, %1, %2;",
          result: "b64",
          operands: ["b64", "b64", "pred"],
          expected: (a = 0n, b = 0n, p = 0n) => (p === 1n ? a : b),
        },
        {
          text: "selp.f32 %d, %0, %1, !%2;",
          result: "f32",
          operands: ["f32", "f32", "pred"],
          expected: (a = 0n, b = 0n, p = 0n) => (p === 1n ? b : a),
        },
        {
          text: "slct.u32.s32 %d, %0, %1, %2;",
          result: "u32",
          operands: ["u32", "u32", "s32"],
          expected: (a = 0n, b = 0n, c = 0n) => (signed(c, 32) >= 0n ? a : b),
        },
      ]),
    ).toEqual([]);
  });
});

describe("cvt:", () => {
  const all = ["u8", "s8", "u16", "s16", "u32", "s32", "u64", "s64"] as const;
  const register = (type: string): ScalarType => (widthOf(type) < 16 ? "b16" : (`b${widthOf(type)}` as ScalarType));
  const low = (type: string): bigint => (isSignedType(type) ? -(1n << BigInt(widthOf(type) - 1)) : 0n);
  const high = (type: string): bigint => (isSignedType(type) ? (1n << BigInt(widthOf(type) - 1)) - 1n : (1n << BigInt(widthOf(type))) - 1n);
  /** A narrow result fills its register by its sign. */
  const stored = (value: bigint, type: string): bigint => unsigned(valueOf(unsigned(value, widthOf(type)), type), widthOf(register(type)));

  test("between integers, wrapping and saturating", () => {
    const pairs = all.flatMap((to) => all.map((from) => [to, from] as const));
    expect(
      check(
        pairs.flatMap(([to, from]): Case[] => [
          {
            text: `cvt.${to}.${from} %d, %0;`,
            result: register(to),
            operands: [register(from)],
            expected: (a = 0n) => stored(valueOf(a, from), to),
          },
          {
            text: `cvt.sat.${to}.${from} %d, %0;`,
            result: register(to),
            operands: [register(from)],
            expected: (a = 0n) => {
              const value = valueOf(a, from);
              return stored(value < low(to) ? low(to) : value > high(to) ? high(to) : value, to);
            },
          },
        ]),
      ),
    ).toEqual([]);
  });

  test("between registers that are wider than the types", () => {
    expect(
      check([
        { text: "cvt.u16.u32 %d, %0;", result: "b64", operands: ["b32"], expected: (a = 0n) => unsigned(a, 16) },
        { text: "cvt.s32.s8 %d, %0;", result: "b32", operands: ["b32"], expected: (a = 0n) => unsigned(signed(a, 8), 32) },
        { text: "cvt.s16.s64 %d, %0;", result: "b64", operands: ["b64"], expected: (a = 0n) => unsigned(signed(a, 16), 64) },
      ]),
    ).toEqual([]);
  });

  test("from integers to floats in every rounding", () => {
    expect(
      check(
        all.flatMap((from) =>
          FLOATS.flatMap(([to, format]) =>
            MODES.map((mode): Case => ({
              text: `cvt.${mode}.${to}.${from} %d, %0;`,
              result: to,
              operands: [register(from)],
              expected: (a = 0n) => reference.fromInteger(valueOf(a, from), format, mode),
              ...(widthOf(from) === 64
                ? {
                    inputs: [
                      ...integerSamples(64),
                      0x20_0000_0000_0001n,
                      0x7fff_ffff_ffff_fdffn,
                      0x7fff_ffff_ffff_fe00n,
                      0xffff_ffff_ffff_f800n,
                      0x8000_0000_8000_0001n,
                    ].map((value) => [value]),
                  }
                : {}),
            })),
          ),
        ),
      ),
    ).toEqual([]);
  });

  test("from floats to integers in every rounding: clamped, and NaN as the manual says", () => {
    const roundings = { rni: "rn", rzi: "rz", rmi: "rm", rpi: "rp" } as const;
    expect(
      check(
        all.flatMap((to) =>
          FLOATS.flatMap(([from, format]) =>
            Object.entries(roundings).map(([name, mode]): Case => ({
              text: `cvt.${name}.${to}.${from} %d, %0;`,
              result: register(to),
              operands: [from],
              inputs: [
                ...floatSamples(format, 20),
                ...[0.5, 1.5, 2.5, -0.5, -1.5, 127.5, 128.5, -129, 255.5, 65535.5, 2 ** 31 - 0.5, 2 ** 32].map((x) =>
                  reference.convert(doubleBits(x), double, format),
                ),
              ].map((a) => [a]),
              expected: (a = 0n) => {
                const whenNaN = from === "f64" || widthOf(to) === 64 ? 1n << BigInt(widthOf(to) - 1) : 0n;
                return stored(reference.toInteger(a, format, mode, low(to), high(to), whenNaN), to);
              },
            })),
          ),
        ),
      ),
    ).toEqual([]);
  });

  test("between floats: narrowing in every rounding, widening, and rounding to integers in place", () => {
    const integral = (a: bigint, format: Format, mode: Mode): bigint => {
      const x = reference.decode(a, format);
      if (x.kind !== "finite" || x.exponent >= 0) return a;
      const value = reference.toInteger(a, format, mode, -(1n << 200n), 1n << 200n, 0n);
      // A zero keeps the sign of what it came from.
      return value === 0n ? a & (1n << BigInt(format.bits - 1)) : reference.fromInteger(value, format);
    };
    expect(
      check([
        ...MODES.map((mode): Case => ({
          text: `cvt.${mode}.f32.f64 %d, %0;`,
          result: "f32",
          operands: ["f64"],
          inputs: narrowing.map((a) => [a]),
          expected: (a = 0n) => reference.convert(a, double, single, mode),
        })),
        { text: "cvt.f64.f32 %d, %0;", result: "f64", operands: ["f32"], expected: (a = 0n) => reference.convert(a, single, double) },
        ...FLOATS.flatMap(([type, format]) =>
          (["rni", "rzi", "rmi", "rpi"] as const).map((name): Case => ({
            text: `cvt.${name}.${type}.${type} %d, %0;`,
            result: type,
            operands: [type],
            expected: (a = 0n) => integral(a, format, `${name[0]}${name[1]}` as Mode),
          })),
        ),
      ]),
    ).toEqual([]);
  });

  test("to and from half", () => {
    const halves = Array.from({ length: 1 << 16 }, (_, bits) => BigInt(bits)).filter((bits) => bits % 7n === 0n || (bits & 0x3ffn) < 3n);
    expect(
      check([
        {
          text: "cvt.f32.f16 %d, %0;",
          result: "f32",
          operands: ["b16"],
          inputs: halves.map((a) => [a]),
          expected: (a = 0n) => reference.convert(a, half, single),
        },
      ]),
    ).toEqual([]);
    const inputs = [
      ...floatSamples(single, 300),
      ...halves
        .filter((_, i) => i % 9 === 0)
        .flatMap((a) => [0n, 1n, 0x1000n, 0x0fffn, 0x1001n].map((extra) => reference.convert(a, half, single) + extra)),
    ];
    const numbers = inputs.filter((a) => !reference.isNaNBits(a, single));
    expect(
      check(
        MODES.map((mode): Case => ({
          text: `cvt.${mode}.f16.f32 %d, %0;`,
          result: "b16",
          operands: ["f32"],
          inputs: numbers.map((a) => [a]),
          expected: (a = 0n) => reference.convert(a, single, half, mode),
        })),
      ),
    ).toEqual([]);
  });
});

function doubleBits(value: number): bigint {
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, value);
  return view.getBigUint64(0);
}

/** Doubles at, beside and half way between floats, subnormal ones too. */
const narrowing = floatSamples(single, 60)
  .filter((a) => !reference.isNaNBits(a, single))
  .map((a) => reference.convert(a, single, double))
  .flatMap((a) => [a, a + 1n, a - 1n, a + 0x1000_0000n, a + 0x1000_0001n, a + 0x0fff_ffffn].map((bits) => BigInt.asUintN(64, bits)));
