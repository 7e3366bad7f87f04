import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";

const folder = join(import.meta.dirname, "../bench/kernels/cuda");
const read = (name: string): string => readFileSync(join(folder, name), "utf8");

test("the benchmark's PTX was built from its sources as they are now (bench/kernels/cuda/build.sh builds it)", () => {
  const recorded = read("sources.sha256").trim().split("\n");
  const now = ["kernels.cu", "portable.h"].map((name) => `${createHash("sha256").update(read(name)).digest("hex")}  ${name}`);
  expect(recorded).toEqual(now);
});
