import type { Register } from "../parse/ast.ts";
import { bitsOf } from "../parse/types.ts";
import { liveAtStart } from "../compile/liveness.ts";
import { successors, type Program } from "../compile/program.ts";
import type { Shapes } from "./shapes.ts";
import type { Ssa, SsaInstruction, Value } from "./ssa.ts";

/** Vector registers of the processor that values may take before they go to memory. */
const REGISTERS = 16;

/**
 * How many threads to run at a time: as many as values that live through the inner loops leave registers for, but all of a
 * warp where there is little but loads and stores: those gain from longer rows.
 */
export function chooseLanes(program: Program, ssa: Ssa, { divergent, next }: Shapes, rows: number): number {
  const inner = ssa.loops.filter((loop) => !ssa.loops.some((other) => other !== loop && loop.blocks.has(other.header)));
  const hot = inner.length === 0 ? ssa.graph.blocks : inner.flatMap((loop) => [...loop.blocks]);
  const leavesApart = new Set<number>();
  for (const { blocks } of inner)
    if ([...blocks].some((block) => divergent.has(block) && next[block]?.some((target) => !blocks.has(target))))
      for (const block of blocks) leavesApart.add(block);
  const live = liveAtStart(program);
  let pressure = 0;
  let accesses = 0;
  let operations = 0;
  for (const block of hot) {
    pressure = Math.max(pressure, pressureIn(program, ssa, live, block));
    for (const s of ssa.blocks[block]?.instructions ?? []) {
      if (isAccess(s, leavesApart.has(block))) accesses++;
      else if ([...s.writes.values()].some(({ shape }) => shape?.kind === "varying")) operations++;
    }
  }
  const room = operations < 3 * accesses ? Math.max(4, REGISTERS / Math.max(1, pressure)) : REGISTERS / Math.max(1, pressure);
  return [32, 16].find((lanes) => rows % lanes === 0 && lanes / 4 <= room) ?? 8;
}

/** The most vectors of 32-bit lanes that are live at one place of a block, in units of one for each four lanes. */
export function pressureIn(program: Program, ssa: Ssa, live: readonly ReadonlySet<Register>[], index: number): number {
  const block = program.blocks[index];
  if (block === undefined) return 0;
  const alive = new Set<Value>();
  const weigh = (): number => {
    let sum = 0;
    for (const value of alive) sum += bitsOf(value.register.type) === 64 ? 2 : 1;
    return sum;
  };
  const note = (value: Value | undefined): void => {
    if (value?.shape?.kind === "varying" && value.register.type !== "pred") alive.add(value);
    else if (value?.shape?.kind === "indexed") alive.add(value.shape.index);
  };
  for (const next of successors(block)) for (const register of live[next] ?? []) note(ssa.valueAfter(index, register));
  let most = weigh();
  for (const { reads, writes } of (ssa.blocks[index]?.instructions ?? []).toReversed()) {
    for (const value of writes.values()) alive.delete(value);
    for (const value of reads.values()) note(value);
    most = Math.max(most, weigh());
  }
  return most;
}

/** A load or store that gains from longer rows: not a gather in a loop that lanes leave one after the other, which waits for the last of them. */
function isAccess({ instruction, reads }: SsaInstruction, leavesApart: boolean): boolean {
  const { opcode, operands, modifiers } = instruction;
  if ((opcode !== "ld" && opcode !== "st") || modifiers.includes("param")) return false;
  const address = operands[opcode === "ld" ? 1 : 0];
  const base = address?.kind === "address" && address.base?.kind === "register" ? reads.get(address.base.register) : undefined;
  return !leavesApart || base?.shape?.kind === "uniform" || base?.shape?.kind === "affine";
}
