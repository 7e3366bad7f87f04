import type { GuestMemory } from "@decant/memory";
import type { Disassembled } from "../decode/disassemble.ts";
import { loadTranslation } from "./load-translation.ts";

/** The instruction at a guest address; undefined where there is no memory, or no instruction. Loads the decoder, which is loaded where something is translated only. */
export function disassemble(memory: GuestMemory, address: number, mode: 64 | 32): Disassembled | undefined {
  return loadTranslation().disassemble(memory, address, mode);
}
