import type { Form } from "./assemble.ts";
import { Processor } from "./processor.ts";
import { check, normaliseEnds, prepare, type Failure } from "./replay.ts";
import { makeSequences } from "./sequences.ts";
import { Translated } from "./translated.ts";

const CASES_PER_FORM = 32;

/**
 * Runs the forms, and new random sequences of them, against the processor at hand until the time is over, and each form had so many cases; at least once
 * through all.
 */
export function runLive(
  forms: readonly Form[],
  firstSeed: number,
  milliseconds: number,
  mode: 64 | 32 = 64,
  leastCases = CASES_PER_FORM,
): { failures: Failure[]; summary: string } {
  const processor = new Processor(mode);
  const translated = new Translated(mode);
  const failures: Failure[] = [];
  const end = performance.now() + milliseconds;
  let cases = 0;
  let sequences = 0;
  let seed = firstSeed;
  let casesPerForm = 0;
  do {
    const round = [...forms, ...(forms.length > 100 ? makeSequences(translated, forms, seed, 300) : [])];
    sequences += round.length - forms.length;
    for (let at = 0; at < round.length; at += 64) {
      const batch = round.slice(at, at + 64).map((form) => prepare(translated, form, seed, CASES_PER_FORM));
      const ends = processor.run(batch.map(({ bytes, starts }) => ({ bytes, states: starts })));
      failures.push(...check(translated, batch, (n) => normaliseEnds(batch[n]!, ends[n]!), seed));
      cases += batch.length * CASES_PER_FORM;
    }
    seed = (seed + 1) | 0;
    casesPerForm += CASES_PER_FORM;
  } while ((performance.now() < end || casesPerForm < leastCases) && failures.length < 20);
  return {
    failures,
    summary: `difftest, live on ${processor.model}, ${mode}-bit mode: ${forms.length} forms of ${casesPerForm} cases, ${sequences} sequences, ${cases} cases, seeds ${firstSeed} to ${seed - 1}: ${failures.length} forms differ`,
  };
}
