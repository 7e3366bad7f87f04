import { evaluate, type InstructionUnderTest } from "./evaluate.ts";
import type { ScalarType } from "./parse/types.ts";
import * as reference from "./reference.ts";
import { double, floatSamples, randomBits, single } from "./reference.ts";

const exactFeatures = { fusedMultiplyAdd: false };

/** An instruction, and what it must give for its operands' bits. */
export type Case = InstructionUnderTest & { expected(...operands: bigint[]): bigint; inputs?: readonly (readonly bigint[])[] };

export const signed = (value: bigint, bits: number): bigint => BigInt.asIntN(bits, value);
export const unsigned = (value: bigint, bits: number): bigint => BigInt.asUintN(bits, value);

export function integerSamples(bits: number): bigint[] {
  const top = 1n << BigInt(bits - 1);
  const next = randomBits(bits);
  const edges = [
    0n,
    1n,
    2n,
    3n,
    5n,
    7n,
    31n,
    32n,
    33n,
    63n,
    64n,
    255n,
    256n,
    top - 1n,
    top,
    top + 1n,
    2n * top - 2n,
    2n * top - 1n,
    top / 2n,
  ];
  return [...edges.map((value) => unsigned(value, bits)), ...Array.from({ length: 6 }, () => next(bits))];
}

function samplesOf(type: ScalarType, count: number): bigint[] {
  if (type === "pred") return [0n, 1n];
  if (type === "f32") return floatSamples(single, count);
  if (type === "f64") return floatSamples(double, count);
  return integerSamples(Number(/[0-9]+/.exec(type)?.[0] ?? 32));
}

/** All combinations of the operands' samples; of three, a selection. */
export function inputsOf(operands: readonly ScalarType[]): bigint[][] {
  const lists = operands.map((type) => samplesOf(type, 10));
  let tuples: bigint[][] = [[]];
  for (const list of lists) tuples = tuples.flatMap((tuple) => list.map((value) => [...tuple, value]));
  const step = Math.max(1, Math.floor(tuples.length / 4000)) | 1;
  return tuples.filter((_, index) => index % step === 0);
}

const hex = (value: bigint): string => `0x${value.toString(16)}`;

/** Runs cases by both forms, and compares each result; every NaN is as good as another. Tells the first that are wrong. */
export function check(cases: readonly Case[], fused = false): string[] {
  const listed = cases.map((one) => ({ ...one, inputs: one.inputs ?? inputsOf(one.operands) }));
  return (["reference", "vector"] as const).flatMap((compiler) => compare(listed, fused, compiler)).slice(0, 10);
}

function compare(
  listed: readonly (Case & { inputs: readonly (readonly bigint[])[] })[],
  fused: boolean,
  compiler: "reference" | "vector",
): string[] {
  const results = evaluate(listed, { features: { ...exactFeatures, fusedMultiplyAdd: fused }, compiler });
  const wrong: string[] = [];
  for (const [index, one] of listed.entries()) {
    for (const [row, tuple] of one.inputs.entries()) {
      const want = one.expected(...tuple);
      const got = results[index]?.[row] ?? -1n;
      const format = one.result === "f32" ? single : one.result === "f64" ? double : undefined;
      const bothNaN = format !== undefined && reference.isNaNBits(want, format) && reference.isNaNBits(got, format);
      if (want !== got && !bothNaN)
        wrong.push(`${compiler}: ${one.text} (${tuple.map(hex).join(", ")}): expected ${hex(want)}, found ${hex(got)}`);
    }
  }
  return wrong;
}

export const INTEGERS = ["u16", "s16", "u32", "s32", "u64", "s64"] as const;
type IntegerType = (typeof INTEGERS)[number];
export const widthOf = (type: string): number => Number(/[0-9]+/.exec(type)?.[0]);
export const isSignedType = (type: string): boolean => type.startsWith("s");
/** The value of bits as a type sees them. */
export const valueOf = (bits: bigint, type: string): bigint =>
  isSignedType(type) ? signed(bits, widthOf(type)) : unsigned(bits, widthOf(type));

export function binary(name: string, types: readonly IntegerType[], compute: (a: bigint, b: bigint, type: IntegerType) => bigint): Case[] {
  return types.map((type) => ({
    text: `${name}.${type} %d, %0, %1;`,
    result: type,
    operands: [type, type],
    expected: (a = 0n, b = 0n) => unsigned(compute(valueOf(a, type), valueOf(b, type), type), widthOf(type)),
  }));
}
