import type { Register } from "../parse/ast.ts";
import { bitsOf } from "../parse/types.ts";
import { liveAtStart } from "../compile/liveness.ts";
import { successors, type Program } from "../compile/program.ts";
import type { Ssa, SsaInstruction, Value } from "./ssa.ts";

/** Vector registers of the processor that values may take before they go to memory: 16, less what an operation needs. */
const REGISTERS = 12;

/**
 * How many threads to run at a time: as many as values that live through the inner loops leave registers for, but all of a
 * warp where there is little but loads and stores: those gain from longer rows.
 */
export function chooseLanes(program: Program, ssa: Ssa, rows: number): number {
  const inner = ssa.loops.filter((loop) => !ssa.loops.some((other) => other !== loop && loop.blocks.has(other.header)));
  const hot = inner.length === 0 ? ssa.graph.blocks : inner.flatMap((loop) => [...loop.blocks]);
  const live = liveAtStart(program);
  let pressure = 0;
  let accesses = 0;
  let operations = 0;
  for (const block of hot) {
    pressure = Math.max(pressure, pressureIn(program, ssa, live, block));
    for (const s of ssa.blocks[block]?.instructions ?? []) {
      if (isAccess(s)) accesses++;
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

function isAccess({ instruction }: SsaInstruction): boolean {
  return (instruction.opcode === "ld" && !instruction.modifiers.includes("param")) || instruction.opcode === "st";
}
