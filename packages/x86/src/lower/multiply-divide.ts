import { I64, OP } from "@decant/wasm";
import { FLAG, GPR } from "../cpu-block.ts";
import type { Instruction } from "../decode/instruction.ts";
import type { Emitter } from "./emitter.ts";
import { TRAP } from "./helpers.ts";
import type { Lowering, LoweringTable } from "./lowering.ts";

const UNDEFINED = FLAG.ZF | FLAG.SF | FLAG.PF | FLAG.AF;
const RAX = 1 << GPR.rax;
const RDX = 1 << GPR.rdx;

/** Multiplication and division. Flags that the manual leaves undefined become 0, except after division, where all stay as they were. */
export const multiplyDivide: LoweringTable = {
  Mul: multiplyAccumulator(false),
  Imul: {
    operands: "urr",
    flagsWritten: FLAG.ALL,
    adjust(effects, insn) {
      const count = insn.operands.length;
      const first = insn.operands[0]!;
      if (count === 1) {
        effects.reads |= RAX;
        effects.writes |= RAX | (first.bits === 8 ? 0 : RDX);
        if (first.kind === "gpr") effects.writes = RAX | (first.bits === 8 ? 0 : RDX);
        if (first.bits === 16) effects.reads |= RDX;
      } else if (count === 3 && first.bits >= 32) {
        const source = insn.operands[1]!;
        if (!(source.kind === "gpr" && source.register === first.register)) effects.reads &= ~(1 << first.register);
        if (insn.memory?.base === first.register || insn.memory?.index === first.register) effects.reads |= 1 << first.register;
      }
    },
    lower(e, insn) {
      if (insn.operands.length === 1) return multiplyAccumulator(true).lower(e, insn);
      const left = insn.operands.length === 3 ? 1 : 0;
      e.put(insn, 0, () => multiplySigned(e, insn, left));
    },
  },
  Div: divide(false),
  Idiv: divide(true),
};

/** Pushes the product of operands `left` and `left + 1`; CF and OF say whether it was cut. */
function multiplySigned(e: Emitter, insn: Instruction, left: number): void {
  const { bits } = insn.operands[0]!;
  const needsFlags = e.isLive(FLAG.CF | FLAG.OF);
  e.flags.set(UNDEFINED, 0);
  if (!needsFlags) {
    e.get(insn, left)
      .get(insn, left + 1)
      .int(bits, "mul")
      .mask(bits);
    return;
  }
  if (bits < 64) {
    // The whole product fits in 64 bits: it was cut if its low part, sign-extended, is something else.
    e.get(insn, left)
      .signExtend(bits, 64)
      .get(insn, left + 1)
      .signExtend(bits, 64)
      .f.op(OP.i64_mul);
    const product = e.save(64);
    e.value(product, 64).f.op(bits === 16 ? OP.i64_extend16_s : OP.i64_extend32_s);
    e.value(product, 64).f.op(OP.i64_ne);
    setOverflow(e);
    e.value(product, 64).resize(64, 32).mask(bits);
    return;
  }
  const a = e.get(insn, left).save(64);
  const b = e.get(insn, left + 1).save(64);
  const low = e.value(a, 64).value(b, 64).int(64, "mul").save(64);
  multiplyHigh(e, a.local, b.local, true);
  e.value(low, 64).f.i64Const(63).op(OP.i64_shr_s).op(OP.i64_ne);
  setOverflow(e);
  e.value(low, 64);
}

/** CF and OF from the i32 on the wasm stack, where they are live. */
function setOverflow(e: Emitter): void {
  const local = e.save(32);
  for (const flag of [FLAG.CF, FLAG.OF] as const) {
    if (!e.isLive(flag)) continue;
    e.value(local, 32);
    e.flags.setLocal(flag);
  }
}

/** Pushes the upper 64 bits of the product of two i64 locals. wasm has no such instruction: four products of halves. */
function multiplyHigh(e: Emitter, a: number, b: number, isSigned: boolean): void {
  const f = e.f;
  const low = (local: number) => f.localGet(local).i64Const(0xffff_ffff).op(OP.i64_and);
  const high = (local: number) => f.localGet(local).i64Const(32).op(OP.i64_shr_u);
  const middle = e.temp(I64);
  const cross = e.temp(I64);
  // cross = high(a) * low(b) + (low(a) * low(b) >> 32), which cannot overflow.
  high(a);
  low(b);
  f.op(OP.i64_mul);
  low(a);
  low(b);
  f.op(OP.i64_mul).i64Const(32).op(OP.i64_shr_u).op(OP.i64_add).localSet(cross);
  // middle = low(a) * high(b) + low(cross)
  low(a);
  high(b);
  f.op(OP.i64_mul);
  low(cross);
  f.op(OP.i64_add).localSet(middle);
  high(a);
  high(b);
  f.op(OP.i64_mul);
  high(cross);
  f.op(OP.i64_add);
  high(middle);
  f.op(OP.i64_add);
  if (!isSigned) return;
  // The signed product's upper half is the unsigned one's less each operand where the other is negative.
  for (const [sign, value] of [[a, b], [b, a]] as const) {
    f.localGet(sign).i64Const(63).op(OP.i64_shr_s).localGet(value).op(OP.i64_and).op(OP.i64_sub);
  } // prettier-ignore
}

/** mul, and imul with one operand: the whole product in rdx:rax, edx:eax, dx:ax or ax. */
function multiplyAccumulator(isSigned: boolean): Lowering {
  return {
    operands: "r",
    reads: RAX,
    writes: RAX,
    flagsWritten: FLAG.ALL,
    adjust(effects, insn) {
      const { bits } = insn.operands[0]!;
      if (bits > 8) effects.writes |= RDX;
      if (bits === 16) effects.reads |= RDX;
    },
    lower(e, insn) {
      const { bits } = insn.operands[0]!;
      const f = e.f;
      e.flags.set(UNDEFINED, 0);
      const wantsOverflow = e.isLive(FLAG.CF | FLAG.OF);
      if (bits < 64) {
        const extend = () => (isSigned ? e.signExtend(bits, 64) : e.resize(bits, 64));
        e.getGpr(GPR.rax, bits);
        extend();
        e.get(insn, 0);
        extend();
        const product = e.int(64, "mul").save(64);
        if (wantsOverflow) {
          e.value(product, 64);
          if (isSigned) f.op(bits === 8 ? OP.i64_extend8_s : bits === 16 ? OP.i64_extend16_s : OP.i64_extend32_s);
          else f.i64Const(2 ** bits - 1).op(OP.i64_and);
          e.value(product, 64).f.op(OP.i64_ne);
          setOverflow(e);
        }
        if (bits === 8) return e.value(product, 64).resize(64, 16).setGpr(GPR.rax, 16);
        e.value(product, 64).resize(64, bits).setGpr(GPR.rax, bits);
        e.value(product, 64).const(bits, 64).int(64, "shr_u").resize(64, bits).setGpr(GPR.rdx, bits);
        return;
      }
      const b = e.get(insn, 0).save(64);
      const a = e.getGpr(GPR.rax, 64).save(64);
      const low = e.value(a, 64).value(b, 64).int(64, "mul").save(64);
      multiplyHigh(e, a.local, b.local, isSigned);
      const high = e.save(64);
      if (wantsOverflow) {
        e.value(high, 64);
        if (isSigned) e.value(low, 64).f.i64Const(63).op(OP.i64_shr_s);
        else f.i64Const(0);
        f.op(OP.i64_ne);
        setOverflow(e);
      }
      e.value(low, 64).setGpr(GPR.rax, 64);
      e.value(high, 64).setGpr(GPR.rdx, 64);
    },
  };
}

/**
 * div and idiv. Division by zero and a quotient that does not fit are #DE. Compilers divide 64 bits by a sign- or zero-extended dividend only:
 * that is emitted inline, anything wider is a helper's.
 */
function divide(isSigned: boolean): Lowering {
  return {
    operands: "r",
    reads: RAX,
    writes: RAX,
    adjust(effects, insn) {
      if (insn.operands[0]!.bits === 8) return;
      effects.reads |= RDX;
      effects.writes |= RDX;
    },
    lower(e, insn) {
      const { bits } = insn.operands[0]!;
      e.mayFault(insn);
      if (bits === 64) divide64(e, insn, isSigned);
      else divideNarrow(e, insn, isSigned);
    },
  };
}

/** Raises #DE if the i32 on the wasm stack is not 0: Windows tells division by zero from a quotient that does not fit. */
function divideErrorIf(e: Emitter, insn: Instruction, kind: number): void {
  e.f.if();
  e.makeExact(insn);
  e.f.i32Const(kind).i32Const(insn.ip | 0);
  e.help("trap").f.unreachable().end();
}

/** The dividend of twice the width is an i64 at most, so wasm divides it; the quotient is checked against the width. */
function divideNarrow(e: Emitter, insn: Instruction, isSigned: boolean): void {
  const { bits } = insn.operands[0]!;
  const f = e.f;
  e.get(insn, 0);
  if (isSigned) e.signExtend(bits, 64);
  else e.resize(bits, 64);
  const divisor = e.save(64);
  e.value(divisor, 64).f.op(OP.i64_eqz);
  divideErrorIf(e, insn, TRAP.divide);
  if (bits === 8) {
    e.getGpr(GPR.rax, 16);
    if (isSigned) e.signExtend(16, 64);
    else e.resize(16, 64);
  } else {
    e.getGpr(GPR.rdx, bits).resize(bits, 64).const(bits, 64).int(64, "shl").getGpr(GPR.rax, bits).resize(bits, 64).int(64, "or");
    if (isSigned && bits === 16) f.op(OP.i64_extend32_s);
  }
  const dividend = e.save(64);
  if (isSigned && bits === 32) {
    // The one i64 division that wasm itself traps on; its quotient would not fit anyway.
    e.value(dividend, 64)
      .const(-(2n ** 63n), 64)
      .int(64, "eq")
      .value(divisor, 64)
      .const(-1, 64)
      .int(64, "eq")
      .int(32, "and");
    divideErrorIf(e, insn, TRAP.overflow);
  }
  const quotient = e
    .value(dividend, 64)
    .value(divisor, 64)
    .int(64, isSigned ? "div_s" : "div_u")
    .save(64);
  e.value(quotient, 64);
  if (isSigned) {
    f.op(bits === 8 ? OP.i64_extend8_s : bits === 16 ? OP.i64_extend16_s : OP.i64_extend32_s);
    e.value(quotient, 64).int(64, "ne");
  } else e.const(2 ** bits - 1, 64).int(64, "gt_u");
  divideErrorIf(e, insn, TRAP.overflow);
  const remainder = e
    .value(dividend, 64)
    .value(divisor, 64)
    .int(64, isSigned ? "rem_s" : "rem_u")
    .save(64);
  e.value(quotient, 64).resize(64, bits).setGpr(GPR.rax, bits);
  // 8 bits: the remainder goes to ah.
  e.value(remainder, 64)
    .resize(64, bits)
    .setGpr(bits === 8 ? GPR.rax : GPR.rdx, bits, bits === 8);
}

function divide64(e: Emitter, insn: Instruction, isSigned: boolean): void {
  const f = e.f;
  const divisor = e.get(insn, 0).save(64);
  const low = e.getGpr(GPR.rax, 64).save(64);
  const high = e.getGpr(GPR.rdx, 64).save(64);
  const quotient = e.temp(I64);
  e.value(divisor, 64).f.op(OP.i64_eqz);
  divideErrorIf(e, insn, TRAP.divide);
  e.value(high, 64);
  if (isSigned) e.value(low, 64).const(63, 64).int(64, "shr_s").int(64, "eq");
  else f.op(OP.i64_eqz);
  f.if();
  if (isSigned) {
    e.value(low, 64)
      .const(-(2n ** 63n), 64)
      .int(64, "eq")
      .value(divisor, 64)
      .const(-1, 64)
      .int(64, "eq")
      .int(32, "and");
    divideErrorIf(e, insn, TRAP.overflow);
  }
  e.value(low, 64)
    .value(divisor, 64)
    .int(64, isSigned ? "div_s" : "div_u")
    .f.localSet(quotient);
  f.else();
  // The remainder follows from the low halves, whatever the high ones were.
  e.makeExact(insn);
  e.value(high, 64).value(low, 64).value(divisor, 64);
  f.i32Const(isSigned ? 1 : 0).i32Const(insn.ip | 0);
  e.help("divide128").f.localSet(quotient);
  f.end();
  e.value(low, 64).f.localGet(quotient);
  e.value(divisor, 64).int(64, "mul").int(64, "sub").setGpr(GPR.rdx, 64);
  f.localGet(quotient);
  e.setGpr(GPR.rax, 64);
}
