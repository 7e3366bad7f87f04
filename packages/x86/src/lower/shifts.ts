import { I32, OP } from "@decant/wasm";
import { FLAG } from "../cpu-block.ts";
import type { Instruction } from "../decode/instruction.ts";
import type { Emitter } from "./emitter.ts";
import { constantValue, type Value } from "./flags.ts";
import type { Lowering, LoweringTable } from "./lowering.ts";

const RESULT = FLAG.ZF | FLAG.SF | FLAG.PF;

/**
 * Shifts and rotations. A masked count of 0 changes no flag. OF, defined for counts of 1 only, is computed by the same formula for every
 * count; AF becomes 0. Both are masked in the differential tests where the manual leaves them open.
 */
export const shifts: LoweringTable = {
  Shl: shift("shl"),
  Sal: shift("shl"),
  Shr: shift("shr"),
  Sar: shift("sar"),
  Rol: rotate("rotl"),
  Ror: rotate("rotr"),
  Rcl: rotateThroughCarry("rcl"),
  Rcr: rotateThroughCarry("rcr"),
  Shld: doubleShift("shl"),
  Shrd: doubleShift("shr"),
};

/** The count of operand `n` as a constant, or undefined where it is cl. Masked to 5 bits, 6 for 64-bit operands. */
function constantCount(insn: Instruction, n: number): number | undefined {
  const { bits } = insn.operands[0]!;
  return insn.operands[n]!.kind === "immediate" ? insn.immediate & (bits === 64 ? 63 : 31) : undefined;
}

/** Pushes cl, masked, as wide as the operation. */
function pushCount(e: Emitter, insn: Instruction, n: number): void {
  const { bits } = insn.operands[0]!;
  e.get(insn, n)
    .f.i32Const(bits === 64 ? 63 : 31)
    .op(OP.i32_and);
  e.resize(32, bits === 64 ? 64 : 32);
}

/** A constant count of 0 changes nothing, but a 32-bit register is zero-extended. */
function touch(e: Emitter, insn: Instruction): void {
  e.update(insn, 0, () => {});
}

/** With a count in cl flags may stay as they are, so the old ones are needed and nothing is sure to be written. */
function countEffects(written: number, n: number): Pick<Lowering, "flagsWritten" | "flagsMust" | "adjust"> {
  return {
    flagsWritten: written,
    flagsMust: 0,
    adjust(effects, insn) {
      const count = constantCount(insn, n);
      if (count === 0) effects.flagsWritten = 0;
      else if (count !== undefined) effects.flagsMust = effects.flagsWritten;
    },
  };
}

/** Runs `set` where the count is not 0, with the live flags of `mask` in their locals before and after. */
function whenCounted(e: Emitter, count: Value, bits: number, mask: number, set: () => void): void {
  e.flags.materialise(mask);
  e.value(count, bits);
  if (bits === 64) e.f.op(OP.i64_eqz).op(OP.i32_eqz);
  e.f.if();
  set();
  e.f.end();
}

function shift(kind: "shl" | "shr" | "sar"): Lowering {
  return {
    operands: "ur",
    ...countEffects(FLAG.ALL, 1),
    lower(e, insn) {
      const { bits } = insn.operands[0]!;
      const width = bits === 64 ? 64 : 32;
      const count = constantCount(insn, 1);
      if (count === 0) return touch(e, insn);
      e.update(insn, 0, () => {
        // sar of a narrow operand works on its sign-extension; flags and result are cut afterwards.
        if (kind === "sar" && bits < 32) e.signExtend(bits, 32);
        const source = e.isLive(FLAG.CF | FLAG.OF) ? e.tee(bits) : undefined;
        let counted: Value | undefined;
        if (count !== undefined) e.const(count, width);
        else {
          pushCount(e, insn, 1);
          if (e.live) counted = e.tee(width);
        }
        e.int(width, kind === "shl" ? "shl" : kind === "shr" ? "shr_u" : "shr_s").mask(bits);
        if (!e.live) return;
        const result = e.tee(bits);
        if (counted === undefined) {
          shiftFlags(e, kind, bits, source, constantValue(count!), result);
          e.setFlags(RESULT, { op: "result", bits, result });
          e.flags.set(FLAG.AF, 0);
          return;
        }
        whenCounted(e, counted, width, e.live, () => {
          shiftFlags(e, kind, bits, source, counted, result);
          e.setFlags(RESULT, { op: "result", bits, result });
          e.flags.set(FLAG.AF, 0);
          e.flags.materialise(e.live & (RESULT | FLAG.AF));
        });
        e.flags.set(FLAG.ALL, "local");
      });
    },
  };
}

/** CF and OF of a shift whose count is not 0, into their locals where they are live. `source` is sign-extended for a narrow sar. */
function shiftFlags(e: Emitter, kind: "shl" | "shr" | "sar", bits: number, source: Value | undefined, count: Value, result: Value): void {
  const width = bits === 64 ? 64 : 32;
  if (source === undefined) return;
  const wantsOverflow = e.isLive(FLAG.OF);
  if (e.isLive(FLAG.CF) || (wantsOverflow && kind === "shl")) {
    e.value(source, bits);
    if (kind === "shl") {
      // Bit (bits - count): counts above the width shift everything out, and a negative shift count would wrap, so it is done in two steps.
      if (bits < 32) {
        e.value(count, width).int(width, "shl").const(bits, 32).int(32, "shr_u");
      } else {
        e.const(bits, width).value(count, width).int(width, "sub").int(width, "shr_u");
      }
    } else {
      e.value(count, width)
        .const(1, width)
        .int(width, "sub")
        .int(width, kind === "sar" ? "shr_s" : "shr_u");
    }
    if (bits === 64) e.f.op(OP.i32_wrap_i64);
    e.f.i32Const(1).op(OP.i32_and);
    e.flags.setLocal(FLAG.CF);
  }
  if (!wantsOverflow) return;
  if (kind === "sar") e.f.i32Const(0);
  else {
    topBit(e, kind === "shl" ? result : source, bits);
    if (kind === "shl") {
      e.flags.push(FLAG.CF);
      e.f.op(OP.i32_xor);
    }
  }
  e.flags.setLocal(FLAG.OF);
}

/** Pushes the top bit of a value as an i32, 0 or 1. */
function topBit(e: Emitter, value: Value, bits: number): void {
  e.value(value, bits)
    .const(bits - 1, bits === 64 ? 64 : 32)
    .int(bits, "shr_u");
  if (bits === 64) e.f.op(OP.i32_wrap_i64);
  else if (bits < 32) e.f.i32Const(1).op(OP.i32_and);
}

/** rol and ror write CF and OF only; the other flags stay. */
function rotate(kind: "rotl" | "rotr"): Lowering {
  return {
    operands: "ur",
    ...countEffects(FLAG.CF | FLAG.OF, 1),
    lower(e, insn) {
      const { bits } = insn.operands[0]!;
      const width = bits === 64 ? 64 : 32;
      const count = constantCount(insn, 1);
      if (count === 0) return touch(e, insn);
      const live = e.live & (FLAG.CF | FLAG.OF);
      e.update(insn, 0, () => {
        // A narrow operand is rotated as two or four copies side by side.
        if (bits < 32) e.const(bits === 8 ? 0x01010101 : 0x00010001, 32).int(32, "mul");
        let counted: Value | undefined;
        if (count !== undefined) e.const(count, width);
        else {
          pushCount(e, insn, 1);
          if (live) counted = e.tee(width);
        }
        e.int(width, kind).mask(bits);
        if (!live) return;
        const result = e.tee(bits);
        const set = () => {
          if (kind === "rotl") lowBit(e, result, bits);
          else topBit(e, result, bits);
          e.flags.setLocal(FLAG.CF);
          if (!e.isLive(FLAG.OF)) return;
          topBit(e, result, bits);
          if (kind === "rotl") e.flags.push(FLAG.CF);
          else secondBit(e, result, bits);
          e.f.op(OP.i32_xor);
          e.flags.setLocal(FLAG.OF);
        };
        if (counted === undefined) set();
        else whenCounted(e, counted, width, FLAG.CF | live, set);
      });
    },
  };
}

function lowBit(e: Emitter, value: Value, bits: number): void {
  e.value(value, bits).resize(bits, 32).f.i32Const(1).op(OP.i32_and);
}

function secondBit(e: Emitter, value: Value, bits: number): void {
  e.value(value, bits)
    .const(bits - 2, bits === 64 ? 64 : 32)
    .int(bits, "shr_u")
    .resize(bits, 32);
  e.f.i32Const(1).op(OP.i32_and);
}

/** rcl and rcr, a bit a step: compilers emit them with a count of 1 only. */
function rotateThroughCarry(kind: "rcl" | "rcr"): Lowering {
  return {
    operands: "ur",
    ...countEffects(FLAG.CF | FLAG.OF, 1),
    flagsRead: FLAG.CF,
    lower(e, insn) {
      const { bits } = insn.operands[0]!;
      const count = constantCount(insn, 1);
      if (count === 0) return touch(e, insn);
      const f = e.f;
      const carry = e.temp(I32);
      e.flags.push(FLAG.CF);
      f.localSet(carry);
      e.update(insn, 0, () => {
        const value = e.save(bits);
        const next = e.temp(I32);
        const step = () => {
          if (kind === "rcl") topBit(e, value, bits);
          else lowBit(e, value, bits);
          f.localSet(next);
          e.value(value, bits)
            .const(1, Math.max(bits, 32))
            .int(bits, kind === "rcl" ? "shl" : "shr_u");
          f.localGet(carry);
          if (bits === 64) f.op(OP.i64_extend_i32_u);
          if (kind === "rcr") e.const(bits - 1, Math.max(bits, 32)).int(bits, "shl");
          e.int(bits, "or").mask(bits).f.localSet(value.local);
          f.localGet(next).localSet(carry);
        };
        const overflow = () => {
          topBit(e, value, bits);
          if (kind === "rcl") f.localGet(carry);
          else secondBit(e, value, bits);
          f.op(OP.i32_xor);
          e.flags.setLocal(FLAG.OF);
        };
        if (count === 1) {
          step();
          if (e.isLive(FLAG.OF)) overflow();
        } else {
          const left = e.temp(I32);
          if (count === undefined) {
            pushCount(e, insn, 1);
            e.resize(bits, 32);
          } else f.i32Const(count);
          f.localTee(left);
          // Only a count that may be 0 can leave the overflow as it was.
          if (count === undefined) e.flags.materialise(e.live & FLAG.OF);
          f.if();
          const again = f.loop();
          step();
          f.localGet(left).i32Const(1).op(OP.i32_sub).localTee(left).brIf(again).end();
          if (e.isLive(FLAG.OF)) overflow();
          f.end();
        }
        // With a count of 0 the carry is the old one.
        if (e.isLive(FLAG.CF)) {
          f.localGet(carry);
          e.flags.setLocal(FLAG.CF);
        }
        e.value(value, bits);
      });
    },
  };
}

/** shld and shrd. A 16-bit form with a count above 16, undefined by the manual, brings in zeros; no test looks at it. */
function doubleShift(kind: "shl" | "shr"): Lowering {
  return {
    operands: "urr",
    ...countEffects(FLAG.ALL, 2),
    lower(e, insn) {
      const { bits } = insn.operands[0]!;
      const count = constantCount(insn, 2);
      if (count === 0) return touch(e, insn);
      const width = bits === 64 ? 64 : 32;
      const f = e.f;
      let counted: Value;
      if (count !== undefined) counted = constantValue(count);
      else {
        pushCount(e, insn, 2);
        counted = e.save(width);
      }
      e.update(insn, 0, () => {
        const source = e.tee(bits);
        let result: Value;
        if (bits === 16) result = doubleShift16(e, insn, kind, counted);
        else {
          e.value(counted, width).int(width, kind === "shl" ? "shl" : "shr_u");
          // The other operand comes in from the far side: shifted by (width - count), in two steps so that a count of 0 brings nothing.
          e.get(insn, 1)
            .const(1, width)
            .int(width, kind === "shl" ? "shr_u" : "shl");
          e.const(-1, width).value(counted, width).int(width, "sub");
          e.int(width, kind === "shl" ? "shr_u" : "shl").int(width, "or");
          result = e.tee(bits);
        }
        if (!e.live) return;
        const set = () => {
          if (e.isLive(FLAG.CF)) {
            e.value(source, bits);
            if (kind === "shl") e.const(bits, width).value(counted, width);
            else e.value(counted, width).const(1, width);
            e.int(width, "sub").int(width, "shr_u").resize(bits, 32);
            f.i32Const(1).op(OP.i32_and);
            e.flags.setLocal(FLAG.CF);
          }
          if (e.isLive(FLAG.OF)) {
            topBit(e, source, bits);
            topBit(e, result, bits);
            f.op(OP.i32_xor);
            e.flags.setLocal(FLAG.OF);
          }
          e.setFlags(RESULT, { op: "result", bits, result });
          e.flags.set(FLAG.AF, 0);
        };
        if (count !== undefined) return set();
        whenCounted(e, counted as Value, width, e.live, () => {
          set();
          e.flags.materialise(e.live & (RESULT | FLAG.AF));
        });
        e.flags.set(FLAG.ALL, "local");
      });
    },
  };
}

/** Replaces the destination on the wasm stack: the two operands side by side in 32 bits, shifted. */
function doubleShift16(e: Emitter, insn: Instruction, kind: "shl" | "shr", count: Value): Value {
  const f = e.f;
  if (kind === "shl") {
    f.i32Const(16).op(OP.i32_shl);
    e.get(insn, 1).int(32, "or").value(count, 32).int(32, "shl").const(16, 32).int(32, "shr_u");
  } else {
    e.get(insn, 1).const(16, 32).int(32, "shl").int(32, "or").value(count, 32).int(32, "shr_u").mask(16);
  }
  return e.tee(16);
}
