import { spawnSync } from "node:child_process";
import { describe, expect, test } from "vitest";
import { MNEMONIC_NAMES } from "../decode/mnemonics.ts";
import { lowerings } from "../lower/table.ts";
import { NOT_RECORDED } from "./exactness.ts";
import { isRandomSequence, readForms, readRecording } from "./forms-file.ts";
import { EngineRun } from "./engine-run.ts";
import { staleMutants } from "./mutant-list.ts";
import { readPrograms } from "./programs-file.ts";
import { runProgramsLive } from "./programs-live.ts";
import { check, checkWithSomeFlags, prepare } from "./replay.ts";
import { runLive } from "./run-live.ts";
import { Translated } from "./translated.ts";

/** The recordings of a mode, with the forms' start states, made once for both replays. */
function recorded(mode: 64 | 32) {
  const forms = readForms(mode);
  const recording = readRecording(mode);
  const translated = new Translated(mode);
  const { seed, casesPerForm } = recording.header;
  const batches = Array.from({ length: Math.ceil(forms.length / 64) }, (_, n) =>
    forms.slice(n * 64, n * 64 + 64).map((form) => prepare(translated, form, seed, casesPerForm)),
  );
  const replay = (run: typeof check): string[] =>
    batches.flatMap((batch, n) => {
      const failures = run(translated, batch, (index) => recording.ends(n * 64 + index, batch[index]!.starts), seed);
      return failures.map(({ message }) => message);
    });
  return { mode, forms, header: recording.header, translated, replay };
}

const wide = recorded(64);
const narrow = recorded(32);
const { forms, translated } = wide;

describe.each([wide, narrow])("in $mode-bit mode", ({ mode, header, replay, forms: all }) => {
  test("translated code leaves the state that the recording processor left, in every recorded case", () => {
    const { seed, casesPerForm, processor } = header;
    expect(all.length).toBe(header.forms);
    const failures = replay(check);
    console.log(
      `difftest, ${mode}-bit mode, replayed: ${all.length} forms, ${all.length * casesPerForm} cases, recorded on ${processor}, seed ${seed}`,
    );
    expect(failures).toEqual([]);
  }, 120_000);

  test("with some flags dead afterwards the others, and everything else, are the same", () => {
    expect(replay(checkWithSomeFlags)).toEqual([]);
  }, 120_000);

  test.each([
    ["trap", false],
    ["exact", false],
    ["checked", false],
    ["trap", true],
  ] as const)(
    "programs with jumps, loops and calls leave through the whole engine what the recording processor left (%s, disturbed: %s)",
    (guarding, isDisturbed) => {
      const engine = new EngineRun(mode, { guarding, isDisturbed });
      const programs = readPrograms(mode);
      expect(programs.length).toBeGreaterThanOrEqual(100);
      expect(programs.some((program) => program.isChanging)).toBe(mode === 64);
      expect(programs.flatMap(({ code, starts, ends, isChanging }) => engine.compare(code, starts, ends, isChanging) ?? [])).toEqual([]);
    },
    120_000,
  );
});

test("a program that leaves something else is reported", () => {
  const { starts, ends } = readPrograms()[0]!;
  expect(new EngineRun().compare(Uint8Array.of(0x90), starts, ends)).toMatch(/^case 0: .*expected/);
});

test("the source still holds what each seeded bug replaces", () => {
  expect(staleMutants()).toEqual([]);
});

test("every instruction that has a lowering has a form under test", () => {
  const tested = new Set(
    [wide, narrow].flatMap((mode) => mode.forms.flatMap(({ bytes }) => mode.translated.decode(bytes).map(({ mnemonic }) => mnemonic))),
  );
  const names = lowerings.flatMap((lowering, mnemonic) =>
    lowering === undefined || tested.has(mnemonic) ? [] : [MNEMONIC_NAMES[mnemonic]!],
  );
  expect(names.toSorted()).toEqual([...NOT_RECORDED].toSorted());
});

test("a wrong expectation is reported with bytes, text, start state and the difference", () => {
  const form = prepare(translated, { text: "add eax, ecx", bytes: Uint8Array.of(0x01, 0xc8) }, 1, 4);
  const failures = check(translated, [form], () => form.starts, 1);
  expect(failures).toHaveLength(1);
  expect(failures[0]!.message).toMatch(/^add eax, ecx\n {2}01c8 \(seed 1\)[^]*rax: expected [0-9a-f]{16}, got [0-9a-f]{16}[^]*rbx=/);
});

// Live where a compiler and an x86-64 are at hand: once through all forms, or for as many seconds as DECANT_DIFFTEST_LIVE says; 0 turns it off.
const isAtHand =
  process.platform === "linux" && process.arch === "x64" && spawnSync("gcc", ["--version"], { stdio: "ignore" }).status === 0;
const liveSeconds = Number(process.env["DECANT_DIFFTEST_LIVE"] ?? (isAtHand ? 1 : 0));
if (liveSeconds === 0) console.log("difftest: replayed only, nothing was run live (that needs Linux on x86-64, and gcc)");
test.runIf(liveSeconds > 0)(
  "translated code agrees with the processor at hand",
  () => {
    const { failures, summary } = runLive(forms.filter((form) => !isRandomSequence(form)), Date.now() | 0, liveSeconds * 1000); // prettier-ignore
    console.log(summary);
    expect(failures.map(({ message }) => message)).toEqual([]);
  },
  liveSeconds * 1000 + 120_000,
);

test.runIf(liveSeconds > 0).each([
  [64, { guarding: "trap" }],
  [64, { guarding: "trap", isDisturbed: true }],
  [64, { guarding: "exact", isDisturbed: true }],
  [64, { guarding: "checked", isDisturbed: true }],
] as const)(
  "programs through the whole engine agree with the processor at hand (%s bits, %o)",
  (mode, options) => {
    const { failures, summary } = runProgramsLive(readForms(mode), Date.now() | 0, liveSeconds * 1000, mode, options);
    console.log(summary);
    expect(failures).toEqual([]);
  },
  liveSeconds * 1000 + 120_000,
);
