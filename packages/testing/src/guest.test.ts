import { alias, api, arrayIn, BOOL, bytesOut, data, DOUBLE, DWORD, ERROR, fn, HANDLE, Hooks, in_, INT, LARGE_INTEGER, LONGLONG, LPCSTR, LPCWSTR, out as outOf, PVOID, struct, TBUF, text, TSTR, ULONGLONG, VARARGS, VOID, Win32Error } from "@decant/hook"; // prettier-ignore
import { exitProcess, guestCall, implement, sleep, waitFor } from "@decant/process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { guard } from "@decant/cuda";
import { memoryDriver } from "@decant/cuda/testing";
import { describe, expect, test } from "vitest";
import { double, guest, type HostArgument } from "./index.ts";

const POINT = struct("POINT", { x: INT, y: INT });
const SMALL = struct("SMALL", { a: INT, b: INT });
const topic = implement(
  api("kernel32", {
    Size: fn(BOOL, ["hFile", HANDLE], ["size", outOf(LARGE_INTEGER)]),
    Length: text(DWORD, ["text", TSTR]),
    Name: text(DWORD, ["buffer", TBUF], ["n", DWORD]),
    Sum: fn(DOUBLE, ["n", INT], ["first", DOUBLE], VARARGS),
    Add: fn(LONGLONG, ["p", in_(POINT)], ["byValue", SMALL], ["list", arrayIn(INT)], ["e", INT], ["f", INT]),
    Fill: fn(VOID, ["p", bytesOut("n")], ["n", DWORD]),
    Apply: fn(INT, ["f", PVOID], ["x", INT]),
    Sleep: fn(VOID, ["ms", DWORD]),
    Later: fn(DWORD),
    Never: fn(VOID),
    Exit: fn(VOID, ["code", DWORD]),
    Compare: fn(INT, ["a", LPCSTR], ["b", LPCWSTR]),
    Crash: fn(INT, ["p", PVOID]),
    Missing: fn(INT),
    Second: alias("LengthA"),
    variable: data(INT, 42),
  }),
  {
    Size(_thread, hFile, size) {
      if (hFile !== 7) throw new Win32Error(ERROR.INVALID_HANDLE);
      size.set(2 ** 40);
      return true;
    },
    Length: (_thread, given) => given?.length ?? 999,
    Name: (_thread, buffer, n) => buffer.write("name", n).needed,
    Sum: (_thread, n, first, rest) => Array.from({ length: n }, () => rest.double()).reduce((sum, value) => sum + value, first),
    Add: (_thread, p, byValue, list, e, f) => BigInt(p.x + p.y + byValue.a + byValue.b + e + f) + BigInt(list.get(1)),
    Fill: (_thread, p, n) => p.write(new Uint8Array(n).fill(0x61)),
    *Apply(thread, f, x) {
      return (yield* guestCall(thread, f, x, 100)) | 0;
    },
    *Sleep(thread, ms) {
      yield* sleep(thread, ms);
    },
    *Later() {
      return yield* waitFor(Promise.resolve(5));
    },
    *Never(thread) {
      yield* sleep(thread, 0xffff_ffff);
    },
    *Exit(thread, code) {
      yield* exitProcess(thread, code);
    },
    Compare: (_thread, a, b) => (a === b ? 0 : 1),
    Crash: (thread, p) => thread.memory.i32(p),
  },
);
const make = () => guest({ topics: [topic] });

describe("a call", () => {
  test("places words and out-parameters, and gives the declared result", () => {
    const { call, out, thread } = make();
    const size = out(LARGE_INTEGER);
    expect(call("Size", 7, size)).toBe(1);
    expect(size.value).toBe(2 ** 40);
    expect(call("Size", 0xbad, size)).toBe(0);
    expect(thread.lastError).toBe(ERROR.INVALID_HANDLE);
  });

  test("stores text as the parameter has it", () => {
    const { call, ansi, wide, allocate, memory } = make();
    expect([
      call("LengthA", "caf\u00e9"),
      call("LengthW", "\u4f60\u597d"),
      call("LengthW", undefined),
      call("Second", ansi("x")),
      call("LengthW", wide("xy")),
    ]).toEqual([4, 2, 999, 1, 2]);
    expect([call("Compare", "same", "same"), call("Compare", "a", "b")]).toEqual([0, 1]);
    const buffer = allocate(16);
    expect([call("NameW", buffer, 8), memory.wstring(buffer), call("NameA", buffer, 2)]).toEqual([5, "name", 5]);
  });

  test("passes doubles, structs, arrays and arguments on the stack", () => {
    const { call, call64 } = make();
    expect(call("Sum", 2, 0.5, double(1.25), double(-4))).toBe(-2.25);
    expect(call64("Add", { x: 1, y: 2 }, { a: 10, b: -20 }, [0, 100], 1000, -1)).toBe(1092n);
  });

  test("passes bytes, and shows what was written to them", () => {
    const { call, allocate, memory } = make();
    const at = allocate(4);
    call("Fill", at, 3);
    expect([...memory.read(at, 4)]).toEqual([0x61, 0x61, 0x61, 0]);
  });

  test("runs callbacks of the test, and throws what they throw", () => {
    const { call } = make();
    expect(call("Apply", (x: bigint, y: bigint) => x * y, -3)).toBe(-300);
    expect(() =>
      call("Apply", () => {
        throw new Error("in the callback");
      }),
    ).toThrow("in the callback");
  });

  test("leaves the stack as it was", () => {
    const { call, thread } = make();
    const before = thread.rsp;
    call("LengthW", "x");
    expect(thread.rsp).toBe(before);
  });
});

describe("waiting", () => {
  test("moves the clock and nothing else", () => {
    const { call, host } = make();
    const before = host.clock.now();
    call("Sleep", 1500);
    expect(host.clock.now() - before).toBe(1500);
  });

  test("for the host needs callAsync", async () => {
    const { call, callAsync } = make();
    expect(await callAsync("Later")).toBe(5);
    expect(() => call("Later")).toThrow("Later waits for ever, or for the host: try callAsync");
    expect(() => make().call("Never")).toThrow("waits for ever");
  });
});

describe("the process", () => {
  test("ends with its exit code, and then makes no more calls", () => {
    const { call, process } = make();
    call("Exit", 3);
    expect(process.ending).toMatchObject({ kind: "exit", exitCode: 3 });
    expect(() => call("LengthW", "x")).toThrow("the process has ended (exit)");
  });

  test("throws what a program would have ended with", () => {
    expect(() => make().call("Crash", 0x10)).toThrow("0xc0000005");
  });

  test("says which function is missing", () => {
    const { call } = make();
    expect(() => call("Missing")).toThrow("kernel32!Missing is declared but not implemented");
    expect(() => call("Absent")).toThrow("no DLL declares Absent");
  });

  test("has variables and hooks", () => {
    const hooks = new Hooks();
    const { address, memory, call } = guest({ topics: [topic], hooks });
    expect(memory.i32(address("kernel32!variable"))).toBe(42);
    hooks.replace("kernel32!LengthW", () => 77);
    expect(call("LengthW", "x")).toBe(77);
  });
});

describe("without topics, a guest has all of win32", () => {
  test("files of the machine under it", () => {
    const { call, out, thread, allocate, memory } = guest({ files: { "/data/hello.txt": "hello" } });
    const file = call("CreateFileW", "Z:\\data\\hello.txt", 0x8000_0000, 1, undefined, 3, 0, 0);
    const size = out(LARGE_INTEGER);
    expect(call("GetFileSizeEx", file, size)).toBe(1);
    expect(size.value).toBe(5);
    const [buffer, read] = [allocate(16), out(DWORD)];
    expect(call("ReadFile", file, buffer, 16, read, 0)).toBe(1);
    expect([read.value, memory.cstring(buffer)]).toEqual([5, "hello"]);
    expect(call("GetFileSizeEx", 0xbad, out(LARGE_INTEGER))).toBe(0);
    expect(thread.lastError).toBe(ERROR.INVALID_HANDLE);
  });

  test("standard output that is kept", () => {
    const { call, host } = guest();
    call("msvcrt!printf", "%d %s %.1f\n", 42, "apples", double(1.5));
    call("msvcrt!fflush", 0);
    expect(host.stdout.text()).toBe("42 apples 1.5\r\n");
  });
});

describe("options", () => {
  test("a folder of this machine's in the place of files in memory", () => {
    const folder = mkdtempSync(join(tmpdir(), "decant-guest-"));
    try {
      writeFileSync(join(folder, "in.txt"), "hello");
      const { call, out } = guest({ folder });
      const from = call("kernel32!CreateFileW", "Z:\\in.txt", 0x8000_0000, 1, undefined, 3, 0, 0);
      const size = out(LARGE_INTEGER);
      expect([call("kernel32!GetFileSizeEx", from, size), size.value]).toEqual([1, 5]);
      const to = call("kernel32!CreateFileW", "Z:\\out.txt", 0x4000_0000, 0, undefined, 2, 0, 0);
      expect(call("kernel32!WriteFile", to, new TextEncoder().encode("written"), 7, out(DWORD), 0)).toBe(1);
      expect(readFileSync(join(folder, "out.txt"), "utf8")).toBe("written");
      expect(call("kernel32!GetFileAttributesW", "Z:\\..\\etc\\passwd")).toBe(0xffff_ffff);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  test("CUDA, over any driver", async () => {
    const driver = memoryDriver({
      kernels: { fill: ({ memory, parameters }) => void memory(Number(parameters.getBigUint64(0, true)), 4).fill(7) },
    });
    const { callAsync, out, memory, allocate } = guest({
      cuda: { open: async (session) => guard(await driver.open(session)), close: () => driver.close() },
    });
    const cuda = async (name: string, ...args: HostArgument[]): Promise<void> =>
      expect([name, await callAsync(`nvcuda!${name}`, ...args)]).toEqual([name, 0]);
    const [context, module, kernel, device] = [out(PVOID), out(PVOID), out(PVOID), out(ULONGLONG)];
    await cuda("cuInit", 0);
    await cuda("cuCtxCreate_v2", context, 0, 0);
    await cuda("cuModuleLoadData", module, "kernel fill 8");
    await cuda("cuModuleGetFunction", kernel, module.value, "fill");
    await cuda("cuMemAlloc_v2", device, 4);
    const argument = out(ULONGLONG, device.value);
    const parameters = out(PVOID, argument.address);
    await cuda("cuLaunchKernel", kernel.value, 1, 1, 1, 1, 1, 1, 0, 0, parameters, 0);
    const result = allocate(4);
    await cuda("cuMemcpyDtoH_v2", result, device.value, 4);
    expect([...memory.read(result, 4)]).toEqual([7, 7, 7, 7]);
  });

  test("a call by its DLL's name is typed", () => {
    const { call } = guest();
    expect(call("kernel32!GetFileAttributesW", "C:\\")).toBe(0x10);
    // @ts-expect-error -- text where a string is wanted, not a list
    expect(() => call("kernel32!GetFileAttributesW", ["C:"])).toThrow("an object was given");
    // @ts-expect-error -- it has one parameter
    call("kernel32!GetFileAttributesW", "C:\\", 5);
  });
});
