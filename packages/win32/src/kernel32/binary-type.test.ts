import { DWORD, ERROR } from "@decant/hook";
import { emptyProgram } from "@decant/process";
import { guest } from "@decant/testing";
import { expect, test } from "vitest";

const programs = { "/w/x64.exe": emptyProgram(64), "/w/x86.exe": emptyProgram(32), "/w/a.com": "xx", "/w/b.exe": "xx", "/w/c.bat": "xx" };

/** As under Wine 8, which leaves the last error alone where a file is no program. */
test("GetBinaryType tells 32-bit and 64-bit programs, and those for DOS by their name", () => {
  const { call, thread, out } = guest({ files: programs, currentDirectory: "Z:\\w" });
  const kind = out(DWORD);
  const typeOf = (name: string) => (call("GetBinaryTypeW", name, kind) === 1 ? kind.value : [thread.lastError]);
  expect(["x86.exe", "x64.exe", "a.com"].map(typeOf)).toEqual([0, 6, 1]);
  expect(["b.exe", "c.bat"].map(typeOf)).toEqual([[ERROR.BAD_EXE_FORMAT], [ERROR.BAD_EXE_FORMAT]]);
  expect([typeOf("none.exe"), typeOf("Z:\\w")]).toEqual([[ERROR.FILE_NOT_FOUND], [ERROR.ACCESS_DENIED]]);
});

test("SaferiIsExecutableFileType goes by the extension, and leaves .exe out for the shell", () => {
  const { call } = guest();
  const is = (name: string, fromShell: 0 | 1 = 0) => call("SaferiIsExecutableFileType", name, fromShell);
  expect([is("C:\\a.exe"), is("a.CMD"), is("a.txt"), is("exe"), is("a.exe\\b")]).toEqual([1, 1, 0, 0, 0]);
  expect([is("a.exe", 1), is("a.bat", 1)]).toEqual([0, 1]);
});
