import { expect, test } from "vitest";
import { helpPage } from "./help.ts";

const page = `Usage: decant thing [options]

Options
  --option VALUE   what it is for, in a sentence that is long
  decant thing --option with a value that is copied as it stands
Plain text that goes on for longer than the terminal is wide.
`;
const plain = (_style: string, text: string): string => text;

test("help is folded between words to the terminal's width, below where its text begins; examples stay whole", () => {
  expect(helpPage(page, plain, 44)).toBe(`Usage: decant thing [options]

Options
  --option VALUE   what it is for, in a
                   sentence that is long
  decant thing --option with a value that is copied as it stands
Plain text that goes on for longer than the
terminal is wide.
`);
});

test("help that goes to no terminal is as it was written, with its headings marked where there is colour", () => {
  expect(helpPage(page, plain)).toBe(page);
  const marked = helpPage(page, (style, text) => `<${style}>${text}</>`);
  expect(marked.split("\n").filter((line) => line.includes("<"))).toEqual(["<bold>Usage:</> decant thing [options]", "<bold>Options</>"]);
});

test("a terminal too narrow for its columns gets lines as they are", () => {
  expect(helpPage(page, plain, 20).split("\n")).toContain("  --option VALUE   what it is for, in a sentence that is long");
});
