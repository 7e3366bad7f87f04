import { ERROR } from "@decant/hook";
import { guest } from "@decant/testing";
import { expect, test } from "vitest";

test("there is no event log to write to: a source is refused as by a stopped service, and no handle is one", () => {
  const { call, thread } = guest();
  expect(call("RegisterEventSourceW", undefined, "me")).toBe(0);
  expect(thread.lastError).toBe(1722);
  expect(call("ReportEventA", 0x10, 1, 0, 0, 0, 0, 0, 0, 0)).toBe(0);
  expect(thread.lastError).toBe(ERROR.INVALID_HANDLE);
});
