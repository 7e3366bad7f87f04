import { buildDll } from "@decant/pe";
import { expect, test } from "vitest";
import { readDll } from "./search.ts";

const CHARACTERISTICS = 36;
const INITIALIZED_DATA = 0x4000_0040;
const image = buildDll({
  name: "icudt.dll",
  base: 0x1000_0000n,
  machine: "x86",
  symbols: [{ name: "table", kind: "data", size: 16 }],
}).bytes;

/** The x86 image with its section of code made one of data. */
function withoutCode(): Uint8Array {
  const bytes = image.slice();
  const header = Buffer.from(bytes.buffer).indexOf(".text\0");
  new DataView(bytes.buffer).setUint32(header + CHARACTERISTICS, INITIALIZED_DATA, true);
  return bytes;
}

const read = (bytes: Uint8Array) => readDll("C:\\icudt.dll", { readFile: () => bytes, machine: "x86-64" });

test("a DLL for another processor is refused, unless it is data alone", () => {
  expect(() => read(image)).toThrow(/32-bit \(x86\) image; expected a 64-bit/);
  expect(read(withoutCode())?.kind).toBe("file");
});
