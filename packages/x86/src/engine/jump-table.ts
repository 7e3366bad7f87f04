import type { GuestMemory } from "@decant/memory";
import { MNEMONIC, type Instruction } from "../decode/index.ts";
import type { Step } from "./control-flow-graph.ts";

/** A switch statement's jump. */
export interface JumpTable {
  /** The instruction that loads from the table, and the register that holds the index then. */
  readonly load: Instruction;
  readonly indexRegister: number;
  /** Guest addresses, by index. */
  readonly targets: readonly number[];
}

const MAX_ENTRIES = 1024;

/**
 * Recognises the jump through a table of 32-bit offsets that compilers emit: gcc's `movslq (base,index,4); add base; jmp` with the table
 * relative to itself, and MSVC's `mov disp(base,index,4); add base; jmp` with the table relative to the image. The base must be an address known
 * from a `lea`, and the table in memory that the guest cannot write; otherwise undefined, and the jump goes through the dispatcher.
 */
export function findJumpTable(steps: readonly Step[], jump: Instruction, memory: GuestMemory): JumpTable | undefined {
  const operand = jump.operands[0];
  if (operand?.kind !== "gpr") return undefined;
  const target = operand.register;
  let at = lastWrite(steps, steps.length, target);
  const add = steps[at]?.insn;
  if (add === undefined || add.mnemonic !== MNEMONIC.Add || add.operands[1]?.kind !== "gpr") return undefined;
  const other = add.operands[1].register;
  // Either operand of the addition may be the loaded offset.
  for (const [offset, base] of [
    [target, other],
    [other, target],
  ] as const) {
    at = lastWrite(steps, steps.indexOf(steps[lastWrite(steps, steps.length, target)] as Step), offset);
    const load = steps[at]?.insn;
    if (load === undefined || !isTableLoad(load)) continue;
    const known = constantAt(steps, at, load.memory?.base ?? -1) ?? undefined;
    const baseValue = constantAt(steps, steps.indexOf(steps[at] as Step), base) ?? (load.memory?.base === base ? known : undefined);
    if (known === undefined || baseValue === undefined || load.memory === undefined) continue;
    const table = (known + load.memory.displacement) >>> 0;
    const targets = readTargets(table, baseValue, boundOf(steps, at, load.memory.index), memory);
    if (targets.length > 0) return { load, indexRegister: load.memory.index, targets };
  }
  return undefined;
}

function isTableLoad({ mnemonic, operands, memory }: Instruction): boolean {
  if (mnemonic !== MNEMONIC.Mov && mnemonic !== MNEMONIC.Movsxd) return false;
  return operands[0]?.kind === "gpr" && operands[1]?.kind === "memory" && operands[1].bits === 32 && memory !== undefined && memory.index >= 0 && memory.scale === 2;
}

function lastWrite(steps: readonly Step[], before: number, register: number): number {
  for (let i = before - 1; i >= 0; i--) if (((steps[i] as Step).effects.writes >>> register) & 1) return i;
  return -1;
}

/** The value that a `lea reg, [rip+disp]` gave a register, if that was the last write before step `before`. */
function constantAt(steps: readonly Step[], before: number, register: number): number | undefined {
  if (register < 0) return undefined;
  const insn = steps[lastWrite(steps, before, register)]?.insn;
  if (insn?.mnemonic !== MNEMONIC.Lea || insn.memory === undefined) return undefined;
  return insn.memory.base < 0 && insn.memory.index < 0 ? insn.memory.displacement >>> 0 : undefined;
}

/** The number of entries, from a comparison of the index in the same block; MAX_ENTRIES where it is not there. */
function boundOf(steps: readonly Step[], before: number, index: number): number {
  for (let i = before - 1; i >= 0; i--) {
    const { insn } = steps[i] as Step;
    if (insn.mnemonic === MNEMONIC.Cmp && insn.operands[0]?.kind === "gpr" && insn.operands[0].register === index && insn.operands[1]?.kind === "immediate") {
      return Math.min(insn.immediate + 1, MAX_ENTRIES);
    }
  }
  return MAX_ENTRIES;
}

/** Entries up to the first that does not lead to code nearby. Entries too many do no harm: they are only never taken. */
function readTargets(table: number, base: number, bound: number, memory: GuestMemory): number[] {
  const targets: number[] = [];
  for (let i = 0; i < bound; i++) {
    const address = table + 4 * i;
    if (targets.includes(address) || !memory.accessible(address, 4, "read") || memory.accessible(address, 4, "write")) break;
    const target = (base + memory.i32(address)) >>> 0;
    if (!memory.accessible(target, 1, "execute") || Math.abs(target - (targets[0] ?? target)) > 0x10000) break;
    targets.push(target);
  }
  return targets;
}
