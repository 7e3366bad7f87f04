import { expect, test } from "vitest";
import { describeOptions, numberOption, parseBeforeProgram, parseCommandLine, requireNoWords } from "./command-line.ts";
import { UsageError } from "./terminal.ts";

const table = {
  timeout: { type: "string", value: "S", help: "end it" },
  mount: { type: "string", multiple: true, help: "more" },
  allow: { type: "string", multiple: true, value: "[=NAME]", help: "some or all" },
  json: { type: "boolean", short: "j", help: "rows" },
} as const;

test("options before a program end at the first word that is none, and the guest keeps its own", () => {
  const words = ["--timeout", "3", "-j", "--mount=a", "--mount", "b", "app.exe", "--json", "-x", "--"];
  expect(parseBeforeProgram("run", table, words)).toEqual({
    options: { timeout: "3", json: true, mount: ["a", "b"] },
    inOrder: [
      { name: "timeout", value: "3" },
      { name: "mount", value: "a" },
      { name: "mount", value: "b" },
    ],
    rest: ["app.exe", "--json", "-x", "--"],
  });
});

test("options of other commands stand anywhere before --", () => {
  const { options, rest } = parseCommandLine("cache", table, ["show", "--json", "a", "--timeout", "3", "--", "--mount"]);
  expect({ options, rest }).toEqual({ options: { json: true, timeout: "3" }, rest: ["show", "a", "--mount"] });
});

test("an option may do without its value, and does not take the next word for it", () => {
  const { options, rest } = parseBeforeProgram("run", table, ["--allow", "--allow=a,b", "app.exe"]);
  expect(options).toEqual({ allow: ["", "a,b"] });
  expect(rest).toEqual(["app.exe"]);
});

test("-- ends the options", () => {
  expect(parseBeforeProgram("run", table, ["--json", "--", "--odd.exe", "--"]).rest).toEqual(["--odd.exe", "--"]);
});

test.each([
  [["--jsom", "app.exe"], "unknown option --jsom; did you mean --json?; `decant run --help` lists the options"],
  [["--josn"], "unknown option --josn; did you mean --json?; `decant run --help` lists the options"],
  [["--verbose=2"], "unknown option --verbose; `decant run --help` lists the options"],
  [["-x"], "unknown option -x; `decant run --help` lists the options"],
  [["--timeout"], "--timeout needs a value: --timeout S"],
  [["--timeout", "-1"], '--timeout needs a value: --timeout S; "-1" looks like an option (if it is the value: --timeout=-1)'],
  [["--json=1", "app.exe"], '--json takes no value, but "1" was given'],
])("%j is refused with a sentence", (args, message) => {
  expect(() => parseBeforeProgram("run", table, args)).toThrow(new UsageError(message));
});

test("words that a command has no use for are refused", () => {
  requireNoWords("doctor", []);
  expect(() => requireNoWords("doctor", ["now"])).toThrow('doctor takes options only, not "now"');
});

test("a number option has both its bounds", () => {
  const bounds = { min: 0.1, max: 10, unit: "seconds" };
  expect(numberOption("timeout", undefined, bounds)).toBeUndefined();
  expect(numberOption("timeout", "0.1", bounds)).toBe(0.1);
  expect(numberOption("timeout", "10", bounds)).toBe(10);
  for (const text of ["0", "10.1", "", "x"])
    expect(() => numberOption("timeout", text, bounds)).toThrow(/--timeout takes a number of seconds/);
});

test("help lines up", () => {
  expect(describeOptions(table)).toBe(
    "  --timeout S     end it\n  --mount         more\n  --allow[=NAME]  some or all\n  -j, --json      rows",
  );
});
