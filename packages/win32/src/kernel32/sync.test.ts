import { BOOL, ERROR, OPAQUE } from "@decant/hook";
import { guest } from "@decant/testing";
import type { Thread } from "@decant/process";
import { describe, expect, test } from "vitest";
import { handle } from "./handle.ts";
import { sync } from "./sync.ts";
import { waiting } from "./wait.ts";

function machine() {
  const made = guest({ topics: [sync, waiting, handle] });
  /** Starts a thread that runs a function of the test's. */
  const start = (body: () => number): Thread => made.process.createThread(made.callback(body), 0n);
  return { ...made, start };
}

describe("critical sections", () => {
  test("keep Windows' own fields: owner, recursion, lock count", () => {
    const { call, allocate, memory, thread } = machine();
    const section = allocate(40);
    call("InitializeCriticalSectionAndSpinCount", section, 4000);
    expect([memory.i32(section + 8), memory.i32(section + 12), memory.u32(section + 32)]).toEqual([-1, 0, 4000]);
    call("EnterCriticalSection", section);
    expect(call("TryEnterCriticalSection", section)).toBe(1);
    expect([memory.i32(section + 12), memory.u32(section + 16)]).toEqual([2, thread.id]);
    call("LeaveCriticalSection", section);
    call("LeaveCriticalSection", section);
    expect([memory.i32(section + 8), memory.i32(section + 12), memory.u32(section + 16)]).toEqual([-1, 0, 0]);
  });

  test("that another thread holds are waited for", () => {
    const { call, allocate, memory, thread, start } = machine();
    const [section, log] = [allocate(40), allocate(4)];
    call("InitializeCriticalSection", section);
    call("EnterCriticalSection", section);
    start(() => {
      memory.setU32(log, 1);
      return 0;
    });
    memory.setU32(section + 16, thread.id + 1); // as if another thread had it
    expect(call("TryEnterCriticalSection", section)).toBe(0);
    memory.setU32(section + 16, thread.id);
    call("LeaveCriticalSection", section);
    call("Sleep", 1);
    expect(memory.u32(log)).toBe(1);
  });

  test("at an address that is not there are an access violation", () => {
    const { call } = machine();
    expect(() => call("EnterCriticalSection", 0x10)).toThrow(/access violation|0xc0000005/);
  });
});

test("SRW locks let many readers in, or one writer", () => {
  const { call, allocate } = machine();
  const lock = allocate(8);
  call("InitializeSRWLock", lock);
  call("AcquireSRWLockShared", lock);
  expect(["TryAcquireSRWLockShared", "TryAcquireSRWLockExclusive"].map((name) => call(name, lock))).toEqual([1, 0]);
  call("ReleaseSRWLockShared", lock);
  call("ReleaseSRWLockShared", lock);
  call("AcquireSRWLockExclusive", lock);
  expect(["TryAcquireSRWLockShared", "TryAcquireSRWLockExclusive"].map((name) => call(name, lock))).toEqual([0, 0]);
  call("ReleaseSRWLockExclusive", lock);
  expect(call("TryAcquireSRWLockExclusive", lock)).toBe(1);
});

test("a condition variable times out with ERROR_TIMEOUT, and the lock is held again", () => {
  const { call, allocate, thread } = machine();
  const [condition, lock, section] = [allocate(8), allocate(8), allocate(40)];
  call("AcquireSRWLockExclusive", lock);
  expect(call("SleepConditionVariableSRW", condition, lock, 5, 0)).toBe(0);
  expect(thread.lastError).toBe(1460);
  expect(call("TryAcquireSRWLockExclusive", lock)).toBe(0);
  call("InitializeCriticalSection", section);
  call("EnterCriticalSection", section);
  expect(call("SleepConditionVariableCS", condition, section, 0)).toBe(0);
  expect(thread.lastError).toBe(1460);
});

test("InitOnce runs its function once, keeps the context, and lets a failure be tried again", () => {
  const { call, allocate, callback, out, memory, thread } = machine();
  const once = allocate(8);
  let runs = 0;
  const initialise = callback((_once, parameter, place) => {
    runs++;
    memory.setU64(Number(place), 0x1000n);
    return Number(parameter);
  });
  const context = out(OPAQUE);
  expect(call("InitOnceExecuteOnce", once, initialise, 0, context)).toBe(0);
  expect(call("InitOnceExecuteOnce", once, initialise, 1, context)).toBe(1);
  expect(call("InitOnceExecuteOnce", once, initialise, 1, context)).toBe(1);
  expect([runs, context.value]).toEqual([2, 0x1000n]);
  const pending = out(BOOL);
  expect(call("InitOnceBeginInitialize", once, 0, pending, context)).toBe(1);
  expect(pending.value).toBe(false);
  const other = allocate(8);
  expect(call("InitOnceBeginInitialize", other, 1, pending, undefined)).toBe(0);
  expect(thread.lastError).toBe(ERROR.GEN_FAILURE);
  expect(call("InitOnceBeginInitialize", other, 0, pending, undefined)).toBe(1);
  expect(pending.value).toBe(true);
  expect(call("InitOnceComplete", other, 0, 0x20)).toBe(1);
  expect(call("InitOnceBeginInitialize", other, 1, pending, context)).toBe(1);
  expect([pending.value, context.value]).toEqual([false, 0x20n]);
});

test("WaitOnAddress waits while the value is the one compared, and no longer than asked", () => {
  const { call, allocate, memory, thread } = machine();
  const [at, compare] = [allocate(4), allocate(4)];
  expect(call("WaitOnAddress", at, compare, 4, 5)).toBe(0);
  expect(thread.lastError).toBe(1460);
  memory.setU32(at, 1);
  expect(call("WaitOnAddress", at, compare, 4, 5)).toBe(1);
  expect(call("WaitOnAddress", at, compare, 3, 5)).toBe(0);
  expect(thread.lastError).toBe(ERROR.INVALID_PARAMETER);
});

test("lists are last in, first out", () => {
  const { call, allocate } = machine();
  const [head, first, second] = [allocate(16), allocate(16), allocate(16)];
  call("InitializeSListHead", head);
  expect(call("InterlockedPopEntrySList", head)).toBe(0);
  expect(call("InterlockedPushEntrySList", head, first)).toBe(0);
  expect(call("InterlockedPushEntrySList", head, second)).toBe(first);
  expect(call("QueryDepthSList", head)).toBe(2);
  expect(call("InterlockedPopEntrySList", head)).toBe(second);
  expect(call("InterlockedFlushSList", head)).toBe(first);
  expect(call("QueryDepthSList", head)).toBe(0);
});
