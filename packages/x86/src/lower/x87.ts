import { F64, OP, TRUNC_SAT } from "@decant/wasm";
import { CPU, FLAG, GPR, X87_FORM } from "../cpu-block.ts";
import type { Instruction } from "../decode/instruction.ts";
import { MNEMONIC } from "../decode/mnemonics.ts";
import type { Emitter } from "./emitter.ts";
import { CONDITION_FLAGS, type Value } from "./flags.ts";
import { NotTranslated, type Lowering, type LoweringTable } from "./lowering.ts";
import {
  copyOrFault, copySlot, doubleLocal, fastOrSlow, faultIfFree, getDouble, ifDone, moveTop, popStack, pushOtherRounding, pushSlot, pushStack, pushTellsPrecision, pushUnusual,
  pushWord, putDouble, setStatus, setWord, slot,
} from "./x87-stack.ts"; // prettier-ignore
import { X87_ARITHMETIC, X87_OPERATION } from "./x87-unit.ts";

/**
 * The x87. A register is a double where that is all it holds, and an 80-bit number elsewhere (`X87_FORM`). Code here does a double's arithmetic where the
 * control word says 53 bits to nearest and the result is an ordinary number; all else is x87-unit.ts's, exact. So with 53 bits C1, and the flags of
 * precision and of denormal operands, are as the last exact operation left them.
 */
export const x87: LoweringTable = {
  Fld: { operands: "r", lower: load },
  Fild: { operands: "r", lower: (e, insn) => loadInteger(e, insn) },
  Fbld: { operands: "r", lower: loadDecimal },
  Fst: { operands: "w", lower: (e, insn) => storeFloat(e, insn, 0) },
  Fstp: { operands: "w", lower: (e, insn) => storeFloat(e, insn, 1) },
  Fstpnce: { operands: "w", lower: (e, insn) => storeFloat(e, insn, 1) },
  Fist: { operands: "w", lower: (e, insn) => storeInteger(e, insn, "control", 0) },
  Fistp: { operands: "w", lower: (e, insn) => storeInteger(e, insn, "control", 1) },
  Fisttp: { operands: "w", lower: (e, insn) => storeInteger(e, insn, "trunc", 1) },
  Fbstp: { operands: "w", lower: storeDecimal },
  Fld1: constant(0), Fldl2t: constant(1), Fldl2e: constant(2), Fldpi: constant(3), Fldlg2: constant(4), Fldln2: constant(5), Fldz: constant(6),
  Fadd: binary("add", 0), Faddp: binary("add", 1), Fiadd: binary("add", 0),
  Fmul: binary("multiply", 0), Fmulp: binary("multiply", 1), Fimul: binary("multiply", 0),
  Fsub: binary("subtract", 0), Fsubp: binary("subtract", 1), Fisub: binary("subtract", 0),
  Fsubr: binary("subtractReversed", 0), Fsubrp: binary("subtractReversed", 1), Fisubr: binary("subtractReversed", 0),
  Fdiv: binary("divide", 0), Fdivp: binary("divide", 1), Fidiv: binary("divide", 0),
  Fdivr: binary("divideReversed", 0), Fdivrp: binary("divideReversed", 1), Fidivr: binary("divideReversed", 0),
  Fchs: sign((e, value) => e.f.localGet(value).op(OP.f64_neg), (e) => e.const(0x8000, 32).int(32, "xor")),
  Fabs: sign((e, value) => e.f.localGet(value).op(OP.f64_abs), (e) => e.const(~0x8000, 32).int(32, "and")),
  Fsqrt: implicit(squareRoot), Frndint: implicit(roundToInteger),
  F2xm1: operation("f2xm1"), Fsin: operation("sin"), Fcos: operation("cos"), Fsincos: operation("sincos"), Fptan: operation("ptan"), Fpatan: operation("patan"),
  Fyl2x: operation("yl2x"), Fyl2xp1: operation("yl2xp1"), Fscale: operation("scale"), Fprem: operation("prem"), Fprem1: operation("prem1"), Fxtract: operation("xtract"),
  Fxam: operation("xam"), Ftst: operation("tst"),
  Fxch: { operands: "--", lower: exchange },
  Fcom: compare(0), Fcomp: compare(1), Fcompp: compare(2), Fucom: compare(0), Fucomp: compare(1), Fucompp: compare(2), Ficom: compare(0), Ficomp: compare(1),
  Fcomi: compareFlags(0), Fcomip: compareFlags(1), Fucomi: compareFlags(0), Fucomip: compareFlags(1),
  Fcmovb: conditional(2), Fcmovnb: conditional(3), Fcmove: conditional(4), Fcmovne: conditional(5), Fcmovbe: conditional(6), Fcmovnbe: conditional(7),
  Fcmovu: conditional(10), Fcmovnu: conditional(11),
  Fldcw: { operands: "r", lower: loadControl },
  Fnstcw: { operands: "w", lower: storeControl },
  Fnstsw: { operands: "w", lower: storeStatus },
  Fninit: implicit(initialise),
  Fnclex: implicit((e) => setStatus(e, 0x80ff, () => e.const(0, 32))),
  Fincstp: implicit((e) => moveTop(e, 1)), Fdecstp: implicit((e) => moveTop(e, -1)),
  Ffree: { operands: "-", memory: true, lower: (e, insn) => free(e, insn.operands[0]!.register) },
  Ffreep: {
    operands: "-",
    memory: true,
    lower(e, insn) {
      free(e, insn.operands[0]!.register);
      popStack(e);
    },
  },
}; // prettier-ignore

function implicit(lower: (e: Emitter) => void): Lowering {
  return { operands: "", memory: true, lower };
}

function operation(name: Exclude<keyof typeof X87_OPERATION, "load">): Lowering {
  return implicit((e) => e.const(X87_OPERATION[name], 32).help("x87Operation"));
}

function constant(n: number): Lowering {
  if (n === 0 || n === 6) {
    return implicit((e) => {
      const value = doubleLocal(e, () => e.f.f64Const(n === 0 ? 1 : 0));
      pushStack(e, (at) => putDouble(e, at, value));
    });
  }
  return implicit((e) => e.const(X87_OPERATION.load + n, 32).help("x87Operation"));
}

/** fld: a register, or a float, double or 80-bit number in memory. What a float or double signals is raised by the unit. */
function load(e: Emitter, insn: Instruction): void {
  const { kind, register, bits } = insn.operands[0]!;
  const f = e.f;
  if (kind === "st") {
    const from = slot(e, register);
    return pushStack(e, (at) => copyOrFault(e, at, from));
  }
  if (bits === 80) {
    const address = e.address(insn).save(32);
    const significand = e.value(address, 32).load(64).save(64);
    const exponent = e.value(address, 32).const(8, 32).int(32, "add").load(16).save(32);
    return pushStack(e, (at) => {
      f.localGet(at);
      e.value(significand, 64).store(64);
      setWord(e, at, () => e.value(exponent, 32).const(X87_FORM.extended, 32).int(32, "or"));
    });
  }
  const raw = e.address(insn).load(bits).save(bits);
  pushStack(e, (at) => pushFloat(e, at, raw, bits));
}

/** Makes the slot hold the float or double whose bits are in a local. */
function pushFloat(e: Emitter, at: number, raw: Value, bits: number): void {
  const f = e.f;
  const value = doubleLocal(e, () => pushAsDouble(e, raw, bits));
  putDouble(e, at, value);
  // A NaN may signal, and a denormal does. What is refused is freed again.
  f.localGet(value).op(OP.f64_abs).f64Const(bits === 64 ? 2 ** -1022 : 2 ** -126).op(OP.f64_ge).op(OP.i32_eqz).if();
  f.localGet(value).f64Const(0).op(OP.f64_ne).if();
  f.localGet(at);
  e.value(raw, bits).resize(bits, 64).store(64);
  f.localGet(at).i32Const(bits);
  e.help("x87FromMemory");
  f.end().end();
} // prettier-ignore

function pushAsDouble(e: Emitter, raw: Value, bits: number): void {
  e.value(raw, bits);
  if (bits === 64) e.f.op(OP.f64_reinterpret_i64);
  else e.f.op(OP.f32_reinterpret_i32).op(OP.f64_promote_f32);
}

/** fild: an integer beyond 2^53 is left to the unit. */
function loadInteger(e: Emitter, insn: Instruction): void {
  const { bits } = insn.operands[0]!;
  const f = e.f;
  if (bits < 64) {
    const value = doubleLocal(e, () => pushSmallInteger(e, insn, bits));
    return pushStack(e, (at) => putDouble(e, at, value));
  }
  const raw = e.address(insn).load(64).save(64);
  pushStack(e, (at) => {
    const value = doubleLocal(e, () => e.value(raw, 64).f.op(OP.f64_convert_i64_s));
    putDouble(e, at, value);
    e.value(raw, 64).f.i64Const(1n << 53n).op(OP.i64_add).i64Const(54).op(OP.i64_shr_u).op(OP.i64_eqz).op(OP.i32_eqz).if();
    f.localGet(at);
    e.value(raw, 64).store(64);
    f.localGet(at).i32Const(1);
    e.help("x87FromMemory");
    f.end();
  }); // prettier-ignore
}

function pushSmallInteger(e: Emitter, insn: Instruction, bits: number): void {
  e.address(insn)
    .f.load(bits === 32 ? OP.i32_load : OP.i32_load16_s)
    .op(OP.f64_convert_i32_s);
}

function loadDecimal(e: Emitter, insn: Instruction): void {
  const address = e.address(insn).save(32);
  const low = e.value(address, 32).load(64).save(64);
  const high = e.value(address, 32).const(8, 32).int(32, "add").load(16).save(32);
  pushStack(e, (at) => {
    e.f.localGet(at);
    e.value(low, 64).store(64);
    setWord(e, at, () => e.value(high, 32));
    e.f.localGet(at).i32Const(80);
    e.help("x87FromMemory");
  });
}

/** Stores what a helper left in the scratch place. */
function storeScratch(e: Emitter, address: Value, bits: number): void {
  ifDone(e, () => copyScratch(e, address, bits));
}

function copyScratch(e: Emitter, address: Value, bits: number): void {
  const part = (width: number, offset: number): void => {
    e.value(address, 32);
    if (offset > 0) e.const(offset, 32).int(32, "add");
    e.cpuAddress(CPU.fpScratch + offset)
      .load(width)
      .store(width);
  };
  part(Math.min(bits, 64), 0);
  if (bits === 80) part(16, 8);
}

function storeFloat(e: Emitter, insn: Instruction, pops: 0 | 1): void {
  const { kind, register, bits } = insn.operands[0]!;
  const f = e.f;
  const from = slot(e, 0);
  if (kind === "st") {
    const to = slot(e, register);
    copyOrFault(e, to, from);
    return popStack(e, pops);
  }
  const address = e.address(insn).save(32);
  const slow = (): void => {
    f.localGet(from).i32Const(bits);
    e.help("x87ToFloat");
    storeScratch(e, address, bits);
  };
  if (bits === 80) {
    fastOrSlow(
      e,
      (leaveIf) => {
        pushWord(e, from).const(~0xffff, 32).int(32, "and").const(X87_FORM.extended, 32).int(32, "ne");
        leaveIf();
        e.value(address, 32);
        f.localGet(from);
        e.load(64).store(64);
        e.value(address, 32).const(8, 32).int(32, "add");
        pushWord(e, from).store(16);
      },
      slow,
    );
  } else {
    fastOrSlow(
      e,
      (leaveIf) => {
        pushWord(e, from);
        if (bits === 32) pushOtherDirection(e).int(32, "or");
        if (bits === 32 && e.hasExactFloats) pushTellsPrecision(e).int(32, "or");
        leaveIf();
        if (bits === 32 && e.hasExactFloats) leaveIfNoFloat(e, from, leaveIf);
        e.value(address, 32);
        getDouble(e, from);
        if (bits === 64) f.store(OP.f64_store);
        else f.op(OP.f32_demote_f64).store(OP.f32_store);
      },
      slow,
    );
  }
  if (pops > 0) popStack(e);
}

/** Leaves where the double in a slot is no ordinary float: what that raises is told. */
function leaveIfNoFloat(e: Emitter, from: number, leaveIf: () => void): void {
  const magnitude = doubleLocal(e, () => getDouble(e, from).f.op(OP.f64_abs));
  e.f.localGet(magnitude).f64Const(LEAST_FLOAT).op(OP.f64_gt).localGet(magnitude).f64Const(LARGEST_FLOAT).op(OP.f64_lt).op(OP.i32_and);
  e.f.localGet(magnitude).f64Const(0).op(OP.f64_eq).op(OP.i32_or).op(OP.i32_eqz);
  leaveIf();
}

/** Pushes a condition that is not 0 unless rounding is to nearest. */
function pushOtherDirection(e: Emitter): Emitter {
  return e.cpuAddress(CPU.fpControl).load(32).const(0xc00, 32).int(32, "and");
}

/** What does not fit becomes the smallest number, the integer indefinite. */
function storeInteger(e: Emitter, insn: Instruction, rounding: "control" | "trunc", pops: 0 | 1): void {
  const { bits } = insn.operands[0]!;
  const f = e.f;
  const address = e.address(insn).save(32);
  const from = slot(e, 0);
  const limit = 2 ** (bits - 1);
  fastOrSlow(
    e,
    (leaveIf) => {
      pushWord(e, from);
      if (e.hasExactFloats) pushTellsPrecision(e).int(32, "or");
      leaveIf();
      getDouble(e, from);
      if (rounding === "trunc") f.op(OP.f64_trunc);
      else roundByControl(e);
      const value = doubleLocal(e, () => {});
      f.localGet(value).op(OP.f64_abs).f64Const(limit).op(OP.f64_lt).op(OP.i32_eqz);
      leaveIf();
      e.value(address, 32);
      f.localGet(value).truncSat(bits === 64 ? TRUNC_SAT.i64_trunc_sat_f64_s : TRUNC_SAT.i32_trunc_sat_f64_s);
      e.store(bits);
    },
    () => {
      f.localGet(from)
        .i32Const(bits)
        .i32Const(rounding === "trunc" ? 3 : -1);
      e.help("x87ToInteger");
      storeScratch(e, address, bits);
    },
  );
  if (pops > 0) popStack(e);
}

function storeDecimal(e: Emitter, insn: Instruction): void {
  const address = e.address(insn).save(32);
  pushSlot(e, 0).help("x87ToDecimal");
  storeScratch(e, address, 80);
  popStack(e);
}

/** What an ordinary float is above, and below. */
const LEAST_FLOAT = 2 ** -126;
const LARGEST_FLOAT = 2 ** 127;

/** Rounds the double on the wasm stack as the control word says: to nearest, down, up, towards zero. */
function roundByControl(e: Emitter): void {
  const f = e.f;
  const value = doubleLocal(e, () => {});
  e.cpuAddress(CPU.fpControl).load(32).const(10, 32).int(32, "shr_u").const(3, 32).int(32, "and");
  const mode = e.save(32);
  f.localGet(value).op(OP.f64_nearest).localGet(value).op(OP.f64_floor).localGet(value).op(OP.f64_ceil).localGet(value).op(OP.f64_trunc);
  e.value(mode, 32).const(2, 32).int(32, "eq").f.select();
  e.value(mode, 32).const(1, 32).int(32, "eq").f.select();
  e.value(mode, 32).int(32, "eqz").f.select();
}

const WASM_ARITHMETIC = {
  add: OP.f64_add, multiply: OP.f64_mul, subtract: OP.f64_sub, subtractReversed: OP.f64_sub, divide: OP.f64_div, divideReversed: OP.f64_div,
} as const; // prettier-ignore

/** The last operand of an operation: a slot, or what memory holds, as a double, and as its bits where it is none by nature. */
interface Source {
  readonly at?: number;
  readonly value?: number;
  readonly raw?: Value;
  readonly bits: number;
}

function sourceOf(e: Emitter, insn: Instruction): Source {
  const operand = insn.operands.at(-1);
  if (operand === undefined || operand.kind === "st") return { at: slot(e, operand?.register ?? 1), bits: 80 };
  const { bits } = operand;
  if (INTEGER_FORMS.has(insn.mnemonic)) return { value: doubleLocal(e, () => pushSmallInteger(e, insn, bits)), bits };
  const raw = e.address(insn).load(bits).save(bits);
  return { raw, value: doubleLocal(e, () => pushAsDouble(e, raw, bits)), bits };
}

/** Pushes a source that is known to be a double. */
function getSource(e: Emitter, { at, value }: Source): void {
  if (at === undefined) e.f.localGet(value!);
  else getDouble(e, at);
}

/** Pushes the address of a source's slot, which the scratch place becomes for what memory holds. */
function pushSourceSlot(e: Emitter, { at, value, raw, bits }: Source): void {
  const f = e.f;
  if (at !== undefined) return void f.localGet(at);
  e.cpuAddress(CPU.fpScratch);
  const scratch = e.save(32).local;
  if (raw === undefined) putDouble(e, scratch, value!);
  else {
    f.localGet(scratch);
    e.value(raw, bits).resize(bits, 64).store(64);
    setWord(e, scratch, () => e.const(bits === 64 ? X87_FORM.double : X87_FORM.single, 32));
  }
  f.localGet(scratch);
}

function binary(name: keyof typeof X87_ARITHMETIC, pops: 0 | 1): Lowering {
  const isReversed = name.endsWith("Reversed");
  return {
    operands: "--",
    adjust: (effects) => void (effects.memory = true),
    lower(e, insn) {
      const f = e.f;
      const source = sourceOf(e, insn);
      const to = slot(e, insn.operands.length === 2 ? insn.operands[0]!.register : 0);
      fastOrSlow(
        e,
        (leaveIf) => {
          pushWord(e, to);
          if (source.at !== undefined) pushWord(e, source.at).int(32, "or");
          pushOtherRounding(e).int(32, "or");
          leaveIf();
          if (e.hasExactFloats && source.raw !== undefined) leaveIfUnusual(e, source.value!, source.bits, leaveIf);
          if (isReversed) getSource(e, source);
          getDouble(e, to);
          if (!isReversed) getSource(e, source);
          f.op(WASM_ARITHMETIC[name]);
          const result = doubleLocal(e, () => {});
          pushUnusual(e, result);
          leaveIf();
          f.localGet(to).localGet(result).store(OP.f64_store);
        },
        () => {
          f.i32Const(X87_ARITHMETIC[name]).localGet(to);
          pushSourceSlot(e, source);
          e.help("x87Arithmetic");
        },
      );
      if (pops > 0) popStack(e);
    },
  };
}

/** Leaves where what memory holds raises something by itself: a denormal, or a NaN. */
function leaveIfUnusual(e: Emitter, value: number, bits: number, leaveIf: () => void): void {
  e.f
    .localGet(value)
    .op(OP.f64_abs)
    .f64Const(bits === 64 ? 2 ** -1022 : 2 ** -126)
    .op(OP.f64_ge);
  e.f.localGet(value).f64Const(0).op(OP.f64_eq).op(OP.i32_or).op(OP.i32_eqz);
  leaveIf();
}

/** fchs and fabs: of a double by `change`, of an 80-bit number by what `changeWord` makes of its word. */
function sign(change: (e: Emitter, value: number) => void, changeWord: (e: Emitter) => void): Lowering {
  return implicit((e) => {
    const f = e.f;
    const at = slot(e, 0);
    pushWord(e, at).f.op(OP.i32_eqz).if();
    const value = doubleLocal(e, () => getDouble(e, at));
    f.localGet(at);
    change(e, value);
    f.store(OP.f64_store).else();
    pushWord(e, at).const(X87_FORM.empty, 32).int(32, "and").f.if();
    f.localGet(at).i32Const(0);
    e.help("x87StackFault").f.else();
    setWord(e, at, () => {
      pushWord(e, at);
      changeWord(e);
    });
    f.end().end();
  });
}

function squareRoot(e: Emitter): void {
  const f = e.f;
  const at = slot(e, 0);
  fastOrSlow(
    e,
    (leaveIf) => {
      pushWord(e, at);
      pushOtherRounding(e).int(32, "or");
      leaveIf();
      const result = doubleLocal(e, () => getDouble(e, at).f.op(OP.f64_sqrt));
      pushUnusual(e, result);
      leaveIf();
      f.localGet(at).localGet(result).store(OP.f64_store);
    },
    () => e.const(X87_OPERATION.sqrt, 32).help("x87Operation"),
  );
}

function roundToInteger(e: Emitter): void {
  const f = e.f;
  const at = slot(e, 0);
  fastOrSlow(
    e,
    (leaveIf) => {
      // With 64 bits what is lost is told, as everywhere.
      pushWord(e, at).cpuAddress(CPU.fpControl).load(32).const(0x300, 32).int(32, "and").const(0x300, 32).int(32, "eq").int(32, "or");
      if (e.hasExactFloats) pushTellsPrecision(e).int(32, "or");
      leaveIf();
      const value = doubleLocal(e, () => getDouble(e, at));
      f.localGet(value).localGet(value).op(OP.f64_ne);
      leaveIf();
      f.localGet(at).localGet(value);
      roundByControl(e);
      f.store(OP.f64_store);
    },
    () => e.const(X87_OPERATION.rndint, 32).help("x87Operation"),
  );
}

function exchange(e: Emitter, insn: Instruction): void {
  const f = e.f;
  const a = slot(e, 0);
  const b = slot(e, insn.operands.at(-1)!.register);
  faultIfFree(e, a);
  faultIfFree(e, b);
  ifDone(e, () => {
    f.localGet(a);
    const value = e.load(64).save(64);
    const word = pushWord(e, a).save(32);
    copySlot(e, a, b);
    f.localGet(b);
    e.value(value, 64).store(64);
    setWord(e, b, () => e.value(word, 32));
  });
}

const isQuiet = (insn: Instruction): boolean => QUIET.has(insn.mnemonic);

/** C3, C2, C0: 000 greater, 001 less, 100 equal, 111 unordered. */
function compare(pops: 0 | 1 | 2): Lowering {
  return {
    operands: "--",
    adjust: (effects) => void (effects.memory = true),
    lower(e, insn) {
      const f = e.f;
      const source = sourceOf(e, insn);
      const at = slot(e, 0);
      fastOrSlow(
        e,
        (leaveIf) => {
          pushWord(e, at);
          if (source.at !== undefined) pushWord(e, source.at).int(32, "or");
          leaveIf();
          const a = doubleLocal(e, () => getDouble(e, at));
          const b = doubleLocal(e, () => getSource(e, source));
          for (const side of [a, b]) {
            f.localGet(side).localGet(side).op(OP.f64_ne);
            leaveIf();
          }
          if (e.hasExactFloats && source.raw !== undefined) leaveIfUnusual(e, b, source.bits, leaveIf);
          setStatus(e, 0x4700, () => {
            f.localGet(a).localGet(b).op(OP.f64_lt).i32Const(8).op(OP.i32_shl);
            f.localGet(a).localGet(b).op(OP.f64_eq).i32Const(14).op(OP.i32_shl).op(OP.i32_or);
          });
        },
        () => {
          pushSourceSlot(e, source);
          f.i32Const(isQuiet(insn) ? 1 : 0);
          e.help("x87Compare");
        },
      );
      popStack(e, pops);
    },
  };
}

function compareFlags(pops: 0 | 1): Lowering {
  return {
    operands: "--",
    flagsWritten: FLAG.ALL,
    memory: true,
    lower(e, insn) {
      const f = e.f;
      const from = slot(e, insn.operands.at(-1)!.register);
      const at = slot(e, 0);
      // What the unit answers is compared with 0 as the doubles are.
      const [a, b] = [e.temp(F64), e.temp(F64)];
      fastOrSlow(
        e,
        (leaveIf) => {
          pushWord(e, at);
          pushWord(e, from).int(32, "or");
          leaveIf();
          getDouble(e, at).f.localTee(a).localGet(a).op(OP.f64_ne);
          leaveIf();
          getDouble(e, from).f.localTee(b).localGet(b).op(OP.f64_ne);
          leaveIf();
        },
        () => {
          f.localGet(from).i32Const(isQuiet(insn) ? 1 : 0);
          e.help("x87Order").f.localSet(a).f64Const(0).localSet(b);
        },
      );
      e.flags.set(FLAG.ALL, 0);
      e.setFlags(FLAG.CF | FLAG.ZF | FLAG.PF, { op: "float", bits: 64, a, b });
      popStack(e, pops);
    },
  };
}

function conditional(cc: 2 | 3 | 4 | 5 | 6 | 7 | 10 | 11): Lowering {
  return {
    operands: "--",
    flagsRead: CONDITION_FLAGS[cc >> 1]!,
    memory: true,
    lower(e, insn) {
      const at = slot(e, 0);
      const from = slot(e, insn.operands.at(-1)!.register);
      const f = e.f;
      // Both are operands, whichever is taken.
      pushWord(e, at);
      pushWord(e, from).int(32, "or").const(X87_FORM.empty, 32).int(32, "and").f.if();
      f.localGet(at).i32Const(0);
      e.help("x87StackFault").f.else();
      e.condition(cc);
      f.if();
      copySlot(e, at, from);
      f.end().end();
    },
  };
}

function free(e: Emitter, n: number): void {
  const at = slot(e, n);
  setWord(e, at, () => pushWord(e, at).const(X87_FORM.empty, 32).int(32, "or"));
}

/** Bits 6 and 12 are kept as a processor keeps them: 1, and as written. */
function loadControl(e: Emitter, insn: Instruction): void {
  const value = e.get(insn, 0).save(32);
  e.cpuAddress(CPU.fpControl).value(value, 32).store(32);
  summarise(e);
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

/** Has the status word say whether something was raised that the control word, which has changed, does not mask. */
export function summarise(e: Emitter): void {
  if (!e.hasExactFloats) return;
  const status = e.cpuAddress(CPU.fpStatus).load(32).save(32);
  e.cpuAddress(CPU.fpStatus).value(status, 32).const(~0x8080, 32).int(32, "and");
  e.const(0x8080, 32).const(0, 32);
  e.value(status, 32).cpuAddress(CPU.fpControl).load(32).const(-1, 32).int(32, "xor").int(32, "and").const(0x3f, 32).int(32, "and").f.select();
  e.int(32, "or").store(32);
} // prettier-ignore

/** Control 0x37F, status 0, all registers free. */
export function initialise(e: Emitter): void {
  e.cpuAddress(CPU.fpControl).const(0x37f, 32).store(32);
  e.cpuAddress(CPU.fpStatus).const(0, 32).store(32);
  e.cpuAddress(CPU.fpTop).const(0, 32).store(32);
  e.const(0xffff, 32).help("x87SetTags");
}

/** The mnemonics whose memory operand is an integer. */
const INTEGER_FORMS: ReadonlySet<number> = new Set([
  MNEMONIC.Fiadd, MNEMONIC.Fimul, MNEMONIC.Fisub, MNEMONIC.Fisubr, MNEMONIC.Fidiv, MNEMONIC.Fidivr, MNEMONIC.Ficom, MNEMONIC.Ficomp,
]); // prettier-ignore

/** Those that a quiet NaN is no invalid operand of. */
const QUIET: ReadonlySet<number> = new Set([MNEMONIC.Fucom, MNEMONIC.Fucomp, MNEMONIC.Fucompp, MNEMONIC.Fucomi, MNEMONIC.Fucomip]);
