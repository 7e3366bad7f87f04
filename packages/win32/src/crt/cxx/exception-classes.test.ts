import { PVOID } from "@decant/hook";
import { guest } from "@decant/testing";
import { expect, test } from "vitest";

/** The names of std::exception's members, by bits. */
const NAMES = {
  64: {
    ofText: "??0exception@std@@QEAA@AEBQEBD@Z",
    copy: "??0exception@std@@QEAA@AEBV01@@Z",
    destroy: "??1exception@std@@UEAA@XZ",
    cast: "??0bad_cast@std@@QEAA@PEBD@Z",
    what: "?what@exception@std@@UEBAPEBDXZ",
  },
  32: {
    ofText: "??0exception@std@@QAE@ABQBD@Z",
    copy: "??0exception@std@@QAE@ABV01@@Z",
    destroy: "??1exception@std@@UAE@XZ",
    cast: "??0bad_cast@std@@QAE@PBD@Z",
    what: "?what@exception@std@@UBEPBDXZ",
  },
} as const;

test.each([64, 32] as const)("programs make and copy exceptions of an older runtime, with text of their own (%i bits)", (bits) => {
  const { call, ansi, memory, allocate, out } = guest({ bits });
  const module = call("kernel32!LoadLibraryA", "msvcr100.dll");
  const [first, second] = [allocate(32), allocate(32)];
  const text = ansi("a message");
  const names = NAMES[bits];
  expect(call(`msvcr100!${names.ofText}`, first, out(PVOID, text))).toBe(first);
  expect(call(`msvcr100!${names.copy}`, second, first)).toBe(second);
  const messages = [first, second].map((each) => call(`msvcr100!${names.what}`, each));
  expect(new Set([text, ...messages]).size).toBe(3);
  call(`msvcr100!${names.destroy}`, first);
  expect(memory.cstring(messages[1]!)).toBe("a message");
  expect(memory.pointer(memory.pointer(second) + memory.pointerSize)).toBe(call("kernel32!GetProcAddress", module, ansi(names.what)));
});

test.each([64, 32] as const)("their tables say of what type they are (%i bits)", (bits) => {
  const { call, ansi, memory, allocate } = guest({ bits });
  call("kernel32!LoadLibraryA", "msvcr100.dll");
  const object = allocate(32);
  call(`msvcr100!${NAMES[bits].cast}`, object, ansi("bad"));
  const type = call("msvcr100!__RTtypeid", object);
  expect(memory.cstring(type + 2 * memory.pointerSize)).toBe(".?AVbad_cast@std@@");
  const base = allocate(64);
  memory.write(base + 2 * memory.pointerSize, new TextEncoder().encode(".?AVexception@std@@\0"));
  expect(call("msvcr100!__RTDynamicCast", object, 0, type, base, 0)).toBe(object);
  memory.write(base + 2 * memory.pointerSize, new TextEncoder().encode(".?AVbad_typeid@std@@\0"));
  expect(call("msvcr100!__RTDynamicCast", object, 0, type, base, 0)).toBe(0);
});
