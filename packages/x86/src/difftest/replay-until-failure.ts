// Replays the recordings and stops at the first difference, with exit status 1: what mutants.ts runs in its copies.
import { EngineRun } from "./engine-run.ts";
import { readForms, readRecording } from "./forms-file.ts";
import { readPrograms } from "./programs-file.ts";
import { check, checkWithSomeFlags, prepare } from "./replay.ts";
import { Translated } from "./translated.ts";

process.exitCode = replay(64) || replay(32);

function replay(mode: 64 | 32): 0 | 1 {
  try {
    const engine = new EngineRun(mode);
    for (const { code, starts, ends, isChanging } of readPrograms(mode)) {
      const found = engine.compare(code, starts, ends, isChanging);
      if (found !== undefined) return report(`a program, ${found}`);
    }
    const forms = readForms(mode);
    const recording = readRecording(mode);
    const { seed, casesPerForm } = recording.header;
    const translated = new Translated(mode);
    for (let at = 0; at < forms.length; at += 64) {
      const batch = forms.slice(at, at + 64).map((form) => prepare(translated, form, seed, casesPerForm));
      for (const run of [check, checkWithSomeFlags]) {
        const [failure] = run(translated, batch, (n) => recording.ends(at + n, batch[n]!.starts), seed);
        if (failure !== undefined) return report(failure.message.replaceAll("\n", " "));
      }
    }
    return 0;
  } catch (error) {
    // Code that V8 refuses, or a translator that throws, is a bug found too.
    return report(String(error));
  }
}

function report(message: string): 1 {
  console.log(message);
  return 1;
}
