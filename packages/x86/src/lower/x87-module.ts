import { CPU_BLOCK, GUEST_BASE, WASM_PAGES } from "@decant/memory";
import { I32, I64, ModuleBuilder, OP, type FunctionBuilder } from "@decant/wasm";
import { CPU, X87_FORM } from "../cpu-block.ts";
import { FAST } from "./x87-functions.ts";
import { X87_ARITHMETIC } from "./x87-unit.ts";

/**
 * The x87's arithmetic for what programs compute most, as a module: numbers that are ordinary or 0, to nearest, 53 or 64 bits of precision, the loss of it masked. A
 * function here answers as the one of its name in x87-unit.ts would, whose arguments it hands on where that is not so. About 10 ns each, where that one
 * takes 600.
 */
export function x87Module(): Uint8Array {
  const m = new ModuleBuilder();
  m.importMemory("env", "memory", { initial: WASM_PAGES, maximum: WASM_PAGES });
  const slow = {} as Record<keyof typeof FAST, number>;
  for (const [name, { parameters, results }] of Object.entries(FAST))
    slow[name as keyof typeof FAST] = m.importFunction("slow", name, m.type(parameters, results));
  const unpack = m.function(m.type([I32], [I64, I32]));
  const pack = m.function(m.type([I32, I32, I32, I64, I64], [I32]));
  const dividing = m.function(m.type([I64, I64, I64], [I64, I64]));
  const bodies: Record<keyof typeof FAST, (f: FunctionBuilder) => void> = {
    x87Arithmetic: (f) => emitArithmetic(f, { slow: slow.x87Arithmetic, unpack: unpack.index, pack: pack.index, divide: dividing.index }),
    x87Compare: (f) => emitCompare(f, slow.x87Compare, unpack.index),
    x87Order: (f) => emitOrder(f, slow.x87Order, unpack.index),
    x87ToFloat: (f) => emitToFloat(f, slow.x87ToFloat, unpack.index),
    x87ToInteger: (f) => emitToInteger(f, slow.x87ToInteger, unpack.index),
    x87FromMemory: (f) => emitFromMemory(f, slow.x87FromMemory),
  };
  emitUnpack(unpack);
  emitPack(pack);
  emitDivide(dividing);
  for (const [name, { parameters, results }] of Object.entries(FAST)) {
    const f = m.function(m.type(parameters, results));
    bodies[name as keyof typeof FAST](f);
    m.exportFunction(name, f.index);
  }
  return m.finish();
}

// Expressions: each pushes its value.

type Push = () => void;

/** Shorthands over a function's builder, so that what follows reads as expressions. */
function expressions(f: FunctionBuilder) {
  const op =
    (opcode: number) =>
    (...operands: Push[]): Push =>
    () => {
      for (const operand of operands) operand();
      f.op(opcode);
    };
  const block = CPU_BLOCK - GUEST_BASE;
  return {
    get: (local: number): Push => () => void f.localGet(local),
    set: (local: number, value: Push): void => {
      value();
      f.localSet(local);
    },
    c: (value: number): Push => () => void f.i32Const(value | 0),
    k: (value: bigint): Push => () => void f.i64Const(BigInt.asIntN(64, value)),
    add: op(OP.i64_add), sub: op(OP.i64_sub), mul: op(OP.i64_mul), and: op(OP.i64_and), or: op(OP.i64_or), shl: op(OP.i64_shl), shr: op(OP.i64_shr_u), div: op(OP.i64_div_u),
    eqz: op(OP.i64_eqz), eq: op(OP.i64_eq), ne: op(OP.i64_ne), lt: op(OP.i64_lt_u), gt: op(OP.i64_gt_u), ge: op(OP.i64_ge_u), lts: op(OP.i64_lt_s), clz: op(OP.i64_clz),
    wide: op(OP.i64_extend_i32_u), low: op(OP.i32_wrap_i64),
    add32: op(OP.i32_add), sub32: op(OP.i32_sub), and32: op(OP.i32_and), or32: op(OP.i32_or), xor32: op(OP.i32_xor), shl32: op(OP.i32_shl), shr32: op(OP.i32_shr_u),
    eqz32: op(OP.i32_eqz), eq32: op(OP.i32_eq), ne32: op(OP.i32_ne), lt32: op(OP.i32_lt_s), gt32: op(OP.i32_gt_s), ltu32: op(OP.i32_lt_u), geu32: op(OP.i32_ge_u),
    /** A field of the CPU block. */
    field: (offset: number): Push => () => void f.i32Const(block + offset).load(OP.i32_load),
    setField: (offset: number, value: Push): void => {
      f.i32Const(block + offset);
      value();
      f.store(OP.i32_store);
    },
    load: (local: number): Push => () => void f.localGet(local).load(OP.i64_load),
    word: (local: number): Push => () => void f.localGet(local).load(OP.i32_load, 8),
    store: (local: number, value: Push): void => {
      f.localGet(local);
      value();
      f.store(OP.i64_store);
    },
    setWord: (local: number, value: Push): void => {
      f.localGet(local);
      value();
      f.store(OP.i32_store, 8);
    },
    when: (condition: Push, then: () => void, otherwise?: () => void): void => {
      condition();
      f.if();
      then();
      if (otherwise !== undefined) {
        f.else();
        otherwise();
      }
      f.end();
    },
    select: (a: Push, b: Push, condition: Push): Push => () => {
      a();
      b();
      condition();
      f.select();
    },
    scratch: block + CPU.fpScratch,
  };
} // prettier-ignore

const TOP = 1n << 63n;
/** What `unpack` answers as the exponent of all but ordinary numbers and 0. */
const OTHER = -1;
const SIGN = 0x8000;
const EXPONENT = 0x7fff;
const BIAS = 16383;
/** What the exponent of a double, and of a float, is less than the 80-bit number's. */
const FROM_DOUBLE = 16383 - 1023;
const FROM_SINGLE = 16383 - 127;
const C1 = 0x200;

/** (slot): the significand, 0 for a zero, and the exponent with the sign in bit 15; OTHER where the number is not ordinary. */
function emitUnpack(f: FunctionBuilder): void {
  const x = expressions(f);
  const { get, c, k } = x;
  const at = 0;
  const [form, bits, exponent] = [f.local(I32), f.local(I64), f.local(I32)];
  x.set(form, x.word(at));
  x.set(bits, x.load(at));
  const answer = (significand: Push, word: Push): void => {
    significand();
    word();
    f.return();
  };
  const other = (): void => answer(k(0n), c(OTHER));
  const fromFormat = (width: number, fraction: number, bias: number): void => {
    const largest = 2 ** (width - 1 - fraction) - 1;
    const sign = x.shl32(x.and32(x.low(x.shr(get(bits), k(BigInt(width - 1)))), c(1)), c(15));
    x.when(x.eqz(x.shl(get(bits), k(BigInt(65 - width)))), () => answer(k(0n), sign));
    x.set(exponent, x.and32(x.low(x.shr(get(bits), k(BigInt(fraction)))), c(largest)));
    // 0 or all ones: neither is ordinary.
    x.when(x.geu32(x.sub32(get(exponent), c(1)), c(largest - 1)), other);
    answer(
      x.or(x.shl(get(bits), k(BigInt(63 - fraction))), k(TOP)),
      x.or32(x.add32(get(exponent), c(bias)), sign),
    );
  }; // prettier-ignore
  x.when(x.eqz32(x.and32(get(form), c(~X87_FORM.double))), () => fromFormat(64, 52, FROM_DOUBLE));
  x.when(x.eq32(x.and32(get(form), c(~0xffff)), c(X87_FORM.extended)), () => {
    x.set(exponent, x.and32(get(form), c(EXPONENT)));
    x.when(x.or32(x.geu32(x.sub32(get(exponent), c(1)), c(EXPONENT - 1)), x.eqz(x.shr(get(bits), k(63n)))), other);
    answer(get(bits), x.and32(get(form), c(0xffff)));
  });
  x.when(x.eq32(get(form), c(X87_FORM.single)), () => fromFormat(32, 23, FROM_SINGLE));
  other();
  f.unreachable();
}

/**
 * (slot, sign in bit 15, exponent, significand with its top bit, 64 bits below it): rounds to nearest as the precision control says, writes the slot and the
 * status word; 1 if that went. Otherwise the exponent is out of range, and nothing is written.
 */
function emitPack(f: FunctionBuilder): void {
  const x = expressions(f);
  const { get, c, k } = x;
  const [at, sign, exponent, significand, below] = [0, 1, 2, 3, 4];
  const [unit, isUp] = [f.local(I64), f.local(I32)];
  x.set(unit, k(1n));
  x.when(x.ne32(x.and32(x.field(CPU.fpControl), c(0x300)), c(0x300)), () => {
    x.set(below, x.or(x.shl(get(significand), k(53n)), x.wide(x.ne(get(below), k(0n)))));
    x.set(significand, x.and(get(significand), k(~0x7ffn)));
    x.set(unit, k(0x800n));
  });
  x.set(isUp, x.or32(x.gt(get(below), k(TOP)), x.and32(x.eq(get(below), k(TOP)), x.ne(x.and(get(significand), get(unit)), k(0n)))));
  x.when(get(isUp), () => {
    x.set(significand, x.add(get(significand), get(unit)));
    x.when(x.eqz(get(significand)), () => {
      x.set(significand, k(TOP));
      x.set(exponent, x.add32(get(exponent), c(1)));
    });
  });
  x.when(x.geu32(x.sub32(get(exponent), c(1)), c(EXPONENT - 1)), () => {
    f.i32Const(0).return();
  });
  const raised = x.or32(x.shl32(get(isUp), c(9)), x.shl32(x.ne(get(below), k(0n)), c(5)));
  x.setField(CPU.fpStatus, x.or32(x.and32(x.field(CPU.fpStatus), c(~C1)), raised));
  const isDouble = x.and32(x.eqz(x.and(get(significand), k(0x7ffn))), x.ltu32(x.sub32(get(exponent), c(FROM_DOUBLE + 1)), c(0x7fe)));
  x.when(
    isDouble,
    () => {
      const fraction = x.and(x.shr(get(significand), k(11n)), k(0xf_ffff_ffff_ffffn));
      const upper = x.or(x.shl(x.wide(get(sign)), k(48n)), x.shl(x.wide(x.sub32(get(exponent), c(FROM_DOUBLE))), k(52n)));
      x.store(at, x.or(upper, fraction));
      x.setWord(at, c(0));
    },
    () => {
      x.store(at, get(significand));
      x.setWord(at, x.or32(x.or32(get(exponent), get(sign)), c(X87_FORM.extended)));
    },
  );
  f.i32Const(1);
}

/** (upper, lower, divisor with its top bit): quotient and remainder of 128 bits by 64; upper is below the divisor (Knuth 4.3.1, algorithm D). */
function emitDivide(f: FunctionBuilder): void {
  const x = expressions(f);
  const { get, k } = x;
  const [upper, lower, divisor] = [0, 1, 2];
  const [high, low, rest, quotient, digit, rest2] = Array.from({ length: 6 }, () => f.local(I64)) as [
    number, number, number, number, number, number,
  ]; // prettier-ignore
  const HALF = 32n;
  const MASK = k(0xffff_ffffn);
  x.set(high, x.shr(get(divisor), k(HALF)));
  x.set(low, x.and(get(divisor), MASK));
  /** One digit of 32 bits from `rest` and the next 32 bits below it. */
  const step = (next: Push): void => {
    x.set(digit, x.div(get(rest), get(high)));
    x.set(rest2, x.sub(get(rest), x.mul(get(digit), get(high))));
    const done = f.block();
    const again = f.loop();
    const isTooLarge = x.or32(
      x.gt(get(digit), MASK),
      x.gt(x.mul(get(digit), get(low)), x.or(x.shl(get(rest2), k(HALF)), next)),
    ); // prettier-ignore
    x.eqz32(isTooLarge)();
    f.brIf(done);
    x.set(digit, x.sub(get(digit), k(1n)));
    x.set(rest2, x.add(get(rest2), get(high)));
    x.eqz(x.shr(get(rest2), k(HALF)))();
    f.brIf(again);
    f.end().end();
    x.set(rest, x.sub(x.add(x.shl(get(rest), k(HALF)), next), x.mul(get(digit), get(divisor))));
  };
  x.set(rest, get(upper));
  step(x.shr(get(lower), k(HALF)));
  x.set(quotient, x.shl(get(digit), k(HALF)));
  step(x.and(get(lower), MASK));
  x.add(get(quotient), get(digit))();
  get(rest)();
}

interface Callees {
  readonly slow: number;
  readonly unpack: number;
  readonly pack: number;
  readonly divide: number;
}

/** Pushes a condition: rounding is to nearest, to 53 or 64 bits, and no exception is unmasked. */
function pushIsPlain(f: FunctionBuilder): void {
  const x = expressions(f);
  x.eq32(x.and32(x.field(CPU.fpControl), x.c(0xe20)), x.c(0x220))();
}

/** Unpacks a slot into two locals, and leaves by `other` where it holds no ordinary number. */
function emitTake(f: FunctionBuilder, unpack: number, at: number, significand: number, word: number, leave: () => void): void {
  const x = expressions(f);
  f.localGet(at).call(unpack).localSet(word).localSet(significand);
  x.when(x.eq32(x.get(word), x.c(OTHER)), leave);
}

function emitArithmetic(f: FunctionBuilder, callees: Callees): void {
  const x = expressions(f);
  const { get, c } = x;
  const [operation, to, from] = [0, 1, 2];
  const [a, b] = [f.local(I64), f.local(I64)];
  const [wordA, wordB] = [f.local(I32), f.local(I32)];
  const leave = (): void => void f.localGet(operation).localGet(to).localGet(from).returnCall(callees.slow);
  pushIsPlain(f);
  f.op(OP.i32_eqz).if();
  leave();
  f.end();
  emitTake(f, callees.unpack, to, a, wordA, leave);
  emitTake(f, callees.unpack, from, b, wordB, leave);
  const n: Numbers = { to, a, b, wordA, wordB };
  const { add, multiply, subtract, subtractReversed, divide } = X87_ARITHMETIC;
  x.when(x.eq32(get(operation), c(multiply)), () => emitMultiply(f, callees, n, leave));
  x.when(x.ltu32(get(operation), c(divide)), () => {
    x.when(x.eq32(get(operation), c(subtract)), () => x.set(wordB, x.xor32(get(wordB), c(SIGN))));
    x.when(x.eq32(get(operation), c(subtractReversed)), () => x.set(wordA, x.xor32(get(wordA), c(SIGN))));
    emitAdd(f, callees, n, leave);
  });
  x.when(x.ne32(get(operation), c(divide)), () => emitSwap(f, n));
  emitDivision(f, callees, n, leave);
  // `add` is what is left of the operations below `divide`.
  if (add > divide) throw new Error("x87: the operations are numbered otherwise");
}

interface Numbers {
  readonly to: number;
  readonly a: number;
  readonly b: number;
  readonly wordA: number;
  readonly wordB: number;
}

function emitSwap(f: FunctionBuilder, { a, b, wordA, wordB }: Numbers): void {
  f.localGet(a).localGet(b).localSet(a).localSet(b);
  f.localGet(wordA).localGet(wordB).localSet(wordA).localSet(wordB);
}

/** Writes a zero with a sign in bit 15, as a double, and clears C1. */
function emitZero(f: FunctionBuilder, to: number, sign: Push): void {
  const x = expressions(f);
  x.store(to, x.shl(x.wide(sign), x.k(48n)));
  x.setWord(to, x.c(0));
  x.setField(CPU.fpStatus, x.and32(x.field(CPU.fpStatus), x.c(~C1)));
  f.return();
}

/** Packs and returns; leaves where the result is out of range. */
function emitFinish(f: FunctionBuilder, pack: number, to: number, parts: readonly Push[], leave: () => void): void {
  f.localGet(to);
  for (const part of parts) part();
  f.call(pack).if();
  f.return().end();
  leave();
}

function emitMultiply(f: FunctionBuilder, { pack }: Callees, { to, a, b, wordA, wordB }: Numbers, leave: () => void): void {
  const x = expressions(f);
  const { get, c, k } = x;
  const sign = x.and32(x.xor32(get(wordA), get(wordB)), c(SIGN));
  x.when(x.or32(x.eqz(get(a)), x.eqz(get(b))), () => emitZero(f, to, sign));
  const [high, low, middle, exponent] = [f.local(I64), f.local(I64), f.local(I64), f.local(I32)];
  const upper = (local: number): Push => x.shr(get(local), k(32n));
  const lower = (local: number): Push => x.and(get(local), k(0xffff_ffffn));
  // The product of the lower halves, those across, and that of the upper ones.
  x.set(low, x.mul(lower(a), lower(b)));
  x.set(middle, x.add(x.mul(upper(a), lower(b)), upper(low)));
  x.set(high, x.add(x.mul(upper(a), upper(b)), upper(middle)));
  x.set(middle, x.add(x.mul(lower(a), upper(b)), lower(middle)));
  x.set(high, x.add(get(high), upper(middle)));
  x.set(low, x.or(x.shl(get(middle), k(32n)), lower(low)));
  x.set(exponent, x.sub32(x.add32(x.and32(get(wordA), c(EXPONENT)), x.and32(get(wordB), c(EXPONENT))), c(BIAS - 1)));
  x.when(x.eqz(x.shr(get(high), k(63n))), () => {
    x.set(high, x.or(x.shl(get(high), k(1n)), x.shr(get(low), k(63n))));
    x.set(low, x.shl(get(low), k(1n)));
    x.set(exponent, x.sub32(get(exponent), c(1)));
  });
  emitFinish(f, pack, to, [sign, get(exponent), get(high), get(low)], leave);
}

function emitAdd(f: FunctionBuilder, { pack }: Callees, numbers: Numbers, leave: () => void): void {
  const x = expressions(f);
  const { get, c, k } = x;
  const { to, a, b, wordA, wordB } = numbers;
  const exponentOf = (word: number): Push => x.and32(get(word), c(EXPONENT));
  const [distance, exponent, upper, below, sum, zeros] = [
    f.local(I32),
    f.local(I32),
    f.local(I64),
    f.local(I64),
    f.local(I64),
    f.local(I64),
  ];
  // The larger magnitude first; a zero has the smallest.
  const isSmaller = x.or32(
    x.lt32(exponentOf(wordA), exponentOf(wordB)),
    x.and32(x.eq32(exponentOf(wordA), exponentOf(wordB)), x.lt(get(a), get(b))),
  );
  x.when(isSmaller, () => emitSwap(f, numbers));
  x.when(x.eqz(get(b)), () => {
    // Two zeros have a sign by a rule of their own.
    x.when(x.eqz(get(a)), leave);
    emitFinish(f, pack, to, [x.and32(get(wordA), c(SIGN)), exponentOf(wordA), get(a), k(0n)], leave);
  });
  x.set(exponent, exponentOf(wordA));
  x.set(distance, x.sub32(get(exponent), exponentOf(wordB)));
  // b, as 128 bits in units of a's: what falls off is kept as a lowest bit.
  const wideDistance = x.wide(get(distance));
  x.when(
    x.lt32(get(distance), c(64)),
    () => {
      x.set(upper, x.shr(get(b), wideDistance));
      // Shifts are modulo 64: of 64 less 0, in two steps.
      x.set(below, x.shl(x.shl(get(b), x.wide(x.sub32(c(63), get(distance)))), k(1n)));
    },
    () => {
      x.set(upper, k(0n));
      x.when(
        x.lt32(get(distance), c(128)),
        () => {
          const shift = x.wide(x.and32(get(distance), c(63)));
          const lost = x.shl(x.shl(get(b), x.wide(x.sub32(c(63), x.and32(get(distance), c(63))))), k(1n));
          x.set(below, x.or(x.shr(get(b), shift), x.wide(x.ne(lost, k(0n)))));
        },
        () => x.set(below, k(1n)),
      );
    },
  ); // prettier-ignore
  const sign = x.and32(get(wordA), c(SIGN));
  x.when(x.eqz32(x.and32(x.xor32(get(wordA), get(wordB)), c(SIGN))), () => {
    x.set(sum, x.add(get(a), get(upper)));
    x.when(x.lt(get(sum), get(a)), () => {
      x.set(below, x.or(x.or(x.shr(get(below), k(1n)), x.and(get(below), k(1n))), x.shl(get(sum), k(63n))));
      x.set(sum, x.or(x.shr(get(sum), k(1n)), k(TOP)));
      x.set(exponent, x.add32(get(exponent), c(1)));
    });
    emitFinish(f, pack, to, [sign, get(exponent), get(sum), get(below)], leave);
  });
  x.set(sum, x.sub(x.sub(get(a), get(upper)), x.wide(x.ne(get(below), k(0n)))));
  x.set(below, x.sub(k(0n), get(below)));
  x.when(x.eqz(get(sum)), () => {
    x.when(x.eqz(get(below)), () => emitZero(f, to, c(0)));
    x.set(sum, get(below));
    x.set(below, k(0n));
    x.set(exponent, x.sub32(get(exponent), c(64)));
  });
  x.set(zeros, x.clz(get(sum)));
  x.when(x.ne(get(zeros), k(0n)), () => {
    x.set(sum, x.or(x.shl(get(sum), get(zeros)), x.shr(get(below), x.sub(k(64n), get(zeros)))));
    x.set(below, x.shl(get(below), get(zeros)));
    x.set(exponent, x.sub32(get(exponent), x.low(get(zeros))));
  });
  emitFinish(f, pack, to, [sign, get(exponent), get(sum), get(below)], leave);
}

function emitDivision(f: FunctionBuilder, { pack, divide }: Callees, { to, a, b, wordA, wordB }: Numbers, leave: () => void): void {
  const x = expressions(f);
  const { get, c, k } = x;
  const sign = x.and32(x.xor32(get(wordA), get(wordB)), c(SIGN));
  const [exponent, quotient, rest, isSmaller] = [f.local(I32), f.local(I64), f.local(I64), f.local(I32)];
  x.when(x.eqz(get(b)), leave);
  x.when(x.eqz(get(a)), () => emitZero(f, to, sign));
  x.set(isSmaller, x.lt(get(a), get(b)));
  x.set(exponent, x.sub32(x.add32(x.sub32(x.and32(get(wordA), c(EXPONENT)), x.and32(get(wordB), c(EXPONENT))), c(BIAS)), get(isSmaller)));
  // Where a's significand is not below b's, the quotient would have a bit too many.
  x.select(get(a), x.shr(get(a), k(1n)), get(isSmaller))();
  x.select(k(0n), x.shl(get(a), k(63n)), get(isSmaller))();
  f.localGet(b).call(divide).localSet(rest).localSet(quotient);
  // Twice the remainder against the divisor: below, at, or beyond half a unit.
  const isBeyond = x.or32(x.lts(get(rest), k(0n)), x.gt(x.shl(get(rest), k(1n)), get(b)));
  const isHalf = x.eq(x.shl(get(rest), k(1n)), get(b));
  const part = x.select(k(TOP | 1n), x.select(k(TOP), k(1n), isHalf), isBeyond);
  emitFinish(f, pack, to, [sign, get(exponent), get(quotient), x.select(k(0n), part, x.eqz(get(rest)))], leave);
}

/** Leaves -1, 0 or 1 in a local as st(0) is less, equal or greater than the number in a slot. */
function emitOrdering(f: FunctionBuilder, unpack: number, from: number, leave: () => void): number {
  const x = expressions(f);
  const { get, c } = x;
  const [a, b, wordA, wordB, at, result] = [f.local(I64), f.local(I64), f.local(I32), f.local(I32), f.local(I32), f.local(I32)];
  x.set(at, x.add32(x.shl32(x.and32(x.field(CPU.fpTop), c(7)), c(4)), c(CPU_BLOCK - GUEST_BASE + CPU.x87)));
  emitTake(f, unpack, at, a, wordA, leave);
  emitTake(f, unpack, from, b, wordB, leave);
  // Zeros are equal whatever their signs.
  for (const [number, word] of [[a, wordA], [b, wordB]] as const) x.when(x.eqz(get(number)), () => x.set(word, c(0)));
  const exponents = (): [Push, Push] => [x.and32(get(wordA), c(EXPONENT)), x.and32(get(wordB), c(EXPONENT))];
  const [exponentA, exponentB] = exponents();
  const bySize = x.sub32(x.gt(get(a), get(b)), x.lt(get(a), get(b)));
  const byExponent = x.sub32(x.gt32(exponentA, exponentB), x.lt32(exponentA, exponentB));
  const magnitudes = x.select(bySize, byExponent, x.eq32(exponentA, exponentB));
  x.when(
    x.eqz32(x.and32(x.xor32(get(wordA), get(wordB)), c(SIGN))),
    () => x.set(result, x.select(x.sub32(c(0), magnitudes), magnitudes, x.and32(get(wordA), c(SIGN)))),
    // A zero that was made positive may be beside a negative number.
    () => x.set(result, x.select(c(-1), c(1), x.and32(get(wordA), c(SIGN)))),
  );
  return result;
} // prettier-ignore

function emitCompare(f: FunctionBuilder, slow: number, unpack: number): void {
  const x = expressions(f);
  const { get, c } = x;
  const [from, isQuiet] = [0, 1];
  const result = emitOrdering(f, unpack, from, () => void f.localGet(from).localGet(isQuiet).returnCall(slow));
  const conditions = x.select(c(0x4000), x.select(c(0x0100), c(0), x.lt32(get(result), c(0))), x.eqz32(get(result)));
  x.setField(CPU.fpStatus, x.or32(x.and32(x.field(CPU.fpStatus), c(~0x4700)), conditions));
}

function emitOrder(f: FunctionBuilder, slow: number, unpack: number): void {
  const x = expressions(f);
  const [from, isQuiet] = [0, 1];
  const result = emitOrdering(f, unpack, from, () => void f.localGet(from).localGet(isQuiet).returnCall(slow));
  x.setField(CPU.fpStatus, x.and32(x.field(CPU.fpStatus), x.c(~C1)));
  f.localGet(result).op(OP.f64_convert_i32_s);
}

/** Bits lost of the significand, and what that raises: rounds the number in `kept`, of which `lost` is what was below it, to nearest. */
function emitRoundUp(f: FunctionBuilder, kept: number, lost: number): void {
  const x = expressions(f);
  const { get, c, k } = x;
  const isUp = f.local(I32);
  x.set(isUp, x.or32(x.gt(get(lost), k(TOP)), x.and32(x.eq(get(lost), k(TOP)), x.low(x.and(get(kept), k(1n))))));
  x.set(kept, x.add(get(kept), x.wide(get(isUp))));
  const raised = x.or32(x.shl32(get(isUp), c(9)), x.shl32(x.ne(get(lost), k(0n)), c(5)));
  x.setField(CPU.fpStatus, x.or32(x.and32(x.field(CPU.fpStatus), c(~C1)), raised));
}

function emitToFloat(f: FunctionBuilder, slow: number, unpack: number): void {
  const x = expressions(f);
  const { get, c, k } = x;
  const [from, bits] = [0, 1];
  const [significand, word, exponent, kept, lost, isDouble] = [f.local(I64), f.local(I32), f.local(I32), f.local(I64), f.local(I64), f.local(I32)];
  const leave = (): void => void f.localGet(from).localGet(bits).returnCall(slow);
  pushIsPlain(f);
  f.localGet(bits).i32Const(80).op(OP.i32_ne).op(OP.i32_and).op(OP.i32_eqz).if();
  leave();
  f.end();
  emitTake(f, unpack, from, significand, word, leave);
  x.set(isDouble, x.eq32(get(bits), c(64)));
  x.set(exponent, x.sub32(x.and32(get(word), c(EXPONENT)), x.select(c(FROM_DOUBLE), c(FROM_SINGLE), get(isDouble))));
  // Neither tiny nor near infinity; a zero is a double, which is not rounded.
  const largest = x.select(c(2046), c(254), get(isDouble));
  x.when(x.or32(x.geu32(x.sub32(get(exponent), c(1)), x.sub32(largest, c(1))), x.eqz(get(significand))), leave);
  x.set(kept, x.shr(get(significand), x.select(k(11n), k(40n), get(isDouble))));
  x.set(lost, x.shl(get(significand), x.select(k(53n), k(24n), get(isDouble))));
  emitRoundUp(f, kept, lost);
  // The integer bit, and a carry, run into the exponent.
  const packed = x.add(get(kept), x.shl(x.wide(x.sub32(get(exponent), c(1))), x.select(k(52n), k(23n), get(isDouble))));
  const sign = x.shl(x.wide(x.and32(get(word), c(SIGN))), x.select(k(48n), k(16n), get(isDouble)));
  f.i32Const(x.scratch);
  x.or(packed, sign)();
  f.store(OP.i64_store);
} // prettier-ignore

function emitToInteger(f: FunctionBuilder, slow: number, unpack: number): void {
  const x = expressions(f);
  const { get, c, k } = x;
  const [from, bits, direction] = [0, 1, 2];
  const [significand, word, shift, kept, lost] = [f.local(I64), f.local(I32), f.local(I32), f.local(I64), f.local(I64)];
  const leave = (): void => void f.localGet(from).localGet(bits).localGet(direction).returnCall(slow);
  // Truncation, or the control word's rounding to nearest.
  const isTruncated = x.eq32(x.select(x.and32(x.shr32(x.field(CPU.fpControl), c(10)), c(3)), get(direction), x.lt32(get(direction), c(0))), c(3));
  pushIsPlain(f);
  x.eq32(x.and32(x.field(CPU.fpControl), c(0xe20)), c(0xe20))();
  f.op(OP.i32_or).op(OP.i32_eqz).if();
  leave();
  f.end();
  emitTake(f, unpack, from, significand, word, leave);
  x.set(shift, x.sub32(c(BIAS + 63), x.and32(get(word), c(EXPONENT))));
  // From 1 to 63: at least 1, and below 2^63.
  x.when(x.or32(x.geu32(x.sub32(get(shift), c(1)), c(63)), x.eqz(get(significand))), leave);
  x.set(kept, x.shr(get(significand), x.wide(get(shift))));
  x.set(lost, x.shl(get(significand), x.sub(k(64n), x.wide(get(shift)))));
  // What rounds to a limit, or is the smallest number, is left.
  x.when(x.ge(get(kept), x.sub(x.shl(k(1n), x.wide(x.sub32(get(bits), c(1)))), k(1n))), leave);
  x.when(
    isTruncated,
    () => {
      const raised = x.shl32(x.ne(get(lost), k(0n)), c(5));
      x.setField(CPU.fpStatus, x.or32(x.and32(x.field(CPU.fpStatus), c(~C1)), raised));
    },
    () => emitRoundUp(f, kept, lost),
  );
  f.i32Const(x.scratch);
  x.select(x.sub(k(0n), get(kept)), get(kept), x.and32(get(word), c(SIGN)))();
  f.store(OP.i64_store);
} // prettier-ignore

/** An integer of 64 bits; all else is left. It is exact, so that the precision does not matter. */
function emitFromMemory(f: FunctionBuilder, slow: number): void {
  const x = expressions(f);
  const { get, c, k } = x;
  const [at, bits] = [0, 1];
  const [value, zeros] = [f.local(I64), f.local(I64)];
  x.set(value, x.load(at));
  x.when(x.or32(x.ne32(get(bits), c(1)), x.eqz(get(value))), () => void f.localGet(at).localGet(bits).returnCall(slow));
  const sign = x.shl32(x.lts(x.load(at), k(0n)), c(15));
  x.when(x.lts(get(value), k(0n)), () => x.set(value, x.sub(k(0n), get(value))));
  x.set(zeros, x.clz(get(value)));
  x.setWord(at, x.or32(x.or32(x.sub32(c(BIAS + 63), x.low(get(zeros))), sign), c(X87_FORM.extended)));
  x.store(at, x.shl(get(value), get(zeros)));
}
