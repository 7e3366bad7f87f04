import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { readImage } from "../read-image.ts";
import { sectionBytes } from "./coff-symbols.ts";
import { ImageSymbols } from "./image-symbols.ts";

const read = (name: string): Uint8Array => readFileSync(new URL(`../../../../fixtures/${name}`, import.meta.url));
const dwarf5 = read("crash/crash.exe");
const dwarf2 = read("crash/crash-dwarf2.exe");
const source = readFileSync(new URL("../../../../fixtures/crash/crash.c", import.meta.url), "utf8").split("\n");

/** The address of a function, from the symbols that are under test: what it is called, and that its line says so, is what is checked. */
function find(symbols: ImageSymbols, name: string): number {
  for (let rva = 0x1000; rva < 0x3000; rva++) {
    const place = symbols.symbolAt(rva);
    if (place?.name === name && place.offset === 0) return rva;
  }
  throw new Error(`no ${name}`);
}

describe.each([
  ["DWARF 5", dwarf5],
  ["DWARF 2", dwarf2],
])("an image with %s", (_version, bytes) => {
  const symbols = new ImageSymbols(readImage(bytes));

  test.each(["read_through", "divide", "descend", "choose", "main"])("knows where %s begins, and its line", (name) => {
    const place = symbols.lineAt(find(symbols, name));
    expect(place?.file).toMatch(/crash\.c$/);
    // Its first line, or the one after that where it has no prologue.
    expect(source.slice((place?.line ?? 0) - 2, place?.line).join("\n")).toContain(`${name}(`);
  });

  test("names places inside a function, and a function's last byte but not the next", () => {
    const divide = find(symbols, "divide");
    expect(symbols.symbolAt(divide + 3)).toEqual({ name: "divide", offset: 3 });
    const next = find(symbols, "descend");
    expect(symbols.symbolAt(next - 1)?.name).toBe("divide");
    expect(symbols.symbolAt(next)?.name).toBe("descend");
  });

  test("has no name and no line far beyond its code", () => {
    expect(symbols.symbolAt(0x3fff_0000)).toBeUndefined();
    expect(symbols.lineAt(0x3fff_0000)).toBeUndefined();
  });
});

test("COFF symbols alone name functions, without lines", () => {
  const bytes = dwarf5.slice();
  for (const name of [".debug_info", ".debug_line"]) sectionBytes(readImage(bytes), name)?.fill(0xff);
  const symbols = new ImageSymbols(readImage(bytes));
  const main = find(symbols, "main");
  expect(symbols.symbolAt(main + 5)).toEqual({ name: "main", offset: 5 });
  expect(symbols.lineAt(main)).toBeUndefined();
});

test("exports name functions of an image without symbols", () => {
  const symbols = new ImageSymbols(readImage(read("loader/part.dll")));
  const named = Array.from({ length: 0x400 }, (_, i) => symbols.symbolAt(0x1000 + 4 * i)?.name);
  expect(named).toContain("partNamed");
});

test("an image without any of it has no names", () => {
  expect(new ImageSymbols(readImage(read("hello/hello.exe"))).symbolAt(0x1500)).toBeUndefined();
});

test("damaged debug information gives fewer names, and no error", () => {
  const sections = [".debug_info", ".debug_abbrev", ".debug_line", ".debug_str", ".debug_line_str"];
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.constantFrom(...sections), fc.nat(), fc.integer({ min: 0, max: 255 })), { minLength: 1, maxLength: 20 }),
      (changes) => {
        const bytes = dwarf5.slice();
        const image = readImage(bytes);
        for (const [name, at, value] of changes) {
          const section = sectionBytes(image, name);
          // The first kilobytes hold the headers, and the units that come first.
          if (section !== undefined) section[at % Math.min(section.length, 4096)] = value;
        }
        const symbols = new ImageSymbols(image);
        symbols.symbolAt(0x1500);
        symbols.lineAt(0x1500);
      },
    ),
    { numRuns: 60 },
  );
});
