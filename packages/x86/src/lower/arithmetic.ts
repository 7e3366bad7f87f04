import { OP } from "@decant/wasm";
import { FLAG, GPR } from "../cpu-block.ts";
import type { Instruction } from "../decode/instruction.ts";
import type { Emitter } from "./emitter.ts";
import { constantValue, type Value } from "./flags.ts";
import type { Lowering, LoweringTable } from "./lowering.ts";

const RESULT = FLAG.ZF | FLAG.SF | FLAG.PF;
const OPERANDS = FLAG.CF | FLAG.AF | FLAG.OF;

/** Addition and subtraction. All flags are defined. */
export const arithmetic: LoweringTable = {
  Add: {
    operands: "ur",
    flagsWritten: FLAG.ALL,
    lower(e, insn) {
      if (movesStack(e, insn)) e.moveStack(insn.immediate);
      else e.update(insn, 0, () => addition(e, insn, "add"));
    },
  },
  Sub: {
    operands: "ur",
    flagsWritten: FLAG.ALL,
    adjust: (effects, insn) => {
      if (isZeroing(insn)) effects.reads = 0;
    },
    lower(e, insn) {
      if (isZeroing(insn)) zero(e, insn);
      else if (movesStack(e, insn)) e.moveStack(-insn.immediate);
      else e.update(insn, 0, () => addition(e, insn, "sub"));
    },
  },
  Cmp: { operands: "rr", flagsWritten: FLAG.ALL, lower: compare },
  Adc: { operands: "ur", flagsRead: FLAG.CF, flagsWritten: FLAG.ALL, lower: (e, insn) => withCarry(e, insn, "add") },
  Sbb: { operands: "ur", flagsRead: FLAG.CF, flagsWritten: FLAG.ALL, lower: (e, insn) => withCarry(e, insn, "sub") },
  Inc: step("add"),
  Dec: step("sub"),
  Neg: {
    operands: "u",
    flagsWritten: FLAG.ALL,
    lower(e, insn) {
      const { bits } = insn.operands[0]!;
      e.update(insn, 0, () => {
        const b = e.save(bits);
        e.const(0, bits).value(b, bits).int(bits, "sub").mask(bits);
        if (e.live)
          e.setFlags(FLAG.ALL, {
            op: "sub",
            bits,
            a: constantValue(0),
            b,
            result: e.isLive(~FLAG.CF) ? e.tee(bits) : undefined,
            carryIn: false,
          });
      });
    },
  },
  Xadd: {
    operands: "uu",
    flagsWritten: FLAG.ALL,
    lower(e, insn) {
      const { bits } = insn.operands[0]!;
      const b = e.keep(insn, 1);
      let a: Value | undefined;
      e.update(insn, 0, () => {
        a = e.tee(bits);
        e.value(b, bits).int(bits, "add").mask(bits);
        if (insn.operands[0]!.kind === "gpr" || e.live) {
          const result = e.tee(bits);
          e.setFlags(FLAG.ALL, { op: "add", bits, a, b, result, carryIn: false });
        }
      });
      // With both operands the same register the sum wins, as it is written last.
      const [first, second] = insn.operands;
      if (first!.kind === "gpr" && first!.register === second!.register && first!.high === second!.high) return;
      e.put(insn, 1, () => e.value(a!, bits));
    },
  },
};

/** Replaces the first operand, on the wasm stack, by its sum or difference with the second. */
function addition(e: Emitter, insn: Instruction, op: "add" | "sub"): void {
  const { bits } = insn.operands[0]!;
  if (e.isLive(OPERANDS)) {
    const a = e.tee(bits);
    const b = e.keep(insn, 1);
    e.value(b, bits).int(bits, op).mask(bits);
    const needsResult = op === "add" || e.isLive(RESULT | FLAG.AF | FLAG.OF);
    e.setFlags(FLAG.ALL, { op, bits, a, b, result: needsResult ? e.tee(bits) : undefined, carryIn: false });
  } else {
    e.get(insn, 1).int(bits, op).mask(bits);
    if (e.isLive(RESULT)) e.setFlags(FLAG.ALL, { op: "result", bits, result: e.tee(bits) });
  }
}

function compare(e: Emitter, insn: Instruction): void {
  if (!e.live) {
    if (insn.memory !== undefined) e.get(insn, insn.operands[0]!.kind === "memory" ? 0 : 1).f.drop();
    return;
  }
  const { bits } = insn.operands[0]!;
  const a = e.keep(insn, 0);
  const b = e.keep(insn, 1);
  e.setFlags(FLAG.ALL, { op: "sub", bits, a, b, result: undefined, carryIn: false });
}

function withCarry(e: Emitter, insn: Instruction, op: "add" | "sub"): void {
  const { bits } = insn.operands[0]!;
  e.flags.push(FLAG.CF);
  if (bits === 64) e.f.op(OP.i64_extend_i32_u);
  const carry = e.save(bits);
  e.update(insn, 0, () => {
    const a = e.tee(bits);
    const b = e.keep(insn, 1);
    e.value(b, bits).int(bits, op).value(carry, bits).int(bits, op).mask(bits);
    if (e.live) e.setFlags(FLAG.ALL, { op, bits, a, b, result: e.tee(bits), carryIn: true });
  });
}

/** inc and dec leave CF. */
function step(op: "add" | "sub"): Lowering {
  const written = FLAG.ALL & ~FLAG.CF;
  return {
    operands: "u",
    flagsWritten: written,
    lower(e, insn) {
      const { bits } = insn.operands[0]!;
      e.update(insn, 0, () => {
        const a = e.isLive(OPERANDS & ~FLAG.CF) ? e.tee(bits) : undefined;
        e.const(1, bits).int(bits, op).mask(bits);
        if (a !== undefined) e.setFlags(written, { op, bits, a, b: constantValue(1), result: e.tee(bits), carryIn: false });
        else if (e.isLive(RESULT)) e.setFlags(written, { op: "result", bits, result: e.tee(bits) });
      });
    },
  };
}

/** rsp by a constant, and nobody looks at the flags. */
function movesStack(e: Emitter, insn: Instruction): boolean {
  const [first, second] = insn.operands;
  return e.live === 0 && first!.kind === "gpr" && first!.register === GPR.rsp && first!.bits === e.mode && second!.kind === "immediate";
}

/** `sub r, r` and `xor r, r` in full width: compilers' zero, which reads nothing. */
export function isZeroing(insn: Instruction): boolean {
  const [first, second] = insn.operands;
  return first!.kind === "gpr" && second!.kind === "gpr" && first!.register === second!.register && first!.bits >= 32;
}

/** Clears the first operand; the flags become constants. */
export function zero(e: Emitter, insn: Instruction): void {
  e.put(insn, 0, () => e.const(0, insn.operands[0]!.bits));
  e.flags.set(FLAG.ALL, 0);
  e.flags.set(FLAG.ZF | FLAG.PF, 1);
}
