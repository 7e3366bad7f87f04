import type { GuestMemory } from "@decant/memory";
import { MNEMONIC, type Instruction } from "../decode/index.ts";
import type { Step } from "./block.ts";

/** A switch statement's jump through a table of 32-bit offsets in memory that the guest cannot write. */
export interface JumpTable {
  /** The guest address of the table's first entry. */
  readonly address: number;
  /** The instructions that load the offset and add the base, when they are the last before the jump: emitted only where the guard fails. */
  readonly load: Instruction;
  readonly add: Instruction;
  readonly indexRegister: number;
  readonly targetRegister: number;
  /** Registers and the values that the targets were computed with: the guard. */
  readonly known: readonly (readonly [register: number, value: number])[];
  /** Guest addresses, by index. */
  readonly targets: readonly number[];
}

const MAX_ENTRIES = 1024;

/**
 * Recognises what compilers make of a switch: gcc's `movslq (base,index,4), r; add base, r; jmp *r` with the table relative to itself, and MSVC's
 * `mov r, [base+index*4+rva]; add r, base; jmp r` with the table relative to the image. The base must be an address from a `lea` seen on
 * the way here, and the index compared with its bound; otherwise undefined, and the jump goes through the dispatcher.
 */
export function findJumpTable(steps: readonly Step[], jump: Instruction, memory: GuestMemory): JumpTable | undefined {
  const add = steps.at(-1)?.insn;
  const load = steps.at(-2)?.insn;
  const target = jump.operands[0];
  if (target?.kind !== "gpr" || add?.mnemonic !== MNEMONIC.Add || load?.memory === undefined || !isTableLoad(load)) return undefined;
  const [to, from] = add.operands;
  if (to?.kind !== "gpr" || from?.kind !== "gpr" || to.bits !== 64 || to.register !== target.register) return undefined;
  const offset = load.operands[0]?.register;
  // Either operand of the addition may be the loaded offset.
  const base = to.register === offset ? from.register : from.register === offset ? to.register : undefined;
  if (base === undefined || base === offset) return undefined;

  const earlier = steps.slice(0, -2);
  const baseValue = constantIn(earlier, base);
  const tableBase = load.memory.base === base ? baseValue : constantIn(earlier, load.memory.base);
  if (baseValue === undefined || tableBase === undefined) return undefined;
  const bound = boundOf(earlier, load.memory.index);
  if (bound === undefined) return undefined;
  const address = (tableBase + load.memory.displacement) >>> 0;
  const targets = readTargets(address, baseValue, bound, memory);
  if (targets === undefined) return undefined;
  const known = new Map([
    [base, baseValue],
    [load.memory.base, tableBase],
  ]);
  return { address, load, add, indexRegister: load.memory.index, targetRegister: target.register, known: [...known], targets };
}

function isTableLoad({ mnemonic, operands, memory }: Instruction): boolean {
  if (mnemonic !== MNEMONIC.Mov && mnemonic !== MNEMONIC.Movsxd) return false;
  if (memory === undefined || memory.base < 0 || memory.index < 0 || memory.scale !== 2 || memory.segment !== "none") return false;
  return operands[0]?.kind === "gpr" && operands[1]?.kind === "memory" && operands[1].bits === 32;
}

/** The value that a `lea reg, [rip+disp]` gave a register, if that was the last write on the way here. It is checked again when the jump runs. */
function constantIn(steps: readonly Step[], register: number): number | undefined {
  for (let i = steps.length - 1; i >= 0; i--) {
    const { insn, effects } = steps[i] as Step;
    if (((effects.writes >>> register) & 1) === 0) continue;
    if (insn.mnemonic !== MNEMONIC.Lea || insn.memory === undefined) return undefined;
    return insn.memory.base < 0 && insn.memory.index < 0 ? insn.memory.displacement >>> 0 : undefined;
  }
  return undefined;
}

/** The number of entries: what the index, or the register that it was copied from, was compared with. An index beyond goes to the dispatcher. */
function boundOf(steps: readonly Step[], index: number): number | undefined {
  let register = index;
  for (let i = steps.length - 1; i >= 0; i--) {
    const { insn, effects } = steps[i] as Step;
    const [first, second] = insn.operands;
    if (insn.mnemonic === MNEMONIC.Cmp && first?.kind === "gpr" && first.register === register && second?.kind === "immediate") {
      return insn.immediate >= 0 && insn.immediate < MAX_ENTRIES ? insn.immediate + 1 : undefined;
    }
    if (insn.mnemonic === MNEMONIC.And && first?.kind === "gpr" && first.register === register && second?.kind === "immediate") {
      return insn.immediate >= 0 && insn.immediate < MAX_ENTRIES ? insn.immediate + 1 : undefined;
    }
    if (((effects.writes >>> register) & 1) === 0) continue;
    if (!COPIES.has(insn.mnemonic) || second?.kind !== "gpr") {
      if (insn.mnemonic === MNEMONIC.Cdqe) continue;
      // The comparison may have been of the same value in memory or before it was extended: a bound further up still limits sensibly.
      if (!COPIES.has(insn.mnemonic)) return undefined;
      return boundBefore(steps.slice(0, i));
    }
    register = second.register;
  }
  return undefined;
}

/** `cmp dword ptr [x], n` before the index is loaded from x, as -O0 code does. */
function boundBefore(steps: readonly Step[]): number | undefined {
  for (let i = steps.length - 1; i >= Math.max(0, steps.length - 4); i--) {
    const { insn } = steps[i] as Step;
    if (insn.mnemonic === MNEMONIC.Cmp && insn.operands[0]?.kind === "memory" && insn.operands[1]?.kind === "immediate") {
      return insn.immediate >= 0 && insn.immediate < MAX_ENTRIES ? insn.immediate + 1 : undefined;
    }
  }
  return undefined;
}

const COPIES: ReadonlySet<number> = new Set([MNEMONIC.Mov, MNEMONIC.Movzx, MNEMONIC.Movsxd, MNEMONIC.Movsx]);

function readTargets(table: number, base: number, count: number, memory: GuestMemory): number[] | undefined {
  if (!memory.accessible(table, 4 * count, "read")) return undefined;
  if (memory.accessible(table, 1, "write") || memory.accessible(table + 4 * count - 1, 1, "write")) return undefined;
  const targets: number[] = [];
  for (let i = 0; i < count; i++) {
    const target = (base + memory.i32(table + 4 * i)) >>> 0;
    if (!memory.accessible(target, 1, "execute")) return undefined;
    targets.push(target);
  }
  return targets;
}

