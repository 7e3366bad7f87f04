import { FLAG, GPR } from "../cpu-block.ts";
import type { Instruction } from "../decode/instruction.ts";
import { MNEMONIC } from "../decode/mnemonics.ts";
import type { Form } from "./assemble.ts";
import { makeCases } from "./cases.ts";
import { describe, differences, type Tolerance } from "./compare.ts";
import { comparedMxcsr, leavesNanOpen, x87Tolerance } from "./exactness.ts";
import { effects } from "../lower/effects.ts";
import { FLAG_POSITIONS, hash, STATE, STATE_BYTES, WINDOW } from "./state.ts";
import type { StraightLineOptions } from "./straight-line.ts";
import type { Translated } from "./translated.ts";
import { normalise } from "./vectors.ts";

/** A form, decoded, with the start states that its text and the seed give. */
export interface Prepared extends Form {
  readonly instructions: readonly Instruction[];
  readonly starts: Uint8Array;
  readonly tolerance: Tolerance;
}

export function prepare(translated: Translated, form: Form, seed: number, count: number): Prepared {
  const instructions = translated.decode(form.bytes);
  const undefinedFlags = undefinedAfter(instructions, translated.undefinedFlags(instructions)) ?? 0;
  return {
    ...form,
    instructions,
    starts: makeCases(instructions, hash(form.text) ^ seed, count, translated.mode),
    tolerance: {
      undefinedFlags,
      anyNan: instructions.some(leavesNanOpen),
      mxcsr: comparedMxcsr(instructions),
      ...x87Tolerance(instructions),
    },
  };
}

/** The processor's answer, made comparable in place. */
export function normaliseEnds({ instructions, starts, tolerance }: Prepared, ends: Uint8Array): Uint8Array {
  if (instructions.some(pushesSegment)) clearUpperHalves(starts, ends);
  normalise(
    starts,
    ends,
    FLAG_POSITIONS.reduce<number>((mask, position, n) => mask | (((tolerance.undefinedFlags >> n) & 1) << position), 0),
    tolerance.mxcsr,
  );
  return ends;
}

/** push of a segment register as 32 bits: processors of Intel's leave the upper half of the place as it was, those of AMD, and we, clear it. */
function pushesSegment({ mode, mnemonic, operands }: Instruction): boolean {
  return mode === 32 && mnemonic === MNEMONIC.Push && operands[0]!.kind === "segment";
}

/** Of the place that a push wrote to. */
function clearUpperHalves(starts: Uint8Array, ends: Uint8Array): void {
  for (let at = 0; at < ends.length; at += STATE_BYTES) {
    const rsp = new DataView(starts.buffer, starts.byteOffset + at, STATE_BYTES).getUint32(STATE.gpr + 8 * GPR.rsp, true);
    new DataView(ends.buffer, ends.byteOffset + at, STATE_BYTES).setUint16(STATE.window + rsp - WINDOW - 2, 0, true);
  }
}

/** What one failing case says: bytes, disassembly, start state, differences. */
export interface Failure {
  readonly form: Form;
  readonly message: string;
}

/** Like `check`, with only some flags live after each form, and only those compared: code for the others must not be needed. */
export function checkWithSomeFlags(
  translated: Translated,
  forms: readonly Prepared[],
  ends: (index: number) => Uint8Array,
  seed: number,
): Failure[] {
  const liveAtEnd = forms.map(({ text }) => hash(`${text} live`) & FLAG.ALL);
  const masked = forms.map((form, n) => {
    const undefinedFlags = form.tolerance.undefinedFlags | (FLAG.ALL & ~liveAtEnd[n]!);
    return { ...form, tolerance: { ...form.tolerance, undefinedFlags } };
  });
  return check(translated, masked, ends, seed, { liveAtEnd });
}

/** Runs translated code on the forms' start states, and reports the first case of each form that differs from `ends`, and how many do. */
export function check(
  translated: Translated,
  forms: readonly Prepared[],
  ends: (index: number) => Uint8Array,
  seed: number,
  options?: StraightLineOptions,
): Failure[] {
  const failures: Failure[] = [];
  const runs = translated.compile(
    forms.map(({ instructions }) => instructions),
    options,
  );
  forms.forEach((form, index) => {
    const expected = ends(index);
    const count = form.starts.length / STATE_BYTES;
    let bad = 0;
    let first: string | undefined;
    for (let n = 0; n < count; n++) {
      const state = form.starts.slice(n * STATE_BYTES, (n + 1) * STATE_BYTES);
      let found: string[];
      try {
        runs[index]!(new DataView(state.buffer));
        found = differences(
          new DataView(expected.buffer, expected.byteOffset + n * STATE_BYTES, STATE_BYTES),
          new DataView(state.buffer),
          form.tolerance,
        );
      } catch (error) {
        found = [String(error)];
      }
      if (found.length === 0) continue;
      bad++;
      first ??= `case ${n}:\n    ${found.join("\n    ")}\n  from\n    ${describe(new DataView(form.starts.buffer, n * STATE_BYTES, STATE_BYTES))}`;
    }
    if (first === undefined) return;
    const bytes = Buffer.from(form.bytes).toString("hex");
    failures.push({ form, message: `${form.text}\n  ${bytes} (seed ${seed}), ${bad} of ${count} cases; ${first}` });
  });
  return failures;
}

/** The flags left undefined at the end of a sequence, or undefined if an instruction reads one that is. */
export function undefinedAfter(instructions: readonly Instruction[], undefinedByEach: readonly number[]): number | undefined {
  let result = 0;
  for (const [n, insn] of instructions.entries()) {
    const { flagsRead, flagsMust } = effects(insn);
    if (flagsRead & result) return undefined;
    result = (result & ~flagsMust) | undefinedByEach[n]!;
  }
  return result;
}
