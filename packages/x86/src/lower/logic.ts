import { FLAG } from "../cpu-block.ts";
import type { Instruction } from "../decode/instruction.ts";
import { isZeroing, zero } from "./arithmetic.ts";
import type { Emitter } from "./emitter.ts";
import type { LoweringTable } from "./lowering.ts";

/** Bitwise operations. AF, undefined by the manual, becomes 0 as on the recording processor. */
export const logic: LoweringTable = {
  And: { operands: "ur", flagsWritten: FLAG.ALL, lower: (e, insn) => bitwise(e, insn, "and") },
  Or: { operands: "ur", flagsWritten: FLAG.ALL, lower: (e, insn) => bitwise(e, insn, "or") },
  Xor: {
    operands: "ur",
    flagsWritten: FLAG.ALL,
    adjust: (effects, insn) => {
      if (isZeroing(insn)) effects.reads = 0;
    },
    lower: (e, insn) => (isZeroing(insn) ? zero(e, insn) : bitwise(e, insn, "xor")),
  },
  Not: {
    operands: "u",
    lower(e, insn) {
      const { bits } = insn.operands[0]!;
      e.update(insn, 0, () => e.const(-1, bits).int(bits, "xor"));
    },
  },
  Test: {
    operands: "rr",
    flagsWritten: FLAG.ALL,
    lower(e, insn) {
      const { bits, kind, register, high } = insn.operands[0]!;
      const second = insn.operands[1]!;
      e.get(insn, 0);
      const isSame = kind === "gpr" && second.kind === "gpr" && register === second.register && high === second.high;
      if (!isSame) e.get(insn, 1).int(bits, "and");
      e.setLogicFlags(bits).f.drop();
    },
  },
};

function bitwise(e: Emitter, insn: Instruction, op: "and" | "or" | "xor"): void {
  const { bits } = insn.operands[0]!;
  e.update(insn, 0, () => e.get(insn, 1).int(bits, op).setLogicFlags(bits));
}
