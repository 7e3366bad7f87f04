import type { GuestMemory } from "@decant/memory";
import { Decoder } from "./decoder.ts";

/** An instruction as text: its bytes in hexadecimal, and Intel's syntax. */
export interface Disassembled {
  readonly bytes: string;
  readonly text: string;
}

/** The instruction at a guest address; undefined where there is no memory, or no instruction. */
export function disassemble(memory: GuestMemory, address: number, mode: 64 | 32): Disassembled | undefined {
  if (!memory.accessible(address, 1, "read")) return undefined;
  const decoder = new Decoder(memory, mode);
  const insn = decoder.decode(address);
  if (insn.kind === "invalid" || !memory.accessible(address, insn.length, "read")) return undefined;
  const bytes = Array.from(memory.read(address, insn.length), (byte) => byte.toString(16).padStart(2, "0"));
  return { bytes: bytes.join(" "), text: decoder.format(address) };
}
