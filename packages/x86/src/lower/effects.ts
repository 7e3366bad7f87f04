import { FLAG } from "../cpu-block.ts";
import type { Instruction } from "../decode/instruction.ts";
import { CONDITION_FLAGS } from "./flags.ts";
import { lowerings } from "./table.ts";

/** What an instruction touches. Register bits: 0-15 general, 16-31 xmm. Flag bits: FLAG. */
export interface Effects {
  reads: number;
  writes: number;
  flagsRead: number;
  /** Flags that may change. */
  flagsWritten: number;
  /** Flags that change whatever the operands: liveness ends at these. */
  flagsMust: number;
  memory: boolean;
}

const RSP = 1 << 4;

/**
 * The effects of an instruction; of a branch, what the branch itself does, with rsp for calls and returns.
 * One that has no lowering is taken to read and write everything.
 */
export function effects(insn: Instruction): Effects {
  if (insn.kind !== "normal") return branchEffects(insn);
  const lowering = lowerings[insn.mnemonic];
  if (lowering === undefined) {
    return { reads: -1, writes: -1, flagsRead: FLAG.ALL, flagsWritten: FLAG.ALL, flagsMust: 0, memory: true };
  }
  const { operands, reads, writes, flagsRead, flagsWritten, flagsMust, memory, adjust } = lowering;
  const result: Effects = { reads, writes, flagsRead, flagsWritten, flagsMust, memory };
  const count = insn.operands.length;
  for (let n = 0; n < count; n++) addOperand(result, insn, n, n < operands.length ? operands[n]! : "-");
  if (adjust !== undefined) adjust(result, insn);
  return result;
}

/** Adds what operand `n` touches when it is accessed as `access` says (`Lowering.operands`). */
function addOperand(result: Effects, insn: Instruction, n: number, access: string): void {
  const { kind, register, bits } = insn.operands[n]!;
  if (kind === "gpr" || kind === "xmm") {
    const bit = kind === "gpr" ? 1 << register : 1 << (16 + register);
    if (access === "w" || access === "u") result.writes |= bit;
    if (access === "r" || access === "u" || (access === "w" && bits < 32)) result.reads |= bit;
  } else if (kind === "mm") {
    // These are kept in the CPU block.
    result.memory = true;
  } else if (kind === "memory" && insn.memory !== undefined) {
    if (insn.memory.base >= 0) result.reads |= 1 << insn.memory.base;
    if (insn.memory.index >= 0) result.reads |= 1 << insn.memory.index;
    if (access !== "a") result.memory = true;
  }
}

function branchEffects(insn: Instruction): Effects {
  const result: Effects = { reads: 0, writes: 0, flagsRead: 0, flagsWritten: 0, flagsMust: 0, memory: false };
  for (let n = 0; n < insn.operands.length; n++) addOperand(result, insn, n, "r");
  switch (insn.kind) {
    case "jcc":
      result.flagsRead = CONDITION_FLAGS[insn.cc! >> 1]!;
      break;
    case "call":
    case "call-indirect":
    case "ret":
      result.reads |= RSP;
      result.writes |= RSP;
      result.memory = true;
      break;
    case "loop":
      result.reads |= 1 << 1;
      result.writes |= 1 << 1;
      result.flagsRead = FLAG.ZF;
      break;
    case "jcxz":
      result.reads |= 1 << 1;
      break;
  }
  return result;
}
