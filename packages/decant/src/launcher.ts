import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { commandPath } from "./command-path.ts";
import { UsageError } from "./terminal.ts";

/** The second line of every launcher: what may be overwritten. */
const MARK = "# Made by decant.";

/** A shell script that calls this Decant, by this Node; `words` come before the script's own arguments. */
export function launcherText(words: readonly string[], environment: Readonly<Record<string, string>> = {}): string {
  const settings = Object.entries(environment).map(([name, value]) => `export ${name}=${shellQuote(value)}\n`);
  const command = [process.execPath, commandPath, ...words].map(shellQuote).join(" ");
  return `#!/bin/sh\n${MARK}\n${settings.join("")}exec ${command} "$@"\n`;
}

/** Writes a launcher. Throws UsageError where something else has that name. */
export function writeLauncher(path: string, text: string): void {
  if (existsSync(path) && !readFileSync(path, "latin1").startsWith(`#!/bin/sh\n${MARK}\n`))
    throw new UsageError(`${path} is there already, and decant did not make it`, 1);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
  chmodSync(path, 0o755);
}

/** A word as sh reads it back. */
export function shellQuote(word: string): string {
  return /^[\w./:=@%+-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}
