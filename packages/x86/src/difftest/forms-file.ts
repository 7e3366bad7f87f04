import { readFileSync } from "node:fs";
import type { Form } from "./assemble.ts";
import { openRecording, type Recording } from "./vectors.ts";

const FOLDER = new URL("../../vectors/", import.meta.url);
export const FORMS_FILE = new URL("forms.txt", FOLDER);
export const RECORDING_FILE = new URL("recorded.bin", FOLDER);

/** The committed forms: a line each, bytes in hexadecimal, a space, the text. Sequences have `; ` between their instructions. */
export function readForms(): Form[] {
  return readFileSync(FORMS_FILE, "utf8")
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
export function readRecording(): Recording {
  return openRecording(readFileSync(RECORDING_FILE));
}

/** A form as a line of forms.txt. */
export function formLine({ bytes, text }: Form): string {
  return `${Buffer.from(bytes).toString("hex")} ${text}\n`;
}
