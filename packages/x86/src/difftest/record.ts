// Assembles the forms and records what the processor at hand makes of them: vectors/forms.txt and vectors/recorded.bin; and of random programs of
// them: vectors/programs.txt and vectors/programs.bin; and the same for 32-bit mode, which needs gcc's 32-bit libraries.
// node --import tsx packages/x86/src/difftest/record.ts [seed]
import { writeFileSync } from "node:fs";
import { assemble } from "./assemble.ts";
import { expandForms, expandForms32 } from "./expand.ts";
import { formLine, formsFile, recordingFile } from "./forms-file.ts";
import { Processor } from "./processor.ts";
import { recordPrograms } from "./programs-file.ts";
import { normaliseEnds, prepare } from "./replay.ts";
import { makeSequences } from "./sequences.ts";
import { Translated } from "./translated.ts";
import { packRecording } from "./vectors.ts";

const CASES_PER_FORM = { 64: 32, 32: 12 } as const;
const SEQUENCES = { 64: 600, 32: 300 } as const;

const seed = Number(process.argv[2] ?? 1);
record(64, expandForms());
record(32, expandForms32());

function record(mode: 64 | 32, texts: readonly string[]): void {
  const processor = new Processor(mode);
  const translated = new Translated(mode);
  const casesPerForm = CASES_PER_FORM[mode];
  const singles = assemble(texts, mode);
  const forms = [...singles, ...makeSequences(translated, singles, seed, SEQUENCES[mode])];
  const recorded: { starts: Uint8Array; ends: Uint8Array }[] = [];
  for (let at = 0; at < forms.length; at += 64) {
    const batch = forms.slice(at, at + 64).map((form) => prepare(translated, form, seed, casesPerForm));
    const ends = processor.run(batch.map(({ bytes, starts }) => ({ bytes, states: starts })));
    batch.forEach((form, n) => recorded.push({ starts: form.starts, ends: normaliseEnds(form, ends[n]!) }));
  }
  const packed = packRecording({ processor: processor.model, seed, casesPerForm, forms: forms.length }, recorded);
  writeFileSync(formsFile(mode), forms.map(formLine).join(""));
  writeFileSync(recordingFile(mode), packed);
  console.log(
    `recorded ${forms.length} forms of ${mode} bits, ${forms.length * casesPerForm} cases on ${processor.model}, seed ${seed}: ${packed.length} bytes`,
  );
  console.log(recordPrograms(forms, processor, seed, mode));
}
