import { DWORD, ERROR, HANDLE } from "@decant/hook";
import { guest } from "@decant/testing";
import { describe, expect, test } from "vitest";
import { error } from "./error.ts";
import { file } from "./file.ts";
import { fileIo } from "./file-io.ts";
import { handle } from "./handle.ts";
import { pipe } from "./pipe.ts";
import { process as processTopic } from "./process.ts";
import { PROCESSENTRY32W } from "./toolhelp.api.ts";
import { toolhelp } from "./toolhelp.ts";

const machine = () =>
  guest({ topics: [error, file, fileIo, handle, pipe, processTopic, toolhelp], files: { "/x.exe": "MZ" }, currentDirectory: "Z:\\" });

describe("processes", () => {
  test("know themselves", () => {
    const { call, process, out } = machine();
    expect(call("GetCurrentProcess")).toBe(-1);
    expect(call("GetCurrentProcessId")).toBe(process.id);
    const code = out(DWORD);
    expect(call("GetExitCodeProcess", -1, code)).toBe(1);
    expect(code.value).toBe(259);
    const opened = call("OpenProcess", 0x400, 0, process.id);
    expect(call("GetProcessId", opened)).toBe(process.id);
  });

  test("that are not there cannot be opened", () => {
    const { call, thread } = machine();
    expect(call("OpenProcess", 0x400, 0, 99_999)).toBe(0);
    expect(thread.lastError).toBe(ERROR.INVALID_PARAMETER);
  });

  test("end by TerminateProcess and ExitProcess", () => {
    const first = machine();
    first.call("TerminateProcess", -1, 7);
    expect(first.process.ending).toMatchObject({ kind: "terminated", exitCode: 7 });
    const second = machine();
    second.call("ExitProcess", 0xffff_ffff);
    expect(second.process.ending).toMatchObject({ kind: "exit", exitCode: 0xffff_ffff });
  });

  test("QueryFullProcessImageName wants room", () => {
    const { call, out, allocate, memory, thread } = machine();
    const buffer = allocate(600);
    const size = out(DWORD, 300);
    expect(call("QueryFullProcessImageNameW", -1, 0, buffer, size)).toBe(1);
    expect([memory.wstring(buffer), size.value]).toEqual(["C:\\test.exe", 11]);
    expect(call("QueryFullProcessImageNameW", -1, 0, buffer, out(DWORD, 11))).toBe(0);
    expect(thread.lastError).toBe(ERROR.INSUFFICIENT_BUFFER);
  });
});

test("a snapshot lists Windows' processes, the host's and the guest's, and ends with ERROR_NO_MORE_FILES", () => {
  const { call, out, process, thread } = machine();
  const snapshot = call("CreateToolhelp32Snapshot", 2, 0);
  const entry = out(PROCESSENTRY32W, { dwSize: 568 });
  const seen: [number, string][] = [];
  for (let more = call("Process32FirstW", snapshot, entry); more === 1; more = call("Process32NextW", snapshot, entry))
    seen.push([entry.value.th32ProcessID, entry.value.szExeFile]);
  const parent = process.parentId;
  expect(seen).toEqual([
    [0, "[System Process]"],
    [4, "System"],
    [parent, "decant.exe"],
    [process.id, "test.exe"],
  ]);
  expect(entry.value).toMatchObject({ th32ParentProcessID: parent, dwSize: 568 });
  expect(call("OpenProcess", 0x400, 0, parent)).toBe(0);
  expect(thread.lastError).toBe(ERROR.ACCESS_DENIED);
  call("Process32NextW", snapshot, entry);
  expect(thread.lastError).toBe(ERROR.NO_MORE_FILES);
  expect(call("Process32FirstW", snapshot, out(PROCESSENTRY32W, { dwSize: 567 }))).toBe(0);
  expect(thread.lastError).toBe(ERROR.INSUFFICIENT_BUFFER);
});

test("a pipe carries bytes, tells what is there, and breaks when an end is closed", async () => {
  const { call, callAsync, out, allocate, memory, thread } = machine();
  const [read, write] = [out(HANDLE), out(HANDLE)];
  expect(call("CreatePipe", read, write, undefined, 0)).toBe(1);
  const text = new TextEncoder().encode("hello");
  expect(call("WriteFile", write.value, text, 5, undefined, undefined)).toBe(1);
  const [buffer, count, available] = [allocate(16), out(DWORD), out(DWORD)];
  expect(call("PeekNamedPipe", read.value, buffer, 2, count, available, undefined)).toBe(1);
  expect([count.value, available.value]).toEqual([2, 5]);
  expect(await callAsync("ReadFile", read.value, buffer, 16, count, undefined)).toBe(1);
  expect([count.value, memory.cstring(buffer)]).toEqual([5, "hello"]);
  call("CloseHandle", write.value);
  expect(call("ReadFile", read.value, buffer, 16, count, undefined)).toBe(0);
  expect(thread.lastError).toBe(ERROR.BROKEN_PIPE);
});

describe("handles", () => {
  test("are closed once", () => {
    const { call, thread } = machine();
    const opened = call("CreateFileW", "nul", 0xc000_0000, 0, undefined, 3, 0, 0);
    expect(call("CloseHandle", opened)).toBe(1);
    expect(call("CloseHandle", opened)).toBe(0);
    expect(thread.lastError).toBe(ERROR.INVALID_HANDLE);
    expect(call("CloseHandle", -1)).toBe(1);
  });

  test("are duplicated, and tell what they inherit", () => {
    const { call, out } = machine();
    const opened = call("CreateFileW", "nul", 0xc000_0000, 0, undefined, 3, 0, 0);
    const copy = out(HANDLE);
    expect(call("DuplicateHandle", -1, opened, -1, copy, 0, 1, 3)).toBe(1);
    expect(call("CloseHandle", opened)).toBe(0);
    const flags = out(DWORD);
    call("GetHandleInformation", copy.value, flags);
    expect(flags.value).toBe(1);
    call("SetHandleInformation", copy.value, 3, 2);
    call("GetHandleInformation", copy.value, flags);
    expect(flags.value).toBe(2);
    expect(call("CloseHandle", copy.value)).toBe(0);
  });
});

describe("FormatMessage", () => {
  const SYSTEM = 0x1000;
  const IGNORE = 0x200;
  const format = (flags: number, source: string | number, id: number, size = 200, args: number | Uint8Array = 0) => {
    const { call, allocate, memory, thread, wide } = machine();
    const buffer = allocate(800);
    const length = call("FormatMessageW", flags, typeof source === "string" ? wide(source) : source, id, 0, buffer, size, args);
    return { length, text: length === 0 ? "" : memory.wstring(buffer), error: thread.lastError };
  };

  test("gives the system's texts, also of HRESULTs, with a line end", () => {
    expect(format(SYSTEM | IGNORE, 0, 5).text).toBe("Access is denied.\r\n");
    expect(format(SYSTEM | IGNORE, 0, 0x8007_0002).text).toBe("The system cannot find the file specified.\r\n");
    expect(format(SYSTEM | IGNORE | 0xff, 0, 5).text).toBe("Access is denied. ");
  });

  test("fails for what there is no text for, and for a buffer that is too small", () => {
    expect(format(SYSTEM | IGNORE, 0, 60_000)).toMatchObject({ length: 0, error: 317 });
    expect(format(SYSTEM | IGNORE, 0, 5, 19)).toMatchObject({ length: 0, error: ERROR.INSUFFICIENT_BUFFER });
    expect(format(SYSTEM | IGNORE, 0, 5, 20).length).toBe(19);
    expect(format(IGNORE, 0, 5)).toMatchObject({ length: 0, error: ERROR.INVALID_PARAMETER });
  });

  test("puts arguments into a text of the caller's", () => {
    const array = new Uint8Array(new BigUint64Array([7n, 0xffff_fffbn]).buffer);
    expect(format(0x2400, "a%1!04u!b%2!d!%%%n%0tail", 0, 200, array).text).toBe("a0007b-5%\r\n");
    expect(format(0x2400 | IGNORE, "a%1!u!", 0).text).toBe("a%1!u!");
  });

  test("allocates when asked to", () => {
    const { call, allocate, memory } = machine();
    const place = allocate(8);
    expect(call("FormatMessageA", 0x1300, 0, 2, 0, place, 0, 0)).toBe(44);
    expect(memory.cstring(memory.u32(place))).toBe("The system cannot find the file specified.\r\n");
  });
});
