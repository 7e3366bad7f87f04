import { MemoryAccessError, type GuestMemory } from "@decant/memory";
import { PeError } from "@decant/pe";
import { lookUpFunction } from "../exceptions/function-table.ts";
import { copyUnwindState, RSP, type UnwindState } from "../exceptions/unwind-state.ts";
import { virtualUnwind } from "../exceptions/virtual-unwind.ts";
import type { Process } from "../process.ts";

/** A frame of a guest's stack. */
export interface StackFrame {
  /** Where it is: the place of the fault, a return address in every other frame. */
  readonly address: number;
  /** How it was found: by unwind data, by the chain of frame pointers (x86-32), or as what looks like a return address further up: then calls may be missing, or long over. */
  readonly found: "fault" | "unwind" | "chain" | "scan";
}

/** Enough for a recursion without end on a stack of two megabytes. */
const MAX_FRAMES = 20_000;
/** How far up a return address is looked for where nothing describes a frame. */
const SCANNED_WORDS = 1024;
const RBP = 5;

/** The frames of a stack from its innermost on, which `from` has the registers of. Never throws: it ends where the stack makes no sense. */
export function walkStack(process: Process, from: UnwindState): StackFrame[] {
  const state = copyUnwindState(from);
  const frames: StackFrame[] = [{ address: state.rip, found: "fault" }];
  while (frames.length < MAX_FRAMES) {
    const found = unwindFrame(process, state, frames.length === 1);
    if (found === undefined) break;
    frames.push({ address: state.rip, found });
  }
  return frames;
}

/**
 * Puts the registers of the caller into `state`, and says how it was found; undefined, with `state` in no order, where the stack ends or makes no sense.
 * `isFirst`: `state` is where the thread is, not where a call will return to.
 */
export function unwindFrame(process: Process, state: UnwindState, isFirst: boolean): StackFrame["found"] | undefined {
  const before = rspOf(state);
  const found = nextFrame(process, state, isFirst);
  // A stack that does not grow smaller would be walked for ever.
  return rspOf(state) <= before ? undefined : found;
}

function nextFrame(process: Process, state: UnwindState, isFirst: boolean): StackFrame["found"] | undefined {
  const { memory } = process;
  try {
    if (!process.modules.program.image.is64) return followChain(memory, state) ? "chain" : scan(memory, state, 4);
    const entry = lookUpFunction(process, isFirst ? state.rip : state.rip - 1);
    if (entry !== undefined) {
      virtualUnwind(memory, state, entry);
      return memory.accessible(state.rip, 1, "execute") ? "unwind" : undefined;
    }
    // A leaf function, or a call of nothing: the return address is the last thing pushed.
    if (isFirst && isReturnAddress(memory, memory.u32(rspOf(state)))) {
      virtualUnwind(memory, state, undefined);
      return "unwind";
    }
    return scan(memory, state, 8);
  } catch (error) {
    if (error instanceof MemoryAccessError || error instanceof PeError) return undefined;
    throw error;
  }
}

function followChain(memory: GuestMemory, state: UnwindState): boolean {
  const frame = low32(state.gpr[RBP]!);
  if (frame < rspOf(state) || !memory.accessible(frame, 8, "read")) return false;
  const caller = memory.u32(frame + 4);
  if (!isReturnAddress(memory, caller)) return false;
  state.gpr[RBP] = BigInt(memory.u32(frame));
  state.gpr[RSP] = BigInt(frame + 8);
  state.rip = caller;
  return true;
}

function scan(memory: GuestMemory, state: UnwindState, wordBytes: number): "scan" | undefined {
  const start = rspOf(state);
  for (let at = start; at < start + SCANNED_WORDS * wordBytes && memory.accessible(at, wordBytes, "read"); at += wordBytes) {
    if (wordBytes === 8 && memory.u32(at + 4) !== 0) continue;
    const address = memory.u32(at);
    if (!isReturnAddress(memory, address)) continue;
    state.rip = address;
    state.gpr[RSP] = BigInt(at + wordBytes);
    return "scan";
  }
  return undefined;
}

/** True of an address in code that a call stands before: `call rel32`, or `call r/m` (FF /2) with a REX prefix or none. */
function isReturnAddress(memory: GuestMemory, address: number): boolean {
  if (!memory.accessible(address, 1, "execute") || !memory.accessible(address - 8, 8, "read")) return false;
  if (memory.u8(address - 5) === 0xe8) return true;
  for (const length of [2, 3, 4, 6, 7]) {
    if (memory.u8(address - length) !== 0xff) continue;
    const modrm = memory.u8(address - length + 1);
    if (((modrm >> 3) & 7) === 2 && callLength(modrm) === length) return true;
  }
  return false;
}

/** Bytes of an FF /2 with this ModRM byte, prefixes left out. */
function callLength(modrm: number): number {
  const mod = modrm >> 6;
  const hasSib = mod !== 3 && (modrm & 7) === 4;
  const displacement = mod === 1 ? 1 : mod === 2 || (mod === 0 && (modrm & 7) === 5) ? 4 : 0;
  return 2 + (hasSib ? 1 : 0) + displacement;
}

function rspOf(state: UnwindState): number {
  return low32(state.gpr[RSP]!);
}

function low32(value: bigint): number {
  return Number(value & 0xffff_ffffn);
}
