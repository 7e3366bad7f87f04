import { readFileSync, writeFileSync } from "node:fs";
import type { Form } from "./assemble.ts";
import type { Processor } from "./processor.ts";
import { answers } from "./programs-live.ts";
import { encode, ingredientsOf, makeProgram, programCases, type Program } from "./programs.ts";
import { Translated } from "./translated.ts";
import { openRecording, packRecording } from "./vectors.ts";

const FOLDER = new URL("../../vectors/", import.meta.url);
const PROGRAMS_FILE = new URL("programs.txt", FOLDER);
const RECORDING_FILE = new URL("programs.bin", FOLDER);
const PROGRAMS = 300;
const CASES = 8;

/** The committed programs, a line each (seed, flavour, code), with their start states and what the recording processor made of these. */
export function readPrograms(): { code: Uint8Array; starts: Uint8Array; ends: Uint8Array }[] {
  const recording = openRecording(readFileSync(RECORDING_FILE));
  return readFileSync(PROGRAMS_FILE, "utf8")
    .trimEnd()
    .split("\n")
    .map((line, n) => {
      const [seed, flavour, code] = line.split(" ") as [string, Program["flavour"], string];
      const starts = programCases({ seed: Number(seed), flavour }, CASES);
      return { code: Uint8Array.from(Buffer.from(code, "hex")), starts, ends: recording.ends(n, starts) };
    });
}

/** Makes programs of the forms, records them, and says what was recorded. */
export function recordPrograms(forms: readonly Form[], processor: Processor, firstSeed: number): string {
  const ingredients = ingredientsOf(new Translated(), forms);
  const programs = Array.from({ length: PROGRAMS }, (_, n) => makeProgram(ingredients, firstSeed + n));
  const ends = answers(processor, programs, CASES);
  const header = { processor: processor.model, seed: firstSeed, casesPerForm: CASES, forms: PROGRAMS };
  const recorded = programs.map((program, n) => ({ starts: programCases(program, CASES), ends: ends[n]! }));
  const lines = programs.map(({ seed, flavour, items }) => `${seed} ${flavour} ${Buffer.from(encode(items)).toString("hex")}\n`);
  const packed = packRecording(header, recorded);
  writeFileSync(PROGRAMS_FILE, lines.join(""));
  writeFileSync(RECORDING_FILE, packed);
  return `recorded ${PROGRAMS} programs, ${PROGRAMS * CASES} cases: ${packed.length} bytes`;
}
