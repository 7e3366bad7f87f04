import { MXCSR_CONTROLS } from "./exactness.ts";
import { EngineRun, type RunOptions } from "./engine-run.ts";
import type { Form } from "./assemble.ts";
import { Processor } from "./processor.ts";
import { encode, ingredientsOf, isWellDefined, makeProgram, programCases, programText, type Item, type Program } from "./programs.ts";
import { STATE_BYTES } from "./state.ts";
import { Translated } from "./translated.ts";
import { normalise } from "./vectors.ts";

const CASES = 16;
const BATCH = 64;
const MAX_SHRINKS = 400;

/** Runs new random programs through the engine and on the processor at hand until the time is over; failures come shrunk. */
export function runProgramsLive(
  forms: readonly Form[],
  firstSeed: number,
  milliseconds: number,
  mode: 64 | 32 = 64,
  options: RunOptions = {},
): { failures: string[]; summary: string } {
  const processor = new Processor(mode);
  const ingredients = ingredientsOf(new Translated(mode), forms, options.guarding !== undefined && options.guarding !== "trap");
  const engine = new EngineRun(mode, options);
  const end = performance.now() + milliseconds;
  const failures: string[] = [];
  let seed = firstSeed;
  do {
    const programs = Array.from({ length: BATCH }, (_, n) => makeProgram(ingredients, (seed + n) | 0));
    const ends = answers(processor, programs);
    programs.forEach((program, n) => {
      if (failures.length >= 3 || compare(engine, program, ends[n]!) === undefined) return;
      const items = shrink(program, (candidate) => compare(engine, candidate, answers(processor, [candidate])[0]!) !== undefined);
      const small = { ...program, items };
      const found = compare(engine, small, answers(processor, [small])[0]!);
      failures.push(`program of seed ${program.seed}, shrunk:\n${programText(items)}\n  ${Buffer.from(encode(small)).toString("hex")}\n  ${found ?? "does not fail again"}`); // prettier-ignore
    });
    seed = (seed + BATCH) | 0;
  } while (performance.now() < end && failures.length < 3);
  const count = (seed - firstSeed) | 0;
  const { guarding = "trap", isDisturbed = false } = options;
  const how = `${mode}-bit mode, ${guarding}${isDisturbed ? ", disturbed" : ""}`;
  const summary = `difftest, programs live on ${processor.model}, ${how}: ${count} programs, ${count * CASES} cases, seeds ${firstSeed} to ${seed - 1}: ${failures.length} differ`;
  return { failures, summary };
}

/** What the processor makes of programs, comparable. */
export function answers(processor: Processor, programs: readonly Program[], cases = CASES): Uint8Array[] {
  const jobs = programs.map((program) => ({ bytes: encode(program), states: programCases(program, cases), isProgram: true }));
  const ends = processor.run(jobs);
  ends.forEach((states, n) => normalise(jobs[n]!.states, states, 0, MXCSR_CONTROLS));
  return ends;
}

function compare(engine: EngineRun, program: Program, ends: Uint8Array): string | undefined {
  return engine.compare(encode(program), programCases(program, ends.length / STATE_BYTES), ends, program.isChanging);
}

/** Takes items away, first in runs and then one at a time, while the program still fails. */
function shrink(program: Program, fails: (candidate: Program) => boolean): readonly Item[] {
  let items = program.items;
  let tries = 0;
  for (let run = Math.ceil(items.length / 2); run >= 1; run = run === 1 ? 0 : Math.ceil(run / 2)) {
    for (let at = 0; at < items.length && tries < MAX_SHRINKS;) {
      const gone = items.slice(at, at + run).filter(isRemovable);
      const pairs = new Set(gone.flatMap((item) => ("pair" in item && item.pair !== undefined ? [item.pair] : [])));
      const rest = items.filter((item) => !gone.includes(item) && !("pair" in item && item.pair !== undefined && pairs.has(item.pair)));
      tries++;
      if (rest.length < items.length && isWellDefined(rest) && fails({ ...program, items: rest })) items = rest;
      else at += run;
    }
  }
  return items;
}

function isRemovable(item: Item): boolean {
  if (item.kind === "jump") return item.cc !== undefined;
  return item.kind !== "label" && !("isFixed" in item && item.isFixed);
}
