import { afterAll, expect, test } from "vitest";
import { Fuzz } from "./fuzz.ts";

const fuzz = new Fuzz(3);
afterAll(() => fuzz.close());

test("random kernels give the same by both compilers, and damaged ones are refused, run, or fail with a CudaError (npx tsx packages/compute/src/cpu/fuzz.ts runs more)", async () => {
  const outcomes = new Set<string>();
  for (let run = 0; run < 40; run++) outcomes.add((await fuzz.run()).outcome);
  expect([...outcomes].toSorted()).toEqual(["failed", "ran", "refused", "whole"]);
});
