import * as fc from "fast-check";
import { expect, test } from "vitest";
import { windowsCommandLine } from "./command-line-text.ts";

/** Microsoft's rules, "Parsing C command-line arguments", written from the page. */
function split(line: string): string[] {
  const args: string[] = [];
  let at = 0;
  while (at < line.length) {
    while (line[at] === " " || line[at] === "\t") at++;
    if (at >= line.length) break;
    let argument = "";
    let quoted = false;
    for (; at < line.length && (quoted || (line[at] !== " " && line[at] !== "\t"));) {
      let slashes = 0;
      while (line[at] === "\\") {
        slashes++;
        at++;
      }
      if (line[at] === '"') {
        argument += "\\".repeat(slashes >> 1);
        if (slashes % 2 === 1) argument += '"';
        else quoted = !quoted;
        at++;
      } else {
        argument += "\\".repeat(slashes);
        if (at < line.length && (quoted || (line[at] !== " " && line[at] !== "\t"))) argument += line[at++];
      }
    }
    args.push(argument);
  }
  return args;
}

test.each([
  [["a.exe", "plain"], "a.exe plain"],
  [["a.exe", ""], 'a.exe ""'],
  [["a.exe", "two words"], 'a.exe "two words"'],
  [["a.exe", 'say "hi"'], 'a.exe "say \\"hi\\""'],
  [["a.exe", "c:\\dir\\"], "a.exe c:\\dir\\"],
  [["a.exe", "c:\\my dir\\"], 'a.exe "c:\\my dir\\\\"'],
  [["a.exe", 'back\\"quote'], 'a.exe "back\\\\\\"quote"'],
])("%j", (args, line) => {
  expect(windowsCommandLine(args)).toBe(line);
  expect(split(line)).toEqual(args);
});

test("every argument comes out as it went in", () => {
  const argument = fc.string({ unit: fc.constantFrom("a", " ", "\\", '"', "\t", "é"), maxLength: 8 });
  fc.assert(
    fc.property(fc.array(argument, { maxLength: 5 }), (args) => {
      expect(split(windowsCommandLine(args))).toEqual(args);
    }),
  );
});
