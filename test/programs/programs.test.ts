import { afterAll, describe, expect, test } from "vitest";
import { decant } from "../decant.ts";
import { CASE_ENVIRONMENT, decode, programCases, runCase, type Runner } from "./cases.ts";

const run: Runner = async (image, args, options) => {
  const ran = await decant(["run", image, ...args], { ...options, env: CASE_ENVIRONMENT });
  return { ...ran, stderr: Buffer.from(ran.stderr, "latin1") };
};

describe("programs nobody here wrote", () => {
  // All of them: DECANT_PROGRAMS=all, or `npx tsx bench/programs.ts`, which also says how long they take.
  const cases = programCases.filter(({ quick }) => quick === true || process.env["DECANT_PROGRAMS"] === "all");
  let passed = 0;

  // The first run fetches the packages; a machine may be busy.
  test.each(cases)("$id answers as recorded ($expect_source)", { timeout: 300_000 }, async (program) => {
    expect(await runCase(program, run)).toEqual([]);
    passed++;
  });

  afterAll(() => {
    console.log(
      `real Windows programs: ${passed} of ${cases.length} (${programCases.length - cases.length} more take longer to fetch and run)`,
    );
  });
});

test("output that is no UTF-8 is compared byte by byte", () => {
  expect(decode(Buffer.from([0x61, 0x81, 0x6e, 0xc3, 0xa9, 0xe2, 0x82]))).toBe("a\udc81n\u00e9\udce2\udc82");
  expect(decode(Buffer.from("plain"))).toBe("plain");
});
