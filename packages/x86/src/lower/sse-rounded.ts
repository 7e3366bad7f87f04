import { CPU_BLOCK, GUEST_BASE, type GuestMemory } from "@decant/memory";
import { CPU } from "../cpu-block.ts";
import {
  add, divide, fromDouble, fromInteger, fromSingle, INDEFINITE, isNan, multiply, negate, quiet, Rounding, roundToInteger, squareRoot, toDouble, toInteger, toSingle,
  type Extended,
} from "./extended.ts"; // prettier-ignore

/** What `sseRounded` computes; `lanes` of `bits`, or conversions. */
export const ROUNDED = {
  add: 0, subtract: 1, multiply: 2, divide: 3, squareRoot: 4, addSubtract: 5, addPairs: 6, subtractPairs: 7, round: 8,
  /** Of floats or doubles (bits) to integers of 32 bits, or of 64. */
  toInteger32: 9, toInteger64: 10,
  /** To floats or doubles (bits). */
  fromInteger32: 11, fromInteger64: 12, toSingle: 13,
  /** dpps and dppd: `lanes` is the immediate. */
  dot: 14,
} as const; // prettier-ignore

/** RC of MXCSR. */
export const MXCSR_ROUNDING = 0x6000;

/** Cuts to 64 bits so that rounding once more to fewer bits is as rounding once: a lost remainder makes the last bit 1 (Boldo and Melquiond 2008). */
class RoundingToOdd extends Rounding {
  override roundsUp(_sign: 0 | 1, isOdd: boolean): boolean {
    return !isOdd;
  }
}

type Width = 32 | 64;

/**
 * Arithmetic of floats and doubles in the direction that MXCSR says, for the lanes of the vectors in the scratch place: the first operand in its first
 * sixteen bytes, the second in the next; the result comes into the first. DAZ and FTZ have no effect, and no exception flag is set.
 */
export function sseRounded(memory: Pick<GuestMemory, "wasm">): (operation: number, bits: number, lanes: number) => void {
  const view = new DataView(memory.wasm.buffer, CPU_BLOCK - GUEST_BASE, 0x300);
  const first = CPU.fpScratch;
  const second = first + 16;
  const control = (): number => ((view.getUint32(CPU.mxcsr, true) >> 13) & 3) << 10;
  const read = (at: number, bits: number, lane: number): Extended =>
    bits === 64 ? fromDouble(view.getBigUint64(at + 8 * lane, true)) : fromSingle(BigInt(view.getUint32(at + 4 * lane, true)));
  const write = (bits: number, lane: number, x: Extended): void => {
    const value = bits === 64 ? toDouble(x, new Rounding(control())) : toSingle(x, new Rounding(control()));
    if (bits === 64) view.setBigUint64(first + 8 * lane, value, true);
    else view.setUint32(first + 4 * lane, Number(value), true);
  };
  const compute = (operation: number, a: Extended, b: Extended): Extended => {
    const operands = operation === ROUNDED.squareRoot ? [b] : [a, b];
    const nan = operands.find(isNan);
    // Of two NaNs the first, unlike the x87.
    if (nan !== undefined) return quiet(nan);
    const rounding = new RoundingToOdd(0x300 | control());
    switch (operation) {
      case ROUNDED.add:
        return add(a, b, rounding);
      case ROUNDED.subtract:
        return add(a, negate(b), rounding);
      case ROUNDED.multiply:
        return multiply(a, b, rounding);
      case ROUNDED.divide:
        return divide(a, b, rounding);
      case ROUNDED.squareRoot:
        return squareRoot(b, rounding);
      default:
        return INDEFINITE;
    }
  };
  const lanesOf = (bits: Width, count: number, at: number): Extended[] => Array.from({ length: count }, (_, n) => read(at, bits, n));
  const pairs = (operation: number, bits: Width): void => {
    const all = [...lanesOf(bits, 128 / bits, first), ...lanesOf(bits, 128 / bits, second)];
    for (let n = 0; n < 128 / bits; n++) write(bits, n, compute(operation, all[2 * n]!, all[2 * n + 1]!));
  };
  const convert = (operation: number, bits: Width, count: number): void => {
    const sources = lanesOf(bits, count, second);
    const words = Array.from({ length: 4 }, (_, n) => view.getInt32(second + 4 * n, true));
    if (operation === ROUNDED.toInteger64) {
      view.setBigInt64(first, toInteger(sources[0]!, 64, new Rounding(control())), true);
    } else if (operation === ROUNDED.toInteger32) {
      for (let n = 0; n < 4; n++)
        view.setInt32(first + 4 * n, n < count ? Number(toInteger(sources[n]!, 32, new Rounding(control()))) : 0, true);
    } else if (operation === ROUNDED.toSingle) {
      for (let n = 0; n < count; n++) write(32, n, isNan(sources[n]!) ? quiet(sources[n]!) : sources[n]!);
    } else if (operation === ROUNDED.fromInteger64) write(bits, 0, fromInteger(view.getBigInt64(second, true)));
    else for (let n = 0; n < count; n++) write(bits, n, fromInteger(BigInt(words[n]!)));
  };
  /** Products of the lanes that bits 4 and up of the immediate name, summed in pairs, to the lanes that bits 0 and up name; the others become 0. */
  const dot = (bits: Width, immediate: number): void => {
    const none: Extended = { sign: 0, exponent: 0, significand: 0n };
    const rounded = (operation: number, a: Extended, b: Extended): Extended => {
      write(bits, 0, compute(operation, a, b));
      return read(first, bits, 0);
    };
    const [as, bs] = [lanesOf(bits, 128 / bits, first), lanesOf(bits, 128 / bits, second)];
    let sums = as.map((a, n) => ((immediate >> (4 + n)) & 1 ? rounded(ROUNDED.multiply, a, bs[n]!) : none));
    while (sums.length > 1) sums = Array.from({ length: sums.length / 2 }, (_, n) => rounded(ROUNDED.add, sums[2 * n]!, sums[2 * n + 1]!));
    for (let n = 0; n < 128 / bits; n++) write(bits, n, (immediate >> n) & 1 ? sums[0]! : none);
  };
  return (operation, width, count) => {
    const bits = width as Width;
    if (operation === ROUNDED.dot) return dot(bits, count);
    if (operation >= ROUNDED.toInteger32) return convert(operation, bits, count);
    if (operation === ROUNDED.addPairs) return pairs(ROUNDED.add, bits);
    if (operation === ROUNDED.subtractPairs) return pairs(ROUNDED.subtract, bits);
    for (let n = 0; n < count; n++) {
      const b = read(second, bits, n);
      if (operation === ROUNDED.round) write(bits, n, isNan(b) ? quiet(b) : roundToInteger(b, new Rounding(0x300 | control())));
      else if (operation === ROUNDED.addSubtract)
        write(bits, n, compute(n % 2 === 0 ? ROUNDED.subtract : ROUNDED.add, read(first, bits, n), b));
      else write(bits, n, compute(operation, read(first, bits, n), b));
    }
  };
}
