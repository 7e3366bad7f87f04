import { MNEMONIC, MNEMONIC_NAMES, type MnemonicName } from "../decode/mnemonics.ts";
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
export const lowerings: readonly (WholeLowering | undefined)[] = byNumber();

/** One with every field: all have one shape, as each instruction's is looked at. */
type WholeLowering = { readonly [K in keyof Required<Lowering>]: Required<Lowering>[K] | (K extends "adjust" ? undefined : never) };

function byNumber(): (WholeLowering | undefined)[] {
  // As long as it gets from the start: one that grows by leaps is kept as a hash table.
  const table = new Array<WholeLowering | undefined>(MNEMONIC_NAMES.length).fill(undefined);
  for (const topic of TOPICS) {
    for (const [name, lowering] of Object.entries(topic) as [MnemonicName, Lowering][])
      table[MNEMONIC[name]] = whole(withX87Exceptions(name, withExactFloats(name, withMmx(name, lowering))));
  }
  return table;
}

function whole({
  operands,
  reads = 0,
  writes = 0,
  flagsRead = 0,
  flagsWritten = 0,
  flagsMust = flagsWritten,
  memory = false,
  adjust,
  lower,
}: Lowering): WholeLowering {
  return { operands, reads, writes, flagsRead, flagsWritten, flagsMust, memory, adjust, lower };
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
