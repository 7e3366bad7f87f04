import { expect, test } from "vitest";
import {
  array,
  BOOLEAN,
  BYTE,
  byteBlock,
  chars,
  DOUBLE,
  DWORD,
  HANDLE,
  INT,
  LARGE_INTEGER,
  LONGLONG,
  LPCWSTR,
  PVOID,
  SHORT,
  SIZE_T,
  struct,
  union,
  WORD,
  wchars,
} from "./index.ts";
import { TestThread } from "./test-thread.ts";

const FILETIME = struct("FILETIME", { low: DWORD, high: DWORD });
const FIND = struct("WIN32_FIND_DATAW", {
  dwFileAttributes: DWORD,
  ftCreationTime: FILETIME,
  ftLastAccessTime: FILETIME,
  ftLastWriteTime: FILETIME,
  nFileSizeHigh: DWORD,
  nFileSizeLow: DWORD,
  dwReserved0: DWORD,
  dwReserved1: DWORD,
  cFileName: wchars(260),
  cAlternateFileName: wchars(14),
});
const STARTUPINFOW = struct("STARTUPINFOW", {
  cb: DWORD, lpReserved: PVOID, lpDesktop: LPCWSTR, lpTitle: LPCWSTR, dwX: DWORD, dwY: DWORD, dwXSize: DWORD, dwYSize: DWORD, dwXCountChars: DWORD, dwYCountChars: DWORD,
  dwFillAttribute: DWORD, dwFlags: DWORD, wShowWindow: WORD, cbReserved2: WORD, lpReserved2: PVOID, hStdInput: HANDLE, hStdOutput: HANDLE, hStdError: HANDLE,
}); // prettier-ignore
const MIXED = struct("MIXED", { a: BYTE, b: DOUBLE, c: SHORT, d: LARGE_INTEGER, e: BOOLEAN });

test.each([
  ["WIN32_FIND_DATAW", FIND, 592, 592],
  ["STARTUPINFOW", STARTUPINFOW, 104, 68],
  ["bytes between doubles", MIXED, 40, 40],
  ["an array of structs", struct("A", { n: BYTE, list: array(struct("B", { p: PVOID, c: BYTE }), 3) }), 56, 28],
  ["packed", struct("P", { a: BYTE, b: LONGLONG, c: WORD }, { pack: 2 }), 12, 12],
  ["a union", union("U", { a: DWORD, b: SIZE_T, c: byteBlock(5) }), 8, 8],
])("%s has C's size for both pointer sizes", (_, type, wide, narrow) => {
  expect([type.size(8), type.size(4)]).toEqual([wide, narrow]);
});

test("fields lie where C puts them", () => {
  expect([STARTUPINFOW.offsetOf("hStdOutput", 8), STARTUPINFOW.offsetOf("hStdOutput", 4)]).toEqual([88, 60]);
  expect(MIXED.offsetOf("d", 8)).toBe(24);
});

test("what is stored is what is loaded", () => {
  const thread = new TestThread();
  const T = struct("T", { name: chars(6), handle: HANDLE, inner: struct("I", { list: array(INT, 2), raw: byteBlock(3) }), size: SIZE_T });
  const value = { name: "caf\u00e9", handle: -1 as never, inner: { list: [1, -2], raw: Uint8Array.of(1, 2, 3) }, size: 2 ** 40 };
  const at = thread.allocate(T.size(8));
  T.store(thread, at, value);
  expect(T.load(thread, at)).toEqual(value);
});

test("a union's members are views of the same bytes", () => {
  const thread = new TestThread();
  const U = union("LARGE_INTEGER", { parts: FILETIME, QuadPart: LONGLONG });
  const at = thread.allocate(8);
  U.store(thread, at, { QuadPart: -2n });
  expect(U.load(thread, at).parts).toEqual({ low: 0xffff_fffe, high: 0xffff_ffff });
});

test("a struct across the end of what is mapped fails as a whole", () => {
  const thread = new TestThread();
  expect(() => FILETIME.load(thread, 0xefff_0000 - 4)).toThrow("no read access to 8 bytes");
});
