import { ERROR, ULONG } from "@decant/hook";
import { guest } from "@decant/testing";
import { expect, test } from "vitest";

test("there are no adapters, and nothing tells of suspending", () => {
  const { call, out } = guest();
  expect(call("GetAdaptersAddresses", 0, 0, 0, 0, out(ULONG))).toBe(ERROR.NO_DATA);
  expect(call("GetAdaptersAddresses", 99, 0, 0, 0, out(ULONG))).toBe(ERROR.INVALID_PARAMETER);
  expect(call("GetAdaptersAddresses", 0, 0, 0, 0, 0)).toBe(ERROR.INVALID_PARAMETER);
  expect(call("PowerRegisterSuspendResumeNotification", 2, 0, 0)).toBe(ERROR.NOT_SUPPORTED);
});

test("ncrypt has what bcrypt has", () => {
  const { address } = guest();
  expect(address("ncrypt!BCryptOpenAlgorithmProvider")).not.toBe(0);
});
