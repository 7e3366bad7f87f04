import { DWORD, ERROR, PVOID, ULARGE_INTEGER } from "@decant/hook";
import { guest } from "@decant/testing";
import { describe, expect, test } from "vitest";
import { FILE_ATTRIBUTE_DATA, FIND_DATA } from "./directory.api.ts";
import { copyFile } from "./copy-file.ts";
import { directory } from "./directory.ts";
import { file } from "./file.ts";
import { handle } from "./handle.ts";

const INVALID = -1;

function machine() {
  const made = guest({
    topics: [copyFile, directory, file, handle],
    currentDirectory: "Z:\\work",
    files: {
      "/work/b.txt": "bb",
      "/work/A.TXT": "a",
      "/work/c.dat": "ccc",
      "/work/sub/inner.txt": "i",
      "/work/empty/": "",
      "/other/x": "x",
    },
    environment: { TMP: "Z:\\work\\sub", PATH: "Z:\\other;C:\\nowhere" },
  });
  const find = (pattern: string) => {
    const data = made.out(FIND_DATA.forText(true));
    const search = made.call("FindFirstFileW", pattern, data);
    if (search === INVALID) return { names: [], error: made.thread.lastError };
    const names = [data.value.cFileName];
    while (made.call("FindNextFileW", search, data) !== 0) names.push(data.value.cFileName);
    const error = made.thread.lastError;
    expect(made.call("FindClose", search)).toBe(1);
    return { names, error };
  };
  const text = (name: string, ...args: (string | number)[]) => {
    const buffer = made.allocate(1200);
    const length = made.call(name, ...args.map((argument) => (argument === "*" ? buffer : argument)));
    return { length, text: made.memory.wstring(buffer) };
  };
  return { ...made, find, text };
}

describe("FindFirstFile", () => {
  test.each([
    ["*", [".", "..", "A.TXT", "b.txt", "c.dat", "empty", "sub"], ERROR.NO_MORE_FILES],
    ["*.*", [".", "..", "A.TXT", "b.txt", "c.dat", "empty", "sub"], ERROR.NO_MORE_FILES],
    ["*.txt", ["A.TXT", "b.txt"], ERROR.NO_MORE_FILES],
    ["Sub\\*.txt", ["inner.txt"], ERROR.NO_MORE_FILES],
    ["a.txt", ["A.TXT"], ERROR.NO_MORE_FILES],
    ["sub", ["sub"], ERROR.NO_MORE_FILES],
    ["Z:\\WORK\\?.dat", ["c.dat"], ERROR.NO_MORE_FILES],
    ["*.none", [], ERROR.FILE_NOT_FOUND],
    ["none", [], ERROR.FILE_NOT_FOUND],
    ["none\\*", [], ERROR.PATH_NOT_FOUND],
    ["b.txt\\*", [], ERROR.DIRECTORY],
    ["b.txt\\x\\*", [], ERROR.PATH_NOT_FOUND],
    ["*.", [".", "..", "empty", "sub"], ERROR.NO_MORE_FILES],
    ["sub\\", [], ERROR.FILE_NOT_FOUND],
    ["", [], ERROR.PATH_NOT_FOUND],
    ["nul", ["nul"], ERROR.NO_MORE_FILES],
    [".", ["work"], ERROR.NO_MORE_FILES],
    ["Q:\\*", [], ERROR.PATH_NOT_FOUND],
  ])("%j finds %j, and ends with %d", (pattern, names, error) => {
    expect(machine().find(pattern)).toEqual({ names, error });
  });

  test("tells attributes and size; a search that was closed is gone", () => {
    const { call, out, thread } = machine();
    const data = out(FIND_DATA.forText(true));
    const search = call("FindFirstFileExW", "c.*", 1, data, 0, undefined, 0);
    expect(data.value).toMatchObject({ dwFileAttributes: 0x20, nFileSizeLow: 3, nFileSizeHigh: 0, cAlternateFileName: "" });
    call("FindClose", search);
    expect(call("FindNextFileW", search, data)).toBe(0);
    expect(thread.lastError).toBe(ERROR.INVALID_HANDLE);
  });

  test("the A variant gives names of the code page", () => {
    const { call, allocate, memory } = machine();
    const data = allocate(400);
    expect(call("FindFirstFileA", "b*", data)).not.toBe(INVALID);
    expect(memory.cstring(data + 44)).toBe("b.txt");
  });
});

describe("folders and files come and go", () => {
  test.each([
    ["CreateDirectoryW", ["new", undefined], 0],
    ["CreateDirectoryW", ["SUB", undefined], ERROR.ALREADY_EXISTS],
    ["CreateDirectoryW", ["b.txt", undefined], ERROR.ALREADY_EXISTS],
    ["CreateDirectoryW", ["none\\new", undefined], ERROR.PATH_NOT_FOUND],
    ["RemoveDirectoryW", ["Empty"], 0],
    ["RemoveDirectoryW", ["sub"], ERROR.DIR_NOT_EMPTY],
    ["RemoveDirectoryW", ["b.txt"], ERROR.DIRECTORY],
    ["RemoveDirectoryW", ["none"], ERROR.FILE_NOT_FOUND],
    ["DeleteFileW", ["B.TXT"], 0],
    ["DeleteFileW", ["sub"], ERROR.ACCESS_DENIED],
    ["DeleteFileW", ["none"], ERROR.FILE_NOT_FOUND],
    ["DeleteFileW", ["none\\x"], ERROR.PATH_NOT_FOUND],
    ["DeleteFileW", ["b.txt\\"], ERROR.INVALID_NAME],
    ["MoveFileW", ["b.txt", "sub\\moved.txt"], 0],
    ["MoveFileW", ["b.txt", "c.dat"], ERROR.ALREADY_EXISTS],
    ["MoveFileW", ["none", "x"], ERROR.FILE_NOT_FOUND],
    ["MoveFileW", ["b.txt", "none\\x"], ERROR.PATH_NOT_FOUND],
    ["MoveFileExW", ["b.txt", "c.dat", 1], 0],
    ["MoveFileExW", ["b.txt", "sub", 1], ERROR.ACCESS_DENIED],
    ["MoveFileExW", ["b.txt", "C:\\Windows\\b.txt", 0], ERROR.NOT_SAME_DEVICE],
    ["MoveFileExW", ["b.txt", "C:\\Windows\\b.txt", 2], 0],
    ["MoveFileW", ["sub", "sub2"], 0],
    ["CopyFileW", ["b.txt", "copy.txt", 1], 0],
    ["CopyFileW", ["b.txt", "c.dat", 1], ERROR.FILE_EXISTS],
    ["CopyFileW", ["b.txt", "c.dat", 0], 0],
    ["CopyFileW", ["sub", "x", 0], ERROR.ACCESS_DENIED],
  ])("%s%j: %d", (name, args, code) => {
    const { call, thread } = machine();
    thread.lastError = 0;
    expect(call(name, ...(args as string[]))).toBe(code === 0 ? 1 : 0);
    expect(thread.lastError).toBe(code);
  });

  test("a new case of the same name is a rename", () => {
    const { call, find } = machine();
    expect(call("MoveFileW", "b.txt", "B.Txt")).toBe(1);
    expect(find("b.txt").names).toEqual(["B.Txt"]);
  });

  test("an open file cannot be deleted unless it is shared for that", () => {
    const { call, thread } = machine();
    call("CreateFileW", "b.txt", 0x8000_0000, 3, undefined, 3, 0, 0);
    expect(call("DeleteFileW", "b.txt")).toBe(0);
    expect(thread.lastError).toBe(ERROR.SHARING_VIOLATION);
    call("CreateFileW", "c.dat", 0x8000_0000, 7, undefined, 3, 0, 0);
    expect(call("DeleteFileW", "c.dat")).toBe(1);
  });
});

describe("attributes", () => {
  test("folders, files, devices and nothing", () => {
    const { call, thread } = machine();
    expect(["sub", "b.txt", "nul", "Z:\\", "none"].map((name) => call("GetFileAttributesW", name) | 0)).toEqual([
      0x10, 0x20, 0x20, 0x10, -1,
    ]);
    expect(thread.lastError).toBe(ERROR.FILE_NOT_FOUND);
  });

  test("read-only is set, keeps a file from being deleted, and is taken back", () => {
    const { call, out, thread } = machine();
    expect(call("SetFileAttributesW", "b.txt", 1)).toBe(1);
    const data = out(FILE_ATTRIBUTE_DATA);
    expect(call("GetFileAttributesExW", "b.txt", 0, data)).toBe(1);
    expect(data.value.dwFileAttributes).toBe(1);
    expect(call("DeleteFileW", "b.txt")).toBe(0);
    expect(thread.lastError).toBe(ERROR.ACCESS_DENIED);
    call("SetFileAttributesW", "b.txt", 0x80);
    expect(call("DeleteFileW", "b.txt")).toBe(1);
  });

  test("GetFileAttributesEx knows one level", () => {
    const { call, out, thread } = machine();
    expect(call("GetFileAttributesExW", "b.txt", 1, out(FILE_ATTRIBUTE_DATA))).toBe(0);
    expect(thread.lastError).toBe(ERROR.INVALID_PARAMETER);
  });
});

describe("the current folder", () => {
  test("moves, shows the drive's own when another drive is used, and a short buffer says what it needs", () => {
    const { call, text, thread } = machine();
    expect(call("SetCurrentDirectoryW", "SUB\\")).toBe(1);
    expect(text("GetCurrentDirectoryW", 300, "*")).toEqual({ length: 11, text: "Z:\\work\\SUB" });
    expect(text("GetCurrentDirectoryW", 11, "*").length).toBe(12);
    expect(call("SetCurrentDirectoryW", "C:\\")).toBe(1);
    expect(text("GetFullPathNameW", "Z:x", 300, "*", 0).text).toBe("Z:\\work\\SUB\\x");
    expect(text("GetFullPathNameW", "x", 300, "*", 0).text).toBe("C:\\x");
    expect(call("SetCurrentDirectoryW", "none")).toBe(0);
    expect(thread.lastError).toBe(ERROR.FILE_NOT_FOUND);
    expect(call("SetCurrentDirectoryW", "Z:\\work\\b.txt")).toBe(0);
    expect(thread.lastError).toBe(ERROR.DIRECTORY);
  });

  test("GetFullPathName points to the file part, and counts in either variant", () => {
    const { call, allocate, out, memory } = machine();
    const buffer = allocate(600);
    const part = out(PVOID);
    expect(call("GetFullPathNameA", "dir\\x.c", 300, buffer, part)).toBe(15);
    expect(memory.cstring(part.value)).toBe("x.c");
    expect(call("GetFullPathNameA", "dir\\x.c", 15, buffer, part)).toBe(16);
    expect(call("GetFullPathNameA", "dir\\", 300, buffer, part)).toBe(12);
    expect(part.value).toBe(0);
  });
});

test("temporary files are made, or only named", () => {
  const { text, call } = machine();
  expect(text("GetTempPathW", 300, "*")).toEqual({ length: 12, text: "Z:\\work\\sub\\" });
  const made = text("GetTempFileNameW", "Z:\\work", "abcdef", 0, "*");
  expect(made.text).toMatch(/^Z:\\work\\abc[0-9A-F]{1,4}\.tmp$/);
  expect(call("GetFileAttributesW", made.text)).toBe(0x20);
  expect(text("GetTempFileNameW", "Z:\\work", "x", 0x1234, "*")).toEqual({ length: 0x1234, text: "Z:\\work\\x1234.tmp" });
  expect(call("GetFileAttributesW", "Z:\\work\\x1234.tmp") | 0).toBe(-1);
});

test("SearchPath looks along a list or the default one", () => {
  const { text, thread } = machine();
  expect(text("SearchPathW", 0, "x", 0, 300, "*", 0).text).toBe("Z:\\other\\x");
  expect(text("SearchPathW", "Z:\\none;Z:\\work\\sub", "inner", ".txt", 300, "*", 0).text).toBe("Z:\\work\\sub\\inner.txt");
  expect(text("SearchPathW", 0, "none", ".exe", 300, "*", 0).length).toBe(0);
  expect(thread.lastError).toBe(ERROR.FILE_NOT_FOUND);
});

test("drives are C and Z, fixed, with room", () => {
  const { call, out, allocate, memory } = machine();
  expect(call("GetLogicalDrives")).toBe((1 << 2) | (1 << 25));
  const buffer = allocate(64);
  expect(call("GetLogicalDriveStringsW", 32, buffer)).toBe(8);
  expect(memory.utf16(buffer, 9)).toBe("C:\\\0Z:\\\0\0");
  expect(["C:\\", "Z:", "D:\\", "C:\\Windows", undefined].map((root) => call("GetDriveTypeW", root))).toEqual([3, 3, 1, 1, 3]);
  const [free, total] = [out(ULARGE_INTEGER), out(ULARGE_INTEGER)];
  expect(call("GetDiskFreeSpaceExW", "Z:\\", free, total, undefined)).toBe(1);
  expect(free.value).toBeGreaterThan(0);
  expect(total.value).toBeGreaterThan(free.value);
  const clusters = out(DWORD);
  expect(call("GetDiskFreeSpaceW", "Z:\\", undefined, undefined, undefined, clusters)).toBe(1);
});

test("programs without a folder are looked for in the current one, unless a variable is there", () => {
  const needs = (environment: Readonly<Record<string, string>>, name: string): number =>
    guest({ topics: [directory], environment }).call("NeedCurrentDirectoryForExePathW", name);
  const refusing = { NoDefaultCurrentDirectoryInExePath: "1" };
  expect([needs({}, "a.exe"), needs(refusing, "a.exe"), needs(refusing, ".\\a.exe")]).toEqual([1, 0, 1]);
});
