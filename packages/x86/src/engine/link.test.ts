import { expect, test } from "vitest";
import { GuestMemory, PAGE } from "@decant/memory";
import { I32 } from "@decant/wasm";
import { Decoder } from "../decode/index.ts";
import { codeForm } from "./code-form.ts";
import { linkBatch } from "./link.ts";
import { RUNTIME_IMPORTS } from "./runtime-module.ts";
import { Translator } from "./translator.ts";

const CODE = 0x140000;
/** call 0x140020; add eax, 1; ret, and at 0x140020: mov eax, 41; test eax, eax; jz x; ret; x: ud2, which is not put in the place of its call. */
const CALLER = "e81b00000083c001c3";
const CALLEE = "b82900000085c07401c30f0b";

function units(guarding: "trap" | "exact" | "checked" = "trap", code = CALLER) {
  const memory = new GuestMemory();
  memory.allocate(0x10000, PAGE.READWRITE, { at: CODE });
  memory.write(CODE + 0x20, Buffer.from(CALLEE, "hex"));
  memory.write(CODE, Buffer.from(code, "hex"));
  memory.protect(CODE, 0x10000, PAGE.EXECUTE_READ);
  const decoder = new Decoder(memory, 64);
  return new Translator({
    memory,
    decoder,
    stubAt: () => undefined,
    stubOfSyscall: () => undefined,
    form: () => codeForm(guarding, false),
    isTranslated: () => false,
    isReturnSite: () => false,
  }).translate([CODE]);
}

test("a unit fits into a module with what it calls, and into one without", () => {
  const [caller, callee] = units();
  if (caller === undefined || callee === undefined) throw new Error("two units expected");
  const before = caller.body.slice();
  const together = linkBatch([caller, callee], 3, []);
  const alone = linkBatch([caller], 0x7fff, []);
  for (const { bytes } of [together, alone]) expect(WebAssembly.validate(bytes as Uint8Array<ArrayBuffer>)).toBe(true);
  expect(together.batch.links).toEqual([]);
  expect(alone.batch.links).toEqual([CODE + 0x20]);
  expect(caller.body).toEqual(before);
});

test("a unit with many calls, through pointers and not, declares as few locals as one with two", () => {
  const locals = (calls: number): number => {
    // call rax; cmp ecx, edx; jb over; call [rdi + 8]; over: …, and ret.
    const [unit] = units("exact", `${"ffd039d17203ff5708".repeat(calls)}c3`);
    const body = unit?.body ?? [];
    let at = 0;
    const number = (): number => {
      const byte = body[at++] as number;
      return byte < 0x80 ? byte : (byte & 0x7f) + 0x80 * number();
    };
    let count = 0;
    for (let groups = number(); groups > 0; groups--, at++) count += number();
    return count;
  };
  expect(locals(2)).toBeGreaterThan(5);
  expect(locals(60)).toBe(locals(2));
});

test("the order of the units is the order of the entries, and each body is where the offsets say", () => {
  const [caller, callee] = units();
  if (caller === undefined || callee === undefined) throw new Error("two units expected");
  const { batch, bytes } = linkBatch([callee, caller], 1, []);
  expect(batch.entries).toEqual([CODE + 0x20, CODE]);
  const at = batch.offsets[0] as number;
  const put = bytes.slice(at, at + callee.body.length);
  // What is filled in differs.
  for (let i = 0; i < callee.relocations.length; i += 2) {
    const filled = callee.relocations[i] as number;
    put.set(callee.body.subarray(filled, filled + 9), filled);
  }
  expect(put).toEqual(callee.body);
});

test("of what modules import from the runtime JavaScript can call nothing, so V8 prepares no calls the other way", () => {
  const imports = (type: number[]): WebAssembly.Instance => {
    const bytes = Uint8Array.from([
      0,
      0x61,
      0x73,
      0x6d,
      1,
      0,
      0,
      0,
      1,
      type.length + 2,
      1,
      0x60,
      ...type,
      2,
      7,
      1,
      1,
      0x65,
      1,
      0x66,
      0,
      0,
      7,
      5,
      1,
      1,
      0x66,
      0,
      0,
    ]);
    return new WebAssembly.Instance(new WebAssembly.Module(bytes), { e: { f: () => 0 } });
  };
  const isCallable = (type: number[]): boolean => {
    try {
      (imports(type).exports["f"] as () => unknown)();
      return true;
    } catch {
      return false;
    }
  };
  for (const { parameters, results } of Object.values(RUNTIME_IMPORTS))
    expect(isCallable([parameters.length, ...parameters, results.length, ...results])).toBe(false);
  expect(isCallable([1, I32, 1, I32])).toBe(true);
});

test.each(["trap", "exact", "checked"] as const)("code that is guarded so imports functions of the runtime only (%s)", (guarding) => {
  const { bytes } = linkBatch(units(guarding), 1, []);
  const imported = WebAssembly.Module.imports(new WebAssembly.Module(bytes as Uint8Array<ArrayBuffer>));
  expect([...new Set(imported.filter(({ kind }) => kind === "function").map(({ module }) => module))]).toEqual(["runtime"]);
});
