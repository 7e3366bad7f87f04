import { ERROR } from "@decant/hook";
import { guest } from "@decant/testing";
import { expect, test } from "vitest";

const FAIL_IMMEDIATELY = 1;
const EXCLUSIVE = 2;
const NOW = FAIL_IMMEDIATELY | EXCLUSIVE;

function machine() {
  const made = guest({ currentDirectory: "Z:\\work", files: { "/work/ten.txt": "0123456789" } });
  const open = () => made.call("CreateFileW", "ten.txt", 0xc000_0000, 3, undefined, 3, 0, 0);
  const lock = (file: number, flags: number, start: number, length: number) =>
    made.call("LockFileEx", file, flags, 0, length, 0, { Offset: start });
  const unlock = (file: number, start: number, length: number) => made.call("UnlockFileEx", file, 0, length, 0, { Offset: start });
  return { ...made, first: open(), second: open(), lock, unlock };
}

test("shared locks go together, an exclusive one with none", () => {
  const { first, second, lock, thread } = machine();
  expect(lock(first, FAIL_IMMEDIATELY, 0, 4)).toBe(1);
  expect(lock(second, FAIL_IMMEDIATELY, 2, 4)).toBe(1);
  expect(lock(second, NOW, 3, 1)).toBe(0);
  expect(thread.lastError).toBe(ERROR.LOCK_VIOLATION);
  expect(lock(second, NOW, 6, 1)).toBe(1);
});

test("what is locked shared is read by all and written by nobody", () => {
  const { first, second, lock, call, allocate, thread } = machine();
  lock(first, FAIL_IMMEDIATELY, 0, 4);
  expect(call("ReadFile", second, allocate(4), 4, undefined, undefined)).toBe(1);
  expect(call("WriteFile", second, new Uint8Array(1), 1, undefined, undefined)).toBe(1); // at 4: past the lock
  expect(call("WriteFile", first, new Uint8Array(1), 1, undefined, undefined)).toBe(0);
  expect(thread.lastError).toBe(ERROR.LOCK_VIOLATION);
});

test("an unlocking names exactly what was locked", () => {
  const { first, second, lock, unlock, thread } = machine();
  lock(first, NOW, 0, 4);
  expect(unlock(first, 0, 3)).toBe(0);
  expect(thread.lastError).toBe(ERROR.NOT_LOCKED);
  expect(unlock(second, 0, 4)).toBe(0);
  expect(unlock(first, 0, 4)).toBe(1);
});

test("without FAIL_IMMEDIATELY the lock is waited for", async () => {
  const { first, second, lock, callAsync, process } = machine();
  lock(first, NOW, 0, 4);
  const waiting = callAsync("LockFileEx", second, EXCLUSIVE, 0, 4, 0, { Offset: 0 });
  process.handles.close(first as never);
  expect(await waiting).toBe(1);
});
