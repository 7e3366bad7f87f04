import { expect, expectTypeOf, test } from "vitest";
import {
  api, BOOL, bytesOut, BYTES, callback, DOUBLE, DWORD, fn, HANDLE, handleOr, implementFor, in_, INT, INVALID_HANDLE_VALUE, LARGE_INTEGER, LPCSTR, LPCWSTR, LPVOID, OPAQUE,
  optional, out, PVOID, required, struct, TBUF, text, TSTR, VARARGS, VOID, data, alias, forward, type CallingThread, type GuestFunction, type Handle, type Out, type Pointer, type TextBuffer, type VarArgs, arrayIn, type GuestArray, flags,
} from "./index.ts"; // prettier-ignore

const POINT = struct("POINT", { x: INT, y: INT });
const COMPARE = fn(INT, ["a", PVOID], ["b", PVOID]);
const table = api("kernel32", {
  GetFileSizeEx: fn(BOOL, ["hFile", HANDLE], ["lpFileSize", out(LARGE_INTEGER)]),
  CreateFile: text(handleOr(INVALID_HANDLE_VALUE), ["lpFileName", TSTR], ["dwDesiredAccess", flags("GENERIC", { READ: 0x80000000 })]),
  ReadFile: fn(BOOL, ["hFile", HANDLE], ["lpBuffer", bytesOut("lpRead")], ["n", DWORD], ["lpRead", optional(out(DWORD))]),
  GetName: text(DWORD, ["lpBuffer", TBUF], ["nSize", DWORD]),
  qsort: fn(VOID, ["base", PVOID], ["compare", callback(COMPARE)]),
  printf: fn(INT, ["format", LPCSTR], VARARGS),
  sin: fn(DOUBLE, ["x", DOUBLE]),
  Draw: fn(VOID, ["by value", POINT], ["read", in_(POINT)], ["maybe", optional(in_(POINT))], ["name", required(LPCWSTR)]),
  TlsGetValue: fn(OPAQUE, ["index", DWORD]),
  WaitForMultipleObjects: fn(DWORD, ["nCount", DWORD], ["lpHandles", arrayIn(HANDLE, "nCount")]),
  Bytes: fn(VOID, ["p", BYTES], ["v", LPVOID]),
  _fmode: data(INT, 0),
  HeapAlloc: forward("ntdll.RtlAllocateHeap"),
  strdup: alias("_strdup"),
});
const implement = implementFor<CallingThread>();

test("an implementation's parameters have the types that the table says", () => {
  const { bodies } = implement(table, {
    GetFileSizeEx(thread, hFile, lpFileSize) {
      expectTypeOf(thread).toEqualTypeOf<CallingThread>();
      expectTypeOf(hFile).toEqualTypeOf<Handle>();
      expectTypeOf(lpFileSize).toEqualTypeOf<Out<number, number | bigint>>();
      return true;
    },
    CreateFile(_thread, lpFileName, dwDesiredAccess) {
      expectTypeOf(lpFileName).toEqualTypeOf<string | undefined>();
      expectTypeOf(dwDesiredAccess).toEqualTypeOf<number>();
      return INVALID_HANDLE_VALUE;
    },
    *ReadFile(_thread, _hFile, lpBuffer, n, lpRead) {
      expectTypeOf(lpBuffer).toEqualTypeOf<Pointer>();
      expectTypeOf(n).toEqualTypeOf<number>();
      lpRead.set(3);
      yield "a wait";
      return true;
    },
    GetName(_thread, lpBuffer, nSize) {
      expectTypeOf(lpBuffer).toEqualTypeOf<TextBuffer>();
      return lpBuffer.write("name", nSize).written;
    },
    qsort(_thread, _base, compare) {
      expectTypeOf(compare).toEqualTypeOf<GuestFunction<typeof COMPARE>>();
    },
    printf(_thread, format, rest) {
      expectTypeOf(format).toEqualTypeOf<string | undefined>();
      expectTypeOf(rest).toEqualTypeOf<VarArgs>();
      return rest.int();
    },
    sin: (_thread, x) => Math.sin(x),
    Draw(_thread, byValue, read, maybe, name) {
      expectTypeOf(byValue).toEqualTypeOf<{ x: number; y: number }>();
      expectTypeOf(read).toEqualTypeOf<{ x: number; y: number }>();
      expectTypeOf(maybe).toEqualTypeOf<{ x: number; y: number } | undefined>();
      expectTypeOf(name).toEqualTypeOf<string>();
    },
    TlsGetValue: (_thread, index) => BigInt(index),
    WaitForMultipleObjects(_thread, nCount, lpHandles) {
      expectTypeOf(lpHandles).toEqualTypeOf<GuestArray<Handle>>();
      return nCount;
    },
  });
  expect(Object.keys(bodies)).toHaveLength(10);
});

test("mistakes do not compile", () => {
  // @ts-expect-error a misspelt function
  implement(table, { GetFileSizeex: () => true });
  // @ts-expect-error a parameter of the wrong type
  implement(table, { GetFileSizeEx: (_thread, hFile: string) => hFile === "" });
  // @ts-expect-error a result of the wrong type
  implement(table, { GetFileSizeEx: () => "yes" });
  // @ts-expect-error a plain number is not a handle
  implement(table, { CreateFile: () => 7 });
  // @ts-expect-error a variable has no body
  implement(table, { _fmode: () => 0 });
  // @ts-expect-error a forwarder has no body
  implement(table, { HeapAlloc: () => 0 });
  // @ts-expect-error a string where a number is stored
  implement(table, { ReadFile: (_thread, _h, _b, _n, lpRead) => (lpRead.set("3"), true) });
  // @ts-expect-error VARARGS must not stand as a parameter's type name
  fn(INT, ["format"]);
  expect(table.dlls).toEqual(["kernel32"]);
});
