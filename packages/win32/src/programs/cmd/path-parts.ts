import { system } from "../../crt/system.ts";
import { failureCode } from "./failure.ts";
import { dateAndTime } from "./date-text.ts";
import type { Shell } from "./shell.ts";
import { unquote } from "./syntax.ts";

/** The columns of `%~a`: each letter where the bit is set, `-` elsewhere. */
const ATTRIBUTE_LETTERS: readonly (readonly [string, number])[] = [
  ["d", 0x10], ["r", 1], ["a", 0x20], ["h", 2], ["s", 4], ["c", 0x800], ["o", 0x1000], ["t", 0x100], ["l", 0x400],
]; // prettier-ignore

/** What `%~dpnx1` makes of a word ("call"): attributes, time, size and parts of the path, in that order; `$PATH:` looks for the file in a variable's folders. */
export function pathParts(shell: Shell, modifiers: string, word: string): string {
  const plain = unquote(word);
  if (modifiers === "" || plain === "") return plain;
  const [letters = "", variable] = modifiers.toLowerCase().split("$");
  const full = variable === undefined ? shell.fullPath(plain) : findInFolders(shell, variable.slice(0, -1), plain);
  if (full === undefined) return "";
  const has = (letter: string): boolean => letters.includes(letter);
  const facts = has("a") || has("t") || has("z") ? factsOf(shell, full) : undefined;
  const cut = full.lastIndexOf("\\") + 1;
  const dot = full.lastIndexOf(".");
  const stemEnd = dot > cut ? dot : full.length;
  const parts: string[] = [];
  if (facts !== undefined) {
    if (has("a")) parts.push(ATTRIBUTE_LETTERS.map(([letter, bit]) => ((facts.attributes & bit) === 0 ? "-" : letter)).join(""));
    if (has("t")) parts.push(dateAndTime(facts.written, " "));
    if (has("z")) parts.push(String(facts.size));
  }
  // Volumes have no short names: with /s, too, the long one.
  const named = /[dpnx]/.test(letters);
  if (has("f") || (!named && (has("s") || letters === ""))) parts.push(full);
  else if (named)
    parts.push(
      (has("d") ? full.slice(0, 2) : "") +
        (has("p") ? full.slice(2, cut) : "") +
        (has("n") ? full.slice(cut, stemEnd) : "") +
        (has("x") ? full.slice(stemEnd) : ""),
    );
  return parts.filter((part) => part !== "").join(" ");
}

function findInFolders(shell: Shell, variable: string, name: string): string | undefined {
  for (const folder of (shell.lookup(variable) ?? "").split(";").map(unquote)) {
    const path = folder === "" ? undefined : shell.fullPath(`${folder.replace(/[\\/]$/, "")}\\${name}`);
    if (path !== undefined && factsOf(shell, path) !== undefined) return path;
  }
  return undefined;
}

function factsOf(shell: Shell, full: string): ReturnType<typeof system.attributes> | undefined {
  try {
    return system.attributes(shell.thread, full);
  } catch (error) {
    failureCode(error);
    return undefined;
  }
}
