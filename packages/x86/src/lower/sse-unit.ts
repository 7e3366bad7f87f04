import { CPU_BLOCK, GUEST_BASE, type GuestMemory } from "@decant/memory";
import { CPU } from "../cpu-block.ts";
import {
  add, divide, fromFormat, fromInteger, isNan, isSignalling, multiply, negate, order, quiet, RAISED, Rounding, roundToInteger, squareRoot, toDouble, toInteger, toSingle, zero,
  type Extended,
} from "./extended.ts"; // prettier-ignore
import { MXCSR, UNMASKED } from "./mxcsr.ts";

/** What `sseUnit` computes: of `lanes` of `bits`, or conversions. */
export const SSE_OPERATION = {
  add: 0, subtract: 1, multiply: 2, divide: 3, squareRoot: 4, minimum: 5, maximum: 6,
  /** Of neighbours: subtracted and added in turns; or each two of the first operand, then of the second. */
  addSubtract: 7, addPairs: 8, subtractPairs: 9,
  /** By the immediate: the direction, and whether what is lost is told. */
  round: 10,
  /** Masks by the predicate in the immediate; or only what is raised, with 1 as the immediate where a quiet NaN is invalid. */
  compare: 11, order: 12,
  /** Of floats or doubles (bits) to integers, rounded as MXCSR says or truncated. */
  toInteger32: 13, toInteger64: 14, truncate32: 15, truncate64: 16,
  /** To floats or doubles (bits). */
  fromInteger32: 17, fromInteger64: 18, toSingle: 19, toDouble: 20,
  /** dpps and dppd, by the immediate. */
  dot: 21,
} as const; // prettier-ignore

/** Cuts to 64 bits so that rounding once more to fewer bits is as rounding once: a lost remainder makes the last bit 1 (Boldo and Melquiond 2008). */
class RoundingToOdd extends Rounding {
  override roundsUp(_sign: 0 | 1, isOdd: boolean): boolean {
    return !isOdd;
  }
}

type Width = 32 | 64;

/** Exceptions that keep an operation from being done; the others come with its result. */
const BEFORE = RAISED.invalid | RAISED.denormal | RAISED.zeroDivide;
const AFTER = RAISED.overflow | RAISED.underflow | RAISED.precision;
const TO_NEAREST_64 = 0x300;
const SCRATCH_AT = [CPU.fpScratch, CPU.fpScratch + 16] as const;

/**
 * The vectors' floating point as MXCSR asks for it: rounding, denormals as zeros, tiny results as zeros, the flags of what was raised, and an exception
 * where one is not masked (`trap`, which throws; the operands stay). The first operand is in the scratch place, the second sixteen bytes further; the
 * result comes into the first. `count` is how many lanes, and the immediate above its low byte.
 */
export function sseUnit(
  memory: Pick<GuestMemory, "wasm">,
  trap: (unmasked: number, rip: number) => never,
): (operation: number, bits: number, count: number, rip: number) => void {
  const view = new DataView(memory.wasm.buffer, CPU_BLOCK - GUEST_BASE, 0x300);
  const [first, second] = SCRATCH_AT;
  let mxcsr = 0;
  let raised = 0;
  const direction = (): number => ((mxcsr >> 13) & 3) << 10;
  const readRaw = (at: number, bits: Width, lane: number): bigint =>
    bits === 64 ? view.getBigUint64(at + 8 * lane, true) : BigInt(view.getUint32(at + 4 * lane, true));
  const writeRaw = (bits: Width, lane: number, value: bigint): void => {
    if (bits === 64) view.setBigUint64(first + 8 * lane, value, true);
    else view.setUint32(first + 4 * lane, Number(value), true);
  };
  /** An operand; a denormal one is a zero where MXCSR says so. */
  const operand = (raw: bigint, bits: Width): Extended => {
    const x = fromFormat(raw, bits);
    return x.isDenormal === true && (mxcsr & MXCSR.denormalsAreZeros) !== 0 ? zero(x.sign) : x;
  };
  const read = (at: number, bits: Width, lane: number): Extended => operand(readRaw(at, bits, lane), bits);

  /** What rounding to a format raises: where an overflow or a tiny result is not masked, it is the rounding of a number without limits that may lose something. */
  const told = (rounding: Rounding): number => {
    const flags = rounding.raised & (AFTER | RAISED.invalid);
    const overflows = (flags & RAISED.overflow) !== 0 && (mxcsr & MXCSR.overflowMask) === 0;
    const underflows = rounding.isTiny && (mxcsr & MXCSR.underflowMask) === 0;
    if (!overflows && !underflows) return flags;
    return (flags & ~RAISED.precision) | (underflows ? RAISED.underflow : 0) | (rounding.isCut ? RAISED.precision : 0);
  };

  /** The bits that a number is rounded to. */
  const toBits = (x: Extended, bits: Width): bigint => {
    const rounding = new Rounding(direction());
    const value = bits === 64 ? toDouble(x, rounding) : toSingle(x, rounding);
    raised |= told(rounding);
    if (rounding.isTiny && (mxcsr & (MXCSR.flushToZero | MXCSR.underflowMask)) === (MXCSR.flushToZero | MXCSR.underflowMask)) {
      raised |= RAISED.underflow | RAISED.precision;
      return BigInt(x.sign) << BigInt(bits - 1);
    }
    return value;
  };

  /** A result before it is rounded to its format. Of two NaNs it is the first, unlike the x87's. */
  const compute = (operation: number, a: Extended, b: Extended): Extended => {
    const operands = operation === SSE_OPERATION.squareRoot ? [b] : [a, b];
    const nan = operands.find(isNan);
    if (nan !== undefined) {
      if (operands.some(isSignalling)) raised |= RAISED.invalid;
      return quiet(nan);
    }
    const rounding = new RoundingToOdd(TO_NEAREST_64 | direction());
    const result = arithmetic(operation, a, b, rounding);
    raised |= rounding.raised & BEFORE;
    return result;
  };

  const rounded = (operation: number, a: Extended, b: Extended, bits: Width): bigint => toBits(compute(operation, a, b), bits);

  /** The smaller or larger; the second where they are equal, or one is a NaN. */
  const extremum = (isMinimum: boolean, bits: Width, lane: number): bigint => {
    const pick = (at: number): bigint => {
      const raw = readRaw(at, bits, lane);
      return isNan(fromFormat(raw, bits)) ? raw : exactBits(operand(raw, bits), bits);
    };
    const order = compared(read(first, bits, lane), read(second, bits, lane), false);
    return pick(order !== undefined && order !== 0 && order < 0 === isMinimum ? first : second);
  };

  /** -1, 0, 1, or undefined where there is no order. */
  const compared = (a: Extended, b: Extended, isQuiet: boolean): number | undefined => {
    const rounding = new Rounding(0);
    const result = order(a, b, isQuiet, rounding);
    raised |= rounding.raised;
    return result;
  };

  /** Whether a predicate of 0 to 7 holds: eq lt le unord neq nlt nle ord. */
  const holds = (predicate: number, bits: Width, lane: number): boolean => {
    const base = predicate & 3;
    const result = compared(read(first, bits, lane), read(second, bits, lane), base === 0 || base === 3);
    const isTrue = base === 3 ? result === undefined : result !== undefined && (base === 0 ? result === 0 : result < (base === 1 ? 0 : 1));
    return isTrue !== (predicate & 4) > 0;
  };

  const pairs = (operation: number, bits: Width): void => {
    const count = 128 / bits;
    const all = [first, second].flatMap((at) => Array.from({ length: count }, (_, lane) => read(at, bits, lane)));
    for (let n = 0; n < count; n++) writeRaw(bits, n, rounded(operation, all[2 * n]!, all[2 * n + 1]!, bits));
  };

  const integer = (bits: Width, lane: number, { width, truncates }: { width: Width; truncates: boolean }): bigint => {
    const rounding = new Rounding(truncates ? 0xc00 : direction());
    const result = toInteger(read(second, bits, lane), width, rounding);
    raised |= rounding.raised & (RAISED.invalid | RAISED.precision);
    return result;
  };

  const roundLane = (immediate: number, bits: Width, lane: number): bigint => {
    const x = read(second, bits, lane);
    if (isNan(x)) return toBits(x, bits);
    const rounding = new Rounding(TO_NEAREST_64 | ((immediate & 4) !== 0 ? direction() : (immediate & 3) << 10));
    const result = roundToInteger(x, rounding);
    if ((immediate & 8) === 0) raised |= rounding.raised & RAISED.precision;
    return exactBits(result, bits);
  };

  /** Products of the lanes that bits 4 and up of the immediate name, summed in pairs, to the lanes that bits 0 and up name; the others become 0. */
  const dot = (bits: Width, immediate: number, rip: number): void => {
    const count = 128 / bits;
    const product = (lane: number): bigint => rounded(SSE_OPERATION.multiply, read(first, bits, lane), read(second, bits, lane), bits);
    let sums = Array.from({ length: count }, (_, lane) => ((immediate >> (4 + lane)) & 1 ? product(lane) : 0n));
    settle(rip);
    while (sums.length > 1) {
      const terms = sums.map((raw) => operand(raw, bits));
      sums = Array.from({ length: terms.length / 2 }, (_, n) => rounded(SSE_OPERATION.add, terms[2 * n]!, terms[2 * n + 1]!, bits));
      settle(rip);
    }
    for (let n = 0; n < count; n++) writeRaw(bits, n, (immediate >> n) & 1 ? sums[0]! : 0n);
  };

  const convert = (operation: number, bits: Width, lanes: number): void => {
    const { toInteger64, truncate32, truncate64, fromInteger64, toSingle: narrow, toDouble: widen } = SSE_OPERATION;
    if (operation <= truncate64) {
      const width = operation === toInteger64 || operation === truncate64 ? 64 : 32;
      const results = Array.from({ length: lanes }, (_, n) => integer(bits, n, { width, truncates: operation >= truncate32 }));
      if (width === 64) return view.setBigInt64(first, results[0]!, true);
      for (let n = 0; n < 4; n++) view.setInt32(first + 4 * n, Number(results[n] ?? 0n), true);
      return;
    }
    if (operation === fromInteger64) return writeRaw(bits, 0, toBits(fromInteger(view.getBigInt64(second, true)), bits));
    const words = Array.from({ length: lanes }, (_, n) => BigInt(view.getInt32(second + 4 * n, true)));
    const sources = operation === narrow || operation === widen ? words.map((_, n) => read(second, bits, n)) : words.map(fromInteger);
    if (sources.some((x) => x.isDenormal === true)) raised |= RAISED.denormal;
    const to = operation === narrow ? 32 : operation === widen ? 64 : bits;
    sources.forEach((x, n) => writeRaw(to, n, toBits(x, to)));
  };

  /** Says what was raised so far, and raises the exception of what is not masked. */
  const settle = (rip: number): void => {
    const unmasked = ~(mxcsr >> 7);
    if ((raised & BEFORE & unmasked) !== 0) raised &= BEFORE;
    mxcsr |= raised;
    view.setUint32(CPU.mxcsr, mxcsr, true);
    if ((raised & unmasked) !== 0) trap(UNMASKED.sse + (raised & unmasked), rip);
  };

  const lane = (operation: number, bits: Width, n: number, immediate: number): bigint => {
    const { minimum, maximum, compare, round, addSubtract, subtract } = SSE_OPERATION;
    if (operation === minimum || operation === maximum) return extremum(operation === minimum, bits, n);
    if (operation === compare) return holds(immediate, bits, n) ? (1n << BigInt(bits)) - 1n : 0n;
    if (operation === round) return roundLane(immediate, bits, n);
    const actual = operation === addSubtract ? (n % 2 === 0 ? subtract : SSE_OPERATION.add) : operation;
    return rounded(actual, read(first, bits, n), read(second, bits, n), bits);
  };

  /** ucomiss and kin: what is compared comes back as it counts. */
  const compareOnly = (bits: Width, isSignalling: boolean): void => {
    const [a, b] = SCRATCH_AT.map((at) => read(at, bits, 0)) as [Extended, Extended];
    if (compared(a, b, !isSignalling) === undefined) return;
    writeRaw(bits, 0, exactBits(a, bits));
    const last = exactBits(b, bits);
    if (bits === 64) view.setBigUint64(second, last, true);
    else view.setUint32(second, Number(last), true);
  };

  return (operation, width, count, rip) => {
    const bits = width as Width;
    const [lanes, immediate] = [count & 0xff, count >> 8];
    mxcsr = view.getUint32(CPU.mxcsr, true);
    raised = 0;
    if (operation === SSE_OPERATION.dot) dot(bits, immediate, rip);
    else if (operation === SSE_OPERATION.order) compareOnly(bits, immediate === 1);
    else if (operation >= SSE_OPERATION.toInteger32) convert(operation, bits, lanes);
    else if (operation === SSE_OPERATION.addPairs) pairs(SSE_OPERATION.add, bits);
    else if (operation === SSE_OPERATION.subtractPairs) pairs(SSE_OPERATION.subtract, bits);
    else for (let n = 0; n < lanes; n++) writeRaw(bits, n, lane(operation, bits, n, immediate));
    settle(rip);
  };
}

function arithmetic(operation: number, a: Extended, b: Extended, rounding: Rounding): Extended {
  if (operation === SSE_OPERATION.add) return add(a, b, rounding);
  if (operation === SSE_OPERATION.subtract) return add(a, negate(b), rounding);
  if (operation === SSE_OPERATION.multiply) return multiply(a, b, rounding);
  if (operation === SSE_OPERATION.divide) return divide(a, b, rounding);
  return squareRoot(b, rounding);
}

/** The bits of a number that its format holds. */
function exactBits(x: Extended, bits: Width): bigint {
  return bits === 64 ? toDouble(x, new Rounding(0)) : toSingle(x, new Rounding(0));
}
