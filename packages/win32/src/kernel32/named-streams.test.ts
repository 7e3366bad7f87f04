import { DWORD, ERROR } from "@decant/hook";
import { guest } from "@decant/testing";
import { expect, test } from "vitest";
import { FIND_DATA } from "./directory.api.ts";
import { copyFile } from "./copy-file.ts";
import { directory } from "./directory.ts";
import { file } from "./file.ts";
import { fileIo } from "./file-io.ts";
import { handle } from "./handle.ts";
import { volume } from "./volume.ts";
import { FIND_STREAM_DATA } from "./volume.api.ts";

const [READ, WRITE] = [0x8000_0000, 0x4000_0000];
const [CREATE_NEW, CREATE_ALWAYS, OPEN_EXISTING] = [1, 2, 3];
const SHARE_ALL = 7;
const ZONE = "[ZoneTransfer]\r\nZoneId=3\r\n";

function machine() {
  const made = guest({
    topics: [copyFile, directory, file, fileIo, handle, volume],
    currentDirectory: "Z:\\work",
    files: { "/work/Tool.exe": "MZ", "/work/other.txt": "other", "/work/sub/": "", "/work/alone:x": "no file" },
  });
  const { call, out, allocate, memory, thread } = made;
  const open = (name: string, access: number, how: number) => call("CreateFileW", name, access, SHARE_ALL, 0, how, 0, 0) as number;
  const read = (name: string): string | number => {
    const opened = open(name, READ, OPEN_EXISTING);
    if (opened === -1) return thread.lastError;
    const [buffer, count] = [allocate(64), out(DWORD)];
    expect(call("ReadFile", opened, buffer, 64, count, 0)).toBe(1);
    call("CloseHandle", opened);
    return new TextDecoder().decode(memory.read(buffer, count.value));
  };
  const write = (name: string, text: string, how = CREATE_ALWAYS): number => {
    const opened = open(name, WRITE, how);
    if (opened === -1) return thread.lastError;
    const buffer = allocate(64);
    memory.write(buffer, new TextEncoder().encode(text));
    expect(call("WriteFile", opened, buffer, text.length, out(DWORD), 0)).toBe(1);
    call("CloseHandle", opened);
    return 0;
  };
  const streams = (name: string): string[] | number => {
    const data = out(FIND_STREAM_DATA);
    const search = call("FindFirstStreamW", name, 0, data, 0);
    if (search === -1) return thread.lastError;
    const found: string[] = [];
    do found.push(`${data.value.cStreamName} ${data.value.StreamSize}`);
    while (call("FindNextStreamW", search, data) !== 0);
    expect(thread.lastError).toBe(ERROR.HANDLE_EOF);
    expect(call("FindClose", search)).toBe(1);
    return found;
  };
  const names = (): string[] => {
    const data = out(FIND_DATA.forText(true));
    const search = call("FindFirstFileW", "*", data);
    const found: string[] = [];
    do found.push(data.value.cFileName);
    while (call("FindNextFileW", search, data) !== 0);
    return found.slice(2);
  };
  return { ...made, open, read, write, streams, names };
}

test("keeps bytes beside a file's content, under a name without regard to case", () => {
  const { read, write, streams, names } = machine();
  expect(read("tool.exe:Zone.Identifier")).toBe(ERROR.FILE_NOT_FOUND);
  expect(write("TOOL.EXE:Zone.Identifier", ZONE)).toBe(0);
  expect(read("tool.exe:zone.identifier:$data")).toBe(ZONE);
  expect([read("Tool.exe"), read("Tool.exe::$DATA")]).toEqual(["MZ", "MZ"]);
  expect(streams("tool.exe")).toEqual(["::$DATA 2", `:Zone.Identifier:$DATA ${ZONE.length}`]);
  expect(names()).toEqual(["alone:x", "other.txt", "sub", "Tool.exe"]);
});

test("makes the file of a stream that is made, and none for a stream that is only opened", () => {
  const { read, write, names, open } = machine();
  expect(read("new.txt:s")).toBe(ERROR.FILE_NOT_FOUND);
  expect(names()).not.toContain("new.txt");
  expect(write("new.txt:s", "stream", CREATE_NEW)).toBe(0);
  expect([read("new.txt"), read("new.txt:s")]).toEqual(["", "stream"]);
  expect([open("new.txt:s", WRITE, CREATE_NEW), read("none\\x:s")]).toEqual([-1, ERROR.PATH_NOT_FOUND]);
});

test("gives folders streams, but no content", () => {
  const { write, streams, names } = machine();
  expect(streams("sub")).toBe(ERROR.HANDLE_EOF);
  expect(write("sub:note", "n")).toBe(0);
  expect(streams("sub")).toEqual([":note:$DATA 1"]);
  expect(names()).toContain("sub");
});

test("takes a stream away alone, and all with their file", () => {
  const { call, read, write, streams, thread } = machine();
  write("other.txt:a", "1");
  write("other.txt:b", "2");
  expect(call("DeleteFileW", "other.txt:A")).toBe(1);
  expect(streams("other.txt")).toEqual(["::$DATA 5", ":b:$DATA 1"]);
  expect([call("DeleteFileW", "other.txt:a"), thread.lastError]).toEqual([0, ERROR.FILE_NOT_FOUND]);
  expect(call("DeleteFileW", "other.txt")).toBe(1);
  expect(read("other.txt:b")).toBe(ERROR.FILE_NOT_FOUND);
});

test("moves and copies streams with their file, and drops them where it is written anew", () => {
  const { call, read, write, streams } = machine();
  write("other.txt:a", "1");
  write("Tool.exe:old", "2");
  expect(call("MoveFileW", "other.txt", "sub\\moved.txt")).toBe(1);
  expect([read("sub\\moved.txt:a"), read("other.txt:a")]).toEqual(["1", ERROR.FILE_NOT_FOUND]);
  expect(call("CopyFileW", "sub\\moved.txt", "Tool.exe", 0)).toBe(1);
  expect(streams("Tool.exe")).toEqual(["::$DATA 5", ":a:$DATA 1"]);
  expect(call("MoveFileExW", "sub\\moved.txt", "Tool.exe", 1)).toBe(1);
  expect(call("MoveFileW", "sub", "Sub2")).toBe(1);
  expect(streams("Tool.exe")).toEqual(["::$DATA 5", ":a:$DATA 1"]);
  expect(write("Tool.exe", "anew")).toBe(0);
  expect(streams("Tool.exe")).toEqual(["::$DATA 4"]);
});

test("copies a stream into a file, and does not rename one", () => {
  const { call, read, write, thread } = machine();
  write("other.txt:a", "in the stream");
  expect(call("CopyFileW", "other.txt:a", "taken.txt", 1)).toBe(1);
  expect(read("taken.txt")).toBe("in the stream");
  expect([call("MoveFileW", "other.txt:a", "b.txt"), thread.lastError]).toEqual([0, ERROR.INVALID_PARAMETER]);
  expect([call("MoveFileW", "taken.txt", "other.txt:b"), thread.lastError]).toEqual([0, ERROR.INVALID_NAME]);
});

test("does not write to the streams of a file that is read-only", () => {
  const { call, write } = machine();
  write("other.txt:a", "1");
  call("SetFileAttributesW", "other.txt", 1);
  expect([write("other.txt:a", "2"), write("other.txt:b", "2")]).toEqual([ERROR.ACCESS_DENIED, ERROR.ACCESS_DENIED]);
});

test.each(["other.txt:", "other.txt:a:b", "other.txt:a:$INDEX_ALLOCATION", "other.txt:a:$DATA:x", "Z:\\work\\:a", "sub:a\\b"])(
  "fails with ERROR_INVALID_NAME for %j",
  (name) => {
    expect(machine().read(name)).toBe(ERROR.INVALID_NAME);
  },
);

test("shares each stream by itself", () => {
  const { call, open, thread } = machine();
  expect(call("CreateFileW", "other.txt:a", WRITE, 0, 0, CREATE_NEW, 0, 0)).not.toBe(-1);
  expect([open("other.txt:a", READ, OPEN_EXISTING), thread.lastError]).toEqual([-1, ERROR.SHARING_VIOLATION]);
  expect(open("other.txt", READ, OPEN_EXISTING)).not.toBe(-1);
});
