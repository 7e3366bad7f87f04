import { CUDA_ERROR, CudaError } from "@decant/cuda";
import { api, fn, INT, LPCSTR, out, PVOID, SIZE_T, UINT, ULONGLONG, type Waiting } from "@decant/hook";
import { resetPrimary } from "../context.ts";
import { type GuestThread, need } from "../library.ts";
import { CUdevice } from "../types.ts";
import { readChannels } from "./channels.ts";
import { writeDeviceProperties } from "./device-properties.ts";
import { runtimeErrorName, runtimeErrorString } from "./error-names.ts";
import { type DriverFunction, runtimeTopic } from "./forms.ts";
import type { CudaRuntime, RuntimeVersion } from "./runtime.ts";
import { CUDA_ERROR_T } from "./types.ts";

/* Devices, errors and versions ("CUDA Runtime API", Device Management, Error Handling, Version Management). */

export const errorApi = (dll: string) =>
  api(dll, {
    cudaGetLastError: fn(UINT),
    cudaPeekAtLastError: fn(UINT),
    cudaGetErrorName: fn(PVOID, ["error", UINT]),
    cudaGetErrorString: fn(PVOID, ["error", UINT]),
    cudaRuntimeGetVersion: fn(CUDA_ERROR_T, ["runtimeVersion", out(INT)]),
    cudaProfilerStart: fn(CUDA_ERROR_T),
    cudaProfilerStop: fn(CUDA_ERROR_T),
  });

export const errors = (runtime: CudaRuntime, dll: string, version: RuntimeVersion) => {
  const last = (thread: GuestThread) => runtime.thread(thread).lastError;
  return runtimeTopic(runtime, "nothing")(errorApi(dll), {
    cudaGetLastError(thread) {
      const code = last(thread);
      runtime.thread(thread).lastError = 0;
      return code;
    },
    cudaPeekAtLastError: last,
    cudaGetErrorName: (thread, error) => runtime.nvcuda.text(thread, runtimeErrorName(error)),
    cudaGetErrorString: (thread, error) => runtime.nvcuda.text(thread, runtimeErrorString(error)),
    cudaRuntimeGetVersion: (_, runtimeVersion) => runtimeVersion.set(LATEST[version]),
    // No tool profiles.
    cudaProfilerStart: () => undefined,
    cudaProfilerStop: () => undefined,
  });
};

/** What cudaRuntimeGetVersion answers. */
const LATEST: Readonly<Record<RuntimeVersion, number>> = { 11: 11080, 12: 12090, 13: 13000 };

export const deviceApi = (dll: string) =>
  api(dll, {
    cudaGetDeviceProperties: fn(CUDA_ERROR_T, ["prop", PVOID], ["device", CUdevice]),
    cudaGetDeviceProperties_v2: fn(CUDA_ERROR_T, ["prop", PVOID], ["device", CUdevice]),
    cudaChooseDevice: fn(CUDA_ERROR_T, ["device", out(INT)], ["prop", PVOID]),
    cudaInitDevice: fn(CUDA_ERROR_T, ["device", CUdevice], ["deviceFlags", UINT], ["flags", UINT]),
    cudaSetDevice: fn(CUDA_ERROR_T, ["device", CUdevice]),
    cudaGetDevice: fn(CUDA_ERROR_T, ["device", out(INT)]),
    cudaSetValidDevices: fn(CUDA_ERROR_T, ["device_arr", PVOID], ["len", INT]),
    cudaSetDeviceFlags: fn(CUDA_ERROR_T, ["flags", UINT]),
    cudaGetDeviceFlags: fn(CUDA_ERROR_T, ["flags", out(UINT)]),
    cudaDeviceReset: fn(CUDA_ERROR_T),
    cudaThreadExit: fn(CUDA_ERROR_T),
    cudaDeviceGetTexture1DLinearMaxWidth: fn(CUDA_ERROR_T, ["maxWidthInElements", out(SIZE_T)], ["fmtDesc", PVOID], ["device", CUdevice]),
    cudaDeviceEnablePeerAccess: fn(CUDA_ERROR_T, ["peerDevice", CUdevice], ["flags", UINT]),
    cudaDeviceDisablePeerAccess: fn(CUDA_ERROR_T, ["peerDevice", CUdevice]),
    cudaGetDriverEntryPoint: fn(CUDA_ERROR_T, ["symbol", LPCSTR], ["funcPtr", out(PVOID)], ["flags", ULONGLONG], ["driverStatus", PVOID]),
    cudaGetDriverEntryPointByVersion: fn(
      CUDA_ERROR_T,
      ["symbol", LPCSTR],
      ["funcPtr", out(PVOID)],
      ["cudaVersion", UINT],
      ["flags", ULONGLONG],
      ["driverStatus", PVOID],
    ),
  });

/** CU_DEVICE_ATTRIBUTE_MAXIMUM_TEXTURE1D_LINEAR_WIDTH. */
const TEXTURE1D_LINEAR_WIDTH = 69;
/** cudaDeviceMapHost, which is always so. */
const MAP_HOST = 8;

export const devices = (runtime: CudaRuntime, dll: string, version: RuntimeVersion, driver: ReadonlyMap<string, DriverFunction>) => {
  const check = (thread: GuestThread, device: number): void => void runtime.cuda(thread).cuDeviceGet(device);
  const properties = (layout: RuntimeVersion) => (thread: GuestThread, prop: number, device: number) => {
    if (prop === 0) throw new CudaError(CUDA_ERROR.INVALID_VALUE);
    writeDeviceProperties(runtime.cuda(thread), thread.memory, prop, device, layout);
  };
  const use = (thread: GuestThread, device: number): void => {
    check(thread, device);
    runtime.thread(thread).device = device;
    const cuda = runtime.cuda(thread);
    const primary = runtime.primary(thread, device);
    if (cuda.cuCtxGetCurrent() !== primary) cuda.cuCtxSetCurrent(primary);
  };
  const current = (thread: GuestThread): number => {
    const { current: context } = runtime.cuda(thread).thread;
    return context && !context.destroyed ? context.device.ordinal : runtime.thread(thread).device;
  };
  function* reset(thread: GuestThread): Waiting<void> {
    const device = current(thread);
    runtime.state(thread).contexts.delete(device);
    yield* resetPrimary(runtime.nvcuda, thread, device);
  }
  const getProcAddress = driver.get("cuGetProcAddress_v2")!.body;
  const entryPoint = (
    thread: GuestThread,
    symbol: string | undefined,
    funcPtr: unknown,
    cudaVersion: number,
    flags: bigint,
    status: number,
    ...rest: unknown[]
  ): void => {
    const driverStatus = { set: (value: number) => status !== 0 && thread.memory.setU32(status, value) };
    try {
      getProcAddress(thread, symbol, funcPtr, cudaVersion, flags, driverStatus, ...rest);
    } catch (error) {
      // A symbol that is not there is told by the status alone.
      if (!(error instanceof CudaError && error.cuResult === CUDA_ERROR.NOT_FOUND)) throw error;
    }
  };

  return runtimeTopic(runtime, "driver")(deviceApi(dll), {
    cudaGetDeviceProperties: properties(version === 12 ? 11 : version),
    cudaGetDeviceProperties_v2: properties(version),
    // The one that there is serves any wish.
    cudaChooseDevice: (_, device) => device.set(0),
    cudaInitDevice(thread, device, deviceFlags, flags) {
      check(thread, device);
      if (flags !== 0) runtime.cuda(thread).cuDevicePrimaryCtxSetFlags(device, deviceFlags & ~MAP_HOST);
      runtime.primary(thread, device);
    },
    cudaSetDevice: use,
    cudaGetDevice: (thread, device) => device.set(current(thread)),
    cudaSetValidDevices(thread, list, length) {
      if (length < 0 || (length > 0 && list === 0)) throw new CudaError(CUDA_ERROR.INVALID_VALUE);
      for (let index = 0; index < length; index++) check(thread, thread.memory.u32(list + 4 * index));
    },
    cudaSetDeviceFlags: (thread, flags) => runtime.cuda(thread).cuDevicePrimaryCtxSetFlags(current(thread), flags & ~MAP_HOST),
    cudaGetDeviceFlags: (thread, flags) => flags.set(runtime.cuda(thread).cuDevicePrimaryCtxGetState(current(thread)).flags | MAP_HOST),
    cudaDeviceReset: reset,
    cudaThreadExit: reset,
    cudaDeviceGetTexture1DLinearMaxWidth(thread, maxWidthInElements, fmtDesc, device) {
      need(maxWidthInElements);
      readChannels(thread, fmtDesc);
      maxWidthInElements.set(runtime.cuda(thread).cuDeviceGetAttribute(TEXTURE1D_LINEAR_WIDTH, device));
    },
    cudaDeviceEnablePeerAccess(thread, peerDevice, flags) {
      use(thread, current(thread));
      if (peerDevice === current(thread)) throw new CudaError(CUDA_ERROR.INVALID_DEVICE);
      runtime.cuda(thread).cuCtxEnablePeerAccess(runtime.primary(thread, peerDevice), flags);
    },
    cudaDeviceDisablePeerAccess(thread, peerDevice) {
      use(thread, current(thread));
      if (peerDevice === current(thread)) throw new CudaError(CUDA_ERROR.INVALID_DEVICE);
      runtime.cuda(thread).cuCtxDisablePeerAccess(runtime.primary(thread, peerDevice));
    },
    cudaGetDriverEntryPoint: (thread, symbol, funcPtr, flags, status, ...rest: unknown[]) =>
      entryPoint(thread, symbol, funcPtr, LATEST[version], flags, status, ...rest),
    cudaGetDriverEntryPointByVersion: entryPoint,
  });
};
