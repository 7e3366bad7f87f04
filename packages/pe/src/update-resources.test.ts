import { expect, test } from "vitest";
import { buildDll } from "./build-dll.ts";
import { PeError } from "./error.ts";
import { readImage } from "./read-image.ts";
import { readResourceData, replaceResources } from "./update-resources.ts";
import type { ResourceData } from "./lay-out-resources.ts";

const resource = (type: ResourceData["type"], name: ResourceData["name"], language: number, length: number): ResourceData => ({
  type,
  name,
  language,
  codePage: 0,
  bytes: Uint8Array.from({ length }, (_, i) => i),
});

const image = (...resources: ResourceData[]) =>
  buildDll({ name: "a.dll", base: 0x7000_0000n, machine: "x86-64", symbols: [{ kind: "stub", name: "f" }], resources }).bytes;

test("resources of a file are read as they were put, types and names in the tree's order", () => {
  const given = [resource(10, 3, 0x409, 5), resource("ZED", "B", 0, 0), resource("ABC", 7, 0x407, 9), resource(10, 3, 0x407, 4)];
  const read = readResourceData(readImage(replaceResources(image(), given)));
  expect(read).toEqual([given[2], given[1], given[3], given[0]]);
});

test("an update replaces what was there, whether it grows or shrinks, and leaves the rest of the file readable", () => {
  for (const length of [1, 4000, 20_000]) {
    const updated = replaceResources(image(resource(10, 1, 0, 3000)), [resource(10, 2, 0, length)]);
    const read = readImage(updated);
    expect(readResourceData(read).map(({ name, bytes }) => [name, bytes.length])).toEqual([[2, length]]);
    expect(read.sizeOfImage % read.sectionAlignment).toBe(0);
  }
});

test("what lies behind the resources moves up and down with them, for Windows takes no image with a gap", () => {
  const file = image(resource(10, 1, 0, 20_000));
  // .rdata takes the place of .rsrc, and .rsrc that of relocations behind it.
  const sections = 0x80 + 24 + 112 + 128;
  const count = new DataView(file.buffer).getUint16(0x80 + 6, true);
  const behind = (discardable: boolean) => {
    const changed = file.slice();
    for (const [index, name] of [
      [count - 2, ".rsrc"],
      [count - 1, ".reloc"],
    ] as const)
      for (let i = 0; i < 8; i++) changed[sections + 40 * index + i] = name.charCodeAt(i) || 0;
    if (discardable) new DataView(changed.buffer).setUint32(sections + 40 * (count - 1) + 36, 0x4200_0040, true);
    return changed;
  };
  const end = ({ rva, virtualSize }: { rva: number; virtualSize: number }) => rva + Math.ceil(virtualSize / 0x1000) * 0x1000;
  for (const length of [0x100, 0x9000]) {
    const moved = readImage(replaceResources(behind(true), [resource(10, 1, 0, length)])).sections.slice(-2);
    expect(moved[1]!.rva).toBe(end(moved[0]!));
  }
  const kept = readImage(replaceResources(behind(false), [resource(10, 1, 0, 0x10)])).sections.slice(-2);
  expect(kept[1]!.rva).toBe(end(kept[0]!));
});

test("the directory's size stays, as under Wine, while the file's layout stays and the resources fit", () => {
  const sizeOf = (file: Uint8Array) => readImage(file).directories[2]!.size;
  const file = image(resource(10, 1, 0, 3000));
  expect(sizeOf(replaceResources(file, [resource(10, 1, 0, 2990)]))).toBe(sizeOf(file));
  expect(sizeOf(replaceResources(file, [resource(10, 1, 0, 20_000)]))).toBeGreaterThan(sizeOf(file));
});

test("a section behind the resources that cannot move is refused, and so are headers without room", () => {
  const file = image(resource(10, 1, 0, 10));
  const view = new DataView(file.buffer);
  const sections = 0x80 + 24 + 112 + 128;
  const rename = (index: number, name: string) => {
    for (let i = 0; i < 8; i++) file[sections + 40 * index + i] = name.charCodeAt(i) || 0;
  };
  const count = view.getUint16(0x80 + 6, true);
  // .rdata takes the place of .rsrc, with .rsrc behind it.
  rename(count - 2, ".rsrc");
  rename(count - 1, ".other");
  expect(() => replaceResources(file, [resource(10, 1, 0, 0x5000)])).toThrow(PeError);
  rename(count - 2, ".rdata");
  view.setUint32(0x80 + 24 + 60, sections + 40 * count, true);
  expect(() => replaceResources(file, [resource(10, 1, 0, 5)])).toThrow(PeError);
});
