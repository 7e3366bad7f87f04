import { expect, test } from "vitest";
import { Harness } from "../harness.ts";
import { randomKernel } from "./random-kernel.ts";

function run(seed: number, compiler: "vector" | "reference"): { out: Uint32Array; vector: boolean } {
  const { text, block, words } = randomKernel(seed);
  const input = Uint32Array.from({ length: words + 64 }, (_, i) => Math.imul(i + seed, 0x9e3779b1) >>> 0);
  const out = new Uint32Array(words);
  const fitting = [8, 16, 32].filter((lanes) => block[0] % lanes === 0);
  const harness = new Harness(text, { compiler, lanes: fitting[seed % fitting.length] ?? 8 });
  harness.run("k", [out, input, { u32: 5 + (seed % 90) }], { block: [...block], grid: [1] });
  return { out, vector: (harness.compiled.kernels[0]?.vectorPhases.length ?? 0) > 0 };
}

test("random kernels give the same by vectors as by the reference", () => {
  let vectors = 0;
  for (let seed = 1; seed <= 150; seed++) {
    const [vector, reference] = [run(seed, "vector"), run(seed, "reference")];
    expect(vector.out, `seed ${seed}`).toEqual(reference.out);
    if (vector.vector) vectors++;
  }
  expect(vectors).toBeGreaterThan(120);
});
