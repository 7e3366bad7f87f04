import { describe, expect, test } from "vitest";
import { exportNames, procedureName } from "./export-names.ts";

test("names every function once", () => {
  expect(new Set(exportNames).size).toBe(exportNames.length);
  for (const name of ["cuInit", "cuMemAlloc_v2", "cuMemcpyHtoD_v2_ptds", "cuLaunchKernel_ptsz", "cuGreenCtxCreate"])
    expect(exportNames).toContain(name);
});

describe("cuGetProcAddress finds", () => {
  test.each<[string, number, boolean, string | undefined]>([
    ["cuInit", 13000, false, "cuInit"],
    ["cuMemAlloc", 13000, false, "cuMemAlloc_v2"],
    ["cuCtxCreate", 3010, false, "cuCtxCreate"],
    ["cuCtxCreate", 3020, false, "cuCtxCreate_v2"],
    ["cuCtxCreate", 11040, false, "cuCtxCreate_v3"],
    ["cuCtxCreate", 12040, false, "cuCtxCreate_v3"],
    ["cuCtxCreate", 12050, false, "cuCtxCreate_v4"],
    ["cuMemcpyHtoD", 13000, true, "cuMemcpyHtoD_v2_ptds"],
    ["cuLaunchKernel", 13000, true, "cuLaunchKernel_ptsz"],
    ["cuMemAlloc", 13000, true, "cuMemAlloc_v2"],
    ["cuNoSuchFunction", 13000, false, undefined],
  ])("%s of %i, per thread: %s", (symbol, version, perThread, name) => {
    expect(procedureName(symbol, version, perThread)).toBe(name);
  });
});
