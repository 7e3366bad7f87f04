import { CUDA_ERROR, CudaError } from "../result.ts";
import { cuFuncGetAttribute, cuFuncSetAttribute, functionAttribute, loadModule } from "./module-calls.ts";
import { type Context, Library, LibraryKernel, type Module } from "./objects.ts";
import type { CudaThread } from "./thread.ts";

/**
 * Loads code that belongs to no context: each context that uses it loads it then. Errors are found here, in the current context, or, where there is none,
 * in one that is made for that and destroyed again.
 */
export async function cuLibraryLoadData(thread: CudaThread, code: Uint8Array | string): Promise<number> {
  const { client } = thread;
  const bytes = typeof code === "string" ? new TextEncoder().encode(code) : code.slice();
  if (bytes.length === 0) throw new CudaError(CUDA_ERROR.INVALID_IMAGE);
  const { current } = thread;
  const context = current?.check() ?? client.createContext(0, 0);
  try {
    const module = await loadModule(client, context, bytes);
    const library = client.register(new Library(client.handle(), bytes, module.info));
    if (current) library.modules.set(current, module);
    return library.handle;
  } finally {
    if (!current) client.destroyContext(context);
  }
}

/** Unloads the code from all contexts. */
export function cuLibraryUnload(thread: CudaThread, library: number): void {
  const { client } = thread;
  const found = client.object(library, Library);
  for (const module of found.modules.values()) if (!module.context.destroyed) client.unloadModule(module);
  for (const kernel of found.kernels.values()) client.forget(kernel);
  client.forget(found);
}

/** The CUkernel of a name; fails with CUDA_ERROR_NOT_FOUND. It may be launched in any context in which it is loaded: see `loadKernel`. */
export function cuLibraryGetKernel(thread: CudaThread, library: number, name: string): number {
  const found = thread.client.object(library, Library);
  const index = found.info.functions.findIndex((kernel) => kernel.name === name);
  if (index < 0) throw new CudaError(CUDA_ERROR.NOT_FOUND, `the library has no kernel ${name}`);
  let kernel = found.kernels.get(name);
  if (!kernel) {
    kernel = thread.client.register(new LibraryKernel(thread.client.handle(), found, index));
    found.kernels.set(name, kernel);
  }
  return kernel.handle;
}

export function cuLibraryGetKernelCount(thread: CudaThread, library: number): number {
  return thread.client.object(library, Library).info.functions.length;
}

/** The CUkernels of a library, at most `count` of them. */
export function cuLibraryEnumerateKernels(thread: CudaThread, library: number, count: number): number[] {
  const { info } = thread.client.object(library, Library);
  return info.functions.slice(0, count).map(({ name }) => cuLibraryGetKernel(thread, library, name));
}

/** The library's module in the current context. */
export async function cuLibraryGetModule(thread: CudaThread, library: number): Promise<number> {
  return (await moduleOf(thread, thread.client.object(library, Library))).handle;
}

/** Address and size of a variable in the current context; fails with CUDA_ERROR_NOT_FOUND. */
export async function cuLibraryGetGlobal(thread: CudaThread, library: number, name: string): Promise<{ dptr: number; bytes: number }> {
  const module = await moduleOf(thread, thread.client.object(library, Library));
  const global = module.info.globals.find((candidate) => candidate.name === name);
  if (!global) throw new CudaError(CUDA_ERROR.NOT_FOUND, `the library has no variable ${name}`);
  return { dptr: global.address, bytes: global.size };
}

/** The CUfunction of a kernel in the current context. */
export async function cuKernelGetFunction(thread: CudaThread, kernel: number): Promise<number> {
  const found = thread.client.object(kernel, LibraryKernel);
  const module = await moduleOf(thread, found.library);
  return thread.client.kernelIn(module, found.index).handle;
}

export function cuKernelGetLibrary(thread: CudaThread, kernel: number): number {
  return thread.client.object(kernel, LibraryKernel).library.handle;
}

export function cuKernelGetName(thread: CudaThread, kernel: number): string {
  return thread.client.object(kernel, LibraryKernel).info.name;
}

export function cuKernelGetParamInfo(thread: CudaThread, kernel: number, paramIndex: number): { offset: number; size: number } {
  const parameter = thread.client.object(kernel, LibraryKernel).info.parameters[paramIndex];
  if (!parameter) throw new CudaError(CUDA_ERROR.INVALID_VALUE);
  return parameter;
}

/** As cuFuncGetAttribute, for a device: what cuKernelSetAttribute set there, or what the code says. */
export function cuKernelGetAttribute(thread: CudaThread, attrib: number, kernel: number, dev: number): number {
  const { client } = thread;
  const found = client.object(kernel, LibraryKernel);
  const device = client.device(dev);
  const module = [...found.library.modules.values()].find(({ context }) => context.device === device);
  if (module) return cuFuncGetAttribute(thread, attrib, client.kernelIn(module, found.index).handle);
  const set = found.attributes.get(dev)?.get(attrib);
  return set ?? functionAttribute(found.info, -1, attrib);
}

/** As cuFuncSetAttribute, in all contexts of a device, those too in which the kernel will be loaded. */
export async function cuKernelSetAttribute(thread: CudaThread, attrib: number, val: number, kernel: number, dev: number): Promise<void> {
  const { client } = thread;
  const found = client.object(kernel, LibraryKernel);
  const device = client.device(dev);
  if (thread.current?.device === device) await moduleOf(thread, found.library);
  for (const module of found.library.modules.values())
    if (module.context.device === device && !module.context.destroyed)
      cuFuncSetAttribute(thread, client.kernelIn(module, found.index).handle, attrib, val);
  const attributes = found.attributes.get(dev) ?? new Map<number, number>();
  found.attributes.set(dev, attributes.set(attrib, val));
}

/** A preference (CUfunc_cache, 0 to 3) that no driver here acts on. */
export function cuKernelSetCacheConfig(thread: CudaThread, kernel: number, config: number, dev: number): void {
  thread.client.object(kernel, LibraryKernel);
  thread.client.device(dev);
  if (config < 0 || config > 3) throw new CudaError(CUDA_ERROR.INVALID_VALUE);
}

/** Loads a CUkernel into the current context when it is not there yet: a promise, or undefined when a launch can go at once. */
export function loadKernel(thread: CudaThread, f: number): Promise<unknown> | undefined {
  const kernel = thread.client.find(f);
  if (!(kernel instanceof LibraryKernel) || kernel.library.modules.has(thread.context())) return undefined;
  return moduleOf(thread, kernel.library);
}

/** The library in the current context; two threads that ask at once load it once. */
async function moduleOf(thread: CudaThread, library: Library): Promise<Module> {
  const context = thread.context();
  const known = library.modules.get(context);
  if (known) return known;
  let loading = library.loading.get(context);
  if (!loading) {
    loading = load(thread, library, context).finally(() => library.loading.delete(context));
    library.loading.set(context, loading);
  }
  return loading;
}

async function load(thread: CudaThread, library: Library, context: Context): Promise<Module> {
  const { client } = thread;
  const module = await loadModule(client, context, library.image);
  library.modules.set(context, module);
  for (const kernel of library.kernels.values())
    for (const [attrib, value] of kernel.attributes.get(context.device.ordinal) ?? [])
      cuFuncSetAttribute(thread, client.kernelIn(module, kernel.index).handle, attrib, value);
  return module;
}
