import { CUDA_ERROR, CudaError, moduleLog } from "@decant/cuda";
import type { Out, Waiting } from "@decant/hook";
import { moduleApi } from "./driver.api.ts";
import { type JitOptions, readJitOptions } from "./jit-options.ts";
import { type GuestThread, implement, named, need, type Nvcuda } from "./library.ts";
import { loadImage } from "./load-image.ts";
import { readModuleImage } from "./module-image.ts";

export const module = (nvcuda: Nvcuda) =>
  implement(moduleApi, {
    *cuModuleLoad(thread, module, fname) {
      nvcuda.cuda(thread);
      yield* load(nvcuda, thread, module, nvcuda.readFile(thread, named(fname)));
    },
    *cuModuleLoadData(thread, module, image) {
      nvcuda.cuda(thread);
      yield* load(nvcuda, thread, module, readModuleImage(thread.memory, image));
    },
    *cuModuleLoadDataEx(thread, module, image, numOptions, options, optionValues) {
      nvcuda.cuda(thread);
      const jit = readJitOptions(thread.memory, options.read(numOptions), optionValues);
      yield* load(nvcuda, thread, module, readModuleImage(thread.memory, image), jit);
    },
    *cuModuleLoadFatBinary(thread, module, fatCubin) {
      nvcuda.cuda(thread);
      yield* load(nvcuda, thread, module, readModuleImage(thread.memory, fatCubin));
    },
    cuModuleUnload(thread, hmod) {
      nvcuda.cuda(thread).cuModuleUnload(hmod);
    },
    cuModuleGetFunction(thread, hfunc, hmod, name) {
      const cuda = nvcuda.cuda(thread);
      need(hfunc);
      hfunc.set(cuda.cuModuleGetFunction(hmod, named(name)));
    },
    cuModuleGetFunctionCount(thread, count, mod) {
      count.set(nvcuda.cuda(thread).cuModuleGetFunctionCount(mod));
    },
    cuModuleGetGlobal_v2(thread, dptr, bytes, hmod, name) {
      const global = nvcuda.cuda(thread).cuModuleGetGlobal(hmod, named(name));
      dptr.set(global.dptr);
      bytes.set(global.bytes);
    },
    cuFuncGetAttribute(thread, pi, attrib, hfunc) {
      pi.set(nvcuda.cuda(thread).cuFuncGetAttribute(attrib, hfunc));
    },
    cuFuncSetAttribute(thread, hfunc, attrib, value) {
      nvcuda.cuda(thread).cuFuncSetAttribute(hfunc, attrib, value);
    },
    cuFuncSetCacheConfig(thread, hfunc, config) {
      nvcuda.cuda(thread).cuFuncSetCacheConfig(hfunc, config);
    },
    cuFuncSetSharedMemConfig(thread, hfunc, config) {
      nvcuda.cuda(thread).cuFuncSetSharedMemConfig(hfunc, config);
    },
    cuFuncGetModule(thread, hmod, hfunc) {
      hmod.set(nvcuda.cuda(thread).cuFuncGetModule(hfunc));
    },
    cuFuncGetName(thread, name, hfunc) {
      name.set(nvcuda.text(thread, nvcuda.cuda(thread).cuFuncGetName(hfunc)));
    },
    cuFuncGetParamInfo(thread, func, paramIndex, paramOffset, paramSize) {
      const { offset, size } = nvcuda.cuda(thread).cuFuncGetParamInfo(func, paramIndex);
      paramOffset.set(offset);
      paramSize.set(size);
    },
    cuOccupancyMaxActiveBlocksPerMultiprocessor(thread, numBlocks, func, blockSize, dynamicSMemSize) {
      numBlocks.set(nvcuda.cuda(thread).cuOccupancyMaxActiveBlocksPerMultiprocessor(func, blockSize, dynamicSMemSize));
    },
    cuOccupancyMaxActiveBlocksPerMultiprocessorWithFlags(thread, numBlocks, func, blockSize, dynamicSMemSize, flags) {
      // CU_OCCUPANCY_DISABLE_CACHING_OVERRIDE changes nothing here.
      if (flags > 1) throw new CudaError(CUDA_ERROR.INVALID_VALUE);
      numBlocks.set(nvcuda.cuda(thread).cuOccupancyMaxActiveBlocksPerMultiprocessor(func, blockSize, dynamicSMemSize));
    },
  });

function load(
  nvcuda: Nvcuda,
  thread: GuestThread,
  module: Out<number, number | bigint>,
  image: Uint8Array,
  jit?: JitOptions,
): Waiting<void> {
  const cuda = nvcuda.cuda(thread);
  return loadImage(
    thread,
    module,
    jit,
    () => cuda.cuModuleLoadData(image),
    (handle) => moduleLog(cuda.thread, handle),
  );
}
