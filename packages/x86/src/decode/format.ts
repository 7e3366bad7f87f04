import { GUEST_BASE, type GuestMemory } from "@decant/memory";
import { Decoder } from "./decoder.ts";
import type { Instruction } from "./instruction.ts";

/** An instruction for an error message: its bytes and its text in Intel syntax. The bytes are read again from memory. */
export function format(memory: Pick<GuestMemory, "bytes">, insn: Instruction): string {
  const start = (insn.ip - GUEST_BASE) % 0x1_0000_0000;
  const bytes = Array.from(memory.bytes.subarray(start, start + insn.length), (byte) => byte.toString(16).padStart(2, "0"));
  return `${bytes.join(" ")}  ${new Decoder(memory, insn.mode).format(insn.ip)}`;
}
