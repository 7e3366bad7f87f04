import type { GuestMemory } from "@decant/memory";
import { CONTEXT_SIZE, CPU } from "@decant/x86";
import { CONTEXT, readContext } from "./context-record.ts";

/** The registers that unwinding changes. */
export interface UnwindState {
  /** By their number in the encoding. */
  readonly gpr: BigUint64Array;
  /** Sixteen registers of sixteen bytes. */
  readonly xmm: Uint8Array;
  rip: number;
}

/** rsp's number in the encoding. */
export const RSP = 4;

/** The registers of a CONTEXT record. Throws MemoryAccessError. */
export function readUnwindState(memory: GuestMemory, context: number): UnwindState {
  if (memory.pointerSize === 4) {
    const block = new Uint8Array(CONTEXT_SIZE);
    readContext(memory, context, block);
    const rip = new DataView(block.buffer).getUint32(CPU.rip, true);
    return { gpr: new BigUint64Array(block.buffer, CPU.gpr, 16), xmm: block.slice(CPU.xmm, CPU.xmm + 16 * 16), rip };
  }
  const bytes = memory.read(context + CONTEXT.Rax, 16 * 8);
  return {
    gpr: new BigUint64Array(bytes.buffer, bytes.byteOffset, 16),
    xmm: memory.read(context + CONTEXT.Xmm0, 16 * 16),
    rip: memory.u32(context + CONTEXT.Rip),
  };
}

/** The registers of the guest code that called the mapping which runs now, from a CPU block. Throws MemoryAccessError. */
export function callerState(memory: GuestMemory, block: Uint8Array): UnwindState {
  const gpr = new BigUint64Array(block.slice(CPU.gpr, CPU.gpr + 16 * 8).buffer);
  const rsp = Number(gpr[RSP]! & 0xffff_ffffn);
  gpr[RSP] = BigInt(rsp + 8);
  return { gpr, xmm: block.slice(CPU.xmm, CPU.xmm + 16 * 16), rip: memory.u32(rsp) };
}

/** Stores them back; the rest of the record stays. Throws MemoryAccessError. */
export function writeUnwindState(memory: GuestMemory, context: number, state: UnwindState): void {
  memory.write(context + CONTEXT.Rax, new Uint8Array(state.gpr.buffer, state.gpr.byteOffset, 16 * 8));
  memory.write(context + CONTEXT.Xmm0, state.xmm);
  memory.setPointer(context + CONTEXT.Rip, state.rip);
}

/** A copy that can be unwound by itself. */
export function copyUnwindState({ gpr, xmm, rip }: UnwindState): UnwindState {
  return { gpr: gpr.slice(), xmm: xmm.slice(), rip };
}
