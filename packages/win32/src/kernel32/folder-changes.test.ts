import { DWORD, ERROR } from "@decant/hook";
import { guest } from "@decant/testing";
import { describe, expect, test } from "vitest";
import { OVERLAPPED } from "./file-io.api.ts";

const FILE_NAME = 1;
const DIR_NAME = 2;
const LAST_WRITE = 0x10;
const [ADDED, REMOVED, MODIFIED, OLD_NAME, NEW_NAME] = [1, 2, 3, 4, 5];
const BACKUP = 0x200_0000;
const ASYNC = 0x4000_0000;
const WAIT_TIMEOUT = 0x102;

function machine() {
  const made = guest({ currentDirectory: "Z:\\w", files: { "/w/watched/a.txt": "a", "/w/watched/sub/b.txt": "b", "/w/other.txt": "o" } });
  const { call, allocate, memory, out } = made;
  const folder = call("CreateFileW", "watched", 0x8000_0000, 7, undefined, 3, BACKUP | ASYNC, 0);
  const buffer = allocate(1024);
  const event = call("CreateEventW", undefined, 1, 0, undefined);
  const overlapped = out(OVERLAPPED, { hEvent: event as never });
  const watch = (filter: number, recursive = 0, size = 1024) =>
    call("ReadDirectoryChangesW", folder, buffer, size, recursive, filter, undefined, overlapped, undefined);
  /** What was told, once the watch has ended. */
  const told = async () => {
    await Promise.resolve();
    if (call("WaitForSingleObject", event, 0) === WAIT_TIMEOUT) return undefined;
    const count = out(DWORD);
    expect(call("GetOverlappedResult", folder, overlapped, count, 0)).toBe(1);
    const changes: [number, string][] = [];
    for (let at = buffer; count.value > 0;) {
      changes.push([memory.u32(at + 4), memory.utf16(at + 12, memory.u32(at + 8) / 2)]);
      const next = memory.u32(at);
      if (next === 0) break;
      at += next;
    }
    return changes;
  };
  const make = (name: string) => call("CloseHandle", call("CreateFileW", name, 0x4000_0000, 0, undefined, 2, 0, 0));
  return { ...made, folder, watch, told, make };
}

describe("ReadDirectoryChangesW", () => {
  test("tells of what comes, goes and gets another name, in order", async () => {
    const { watch, told, call, make } = machine();
    expect(watch(FILE_NAME | DIR_NAME)).toBe(1);
    expect(await told()).toBeUndefined();
    make("watched\\new.txt");
    call("MoveFileW", "watched\\new.txt", "watched\\renamed.txt");
    call("DeleteFileW", "watched\\a.txt");
    call("CreateDirectoryW", "watched\\folder", 0);
    call("MoveFileW", "other.txt", "watched\\moved.txt");
    expect(await told()).toEqual([
      [ADDED, "new.txt"],
      [OLD_NAME, "new.txt"],
      [NEW_NAME, "renamed.txt"],
      [REMOVED, "a.txt"],
      [ADDED, "folder"],
      [ADDED, "moved.txt"],
    ]);
  });

  test("tells of what was written when its handle is closed, and below only when asked to", async () => {
    const { watch, told, call, out } = machine();
    watch(LAST_WRITE);
    const write = (name: string) => {
      const file = call("CreateFileW", name, 0x4000_0000, 0, undefined, 3, 0, 0);
      call("WriteFile", file, new Uint8Array(1), 1, out(DWORD), undefined);
      call("CloseHandle", file);
    };
    write("watched\\sub\\b.txt");
    expect(await told()).toBeUndefined();
    write("watched\\a.txt");
    expect(await told()).toEqual([[MODIFIED, "a.txt"]]);
    const other = machine();
    other.watch(FILE_NAME, 1);
    other.make("watched\\sub\\c.txt");
    expect(await other.told()).toEqual([[ADDED, "sub\\c.txt"]]);
  });

  test("what happens between two calls is kept; what does not fit is lost, and that is told by no bytes", async () => {
    const { watch, told, make } = machine();
    watch(FILE_NAME);
    make("watched\\1");
    await told();
    make("watched\\2");
    watch(FILE_NAME);
    expect(await told()).toEqual([[ADDED, "2"]]);
    watch(FILE_NAME, 0, 16);
    make(`watched\\${"long".repeat(9)}`);
    expect(await told()).toEqual([]);
  });

  test("wants a folder, a filter and, on this handle, an OVERLAPPED", () => {
    const { watch, call, thread, folder, allocate } = machine();
    expect(watch(0)).toBe(0);
    expect(thread.lastError).toBe(ERROR.INVALID_PARAMETER);
    expect(call("ReadDirectoryChangesW", folder, allocate(64), 64, 0, 1, undefined, undefined, undefined)).toBe(0);
    const file = call("CreateFileW", "other.txt", 0x8000_0000, 7, undefined, 3, 0, 0);
    expect(call("ReadDirectoryChangesW", file, allocate(64), 64, 0, 1, undefined, undefined, undefined)).toBe(0);
    expect(thread.lastError).toBe(ERROR.INVALID_PARAMETER);
  });
});

test("a change notification is signaled until it is asked for the next change", () => {
  const { call, make, thread } = machine();
  const notification = call("FindFirstChangeNotificationW", "watched", 0, FILE_NAME);
  expect(call("WaitForSingleObject", notification, 0)).toBe(WAIT_TIMEOUT);
  make("watched\\n");
  expect(call("WaitForSingleObject", notification, 0)).toBe(0);
  expect(call("FindNextChangeNotification", notification)).toBe(1);
  expect(call("WaitForSingleObject", notification, 0)).toBe(WAIT_TIMEOUT);
  expect(call("FindCloseChangeNotification", notification)).toBe(1);
  expect(call("FindFirstChangeNotificationW", "none", 0, FILE_NAME)).toBe(-1);
  expect(thread.lastError).toBe(ERROR.FILE_NOT_FOUND);
  expect(call("FindFirstChangeNotificationW", "watched", 0, 0)).toBe(-1);
});
