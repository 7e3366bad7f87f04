import { afterAll, describe, expect, test } from "vitest";
import { decode, programCases, runCase } from "./cases.ts";

describe("programs nobody here wrote", () => {
  let passed = 0;

  // The first run fetches the packages; a machine may be busy.
  test.each(programCases)("$id answers as recorded ($expect_source)", { timeout: 120_000 }, async (program) => {
    expect(await runCase(program)).toEqual([]);
    passed++;
  });

  afterAll(() => {
    console.log(`real Windows programs: ${passed} of ${programCases.length}`);
  });
});

test("output that is no UTF-8 is compared byte by byte", () => {
  expect(decode(Buffer.from([0x61, 0x81, 0x6e, 0xc3, 0xa9, 0xe2, 0x82]))).toBe("a\udc81n\u00e9\udce2\udc82");
  expect(decode(Buffer.from("plain"))).toBe("plain");
});
