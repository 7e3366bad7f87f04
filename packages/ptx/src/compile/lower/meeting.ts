import type { Instruction, Operand } from "../../parse/ast.ts";
import type { Emitter } from "../emitter.ts";
import { OP } from "@decant/wasm";
import { STATE, WARP_FRAME } from "../layout.ts";

/** An instruction at which threads meet: what a thread leaves before it waits, and what it does when all have come. */
export interface Meeting {
  /** Leaves the thread's part in its frame, and pushes the state it waits in, without the phase. */
  suspend(e: Emitter): void;
  /** Sets the results. */
  resume(e: Emitter): void;
  /** True when each thread leaves a part in its frame. */
  readonly warp: boolean;
  /** Slots of 64 bits that each thread fills beyond its one value, and how many of the first of them the others read. */
  readonly wideSlots?: number;
  readonly latchedSlots?: number;
  /** Runs for each thread that goes on, before any of them does. */
  latch?(e: Emitter): void;
}

/** The state of a thread that waits for its warp. */
export const WARP_STATE = STATE.warp << STATE.waitShift;

/** Leaves the lanes that a thread waits for in its frame: all that are there, if not given. */
export function storeMask(e: Emitter, i: Instruction, mask: Operand | undefined): void {
  const at = e.pushFrame(WARP_FRAME.mask);
  if (mask === undefined) e.f.i32Const(-1);
  else e.push(i, mask, "b32");
  e.f.store(OP.i32_store, at, 2);
}
