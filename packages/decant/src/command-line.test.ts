import { expect, test } from "vitest";
import { describeOptions, numberOption, parseCommandLine } from "./command-line.ts";

const table = {
  timeout: { type: "string", value: "S", help: "end it" },
  mount: { type: "string", multiple: true, help: "more" },
  allow: { type: "string", multiple: true, value: "[=NAME]", help: "some or all" },
  json: { type: "boolean", short: "j", help: "rows" },
} as const;

test("options end at the first word that is none, and the guest keeps its own", () => {
  const { options, rest } = parseCommandLine(table, ["--timeout", "3", "-j", "--mount=a", "--mount", "b", "app.exe", "--json", "-x"]);
  expect(options).toEqual({ timeout: "3", json: true, mount: ["a", "b"] });
  expect(rest).toEqual(["app.exe", "--json", "-x"]);
});

test("an option may do without its value, and does not take the next word for it", () => {
  const { options, rest } = parseCommandLine(table, ["--allow", "--allow=a,b", "app.exe"]);
  expect(options).toEqual({ allow: ["", "a,b"] });
  expect(rest).toEqual(["app.exe"]);
});

test("-- ends the options", () => {
  expect(parseCommandLine(table, ["--json", "--", "--odd.exe", "--"]).rest).toEqual(["--odd.exe", "--"]);
});

test.each([
  [["--jsom", "app.exe"], /unknown option '--jsom'/],
  [["--timeout"], /argument missing/],
  [["--json=1", "app.exe"], /does not take an argument/],
])("%j is refused with a sentence", (args, message) => {
  expect(() => parseCommandLine(table, args)).toThrow(message);
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
