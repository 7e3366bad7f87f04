import { HANDLE, LARGE_INTEGER, STATUS } from "@decant/hook";
import { guest } from "@decant/testing";
import { describe, expect, test } from "vitest";
import { IO_STATUS_BLOCK, OBJECT_ATTRIBUTES, UNICODE_STRING } from "./file.api.ts";

const READ = 0x8010_0000 | 0;
const WRITE = 0x4010_0000;
const DELETE = 0x1_0000;
const SYNCHRONOUS = 0x20;
const OPEN_REPARSE_POINT = 0x20_0000;
const DIRECTORY_FILE = 1;
const NON_DIRECTORY_FILE = 0x40;

function machine() {
  const made = guest({
    files: { "/work/ten.txt": "0123456789", "/work/sub/in.txt": "in", "/work/sub/Other.TXT": "", "/work/link": { link: "ten.txt" } },
  });
  const { call, out, allocate, memory, wide } = made;
  const block = out(IO_STATUS_BLOCK);
  const attributes = (name: string, root = 0) => {
    const text = out(UNICODE_STRING, { Length: 2 * name.length, MaximumLength: 2 * name.length, Buffer: wide(name) });
    return { Length: OBJECT_ATTRIBUTES.size(made.thread.pointerSize), RootDirectory: root, ObjectName: text.address, Attributes: 0x40 };
  };
  const create = (name: string, { access = READ, disposition = 1, options = SYNCHRONOUS, root = 0, share = 7 } = {}) => {
    const handle = out(HANDLE);
    const status = call("NtCreateFile", handle, access >>> 0, attributes(name, root), block, undefined, 0x80, share, disposition, options, undefined, 0); // prettier-ignore
    return { status: status >>> 0, handle: handle.value, outcome: Number(block.value.Information) };
  };
  const read = (handle: number, length: number, offset?: number) => {
    const buffer = allocate(length + 1);
    const at = offset === undefined ? undefined : out(LARGE_INTEGER, offset);
    const status = call("NtReadFile", handle, 0, 0, 0, block, buffer, length, at, undefined) >>> 0;
    const count = status === STATUS.SUCCESS ? Number(block.value.Information) : 0;
    return { status, text: new TextDecoder().decode(memory.read(buffer, count)) };
  };
  const information = (name: string, handle: number, bytes: Uint8Array | number, length: number, infoClass: number) =>
    call(name, handle, block, bytes, length, infoClass) >>> 0;
  return { ...made, block, attributes, create, read, information };
}

describe("NtCreateFile", () => {
  test("opens an NT path, and tells what became of the name", () => {
    const { create } = machine();
    expect(create("\\??\\Z:\\work\\TEN.txt")).toMatchObject({ status: STATUS.SUCCESS, outcome: 1 });
    expect(create("\\??\\Z:\\work\\new.txt", { access: WRITE, disposition: 2 })).toMatchObject({ status: STATUS.SUCCESS, outcome: 2 });
    expect(create("\\??\\Z:\\work\\new.txt", { access: WRITE, disposition: 5 })).toMatchObject({ status: STATUS.SUCCESS, outcome: 3 });
    expect(create("\\??\\Z:\\work\\made", { disposition: 2, options: DIRECTORY_FILE })).toMatchObject({ status: 0, outcome: 2 });
    expect(create("\\??\\NUL")).toMatchObject({ status: STATUS.SUCCESS });
  });

  test.each([
    ["\\??\\Z:\\work\\none", {}, STATUS.OBJECT_NAME_NOT_FOUND],
    ["\\??\\Z:\\none\\x", {}, STATUS.OBJECT_PATH_NOT_FOUND],
    ["\\??\\Z:\\work\\ten.txt", { disposition: 2 }, STATUS.OBJECT_NAME_COLLISION],
    ["\\??\\Z:\\work\\ten.txt", { options: DIRECTORY_FILE }, STATUS.NOT_A_DIRECTORY],
    ["\\??\\Z:\\work\\sub", { options: NON_DIRECTORY_FILE }, STATUS.FILE_IS_A_DIRECTORY],
    ["\\??\\Z:\\work\\..\\work\\ten.txt", {}, STATUS.OBJECT_NAME_INVALID],
    ["\\??\\Z:\\work\\ten.txt", { disposition: 6 }, STATUS.INVALID_PARAMETER],
    ["Z:\\work\\ten.txt", {}, STATUS.OBJECT_PATH_SYNTAX_BAD],
  ])("%s with %j fails with %d", (name, how, status) => {
    expect(machine().create(name, how).status).toBe(status);
  });

  test("a name below a folder's handle does not need the folder's path, and may not leave it", () => {
    const { create } = machine();
    const { handle } = create("\\??\\Z:\\work\\sub", { options: DIRECTORY_FILE });
    expect(create("IN.TXT", { root: handle }).status).toBe(STATUS.SUCCESS);
    expect(create("..\\ten.txt", { root: handle }).status).toBe(STATUS.OBJECT_NAME_INVALID);
    expect(create("\\ten.txt", { root: handle }).status).toBe(STATUS.OBJECT_NAME_INVALID);
  });

  test("a link is followed, or opened itself", () => {
    const { create, read, information, allocate, memory } = machine();
    expect(read(create("\\??\\Z:\\work\\link").handle, 3).text).toBe("012");
    const { handle } = create("\\??\\Z:\\work\\link", { options: SYNCHRONOUS | OPEN_REPARSE_POINT });
    const buffer = allocate(8);
    expect(information("NtQueryInformationFile", handle, buffer, 8, 35)).toBe(STATUS.SUCCESS);
    expect([memory.u32(buffer) & 0x400, memory.u32(buffer + 4)]).toEqual([0x400, 0xa000_000c]);
  });
});

describe("NtReadFile and NtWriteFile", () => {
  test("go on where the last one ended; the end is STATUS_END_OF_FILE", () => {
    const { create, read } = machine();
    const { handle } = create("\\??\\Z:\\work\\ten.txt");
    expect(read(handle, 4)).toEqual({ status: STATUS.SUCCESS, text: "0123" });
    expect(read(handle, 4, 8)).toEqual({ status: STATUS.SUCCESS, text: "89" });
    expect(read(handle, 4).status).toBe(STATUS.END_OF_FILE);
    expect(read(handle, 0).status).toBe(STATUS.SUCCESS);
    expect(read(0xbad0, 4).status).toBe(STATUS.INVALID_HANDLE);
  });

  test("a handle for overlapped access has no position", () => {
    const { create, read } = machine();
    const { handle } = create("\\??\\Z:\\work\\ten.txt", { options: 0 });
    expect(read(handle, 4).status).toBe(STATUS.INVALID_PARAMETER);
    expect(read(handle, 4, 6).text).toBe("6789");
    expect(read(handle, 4, -3).status).toBe(STATUS.INVALID_PARAMETER);
  });

  test("offset -1 writes at the end, and an APC is told of the result", () => {
    const { create, call, block, out, host, callback } = machine();
    const { handle } = create("\\??\\Z:\\work\\ten.txt", { access: WRITE });
    const told: bigint[] = [];
    const routine = callback((...args) => void told.push(...args.slice(0, 2)));
    expect(call("NtWriteFile", handle, 0, routine, 7, block, new Uint8Array([65, 66]), 2, out(LARGE_INTEGER, -1), undefined)).toBe(0);
    expect([host.files.stat("/work/ten.txt").size, told]).toEqual([12, []]);
    call("SleepEx", 0, 1);
    expect(told).toEqual([7n, BigInt(block.address)]);
  });

  test("need the right that the handle was opened with", () => {
    const { create, read } = machine();
    expect(read(create("\\??\\Z:\\work\\ten.txt", { access: WRITE }).handle, 1).status).toBe(STATUS.ACCESS_DENIED);
  });
});

test("NtQueryDirectoryFile gives as many names as fit, then no more", () => {
  const { create, call, allocate, memory, block, out, wide } = machine();
  const { handle } = create("\\??\\Z:\\work\\sub", { options: DIRECTORY_FILE | SYNCHRONOUS });
  const buffer = allocate(256);
  const pattern = out(UNICODE_STRING, { Length: 10, MaximumLength: 10, Buffer: wide("*.TXT") });
  const list = (size: number, restart = 0) =>
    call("NtQueryDirectoryFile", handle, 0, 0, 0, block, buffer, size, 12, 0, pattern, restart) >>> 0;
  const name = (at: number) => memory.utf16(at + 12, memory.u32(at + 8) / 2);
  expect(list(12 + 12)).toBe(STATUS.SUCCESS);
  expect([name(buffer), memory.u32(buffer)]).toEqual(["in.txt", 0]);
  expect(list(256)).toBe(STATUS.SUCCESS);
  expect(name(buffer)).toBe("Other.TXT");
  expect(list(256)).toBe(STATUS.NO_MORE_FILES);
  expect(list(256, 1)).toBe(STATUS.SUCCESS);
  expect([name(buffer), name(buffer + memory.u32(buffer))]).toEqual(["in.txt", "Other.TXT"]);
  expect(list(15)).toBe(STATUS.INFO_LENGTH_MISMATCH);
  expect(list(20, 1)).toBe(STATUS.BUFFER_OVERFLOW);
});

test("a pattern that nothing matches is STATUS_NO_SUCH_FILE at first", () => {
  const { create, call, allocate, block, out, wide } = machine();
  const { handle } = create("\\??\\Z:\\work\\sub", { options: DIRECTORY_FILE | SYNCHRONOUS });
  const pattern = out(UNICODE_STRING, { Length: 2, MaximumLength: 2, Buffer: wide("q") });
  const list = () => call("NtQueryDirectoryFile", handle, 0, 0, 0, block, allocate(256), 256, 12, 0, pattern, 0) >>> 0;
  expect(list()).toBe(STATUS.NO_SUCH_FILE);
  expect(list()).toBe(STATUS.NO_MORE_FILES);
});

describe("information", () => {
  const renaming = (pointerSize: number, name: string, replace: number): Uint8Array => {
    const bytes = new Uint8Array(2 * pointerSize + 4 + 2 * name.length);
    const view = new DataView(bytes.buffer);
    view.setUint8(0, replace);
    view.setUint32(2 * pointerSize, 2 * name.length, true);
    for (let i = 0; i < name.length; i++) view.setUint16(2 * pointerSize + 4 + 2 * i, name.charCodeAt(i), true);
    return bytes;
  };

  test("a rename by a name alone stays in the folder; one that is taken needs to be replaced", () => {
    const { create, information, thread, host } = machine();
    const { handle } = create("\\??\\Z:\\work\\sub\\in.txt", { access: DELETE });
    const rename = (name: string, replace = 0) => {
      const bytes = renaming(thread.pointerSize, name, replace);
      return information("NtSetInformationFile", handle, bytes, bytes.length, 10);
    };
    expect(rename("moved.txt")).toBe(STATUS.SUCCESS);
    expect(rename("other.txt")).toBe(STATUS.OBJECT_NAME_COLLISION);
    expect(rename("other.txt", 1)).toBe(STATUS.SUCCESS);
    expect(rename("\\??\\Z:\\work\\up.txt")).toBe(STATUS.SUCCESS);
    expect(rename("\\??\\C:\\up.txt")).toBe(STATUS.NOT_SAME_DEVICE);
    expect(host.files.list("/work/sub")).toEqual([]);
    expect(host.files.stat("/work/up.txt").size).toBe(2);
    // Its handle follows it.
    expect(rename("again.txt")).toBe(STATUS.SUCCESS);
    expect(host.files.stat("/work/again.txt").size).toBe(2);
  });

  test("FileAllInformation cuts the name where it does not fit", () => {
    const { create, information, allocate, memory } = machine();
    const { handle } = create("\\??\\Z:\\work\\ten.txt");
    const buffer = allocate(256);
    expect(information("NtQueryInformationFile", handle, buffer, 256, 18)).toBe(STATUS.SUCCESS);
    expect([memory.u64(buffer + 48), memory.utf16(buffer + 100, memory.u32(buffer + 96) / 2)]).toEqual([10n, "\\work\\ten.txt"]);
    expect(information("NtQueryInformationFile", handle, buffer, 104, 18)).toBe(STATUS.BUFFER_OVERFLOW);
    expect(information("NtQueryInformationFile", handle, buffer, 103, 18)).toBe(STATUS.INFO_LENGTH_MISMATCH);
    expect(information("NtQueryInformationFile", handle, buffer, 256, 999)).toBe(STATUS.INVALID_INFO_CLASS);
  });

  test("volumes tell their file system", () => {
    const { create, information, allocate, memory } = machine();
    const { handle } = create("\\??\\Z:\\work\\ten.txt");
    const buffer = allocate(64);
    expect(information("NtQueryVolumeInformationFile", handle, buffer, 64, 5)).toBe(STATUS.SUCCESS);
    expect(memory.utf16(buffer + 12, 4)).toBe("NTFS");
    expect(information("NtQueryVolumeInformationFile", handle, buffer, 8, 4)).toBe(STATUS.SUCCESS);
    expect(memory.u32(buffer)).toBe(7);
  });
});

test("RtlNtStatusToDosError translates, and says ERROR_MR_MID_NOT_FOUND where it cannot", () => {
  const { call } = machine();
  expect(call("RtlNtStatusToDosError", STATUS.OBJECT_NAME_NOT_FOUND)).toBe(2);
  expect(call("RtlNtStatusToDosError", STATUS.DELETE_PENDING)).toBe(5);
  expect(call("RtlNtStatusToDosError", 0xc0ff_1234)).toBe(317);
});

test("RtlDosPathNameToNtPathName_U gives a full NT path that RtlFreeUnicodeString frees", () => {
  const { call, out, memory, wide } = machine();
  const place = out(UNICODE_STRING);
  expect(call("RtlDosPathNameToNtPathName_U", wide("Z:x\\..\\y.txt"), place, 0, 0)).toBe(1);
  expect(memory.utf16(place.value.Buffer, place.value.Length / 2)).toBe("\\??\\Z:\\y.txt");
  call("RtlFreeUnicodeString", place);
  expect(place.value).toEqual({ Length: 0, MaximumLength: 0, Buffer: 0 });
  expect(call("RtlDosPathNameToNtPathName_U", wide(""), place, 0, 0)).toBe(0);
});
