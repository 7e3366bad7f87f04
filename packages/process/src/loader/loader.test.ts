import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { PAGE } from "@decant/memory";
import { readImage } from "@decant/pe";
import { PARAMETERS } from "../blocks/process-parameters.ts";
import { PEB } from "../blocks/peb.ts";
import { TEB } from "../blocks/teb.ts";
import { SHARED_DATA } from "../blocks/shared-data.ts";
import type { Process } from "../process.ts";
import type { ProcessOptions } from "../process-options.ts";
import { idleKernel, idleProcess, libraries } from "../test-support.ts";
import type { IdleMachine } from "../test-support.ts";
import type { Library } from "./library.ts";
import { LOAD_LIBRARY } from "./dll-directories.ts";
import { LoadError } from "./load-error.ts";
import { indexExports } from "./module.ts";

const entry = (): number => 0;
const kernel32: Library = {
  name: "KERNEL32.dll",
  exports: [
    { kind: "function", name: "GetCurrentProcessId", function: { entry }, ordinal: 5 },
    { kind: "function", name: "ExitProcess", function: { entry } },
    { kind: "forward", name: "HeapAlloc", to: "NTDLL.RtlAllocateHeap" },
    { kind: "forward", name: "Round", to: "KERNEL32.Round" },
    { kind: "data", name: "variable", size: 8, initialise: (memory, address) => memory.setU32(address, 42) },
  ],
};
const ntdll: Library = { name: "ntdll.dll", exports: [{ kind: "function", name: "RtlAllocateHeap", function: { entry } }] };
const ucrtbase: Library = { name: "ucrtbase.dll", exports: [{ kind: "function", name: "exit", function: { entry } }] };

const hello = { image: fixture("hello/hello.exe"), path: "Z:\\work\\hello.exe" };

function load(options: Partial<ProcessOptions> = {}): Process {
  return idleProcess(idleKernel().kernel, { registry: libraries(kernel32, ntdll, ucrtbase), ...hello, ...options });
}

function fixture(name: string): Uint8Array {
  return new Uint8Array(readFileSync(new URL(`../../../../fixtures/${name}`, import.meta.url)));
}

const loaderFixture: Partial<ProcessOptions> = {
  image: fixture("loader/loader.exe"),
  path: "Z:\\work\\loader.exe",
  readFile: (path) => (path.toLowerCase() === "z:\\work\\part.dll" ? fixture("loader/part.dll") : undefined),
};

describe("mapping", () => {
  test("a program linked above 4 GiB lies where others begin; its sections get their protections", () => {
    const { modules, memory } = load();
    const { program } = modules;
    expect([program.base, program.name]).toEqual([0x40_0000, "hello.exe"]);
    const protections = program.image.sections.map(({ name, rva }) => [name, memory.query(program.base + rva).protection] as const);
    expect(protections).toContainEqual([".text", PAGE.EXECUTE_READ]);
    expect(protections).toContainEqual([".data", PAGE.READWRITE]);
    expect(protections).toContainEqual([".rdata", PAGE.READONLY]);
    expect(memory.query(program.base)).toMatchObject({ kind: "image", protection: PAGE.READONLY });
  });

  test("relocated pointers point into the image where it lies", () => {
    const process = load();
    const { program } = process.modules;
    const callback = process.memory.u64(program.base + 0);
    expect(callback & 0xffffn).toBe(0x5a4dn);
    const sections = program.image.sections.filter(({ name }) => name === ".CRT");
    const first = process.memory.u64(program.base + sections[0]!.rva + 8);
    expect(first === 0n || (first >= BigInt(program.base) && first < BigInt(program.base + program.size))).toBe(true);
  });

  test("an image without relocations lies at its base, or at its low half, or is refused by name", () => {
    const image = fixture("loader/fixed.exe");
    expect(load({ image, path: "Z:\\fixed.exe" }).modules.program.base).toBe(0x40_0000);
    const far = load({ image: fixture("loader/far.exe"), path: "Z:\\far.exe" });
    expect([far.modules.program.base, far.memory.highHalf(0x4000_1000), far.memory.highHalf(0x3fff_ffff)]).toEqual([0x4000_0000, 1, 0]);
    // Its low half is the null page.
    const nowhere = image.slice();
    const view = new DataView(nowhere.buffer);
    view.setBigUint64(view.getUint32(0x3c, true) + 24 + 24, 0x1_0000_0000n, true);
    expect(() => load({ image: nowhere, path: "Z:\\fixed.exe" })).toThrow(
      /^fixed\.exe has no relocations and must lie at 0x100000000, where a guest has no memory/,
    );
  });

  test("what cannot run is refused with a sentence that names the file", () => {
    expect(() => load({ image: new TextEncoder().encode("\x7fELF...") })).toThrow(/^hello\.exe: this is an ELF file/);
    const x86 = fixture("hello/hello.exe").slice(0, 0x100);
    expect(() => load({ image: x86 })).toThrow(/^hello\.exe: the file is truncated/);
  });
});

describe("imports", () => {
  test("are bound by name, by ordinal and through forwarders, to a program's own DLLs and to built-in ones", () => {
    const { modules, loader } = load(loaderFixture);
    const part = modules.find("PART")!;
    expect(part).toMatchObject({ name: "part.dll", isBuiltIn: false, path: "Z:\\work\\part.dll" });
    const kernel = modules.find("kernel32.dll")!;
    expect(loader.getProcAddress(part, "partForwarded")).toBe(loader.getProcAddress(kernel, "GetCurrentProcessId"));
    expect(loader.getProcAddress(part, 42)).toBe(loader.getProcAddress(part, 42));
    expect(part.contains(loader.getProcAddress(part, "partNamed")!)).toBe(true);
    expect(loader.getProcAddress(part, "noSuchThing")).toBeUndefined();
  });

  test("the stubs of built-in functions are known to the processor", () => {
    const process = load();
    const kernel = process.modules.find("kernel32")!;
    const { stubs } = process.machine as IdleMachine;
    const address = process.loader.getProcAddress(kernel, "ExitProcess")!;
    expect(stubs.has(address)).toBe(true);
    expect(address % 16).toBe(0);
    expect(process.loader.getProcAddress(kernel, 5)).toBe(process.loader.getProcAddress(kernel, "GetCurrentProcessId"));
  });

  test("exported variables hold their values, and forwarders to themselves are missing", () => {
    const process = load();
    const kernel = process.modules.find("kernel32")!;
    expect(process.memory.u32(process.loader.getProcAddress(kernel, "variable")!)).toBe(42);
    expect(process.loader.getProcAddress(kernel, "Round")).toBeUndefined();
    expect(process.loader.getProcAddress(kernel, "HeapAlloc")).toBe(
      process.loader.getProcAddress(process.modules.find("ntdll")!, "RtlAllocateHeap"),
    );
  });

  test("a missing function is an address that only calling shows to be missing; GetProcAddress does not see it", () => {
    const process = load();
    const msvcrt = process.modules.find("msvcrt.dll")!;
    expect(msvcrt.isBuiltIn).toBe(true);
    expect(process.loader.getProcAddress(msvcrt, "printf")).toBeUndefined();
  });

  test("a missing DLL is named, with the places that were searched", () => {
    const attempt = (): unknown =>
      load({ image: fixture("faults/missing.exe"), path: "Z:\\work\\missing.exe", environment: [["Path", "Z:\\tools;;Z:\\work"]] });
    expect(attempt).toThrow(LoadError);
    expect(attempt).toThrow(
      /^missing\.exe needs .+\.dll, which was not found; searched Z:\\work, C:\\Windows, Z:\\tools, C:\\Windows\\System32 \(built-in DLLs\)$/,
    );
  });

  test("DLLs are looked for where SetDllDirectory, AddDllDirectory and LoadLibraryEx's flags say", () => {
    const { dllDirectories: directories } = load({ environment: [["PATH", "Z:\\tools"]], currentDirectory: "Z:\\here\\" });
    const current = "Z:\\here";
    const search = (flags: number, name = "Z:\\part\\part.dll") => directories.during(name, flags, () => directories.folders());
    expect(search(0)).toContain(current);
    expect(search(LOAD_LIBRARY.WITH_ALTERED_SEARCH_PATH)[0]).toBe("Z:\\part");
    directories.directory = "Z:\\set";
    expect(search(0)).toEqual(["Z:\\work", "Z:\\set", "C:\\Windows\\System32", "C:\\Windows", "Z:\\tools"]);
    const cookie = directories.add("Z:\\added");
    const { SEARCH_DEFAULT_DIRS, SEARCH_DLL_LOAD_DIR, SEARCH_SYSTEM32 } = LOAD_LIBRARY;
    expect(search(SEARCH_DLL_LOAD_DIR | SEARCH_SYSTEM32)).toEqual(["Z:\\part", "C:\\Windows\\System32"]);
    directories.defaults = SEARCH_DEFAULT_DIRS;
    expect(search(0)).toEqual(["Z:\\work", "Z:\\added", "Z:\\set", "C:\\Windows\\System32"]);
    expect([directories.remove(cookie), directories.remove(cookie)]).toEqual([true, false]);
    expect(search(0)).not.toContain("Z:\\added");
  });

  test("which copy of a DLL wins: the program's own, a KnownDLL's built-in, or the one that was asked for", () => {
    const readFile = (path: string): Uint8Array | undefined =>
      /\\(kernel32|part)\.dll$/i.test(path) ? fixture("loader/part.dll") : undefined;
    expect(load({ ...loaderFixture, readFile }).modules.find("kernel32")!.isBuiltIn).toBe(true);
    const part: Library = { name: "part.dll", exports: [] };
    const both = { ...loaderFixture, registry: libraries(kernel32, ntdll, part) };
    expect(load(both).modules.find("part")!.isBuiltIn).toBe(false);
    expect(load({ ...both, dllChoices: new Map([["part.dll", "builtin"]]) }).modules.find("part")!.isBuiltIn).toBe(true);
    const runtime: Library = { name: "cudart64_12.dll", exports: [] };
    const ownRuntime = (path: string): Uint8Array | undefined =>
      path.endsWith("cudart64_12.dll") ? fixture("loader/part.dll") : readFile(path);
    const withRuntime = load({ ...both, registry: libraries(kernel32, ntdll, part, runtime), readFile: ownRuntime });
    expect(withRuntime.loader.require("cudart64_12.dll").isBuiltIn).toBe(true);
    expect(() => load({ ...both, readFile: () => undefined, dllChoices: new Map([["part.dll", "native"]]) })).toThrow(
      /^loader\.exe needs part\.dll, which was not found; searched Z:\\work, C:\\Windows$/,
    );
  });

  test("api sets are the DLLs that hold their functions", () => {
    const process = load();
    const module = process.loader.require("api-ms-win-crt-runtime-l1-1-0.dll");
    expect(module.name).toBe("ucrtbase.dll");
    expect(process.modules.find("api-ms-win-crt-stdio-l1-1-0")).toBe(module);
    expect(process.loader.require("api-ms-win-core-processthreads-l1-1-1")).toBe(process.modules.find("kernel32"));
  });
});

describe("what a process finds in its memory", () => {
  test("the PEB, the parameters and the environment", () => {
    const process = load({
      commandLine: "hello.exe a b",
      environment: [
        ["Zed", "1"],
        ["alpha", "2"],
      ],
    });
    const { memory, peb, parameters } = process;
    expect(memory.u32(peb + PEB.ImageBaseAddress)).toBe(process.modules.program.base);
    expect(memory.u32(peb + PEB.ProcessParameters)).toBe(parameters);
    const text = (offset: number): string => memory.utf16(memory.u32(parameters + offset + 8), memory.u16(parameters + offset) / 2);
    expect(text(PARAMETERS.CommandLine)).toBe("hello.exe a b");
    expect(text(PARAMETERS.ImagePathName)).toBe("Z:\\work\\hello.exe");
    expect(text(PARAMETERS.CurrentDirectory)).toBe("Z:\\work\\");
    expect(memory.utf16(memory.u32(parameters + PARAMETERS.Environment), 16)).toBe("alpha=2\0Zed=1\0\0\0");
    expect(memory.wstring(SHARED_DATA + 0x30)).toBe("C:\\Windows");
    expect(memory.query(SHARED_DATA).protection).toBe(PAGE.READONLY);
  });

  test("a TEB that knows its thread, its stack and its thread-local variables", () => {
    const process = load({ ...loaderFixture });
    const { mainThread: thread, memory } = process;
    expect(memory.u32(thread.teb + TEB.Self)).toBe(thread.teb);
    expect(memory.u32(thread.teb + TEB.ProcessEnvironmentBlock)).toBe(process.peb);
    expect(memory.u32(thread.teb + TEB.ClientIdThread)).toBe(thread.id);
    expect(memory.accessible(thread.stackHigh - 8, 8, "write")).toBe(true);
    expect(memory.accessible(thread.stackLow - 8, 8, "write")).toBe(false);
    const vector = memory.u32(thread.teb + TEB.ThreadLocalStoragePointer);
    for (const module of [process.modules.program, process.modules.find("part")!]) {
      expect(memory.u32(vector + module.tlsIndex! * 8)).not.toBe(0);
    }
    thread.lastError = 5;
    thread.errno = -3;
    expect([memory.u32(thread.teb + TEB.LastErrorValue), memory.i32(thread.errnoAddress)]).toEqual([5, -3]);
  });

  test("the loader's list: the program, ntdll and kernel32 first", () => {
    const { memory, peb } = load();
    const head = memory.u32(peb + PEB.Ldr) + 0x10;
    const names: string[] = [];
    for (let at = memory.u32(head); at !== head; at = memory.u32(at)) names.push(memory.wstring(memory.u32(at + 0x58 + 8)));
    expect(names.slice(0, 3)).toEqual(["hello.exe", "ntdll.dll", "KERNEL32.dll"]);
  });
});

test("a built-in DLL's image says the same as the loader, to programs that walk its export table", () => {
  const symbols = [...Array(5).keys()].map((i) => ({ kind: "function", name: `f${i}`, ordinal: 10 + i, function: { entry } }) as const);
  const library: Library = {
    name: "walked.dll",
    exports: [
      ...symbols,
      { kind: "alias", name: "alias", ordinal: 3, of: 2 },
      { kind: "forward", name: "forward", ordinal: 4, to: "ntdll.RtlAllocateHeap" },
    ],
  };
  const process = load({ registry: libraries(kernel32, ntdll, library) });
  const module = process.loader.require("walked");
  const inMemory = indexExports(readImage(process.memory.read(module.base, module.size)), module.base);
  expect([inMemory.byName.size, inMemory.byOrdinal.size]).toEqual([7, 7]);
  for (const [name, target] of inMemory.byName) expect(module.exports.byName.get(name)).toEqual(target);
  for (const [ordinal, target] of inMemory.byOrdinal) expect(module.exports.byOrdinal.get(ordinal)).toEqual(target);
  for (const name of ["", "e", "f", "f00", "zz"]) expect(module.exports.byName.get(name)).toBeUndefined();
  for (const ordinal of [0, 2, 5, 15]) expect(module.exports.byOrdinal.get(ordinal)).toBeUndefined();
  expect(module.exports.byName.get("alias")).toEqual(module.exports.byOrdinal.get(12));
});
