// Compares translated code with the processor at hand, with new random cases: needs Linux on x86-64, and gcc.
// node --import tsx packages/x86/src/difftest/live.ts --seconds 60 --form 'add*' --seed 7
import { parseArgs } from "node:util";
import { readForms } from "./forms-file.ts";
import { runLive } from "./run-live.ts";

const { values } = parseArgs({
  options: { seconds: { type: "string", default: "10" }, form: { type: "string", default: "*" }, seed: { type: "string" } },
});
const pattern = new RegExp(`^${values.form.replaceAll(/[.+^${}()|[\]\\]/g, "\\$&").replaceAll("*", ".*")}`);
const forms = readForms().filter(({ text }) => pattern.test(text));
const seed = values.seed === undefined ? Date.now() | 0 : Number(values.seed);
const { failures, summary } = runLive(forms, seed, Number(values.seconds) * 1000);
for (const { message } of failures) console.log(message);
console.log(summary);
process.exitCode = failures.length === 0 ? 0 : 1;
