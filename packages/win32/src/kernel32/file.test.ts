import { DWORD, ERROR, HANDLE, LARGE_INTEGER, LONG, ULONGLONG } from "@decant/hook";
import { guest } from "@decant/testing";
import { memoryInput, memoryOutput } from "@decant/host";
import { describe, expect, test } from "vitest";
import { ProcessState } from "../process-state.ts";
import { BY_HANDLE_FILE_INFORMATION } from "./file.api.ts";
import { file } from "./file.ts";
import { OVERLAPPED } from "./file-io.api.ts";
import { fileIo } from "./file-io.ts";
import { deviceControl } from "./device-control.ts";
import { handle } from "./handle.ts";
import { lockFile } from "./lock-file.ts";

const READ = 0x8000_0000;
const WRITE = 0x4000_0000;
const CREATE_NEW = 1;
const CREATE_ALWAYS = 2;
const OPEN_EXISTING = 3;
const OPEN_ALWAYS = 4;
const TRUNCATE_EXISTING = 5;
const INVALID = -1;

function machine(options = {}) {
  const made = guest({
    topics: [file, fileIo, lockFile, deviceControl, handle],
    currentDirectory: "Z:\\work",
    files: { "/work/ten.txt": "0123456789", "/work/sub/": "", "/work/ro.txt": "ro" },
    ...options,
  });
  const open = (name: string, access = READ | WRITE, disposition = OPEN_EXISTING, share = 0, flags = 0) =>
    made.call("CreateFileW", name, access >>> 0, share, undefined, disposition, flags, 0);
  const read = (opened: number, length: number) => {
    const buffer = made.allocate(length);
    const count = made.out(DWORD);
    const result = made.call("ReadFile", opened, buffer, length, count, undefined);
    return { result, text: new TextDecoder().decode(made.memory.read(buffer, count.value)) };
  };
  const write = (opened: number, text: string) => {
    const bytes = new TextEncoder().encode(text);
    return made.call("WriteFile", opened, bytes, bytes.length, made.out(DWORD), undefined);
  };
  return { ...made, open, read, write };
}

describe("CreateFile", () => {
  test("gives a handle, in any case of the name, by either variant", () => {
    const { open, call, thread } = machine();
    expect(open("TEN.TXT")).toBeGreaterThan(0);
    expect(thread.lastError).toBe(ERROR.SUCCESS);
    expect(call("CreateFileA", "ten.txt", READ, 7, undefined, OPEN_EXISTING, 0, 0)).toBe(INVALID); // the first one shares nothing
    expect(thread.lastError).toBe(ERROR.SHARING_VIOLATION);
  });

  test.each([
    ["none.txt", OPEN_EXISTING, ERROR.FILE_NOT_FOUND],
    ["none.txt", TRUNCATE_EXISTING, ERROR.FILE_NOT_FOUND],
    ["nowhere\\none.txt", OPEN_EXISTING, ERROR.PATH_NOT_FOUND],
    ["nowhere\\none.txt", CREATE_NEW, ERROR.PATH_NOT_FOUND],
    ["ten.txt", CREATE_NEW, ERROR.FILE_EXISTS],
    ["ten.txt", 0, ERROR.INVALID_PARAMETER],
    ["ten.txt", 6, ERROR.INVALID_PARAMETER],
    ["bad<name>?.txt", CREATE_ALWAYS, ERROR.INVALID_NAME],
    ["", OPEN_EXISTING, ERROR.PATH_NOT_FOUND],
    ["sub", OPEN_EXISTING, ERROR.ACCESS_DENIED],
    ["ten.txt\\", OPEN_EXISTING, ERROR.INVALID_NAME],
    ["Q:\\x", OPEN_EXISTING, ERROR.PATH_NOT_FOUND],
    ["\\\\server\\share\\x", OPEN_EXISTING, ERROR.BAD_NETPATH],
    ["conout$", OPEN_EXISTING, ERROR.FILE_NOT_FOUND],
  ])("%j with disposition %d fails with %d", (name, disposition, code) => {
    const { open, thread } = machine();
    expect(open(name, READ | WRITE, disposition)).toBe(INVALID);
    expect(thread.lastError).toBe(code);
  });

  test("the ALWAYS dispositions succeed with ERROR_ALREADY_EXISTS for what is there, and 0 for what is new", () => {
    const { open, thread } = machine();
    expect(open("ten.txt", READ, OPEN_ALWAYS, 7)).not.toBe(INVALID);
    expect(thread.lastError).toBe(ERROR.ALREADY_EXISTS);
    expect(open("new.txt", WRITE, OPEN_ALWAYS)).not.toBe(INVALID);
    expect(thread.lastError).toBe(ERROR.SUCCESS);
    expect(open("ten.txt", WRITE, CREATE_ALWAYS, 7)).not.toBe(INVALID);
    expect(thread.lastError).toBe(ERROR.ALREADY_EXISTS);
  });

  test("CREATE_ALWAYS empties a file", () => {
    const { open, call, host } = machine();
    call("CloseHandle", open("ten.txt", WRITE, CREATE_ALWAYS));
    expect(host.files.stat("/work/ten.txt").size).toBe(0);
  });

  test("TRUNCATE_EXISTING needs GENERIC_WRITE", () => {
    const { open, thread } = machine();
    expect(open("ten.txt", READ, TRUNCATE_EXISTING)).toBe(INVALID);
    expect(thread.lastError).toBe(ERROR.INVALID_PARAMETER);
    expect(open("ten.txt", WRITE, TRUNCATE_EXISTING)).not.toBe(INVALID);
  });

  test("a read-only file can be read and not written", () => {
    const { open, host, thread } = machine();
    host.files.setWritable("/work/ro.txt", false);
    expect(open("ro.txt", READ)).not.toBe(INVALID);
    expect(open("ro.txt", WRITE, OPEN_EXISTING, 7)).toBe(INVALID);
    expect(thread.lastError).toBe(ERROR.ACCESS_DENIED);
  });

  test("a folder opens with FILE_FLAG_BACKUP_SEMANTICS", () => {
    const { open, read, thread } = machine();
    const folder = open("sub", READ, OPEN_EXISTING, 7, 0x0200_0000);
    expect(folder).not.toBe(INVALID);
    expect(read(folder, 1).result).toBe(0);
    expect(thread.lastError).toBe(ERROR.INVALID_FUNCTION);
  });

  test.each([
    [READ, 1, READ, 1, true],
    [READ, 1, WRITE, 7, false],
    [READ, 3, WRITE, 1, true],
    [WRITE, 2, READ, 1, false],
    [READ, 0, READ, 7, false],
    [READ, 7, READ, 0, false],
    [0, 0, READ, 0, true],
    [READ, 1, 0, 0, true],
  ])("access %i sharing %d, then access %i sharing %d: %s", (access, share, nextAccess, nextShare, works) => {
    const { open, thread } = machine();
    open("ten.txt", access, OPEN_EXISTING, share);
    expect(open("ten.txt", nextAccess, OPEN_EXISTING, nextShare) !== INVALID).toBe(works);
    expect(thread.lastError).toBe(works ? ERROR.SUCCESS : ERROR.SHARING_VIOLATION);
  });

  test("a closed handle shares again", () => {
    const { open, call } = machine();
    call("CloseHandle", open("ten.txt"));
    expect(open("ten.txt")).not.toBe(INVALID);
  });

  test("FILE_FLAG_DELETE_ON_CLOSE deletes the file with its last handle", () => {
    const { open, call, host, out } = machine();
    const opened = open("ten.txt", READ, OPEN_EXISTING, 7, 0x0400_0000);
    const copy = out(HANDLE);
    call("DuplicateHandle", -1, opened, -1, copy, 0, 0, 2);
    call("CloseHandle", opened);
    expect(host.files.stat("/work/ten.txt").size).toBe(10);
    call("CloseHandle", copy.value);
    expect(() => host.files.stat("/work/ten.txt")).toThrow("ENOENT");
  });

  test("NUL is there everywhere", () => {
    const { open, read, write, call } = machine();
    const opened = open("sub\\nul.txt");
    expect(write(opened, "gone")).toBe(1);
    expect(read(opened, 4)).toEqual({ result: 1, text: "" });
    expect(call("GetFileType", opened)).toBe(2);
  });
});

describe("ReadFile and WriteFile", () => {
  test("go on where the last one ended, and read nothing at the end", () => {
    const { open, read, write } = machine();
    const opened = open("ten.txt");
    expect(read(opened, 4)).toEqual({ result: 1, text: "0123" });
    expect(write(opened, "xy")).toBe(1);
    expect(read(opened, 100)).toEqual({ result: 1, text: "6789" });
    expect(read(opened, 100)).toEqual({ result: 1, text: "" });
  });

  test("need the right that the handle was opened with", () => {
    const { open, read, write, thread } = machine();
    const reader = open("ten.txt", READ, OPEN_EXISTING, 7);
    expect(write(reader, "x")).toBe(0);
    expect(thread.lastError).toBe(ERROR.ACCESS_DENIED);
    const writer = open("ten.txt", WRITE, OPEN_EXISTING, 7);
    expect(read(writer, 1).result).toBe(0);
    expect(thread.lastError).toBe(ERROR.ACCESS_DENIED);
  });

  test("fail for a handle that is not open, and for memory that is not there", () => {
    const { open, read, call, thread, out } = machine();
    expect(read(0xbad0, 1).result).toBe(0);
    expect(thread.lastError).toBe(ERROR.INVALID_HANDLE);
    const count = out(DWORD, 7);
    expect(call("ReadFile", open("ten.txt"), 0x10, 5, count, undefined)).toBe(0);
    expect(thread.lastError).toBe(ERROR.NOACCESS);
    expect(count.value).toBe(0);
  });

  test("FILE_APPEND_DATA writes at the end, wherever the position is", () => {
    const { open, write, call, host } = machine();
    const opened = open("ten.txt", 4);
    call("SetFilePointer", opened, 2, undefined, 0);
    write(opened, "end");
    expect(host.files.stat("/work/ten.txt").size).toBe(13);
  });

  test("an OVERLAPPED says where; reading past the end fails with ERROR_HANDLE_EOF", () => {
    const { open, call, out, thread, allocate, memory } = machine();
    const opened = open("ten.txt");
    const buffer = allocate(16);
    const at = out(OVERLAPPED, { Offset: 7 });
    const count = out(DWORD);
    expect(call("ReadFile", opened, buffer, 2, count, at)).toBe(1);
    expect(memory.cstring(buffer)).toBe("78");
    expect(at.value.InternalHigh).toBe(2n);
    expect(call("ReadFile", opened, buffer, 2, count, out(OVERLAPPED, { Offset: 10 }))).toBe(0);
    expect(thread.lastError).toBe(ERROR.HANDLE_EOF);
  });
});

describe("positions and sizes", () => {
  test("each method has its base, and before the start is an error", () => {
    const { open, call, thread } = machine();
    const opened = open("ten.txt");
    expect(call("SetFilePointer", opened, -6, undefined, 2)).toBe(4);
    expect(call("SetFilePointer", opened, 3, undefined, 1)).toBe(7);
    expect(call("SetFilePointer", opened, 0, undefined, 0)).toBe(0);
    expect(call("SetFilePointer", opened, -1, undefined, 0) >>> 0).toBe(0xffff_ffff);
    expect(thread.lastError).toBe(ERROR.NEGATIVE_SEEK);
    expect(call("SetFilePointer", opened, 0, undefined, 3) >>> 0).toBe(0xffff_ffff);
    expect(thread.lastError).toBe(ERROR.INVALID_PARAMETER);
  });

  test("a high half makes it 64 bits; 0xFFFFFFFF can be a position, with no error", () => {
    const { open, call, out, thread } = machine();
    const opened = open("ten.txt");
    const high = out(LONG, 1);
    thread.lastError = 77;
    expect(call("SetFilePointer", opened, -1, high, 0) >>> 0).toBe(0xffff_ffff);
    expect(thread.lastError).toBe(0);
    expect(high.value).toBe(1);
    const position = out(LARGE_INTEGER);
    expect(call("SetFilePointerEx", opened, 0, position, 1)).toBe(1);
    expect(position.value).toBe(0x1_ffff_ffff);
  });

  test("SetEndOfFile cuts and lengthens; the gap is zeros", () => {
    const { open, call, out, read } = machine();
    const opened = open("ten.txt");
    call("SetFilePointer", opened, 4, undefined, 0);
    expect(call("SetEndOfFile", opened)).toBe(1);
    call("SetFilePointer", opened, 6, undefined, 0);
    expect(call("SetEndOfFile", opened)).toBe(1);
    const size = out(LARGE_INTEGER);
    call("GetFileSizeEx", opened, size);
    expect(size.value).toBe(6);
    call("SetFilePointer", opened, 3, undefined, 0);
    expect(read(opened, 9).text).toBe("3\0\0");
  });

  test("a stream has no position and no size", () => {
    const { call, thread, process, out } = machine();
    const stdout = ProcessState.of({ process }).standardHandle(-11)!;
    expect(call("SetFilePointer", stdout, 0, undefined, 0) >>> 0).toBe(0xffff_ffff);
    expect(thread.lastError).toBe(ERROR.SEEK_ON_DEVICE);
    expect(call("GetFileSizeEx", stdout, out(LARGE_INTEGER))).toBe(0);
    expect(thread.lastError).toBe(ERROR.INVALID_HANDLE);
    expect(call("SetFilePointer", 0xbad0, 0, undefined, 0) >>> 0).toBe(0xffff_ffff);
    expect(thread.lastError).toBe(ERROR.INVALID_HANDLE);
  });
});

test("file times are set and read; NULL leaves one as it is", () => {
  const { open, call, out } = machine();
  const opened = open("ten.txt");
  const written = out(ULONGLONG, 132_223_104_001_234_560n);
  const before = out(ULONGLONG);
  call("GetFileTime", opened, undefined, before, undefined);
  expect(call("SetFileTime", opened, undefined, undefined, written)).toBe(1);
  const [access, write] = [out(ULONGLONG), out(ULONGLONG)];
  expect(call("GetFileTime", opened, undefined, access, write)).toBe(1);
  expect(write.value).toBe(132_223_104_001_234_560n);
  expect(access.value).toBe(before.value);
});

test("information by handle tells size, links and an index that tells files apart", () => {
  const { open, call, out } = machine();
  const [first, second] = [out(BY_HANDLE_FILE_INFORMATION), out(BY_HANDLE_FILE_INFORMATION)];
  expect(call("GetFileInformationByHandle", open("ten.txt"), first)).toBe(1);
  expect(call("GetFileInformationByHandle", open("ro.txt"), second)).toBe(1);
  expect(first.value).toMatchObject({ dwFileAttributes: 0x20, nFileSizeLow: 10, nFileSizeHigh: 0, nNumberOfLinks: 1 });
  expect(first.value.nFileIndexLow).not.toBe(second.value.nFileIndexLow);
});

test("GetFileType of a bad handle is UNKNOWN, with an error", () => {
  const { call, thread, open } = machine();
  expect(call("GetFileType", open("ten.txt"))).toBe(1);
  expect(call("GetFileType", 0xbad0)).toBe(0);
  expect(thread.lastError).toBe(ERROR.INVALID_HANDLE);
});

test("DeviceIoControl of a file fails as a driver that knows no code", () => {
  const { call, open, thread } = machine();
  const opened = open("ten.txt");
  expect(call("DeviceIoControl", opened, 0x900a8, undefined, 0, undefined, 0, undefined, undefined)).toBe(0);
  expect(thread.lastError).toBe(ERROR.NOT_A_REPARSE_POINT);
  expect(call("DeviceIoControl", opened, 0x70000, undefined, 0, undefined, 0, undefined, undefined)).toBe(0);
  expect(thread.lastError).toBe(ERROR.INVALID_FUNCTION);
});

describe("standard streams", () => {
  const streams = (options = {}) => {
    const made = machine(options);
    const standard = (number: number): number => ProcessState.of(made).standardHandle(number)!;
    return { ...made, standard };
  };

  test("bytes go through as they are", () => {
    const { standard, write, host } = streams();
    write(standard(-11), "a\r\nb\u00ff");
    write(standard(-12), "err");
    expect(host.stdout.text()).toBe("a\r\nb\u00ff");
    expect(host.stderr.text()).toBe("err");
  });

  test("a file on standard input just ends", () => {
    const { standard, read } = streams({ stdin: "abc" });
    expect(read(standard(-10), 2)).toEqual({ result: 1, text: "ab" });
    expect(read(standard(-10), 2)).toEqual({ result: 1, text: "c" });
    expect(read(standard(-10), 2)).toEqual({ result: 1, text: "" });
  });

  test("a pipe is waited for, and its end is ERROR_BROKEN_PIPE", async () => {
    const { standard, callAsync, allocate, out, memory, thread } = streams({ stdin: memoryInput(["ab", "c"], { later: true }) });
    const buffer = allocate(8);
    const count = out(DWORD);
    expect(await callAsync("ReadFile", standard(-10), buffer, 8, count, undefined)).toBe(1);
    expect([count.value, memory.cstring(buffer)]).toEqual([2, "ab"]);
    expect(await callAsync("ReadFile", standard(-10), buffer, 8, count, undefined)).toBe(1);
    expect(await callAsync("ReadFile", standard(-10), buffer, 8, count, undefined)).toBe(0);
    expect(thread.lastError).toBe(ERROR.BROKEN_PIPE);
  });

  test("a program whose output nobody reads ends, with what a shell shows for SIGPIPE", () => {
    const { standard, process, call } = streams({ stdout: memoryOutput({ limitBytes: 4 }) });
    const stdout = standard(-11);
    expect(call("WriteFile", stdout, new Uint8Array(4), 4, undefined, undefined)).toBe(1);
    expect(process.ending).toBeUndefined();
    call("WriteFile", stdout, new Uint8Array(1), 1, undefined, undefined);
    expect(process.ending).toMatchObject({ kind: "exit", exitCode: 141 });
  });
});

test("a locked range is the handle's own until it is unlocked or closed", () => {
  const { open, call, read, write, thread } = machine();
  const [first, second] = [open("ten.txt", READ | WRITE, OPEN_EXISTING, 7), open("ten.txt", READ | WRITE, OPEN_EXISTING, 7)];
  expect(call("LockFile", first, 2, 0, 3, 0)).toBe(1);
  expect(call("LockFile", second, 4, 0, 1, 0)).toBe(0);
  expect(thread.lastError).toBe(ERROR.LOCK_VIOLATION);
  expect(call("LockFile", second, 5, 0, 1, 0)).toBe(1);
  expect(read(second, 2)).toEqual({ result: 1, text: "01" });
  expect(write(second, "x")).toBe(0);
  expect(thread.lastError).toBe(ERROR.LOCK_VIOLATION);
  expect(read(first, 5).text).toBe("01234");
  expect(call("UnlockFile", first, 2, 0, 2, 0)).toBe(0);
  expect(thread.lastError).toBe(ERROR.NOT_LOCKED);
  call("CloseHandle", first);
  expect(write(second, "x")).toBe(1);
});
