// Compares translated code with the processor at hand, with new random cases: needs Linux on x86-64, and gcc; 32-bit mode needs its 32-bit libraries too.
// node --import tsx packages/x86/src/difftest/live.ts --seconds 60 --form 'add*' --seed 7 --bits 32 --cases 2000
// Programs alone, guarded (exact, checked) and disturbed (engine-run.ts): --programs --guarding exact --disturbed
import { parseArgs } from "node:util";
import { readForms } from "./forms-file.ts";
import { runProgramsLive } from "./programs-live.ts";
import { runLive } from "./run-live.ts";
import { GUARDINGS } from "../engine/code-form.ts";

const { values } = parseArgs({
  options: {
    seconds: { type: "string", default: "10" },
    form: { type: "string", default: "*" },
    seed: { type: "string" },
    bits: { type: "string", default: "64" },
    cases: { type: "string", default: "0" },
    programs: { type: "boolean", default: false },
    guarding: { type: "string", default: "trap" },
    disturbed: { type: "boolean", default: false },
  },
});
const pattern = new RegExp(`^${values.form.replaceAll(/[.+^${}()|[\]\\]/g, "\\$&").replaceAll("*", ".*")}`);
const mode = values.bits === "32" ? 32 : 64;
const forms = readForms(mode).filter(({ text }) => pattern.test(text));
const seed = values.seed === undefined ? Date.now() | 0 : Number(values.seed);
// With all forms, half of the time is for programs.
const hasPrograms = forms.length > 1000;
const milliseconds = (Number(values.seconds) * 1000) / (hasPrograms && !values.programs ? 2 : 1);
const guarding = GUARDINGS.find((name) => name === values.guarding) ?? "trap";
const options = { guarding, isDisturbed: values.disturbed };
const reports = [
  ...(values.programs ? [] : [runLive(forms, seed, milliseconds, mode, Number(values.cases))]),
  ...(hasPrograms ? [runProgramsLive(forms, seed, milliseconds, mode, options)] : []),
];
for (const { failures } of reports) for (const failure of failures) console.log(typeof failure === "string" ? failure : failure.message);
for (const { summary } of reports) console.log(summary);
process.exitCode = reports.every(({ failures }) => failures.length === 0) ? 0 : 1;
