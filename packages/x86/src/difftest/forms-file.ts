import { readFileSync } from "node:fs";
import type { Form } from "./assemble.ts";
import { openRecording, type Recording } from "./vectors.ts";

const FOLDER = new URL("../../vectors/", import.meta.url);
const NAMES = { 64: ["forms.txt", "recorded.bin"], 32: ["forms32.txt", "recorded32.bin"] } as const;
export const formsFile = (mode: 64 | 32): URL => new URL(NAMES[mode][0], FOLDER);
export const recordingFile = (mode: 64 | 32): URL => new URL(NAMES[mode][1], FOLDER);

/** The committed forms: a line each, bytes in hexadecimal, a space, the text. Sequences have `; ` between their instructions. */
export function readForms(mode: 64 | 32 = 64): Form[] {
  return readFileSync(formsFile(mode), "utf8")
    .trimEnd()
    .split("\n")
    .map((line) => {
      const space = line.indexOf(" ");
      return { bytes: Uint8Array.from(Buffer.from(line.slice(0, space), "hex")), text: line.slice(space + 1) };
    });
}

/** Whether a form is one of the random sequences, and no form of the list. */
export function isRandomSequence({ text }: Form): boolean {
  return text.includes(";") && !/\bmm\d|f(nstenv|nsave|xsave)/.test(text);
}

/** The committed recording of these forms. */
export function readRecording(mode: 64 | 32 = 64): Recording {
  return openRecording(readFileSync(recordingFile(mode)));
}

/** A form as a line of forms.txt. */
export function formLine({ bytes, text }: Form): string {
  return `${Buffer.from(bytes).toString("hex")} ${text}\n`;
}
