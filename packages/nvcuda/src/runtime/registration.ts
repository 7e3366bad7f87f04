import { CudaError } from "@decant/cuda";
import { api, fn, INT, LPCSTR, optional, out, PVOID, SIZE_T, UINT, VOID } from "@decant/hook";
import { CUstream } from "../types.ts";
import { CUDA_RUNTIME_ERROR } from "./error-names.ts";
import { runtimeTopic } from "./forms.ts";
import { FatBinary } from "./process-state.ts";
import type { CudaRuntime } from "./runtime.ts";
import { CUDA_ERROR_T, DIM3, ENTRY } from "./types.ts";

/* What nvcc's code calls of itself (crt/host_runtime.h): before main it registers fatbins, and the stand-ins of their kernels and variables; <<<…>>> is put down, and taken up by the stand-in. */

const handle = ["fatCubinHandle", PVOID] as const;
const deviceName = ["deviceName", LPCSTR] as const;
const variable = [["deviceAddress", PVOID], deviceName, ["ext", INT], ["size", SIZE_T], ["constant", INT], ["global", INT]] as const;

export const registrationApi = (dll: string) =>
  api(dll, {
    __cudaRegisterFatBinary: fn(PVOID, ["fatCubin", PVOID]),
    __cudaRegisterFatBinaryEnd: fn(VOID, handle),
    __cudaUnregisterFatBinary: fn(VOID, handle),
    __cudaInitModule: fn(INT, handle),
    __cudaRegisterFunction: fn(
      VOID,
      handle,
      ["hostFun", ENTRY],
      ["deviceFun", PVOID],
      deviceName,
      ["thread_limit", INT],
      ["tid", PVOID],
      ["bid", PVOID],
      ["bDim", PVOID],
      ["gDim", PVOID],
      ["wSize", PVOID],
    ),
    __cudaRegisterVar: fn(VOID, handle, ["hostVar", PVOID], ...variable),
    __cudaRegisterManagedVar: fn(VOID, handle, ["hostVarPtrAddress", PVOID], ...variable),
    __cudaPushCallConfiguration: fn(UINT, ["gridDim", DIM3], ["blockDim", DIM3], ["sharedMem", SIZE_T], ["stream", CUstream]),
    __cudaPopCallConfiguration: fn(
      CUDA_ERROR_T,
      ["gridDim", PVOID],
      ["blockDim", PVOID],
      ["sharedMem", optional(out(SIZE_T))],
      ["stream", optional(out(CUstream))],
    ),
  });

export const registration = (runtime: CudaRuntime, dll: string) =>
  runtimeTopic(runtime, "nothing")(registrationApi(dll), {
    __cudaRegisterFatBinary(thread, fatCubin) {
      const made = thread.process.heap.allocate(8);
      thread.memory.setU64(made, BigInt(fatCubin));
      runtime.state(thread).binaries.set(made, new FatBinary(fatCubin));
      return made;
    },
    __cudaRegisterFatBinaryEnd: () => undefined,
    __cudaUnregisterFatBinary(thread, fatCubinHandle) {
      const { binaries, functions, variables, kernels } = runtime.state(thread);
      const binary = binaries.get(fatCubinHandle);
      binaries.delete(fatCubinHandle);
      for (const [address, symbol] of functions)
        if (symbol.binary === binary) {
          functions.delete(address);
          kernels.delete(address);
        }
      for (const [address, symbol] of variables) if (symbol.binary === binary) variables.delete(address);
    },
    __cudaInitModule: () => 1,
    __cudaRegisterFunction(thread, fatCubinHandle, hostFun, _deviceFun, name) {
      const { binaries, functions } = runtime.state(thread);
      const binary = binaries.get(fatCubinHandle);
      if (binary) functions.set(hostFun, { binary, name: name ?? "" });
    },
    __cudaRegisterVar(thread, fatCubinHandle, hostVar, _deviceAddress, name, _ext, size) {
      const { binaries, variables } = runtime.state(thread);
      const binary = binaries.get(fatCubinHandle);
      if (binary) variables.set(hostVar, { binary, name: name ?? "", size });
    },
    __cudaRegisterManagedVar(thread, fatCubinHandle) {
      const binary = runtime.state(thread).binaries.get(fatCubinHandle);
      if (binary) binary.hasManagedVariables = true;
    },
    __cudaPushCallConfiguration(thread, { x, y, z }, blockDim, sharedMem, stream) {
      const block = [blockDim.x, blockDim.y, blockDim.z] as const;
      runtime.thread(thread).configurations.push({ grid: [x, y, z], block, sharedMem, stream });
      return 0;
    },
    __cudaPopCallConfiguration(thread, gridDim, blockDim, sharedMem, stream) {
      const configured = runtime.thread(thread).configurations.pop();
      if (!configured) throw new CudaError(CUDA_RUNTIME_ERROR.MISSING_CONFIGURATION);
      for (const [address, sizes] of [
        [gridDim, configured.grid],
        [blockDim, configured.block],
      ] as const)
        // prettier-ignore
        for (const [index, size] of sizes.entries()) thread.memory.setU32(address + 4 * index, size);
      sharedMem.set(configured.sharedMem);
      stream.set(configured.stream);
    },
  });
