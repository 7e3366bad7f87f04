import { expect, test } from "vitest";
import { MNEMONIC_NAMES } from "../decode/mnemonics.ts";
import { lowerings } from "../lower/table.ts";
import { NOT_RECORDED, ONLY_32_BIT } from "./exactness.ts";
import { readForms, readRecording } from "./forms-file.ts";
import { check, prepare } from "./replay.ts";
import { runLive } from "./run-live.ts";
import { Translated } from "./translated.ts";

const forms = readForms();
const recording = readRecording();

test("translated code leaves the state that the recording processor left, in every recorded case", () => {
  const { seed, casesPerForm, processor } = recording.header;
  expect(forms.length).toBe(recording.header.forms);
  const translated = new Translated();
  const failures: string[] = [];
  for (let at = 0; at < forms.length; at += 64) {
    const batch = forms.slice(at, at + 64).map((form) => prepare(translated, form, seed, casesPerForm));
    failures.push(...check(translated, batch, (n) => recording.ends(at + n, batch[n]!.starts), seed).map(({ message }) => message));
  }
  console.log(`difftest, replayed: ${forms.length} forms, ${forms.length * casesPerForm} cases, recorded on ${processor}, seed ${seed}`);
  expect(failures).toEqual([]);
}, 120_000);

test("every instruction that has a lowering has a form under test", () => {
  const translated = new Translated();
  const tested = new Set(forms.flatMap(({ bytes }) => translated.decode(bytes).map(({ mnemonic }) => mnemonic)));
  const names = lowerings.flatMap((lowering, mnemonic) =>
    lowering === undefined || tested.has(mnemonic) ? [] : [MNEMONIC_NAMES[mnemonic]!],
  );
  expect(names.toSorted()).toEqual([...NOT_RECORDED, ...ONLY_32_BIT].toSorted());
});

test("a wrong expectation is reported with bytes, text, start state and the difference", () => {
  const translated = new Translated();
  const form = prepare(translated, { text: "add eax, ecx", bytes: Uint8Array.of(0x01, 0xc8) }, 1, 4);
  const failures = check(translated, [form], () => form.starts, 1);
  expect(failures).toHaveLength(1);
  expect(failures[0]!.message).toMatch(/^add eax, ecx\n {2}01c8 \(seed 1\)[^]*rax: expected [0-9a-f]{16}, got [0-9a-f]{16}[^]*rbx=/);
});

// DECANT_DIFFTEST_LIVE=60 npx vitest run packages/x86: seconds, on Linux on x86-64 with gcc.
const liveSeconds = Number(process.env["DECANT_DIFFTEST_LIVE"] ?? 0);
test.runIf(liveSeconds > 0)(
  "translated code agrees with the processor at hand",
  () => {
    const { failures, summary } = runLive(forms.filter(({ text }) => !text.includes(";")), Date.now() | 0, liveSeconds * 1000); // prettier-ignore
    console.log(summary);
    expect(failures.map(({ message }) => message)).toEqual([]);
  },
  liveSeconds * 1000 + 120_000,
);
