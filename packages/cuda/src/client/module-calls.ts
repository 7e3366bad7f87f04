import { DEVICE_ATTRIBUTE, FUNC_ATTRIBUTE } from "../attributes.ts";
import { parameterBytes } from "../launch.ts";
import { CUDA_ERROR, CudaError } from "../result.ts";
import { Kernel, Module } from "./objects.ts";
import type { CudaThread } from "./thread.ts";

/**
 * Loads PTX text, a fatbin or a cubin into the current context. Fails with CUDA_ERROR_INVALID_PTX and kin; the
 * error's `log` is the compiler's.
 */
export async function cuModuleLoadData(thread: CudaThread, image: Uint8Array | string): Promise<number> {
  const { client } = thread;
  const context = thread.context();
  const bytes = typeof image === "string" ? new TextEncoder().encode(image) : image;
  if (bytes.length === 0) throw new CudaError(CUDA_ERROR.INVALID_IMAGE);
  const handle = client.handle();
  const info = await client.answer(context, client.session.cuModuleLoadData(handle, context.handle, bytes));
  if (context.destroyed) throw new CudaError(CUDA_ERROR.CONTEXT_IS_DESTROYED);
  const module = client.register(new Module(handle, context, info));
  context.modules.add(module);
  return handle;
}

/** What the compiler had to say about a module that loaded. */
export function moduleLog(thread: CudaThread, hmod: number): string {
  return thread.client.object(hmod, Module).info.log;
}

export function cuModuleUnload(thread: CudaThread, hmod: number): void {
  thread.context();
  const module = thread.client.object(hmod, Module);
  for (const kernel of module.functions.values()) thread.client.forget(kernel);
  thread.client.forget(module);
  module.context.modules.delete(module);
  thread.client.session.cuModuleUnload(hmod);
}

/** The CUfunction of a kernel by name; fails with CUDA_ERROR_NOT_FOUND. */
export function cuModuleGetFunction(thread: CudaThread, hmod: number, name: string): number {
  thread.context();
  const module = thread.client.object(hmod, Module);
  const known = module.functions.get(name);
  if (known) return known.handle;
  const index = module.info.functions.findIndex((kernel) => kernel.name === name);
  const info = module.info.functions[index];
  if (!info) throw new CudaError(CUDA_ERROR.NOT_FOUND, `the module has no kernel ${name}`);
  const kernel = thread.client.register(new Kernel(thread.client.handle(), module, index, info, parameterBytes(info)));
  module.functions.set(name, kernel);
  return kernel.handle;
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
  const kernel = thread.client.object(hfunc, Kernel);
  const values: Record<number, number> = {
    [FUNC_ATTRIBUTE.MAX_THREADS_PER_BLOCK]: kernel.info.maxThreadsPerBlock,
    [FUNC_ATTRIBUTE.SHARED_SIZE_BYTES]: kernel.info.sharedSizeBytes,
    [FUNC_ATTRIBUTE.CONST_SIZE_BYTES]: kernel.info.constSizeBytes,
    [FUNC_ATTRIBUTE.LOCAL_SIZE_BYTES]: kernel.info.localSizeBytes,
    [FUNC_ATTRIBUTE.NUM_REGS]: kernel.info.numRegs,
    [FUNC_ATTRIBUTE.PTX_VERSION]: kernel.info.ptxVersion,
    [FUNC_ATTRIBUTE.BINARY_VERSION]: kernel.info.binaryVersion,
    [FUNC_ATTRIBUTE.CACHE_MODE_CA]: 0,
    [FUNC_ATTRIBUTE.MAX_DYNAMIC_SHARED_SIZE_BYTES]: kernel.maxDynamicSharedSizeBytes,
    [FUNC_ATTRIBUTE.PREFERRED_SHARED_MEMORY_CARVEOUT]: kernel.preferredSharedMemoryCarveout,
  };
  const value = values[attrib] ?? (attrib <= FUNC_ATTRIBUTE.CLUSTER_SCHEDULING_POLICY_PREFERENCE ? 0 : undefined);
  if (value === undefined) throw new CudaError(CUDA_ERROR.INVALID_VALUE);
  return value;
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

/** CU_MODULE_EAGER_LOADING. */
export function cuModuleGetLoadingMode(): number {
  return 1;
}
