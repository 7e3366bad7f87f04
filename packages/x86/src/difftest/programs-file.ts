import { readFileSync, writeFileSync } from "node:fs";
import type { Form } from "./assemble.ts";
import type { Processor } from "./processor.ts";
import { answers } from "./programs-live.ts";
import { encode, ingredientsOf, makeProgram, programCases, type Program } from "./programs.ts";
import { Translated } from "./translated.ts";
import { openRecording, packRecording } from "./vectors.ts";

const FOLDER = new URL("../../vectors/", import.meta.url);
const FILES = { 64: "programs", 32: "programs32" } as const;
const PROGRAMS = { 64: 500, 32: 150 } as const;
const CASES = 8;

/** Behind the code of a program that changes it. */
const CHANGING = "changing";

/** A committed program: what runs, from which states, and what the recording processor made of them. */
export interface RecordedProgram {
  readonly code: Uint8Array;
  readonly starts: Uint8Array;
  readonly ends: Uint8Array;
  readonly isChanging: boolean;
}

const fileOf = (mode: 64 | 32, ending: "txt" | "bin"): URL => new URL(`${FILES[mode]}.${ending}`, FOLDER);

/** The committed programs, a line each: seed, flavour, code, and whether that changes. */
export function readPrograms(mode: 64 | 32 = 64): RecordedProgram[] {
  const recording = openRecording(readFileSync(fileOf(mode, "bin")));
  return readFileSync(fileOf(mode, "txt"), "utf8")
    .trimEnd()
    .split("\n")
    .map((line, n) => {
      const [seed, flavour, code, change] = line.split(" ") as [string, Program["flavour"], string, string?];
      const starts = programCases({ seed: Number(seed), flavour, mode }, CASES);
      return { code: Uint8Array.from(Buffer.from(code, "hex")), starts, ends: recording.ends(n, starts), isChanging: change === CHANGING };
    });
}

/** Makes programs of the forms, records them, and says what was recorded. */
export function recordPrograms(forms: readonly Form[], processor: Processor, firstSeed: number, mode: 64 | 32): string {
  const ingredients = ingredientsOf(new Translated(mode), forms);
  const programs = Array.from({ length: PROGRAMS[mode] }, (_, n) => makeProgram(ingredients, firstSeed + n));
  const ends = answers(processor, programs, CASES);
  const header = { processor: processor.model, seed: firstSeed, casesPerForm: CASES, forms: programs.length };
  const recorded = programs.map((program, n) => ({ starts: programCases(program, CASES), ends: ends[n]! }));
  const lines = programs.map((program) => {
    const code = Buffer.from(encode(program)).toString("hex");
    return `${program.seed} ${program.flavour} ${code}${program.isChanging ? ` ${CHANGING}` : ""}\n`;
  });
  const packed = packRecording(header, recorded);
  writeFileSync(fileOf(mode, "txt"), lines.join(""));
  writeFileSync(fileOf(mode, "bin"), packed);
  return `recorded ${programs.length} programs of ${mode} bits, ${programs.length * CASES} cases: ${packed.length} bytes`;
}
