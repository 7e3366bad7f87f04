import { expect, test } from "vitest";
import { splitCommandLine } from "./arguments.ts";

/** The table of "Parsing C command-line arguments", and what its rules say of the program's name. */
const cases: readonly (readonly [commandLine: string, list: readonly string[]])[] = [
  ['p "abc" d e', ["p", "abc", "d", "e"]],
  ['p a\\\\b d"e f"g h', ["p", "a\\\\b", "de fg", "h"]],
  ['p a\\\\\\"b c d', ["p", 'a\\"b', "c", "d"]],
  ['p a\\\\\\\\"b c" d e', ["p", "a\\\\b c", "d", "e"]],
  ['p a"b"" c d', ["p", 'ab" c d']],
  ['"C:\\my programs\\p.exe" x', ["C:\\my programs\\p.exe", "x"]],
  ['C:\\p\\"q.exe" x', ["C:\\p\\q.exe", "x"]],
  ['p ""', ["p", ""]],
  ["p  \t x  ", ["p", "x"]],
  ["p", ["p"]],
];

test.each(cases)("splits %s", (commandLine, list) => {
  expect(splitCommandLine(commandLine)).toEqual(list);
});
