import { readFileSync } from "node:fs";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  buildDll,
  DIRECTORY,
  PeError,
  readDelayImports,
  readExports,
  readFunctionTable,
  readImage,
  readImports,
  readLoadConfig,
  readResources,
  readTls,
  readUnwindInfo,
  RELOCATION,
  RvaView,
  SUBSYSTEM,
  UWOP,
  visitRelocations,
} from "./index.ts";
import type { Image } from "./index.ts";

const fixture = (name: string): Uint8Array => new Uint8Array(readFileSync(new URL(`../../../fixtures/${name}`, import.meta.url)));
const hello = fixture("hello/hello.exe");
const part = fixture("loader/part.dll");

describe("headers", () => {
  test("are read from a console program", () => {
    const image = readImage(hello);
    expect(image).toMatchObject({
      machine: "x86-64",
      is64: true,
      isDll: false,
      subsystem: SUBSYSTEM.WINDOWS_CUI,
      isDotNet: false,
      imageBase: 0x1_4000_0000n,
    });
    expect(image.sections.map((section) => section.name)).toContain(".text");
    expect(image.entryPoint).toBeGreaterThan(0);
  });

  test("tell a program without relocations", () => {
    expect(readImage(fixture("loader/fixed.exe")).relocatable).toBe(false);
    expect(readImage(part)).toMatchObject({ relocatable: true, isDll: true });
  });
});

describe("files that are not programs for this machine", () => {
  const cases: [what: string, bytes: Uint8Array, kind: string, sentence: RegExp][] = [
    ["an empty file", new Uint8Array(), "not-pe", /empty; expected a Windows program/],
    ["an ELF", text("\x7fELF\x02\x01\x01"), "not-pe", /ELF file .*; expected a Windows program, which starts with "MZ"/],
    ["a script", text("#!/bin/sh\necho"), "not-pe", /script \("#!\/bin\/sh"\)/],
    ["a text", text("Dear reader,\nhow are"), "not-pe", /text file \("Dear reader,"\)/],
    ["a text in Greek", new TextEncoder().encode("Φίλε αναγνώστη,"), "not-pe", /text file/],
    ["a DOS program without a header", Uint8Array.of(0xb4, 0x4c, 0xcd, 0x21), "not-pe", /starts with b4 4c cd 21/],
    ["an installer package", Uint8Array.of(0xd0, 0xcf, 0x11, 0xe0, 0xa1, 0xb1, 0x1a, 0xe1), "not-pe", /installer package/],
    ["a WebAssembly module", text("\0asm\x01\0\0\0"), "not-pe", /WebAssembly module/],
    ["other bytes", Uint8Array.of(1, 2, 3, 4, 5), "not-pe", /starts with 01 02 03 04/],
    ["a DOS program", mz(0, ""), "16-bit", /DOS program/],
    ["a 16-bit Windows program", mz(0x80, "NE"), "16-bit", /16-bit Windows.*"NE"/],
    ["a VxD", mz(0x80, "LE"), "16-bit", /"LE"/],
    ["a bad signature", mz(0x80, "XX"), "malformed", /expected the signature "PE\\0\\0" at offset 0x80, found 58 58 00 00/],
    ["a header beyond the end", mz(0x4000, ""), "truncated", /the PE header should lie at offset 0x4000, and the file has 512 bytes/],
    [
      "an ARM64 program",
      patched(hello, (view, nt) => view.setUint16(nt + 4, 0xaa64, true)),
      "machine",
      /program for ARM64; only x86-64 and x86/,
    ],
    ["an unknown machine", patched(hello, (view, nt) => view.setUint16(nt + 4, 0x1234, true)), "machine", /machine type 0x1234/],
    ["an object file in a PE's clothes", patched(hello, (view, nt) => view.setUint16(nt + 22, 0, true)), "malformed", /did not finish/],
  ];
  test.each(cases)("%s", (_, bytes, kind, sentence) => {
    const error = failure(() => readImage(bytes));
    expect(error.message).toMatch(sentence);
    expect(error.kind).toBe(kind);
  });

  test("a truncated program names what is missing, wherever it was cut", () => {
    const full = readImage(hello);
    for (const length of [0x20, 0x90, 0x120, 0x200, 0x600]) {
      expect(failure(() => readImage(hello.slice(0, length))).message).toMatch(
        /^the file is truncated: .* should lie at offset 0x[0-9a-f]+, and the file has \d+ bytes$/,
      );
    }
    const end = Math.max(...full.sections.map((section) => section.rawOffset + Math.min(section.rawSize, section.virtualSize)));
    expect(readImage(hello.slice(0, end)).sections).toHaveLength(full.sections.length);
    expect(failure(() => readImage(hello.slice(0, end - 1))).kind).toBe("truncated");
  });

  test("a .NET assembly is told apart", () => {
    const clr = patched(hello, (view, nt) => view.setUint32(nt + 24 + 112 + DIRECTORY.CLR * 8, 0x1000, true));
    expect(readImage(clr).isDotNet).toBe(true);
  });
});

describe("tables of a real program", () => {
  test("imports name their DLLs, functions and slots", () => {
    const imports = readImports(readImage(hello));
    expect(imports.map(({ dll }) => dll.toLowerCase())).toContain("kernel32.dll");
    const symbols = imports.flatMap(({ symbols }) => symbols);
    expect(symbols.map(({ name }) => name)).toContain("VirtualProtect");
    expect(new Set(symbols.map(({ slot }) => slot)).size).toBe(symbols.length);
    expect(readDelayImports(readImage(hello))).toEqual([]);
  });

  test("exports of a DLL have ordinals and addresses", () => {
    const table = readExports(readImage(part))!;
    expect(table.dll.toLowerCase()).toBe("part.dll");
    expect(table.symbols.length).toBeGreaterThan(0);
    expect(readExports(readImage(hello))).toBeUndefined();
  });

  test("relocations are 64 bits wide and inside the image", () => {
    const image = readImage(hello);
    const types = new Set<number>();
    visitRelocations(image, (rva, type) => {
      types.add(type);
      expect(rva).toBeLessThan(image.sizeOfImage);
    });
    expect([...types]).toEqual([RELOCATION.DIR64]);
  });

  test("the TLS directory of a mingw program has callbacks", () => {
    expect(readTls(readImage(hello))).toMatchObject({ zeroFill: 0, callbacksRva: expect.any(Number), indexRva: expect.any(Number) });
  });

  test("every function's unwind information is decoded", () => {
    const image = readImage(hello);
    const view = new RvaView(image);
    const functions = readFunctionTable(image, view);
    expect(functions.length).toBeGreaterThan(20);
    for (const { begin, end, unwindInfo } of functions) {
      expect(end).toBeGreaterThan(begin);
      expect(readUnwindInfo(view, unwindInfo).prologSize).toBeLessThanOrEqual(end - begin);
    }
  });
});

test("any change to a real image gives a result or a PeError, soon", () => {
  const change = fc.record({ at: fc.nat(hello.length - 1), value: fc.nat(255) });
  const header = fc.record({ at: fc.nat(0x400), value: fc.nat(255) });
  fc.assert(
    fc.property(fc.array(fc.oneof(change, header), { minLength: 1, maxLength: 8 }), fc.option(fc.nat(hello.length)), (changes, cut) => {
      const bytes = hello.slice(0, cut ?? hello.length);
      for (const { at, value } of changes) if (at < bytes.length) bytes[at] = value;
      expect(unexpectedErrors(bytes)).toEqual([]);
    }),
    { numRuns: 400 },
  );
});

describe("a built DLL", () => {
  const built = buildDll({
    name: "KERNEL32.dll",
    base: 0x7000_0000n,
    machine: "x86-64",
    symbols: [
      { kind: "stub", name: "Sleep" },
      { kind: "stub", name: "CreateFileW", ordinal: 10 },
      { kind: "forward", name: "HeapAlloc", to: "NTDLL.RtlAllocateHeap" },
      { kind: "data", name: "_fmode", size: 4 },
      { kind: "data", name: "_iob", size: 144 },
      { kind: "stub", ordinal: 3 },
      { kind: "stub", name: "callbackReturn", hidden: true, frameSize: 40 },
    ],
  });
  const image = readImage(built.bytes);

  test("reads back: sorted names, ordinals, forwarders", () => {
    const table = readExports(image)!;
    expect(table.dll).toBe("KERNEL32.dll");
    expect(table.symbols.map(({ name }) => name)).toEqual(["CreateFileW", "HeapAlloc", "Sleep", "_fmode", "_iob", undefined]);
    expect(table.symbols.find(({ name }) => name === "HeapAlloc")).toMatchObject({ forwarder: "NTDLL.RtlAllocateHeap" });
    expect(table.symbols.find(({ name }) => name === "CreateFileW")).toMatchObject({ ordinal: 10, rva: built.addresses[1] });
    expect(table.symbols.find(({ ordinal }) => ordinal === 3)).toEqual({ ordinal: 3, rva: built.addresses[5] });
    expect(table.ordinalBase).toBe(3);
  });

  test("has room for each function, sixteen bytes apart, and zeroed variables", () => {
    const view = new RvaView(image);
    expect(built.addresses[1]! - built.addresses[0]!).toBe(16);
    expect([...view.read(built.addresses[1]!, 8)]).toEqual(new Array(8).fill(0xcc));
    expect(view.u32(built.addresses[3]!)).toBe(0);
    expect(built.addresses[2]).toBeUndefined();
  });

  test("describes the frames of stubs that have one", () => {
    const view = new RvaView(image);
    const [entry] = readFunctionTable(image, view);
    expect(entry!.begin).toBe(built.addresses[6]);
    expect(readUnwindInfo(view, entry!.unwindInfo).codes).toEqual([{ prologOffset: 0, operation: UWOP.ALLOC_LARGE, info: 0, value: 40 }]);
  });

  test("can be empty, or for x86", () => {
    const empty = readImage(buildDll({ name: "empty.dll", base: 0x1000_0000n, machine: "x86", symbols: [] }).bytes);
    expect(empty).toMatchObject({ machine: "x86", is64: false, isDll: true, imageBase: 0x1000_0000n });
    expect(readExports(empty)).toBeUndefined();
  });
});

/** What reading every table of an image throws that is no PeError. */
function unexpectedErrors(bytes: Uint8Array): unknown[] {
  const image = attempt(() => readImage(bytes));
  const readers: ((image: Image) => unknown)[] = [
    readImports,
    readDelayImports,
    readExports,
    readTls,
    readLoadConfig,
    readResources,
    (image) => visitRelocations(image, () => {}),
    (image) => readFunctionTable(image, new RvaView(image)).map(({ unwindInfo }) => readUnwindInfo(new RvaView(image), unwindInfo)),
  ];
  const errors = image.value === undefined ? [image.error] : readers.map((read) => attempt(() => read(image.value!)).error);
  return errors.filter((error) => error !== undefined && !(error instanceof PeError));
}

function attempt<T>(action: () => T): { value?: T; error?: unknown } {
  try {
    return { value: action() };
  } catch (error) {
    return { error };
  }
}

function failure(action: () => unknown): PeError {
  const { error } = attempt(action);
  if (!(error instanceof PeError)) throw new Error(`expected a PeError, found ${String(error)}`);
  return error;
}

function text(value: string): Uint8Array {
  return Uint8Array.from(value, (char) => char.charCodeAt(0));
}

function mz(offset: number, signature: string): Uint8Array {
  const bytes = new Uint8Array(0x200);
  bytes.set(text("MZ"));
  new DataView(bytes.buffer).setUint32(0x3c, offset, true);
  bytes.set(text(signature).subarray(0, Math.max(0, bytes.length - offset)), Math.min(offset, bytes.length));
  return bytes;
}

function patched(source: Uint8Array, change: (view: DataView, nt: number) => void): Uint8Array {
  const bytes = source.slice();
  const view = new DataView(bytes.buffer);
  change(view, view.getUint32(0x3c, true));
  return bytes;
}
