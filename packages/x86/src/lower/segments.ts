import type { Instruction } from "../decode/instruction.ts";
import type { Emitter } from "./emitter.ts";
import type { Value } from "./flags.ts";
import { TRAP } from "./helpers.ts";

/** es, cs, ss, ds, fs, gs: selectors are constants under Windows. */
const SELECTORS: Readonly<Record<64 | 32, readonly number[]>> = {
  64: [0x2b, 0x33, 0x2b, 0x2b, 0x53, 0x2b],
  32: [0x2b, 0x23, 0x2b, 0x2b, 0x53, 0x2b],
};

export function selectorsOf(mode: 64 | 32): readonly number[] {
  return SELECTORS[mode];
}

export function selector(e: Emitter, register: number): number {
  return SELECTORS[e.mode][register]!;
}

/** A program writes to a segment register what it read from one; that changes nothing. All else is a protection fault. */
export function writeSegment(e: Emitter, insn: Instruction, register: number, value: Value): void {
  e.mayFault(insn);
  e.value(value, 32).const(0xffff, 32).int(32, "and").const(selector(e, register), 32).int(32, "ne").f.if();
  e.makeExact(insn);
  e.f.i32Const(TRAP.protection).i32Const(insn.ip | 0);
  e.help("trap").f.unreachable().end();
}
