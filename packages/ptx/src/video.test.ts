import { describe, expect, test } from "vitest";
import { check, signed, unsigned, type Case } from "./instruction-cases.ts";
import { randomBits } from "./reference.ts";

type Word = "u32" | "s32";
const TYPES: readonly Word[] = ["u32", "s32"];
const min = (a: bigint, b: bigint): bigint => (a < b ? a : b);
const max = (a: bigint, b: bigint): bigint => (a > b ? a : b);

/** The part of a word that a selector names, as its type has it. */
function part(value: bigint, selector: string, type: Word): bigint {
  const [at, bits] = selector === "" ? [0, 32] : selector.startsWith("b") ? [8 * Number(selector[1]), 8] : [16 * Number(selector[1]), 16];
  const field = unsigned(value >> BigInt(at), bits);
  return type === "s32" ? signed(field, bits) : field;
}

function clampTo(value: bigint, bits: number, type: Word): bigint {
  const [low, high] = type === "s32" ? [-(1n << BigInt(bits - 1)), (1n << BigInt(bits - 1)) - 1n] : [0n, (1n << BigInt(bits)) - 1n];
  return min(max(value, low), high);
}

const operations: Record<string, (a: bigint, b: bigint) => bigint> = {
  vadd: (a, b) => a + b,
  vsub: (a, b) => a - b,
  vabsdiff: (a, b) => (a > b ? a - b : b - a),
  vmin: min,
  vmax: max,
  vavrg: (a, b) => (a + b >= 0n ? (a + b + 1n) >> 1n : (a + b) >> 1n),
};

const random = randomBits(77);
const corners = [0n, 1n, 0x7fn, 0x80n, 0xffn, 0x7fffn, 0x8000n, 0x7fff_ffffn, 0x8000_0000n, 0xffff_ffffn, 0x8080_7f7fn];
const triples = [
  ...corners.flatMap((a) => corners.map((b) => [a, b, 0x1234_5678n])),
  ...Array.from({ length: 150 }, () => [random(32), random(32), random(32)]),
];
const words: Pick<Case, "result" | "operands" | "inputs"> = { result: "b32", operands: ["b32", "b32", "b32"], inputs: triples };

describe("video instructions of one number:", () => {
  test("in every combination of types, with selectors, saturation, and what comes after", () => {
    const cases = ["vadd", "vsub", "vabsdiff", "vmin", "vmax"].flatMap((name) =>
      TYPES.flatMap((d) =>
        TYPES.flatMap((a) =>
          TYPES.flatMap((b): Case[] => {
            const compute = (x: bigint, y: bigint, xs: string, ys: string): bigint =>
              operations[name]?.(part(x, xs, a), part(y, ys, b)) ?? 0n;
            const word = (value: bigint): bigint => (d === "s32" ? signed(unsigned(value, 32), 32) : unsigned(value, 32));
            return [
              {
                ...words,
                text: `${name}.${d}.${a}.${b}.sat %d, %0.b1, %1.h1;`,
                expected: (x = 0n, y = 0n) => unsigned(clampTo(compute(x, y, "b1", "h1"), 32, d), 32),
              },
              {
                ...words,
                text: `${name}.${d}.${a}.${b}.add %d, %0, %1, %2;`,
                expected: (x = 0n, y = 0n, z = 0n) => unsigned(compute(x, y, "", "") + z, 32),
              },
              {
                ...words,
                text: `${name}.${d}.${a}.${b}.max %d, %0.h0, %1, %2;`,
                expected: (x = 0n, y = 0n, z = 0n) => unsigned(max(word(compute(x, y, "h0", "")), part(z, "", d)), 32),
              },
              {
                ...words,
                text: `${name}.${d}.${a}.${b}.sat %d.b2, %0.b0, %1.b3, %2;`,
                expected: (x = 0n, y = 0n, z = 0n) => (z & 0xff00_ffffn) | (unsigned(clampTo(compute(x, y, "b0", "b3"), 8, d), 8) << 16n),
              },
            ];
          }),
        ),
      ),
    );
    expect(check(cases)).toEqual([]);
  });

  test("shifts, comparisons, and products with sums", () => {
    const shift = (value: bigint, count: bigint, left: boolean, mode: string): bigint => {
      const n = mode === "wrap" ? count & 31n : min(count, 32n);
      return left ? value << n : value >> n;
    };
    const cases = [
      ...(["clamp", "wrap"] as const).flatMap((mode) =>
        (["vshl", "vshr"] as const).flatMap((name) =>
          TYPES.map((type): Case => ({
            ...words,
            inputs: triples.map(([a = 0n, b = 0n, c = 0n]) => [a, b & 0x3fn, c]),
            text: `${name}.${type}.${type}.u32.${mode}.add %d, %0, %1, %2;`,
            expected: (x = 0n, y = 0n, z = 0n) =>
              unsigned(signed(unsigned(shift(part(x, "", type), y, name === "vshl", mode), 32), 32) + z, 32),
          })),
        ),
      ),
      ...Object.entries({
        eq: (a: bigint, b: bigint) => a === b,
        lt: (a: bigint, b: bigint) => a < b,
        ge: (a: bigint, b: bigint) => a >= b,
      }).map(([name, holds]): Case => ({
        ...words,
        text: `vset.s32.u32.${name}.add %d, %0.b3, %1.b0, %2;`,
        expected: (x = 0n, y = 0n, z = 0n) => unsigned((holds(part(x, "b3", "s32"), part(y, "b0", "u32")) ? 1n : 0n) + z, 32),
      })),
      {
        ...words,
        text: "vmad.s32.s32.s32.sat.shr7 %d, %0.h0, %1.h1, -%2;",
        expected: (x = 0n, y = 0n, z = 0n) =>
          unsigned(clampTo((part(x, "h0", "s32") * part(y, "h1", "s32") - signed(z, 32)) >> 7n, 32, "s32"), 32),
      },
      {
        ...words,
        text: "vmad.s32.u32.s32.shr15 %d, -%0.b2, %1, %2;",
        expected: (x = 0n, y = 0n, z = 0n) => unsigned((signed(z, 32) - part(x, "b2", "u32") * signed(y, 32)) >> 15n, 32),
      },
      {
        ...words,
        text: "vmad.u32.u32.u32.po.sat %d, %0, %1, %2;",
        expected: (x = 0n, y = 0n, z = 0n) => min(x * y + z + 1n, 0xffff_ffffn),
      },
    ] satisfies Case[];
    expect(check(cases)).toEqual([]);
  });
});

describe("video instructions of two and four numbers:", () => {
  test("merged into, and added to, a third operand", () => {
    const lanes = (x: bigint, y: bigint, bits: number, selector: readonly number[], type: Word): bigint[] =>
      selector.map((at) => {
        const field = unsigned(((y << 32n) | x) >> BigInt(bits * at), bits);
        return type === "s32" ? signed(field, bits) : field;
      });
    const cases = [2, 4].flatMap((count) =>
      ["vadd", "vsub", "vavrg", "vabsdiff", "vmin", "vmax"].flatMap((name) =>
        TYPES.flatMap((type): Case[] => {
          const bits = 32 / count;
          const plain = Array.from({ length: count }, (_, i) => i);
          const other = plain.map((i) => i + count);
          const results = (x: bigint, y: bigint, a: readonly number[], b: readonly number[]): bigint[] =>
            lanes(x, y, bits, a, type).map((value, i) => operations[name]?.(value, lanes(x, y, bits, b, type)[i] ?? 0n) ?? 0n);
          const letter = count === 2 ? "h" : "b";
          const chosen = count === 2 ? [3, 0] : [7, 0, 2, 5];
          return [
            {
              ...words,
              text: `${name}${count}.${type}.${type}.${type}.sat %d, %0, %1, %2;`,
              expected: (x = 0n, y = 0n) =>
                results(x, y, plain, other).reduce(
                  (all, value, i) => all | (unsigned(clampTo(value, bits, type), bits) << BigInt(bits * i)),
                  0n,
                ),
            },
            {
              ...words,
              text: `${name}${count}.${type}.${type}.${type}.add %d, %0.${letter}${chosen.toReversed().join("")}, %1, %2;`,
              expected: (x = 0n, y = 0n, z = 0n) =>
                unsigned(
                  results(x, y, chosen, other).reduce((all, value) => all + value, z),
                  32,
                ),
            },
            {
              ...words,
              text: `${name}${count}.${type}.${type}.${type} %d.${letter}0, %0, %1, %2;`,
              expected: (x = 0n, y = 0n, z = 0n) => {
                const mask = (1n << BigInt(bits)) - 1n;
                return (z & ~mask & 0xffff_ffffn) | unsigned(results(x, y, plain, other)[0] ?? 0n, bits);
              },
            },
          ];
        }),
      ),
    );
    cases.push({
      ...words,
      text: "vset2.s32.s32.le.add %d, %0, %1, %2;",
      expected: (x = 0n, y = 0n, z = 0n) =>
        unsigned(
          [0, 1].reduce((all, i) => all + (part(x, `h${i}`, "s32") <= part(y, `h${i}`, "s32") ? 1n : 0n), z),
          32,
        ),
    });
    cases.push({
      ...words,
      text: "vset4.u32.s32.gt.add %d, %0, %1, %2;",
      expected: (x = 0n, y = 0n, z = 0n) =>
        unsigned(
          [0, 1, 2, 3].reduce((all, i) => all + (part(x, `b${i}`, "u32") > part(y, `b${i}`, "s32") ? 1n : 0n), z),
          32,
        ),
    });
    expect(check(cases)).toEqual([]);
  });
});

test("numbers of 16 bits, two at a time", () => {
  const pairs = (type: "u16x2" | "s16x2", compute: (a: bigint, b: bigint) => bigint): Case["expected"] => {
    const one = (value: bigint, at: bigint): bigint =>
      type === "s16x2" ? signed(unsigned(value >> at, 16), 16) : unsigned(value >> at, 16);
    return (x = 0n, y = 0n) => unsigned(compute(one(x, 0n), one(y, 0n)), 16) | (unsigned(compute(one(x, 16n), one(y, 16n)), 16) << 16n);
  };
  expect(
    check(
      (["u16x2", "s16x2"] as const)
        .flatMap((type): Case[] => [
          { ...words, text: `add.${type} %d, %0, %1;`, expected: pairs(type, (a, b) => a + b) },
          { ...words, text: `min.${type} %d, %0, %1;`, expected: pairs(type, min) },
          { ...words, text: `max.${type} %d, %0, %1;`, expected: pairs(type, max) },
        ])
        .concat([
          { ...words, text: "max.relu.s16x2 %d, %0, %1;", expected: pairs("s16x2", (a, b) => max(max(a, b), 0n)) },
          {
            ...words,
            text: "min.relu.s32 %d, %0, %1;",
            expected: (a = 0n, b = 0n) => unsigned(max(min(signed(a, 32), signed(b, 32)), 0n), 32),
          },
        ]),
    ),
  ).toEqual([]);
});

test("szext, fns and bmsk", () => {
  const counts = [0n, 1n, 5n, 31n, 32n, 33n, 64n, 0xffff_ffffn];
  const inputs = [...corners, ...Array.from({ length: 20 }, () => random(32))].flatMap((a) => counts.map((n) => [a, n]));
  const extend = (type: Word, mode: "clamp" | "wrap"): Case => ({
    text: `szext.${mode}.${type} %d, %0, %1;`,
    result: "b32",
    operands: ["b32", "u32"],
    inputs,
    expected: (a = 0n, n = 0n) => {
      const count = Number(mode === "wrap" ? n & 31n : min(n, 32n));
      const low = unsigned(a, count);
      return unsigned(type === "s32" && count > 0 ? signed(low, count) : low, 32);
    },
  });
  const offsets = [0n, 1n, 2n, 5n, 31n, 40n].flatMap((n) => [n, unsigned(-n, 32)]);
  expect(
    check([
      ...TYPES.flatMap((type) => [extend(type, "clamp"), extend(type, "wrap")]),
      {
        text: "bmsk.wrap.b32 %d, %0, %1;",
        result: "b32",
        operands: ["u32", "u32"],
        inputs,
        expected: (a = 0n, b = 0n) => unsigned(((1n << (b & 31n)) - 1n) << (a & 31n), 32),
      },
      {
        text: "fns.b32 %d, %0, %1, %2;",
        result: "b32",
        operands: ["b32", "b32", "s32"],
        inputs: [...corners, random(32), random(32)].flatMap((mask) =>
          [0n, 3n, 16n, 31n, 32n].flatMap((base) => offsets.map((n) => [mask, base, n])),
        ),
        // The manual's loop.
        expected: (mask = 0n, base = 0n, offset = 0n) => {
          const steps = signed(offset, 32);
          const bit = (at: bigint): boolean => at >= 0n && at < 32n && ((mask >> at) & 1n) === 1n;
          if (steps === 0n) return bit(base) ? base : 0xffff_ffffn;
          let count = (steps < 0n ? -steps : steps) - 1n;
          for (let at = base; at >= 0n && at < 32n; at += steps < 0n ? -1n : 1n) {
            if (!bit(at)) continue;
            if (count === 0n) return at;
            count--;
          }
          return 0xffff_ffffn;
        },
      },
    ]),
  ).toEqual([]);
});
