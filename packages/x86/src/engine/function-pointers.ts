import type { GuestMemory } from "@decant/memory";
import { MNEMONIC } from "../decode/index.ts";
import type { Block } from "./block.ts";

/** Of a table of function pointers so many are looked at. */
const MAX_TABLE = 4;

/**
 * The functions whose addresses some code takes, by itself or out of a table that cannot change: what a call through a pointer near by may reach.
 * Only a guess, which the code that is made of it compares. x86-64.
 */
export function pointersIn(blocks: readonly Block[], memory: GuestMemory): number[] {
  const found: number[] = [];
  for (const { steps } of blocks) {
    for (const { insn } of steps) {
      const { memory: operand, mnemonic, operands } = insn;
      if (operand === undefined || operand.base >= 0 || operand.segment !== "none") continue;
      const isAddress = mnemonic === MNEMONIC.Lea && operand.index < 0;
      const isLoad = mnemonic === MNEMONIC.Mov && operands[0]?.kind === "gpr" && operands[0].bits === 64;
      if (!isAddress && !isLoad) continue;
      const at = operand.displacement >>> 0;
      if (isAddress && memory.accessible(at, 1, "execute")) found.push(at);
      else found.push(...tableAt(at, memory));
    }
  }
  return found;
}

/** The addresses of code that stand one after another from `at` on. */
function tableAt(at: number, memory: GuestMemory): number[] {
  const table: number[] = [];
  while (table.length < MAX_TABLE) {
    const place = at + 8 * table.length;
    if (!memory.accessible(place, 8, "read") || memory.accessible(place, 8, "write")) break;
    const value = memory.u64(place);
    if (value > 0xffff_ffffn || !memory.accessible(Number(value), 1, "execute")) break;
    table.push(Number(value));
  }
  return table;
}
