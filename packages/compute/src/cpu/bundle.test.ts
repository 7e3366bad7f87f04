import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { build } from "esbuild";
import { expect, test } from "vitest";

const program = `
import { cpuDriver } from ${JSON.stringify(fileURLToPath(new URL("../index.ts", import.meta.url)))};
const driver = cpuDriver({ workers: 2, memoryBytes: 1 << 20 });
const session = await driver.open();
const { base, start } = session.info.devices[0].arena;
session.cuCtxCreate(1, 0, 0, 0);
await session.cuModuleLoadData(2, 1, new TextEncoder().encode(\`.version 8.5
.target sm_75
.address_size 64
.entry k(.param .u64 p) { .reg .b64 %rd; ld.param.u64 %rd, [p]; bar.sync 0; red.global.add.u32 [%rd], 1; ret; }\`));
await session.cuMemAlloc(base + start, 1, 4);
const parameters = new Uint8Array(8);
new DataView(parameters.buffer).setBigUint64(0, BigInt(base + start), true);
await session.cuLaunchKernel(1, 2, 0, 50, 1, 1, 64, 1, 1, 0, parameters);
console.log(new Uint32Array((await session.cuMemcpyDtoH(1, base + start, 4)).buffer)[0]);
`;

// The process must end by itself: idle workers do not hold it.
test.each([
  ["plain", {}],
  ["minified", { minify: true }],
  ["with names kept", { minify: true, keepNames: true }],
] as const)("workers start out of one bundled file, %s", async (_, options) => {
  const folder = await mkdtemp(join(tmpdir(), "decant-bundle-"));
  try {
    const entry = join(folder, "entry.mjs");
    const outfile = join(folder, "out", "bundle.mjs");
    await writeFile(entry, program);
    await build({
      entryPoints: [entry],
      outfile,
      bundle: true,
      platform: "node",
      format: "esm",
      target: "node20",
      logLevel: "silent",
      ...options,
    });
    const { stdout } = await promisify(execFile)(process.execPath, [outfile], { timeout: 10_000 });
    expect(stdout.trim()).toBe("3200");
  } finally {
    await rm(folder, { recursive: true });
  }
});
