import { guest } from "@decant/testing";
import { expect, test } from "vitest";

test("there is no display to draw on, or to take a picture of", () => {
  const { call } = guest();
  expect(call("CreateDCA", "DISPLAY", undefined, undefined, 0)).toBe(0);
  expect(call("CreateCompatibleBitmap", 0, 16, 16)).toBe(0);
  expect(call("BitBlt", 0, 0, 0, 16, 16, 0, 0, 0, 0xcc0020)).toBe(0);
  expect(call("GetDeviceCaps", 0, 12)).toBe(0);
});
