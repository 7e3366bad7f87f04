import { DWORD, ERROR, LARGE_INTEGER, LONG, OPAQUE, ULONG_PTR } from "@decant/hook";
import { guest } from "@decant/testing";
import { describe, expect, test } from "vitest";
import { completion } from "./completion.ts";
import { handle } from "./handle.ts";
import { waiting } from "./wait.ts";

const TIMEOUT = 258;
const FAILED = 0xffff_ffff;
const machine = () => guest({ topics: [waiting, completion, handle] });

describe("events", () => {
  test("one that resets itself lets one wait end, a manual one all", () => {
    const { call } = machine();
    const [auto, manual] = [call("CreateEventW", undefined, 0, 1, undefined), call("CreateEventW", undefined, 1, 1, undefined)];
    expect([1, 2].map(() => call("WaitForSingleObject", auto, 0))).toEqual([0, TIMEOUT]);
    expect([1, 2].map(() => call("WaitForSingleObject", manual, 0))).toEqual([0, 0]);
    call("ResetEvent", manual);
    expect(call("WaitForSingleObject", manual, 0)).toBe(TIMEOUT);
    call("SetEvent", auto);
    expect(call("WaitForSingleObject", auto, 0)).toBe(0);
  });

  test("a name is the same object; opening what is not there fails", () => {
    const { call, thread } = machine();
    const first = call("CreateEventW", undefined, 1, 0, "Local\\e");
    expect(thread.lastError).toBe(ERROR.SUCCESS);
    const second = call("CreateEventA", undefined, 1, 0, "e");
    expect(thread.lastError).toBe(ERROR.ALREADY_EXISTS);
    call("SetEvent", second);
    expect(call("WaitForSingleObject", first, 0)).toBe(0);
    expect(call("OpenEventW", 0x1f_0003, 0, "none")).toBe(0);
    expect(thread.lastError).toBe(ERROR.FILE_NOT_FOUND);
    expect(call("CreateMutexW", undefined, 0, "e")).toBe(0);
    expect(thread.lastError).toBe(ERROR.INVALID_HANDLE);
  });

  test("a name is free again when the last handle is closed", () => {
    const { call, thread } = machine();
    call("CloseHandle", call("CreateEventW", undefined, 1, 1, "gone"));
    call("CreateEventW", undefined, 1, 0, "gone");
    expect(thread.lastError).toBe(ERROR.SUCCESS);
  });
});

test("a mutex counts for its owner, and only its owner may release it", () => {
  const { call, thread } = machine();
  const mutex = call("CreateMutexW", undefined, 1, undefined);
  expect(call("WaitForSingleObject", mutex, 0)).toBe(0);
  expect([1, 2, 3].map(() => call("ReleaseMutex", mutex))).toEqual([1, 1, 0]);
  expect(thread.lastError).toBe(ERROR.NOT_OWNER);
});

test("a semaphore counts between 0 and its maximum", () => {
  const { call, out, thread } = machine();
  const semaphore = call("CreateSemaphoreW", undefined, 1, 2, undefined);
  const previous = out(LONG);
  expect(call("ReleaseSemaphore", semaphore, 1, previous)).toBe(1);
  expect(previous.value).toBe(1);
  expect(call("ReleaseSemaphore", semaphore, 1, previous)).toBe(0);
  expect(thread.lastError).toBe(ERROR.TOO_MANY_POSTS);
  expect([1, 2, 3].map(() => call("WaitForSingleObject", semaphore, 0))).toEqual([0, 0, TIMEOUT]);
  expect(call("CreateSemaphoreW", undefined, 3, 2, undefined)).toBe(0);
  expect(thread.lastError).toBe(ERROR.INVALID_PARAMETER);
});

describe("waits", () => {
  test("for several objects end with the first that is signaled, or with all at once", () => {
    const { call, thread } = machine();
    const events = [0, 1, 1].map((initial) => call("CreateEventW", undefined, 0, initial, undefined));
    const handles = events.map(BigInt);
    const place = machineArray(handles);
    const wait = (count: number, all: number, ms: number) => call("WaitForMultipleObjects", count, place, all, ms);
    expect(wait(3, 1, 0)).toBe(TIMEOUT);
    expect(wait(3, 0, 0)).toBe(1);
    expect(wait(3, 0, 0)).toBe(2);
    expect(wait(3, 0, 10)).toBe(TIMEOUT);
    for (const event of events) call("SetEvent", event);
    expect(wait(3, 1, 0)).toBe(0);
    expect(wait(3, 0, 0)).toBe(TIMEOUT);
    expect(wait(0, 0, 0)).toBe(FAILED);
    expect(thread.lastError).toBe(ERROR.INVALID_PARAMETER);
    expect(wait(65, 0, 0)).toBe(FAILED);

    function machineArray(values: bigint[]): Uint8Array {
      return new Uint8Array(BigUint64Array.from(values).buffer);
    }
  });

  test("for a handle that is not open fail", () => {
    const { call, thread } = machine();
    expect(call("WaitForSingleObject", 0xbad0, 0)).toBe(FAILED);
    expect(thread.lastError).toBe(ERROR.INVALID_HANDLE);
  });

  test("take the time that they are given", () => {
    const { call, host } = machine();
    const event = call("CreateEventW", undefined, 1, 0, undefined);
    const before = host.clock.monotonic();
    expect(call("WaitForSingleObject", event, 250)).toBe(TIMEOUT);
    expect(host.clock.monotonic() - before).toBeGreaterThanOrEqual(250);
    call("Sleep", 100);
    expect(host.clock.monotonic() - before).toBeGreaterThanOrEqual(350);
  });

  test("that are alertable run what was queued for the thread", () => {
    const { call, callback, process, thread } = machine();
    const seen: number[] = [];
    const routine = callback((argument) => {
      seen.push(Number(argument));
      return 0;
    });
    const self = process.handles.add(thread.object);
    expect(call("QueueUserAPC", routine, self, 42)).not.toBe(0);
    expect(call("SleepEx", 1000, 1)).toBe(0xc0);
    expect(seen).toEqual([42]);
    expect(call("SleepEx", 1, 1)).toBe(0);
  });
});

test("a timer is signaled after its time, and again by its period", () => {
  const { call, out } = machine();
  const timer = call("CreateWaitableTimerW", undefined, 0, undefined);
  expect(call("SetWaitableTimer", timer, out(LARGE_INTEGER, -500_000), 20, 0, 0, 0)).toBe(1);
  expect(call("WaitForSingleObject", timer, 10)).toBe(TIMEOUT);
  expect(call("WaitForSingleObject", timer, 100)).toBe(0);
  expect(call("WaitForSingleObject", timer, 100)).toBe(0);
  call("CancelWaitableTimer", timer);
  expect(call("WaitForSingleObject", timer, 100)).toBe(TIMEOUT);
});

test("a completion port hands packets out in their order", () => {
  const { call, out, thread } = machine();
  const port = call("CreateIoCompletionPort", -1, 0, 0, 0);
  call("PostQueuedCompletionStatus", port, 5, 1, 0x1000);
  call("PostQueuedCompletionStatus", port, 6, 2, 0x2000);
  const [bytes, key, overlapped] = [out(DWORD), out(ULONG_PTR), out(OPAQUE)];
  for (const expected of [5, 6]) {
    expect(call("GetQueuedCompletionStatus", port, bytes, key, overlapped, 0)).toBe(1);
    expect(bytes.value).toBe(expected);
  }
  expect([key.value, overlapped.value]).toEqual([2n, 0x2000n]);
  expect(call("GetQueuedCompletionStatus", port, bytes, key, overlapped, 0)).toBe(0);
  expect([thread.lastError, overlapped.value]).toEqual([TIMEOUT, 0n]);
});
