import { OP, type FunctionBuilder } from "@decant/wasm";
import { FLAG } from "../cpu-block.ts";
import { CC, type Condition } from "../decode/instruction.ts";

/**
 * An operand kept for a condition that may follow: a local, or a constant where `local` is NO_LOCAL. Narrower than 32 bits it is zero-extended. A number where
 * that holds the constant. One shape for both, as each is looked at several times for every instruction.
 */
export interface Value {
  readonly local: number;
  readonly constant: number | bigint;
}

const NO_LOCAL = -1;

export function localValue(local: number): Value {
  return { local, constant: 0 };
}

export function constantValue(constant: number | bigint): Value {
  return { local: NO_LOCAL, constant };
}

const ZERO = constantValue(0);

/**
 * What the flags were last set by, known at translation time only: nothing of it is in the generated code until a flag is asked for.
 * `add` and `sub` keep operands and result; "result" has only what ZF, SF and PF need. With `carryIn` the short forms of CF do not hold.
 */
export type FlagRecord =
  | {
      readonly op: "add" | "sub";
      readonly bits: number;
      readonly a: Value;
      readonly b: Value;
      readonly result: Value | undefined;
      readonly carryIn: boolean;
    }
  | { readonly op: "result"; readonly bits: number; readonly result: Value }
  /** ucomiss and kin: two locals of f32 or f64. CF, ZF and PF only. */
  | { readonly op: "float"; readonly bits: number; readonly a: number; readonly b: number };

type FlagSource = "local" | 0 | 1 | FlagRecord;

/** The flags in the order of their bits in FLAG. */
const FLAGS = [FLAG.CF, FLAG.PF, FLAG.AF, FLAG.ZF, FLAG.SF, FLAG.OF] as const;
type Flag = (typeof FLAGS)[number];

/** The flags that each pair of conditions reads, by `cc >> 1`. */
export const CONDITION_FLAGS: readonly number[] = [
  FLAG.OF,
  FLAG.CF,
  FLAG.ZF,
  FLAG.CF | FLAG.ZF,
  FLAG.SF,
  FLAG.PF,
  FLAG.SF | FLAG.OF,
  FLAG.ZF | FLAG.SF | FLAG.OF,
];

/** Where each arithmetic flag is at this point of the translation, and the code that computes a flag or a condition from that. */
export class FlagState {
  readonly #f: FunctionBuilder;
  readonly #local: (flag: number) => number;
  readonly #sources: FlagSource[] = ["local", "local", "local", "local", "local", "local"];

  constructor(f: FunctionBuilder, local: (flag: number) => number) {
    this.#f = f;
    this.#local = local;
  }

  /** From here on the flags of `mask` come from `source`. */
  set(mask: number, source: FlagSource): void {
    for (let n = 0; n < 6; n++) if (mask & (1 << n)) this.#sources[n] = source;
  }

  /** Stores the i32 on the wasm stack as the flag. */
  setLocal(flag: Flag): void {
    this.#f.localSet(this.#local(flag));
    this.set(flag, "local");
  }

  /** True if a flag is kept in this local. */
  holds(local: number): boolean {
    for (let n = 0; n < 6; n++) {
      const source = this.#sources[n];
      if (typeof source === "object" && recordHolds(source, local)) return true;
    }
    return false;
  }

  /** Writes the flags of `mask` to their locals. The record is kept, so that a condition asked for afterwards is still fused. */
  flush(mask: number): void {
    if (mask === 0) return;
    for (let n = 0; n < 6; n++) {
      if (!(mask & (1 << n)) || this.#sources[n] === "local") continue;
      const flag = FLAGS[n] as Flag;
      this.push(flag);
      this.#f.localSet(this.#local(flag));
    }
  }

  /** Like `flush`, and the locals are the flags from here on. */
  materialise(mask: number): void {
    this.flush(mask);
    this.set(mask, "local");
  }

  /** Pushes a flag as i32 0 or 1. */
  push(flag: Flag): void {
    const source = this.#source(flag);
    if (source === "local") this.#f.localGet(this.#local(flag));
    else if (typeof source === "number") this.#f.i32Const(source);
    else this.#pushFromRecord(flag, source);
  }

  /** Pushes a condition as an i32, 0 or 1. */
  condition(cc: Condition): void {
    if (this.#fused(cc)) return;
    this.#general((cc & ~1) as Condition);
    if (cc & 1) this.#f.op(OP.i32_eqz);
  }

  #source(flag: Flag): FlagSource {
    return this.#sources[31 - Math.clz32(flag)]!;
  }

  /** A comparison instead of flags, where one instruction set all that the condition reads. */
  #fused(cc: Condition): boolean {
    const needed = CONDITION_FLAGS[cc >> 1]!;
    const first = this.#source(cc >> 1 === 3 || cc >> 1 === 7 ? FLAG.ZF : ((needed & -needed) as Flag));
    if (typeof first !== "object") return false;
    if (first.op === "sub" && !first.carryIn) {
      const compare = COMPARE[cc];
      if (compare === undefined || !this.#allFrom(needed, first)) return false;
      this.#compare(compare, first.bits, first.a, first.b);
      return true;
    }
    if (first.op === "float") return this.#fusedFloat(cc, first);
    if (first.op !== "result") return false;
    if (cc === CC.e || cc === CC.ne) this.#compare(cc === CC.e ? EQ : NE, first.bits, first.result, ZERO);
    else if (cc === CC.s || cc === CC.ns) this.#compare(cc === CC.s ? LT_S : GE_S, first.bits, first.result, ZERO);
    else if ((cc === CC.be || cc === CC.a) && this.#source(FLAG.CF) === 0)
      this.#compare(cc === CC.be ? EQ : NE, first.bits, first.result, ZERO);
    else if (cc >> 1 === 6 && this.#source(FLAG.OF) === 0) this.#compare(cc === CC.l ? LT_S : GE_S, first.bits, first.result, ZERO);
    else if (cc >> 1 === 7 && this.#source(FLAG.OF) === 0 && this.#source(FLAG.SF) === first) {
      this.#compare(cc === CC.le ? LE_S : GT_S, first.bits, first.result, ZERO);
    } else return false;
    return true;
  }

  #allFrom(mask: number, source: FlagSource): boolean {
    for (let n = 0; n < 6; n++) if (mask & (1 << n) && this.#sources[n] !== source) return false;
    return true;
  }

  #fusedFloat(cc: Condition, record: FlagRecord & { op: "float" }): boolean {
    if (cc !== CC.a && cc !== CC.be) return false;
    if (this.#source(FLAG.CF) !== record || this.#source(FLAG.ZF) !== record) return false;
    this.#compareFloats("gt", record);
    if (cc === CC.be) this.#f.op(OP.i32_eqz);
    return true;
  }

  #compareFloats(compare: "lt" | "gt" | "ge", { bits, a, b }: FlagRecord & { op: "float" }): void {
    this.#f
      .localGet(a)
      .localGet(b)
      .op(bits === 64 ? OP[`f64_${compare}`] : OP[`f32_${compare}`]);
  }

  /** Unordered sets all three (Intel SDM, UCOMISD), which is why each is the negation of a comparison. */
  #pushFromFloats(flag: Flag, record: FlagRecord & { op: "float" }): void {
    const f = this.#f;
    if (flag === FLAG.CF) {
      this.#compareFloats("ge", record);
      f.op(OP.i32_eqz);
    } else if (flag === FLAG.ZF) {
      this.#compareFloats("lt", record);
      this.#compareFloats("gt", record);
      f.op(OP.i32_or).op(OP.i32_eqz);
    } else {
      const ne = record.bits === 64 ? OP.f64_ne : OP.f32_ne;
      f.localGet(record.a).localGet(record.a).op(ne).localGet(record.b).localGet(record.b).op(ne).op(OP.i32_or);
    }
  }

  #general(cc: Condition): void {
    const f = this.#f;
    switch (cc) {
      case CC.o:
        return this.push(FLAG.OF);
      case CC.b:
        return this.push(FLAG.CF);
      case CC.e:
        return this.push(FLAG.ZF);
      case CC.s:
        return this.push(FLAG.SF);
      case CC.p:
        return this.push(FLAG.PF);
      case CC.be:
        this.push(FLAG.CF);
        this.push(FLAG.ZF);
        f.op(OP.i32_or);
        return;
      default:
        this.push(FLAG.SF);
        this.push(FLAG.OF);
        f.op(OP.i32_xor);
        if (cc === CC.l) return;
        this.push(FLAG.ZF);
        f.op(OP.i32_or);
    }
  }

  #pushFromRecord(flag: Flag, record: FlagRecord): void {
    const f = this.#f;
    if (record.op === "float") return this.#pushFromFloats(flag, record);
    const wide = record.bits === 64;
    switch (flag) {
      case FLAG.ZF:
        if (record.op === "sub" && !record.carryIn) return this.#compare(EQ, record.bits, record.a, record.b);
        this.#result(record);
        f.op(wide ? OP.i64_eqz : OP.i32_eqz);
        return;
      case FLAG.SF:
        this.#result(record);
        return this.#signBit(record.bits);
      case FLAG.PF:
        this.#result(record);
        if (wide) f.op(OP.i32_wrap_i64);
        f.i32Const(0xff).op(OP.i32_and).op(OP.i32_popcnt).i32Const(1).op(OP.i32_and).op(OP.i32_eqz);
        return;
    }
    if (record.op === "result") throw new Error("x86: a flag was asked for that the dataflow called dead");
    const { op, bits, a, b, carryIn } = record;
    const and = wide ? OP.i64_and : OP.i32_and;
    const or = wide ? OP.i64_or : OP.i32_or;
    const xor = wide ? OP.i64_xor : OP.i32_xor;
    if (flag === FLAG.CF && !carryIn) {
      if (op === "sub") return this.#compare(LT_U, bits, a, b);
      this.#result(record);
      this.#value(a, bits);
      f.op(wide ? OP.i64_lt_u : OP.i32_lt_u);
    } else if (flag === FLAG.CF) {
      // With a carry in: the carry out of the top bit from the operands' and the result's top bits.
      this.#value(a, bits);
      if (op === "sub") this.#not(wide);
      this.#value(b, bits);
      f.op(and);
      this.#value(a, bits);
      if (op === "sub") this.#not(wide);
      this.#value(b, bits);
      f.op(or);
      this.#result(record);
      if (op === "add") this.#not(wide);
      f.op(and).op(or);
      this.#signBit(bits);
    } else if (flag === FLAG.OF) {
      this.#value(a, bits);
      if (op === "add") this.#result(record);
      else this.#value(b, bits);
      f.op(xor);
      this.#value(op === "add" ? b : a, bits);
      this.#result(record);
      f.op(xor).op(and);
      this.#signBit(bits);
    } else {
      this.#value(a, bits);
      this.#value(b, bits);
      f.op(xor);
      this.#result(record);
      f.op(xor);
      if (wide) f.op(OP.i32_wrap_i64);
      f.i32Const(4).op(OP.i32_shr_u).i32Const(1).op(OP.i32_and);
    }
  }

  /** The result; what lies above `bits` in a recomputed one is rubbish, which SF, PF, AF, OF and CF with carry do not look at. */
  #result(record: Exclude<FlagRecord, { op: "float" }>): void {
    if (record.result !== undefined) return this.#value(record.result, record.bits);
    if (record.op === "result") return;
    this.#value(record.a, record.bits);
    this.#value(record.b, record.bits);
    this.#f.op(record.bits === 64 ? OP.i64_sub : OP.i32_sub);
  }

  #value(value: Value, bits: number): void {
    if (value.local >= 0) this.#f.localGet(value.local);
    else if (bits === 64) this.#f.i64Const(value.constant);
    else this.#f.i32Const(Number(value.constant));
  }

  #signed(value: Value, bits: number): void {
    const isConstant = value.local < 0;
    if (isConstant && bits < 32) return void this.#f.i32Const((Number(value.constant) << (32 - bits)) >> (32 - bits));
    this.#value(value, bits);
    if (isConstant) return;
    if (bits === 8) this.#f.op(OP.i32_extend8_s);
    else if (bits === 16) this.#f.op(OP.i32_extend16_s);
  }

  #compare(compare: Compare, bits: number, a: Value, b: Value): void {
    const wide = bits === 64;
    const { isSigned } = compare;
    if (isSigned) this.#signed(a, bits);
    else this.#value(a, bits);
    if ((compare === EQ || compare === NE) && b.local < 0 && Number(b.constant) === 0) {
      this.#f.op(wide ? OP.i64_eqz : OP.i32_eqz);
      if (compare === NE) this.#f.op(OP.i32_eqz);
      return;
    }
    if (isSigned) this.#signed(b, bits);
    else this.#value(b, bits);
    this.#f.op(wide ? compare.i64 : compare.i32);
  }

  #signBit(bits: number): void {
    if (bits === 64) this.#f.i64Const(0).op(OP.i64_lt_s);
    else if (bits === 32) this.#f.i32Const(0).op(OP.i32_lt_s);
    else
      this.#f
        .i32Const(bits - 1)
        .op(OP.i32_shr_u)
        .i32Const(1)
        .op(OP.i32_and);
  }

  #not(wide: boolean): void {
    if (wide) this.#f.i64Const(-1).op(OP.i64_xor);
    else this.#f.i32Const(-1).op(OP.i32_xor);
  }
}

interface Compare {
  readonly i32: number;
  readonly i64: number;
  readonly isSigned: boolean;
}

function comparison(name: "eq" | "ne" | "lt_s" | "lt_u" | "gt_s" | "gt_u" | "le_s" | "le_u" | "ge_s" | "ge_u"): Compare {
  return { i32: OP[`i32_${name}`], i64: OP[`i64_${name}`], isSigned: name.endsWith("_s") };
}

const EQ = comparison("eq");
const NE = comparison("ne");
const LT_S = comparison("lt_s");
const LT_U = comparison("lt_u");
const LE_S = comparison("le_s");
const GT_S = comparison("gt_s");
const GE_S = comparison("ge_s");

/** The comparison of a and b that each condition is after a subtraction. */
const COMPARE: Partial<Record<Condition, Compare>> = {
  [CC.b]: LT_U,
  [CC.ae]: comparison("ge_u"),
  [CC.e]: EQ,
  [CC.ne]: NE,
  [CC.be]: comparison("le_u"),
  [CC.a]: comparison("gt_u"),
  [CC.l]: LT_S,
  [CC.ge]: GE_S,
  [CC.le]: LE_S,
  [CC.g]: GT_S,
};

function recordHolds(record: FlagRecord, local: number): boolean {
  if (record.op === "float") return record.a === local || record.b === local;
  if (record.op === "result") return isLocal(record.result, local);
  return isLocal(record.a, local) || isLocal(record.b, local) || isLocal(record.result, local);
}

function isLocal(value: Value | undefined, local: number): boolean {
  return value?.local === local;
}
