import { GUEST_BASE, type GuestMemory } from "@decant/memory";
import { CPU, CPU_BLOCK, X87_FORM } from "../cpu-block.ts";
import {
  add, classify, divide, extract, fromDecimal, fromFormat, fromInteger, INDEFINITE, isNan, isSignalling, multiply, negate, order, quiet, RAISED, remainder,
  Rounding, roundToInteger, scale, squareRoot, toDecimal, toDouble, toInteger, toSingle, type Extended,
} from "./extended.ts"; // prettier-ignore
import { putX87, x87Image } from "../x87-image.ts";
import { constant, f2xm1, fpatan, fyl2x, fyl2xp1, sincos } from "./extended-functions.ts";

/** The operations of `x87Arithmetic`, numbered as in the encoding: the destination is the first operand but for those reversed. */
export const X87_ARITHMETIC = { add: 0, multiply: 1, subtract: 4, subtractReversed: 5, divide: 6, divideReversed: 7 } as const;

/** The operations of `x87Operation`. */
export const X87_OPERATION = {
  sqrt: 0, rndint: 1, f2xm1: 2, sin: 3, cos: 4, sincos: 5, ptan: 6, patan: 7, yl2x: 8, yl2xp1: 9, scale: 10, prem: 11, prem1: 12, xtract: 13, xam: 14, tst: 15,
  /** 16 to 22: constants (`constant`). */
  load: 16,
} as const; // prettier-ignore

const CONDITION = { C0: 0x0100, C1: 0x0200, C2: 0x0400, C3: 0x4000 } as const;
const UNORDERED = CONDITION.C0 | CONDITION.C2 | CONDITION.C3;
const EXCEPTIONS = 0x3f;
const BEFORE = RAISED.invalid | RAISED.denormal | RAISED.zeroDivide;
const OUT_OF_RANGE = RAISED.overflow | RAISED.underflow;

const LOST = RAISED.precision | RAISED.roundedUp;

/** A push onto a register in use. */
const OVERFLOWN = RAISED.invalid | RAISED.stack | RAISED.roundedUp;

/** Bits of the status word to set, those that are set anew, and what keeps an instruction from being done: `BEFORE` unless said. */
interface Raising {
  readonly conditions?: number;
  readonly mask?: number;
  readonly stops?: number;
}
const SUMMARY = 0x8080;

const [ADD, MUL, SUB, SUBR, DIV, DIVR] = Object.values(X87_ARITHMETIC);

/**
 * The x87 as helpers of generated code, for all that a double's arithmetic does not answer. Registers are given by the wasm address of their slot
 * in the CPU block.
 */
export function x87Unit(memory: Pick<GuestMemory, "wasm">) {
  const block = CPU_BLOCK - GUEST_BASE;
  const view = new DataView(memory.wasm.buffer);
  const scratch = block + CPU.fpScratch;
  const control = (): number => view.getUint32(block + CPU.fpControl, true);
  const status = (): number => view.getUint32(block + CPU.fpStatus, true);
  const top = (): number => view.getUint32(block + CPU.fpTop, true) & 7;
  const slot = (n: number): number => block + CPU.x87 + 16 * ((top() + n) & 7);
  const word = (at: number): number => view.getUint32(at + 8, true);
  const isEmpty = (at: number): boolean => (word(at) & X87_FORM.empty) !== 0;

  /**
   * Adds what was raised to the status word; C1 says whether the result was rounded away from zero, or which way the stack failed. False where what is not
   * masked keeps the instruction from being done: an invalid operation, a denormal operand, a division by zero; of a store to memory, a result out of range.
   */
  function raise(raised: number, { conditions = 0, mask = CONDITION.C1, stops = BEFORE }: Raising = {}): boolean {
    const stopping = raised & ~control() & stops;
    const isDone = stopping === 0;
    const told = isDone ? raised : raised & ((raised & RAISED.stack) !== 0 ? OVERFLOWN : (stopping & BEFORE) !== 0 ? BEFORE : ~LOST);
    let value = isDone ? (status() & ~mask) | conditions : status() & ~CONDITION.C1;
    value |= told & (EXCEPTIONS | RAISED.stack | RAISED.roundedUp);
    value = (value & ~control() & EXCEPTIONS) !== 0 ? value | SUMMARY : value & ~SUMMARY;
    view.setUint32(block + CPU.fpStatus, value, true);
    if (!isDone) view.setUint32(block + CPU.fpRefused, 1, true);
    return isDone;
  }

  /** The control word's rounding; a result out of range that is not masked keeps its significand. */
  function rounded(): Rounding {
    const rounding = new Rounding(control());
    rounding.wraps = ~control() & OUT_OF_RANGE;
    return rounding;
  }

  /** What a register holds, free or not. */
  function held(at: number): Extended {
    const { significand, exponent } = x87Image(view, at);
    return { sign: (exponent >> 15) as 0 | 1, exponent: exponent & 0x7fff, significand };
  }

  /** An operand. Of a free register it is the indefinite, and the stack failed. */
  function operand(at: number, rounding: Rounding): Extended {
    const form = word(at);
    if ((form & (X87_FORM.single | X87_FORM.double)) !== 0)
      return fromBits(view.getBigUint64(at, true), (form & X87_FORM.double) !== 0 ? 64 : 32);
    if (!isEmpty(at)) return held(at);
    rounding.raise(RAISED.invalid | RAISED.stack);
    return INDEFINITE;
  }

  function write(at: number, { sign, exponent, significand }: Extended): void {
    putX87(view, at, significand, (sign << 15) | exponent);
  }

  function moveTop(by: number): void {
    if (by > 0) view.setUint32(slot(0) + 8, word(slot(0)) | X87_FORM.empty, true);
    view.setUint32(block + CPU.fpTop, (top() + by) & 7, true);
  }

  /** Pushes a number; where there is no room, the indefinite. */
  function push(x: Extended): void {
    if (!isEmpty(slot(-1))) {
      if (!raise(OVERFLOWN)) return;
      moveTop(-1);
      return write(slot(0), INDEFINITE);
    }
    moveTop(-1);
    write(slot(0), x);
  }

  /** st(target) becomes what the function makes of st(0), and of st(1) where it has two parameters. */
  function apply(target: 0 | 1, compute: (rounding: Rounding, a: Extended, b: Extended) => Extended, operands: 1 | 2): void {
    const rounding = rounded();
    const a = operand(slot(0), rounding);
    const b = operands === 2 ? operand(slot(1), rounding) : a;
    const result = (rounding.raised & RAISED.stack) !== 0 ? INDEFINITE : compute(rounding, a, b);
    if (!raise(rounding.raised)) return;
    write(slot(target), result);
    if (target === 1) moveTop(1);
  }

  /** sine, cosine, both or tangent and 1. An angle that is too large stays, with C2. */
  function trigonometric(operation: number): void {
    const rounding = rounded();
    const x = operand(slot(0), rounding);
    const mask = CONDITION.C1 | CONDITION.C2;
    const both = operation === X87_OPERATION.sincos || operation === X87_OPERATION.ptan;
    if (both && !isEmpty(slot(-1))) {
      return pushIndefinites(mask);
    }
    const isMissing = (rounding.raised & RAISED.stack) !== 0;
    const result = isMissing ? undefined : sincos(x, rounding);
    if (result === undefined && !isMissing) return void raise(rounding.raised, { conditions: CONDITION.C2, mask });
    const name = operation === X87_OPERATION.cos ? "cosine" : operation === X87_OPERATION.ptan ? "tangent" : "sine";
    const value = result?.[name]() ?? INDEFINITE;
    const second =
      operation === X87_OPERATION.ptan && !isNan(value)
        ? fromInteger(1n)
        : operation === X87_OPERATION.sincos
          ? (result?.cosine() ?? INDEFINITE)
          : value;
    if (!raise(rounding.raised, { mask })) return;
    write(slot(0), value);
    if (both) push(second);
  }

  function divideOut(isNearest: boolean): void {
    const rounding = rounded();
    const a = operand(slot(0), rounding);
    const b = operand(slot(1), rounding);
    const isMissing = (rounding.raised & RAISED.stack) !== 0;
    const { rest, quotient, isPartial } = isMissing
      ? { rest: INDEFINITE, quotient: 0, isPartial: false }
      : remainder(a, b, isNearest, rounding);
    const low =
      (quotient & 4 ? CONDITION.C0 : 0) |
      (quotient & 2 ? CONDITION.C3 : 0) |
      (quotient & 1 ? CONDITION.C1 : 0) |
      (isPartial ? CONDITION.C2 : 0);
    if (raise(rounding.raised & ~RAISED.roundedUp, { conditions: low, mask: UNORDERED | CONDITION.C1 })) write(slot(0), rest);
  }

  function takeApart(): void {
    const rounding = new Rounding(control());
    const x = operand(slot(0), rounding);
    if (!isEmpty(slot(-1))) return pushIndefinites(CONDITION.C1);
    const { exponent, significand } =
      (rounding.raised & RAISED.stack) !== 0 ? { exponent: INDEFINITE, significand: INDEFINITE } : extract(x, rounding);
    if (!raise(rounding.raised)) return;
    write(slot(0), exponent);
    push(significand);
  }

  /** What no room for a push makes of instructions with two results. */
  function pushIndefinites(mask: number): void {
    if (!raise(OVERFLOWN, { mask })) return;
    moveTop(-1);
    write(slot(0), INDEFINITE);
    write(slot(1), INDEFINITE);
  }

  /** -1, 0, 1, or undefined where there is no order. */
  function compared(isQuiet: boolean, b: (rounding: Rounding) => Extended): number | undefined {
    const rounding = new Rounding(control());
    const left = operand(slot(0), rounding);
    const right = b(rounding);
    const result = (rounding.raised & RAISED.stack) !== 0 ? undefined : order(left, right, isQuiet, rounding);
    raise(rounding.raised);
    return result;
  }

  function setOrder(result: number | undefined): void {
    const conditions = result === undefined ? UNORDERED : result === 0 ? CONDITION.C3 : result < 0 ? CONDITION.C0 : 0;
    raise(0, { conditions, mask: UNORDERED | CONDITION.C1 });
  }

  return {
    /** destination := destination op source, by slots. */
    x87Arithmetic(operation: number, destination: number, source: number): void {
      const rounding = rounded();
      const a = operand(destination, rounding);
      const b = operand(source, rounding);
      let result = INDEFINITE;
      if ((rounding.raised & RAISED.stack) !== 0) {
      } else if (operation === ADD) result = add(a, b, rounding);
      else if (operation === MUL) result = multiply(a, b, rounding);
      else if (operation === SUB) result = difference(a, b, rounding);
      else if (operation === SUBR) result = difference(b, a, rounding);
      else if (operation === DIV) result = divide(a, b, rounding);
      else if (operation === DIVR) result = divide(b, a, rounding);
      if (raise(rounding.raised)) write(destination, result);
    },
    x87Operation(operation: number): void {
      switch (operation) {
        case X87_OPERATION.sqrt:
          return apply(0, (rounding, a) => squareRoot(a, rounding), 1);
        case X87_OPERATION.rndint:
          return apply(0, (rounding, a) => roundToInteger(a, rounding), 1);
        case X87_OPERATION.f2xm1:
          return apply(0, (rounding, a) => f2xm1(a, rounding), 1);
        case X87_OPERATION.patan:
          return apply(1, (rounding, a, b) => fpatan(a, b, rounding), 2);
        case X87_OPERATION.yl2x:
          return apply(1, (rounding, a, b) => fyl2x(a, b, rounding), 2);
        case X87_OPERATION.yl2xp1:
          return apply(1, (rounding, a, b) => fyl2xp1(a, b, rounding), 2);
        case X87_OPERATION.scale:
          return apply(0, (rounding, a, b) => scale(a, b, rounding), 2);
        case X87_OPERATION.prem:
        case X87_OPERATION.prem1:
          return divideOut(operation === X87_OPERATION.prem1);
        case X87_OPERATION.xtract:
          return takeApart();
        case X87_OPERATION.xam:
          raise(0, { conditions: classify(held(slot(0)), isEmpty(slot(0))), mask: UNORDERED | CONDITION.C1 });
          return;
        case X87_OPERATION.tst:
          return setOrder(compared(false, () => fromInteger(0n)));
        default:
          if (operation < X87_OPERATION.load) return trigonometric(operation);
          raise(0);
          return push(constant(operation - X87_OPERATION.load, new Rounding(control())));
      }
    },
    /** Compares st(0) with a register, and says so in the status word. */
    x87Compare(source: number, isQuiet: number): void {
      setOrder(compared(isQuiet !== 0, (rounding) => operand(source, rounding)));
    },
    /** The same; the answer is -1, 0, 1 or NaN. */
    x87Order(source: number, isQuiet: number): number {
      return compared(isQuiet !== 0, (rounding) => operand(source, rounding)) ?? Number.NaN;
    },
    /** What a register is in memory, in the scratch place. `bits` is 32 or 64, or 80, which nothing is raised by. */
    x87ToFloat(source: number, bits: number): void {
      const rounding = new Rounding(control());
      if (bits === 80) {
        const { sign, exponent, significand } = operand(source, rounding);
        if (rounding.raised !== 0) raise(rounding.raised, { stops: BEFORE | OUT_OF_RANGE });
        view.setBigUint64(scratch, significand, true);
        view.setUint32(scratch + 8, (sign << 15) | exponent, true);
        return;
      }
      const x = operand(source, rounding);
      view.setBigUint64(scratch, bits === 64 ? toDouble(x, rounding) : toSingle(x, rounding), true);
      const isTiny = rounding.isTiny && (control() & RAISED.underflow) === 0;
      raise(rounding.raised | (isTiny ? RAISED.underflow : 0), { stops: BEFORE | OUT_OF_RANGE });
    },
    /** The 80-bit form of a register, whether it is in use or not. */
    x87Image(source: number): void {
      const { sign, exponent, significand } = held(source);
      view.setBigUint64(scratch, significand, true);
      view.setUint32(scratch + 8, (sign << 15) | exponent, true);
    },
    /** `direction` is 3 for truncation, or -1 for the control word's. */
    x87ToInteger(source: number, bits: number, direction: number): void {
      const rounding = new Rounding(direction < 0 ? control() : (control() & ~0xc00) | (direction << 10));
      const x = operand(source, rounding);
      const isMissing = (rounding.raised & RAISED.stack) !== 0;
      view.setBigInt64(scratch, toInteger(x, bits, rounding), true);
      raise(rounding.raised | (isMissing ? RAISED.stack : 0), { stops: BEFORE | OUT_OF_RANGE });
    },
    x87ToDecimal(source: number): void {
      const rounding = new Rounding(control());
      toDecimal(operand(source, rounding), rounding).forEach((byte, n) => view.setUint8(scratch + n, byte));
      raise(rounding.raised);
    },
    /** Makes a number of what the slot holds: the bits of a float (32) or double (64), an integer of 64 bits (1), or ten bytes of decimals (80). */
    x87FromMemory(at: number, bits: number): void {
      const raw = view.getBigUint64(at, true);
      if (bits === 1) write(at, fromInteger(BigInt.asIntN(64, raw)));
      else if (bits === 80) write(at, fromDecimal(new Uint8Array(view.buffer, at, 10)));
      else {
        const x = fromBits(raw, bits);
        // A denormal is loaded, whatever is raised.
        const isDone = raise(isSignalling(x) ? RAISED.invalid : x.isDenormal === true ? RAISED.denormal : 0, { stops: RAISED.invalid });
        if (isDone) write(at, isNan(x) ? quiet(x) : x);
      }
    },
    /** A register that was pushed on was in use (`isOverflow`), or one that is read is free: it becomes the indefinite. */
    x87StackFault(at: number, isOverflow: number): void {
      if (raise(isOverflow !== 0 ? OVERFLOWN : OVERFLOWN & ~RAISED.roundedUp)) write(at, INDEFINITE);
    },
    /** The tag word: two bits a register, valid, zero, special, empty. */
    x87Tags(): number {
      let tags = 0;
      for (let n = 0; n < 8; n++) {
        const at = block + CPU.x87 + 16 * n;
        const { exponent, significand } = held(at);
        const isOrdinary = exponent !== 0 && exponent !== 0x7fff && significand >> 63n === 1n;
        tags |= (isEmpty(at) ? 3 : isOrdinary ? 0 : exponent === 0 && significand === 0n ? 1 : 2) << (2 * n);
      }
      return tags;
    },
    /** Only whether a register is empty counts. */
    x87SetTags(tags: number): void {
      for (let n = 0; n < 8; n++) {
        const at = block + CPU.x87 + 16 * n;
        const isFree = ((tags >> (2 * n)) & 3) === 3;
        view.setUint32(at + 8, (word(at) & ~X87_FORM.empty) | (isFree ? X87_FORM.empty : 0), true);
      }
    },
  };
}

export type X87Unit = ReturnType<typeof x87Unit>;

/** The float or double in the low bits. */
const fromBits = (raw: bigint, bits: number): Extended => fromFormat(BigInt.asUintN(bits, raw), bits);

/** a - b; which of two NaNs it is depends on neither's sign. */
function difference(a: Extended, b: Extended, rounding: Rounding): Extended {
  return isNan(b) ? add(a, b, rounding) : add(a, negate(b), rounding);
}
