import type { Implementation } from "@decant/hook";
import { atoms } from "./atoms.ts";
import { codePageCalls } from "./code-page-calls.ts";
import { consoleCells } from "./console-cells.ts";
import { consoleInput } from "./console-input.ts";
import { consoleOutput } from "./console-output.ts";
import { consoleCalls } from "./console.ts";
import { locale } from "./locale.ts";
import { startup } from "./startup.ts";
import { strings } from "./strings.ts";

/** Text, atoms, the console, and how a program starts. */
export const kernel32c = [
  atoms,
  codePageCalls,
  consoleCalls,
  consoleCells,
  consoleInput,
  consoleOutput,
  locale,
  startup,
  strings,
] as const satisfies readonly Implementation[];
