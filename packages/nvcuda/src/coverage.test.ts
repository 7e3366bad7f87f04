import { join } from "node:path";
import { exportNames } from "@decant/cuda";
import { expect, test } from "vitest";
import { nvcudaApi } from "./index.ts";
import { nameOfCall } from "./runtime/call-ids.ts";

/** What real programs use, by how many of them need it; names without their versions and per-thread forms. */
const tiers: readonly (readonly [title: string, names: string])[] = [
  [
    "T0, to start",
    `cuInit cuDriverGetVersion cuGetProcAddress cuGetExportTable cuGetErrorName cuGetErrorString cuDeviceGetCount cuDeviceGet cuDeviceGetName
     cuDeviceTotalMem cuDeviceGetAttribute cuDeviceGetUuid cuDeviceGetLuid cuDeviceGetPCIBusId cuDeviceGetByPCIBusId cuDeviceComputeCapability
     cuDeviceGetProperties cuDevicePrimaryCtxRetain cuDevicePrimaryCtxRelease cuDevicePrimaryCtxGetState cuDevicePrimaryCtxSetFlags
     cuDevicePrimaryCtxReset cuModuleGetLoadingMode`,
  ],
  [
    "T1, to compute",
    `cuCtxCreate cuCtxDestroy cuCtxGetCurrent cuCtxSetCurrent cuCtxPushCurrent cuCtxPopCurrent cuCtxGetDevice cuCtxSynchronize
     cuCtxGetApiVersion cuCtxGetLimit cuCtxSetLimit cuCtxGetFlags cuCtxSetCacheConfig cuCtxGetStreamPriorityRange cuModuleLoad cuModuleLoadData
     cuModuleLoadDataEx cuModuleLoadFatBinary cuModuleUnload cuModuleGetFunction cuModuleGetGlobal cuMemAlloc cuMemFree cuMemAllocPitch
     cuMemGetInfo cuMemGetAddressRange cuMemcpy cuMemcpyHtoD cuMemcpyDtoH cuMemcpyDtoD cuMemsetD8 cuMemsetD16 cuMemsetD32 cuLaunchKernel
     cuFuncGetAttribute cuFuncSetAttribute cuFuncSetCacheConfig`,
  ],
  [
    "T2, asynchronous work and libraries",
    `cuStreamCreate cuStreamCreateWithPriority cuStreamDestroy cuStreamQuery cuStreamSynchronize cuStreamWaitEvent cuStreamGetFlags
     cuStreamGetPriority cuStreamGetCtx cuStreamAddCallback cuLaunchHostFunc cuEventCreate cuEventDestroy cuEventRecord cuEventRecordWithFlags
     cuEventQuery cuEventSynchronize cuEventElapsedTime cuMemcpyAsync cuMemcpyHtoDAsync cuMemcpyDtoHAsync cuMemcpyDtoDAsync cuMemsetD8Async
     cuMemsetD32Async cuMemsetD2D8 cuMemsetD2D32 cuMemHostAlloc cuMemAllocHost cuMemFreeHost cuMemHostRegister cuMemHostUnregister
     cuMemHostGetDevicePointer cuPointerGetAttribute cuPointerGetAttributes cuLaunchKernelEx cuOccupancyMaxActiveBlocksPerMultiprocessor
     cuOccupancyMaxActiveBlocksPerMultiprocessorWithFlags cuOccupancyMaxPotentialBlockSize cuLibraryLoadData cuLibraryUnload cuLibraryGetKernel
     cuLibraryGetModule cuKernelGetFunction`,
  ],
  [
    "T3, images and linking",
    `cuArrayCreate cuArray3DCreate cuArrayDestroy cuArrayGetDescriptor cuMemcpy2D cuMemcpy2DUnaligned cuMemcpy2DAsync cuMemcpy3D cuMemcpy3DAsync
     cuTexObjectCreate cuTexObjectDestroy cuSurfObjectCreate cuSurfObjectDestroy cuModuleGetTexRef cuTexRefSetArray cuTexRefSetAddress
     cuTexRefSetAddressMode cuTexRefSetFilterMode cuTexRefSetFlags cuTexRefSetFormat cuLinkCreate cuLinkAddData cuLinkComplete cuLinkDestroy`,
  ],
  [
    "T4, large programs",
    `cuStreamBeginCapture cuStreamEndCapture cuStreamIsCapturing cuStreamGetCaptureInfo cuThreadExchangeStreamCaptureMode cuGraphCreate
     cuGraphDestroy cuGraphInstantiateWithFlags cuGraphLaunch cuGraphExecDestroy cuGraphExecUpdate cuGraphGetNodes cuGraphAddKernelNode
     cuGraphAddMemcpyNode cuGraphAddMemsetNode cuMemAddressReserve cuMemAddressFree cuMemCreate cuMemRelease cuMemMap cuMemUnmap cuMemSetAccess
     cuMemGetAllocationGranularity cuMemAllocAsync cuMemFreeAsync cuDeviceGetDefaultMemPool cuMemPoolCreate cuMemPoolDestroy
     cuMemPoolGetAttribute cuMemPoolSetAttribute cuMemPoolTrimTo cuMemAllocManaged cuMemPrefetchAsync cuMemAdvise cuDeviceCanAccessPeer
     cuCtxEnablePeerAccess cuMemcpyPeer cuMemcpyPeerAsync cuLaunchCooperativeKernel`,
  ],
];

/** A name without its version and its per-thread form. */
const plain = (name: string): string => name.replace(/_pt[ds]z$|_ptds$/, "").replace(/_v\d$/, "");

test("docs/cuda.md says which functions are there (npx vitest run packages/nvcuda/src/coverage.test.ts -u writes it)", async () => {
  const driver = { open: () => Promise.reject(new Error("not opened")), close: () => undefined };
  const { implementations, runtime } = nvcudaApi({ driver });
  const offered = new Set(implementations.slice(0, -1).flatMap(({ table }) => Object.keys(table.declarations as object)));
  const missing = exportNames.filter((name) => !offered.has(name));
  const absent = new Set(missing.map(plain));
  const rows = tiers.map(([title, names]) => {
    const list = names.split(/\s+/);
    const lacking = list.filter((name) => absent.has(name));
    return `| ${title} | ${list.length - lacking.length} of ${list.length} | ${lacking.join(" ") || "–"} |`;
  });
  const tiered = new Set(tiers.flatMap(([, names]) => names.split(/\s+/)));
  const others = [...new Set([...offered].map(plain))].filter((name) => !tiered.has(name)).toSorted();
  const ofRuntime = new Set(runtime("nvcudart_hybrid64").flatMap(({ bodies }) => Object.keys(bodies as object)));
  const called = [...new Set([...nameOfCall.values()].map(plain))].filter((name) => !name.includes("cudaD3D") && !name.includes("cudaGL"));
  const [runtimeOffered, runtimeAbsent] = [true, false].map((isThere) =>
    called.filter((name) => ofRuntime.has(name) === isThere).toSorted(),
  );
  const page = `# CUDA: what is there

Made by \`packages/nvcuda/src/coverage.test.ts\` from the tables of the guest's nvcuda.dll, which exports all ${exportNames.length} names of cuda.h 13.0
with their versions and per-thread forms: ${offered.size} are offered, ${missing.length} answer CUDA_ERROR_NOT_SUPPORTED and are counted.

| tier | offered | not yet |
|---|---|---|
${rows.join("\n")}

Besides: ${others.join(" ")}.

Not there: ${[...absent].toSorted().join(" ")}.

## The CUDA runtime

Programs reach it in three ways:

- by cudart64_110.dll, cudart64_12.dll or cudart64_13.dll: these are built in, also where a program brings NVIDIA's own;
- by what CUDA 13 links into programs for Windows, which asks the driver for the runtime (nvcudart_hybrid64.dll) by cuGetExportTable and for its functions
  by number: all that is asked for is answered, and what is not there answers cudaErrorNotSupported and is counted;
- by the runtime of CUDA 12 and earlier, linked statically: such programs get cudaErrorSymbolNotFound from their first call, and a sentence on standard error says why. That
  runtime asks cuGetExportTable for tables that are not documented, and checks the driver by what is in them. Seen by a stand-in for libcuda with the static runtime of CUDA 13 for Linux,
  which still works that way: f8cff951-2146-8b4e-b9e2-fb469e7c0dd9 (it goes on without), after cuInit 6bd5fb6c-5bf4-e74a-8987-d93912fd9df9 (without it, error 500), whose second
  entry is called with a pointer before the first device is asked for anything, and a094798c-2e74-2e74-93f2-0800200c0a66; it holds the words "integrity checks failed".

Not there in any way: \`__managed__\` variables, texture references of CUDA 11, IPC, graphics, external memory, graphs that allocate. A program's functions that
are passed to kernels by address, and more devices than one, were not tried.

Offered: ${runtimeOffered!.join(" ")}.

Not there: ${runtimeAbsent!.join(" ")}.
`;
  expect(
    tiers.flatMap(([, names]) => names.split(/\s+/)).filter((name) => !exportNames.some((export_) => plain(export_) === name)),
  ).toEqual([]);
  await expect(page).toMatchFileSnapshot(join(import.meta.dirname, "../../../docs/cuda.md"));
});
