import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { cpuDriver } from "@decant/compute";
import { serve } from "@decant/server";
import { decant } from "./decant.ts";

const kernels = join(import.meta.dirname, "../packages/ptx/kernels");
const images = join(import.meta.dirname, "../packages/server/src/conformance/testdata");
const folder = mkdtempSync(join(tmpdir(), "decant-kernel-"));
afterAll(() => rmSync(folder, { recursive: true }));

const saxpy = join(kernels, "saxpy.ptx");
const saxpyArguments = ["--block", "32", "--scalar", "u32:3", "--scalar", "f32:2", "--in", "f32:1,2,3", "--inout", "f32:10,20,30"];
const run = (...args: string[]): ReturnType<typeof decant> => decant(["kernel", "run", ...args]);

/** PTX with one kernel, which copies `bytes` bytes from its first parameter to its second. */
function copyKernel(): string {
  const path = join(folder, "copy.ptx");
  writeFileSync(
    path,
    `.version 8.0 .target sm_75 .address_size 64
.visible .entry copy(.param .u64 from, .param .u64 to) {
  .reg .b64 %rd<5>; .reg .b32 %r<2>; .reg .b16 %h;
  ld.param.u64 %rd1, [from]; ld.param.u64 %rd2, [to];
  mov.u32 %r1, %tid.x; cvt.u64.u32 %rd3, %r1;
  add.u64 %rd1, %rd1, %rd3; add.u64 %rd2, %rd2, %rd3;
  ld.global.u8 %h, [%rd1]; st.global.u8 [%rd2], %h; ret;
}
.visible .entry forever() { again: bra again; }
.visible .entry wild(.param .u64 to) { .reg .b64 %rd1; ld.param.u64 %rd1, [to]; st.global.u32 [%rd1+64], 1; ret; }
`,
  );
  return path;
}

describe("decant kernel list", () => {
  test("shows the kernels of PTX, fatbins and cubins with their parameters", async () => {
    const text = await decant(["kernel", "list", saxpy]);
    expect(text.stdout.toString()).toBe("saxpy(u32 saxpy_param_0, f32 saxpy_param_1, u64 saxpy_param_2, u64 saxpy_param_3)\n");
    const fatbin = await decant(["kernel", "list", join(images, "images-zstd.fatbin"), "--json"]);
    expect(JSON.parse(fatbin.stdout.toString())).toEqual([
      expect.objectContaining({
        name: "scale",
        parameters: [expect.anything(), { name: "scale_param_1", type: "f32", bytes: 4 }, expect.anything()],
      }),
      expect.objectContaining({ name: "look" }),
    ]);
  });

  test("fails with CUDA's name for what is wrong with a module", async () => {
    const machineCode = await decant(["kernel", "list", join(images, "images-machine-code.cubin")]);
    expect([machineCode.exit, machineCode.stderr]).toEqual([1, expect.stringContaining("CUDA_ERROR_NO_BINARY_FOR_GPU")]);
  });
});

describe("decant kernel run", () => {
  test.each([[], ["--compute", "reference"]])("runs a kernel and prints what it wrote %s", async (...how) => {
    const ran = await run(saxpy, "saxpy", ...saxpyArguments, ...how);
    expect([ran.exit, ran.stdout.toString(), ran.stderr]).toEqual([0, "f32:12,24,36\n", ""]);
  });

  test("runs it on a server", async () => {
    const server = await serve({ listen: "127.0.0.1:0", driver: cpuDriver({ workers: 1 }) });
    const ran = await run(saxpy, "saxpy", ...saxpyArguments, "--gpu", server.url, "--json");
    await server.stop();
    expect(JSON.parse(ran.stdout.toString())).toMatchObject({
      kernel: "saxpy",
      grid: [1, 1, 1],
      block: [32, 1, 1],
      outputs: [{ parameter: 3, type: "f32", values: [12, 24, 36] }],
    });
  });

  test("takes parameters from files, and gives bits back", async () => {
    const data = join(folder, "data.bin");
    writeFileSync(data, Uint8Array.of(1, 2, 3, 4));
    const ran = await run(copyKernel(), "copy", "--block", "4", "--in", `u16:@${data}`, "--out", "f16:2");
    expect([ran.stderr, ran.stdout.toString()]).toEqual(["", "f16:0x0201,0x0403\n"]);
  });

  test.each<[why: string, args: string[], name: string]>([
    ["a kernel that the module has not", ["nothing"], "CUDA_ERROR_NOT_FOUND"],
    ["too few parameters", ["copy"], "CUDA_ERROR_INVALID_VALUE"],
    ["a block that is too large", ["copy", "--block", "2000", "--in", "u8:1", "--out", "u8:1"], "CUDA_ERROR_INVALID_VALUE"],
    ["an access out of bounds", ["wild", "--out", "u32:1"], "CUDA_ERROR_ILLEGAL_ADDRESS"],
    ["a kernel without end", ["forever", "--kernel-time", "100ms"], "CUDA_ERROR_LAUNCH_TIMEOUT"],
  ])("ends with 1 and CUDA's name for %s", async (_, args, name) => {
    const ran = await run(copyKernel(), ...args);
    expect([ran.exit, ran.stderr]).toEqual([1, expect.stringContaining(name)]);
  });

  test("gives the error as JSON where JSON was asked for", async () => {
    const json = await run(copyKernel(), "nothing", "--json");
    expect([json.exit, JSON.parse(json.stdout.toString())]).toEqual([
      1,
      expect.objectContaining({ error: "CUDA_ERROR_NOT_FOUND", code: 500 }),
    ]);
  });

  test.each<[args: string[], says: string]>([
    [["copy", "--in", "f99:1"], "begins with a type"],
    [["copy", "--grid", "1,2,3,4"], "up to three sizes"],
    [["copy", "more"], "`run MODULE ENTRY`"],
  ])("ends with 2 for %j", async (args, says) => {
    const ran = await run(copyKernel(), ...args);
    expect([ran.exit, ran.stderr]).toEqual([2, expect.stringContaining(says)]);
  });
});

test("decant kernel --help teaches", async () => {
  const shown = (await decant(["kernel", "--help"])).stdout.toString();
  for (const word of ["kernel list", "kernel run", "--scalar", "bf16", "e4m3", "nan", "Examples"]) expect(shown).toContain(word);
});
