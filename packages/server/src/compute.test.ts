import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { CUDA_ERROR } from "@decant/cuda";
import { cpuDriver } from "@decant/compute";
import { connect } from "@decant/remoting";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { serve, type Server } from "./serve.ts";
import { TokenFile } from "./tokens.ts";

let server: Server;
beforeAll(async () => {
  server = await serve({ listen: "127.0.0.1:0", driver: cpuDriver({ workers: 1 }) });
});
afterAll(() => server.stop());

const fixture = (name: string): string => readFileSync(new URL(`../../../fixtures/${name}`, import.meta.url), "utf8");

describe("through a server, the processor", () => {
  test("adds two vectors with PTX from nvcc", async () => {
    const cuda = await connect(server.url);
    cuda.cuCtxCreate(0, 0);
    const module = await cuda.cuModuleLoadData(fixture("vector-add/vector-add.ptx"));
    const f = cuda.cuModuleGetFunction(module, "vectorAdd");
    const n = 50_000;
    const a = Float32Array.from({ length: n }, (_, index) => index * 0.37);
    const b = Float32Array.from({ length: n }, (_, index) => (n - index) * 1.13);
    const [da, db, dc] = [cuda.cuMemAlloc(4 * n), cuda.cuMemAlloc(4 * n), cuda.cuMemAlloc(4 * n)];
    cuda.cuMemcpyHtoD(da, a);
    cuda.cuMemcpyHtoD(db, b);
    cuda.cuLaunchKernel(f, Math.ceil(n / 256), 1, 1, 256, 1, 1, 0, 0, [da, db, dc, n]);
    const result = new Float32Array((await cuda.cuMemcpyDtoH(dc, 4 * n)).buffer);
    expect(result.every((value, index) => value === Math.fround(a[index]! + b[index]!))).toBe(true);
    await cuda.close();
  });

  test("says what is wrong with PTX", async () => {
    const cuda = await connect(server.url);
    cuda.cuCtxCreate(0, 0);
    const error = await cuda.cuModuleLoadData(".version 7.0\n.target sm_75\n.nonsense\n").catch((reason: unknown) => reason);
    expect(error).toMatchObject({ cuResult: CUDA_ERROR.INVALID_PTX, log: expect.stringContaining("3") });
    await cuda.close();
  });

  test("finds an access out of bounds, and goes on with another context", async () => {
    const cuda = await connect(server.url);
    const context = cuda.cuCtxCreate(0, 0);
    const module = await cuda.cuModuleLoadData(fixture("vector-add/vector-add.ptx"));
    const f = cuda.cuModuleGetFunction(module, "vectorAdd");
    const p = cuda.cuMemAlloc(1024);
    cuda.cuLaunchKernel(f, 1, 1, 1, 256, 1, 1, 0, 0, [p, p, 0, 256]);
    await expect(cuda.cuCtxSynchronize()).rejects.toMatchObject({ cuResult: CUDA_ERROR.ILLEGAL_ADDRESS });
    expect(() => cuda.cuMemAlloc(4)).toThrow("CUDA_ERROR_ILLEGAL_ADDRESS");
    cuda.cuCtxDestroy(context);
    cuda.cuCtxCreate(0, 0);
    const q = cuda.cuMemAlloc(16);
    cuda.cuMemsetD32(q, 7, 4);
    expect([...(await cuda.cuMemcpyDtoH(q, 16)).subarray(0, 4)]).toEqual([7, 0, 0, 0]);
    await cuda.close();
  });

  test("ends a kernel that never ends, for its own session only", async () => {
    const folder = mkdtempSync(join(tmpdir(), "decant-compute-"));
    const tokens = new TokenFile(join(folder, "tokens.json"));
    const [hasty, patient] = [tokens.add("hasty", { kernelTimeMs: 300 }), tokens.add("patient")];
    const shared = await serve({ listen: "127.0.0.1:0", driver: cpuDriver({ workers: 2 }), tokens });
    const ptx = `.version 7.5
      .target sm_75
      .address_size 64
      .visible .entry endless() { again: bra again; }
      .visible .entry store(.param .u64 to) {
        .reg .b64 %rd1;
        .reg .b32 %r1;
        .reg .pred %p1;
        ld.param.u64 %rd1, [to];
        mov.u32 %r1, 41;
        again: add.u32 %r1, %r1, 1;
        setp.lt.u32 %p1, %r1, 42;
        @%p1 bra again;
        st.global.u32 [%rd1], %r1;
        ret;
      }`;
    const program = async (token: string) => {
      const cuda = await connect(shared.url, { token });
      const context = cuda.cuCtxCreate(0, 0);
      const module = await cuda.cuModuleLoadData(ptx);
      const launch = (name: string, args: number[]): void =>
        cuda.cuLaunchKernel(cuda.cuModuleGetFunction(module, name), 1, 1, 1, 1, 1, 1, 0, 0, args);
      const store = async (): Promise<number | undefined> => {
        const p = cuda.cuMemAlloc(4);
        launch("store", [p]);
        return (await cuda.cuMemcpyDtoH(p, 4))[0];
      };
      return { cuda, context, launch, store };
    };
    const [bad, other] = [await program(hasty), await program(patient)];
    bad.launch("endless", []);
    const end = Promise.resolve(bad.cuda.cuCtxSynchronize()).catch((error: unknown) => error);
    expect(await other.store()).toBe(42);
    expect(await end).toMatchObject({ cuResult: CUDA_ERROR.LAUNCH_TIMEOUT });
    expect(() => bad.cuda.cuMemAlloc(4)).toThrow("CUDA_ERROR_LAUNCH_TIMEOUT");
    expect(await other.store()).toBe(42);
    bad.cuda.cuCtxDestroy(bad.context);
    await bad.cuda.close();
    const next = await program(patient);
    expect(await next.store()).toBe(42);
    await shared.stop();
    rmSync(folder, { recursive: true });
  });
});
