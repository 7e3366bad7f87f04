import { ERROR } from "@decant/hook";
import { guest } from "@decant/testing";
import { describe, expect, test } from "vitest";

const READ = 0x8000_0000;
const WRITE = 0x4000_0000;
const DELETE = 0x1_0000;
const ALL = 7;
const CLASS = { RENAME: 3, DISPOSITION: 4, END_OF_FILE: 6, DISPOSITION_EX: 21 };

function machine() {
  const made = guest({
    currentDirectory: "Z:\\work",
    files: { "/work/ten.txt": "0123456789", "/work/sub/in.txt": "in", "/work/empty/": "" },
  });
  const { call, thread, host } = made;
  const open = (name: string, access: number, share = ALL, disposition = 3, flags = 0x200_0000) =>
    call("CreateFileW", name, access >>> 0, share, undefined, disposition, flags, 0);
  const set = (handle: number, infoClass: number, ...bytes: number[]) =>
    call("SetFileInformationByHandle", handle, infoClass, new Uint8Array(bytes), bytes.length);
  const isThere = (path: string) => host.files.list("/work").some(({ name }) => `/work/${name}` === path);
  const failure = (result: number, failed = 0) => (result === failed ? thread.lastError : undefined);
  return { ...made, open, set, isThere, failure };
}

describe("a file that is to be deleted", () => {
  test("stays until its last handle is closed, and cannot be opened or made anew meanwhile", () => {
    const { open, set, call, isThere, failure } = machine();
    const [first, second] = [open("ten.txt", DELETE), open("ten.txt", READ)];
    expect(set(first, CLASS.DISPOSITION, 1)).toBe(1);
    expect(failure(open("ten.txt", READ), -1)).toBe(ERROR.ACCESS_DENIED);
    expect(failure(open("ten.txt", WRITE, ALL, 2), -1)).toBe(ERROR.ACCESS_DENIED);
    expect(failure(call("GetFileAttributesW", "ten.txt") | 0, -1)).toBe(ERROR.ACCESS_DENIED);
    call("CloseHandle", first);
    expect(isThere("/work/ten.txt")).toBe(true);
    call("CloseHandle", second);
    expect(isThere("/work/ten.txt")).toBe(false);
  });

  test("may be kept after all", () => {
    const { open, set, call, isThere } = machine();
    const file = open("ten.txt", DELETE);
    set(file, CLASS.DISPOSITION, 1);
    set(file, CLASS.DISPOSITION, 0);
    call("CloseHandle", file);
    expect(isThere("/work/ten.txt")).toBe(true);
  });

  test("with POSIX semantics loses its name with the handle that deletes it; others keep the file", () => {
    const { open, set, call, isThere, allocate, thread } = machine();
    const [first, second] = [open("ten.txt", DELETE), open("ten.txt", READ)];
    expect(set(first, CLASS.DISPOSITION_EX, 3, 0, 0, 0)).toBe(1);
    call("CloseHandle", first);
    expect(isThere("/work/ten.txt")).toBe(false);
    expect(open("ten.txt", WRITE, ALL, 1)).not.toBe(-1);
    expect(call("ReadFile", second, allocate(10), 10, undefined, undefined)).toBe(1);
    call("CloseHandle", second);
    expect(isThere("/work/ten.txt")).toBe(true);
    void thread;
  });

  test("needs DELETE access, and must not be read-only or a folder with something in it", () => {
    const { open, set, failure, call } = machine();
    expect(failure(set(open("ten.txt", READ), CLASS.DISPOSITION, 1))).toBe(ERROR.ACCESS_DENIED);
    expect(failure(set(open("sub", DELETE), CLASS.DISPOSITION, 1))).toBe(ERROR.DIR_NOT_EMPTY);
    call("SetFileAttributesW", "ten.txt", 1);
    expect(failure(set(open("ten.txt", DELETE), CLASS.DISPOSITION, 1))).toBe(ERROR.ACCESS_DENIED);
    expect(set(open("ten.txt", DELETE), CLASS.DISPOSITION_EX, 0x11, 0, 0, 0)).toBe(1);
    expect(set(open("empty", DELETE), CLASS.DISPOSITION, 1)).toBe(1);
  });

  test("is deleted by DeleteFile at once, though others have it open", () => {
    const { open, call, isThere } = machine();
    const file = open("ten.txt", READ);
    expect(call("DeleteFileW", "ten.txt")).toBe(1);
    expect(isThere("/work/ten.txt")).toBe(false);
    expect(call("ReadFile", file, new Uint8Array(4), 4, undefined, undefined)).toBe(1);
  });
});

describe("a rename", () => {
  test("does not replace a file that is open (as Wine 8), nor move a folder with open files in it (as Windows)", () => {
    const { open, call, failure } = machine();
    open("sub\\in.txt", READ);
    expect(failure(call("MoveFileExW", "ten.txt", "sub\\in.txt", 1))).toBe(ERROR.ACCESS_DENIED);
    expect(failure(call("MoveFileW", "sub", "other"))).toBe(ERROR.ACCESS_DENIED);
    expect(call("MoveFileW", "empty", "other")).toBe(1);
  });

  test("is followed by those who have the file open", () => {
    const { open, call, allocate, memory } = machine();
    const file = open("ten.txt", READ);
    expect(call("MoveFileW", "ten.txt", "sub\\eleven.txt")).toBe(1);
    const buffer = allocate(600);
    call("GetFinalPathNameByHandleW", file, buffer, 300, 0);
    expect(memory.wstring(buffer)).toBe("\\\\?\\Z:\\work\\sub\\eleven.txt");
  });
});

test("a size is set by handle, with the right to write", () => {
  const { open, set, failure, host } = machine();
  expect(set(open("ten.txt", WRITE), CLASS.END_OF_FILE, 3, 0, 0, 0, 0, 0, 0, 0)).toBe(1);
  expect(host.files.stat("/work/ten.txt").size).toBe(3);
  expect(failure(set(open("ten.txt", READ), CLASS.END_OF_FILE, 0, 0, 0, 0, 0, 0, 0, 0))).toBe(ERROR.ACCESS_DENIED);
  expect(failure(set(open("ten.txt", WRITE), CLASS.END_OF_FILE, 0, 0, 0, 0, 0, 0, 0, 0x80))).toBe(ERROR.INVALID_PARAMETER);
  expect(failure(set(open("ten.txt", WRITE), CLASS.END_OF_FILE, 0))).toBe(ERROR.BAD_LENGTH);
  expect(failure(set(open("ten.txt", WRITE), 99, 0))).toBe(ERROR.INVALID_PARAMETER);
});

test("final paths have links resolved, in each form of the volume's name", () => {
  const { open, call, allocate, memory, thread } = machine();
  call("CreateSymbolicLinkW", "way", "sub", 1);
  const file = open("way\\in.txt", READ);
  const buffer = allocate(600);
  const path = (flags: number) => (call("GetFinalPathNameByHandleW", file, buffer, 300, flags), memory.wstring(buffer));
  expect(path(0)).toBe("\\\\?\\Z:\\work\\sub\\in.txt");
  expect(path(8)).toBe("\\\\?\\Z:\\work\\way\\in.txt");
  expect(path(2)).toMatch(/^\\Device\\HarddiskVolume\d+\\work\\sub\\in.txt$/);
  expect(path(1)).toMatch(/^\\\\\?\\Volume\{[-0-9a-f]{36}\}\\work\\sub\\in.txt$/);
  expect(path(4)).toBe("\\work\\sub\\in.txt");
  expect(call("GetFinalPathNameByHandleW", file, buffer, 300, 3)).toBe(0);
  expect(thread.lastError).toBe(ERROR.INVALID_PARAMETER);
});
