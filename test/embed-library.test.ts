import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { arrayIn, arrayOut, BOOL, bytesOut, callback, cdecl, CSTR, CSTR_BUF, double, DOUBLE, DWORD, ERROR, FLOAT, fn, in_, inout, INT, loadLibrary, LONGLONG, LPCSTR, LPCWSTR, out, PVOID, struct, VARARGS, VOID } from "#decant"; // prettier-ignore
import { afterAll, describe, expect, expectTypeOf, test } from "vitest";
import { fixturesFolder } from "../fixtures/build.ts";

const folder = mkdtempSync(join(tmpdir(), "decant-library-"));
afterAll(() => rmSync(folder, { recursive: true }));
const POINT2 = struct("POINT2", { x: INT, y: INT });
const VECTOR = struct("VECTOR", { x: DOUBLE, y: DOUBLE, z: DOUBLE });
const options = { cache: "off" };

describe.each(["library.dll", "library-x86.dll"])("functions of %s", (name) => {
  const library = loadLibrary(join(fixturesFolder, "library", name), options);
  afterAll(() => library.close());

  test("numbers of each size, by value", async () => {
    const sum = library.call("add", cdecl(fn(INT, ["a", INT], ["b", INT])), -3, 45);
    expectTypeOf(sum).resolves.toEqualTypeOf<number>();
    expect(await sum).toBe(42);
    const mean = cdecl(fn(DOUBLE, ["a", DOUBLE], ["b", FLOAT], ["c", INT], ["d", DOUBLE], ["e", DOUBLE], ["f", FLOAT]));
    expect(await library.call("mean", mean, 1.5, 2.25, 3, 4.125, -5, 6)).toBe((1.5 + 2.25 + 3 + 4.125 - 5 + 6) / 6);
    expect(await library.call("half", cdecl(fn(FLOAT, ["x", FLOAT])), 5)).toBe(2.5);
    expect(await library.call("widen", cdecl(fn(LONGLONG, ["a", LONGLONG], ["b", INT])), 1n << 40n, -3)).toBe(-3n << 40n);
  });

  test("text, in and out", async () => {
    const length = cdecl(fn(INT, ["text", LPCSTR]));
    expect([await library.call("lengthOf", length, "caf\u00e9"), await library.call("lengthOf", length, null)]).toEqual([4, -1]);
    expect(await library.call("unitsOf", cdecl(fn(INT, ["text", LPCWSTR])), "\u4f60\u597d!")).toBe(3);
    expect(await library.call("name", cdecl(fn(LPCSTR)))).toBe("library");
    const buffer = Buffer.from("hello there\0");
    await library.call("upper", cdecl(fn(VOID, ["buffer", CSTR_BUF], ["size", INT])), buffer, 5);
    expect(buffer.toString()).toBe("HELLO there\0");
  });

  test("out-parameters, and the last error", async () => {
    const split = cdecl(fn(BOOL, ["value", INT], ["high", out(INT)], ["low", inout(INT)]));
    const [high, low] = [{ value: 0 }, { value: 1000 }];
    expect(await library.call("split", split, 1234, high, low)).toBe(true);
    expect([high.value, low.value]).toEqual([12, 1034]);
    expect(await library.call("split", split, -1, high, low)).toBe(false);
    expect(library.lastError).toBe(ERROR.INVALID_PARAMETER);
    const place = await library.place(INT, 5);
    await library.call("split", split, 1234, high, place);
    expect(place.value).toBe(39);
  });

  test("structs, by reference and by value", async () => {
    expect(await library.call("area", cdecl(fn(INT, ["p", in_(POINT2)])), { x: 6, y: 7 })).toBe(42);
    expect(await library.call("areaOf", cdecl(fn(INT, ["p", POINT2])), { x: 6, y: 7 })).toBe(42);
    expect(await library.call("lengthSquared", cdecl(fn(DOUBLE, ["v", VECTOR])), { x: 1, y: 2, z: 3 })).toBe(14);
    expect(await library.call("scaled", cdecl(fn(VECTOR, ["v", VECTOR], ["by", DOUBLE])), { x: 1, y: 2, z: 3 }, 2)).toEqual({
      x: 2,
      y: 4,
      z: 6,
    });
    expect(await library.call("swapped", cdecl(fn(POINT2, ["p", POINT2])), { x: 1, y: 2 })).toEqual({ x: 2, y: 1 });
  });

  test("arrays, in and out", async () => {
    expect(await library.call("sum", cdecl(fn(INT, ["values", arrayIn(INT, "count")], ["count", INT])), [1, 2, 39], 3)).toBe(42);
    const values = [1, 2, 3];
    await library.call("doubled", cdecl(fn(VOID, ["values", arrayOut(INT, "count")], ["count", INT])), values, 3);
    expect(values).toEqual([2, 4, 6]);
  });

  test("variable arguments", async () => {
    const format = cdecl(fn(INT, ["out", bytesOut("size")], ["size", INT], ["form", CSTR], VARARGS));
    const buffer = Buffer.alloc(64);
    const length = await library.call("format", format, buffer, 64, "%d %s %.2f %lld %d", -5, "five", double(0.25), 1n << 40n, 7);
    expect(buffer.toString("latin1", 0, length)).toBe("-5 five 0.25 1099511627776 7");
  });

  test("callbacks into TypeScript, which may be async, and may throw", async () => {
    const step = callback(cdecl(fn(INT, ["total", INT], ["value", INT])));
    const fold = cdecl(fn(INT, ["step", step], ["values", arrayIn(INT)], ["count", INT]));
    expect(await library.call("fold", fold, (total, value) => total * 10 + value, [1, 2, 3], 3)).toBe(123);
    expect(await library.call("fold", fold, async (total, value) => Promise.resolve(total + value), [1, 2, 3], 3)).toBe(6);
    const names: (string | undefined)[] = [];
    const each = cdecl(fn(INT, ["seen", callback(fn(INT, ["name", LPCWSTR], ["context", PVOID]))], ["context", PVOID]));
    expect(await library.call("each", each, (name, context) => names.push(`${name} ${context}`), 77)).toBe(1);
    expect(names).toEqual(["first 77", "second 77"]);
    const throwing = (): number => {
      throw new TypeError("mine");
    };
    await expect(library.call("fold", fold, throwing, [1], 1)).rejects.toThrow("mine");
  });

  test("callbacks that call the library: inside of the call that they are called by, or after it where they do not wait", async () => {
    const step = callback(cdecl(fn(INT, ["total", INT], ["value", INT])));
    const fold = cdecl(fn(INT, ["step", step], ["values", arrayIn(INT)], ["count", INT]));
    const add = cdecl(fn(INT, ["a", INT], ["b", INT]));
    const sums = async (total: number, value: number): Promise<number> => library.call("add", add, total, value);
    expect(await library.call("fold", fold, sums, [1, 2, 3], 3)).toBe(6);
    const nested = async (total: number, value: number): Promise<number> =>
      total * 100 + (await library.call("fold", fold, sums, [value, 1], 2));
    expect(await library.call("fold", fold, nested, [1, 2], 2)).toBe(203);
    const later: Promise<number>[] = [];
    const careless = (total: number): number => {
      later.push(library.call("add", add, total, 1));
      return total + 1;
    };
    expect(await library.call("fold", fold, careless, [0, 0], 2)).toBe(2);
    expect(await Promise.all(later)).toEqual([1, 2]);
    const failing = async (): Promise<number> => library.call("nothing", add, 1, 2);
    await expect(library.call("fold", fold, failing, [1], 1)).rejects.toThrow("exports no nothing");
  });

  test("stdcall, ordinals, and a function that is not there", async () => {
    expect(await library.call("difference", fn(INT, ["a", INT], ["b", INT]), 50, 8)).toBe(42);
    await expect(library.call("nothing", fn(VOID))).rejects.toThrow(`exports no nothing`);
    await expect(library.call(999, fn(VOID))).rejects.toThrow("exports no ordinal 999");
  });

  test("calls at once run one after the other", async () => {
    const add = cdecl(fn(INT, ["a", INT], ["b", INT]));
    expect(await Promise.all([1, 2, 3].map((n) => library.call("add", add, n, n)))).toEqual([2, 4, 6]);
  });
});

test("a crash rejects the call with the sentence, and the library is gone", async () => {
  const library = loadLibrary(join(fixturesFolder, "library/library.dll"), options);
  await expect(library.call("crash", fn(VOID))).rejects.toThrow(/STATUS_ACCESS_VIOLATION.*library\.dll\+0x/);
  await expect(library.call("crash", fn(VOID))).rejects.toThrow("STATUS_ACCESS_VIOLATION");
});

test("a crash in what a callback calls rejects both calls", async () => {
  const library = loadLibrary(join(fixturesFolder, "library/library.dll"), options);
  const step = callback(cdecl(fn(INT, ["total", INT], ["value", INT])));
  const fold = cdecl(fn(INT, ["step", step], ["values", arrayIn(INT)], ["count", INT]));
  let inner: unknown;
  const crashing = async (): Promise<number> => {
    await library.call("crash", fn(VOID)).catch((error: unknown) => (inner = error));
    return 0;
  };
  await expect(library.call("fold", fold, crashing, [1], 1)).rejects.toThrow("STATUS_ACCESS_VIOLATION");
  expect(inner).toMatchObject({ message: expect.stringContaining("STATUS_ACCESS_VIOLATION") });
});

test("a built-in DLL, hooks, and files in memory", async () => {
  const kernel = loadLibrary("kernel32.dll", {
    ...options,
    bits: 32,
    hooks: ({ replace }) => replace("kernel32!GetTickCount", () => 1234),
  });
  expect(await kernel.call("GetTickCount", fn(DWORD))).toBe(1234);
  expect(await kernel.call("lstrlenW", fn(INT, ["text", LPCWSTR]), "four")).toBe(4);
  await kernel.close();
  await expect(kernel.call("GetTickCount", fn(DWORD))).rejects.toThrow("is closed");
  const library = loadLibrary(join(fixturesFolder, "library/library.dll"), { ...options, files: { "data.txt": "in memory" } });
  const read = fn(INT, ["path", LPCSTR], ["into", bytesOut("size")], ["size", INT]);
  const into = Buffer.alloc(20);
  const length = await library.call("readFile", read, "data.txt", into, into.length);
  expect(into.toString("latin1", 0, length)).toBe("in memory");
  await library.close();
});

test("what is no DLL is refused at once", () => {
  writeFileSync(join(folder, "text.dll"), "text");
  expect(() => loadLibrary(join(folder, "text.dll"))).toThrow("expected a Windows program");
  expect(() => loadLibrary("./none.dll")).toThrow("no such file");
});
