import { DEVICE_ATTRIBUTE, FUNC_ATTRIBUTE } from "../attributes.ts";
import type { FunctionInfo } from "../driver-info.ts";
import { CUDA_ERROR, CudaError } from "../result.ts";
import type { CudaClient } from "./client.ts";
import { type Context, Kernel, Module } from "./objects.ts";
import type { CudaThread } from "./thread.ts";

/**
 * Loads PTX text, a fatbin or a cubin into the current context. Fails with CUDA_ERROR_INVALID_PTX and kin; the
 * error's `log` is the compiler's.
 */
export async function cuModuleLoadData(thread: CudaThread, image: Uint8Array | string): Promise<number> {
  const context = thread.context();
  const bytes = typeof image === "string" ? new TextEncoder().encode(image) : image;
  if (bytes.length === 0) throw new CudaError(CUDA_ERROR.INVALID_IMAGE);
  return (await loadModule(thread.client, context, bytes)).handle;
}

/** Loads an image into a context. */
export async function loadModule(client: CudaClient, context: Context, image: Uint8Array): Promise<Module> {
  const handle = client.handle();
  const info = await client.answer(context, client.session.cuModuleLoadData(handle, context.handle, image));
  if (context.destroyed) throw new CudaError(CUDA_ERROR.CONTEXT_IS_DESTROYED);
  const module = client.register(new Module(handle, context, info));
  context.modules.add(module);
  return module;
}

/** What the compiler had to say about a module that loaded. */
export function moduleLog(thread: CudaThread, hmod: number): string {
  return thread.client.object(hmod, Module).info.log;
}

export function cuModuleUnload(thread: CudaThread, hmod: number): void {
  thread.context();
  thread.client.unloadModule(thread.client.object(hmod, Module));
}

/** The CUfunction of a kernel by name; fails with CUDA_ERROR_NOT_FOUND. */
export function cuModuleGetFunction(thread: CudaThread, hmod: number, name: string): number {
  thread.context();
  const module = thread.client.object(hmod, Module);
  const index = module.info.functions.findIndex((kernel) => kernel.name === name);
  if (index < 0) throw new CudaError(CUDA_ERROR.NOT_FOUND, `the module has no kernel ${name}`);
  return thread.client.kernelIn(module, index).handle;
}

/** The module's kernels, at most `count` of them. */
export function cuModuleEnumerateFunctions(thread: CudaThread, count: number, hmod: number): number[] {
  const module = thread.client.object(hmod, Module);
  return module.info.functions.slice(0, count).map((_, index) => thread.client.kernelIn(module, index).handle);
}

/** Address and size in bytes of a global variable by name; fails with CUDA_ERROR_NOT_FOUND. */
export function cuModuleGetGlobal(thread: CudaThread, hmod: number, name: string): { dptr: number; bytes: number } {
  thread.context();
  const { info } = thread.client.object(hmod, Module);
  const found = info.globals.find((global) => global.name === name);
  if (!found) throw new CudaError(CUDA_ERROR.NOT_FOUND, `the module has no global ${name}`);
  return { dptr: found.address, bytes: found.size };
}

/** How many kernels the module has. */
export function cuModuleGetFunctionCount(thread: CudaThread, hmod: number): number {
  return thread.client.object(hmod, Module).info.functions.length;
}

export function cuFuncGetName(thread: CudaThread, hfunc: number): string {
  return thread.client.object(hfunc, Kernel).info.name;
}

export function cuFuncGetModule(thread: CudaThread, hfunc: number): number {
  return thread.client.object(hfunc, Kernel).module.handle;
}

/** Where parameter `paramIndex` lies in the parameter block; fails with CUDA_ERROR_INVALID_VALUE past the last. */
export function cuFuncGetParamInfo(thread: CudaThread, hfunc: number, paramIndex: number): { offset: number; size: number } {
  const parameter = thread.client.object(hfunc, Kernel).info.parameters[paramIndex];
  if (!parameter) throw new CudaError(CUDA_ERROR.INVALID_VALUE);
  return parameter;
}

export function cuFuncGetAttribute(thread: CudaThread, attrib: number, hfunc: number): number {
  const { info, maxDynamicSharedSizeBytes, preferredSharedMemoryCarveout } = thread.client.object(hfunc, Kernel);
  return functionAttribute({ ...info, maxDynamicSharedSizeBytes }, preferredSharedMemoryCarveout, attrib);
}

/** A CUfunction_attribute of a kernel; fails with CUDA_ERROR_INVALID_VALUE for a number that is none. */
export function functionAttribute(info: FunctionInfo, preferredSharedMemoryCarveout: number, attrib: number): number {
  const values: Record<number, number> = {
    [FUNC_ATTRIBUTE.MAX_THREADS_PER_BLOCK]: info.maxThreadsPerBlock,
    [FUNC_ATTRIBUTE.SHARED_SIZE_BYTES]: info.sharedSizeBytes,
    [FUNC_ATTRIBUTE.CONST_SIZE_BYTES]: info.constSizeBytes,
    [FUNC_ATTRIBUTE.LOCAL_SIZE_BYTES]: info.localSizeBytes,
    [FUNC_ATTRIBUTE.NUM_REGS]: info.numRegs,
    [FUNC_ATTRIBUTE.PTX_VERSION]: info.ptxVersion,
    [FUNC_ATTRIBUTE.BINARY_VERSION]: info.binaryVersion,
    [FUNC_ATTRIBUTE.CACHE_MODE_CA]: 0,
    [FUNC_ATTRIBUTE.MAX_DYNAMIC_SHARED_SIZE_BYTES]: info.maxDynamicSharedSizeBytes,
    [FUNC_ATTRIBUTE.PREFERRED_SHARED_MEMORY_CARVEOUT]: preferredSharedMemoryCarveout,
  };
  const value = values[attrib] ?? (attrib <= FUNC_ATTRIBUTE.CLUSTER_SCHEDULING_POLICY_PREFERENCE ? 0 : undefined);
  if (value === undefined) throw new CudaError(CUDA_ERROR.INVALID_VALUE);
  return value;
}

/** CU_FUNCTION_LOADING_STATE_LOADED: modules are loaded whole. */
export function cuFuncIsLoaded(thread: CudaThread, hfunc: number): number {
  thread.client.object(hfunc, Kernel);
  return 1;
}

/** Does nothing: modules are loaded whole. */
export function cuFuncLoad(thread: CudaThread, hfunc: number): void {
  thread.client.object(hfunc, Kernel);
}

/** Raises the limit on dynamic shared memory, up to what the device lets a kernel opt in to; or notes a carveout preference. */
export function cuFuncSetAttribute(thread: CudaThread, hfunc: number, attrib: number, value: number): void {
  thread.context();
  const kernel = thread.client.object(hfunc, Kernel);
  if (attrib === FUNC_ATTRIBUTE.MAX_DYNAMIC_SHARED_SIZE_BYTES) {
    const optIn = kernel.module.context.device.attributes.get(DEVICE_ATTRIBUTE.MAX_SHARED_MEMORY_PER_BLOCK_OPTIN);
    const most = (optIn ?? kernel.info.maxDynamicSharedSizeBytes + kernel.info.sharedSizeBytes) - kernel.info.sharedSizeBytes;
    if (value < 0 || value > most) throw new CudaError(CUDA_ERROR.INVALID_VALUE);
    kernel.maxDynamicSharedSizeBytes = value;
  } else if (attrib === FUNC_ATTRIBUTE.PREFERRED_SHARED_MEMORY_CARVEOUT) {
    if (value < -1 || value > 100) throw new CudaError(CUDA_ERROR.INVALID_VALUE);
    kernel.preferredSharedMemoryCarveout = value;
  } else throw new CudaError(CUDA_ERROR.INVALID_VALUE);
  thread.client.session.cuFuncSetAttribute(kernel.module.handle, kernel.index, attrib, value);
}

/** A preference (CUfunc_cache, 0 to 3) that no driver here acts on. */
export function cuFuncSetCacheConfig(thread: CudaThread, hfunc: number, config: number): void {
  thread.client.object(hfunc, Kernel);
  if (config < 0 || config > 3) throw new CudaError(CUDA_ERROR.INVALID_VALUE);
}

/** A preference for banks of shared memory (CUsharedconfig, 0 to 2) that no driver here acts on. */
export function cuFuncSetSharedMemConfig(thread: CudaThread, hfunc: number, config: number): void {
  thread.client.object(hfunc, Kernel);
  if (config < 0 || config > 2) throw new CudaError(CUDA_ERROR.INVALID_VALUE);
}

/** CU_MODULE_EAGER_LOADING. */
export function cuModuleGetLoadingMode(): number {
  return 1;
}
