import type { Instruction } from "../decode/instruction.ts";
import { MNEMONIC_NAMES } from "../decode/mnemonics.ts";
import { effects } from "../lower/effects.ts";
import type { Form } from "./assemble.ts";
import { SEQUENCE_BASE } from "./cases.ts";
import { undefinedAfter } from "./replay.ts";
import { Random } from "./state.ts";
import type { Translated } from "./translated.ts";

/** A form of one instruction that may stand anywhere in a sequence. */
export interface Candidate {
  readonly form: Form;
  readonly instructions: readonly Instruction[];
  readonly undefinedFlags: readonly number[];
}

/**
 * Random sequences of the forms, weighted towards instructions that set flags and those that read them: what the flag optimiser must get right.
 * None reads a flag that is undefined at its place.
 */
export function makeSequences(translated: Translated, forms: readonly Form[], seed: number, count: number): Form[] {
  const random = new Random(seed);
  const candidates = candidatesOf(translated, forms);
  const setters = candidates.filter(({ instructions }) => effects(instructions[0]!).flagsWritten !== 0);
  const readers = candidates.filter(({ instructions }) => effects(instructions[0]!).flagsRead !== 0);
  const pools = [setters, readers, readers, candidates].filter((pool) => pool.length > 0);
  const result: Form[] = [];
  while (pools.length > 0 && result.length < count) {
    const parts = Array.from({ length: 2 + random.below(7) }, () => random.pick(random.pick(pools)));
    const instructions = parts.flatMap((part) => part.instructions);
    if (undefinedAfter(instructions, parts.flatMap((part) => part.undefinedFlags)) === undefined) continue; // prettier-ignore
    result.push({
      text: parts.map(({ form }) => form.text).join("; "),
      bytes: Uint8Array.from(parts.flatMap(({ form }) => [...form.bytes])),
    });
  }
  return result;
}

/** The forms that may stand in sequences. */
export function candidatesOf(translated: Translated, forms: readonly Form[]): Candidate[] {
  return forms
    .map((form) => candidate(translated, form))
    .filter(({ instructions }) => instructions.length === 1 && isEligible(instructions[0]!));
}

function candidate(translated: Translated, form: Form): Candidate {
  const instructions = translated.decode(form.bytes);
  return { form, instructions, undefinedFlags: translated.undefinedFlags(instructions) };
}

/** Leaves out what needs a start state of its own, faults, or moves the base register. */
function isEligible(insn: Instruction): boolean {
  const name = MNEMONIC_NAMES[insn.mnemonic] ?? "";
  const { writes } = effects(insn);
  if (
    insn.kind !== "normal" ||
    /^(Div|Idiv|Popf|Pushf|Leave|Enter|Push|Pop|Ldmxcsr|Stmxcsr|Maskmovdqu|F.*|Cld|Std|Shld|Shrd|Aam|Bound|Into|Xlatb)/.test(name)
  )
    return false;
  if (insn.operands.some(({ kind }) => kind === "string")) return false;
  if (writes & ((1 << SEQUENCE_BASE) | (1 << 4))) return false;
  if (insn.memory === undefined || name === "Lea") return true;
  if (insn.memory.base !== SEQUENCE_BASE || insn.memory.index >= 0 || insn.memory.segment !== "none") return false;
  return !(/^Bt[src]?$/.test(name) && insn.operands[1]!.kind === "gpr");
}
