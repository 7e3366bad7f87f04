import type { GuestMemory } from "@decant/memory";
import { MNEMONIC, type Instruction } from "../decode/index.ts";
import type { Step } from "./block.ts";
import { isWritable } from "./changing-code.ts";

/** A switch statement's jump through a table of 32-bit offsets, or of addresses in 32-bit code. */
export interface JumpTable {
  /** The guest address of the table's first entry. */
  readonly address: number;
  /** What its offsets are added to. */
  readonly base: number;
  /** The guest may write to it: whoever uses an entry checks that it is as it was. */
  readonly isChanging: boolean;
  /** How many steps before the jump load the offset and add the base: they run only where the guard refuses. */
  readonly tailLength: number;
  /** Before these steps the low half of this register, rotated right, is the index. */
  readonly index: { readonly register: number; readonly rotate: number };
  /** Registers and the values that the targets were computed with: the guard, before these steps. */
  readonly guards: readonly RegisterValue[];
  /** Registers that the steps leave with known values. */
  readonly results: readonly RegisterValue[];
  /** The register that the steps leave with the target; undefined where the jump itself loads it. */
  readonly targetRegister: number | undefined;
  /** Guest addresses, by index. */
  readonly targets: readonly number[];
}

type RegisterValue = readonly [register: number, value: number];

const MAX_ENTRIES = 1024;

/**
 * Recognises what compilers make of a switch: gcc's `movslq (base,index,4), r; add base, r; jmp *r` with the table relative to itself, what gcc makes of it
 * without optimisation, and MSVC's `mov r, [base+index*4+rva]; add r, base; jmp r` with the table relative to the image. The bases must be addresses from
 * a `lea` seen on the way here, and the index compared with its bound; otherwise undefined, and the jump goes through the dispatcher.
 */
export function findJumpTable(steps: readonly Step[], jump: Instruction, memory: GuestMemory): JumpTable | undefined {
  if (jump.mode === 32) return findAddressTable(steps, jump, memory);
  const tail = matchTail(steps, jump);
  if (tail === undefined) return undefined;
  const { load, targetRegister, baseRegister, lateBase, tailLength } = tail;
  const earlier = steps.slice(0, steps.length - tailLength);
  const base = lateBase ?? constantIn(earlier, baseRegister);
  const place = matchIndex(load, earlier);
  if (base === undefined || place === undefined) return undefined;
  const bound = boundOf(place.bounded.steps, place.bounded.register);
  if (bound === undefined) return undefined;
  const targets = readTargets(place.table, base, bound, memory);
  if (targets === undefined) return undefined;
  const guards = new Map(place.guards);
  if (lateBase === undefined) guards.set(baseRegister, base);
  const results: RegisterValue[] = lateBase === undefined ? [] : [[baseRegister, base]];
  const isChanging = isWritable([place.table, place.table + 4 * targets.length], memory);
  return { address: place.table, base, isChanging, tailLength, index: place.index, guards: [...guards], results, targetRegister, targets };
}

/** 32-bit code has absolute addresses: `jmp *table(,r,4)`, or `mov table(,r,4), s; jmp *s`. */
function findAddressTable(steps: readonly Step[], jump: Instruction, memory: GuestMemory): JumpTable | undefined {
  const [operand] = jump.operands;
  const load = operand?.kind === "gpr" ? steps.at(-1)?.insn : jump;
  const tailLength = load === jump ? 0 : 1;
  if (load === undefined || (tailLength === 1 && (load.mnemonic !== MNEMONIC.Mov || load.operands[0]?.register !== operand?.register)))
    return undefined;
  const place = load.memory;
  if (
    place === undefined ||
    place.base >= 0 ||
    place.index < 0 ||
    place.scale !== 2 ||
    place.segment !== "none" ||
    place.addressBits !== 32
  )
    return undefined;
  const bound = boundOf(steps.slice(0, steps.length - tailLength), place.index);
  const address = place.displacement >>> 0;
  const targets = bound === undefined ? undefined : readTargets(address, 0, bound, memory);
  if (targets === undefined) return undefined;
  return {
    address,
    base: 0,
    isChanging: isWritable([address, address + 4 * targets.length], memory),
    tailLength,
    index: { register: place.index, rotate: 0 },
    guards: [],
    results: [],
    targetRegister: tailLength === 1 ? operand?.register : undefined,
    targets,
  };
}

interface Tail {
  readonly load: Instruction;
  readonly targetRegister: number;
  readonly baseRegister: number;
  /** The base, where it is loaded after the offset. */
  readonly lateBase: number | undefined;
  readonly tailLength: number;
}

/** The steps before the jump: the load, perhaps its extension, perhaps a load of the base, and the addition. */
function matchTail(steps: readonly Step[], jump: Instruction): Tail | undefined {
  const target = jump.operands[0];
  const add = steps.at(-1)?.insn;
  const [to, from] = add?.operands ?? [];
  if (target?.kind !== "gpr" || add?.mnemonic !== MNEMONIC.Add || to?.kind !== "gpr" || from?.kind !== "gpr" || to.bits !== 64)
    return undefined;
  if (to.register !== target.register || from.register === to.register) return undefined;
  let at = steps.length - 2;
  const isLate = steps[at]?.insn.mnemonic === MNEMONIC.Lea && steps[at]?.insn.operands[0]?.register === from.register;
  const lateBase = isLate ? leaConstant((steps[at] as Step).insn) : undefined;
  if (isLate) at--;
  const extension = steps[at]?.insn;
  if (extension?.mnemonic === MNEMONIC.Cdqe && to.register === 0) at--;
  const load = steps[at]?.insn;
  if (load === undefined || (load.mnemonic !== MNEMONIC.Mov && load.mnemonic !== MNEMONIC.Movsxd)) return undefined;
  const [loaded, source] = load.operands;
  if (loaded?.kind !== "gpr" || source?.kind !== "memory" || source.bits !== 32) return undefined;
  if (loaded.register !== to.register || (isLate && lateBase === undefined)) return undefined;
  return { load, targetRegister: to.register, baseRegister: from.register, lateBase, tailLength: steps.length - at };
}

interface Place {
  readonly table: number;
  readonly index: JumpTable["index"];
  /** The register whose bound is looked for, and the steps before it was scaled. */
  readonly bounded: { readonly register: number; readonly steps: readonly Step[] };
  readonly guards: readonly RegisterValue[];
}

/** Where the load finds its table, and what its index is: a register scaled by 4, or one that a `lea` scaled before. */
function matchIndex({ memory }: Instruction, earlier: readonly Step[]): Place | undefined {
  if (memory === undefined || memory.base < 0 || memory.index < 0 || memory.segment !== "none" || memory.addressBits !== 64)
    return undefined;
  if (memory.scale === 2) {
    const table = constantIn(earlier, memory.base);
    if (table === undefined) return undefined;
    const index = { register: memory.index, rotate: 0 };
    return {
      table: (table + memory.displacement) >>> 0,
      index,
      bounded: { register: memory.index, steps: earlier },
      guards: [[memory.base, table]],
    };
  }
  if (memory.scale !== 0) return undefined;
  for (const [scaled, base] of [
    [memory.base, memory.index],
    [memory.index, memory.base],
  ] as const) {
    const table = constantIn(earlier, base);
    const at = earlier.findLastIndex(({ effects }) => (effects.writes >>> scaled) & 1);
    const scale = earlier[at]?.insn;
    if (
      table === undefined ||
      scale?.mnemonic !== MNEMONIC.Lea ||
      scale.memory?.scale !== 2 ||
      scale.memory.base >= 0 ||
      scale.memory.displacement !== 0
    )
      continue;
    const bounded = { register: scale.memory.index, steps: earlier.slice(0, at) };
    return { table: (table + memory.displacement) >>> 0, index: { register: scaled, rotate: 2 }, bounded, guards: [[base, table]] };
  }
  return undefined;
}

/** The value that a `lea reg, [rip+disp]` gave a register, if that was the last write on the way here. It is checked again when the jump runs. */
function constantIn(steps: readonly Step[], register: number): number | undefined {
  const last = steps.findLast(({ effects }) => (effects.writes >>> register) & 1);
  return last === undefined ? undefined : leaConstant(last.insn);
}

function leaConstant({ mnemonic, memory }: Instruction): number | undefined {
  return mnemonic === MNEMONIC.Lea && memory !== undefined && memory.base < 0 && memory.index < 0 ? memory.displacement >>> 0 : undefined;
}

/** The number of entries: what the index, or where it was copied from, was compared with. An index beyond goes to the dispatcher. */
function boundOf(steps: readonly Step[], index: number): number | undefined {
  let register: number | undefined = index;
  for (let i = steps.length - 1; i >= 0; i--) {
    const { insn, effects } = steps[i] as Step;
    const [first, second] = insn.operands;
    if (insn.mnemonic === MNEMONIC.Cmp || insn.mnemonic === MNEMONIC.And) {
      const isIndex = register === undefined ? first?.kind === "memory" : first?.kind === "gpr" && first.register === register;
      if (isIndex && second?.kind === "immediate")
        return insn.immediate >= 0 && insn.immediate < MAX_ENTRIES ? insn.immediate + 1 : undefined;
    }
    if (register === undefined || ((effects.writes >>> register) & 1) === 0 || insn.mnemonic === MNEMONIC.Cdqe) continue;
    if (!COPIES.has(insn.mnemonic)) return undefined;
    // Copied from a register, or loaded from memory that was itself compared, as code without optimisation does.
    register = second?.kind === "gpr" ? second.register : undefined;
  }
  return undefined;
}

const COPIES: ReadonlySet<number> = new Set([MNEMONIC.Mov, MNEMONIC.Movzx, MNEMONIC.Movsxd, MNEMONIC.Movsx]);

function readTargets(table: number, base: number, count: number, memory: GuestMemory): number[] | undefined {
  if (!memory.accessible(table, 4 * count, "read")) return undefined;
  const targets: number[] = [];
  for (let i = 0; i < count; i++) {
    const target = (base + memory.i32(table + 4 * i)) >>> 0;
    if (!memory.accessible(target, 1, "execute")) return undefined;
    targets.push(target);
  }
  return targets;
}
