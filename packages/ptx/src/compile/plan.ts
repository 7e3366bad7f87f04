import type { Instruction, Register } from "../parse/ast.ts";
import { PtxError } from "../error.ts";
import { STATE, WARP_FRAME } from "./layout.ts";
import { liveAtStart } from "./liveness.ts";
import { meeting } from "./lower/warp.ts";
import { effects } from "./operands.ts";
import type { Block, Program } from "./program.ts";
import type { Uniform } from "./uniform.ts";

/** What runs from one suspension to the next. Phase 0 starts threads. */
export interface Phase {
  readonly index: number;
  readonly entry: number;
  /** The barrier or warp operation that the phase resumes from. */
  readonly from: Instruction | undefined;
  /** What to load when resuming, with frame slots. */
  readonly live: readonly (readonly [register: Register, slot: number])[];
}

export interface PhasePlan {
  readonly phases: readonly Phase[];
  readonly frameBytes: number;
  readonly wideSlots: number;
  /** The slot in which the vector form notes that what is the same in all lanes was kept for lane 0 only. */
  readonly compactSlot: number;
  /** The phase that a block which suspends goes on in. */
  readonly phaseAfter: ReadonlyMap<Block, Phase>;
}

/** Where threads wait, and what each keeps there. */
export function planPhases(program: Program, uniform: Uniform): PhasePlan {
  const phases: Phase[] = [{ index: 0, entry: 0, from: undefined, live: [] }];
  const phaseAfter = new Map<Block, Phase>();
  const suspending = program.blocks.filter((block) => block.terminator.kind === "suspend");
  if (suspending.length === 0) return { phases, frameBytes: 0, wideSlots: 0, compactSlot: 0, phaseAfter };
  if (suspending.length > STATE.phaseMask) {
    const end = suspending[STATE.phaseMask]?.terminator;
    throw new PtxError(
      end?.kind === "suspend" ? end.instruction.line : 1,
      `more than ${STATE.phaseMask} barriers and warp operations in a kernel`,
      { kind: "unsupported" },
    );
  }
  const live = liveAtStart(program);
  const usesWarp = suspending.some(({ terminator }) => terminator.kind === "suspend" && meeting(terminator.instruction).warp);
  const wideSlots = Math.max(
    0,
    ...suspending.map(({ terminator: end }) => (end.kind === "suspend" ? (meeting(end.instruction).wideSlots ?? 0) : 0)),
  );
  const first = usesWarp ? WARP_FRAME.slots + 2 * wideSlots : 0;
  const kept = suspending.map(({ terminator: end }) => {
    if (end.kind !== "suspend") return [];
    const results = new Set(effects({ ...end.instruction, guard: undefined }).writes);
    const isKnown = (register: Register): boolean => uniform.registers.has(register) || uniform.copies.has(register);
    return [...(live[end.resume] ?? [])].filter((register) => !results.has(register) && !isKnown(register));
  });
  const slots = assignSlots(kept, first);
  for (const [at, block] of suspending.entries()) {
    const end = block.terminator;
    if (end.kind !== "suspend") continue;
    const places = (kept[at] ?? []).map((register) => [register, slots.get(register) ?? 0] as const);
    const phase = { index: phases.length, entry: end.resume, from: end.instruction, live: places };
    phases.push(phase);
    phaseAfter.set(block, phase);
  }
  const count = Math.max(first, ...[...slots.values()].map((slot) => slot + 1));
  return { phases, wideSlots, frameBytes: (count + 1) * 8, compactSlot: count, phaseAfter };
}

/** One slot for each register, from `first` on, that no other has which is kept at the same place: few, so that frames stay in the cache. */
function assignSlots(kept: readonly (readonly Register[])[], first: number): ReadonlyMap<Register, number> {
  const places = new Map<Register, number[]>();
  for (const [place, registers] of kept.entries())
    for (const register of registers) {
      const known = places.get(register);
      if (known === undefined) places.set(register, [place]);
      else known.push(place);
    }
  const taken = kept.map(() => new Set<number>());
  const slots = new Map<Register, number>();
  for (const [register, at] of places) {
    let slot = first;
    while (at.some((place) => taken[place]?.has(slot))) slot++;
    for (const place of at) taken[place]?.add(slot);
    slots.set(register, slot);
  }
  return slots;
}
