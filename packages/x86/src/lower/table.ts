import { MNEMONIC, type MnemonicName } from "../decode/mnemonics.ts";
import { arithmetic } from "./arithmetic.ts";
import { bits } from "./bits.ts";
import { flagInstructions } from "./flag-instructions.ts";
import { legacy } from "./legacy.ts";
import { logic } from "./logic.ts";
import type { Lowering, LoweringTable } from "./lowering.ts";
import { mmx, mmxForms } from "./mmx.ts";
import { moves } from "./moves.ts";
import { multiplyDivide } from "./multiply-divide.ts";
import { withExactFloats } from "./exact-floats.ts";
import { withX87Exceptions } from "./x87-exceptions.ts";
import { shifts } from "./shifts.ts";
import { sseConvert } from "./sse-convert.ts";
import { sseFloat } from "./sse-float.ts";
import { sseHelped } from "./sse-helped.ts";
import { sseInteger } from "./sse-integer.ts";
import { sseMoves } from "./sse-moves.ts";
import { sseShuffle } from "./sse-shuffle.ts";
import { sseSums } from "./sse-sums.ts";
import { stack } from "./stack.ts";
import { strings } from "./strings.ts";
import { system } from "./system.ts";
import { x87 } from "./x87.ts";
import { x87State } from "./x87-state.ts";

const TOPICS: readonly LoweringTable[] = [
  moves,
  arithmetic,
  logic,
  shifts,
  multiplyDivide,
  stack,
  bits,
  flagInstructions,
  strings,
  system,
  legacy,
  sseMoves,
  sseFloat,
  sseConvert,
  sseInteger,
  sseShuffle,
  sseSums,
  sseHelped,
  mmx,
  x87,
  x87State,
];

/** The lowering of each mnemonic, by the decoder's number. */
export const lowerings: readonly (Lowering | undefined)[] = byNumber();

function byNumber(): (Lowering | undefined)[] {
  const table: (Lowering | undefined)[] = [];
  for (const topic of TOPICS) {
    for (const [name, lowering] of Object.entries(topic) as [MnemonicName, Lowering][])
      table[MNEMONIC[name]] = withX87Exceptions(name, withExactFloats(name, withMmx(name, lowering)));
  }
  return table;
}

/** A lowering that also has a form with MMX registers. */
function withMmx(name: MnemonicName, lowering: Lowering): Lowering {
  const form = mmxForms[name];
  if (form === undefined) return lowering;
  return {
    ...lowering,
    lower: (e, insn) => (insn.operands.some(({ kind }) => kind === "mm") ? form(e, insn) : lowering.lower(e, insn)),
  };
}
