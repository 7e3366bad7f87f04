import { LARGE_INTEGER, STATUS } from "@decant/hook";
import { guest } from "@decant/testing";
import { expect, test } from "vitest";

const TIMEOUT = 0x102;
const ALERTED = 0x101;

function machine() {
  const made = guest();
  const soon = made.out(LARGE_INTEGER, -10_000);
  return { ...made, soon };
}

/** As under Wine 8, but that Wine takes an alert for a thread that is not there. */
test("RtlWaitOnAddress waits while the value is the one compared, and no longer than asked", () => {
  const { call, memory, allocate, soon, host } = machine();
  const [at, compare] = [allocate(8), allocate(8)];
  const before = host.clock.now();
  expect(call("RtlWaitOnAddress", at, compare, 4, soon)).toBe(TIMEOUT);
  expect(host.clock.now() - before).toBe(1);
  memory.setU32(at, 1);
  expect(call("RtlWaitOnAddress", at, compare, 4, soon)).toBe(STATUS.SUCCESS);
  expect(call("RtlWaitOnAddress", at, compare, 3, soon) >>> 0).toBe(STATUS.INVALID_PARAMETER);
});

test("an alert by a thread's id is kept until the thread waits for it, once", () => {
  const { call, thread, soon } = machine();
  for (let i = 0; i < 2; i++) expect(call("NtAlertThreadByThreadId", thread.id)).toBe(STATUS.SUCCESS);
  expect(call("NtWaitForAlertByThreadId", 0, soon)).toBe(ALERTED);
  expect(call("NtWaitForAlertByThreadId", 0, soon)).toBe(TIMEOUT);
  expect(call("NtAlertThreadByThreadId", 0xdead) >>> 0).toBe(STATUS.INVALID_CID);
});

test("NtWaitForMultipleObjects waits for any or for all of up to 64 objects", () => {
  const { call, memory, allocate, soon } = machine();
  const handles = allocate(8 * 65);
  const events = [call("CreateEventW", 0, 1, 0, undefined), call("CreateEventW", 0, 1, 1, undefined)];
  events.forEach((event, index) => memory.setPointer(handles + 8 * index, event));
  expect(call("NtWaitForMultipleObjects", 2, handles, 1, 0, soon)).toBe(1);
  expect(call("NtWaitForMultipleObjects", 2, handles, 0, 0, soon)).toBe(TIMEOUT);
  call("SetEvent", events[0]!);
  expect(call("NtWaitForMultipleObjects", 2, handles, 0, 0, soon)).toBe(STATUS.SUCCESS);
  expect(call("NtWaitForMultipleObjects", 0, handles, 1, 0, soon) >>> 0).toBe(STATUS.INVALID_PARAMETER);
  for (let i = 0; i < 65; i++) memory.setPointer(handles + 8 * i, events[0]!);
  expect(call("NtWaitForMultipleObjects", 64, handles, 1, 0, soon)).toBe(0);
  expect(call("NtWaitForMultipleObjects", 65, handles, 1, 0, soon) >>> 0).toBe(STATUS.INVALID_PARAMETER);
});
