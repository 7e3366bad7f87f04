import { expect, test } from "vitest";
import { bytesOption, bytesText, durationOption, durationText } from "./quantities.ts";

test.each([
  ["1000", 1000],
  ["1k", 1024],
  ["512M", 512 * 1024 ** 2],
  ["1.5G", 1.5 * 1024 ** 3],
  ["2GiB", 2 * 1024 ** 3],
  ["1t", 1024 ** 4],
])("%s is a size", (text, bytes) => {
  expect(bytesOption("memory", text)).toBe(bytes);
});

test.each(["", "0", "-1", "1X", "G", "1 2"])("%j is no size", (text) => {
  expect(() => bytesOption("memory", text)).toThrow("--memory takes a size, as 512M or 2G");
});

test.each([
  ["30", 30_000],
  ["500ms", 500],
  ["1.5s", 1500],
  ["2m", 120_000],
  ["12h", 43_200_000],
  ["90d", 7_776_000_000],
  ["0", 0],
])("%s is a time", (text, ms) => {
  expect(durationOption("grace", text)).toBe(ms);
});

test.each(["", "s", "-1s", "1w"])("%j is no time", (text) => {
  expect(() => durationOption("grace", text)).toThrow("--grace takes a time");
});

test("what was not given is undefined", () => {
  expect([bytesOption("memory", undefined), durationOption("grace", undefined)]).toEqual([undefined, undefined]);
});

test("sizes and times are written for people", () => {
  expect([0, 1023, 1024, 1536, 200 * 1024, 3 * 1024 ** 3].map(bytesText)).toEqual([
    "0 B",
    "1023 B",
    "1.0 KiB",
    "1.5 KiB",
    "200 KiB",
    "3.0 GiB",
  ]);
  expect([0, 999, 1000, 119_000, 120_000, 7_100_000, 12_000_000, 200_000_000].map(durationText)).toEqual([
    "0 ms",
    "999 ms",
    "1 s",
    "119 s",
    "2 min",
    "118 min",
    "3 h 20 min",
    "2 d",
  ]);
});
