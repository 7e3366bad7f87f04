import { MNEMONIC, type MnemonicName } from "../decode/mnemonics.ts";
import { arithmetic } from "./arithmetic.ts";
import { logic } from "./logic.ts";
import type { Lowering, LoweringTable } from "./lowering.ts";
import { moves } from "./moves.ts";
import { multiplyDivide } from "./multiply-divide.ts";
import { shifts } from "./shifts.ts";
import { stack } from "./stack.ts";

const TOPICS: readonly LoweringTable[] = [moves, arithmetic, logic, shifts, multiplyDivide, stack];

/** The lowering of each mnemonic, by the decoder's number. */
export const lowerings: readonly (Lowering | undefined)[] = byNumber();

function byNumber(): (Lowering | undefined)[] {
  const table: (Lowering | undefined)[] = [];
  for (const topic of TOPICS) {
    for (const [name, lowering] of Object.entries(topic) as [MnemonicName, Lowering][]) table[MNEMONIC[name]] = lowering;
  }
  return table;
}
