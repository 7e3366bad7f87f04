import { api, type AnyBody, type FunctionDeclaration, type Implementation, implementFor } from "@decant/hook";
import type { GuestThread } from "../library.ts";
import { type DriverFunction, runtimeBody } from "./forms.ts";
import type { CudaRuntime, Needs, RuntimeVersion } from "./runtime.ts";
import { CUDA_ERROR_T } from "./types.ts";

/**
 * Functions of the runtime that take what a function of the driver takes, in its order, and do what it does: "name of the runtime, name of the driver", with
 * the versions of the runtime that have it so where not all have (CUDA Runtime API; cuda_runtime_api.h 11.8, 12.9 and 13.0).
 */
const forms: Readonly<Record<Needs, string>> = {
  nothing: `
cudaDriverGetVersion cuDriverGetVersion
cudaGetExportTable cuGetExportTable
`,
  driver: `
cudaGetDeviceCount cuDeviceGetCount
cudaDeviceGetAttribute cuDeviceGetAttribute
cudaDeviceGetByPCIBusId cuDeviceGetByPCIBusId
cudaDeviceGetPCIBusId cuDeviceGetPCIBusId
cudaDeviceGetP2PAttribute cuDeviceGetP2PAttribute
cudaDeviceCanAccessPeer cuDeviceCanAccessPeer
`,
  context: `
cudaDeviceSynchronize cuCtxSynchronize
cudaThreadSynchronize cuCtxSynchronize 11-12
cudaDeviceGetLimit cuCtxGetLimit
cudaDeviceSetLimit cuCtxSetLimit
cudaDeviceGetCacheConfig cuCtxGetCacheConfig
cudaDeviceSetCacheConfig cuCtxSetCacheConfig
cudaDeviceGetSharedMemConfig cuCtxGetSharedMemConfig
cudaDeviceSetSharedMemConfig cuCtxSetSharedMemConfig
cudaDeviceGetStreamPriorityRange cuCtxGetStreamPriorityRange
cudaCtxResetPersistingL2Cache cuCtxResetPersistingL2Cache
cudaDeviceGetDefaultMemPool cuDeviceGetDefaultMemPool
cudaDeviceGetMemPool cuDeviceGetMemPool
cudaDeviceSetMemPool cuDeviceSetMemPool
cudaStreamCreateWithFlags cuStreamCreate
cudaStreamCreateWithPriority cuStreamCreateWithPriority
cudaStreamDestroy cuStreamDestroy_v2
cudaStreamQuery cuStreamQuery
cudaStreamSynchronize cuStreamSynchronize
cudaStreamWaitEvent cuStreamWaitEvent
cudaStreamAddCallback cuStreamAddCallback
cudaStreamGetFlags cuStreamGetFlags
cudaStreamGetPriority cuStreamGetPriority
cudaStreamGetId cuStreamGetId
cudaStreamGetDevice cuStreamGetDevice
cudaStreamAttachMemAsync cuStreamAttachMemAsync
cudaStreamBeginCapture cuStreamBeginCapture_v2
cudaStreamBeginCaptureToGraph cuStreamBeginCaptureToGraph
cudaStreamEndCapture cuStreamEndCapture
cudaStreamIsCapturing cuStreamIsCapturing
cudaStreamGetCaptureInfo cuStreamGetCaptureInfo 11-12
cudaStreamGetCaptureInfo cuStreamGetCaptureInfo_v3 13
cudaStreamGetCaptureInfo_v2 cuStreamGetCaptureInfo_v2 11-12
cudaStreamGetCaptureInfo_v3 cuStreamGetCaptureInfo_v3 12
cudaStreamUpdateCaptureDependencies cuStreamUpdateCaptureDependencies 11-12
cudaStreamUpdateCaptureDependencies cuStreamUpdateCaptureDependencies_v2 13
cudaStreamUpdateCaptureDependencies_v2 cuStreamUpdateCaptureDependencies_v2 12
cudaThreadExchangeStreamCaptureMode cuThreadExchangeStreamCaptureMode
cudaLaunchHostFunc cuLaunchHostFunc
cudaEventCreateWithFlags cuEventCreate
cudaEventDestroy cuEventDestroy_v2
cudaEventRecord cuEventRecord
cudaEventRecordWithFlags cuEventRecordWithFlags
cudaEventQuery cuEventQuery
cudaEventSynchronize cuEventSynchronize
cudaEventElapsedTime cuEventElapsedTime_v2
cudaMalloc cuMemAlloc_v2
cudaMallocManaged cuMemAllocManaged
cudaMallocAsync cuMemAllocAsync
cudaMallocFromPoolAsync cuMemAllocFromPoolAsync
cudaFreeAsync cuMemFreeAsync
cudaMallocHost cuMemAllocHost_v2
cudaHostAlloc cuMemHostAlloc
cudaHostRegister cuMemHostRegister_v2
cudaHostUnregister cuMemHostUnregister
cudaHostGetDevicePointer cuMemHostGetDevicePointer_v2
cudaHostGetFlags cuMemHostGetFlags
cudaMemGetInfo cuMemGetInfo_v2
cudaMemPrefetchAsync cuMemPrefetchAsync 11-12
cudaMemPrefetchAsync cuMemPrefetchAsync_v2 13
cudaMemPrefetchAsync_v2 cuMemPrefetchAsync_v2 12
cudaMemAdvise cuMemAdvise 11-12
cudaMemAdvise cuMemAdvise_v2 13
cudaMemAdvise_v2 cuMemAdvise_v2 12
cudaMemPoolCreate cuMemPoolCreate
cudaMemPoolDestroy cuMemPoolDestroy
cudaMemPoolTrimTo cuMemPoolTrimTo
cudaMemPoolGetAttribute cuMemPoolGetAttribute
cudaMemPoolSetAttribute cuMemPoolSetAttribute
cudaMemPoolGetAccess cuMemPoolGetAccess
cudaMemPoolSetAccess cuMemPoolSetAccess
cudaFreeArray cuArrayDestroy
cudaFreeMipmappedArray cuMipmappedArrayDestroy
cudaGetMipmappedArrayLevel cuMipmappedArrayGetLevel
cudaDestroyTextureObject cuTexObjectDestroy
cudaDestroySurfaceObject cuSurfObjectDestroy
cudaLibraryLoadData cuLibraryLoadData
cudaLibraryLoadFromFile cuLibraryLoadFromFile
cudaLibraryUnload cuLibraryUnload
cudaLibraryGetKernel cuLibraryGetKernel
cudaLibraryGetGlobal cuLibraryGetGlobal
cudaLibraryGetKernelCount cuLibraryGetKernelCount
cudaLibraryEnumerateKernels cuLibraryEnumerateKernels
cudaGraphCreate cuGraphCreate
cudaGraphDestroy cuGraphDestroy
cudaGraphClone cuGraphClone
cudaGraphNodeFindInClone cuGraphNodeFindInClone
cudaGraphNodeGetType cuGraphNodeGetType
cudaGraphGetNodes cuGraphGetNodes
cudaGraphGetRootNodes cuGraphGetRootNodes
cudaGraphGetEdges cuGraphGetEdges 11-12
cudaGraphGetEdges cuGraphGetEdges_v2 13
cudaGraphGetEdges_v2 cuGraphGetEdges_v2 12
cudaGraphNodeGetDependencies cuGraphNodeGetDependencies 11-12
cudaGraphNodeGetDependencies cuGraphNodeGetDependencies_v2 13
cudaGraphNodeGetDependencies_v2 cuGraphNodeGetDependencies_v2 12
cudaGraphNodeGetDependentNodes cuGraphNodeGetDependentNodes 11-12
cudaGraphNodeGetDependentNodes cuGraphNodeGetDependentNodes_v2 13
cudaGraphNodeGetDependentNodes_v2 cuGraphNodeGetDependentNodes_v2 12
cudaGraphAddDependencies cuGraphAddDependencies 11-12
cudaGraphAddDependencies cuGraphAddDependencies_v2 13
cudaGraphAddDependencies_v2 cuGraphAddDependencies_v2 12
cudaGraphRemoveDependencies cuGraphRemoveDependencies 11-12
cudaGraphRemoveDependencies cuGraphRemoveDependencies_v2 13
cudaGraphRemoveDependencies_v2 cuGraphRemoveDependencies_v2 12
cudaGraphDestroyNode cuGraphDestroyNode
cudaGraphAddEmptyNode cuGraphAddEmptyNode
cudaGraphAddChildGraphNode cuGraphAddChildGraphNode
cudaGraphChildGraphNodeGetGraph cuGraphChildGraphNodeGetGraph
cudaGraphAddHostNode cuGraphAddHostNode
cudaGraphHostNodeGetParams cuGraphHostNodeGetParams
cudaGraphHostNodeSetParams cuGraphHostNodeSetParams
cudaGraphExecHostNodeSetParams cuGraphExecHostNodeSetParams
cudaGraphAddMemsetNode cuGraphAddMemsetNode
cudaGraphMemsetNodeGetParams cuGraphMemsetNodeGetParams
cudaGraphMemsetNodeSetParams cuGraphMemsetNodeSetParams
cudaGraphExecMemsetNodeSetParams cuGraphExecMemsetNodeSetParams
cudaGraphAddEventRecordNode cuGraphAddEventRecordNode
cudaGraphAddEventWaitNode cuGraphAddEventWaitNode
cudaGraphInstantiate cuGraphInstantiate_v2 11
cudaGraphInstantiate cuGraphInstantiateWithFlags 12-13
cudaGraphInstantiateWithFlags cuGraphInstantiateWithFlags
cudaGraphInstantiateWithParams cuGraphInstantiateWithParams
cudaGraphExecGetFlags cuGraphExecGetFlags
cudaGraphExecUpdate cuGraphExecUpdate 11
cudaGraphExecUpdate cuGraphExecUpdate_v2 12-13
cudaGraphExecDestroy cuGraphExecDestroy
cudaGraphNodeSetEnabled cuGraphNodeSetEnabled
cudaGraphNodeGetEnabled cuGraphNodeGetEnabled
cudaGraphLaunch cuGraphLaunch
cudaGraphUpload cuGraphUpload
`,
};

/** The functions of a version of the runtime that are the driver's in all but name. */
export function driverForms(
  runtime: CudaRuntime,
  dll: string,
  version: RuntimeVersion,
  driver: ReadonlyMap<string, DriverFunction>,
): Implementation {
  const declarations: Record<string, FunctionDeclaration> = {};
  const bodies: Record<string, AnyBody> = {};
  for (const needs of ["nothing", "driver", "context"] as const)
    for (const line of forms[needs].trim().split("\n")) {
      const [name, driverName, versions] = line.split(" ") as [string, string, string?];
      const [first, last = first] = (versions ?? "11-13").split("-").map(Number);
      if (version < first! || version > last!) continue;
      const found = driver.get(driverName);
      if (!found) throw new Error(`nvcuda.dll has no ${driverName}`);
      declarations[name] = { ...found.declaration, result: CUDA_ERROR_T };
      bodies[name] = runtimeBody(runtime, needs, found.body);
    }
  return implementFor<GuestThread>()(api(dll, declarations), bodies) as Implementation;
}
