// Assembles the forms and records what the processor at hand makes of them: vectors/forms.txt and vectors/recorded.bin; and of random programs of
// them: vectors/programs.txt and vectors/programs.bin.
// node --import tsx packages/x86/src/difftest/record.ts [seed]
import { writeFileSync } from "node:fs";
import { assemble } from "./assemble.ts";
import { expandForms } from "./expand.ts";
import { formLine, FORMS_FILE, RECORDING_FILE } from "./forms-file.ts";
import { Processor } from "./processor.ts";
import { recordPrograms } from "./programs-file.ts";
import { normaliseEnds, prepare } from "./replay.ts";
import { makeSequences } from "./sequences.ts";
import { Translated } from "./translated.ts";
import { packRecording } from "./vectors.ts";

const CASES_PER_FORM = 32;
const SEQUENCES = 600;

const seed = Number(process.argv[2] ?? 1);
const processor = new Processor();
const translated = new Translated();
const singles = assemble(expandForms());
const forms = [...singles, ...makeSequences(translated, singles, seed, SEQUENCES)];
const recorded: { starts: Uint8Array; ends: Uint8Array }[] = [];
for (let at = 0; at < forms.length; at += 64) {
  const batch = forms.slice(at, at + 64).map((form) => prepare(translated, form, seed, CASES_PER_FORM));
  const ends = processor.run(batch.map(({ bytes, starts }) => ({ bytes, states: starts })));
  batch.forEach((form, n) => recorded.push({ starts: form.starts, ends: normaliseEnds(form, ends[n]!) }));
}
const packed = packRecording({ processor: processor.model, seed, casesPerForm: CASES_PER_FORM, forms: forms.length }, recorded);
writeFileSync(FORMS_FILE, forms.map(formLine).join(""));
writeFileSync(RECORDING_FILE, packed);
console.log(
  `recorded ${forms.length} forms, ${forms.length * CASES_PER_FORM} cases on ${processor.model}, seed ${seed}: ${packed.length} bytes`,
);
console.log(recordPrograms(forms, processor, seed));
