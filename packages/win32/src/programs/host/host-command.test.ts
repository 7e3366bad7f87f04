import { expect, test } from "vitest";
import { hostArguments, hostVariables } from "./host-command.ts";

test("arguments that are paths of the host's drive become the host's; others stay as they are", () => {
  const line = '"git" -C z:\\work\\a "--file=Z:/two words/b" C:\\x Z:relative http://z:80/ say=\\"Z:\\n\\" "\\\\?\\Z:\\long"';
  expect(hostArguments(line)).toEqual([
    "-C",
    "/work/a",
    "--file=/two words/b",
    "C:\\x",
    "Z:relative",
    "http://z:80/",
    'say="Z:\\n"',
    "/long",
  ]);
});

test("variables: Windows' own are left out unless they were changed, paths and lists of them become the host's", () => {
  const given: [string, string][] = [
    ["SystemRoot", "C:\\Windows"],
    ["OS", "changed"],
    ["=Z:", "Z:\\work"],
    ["TZ", "Europe/Berlin"],
    ["INCLUDE", "Z:\\a\\b;z:\\c;"],
    ["MIXED", "Z:\\a;C:\\b"],
    ["EMPTY", ""],
  ];
  expect(hostVariables(given, 2)).toEqual([
    ["OS", "changed"],
    ["TZ", "Europe/Berlin"],
    ["INCLUDE", "/a/b:/c"],
    ["MIXED", "Z:\\a;C:\\b"],
    ["EMPTY", ""],
  ]);
});
