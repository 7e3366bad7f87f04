import { ERROR } from "@decant/hook";
import { guest } from "@decant/testing";
import { describe, expect, test } from "vitest";
import { DWORD } from "@decant/hook";

const READ = 0x8000_0000;
const OPEN_REPARSE_POINT = 0x20_0000;
const BACKUP_SEMANTICS = 0x200_0000;
const GET_REPARSE_POINT = 0x900a8;

function machine(bits?: 32 | 64) {
  const made = guest({
    ...(bits !== undefined && { bits }),
    currentDirectory: "Z:\\work",
    files: { "/work/a.txt": "aaaa", "/work/b.txt": "b", "/work/sub/": "", "/work/folder-link": { link: "sub" } },
  });
  const text = (path: string) => {
    const file = made.host.files.open(path);
    const bytes = new Uint8Array(100);
    return new TextDecoder().decode(bytes.subarray(0, file.read(bytes, 0)));
  };
  return { ...made, text };
}

describe("CopyFileEx", () => {
  // 64-bit integers by value: a word each on x64, two on x86. Of the arguments a test's callback sees four.
  test.each([
    [64, [4n, 0n, 4n, 0n], [4n, 4n, 4n, 4n]],
    [32, [4n, 0n, 0n, 0n], [4n, 0n, 4n, 0n]],
  ] as const)("tells a routine of %d bits of the stream and of its end, with sizes by value", (bits, first, last) => {
    const { call, callback, text } = machine(bits);
    const told: bigint[][] = [];
    const routine = callback((...args) => void told.push([...args]));
    expect(call("CopyFileExW", "a.txt", "copy.txt", routine, 0x55, undefined, 0)).toBe(1);
    expect(text("/work/copy.txt")).toBe("aaaa");
    expect(told).toEqual([first, last]);
  });

  test.each([[1], [2]])("a routine that answers %d stops it", (answer) => {
    const { call, callback, thread, host } = machine();
    expect(call("CopyFileExW", "a.txt", "copy.txt", callback(() => answer), 0, undefined, 0)).toBe(0); // prettier-ignore
    expect(thread.lastError).toBe(ERROR.REQUEST_ABORTED);
    expect(host.files.list("/work").some(({ name }) => name === "copy.txt")).toBe(false);
  });

  test("a BOOL that becomes TRUE stops it", () => {
    const { call, out, thread } = machine();
    expect(call("CopyFileExW", "a.txt", "copy.txt", undefined, 0, out(DWORD, 1), 0)).toBe(0);
    expect(thread.lastError).toBe(ERROR.REQUEST_ABORTED);
  });

  test("a source that is open and not shared, or a target, is ERROR_SHARING_VIOLATION", () => {
    const { call, thread } = machine();
    call("CreateFileW", "a.txt", READ, 0, undefined, 3, 0, 0);
    expect(call("CopyFileW", "a.txt", "c.txt", 0)).toBe(0);
    expect(thread.lastError).toBe(ERROR.SHARING_VIOLATION);
    call("CreateFileW", "b.txt", READ, 1, undefined, 3, 0, 0);
    expect(call("CopyFileW", "sub\\none", "b.txt", 0)).toBe(0);
    expect(thread.lastError).toBe(ERROR.FILE_NOT_FOUND);
  });
});

describe("ReplaceFile", () => {
  test("gives the replacement the name, and keeps what was there as the backup", () => {
    const { call, text, host } = machine();
    expect(call("ReplaceFileW", "b.txt", "a.txt", "b.bak", 0, 0, 0)).toBe(1);
    expect([text("/work/b.txt"), text("/work/b.bak")]).toEqual(["aaaa", "b"]);
    expect(host.files.list("/work").some(({ name }) => name === "a.txt")).toBe(false);
  });

  test("needs both files, and leaves them where one is missing", () => {
    const { call, thread, text } = machine();
    expect(call("ReplaceFileW", "none.txt", "a.txt", 0, 0, 0, 0)).toBe(0);
    expect(thread.lastError).toBe(ERROR.FILE_NOT_FOUND);
    expect(call("ReplaceFileW", "b.txt", "none.txt", 0, 0, 0, 0)).toBe(0);
    expect(text("/work/b.txt")).toBe("b");
  });
});

describe("links", () => {
  test("a hard link is another name of the same file", () => {
    const { call, host, thread } = machine();
    expect(call("CreateHardLinkW", "sub\\again.txt", "a.txt", 0)).toBe(1);
    expect(host.files.stat("/work/sub/again.txt")).toMatchObject({ links: 2, inode: host.files.stat("/work/a.txt").inode });
    expect(call("CreateHardLinkW", "b.txt", "a.txt", 0)).toBe(0);
    expect(thread.lastError).toBe(ERROR.ALREADY_EXISTS);
    expect(call("CreateHardLinkW", "x", "sub", 0)).toBe(0);
    expect(thread.lastError).toBe(ERROR.ACCESS_DENIED);
    expect(call("CreateHardLinkW", "C:\\x", "a.txt", 0)).toBe(0);
    expect(thread.lastError).toBe(ERROR.NOT_SAME_DEVICE);
  });

  test("a symbolic link is a reparse point that says where it leads, and is deleted for itself", () => {
    const { call, allocate, memory, out, host } = machine();
    expect(call("CreateSymbolicLinkW", "sub\\link.txt", "..\\a.txt", 2)).toBe(1);
    expect(call("GetFileAttributesW", "sub\\link.txt")).toBe(0x420);
    expect(call("GetFileAttributesW", "folder-link")).toBe(0x410);
    const link = call("CreateFileW", "sub\\link.txt", 0, 7, undefined, 3, OPEN_REPARSE_POINT | BACKUP_SEMANTICS, 0);
    const buffer = allocate(256);
    const size = out(DWORD);
    expect(call("DeviceIoControl", link, GET_REPARSE_POINT, undefined, 0, buffer, 256, size, undefined)).toBe(1);
    expect([memory.u32(buffer), memory.u32(buffer + 16)]).toEqual([0xa000_000c, 1]);
    expect(memory.utf16(buffer + 20 + memory.u16(buffer + 8), memory.u16(buffer + 10) / 2)).toBe("..\\a.txt");
    call("CloseHandle", link);
    expect(call("DeleteFileW", "sub\\link.txt")).toBe(1);
    expect(host.files.stat("/work/a.txt").size).toBe(4);
    expect(call("RemoveDirectoryW", "folder-link")).toBe(1);
    expect(host.files.stat("/work/sub").kind).toBe("folder");
  });

  test("an absolute target is resolved by its drive", () => {
    const { call, host, thread } = machine();
    expect(call("CreateSymbolicLinkW", "l1", "Z:\\WORK\\a.txt", 0)).toBe(1);
    expect(host.files.readLink("/work/l1")).toBe("/work/a.txt");
    expect(call("CreateSymbolicLinkW", "l2", "C:\\Windows", 1)).toBe(0);
    expect(thread.lastError).toBe(ERROR.NOT_SAME_DEVICE);
  });
});

test("a copy keeps the link with COPY_FILE_COPY_SYMLINK", () => {
  const { call, host } = machine();
  call("CreateSymbolicLinkW", "l", "a.txt", 0);
  expect(call("CopyFileExW", "l", "copied", undefined, 0, undefined, 0x800)).toBe(1);
  expect(host.files.readLink("/work/copied")).toBe("a.txt");
});
