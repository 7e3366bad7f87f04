import type { Out, Waiting } from "@decant/hook";
import { waitFor } from "@decant/process";
import { writeHandles } from "./handles.ts";
import { type JitOptions, readJitOptions } from "./jit-options.ts";
import { libraryApi } from "./library.api.ts";
import { type GuestThread, implement, named, need, type Nvcuda } from "./library.ts";
import { loadImage } from "./load-image.ts";
import { readModuleImage } from "./module-image.ts";

export const guestLibrary = (nvcuda: Nvcuda) => {
  const load = (thread: GuestThread, library: Out<number, number | bigint>, code: Uint8Array, jit: JitOptions): Waiting<void> => {
    const cuda = nvcuda.cuda(thread);
    return loadImage(thread, library, jit, () => cuda.cuLibraryLoadData(code));
  };

  return implement(libraryApi, {
    *cuLibraryLoadData(thread, library, code, jitOptions, jitOptionsValues, numJitOptions) {
      nvcuda.cuda(thread);
      const jit = readJitOptions(thread.memory, jitOptions.read(numJitOptions), jitOptionsValues);
      yield* load(thread, library, readModuleImage(thread.memory, code), jit);
    },
    *cuLibraryLoadFromFile(thread, library, fileName, jitOptions, jitOptionsValues, numJitOptions) {
      nvcuda.cuda(thread);
      const jit = readJitOptions(thread.memory, jitOptions.read(numJitOptions), jitOptionsValues);
      yield* load(thread, library, nvcuda.readFile(thread, named(fileName)), jit);
    },
    cuLibraryUnload(thread, library) {
      nvcuda.cuda(thread).cuLibraryUnload(library);
    },
    cuLibraryGetKernel(thread, pKernel, library, name) {
      const cuda = nvcuda.cuda(thread);
      need(pKernel);
      pKernel.set(cuda.cuLibraryGetKernel(library, named(name)));
    },
    cuLibraryGetKernelCount(thread, count, lib) {
      count.set(nvcuda.cuda(thread).cuLibraryGetKernelCount(lib));
    },
    cuLibraryEnumerateKernels(thread, kernels, numKernels, lib) {
      writeHandles(thread, kernels, nvcuda.cuda(thread).cuLibraryEnumerateKernels(lib, numKernels));
    },
    *cuLibraryGetModule(thread, pMod, library) {
      const cuda = nvcuda.cuda(thread);
      need(pMod);
      pMod.set(yield* waitFor(cuda.cuLibraryGetModule(library)));
    },
    *cuLibraryGetGlobal(thread, dptr, bytes, library, name) {
      const global = yield* waitFor(nvcuda.cuda(thread).cuLibraryGetGlobal(library, named(name)));
      dptr.set(global.dptr);
      bytes.set(global.bytes);
    },
    *cuKernelGetFunction(thread, pFunc, kernel) {
      const cuda = nvcuda.cuda(thread);
      need(pFunc);
      pFunc.set(yield* waitFor(cuda.cuKernelGetFunction(kernel)));
    },
    cuKernelGetLibrary(thread, pLib, kernel) {
      pLib.set(nvcuda.cuda(thread).cuKernelGetLibrary(kernel));
    },
    cuKernelGetName(thread, name, hfunc) {
      name.set(nvcuda.text(thread, nvcuda.cuda(thread).cuKernelGetName(hfunc)));
    },
    cuKernelGetParamInfo(thread, kernel, paramIndex, paramOffset, paramSize) {
      const { offset, size } = nvcuda.cuda(thread).cuKernelGetParamInfo(kernel, paramIndex);
      paramOffset.set(offset);
      paramSize.set(size);
    },
    cuKernelGetAttribute(thread, pi, attrib, kernel, dev) {
      pi.set(nvcuda.cuda(thread).cuKernelGetAttribute(attrib, kernel, dev));
    },
    *cuKernelSetAttribute(thread, attrib, val, kernel, dev) {
      yield* waitFor(nvcuda.cuda(thread).cuKernelSetAttribute(attrib, val, kernel, dev));
    },
    cuKernelSetCacheConfig(thread, kernel, config, dev) {
      nvcuda.cuda(thread).cuKernelSetCacheConfig(kernel, config, dev);
    },
    cuModuleEnumerateFunctions(thread, functions, numFunctions, mod) {
      writeHandles(thread, functions, nvcuda.cuda(thread).cuModuleEnumerateFunctions(numFunctions, mod));
    },
    cuFuncIsLoaded(thread, state, f) {
      state.set(nvcuda.cuda(thread).cuFuncIsLoaded(f));
    },
    cuFuncLoad(thread, f) {
      nvcuda.cuda(thread).cuFuncLoad(f);
    },
  });
};
