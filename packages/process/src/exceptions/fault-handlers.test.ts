import { GuestMemory, PAGE } from "@decant/memory";
import { expect, test } from "vitest";
import { registersHandler } from "./fault-handlers.ts";

const CODE = 0x40_0000;

function memoryWith(hex: string, at = CODE): GuestMemory {
  const memory = new GuestMemory({ pointerSize: 4 });
  memory.allocate(0x1_0000, PAGE.EXECUTE_READWRITE, { at: CODE });
  memory.write(at, Uint8Array.from(hex.match(/../g) ?? [], (pair) => parseInt(pair, 16)));
  return memory;
} // prettier-ignore

test.each([
  // push ebp; mov ebp,esp; push -1; push table; push handler; mov eax,fs:[0]; push eax; mov fs:[0],esp
  ["its own prologue", "558bec6aff6878563412687856341264a1000000005064892500000000"],
  // … lea eax,[ebp-12]; mov fs:[0],eax
  ["its own prologue, by eax", "558bec6aff687856341264a100000000508d45f464a300000000"],
])("a function registers a handler in %s", (_name, hex) => {
  expect(registersHandler(memoryWith(hex), CODE)).toBe(true);
});

test("a function registers a handler by the helper that it calls first", () => {
  const memory = memoryWith("6a0c6878563412e8f1000000"); // push 12; push table; call CODE + 0xfd
  expect(registersHandler(memory, CODE)).toBe(false);
  memory.write(CODE + 0xfd, Uint8Array.from(Buffer.from("687856341264ff35000000008d45f064a300000000", "hex")));
  expect(registersHandler(memory, CODE)).toBe(true);
});

test("a function that only reads the chain, or writes elsewhere, registers none", () => {
  expect(registersHandler(memoryWith("64a10000000050c3"), CODE)).toBe(false);
  expect(registersHandler(memoryWith("64a304000000c3"), CODE)).toBe(false);
  expect(registersHandler(memoryWith("64890d08000000c3"), CODE)).toBe(false);
});

test("where there is no code, there is none", () => {
  expect(registersHandler(memoryWith("90"), 0x7000_0000)).toBe(false);
});
