import { F64, OP, TRUNC_SAT } from "@decant/wasm";
import { CPU, FLAG, GPR } from "../cpu-block.ts";
import type { Instruction } from "../decode/instruction.ts";
import { MNEMONIC } from "../decode/mnemonics.ts";
import type { Emitter } from "./emitter.ts";
import { CONDITION_FLAGS } from "./flags.ts";
import type { HelperName } from "./helpers.ts";
import { NotTranslated, type Lowering, type LoweringTable } from "./lowering.ts";

/**
 * The x87: registers are doubles in the CPU block, st(i) at physical (top + i) & 7, as with precision control at 53 bits. What is not a processor's:
 * the 11 further bits and the wider exponent of extended precision, the exception flags, and tags (every register counts as in use).
 */
export const x87: LoweringTable = {
  Fld: { operands: "r", lower: (e, insn) => pushSt(e, () => source(e, insn)) },
  Fild: { operands: "r", lower: (e, insn) => pushSt(e, () => integerSource(e, insn)) },
  Fst: { operands: "w", lower: (e, insn) => storeFloat(e, insn, 0) },
  Fstp: { operands: "w", lower: (e, insn) => storeFloat(e, insn, 1) },
  Fist: { operands: "w", lower: (e, insn) => storeInteger(e, insn, "control", 0) },
  Fistp: { operands: "w", lower: (e, insn) => storeInteger(e, insn, "control", 1) },
  Fisttp: { operands: "w", lower: (e, insn) => storeInteger(e, insn, "trunc", 1) },
  Fld1: constant(1), Fldz: constant(0), Fldpi: constant(Math.PI), Fldl2e: constant(Math.LOG2E), Fldl2t: constant(Math.log2(10)),
  Fldlg2: constant(Math.log10(2)), Fldln2: constant(Math.LN2),
  Fadd: binary(OP.f64_add, 0), Faddp: binary(OP.f64_add, 1), Fiadd: binary(OP.f64_add, 0),
  Fmul: binary(OP.f64_mul, 0), Fmulp: binary(OP.f64_mul, 1), Fimul: binary(OP.f64_mul, 0),
  Fsub: binary(OP.f64_sub, 0), Fsubp: binary(OP.f64_sub, 1), Fisub: binary(OP.f64_sub, 0),
  Fsubr: binary(OP.f64_sub, 0, true), Fsubrp: binary(OP.f64_sub, 1, true), Fisubr: binary(OP.f64_sub, 0, true),
  Fdiv: binary(OP.f64_div, 0), Fdivp: binary(OP.f64_div, 1), Fidiv: binary(OP.f64_div, 0),
  Fdivr: binary(OP.f64_div, 0, true), Fdivrp: binary(OP.f64_div, 1, true), Fidivr: binary(OP.f64_div, 0, true),
  Fchs: unary((e) => e.f.op(OP.f64_neg)), Fabs: unary((e) => e.f.op(OP.f64_abs)), Fsqrt: unary((e) => e.f.op(OP.f64_sqrt)), Frndint: unary(roundByControl),
  F2xm1: unary((e) => e.help("f2xm1")), Fsin: unary((e) => trigonometric(e, "fsin")), Fcos: unary((e) => trigonometric(e, "fcos")),
  Fsincos: implicit((e) => {
    const angle = floatLocal(e, () => getSt(e, 0));
    setSt(e, 0, () => trigonometric(e, "fsin", angle));
    pushSt(e, () => e.f.localGet(angle) && e.help("fcos"));
  }),
  Fptan: implicit((e) => {
    setSt(e, 0, () => trigonometric(getSt(e, 0), "ftan"));
    pushSt(e, () => e.f.f64Const(1));
  }),
  Fpatan: combine("fpatan", 1), Fyl2x: combine("fyl2x", 1), Fyl2xp1: combine("fyl2xp1", 1), Fscale: combine("fscale", 0),
  Fprem: remainder(0), Fprem1: remainder(1),
  Fxtract: implicit((e) => {
    const value = floatLocal(e, () => getSt(e, 0));
    setSt(e, 0, () => e.f.localGet(value) && e.help("fexponent"));
    pushSt(e, () => e.f.localGet(value) && e.help("fsignificand"));
  }),
  Fxch: {
    operands: "--",
    lower(e, insn) {
      const n = insn.operands.at(-1)!.register;
      const first = floatLocal(e, () => getSt(e, 0));
      setSt(e, 0, () => getSt(e, n));
      setSt(e, n, () => e.f.localGet(first));
    },
  },
  Fcom: compare(0), Fcomp: compare(1), Fcompp: compare(2), Fucom: compare(0), Fucomp: compare(1), Fucompp: compare(2), Ficom: compare(0), Ficomp: compare(1),
  Fcomi: compareFlags(0), Fcomip: compareFlags(1), Fucomi: compareFlags(0), Fucomip: compareFlags(1),
  Ftst: implicit((e) => compareSt(e, () => e.f.f64Const(0))),
  Fxam: implicit(examine),
  Fcmovb: conditional(2), Fcmovnb: conditional(3), Fcmove: conditional(4), Fcmovne: conditional(5), Fcmovbe: conditional(6), Fcmovnbe: conditional(7),
  Fcmovu: conditional(10), Fcmovnu: conditional(11),
  Fldcw: { operands: "r", lower: loadControl },
  Fnstcw: { operands: "w", lower: storeControl },
  Fnstsw: { operands: "w", lower: storeStatus },
  Fninit: implicit(initialise),
  Fnclex: implicit(clearExceptions),
  Fincstp: implicit((e) => moveTop(e, 1)), Fdecstp: implicit((e) => moveTop(e, -1)),
  Ffree: { operands: "-", lower: () => {} },
}; // prettier-ignore

function implicit(lower: (e: Emitter) => void): Lowering {
  return { operands: "", memory: true, lower };
}

/** Pushes the wasm address of st(n). */
function slot(e: Emitter, n: number): void {
  e.cpuAddress(CPU.fpTop).load(32);
  if (n !== 0) e.const(n, 32).int(32, "add");
  e.const(7, 32).int(32, "and").const(4, 32).int(32, "shl").cpuAddress(CPU.x87).int(32, "add");
}

function getSt(e: Emitter, n: number): Emitter {
  slot(e, n);
  e.f.load(OP.f64_load);
  return e;
}

function setSt(e: Emitter, n: number, value: () => void): void {
  slot(e, n);
  value();
  e.f.store(OP.f64_store);
}

/** Runs `value`, which may read memory and fault, before the stack moves. */
function pushSt(e: Emitter, value: () => void): void {
  const local = floatLocal(e, value);
  moveTop(e, -1);
  setSt(e, 0, () => e.f.localGet(local));
}

function moveTop(e: Emitter, by: number): void {
  e.cpuAddress(CPU.fpTop).cpuAddress(CPU.fpTop).load(32).const(by, 32).int(32, "add").const(7, 32).int(32, "and").store(32);
}

function floatLocal(e: Emitter, value: () => void): number {
  value();
  const local = e.temp(F64);
  e.f.localSet(local);
  return local;
}

/** Pushes the last operand as a double: a register, or a float, double, extended or (of the fi- instructions) integer in memory. */
function source(e: Emitter, insn: Instruction): void {
  const { kind, register, bits } = insn.operands.at(-1)!;
  if (kind === "st") getSt(e, register);
  else if (bits === 80) {
    const address = e.address(insn).save(32);
    e.value(address, 32).load(64).value(address, 32).const(8, 32).int(32, "add").load(16).help("fld80");
  } else if (bits === 64) e.address(insn).f.load(OP.f64_load);
  else e.address(insn).f.load(OP.f32_load).op(OP.f64_promote_f32);
}

function integerSource(e: Emitter, insn: Instruction): void {
  const { bits } = insn.operands[0]!;
  e.address(insn);
  if (bits === 64) e.f.load(OP.i64_load).op(OP.f64_convert_i64_s);
  else e.f.load(bits === 32 ? OP.i32_load : OP.i32_load16_s).op(OP.f64_convert_i32_s);
}

function isIntegerForm(insn: Instruction): boolean {
  return INTEGER_FORMS.has(insn.mnemonic);
}

function storeFloat(e: Emitter, insn: Instruction, pops: number): void {
  const { kind, register, bits } = insn.operands[0]!;
  if (kind === "st") setSt(e, register, () => getSt(e, 0));
  else if (bits === 80) {
    const address = e.address(insn).save(32);
    e.value(address, 32);
    getSt(e, 0).help("fst80mantissa").store(64);
    e.value(address, 32).const(8, 32).int(32, "add");
    getSt(e, 0).help("fst80exponent").store(16);
  } else {
    e.address(insn);
    getSt(e, 0);
    if (bits === 64) e.f.store(OP.f64_store);
    else e.f.op(OP.f32_demote_f64).store(OP.f32_store);
  }
  if (pops > 0) moveTop(e, 1);
}

/** What does not fit becomes the smallest number, the integer indefinite. */
function storeInteger(e: Emitter, insn: Instruction, rounding: "control" | "trunc", pops: number): void {
  const { bits } = insn.operands[0]!;
  const f = e.f;
  e.address(insn);
  getSt(e, 0);
  if (rounding === "trunc") f.op(OP.f64_trunc);
  else roundByControl(e);
  const value = e.floatTee(64);
  const limit = 2 ** (bits - 1);
  f.truncSat(bits === 64 ? TRUNC_SAT.i64_trunc_sat_f64_s : TRUNC_SAT.i32_trunc_sat_f64_s);
  if (bits === 64) f.i64Const(-(2n ** 63n));
  else f.i32Const(-limit);
  f.localGet(value).op(OP.f64_abs).f64Const(limit).op(OP.f64_lt).select();
  e.store(bits);
  if (pops > 0) moveTop(e, 1);
}

/** Rounds the double on the wasm stack as the control word says: to nearest, down, up, towards zero. */
function roundByControl(e: Emitter): void {
  const f = e.f;
  const value = e.temp(F64);
  f.localSet(value);
  e.cpuAddress(CPU.fpControl).load(32).const(10, 32).int(32, "shr_u").const(3, 32).int(32, "and");
  const mode = e.save(32);
  f.localGet(value).op(OP.f64_nearest).localGet(value).op(OP.f64_floor).localGet(value).op(OP.f64_ceil).localGet(value).op(OP.f64_trunc);
  e.value(mode, 32).const(2, 32).int(32, "eq").f.select();
  e.value(mode, 32).const(1, 32).int(32, "eq").f.select();
  e.value(mode, 32).int(32, "eqz").f.select();
}

function constant(value: number): Lowering {
  return implicit((e) => pushSt(e, () => e.f.f64Const(value)));
}

function binary(opcode: number, pops: number, reversed = false): Lowering {
  return {
    operands: "--",
    adjust: (effects) => void (effects.memory = true),
    lower(e, insn) {
      const destination = insn.operands.length === 2 ? insn.operands[0]!.register : 0;
      const value = () => (isIntegerForm(insn) ? integerSource(e, insn) : source(e, insn));
      setSt(e, destination, () => {
        if (reversed) value();
        getSt(e, destination);
        if (!reversed) value();
        e.f.op(opcode);
      });
      if (pops > 0) moveTop(e, 1);
    },
  };
}

function unary(change: (e: Emitter) => void): Lowering {
  return implicit((e) => setSt(e, 0, () => change(getSt(e, 0))));
}

/** C2 says that an angle is too large; ours never are. */
function trigonometric(e: Emitter, name: HelperName, angle?: number): void {
  if (angle !== undefined) e.f.localGet(angle);
  e.help(name);
  setStatus(e, 0x0400, () => e.const(0, 32));
}

/** st1 := helper(st0, st1) and pop, or st0 := and no pop. */
function combine(name: HelperName, pops: 0 | 1): Lowering {
  return implicit((e) => {
    setSt(e, pops, () => getSt(getSt(e, 0), 1).help(name));
    if (pops > 0) moveTop(e, 1);
  });
}

/** fprem and fprem1: C2 = 0, complete; C0, C3, C1 are bits 2, 1 and 0 of the quotient. */
function remainder(rounds: 0 | 1): Lowering {
  return implicit((e) => {
    const dividend = floatLocal(e, () => getSt(e, 0));
    const divisor = floatLocal(e, () => getSt(e, 1));
    setStatus(e, 0x4700, () => e.f.localGet(dividend).localGet(divisor).i32Const(rounds) && e.help("fquotient"));
    setSt(e, 0, () => e.f.localGet(dividend).localGet(divisor).i32Const(rounds) && e.help("fprem"));
  });
}

/** Replaces the bits of `mask` in the status word by those that `value` pushes. */
function setStatus(e: Emitter, mask: number, value: () => void): void {
  e.cpuAddress(CPU.fpStatus).cpuAddress(CPU.fpStatus).load(32).const(~mask, 32).int(32, "and");
  value();
  e.int(32, "or").store(32);
}

/** C3, C2, C0 from comparing st0 with what `value` pushes: 000 greater, 001 less, 100 equal, 111 unordered. */
function compareSt(e: Emitter, value: () => void): void {
  const f = e.f;
  const a = floatLocal(e, () => getSt(e, 0));
  const b = floatLocal(e, value);
  setStatus(e, 0x4700, () => {
    f.localGet(a).localGet(b).op(OP.f64_lt).i32Const(8).op(OP.i32_shl);
    f.localGet(a).localGet(b).op(OP.f64_eq).i32Const(14).op(OP.i32_shl).op(OP.i32_or);
    f.localGet(a)
      .localGet(a)
      .op(OP.f64_ne)
      .localGet(b)
      .localGet(b)
      .op(OP.f64_ne)
      .op(OP.i32_or)
      .i32Const(0x4500)
      .op(OP.i32_mul)
      .op(OP.i32_or);
  });
}

function compare(pops: 0 | 1 | 2): Lowering {
  return {
    operands: "--",
    adjust: (effects) => void (effects.memory = true),
    lower(e, insn) {
      compareSt(e, () => {
        if (insn.operands.length === 0) getSt(e, 1);
        else if (isIntegerForm(insn)) integerSource(e, insn);
        else source(e, insn);
      });
      if (pops > 0) moveTop(e, pops);
    },
  };
}

function compareFlags(pops: 0 | 1): Lowering {
  return {
    operands: "--",
    flagsWritten: FLAG.ALL,
    memory: true,
    lower(e, insn) {
      const a = floatLocal(e, () => getSt(e, 0));
      const b = floatLocal(e, () => getSt(e, insn.operands.at(-1)!.register));
      e.flags.set(FLAG.ALL, 0);
      e.setFlags(FLAG.CF | FLAG.ZF | FLAG.PF, { op: "float", bits: 64, a, b });
      if (pops > 0) moveTop(e, 1);
    },
  };
}

/** C1 the sign; C3 C2 C0: 001 NaN, 010 normal, 011 infinity, 100 zero, 110 denormal. */
function examine(e: Emitter): void {
  setStatus(e, 0x4700, () => getSt(e, 0).help("fxam"));
}

function conditional(cc: 2 | 3 | 4 | 5 | 6 | 7 | 10 | 11): Lowering {
  return {
    operands: "--",
    flagsRead: CONDITION_FLAGS[cc >> 1]!,
    memory: true,
    lower(e, insn) {
      setSt(e, 0, () => {
        getSt(getSt(e, insn.operands.at(-1)!.register), 0).condition(cc);
        e.f.select();
      });
    },
  };
}

function loadControl(e: Emitter, insn: Instruction): void {
  const value = e.get(insn, 0).save(32);
  e.cpuAddress(CPU.fpControl).value(value, 32).store(32);
}

function storeControl(e: Emitter, insn: Instruction): void {
  e.put(insn, 0, () => e.cpuAddress(CPU.fpControl).load(32));
}

function storeStatus(e: Emitter, insn: Instruction): void {
  if (insn.operands[0]!.kind === "gpr" && insn.operands[0]!.register !== GPR.rax) throw new NotTranslated(insn);
  e.put(insn, 0, () => {
    e.cpuAddress(CPU.fpStatus).load(32).const(~0x3800, 32).int(32, "and");
    e.cpuAddress(CPU.fpTop).load(32).const(11, 32).int(32, "shl").int(32, "or").mask(16);
  });
}

function initialise(e: Emitter): void {
  e.cpuAddress(CPU.fpControl).const(0x37f, 32).store(32);
  e.cpuAddress(CPU.fpStatus).const(0, 32).store(32);
  e.cpuAddress(CPU.fpTop).const(0, 32).store(32);
}

function clearExceptions(e: Emitter): void {
  setStatus(e, 0x80ff, () => e.const(0, 32));
}

/** The mnemonics whose memory operand is an integer. */
const INTEGER_FORMS: ReadonlySet<number> = new Set([
  MNEMONIC.Fiadd, MNEMONIC.Fimul, MNEMONIC.Fisub, MNEMONIC.Fisubr, MNEMONIC.Fidiv, MNEMONIC.Fidivr, MNEMONIC.Ficom, MNEMONIC.Ficomp,
]); // prettier-ignore
