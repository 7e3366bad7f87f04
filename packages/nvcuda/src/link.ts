import { CUDA_ERROR, CudaError } from "@decant/cuda";
import type { Waiting } from "@decant/hook";
import { PAGE } from "@decant/memory";
import { waitFor } from "@decant/process";
import { type JitOptions, readJitOptions, writeLog } from "./jit-options.ts";
import { linkApi } from "./library.api.ts";
import { type GuestThread, implement, named, need, type Nvcuda } from "./library.ts";

export const link = (nvcuda: Nvcuda) => {
  /** Where logs go: as cuLinkCreate was told, for as long as the link lives. */
  const logs = (thread: GuestThread, state: number): JitOptions | undefined => nvcuda.state(thread).links.get(state)?.logs;

  function* reported<T>(thread: GuestThread, state: number, result: Promise<T>): Waiting<T> {
    try {
      return yield* waitFor(result);
    } catch (error) {
      if (error instanceof CudaError) writeLog(thread.memory, logs(thread, state)?.error, error.log ?? "");
      throw error;
    }
  }

  function* add(thread: GuestThread, state: number, type: number, data: Uint8Array, name: string): Waiting<void> {
    const log = yield* reported(thread, state, nvcuda.cuda(thread).cuLinkAddData(state, type, data, name));
    writeLog(thread.memory, logs(thread, state)?.info, log);
  }

  return implement(linkApi, {
    cuLinkCreate_v2(thread, numOptions, options, optionValues, stateOut) {
      const cuda = nvcuda.cuda(thread);
      need(stateOut);
      const jit = readJitOptions(thread.memory, options.read(numOptions), optionValues);
      const state = cuda.cuLinkCreate();
      nvcuda.state(thread).links.set(state, { logs: jit, image: undefined });
      stateOut.set(state);
    },
    *cuLinkAddData_v2(thread, state, type, data, size, name) {
      nvcuda.cuda(thread);
      yield* add(thread, state, type, thread.memory.read(data, size), name ?? "");
    },
    *cuLinkAddFile_v2(thread, state, type, path) {
      nvcuda.cuda(thread);
      yield* add(thread, state, type, nvcuda.readFile(thread, named(path)), path ?? "");
    },
    // The image is the guest's to read until the link is destroyed.
    *cuLinkComplete(thread, state, cubinOut, sizeOut) {
      const cuda = nvcuda.cuda(thread);
      need(cubinOut);
      const image = yield* reported(thread, state, cuda.cuLinkComplete(state));
      const address = thread.memory.allocate(image.length, PAGE.READWRITE);
      if (address === undefined) throw new CudaError(CUDA_ERROR.OUT_OF_MEMORY);
      thread.memory.write(address, image);
      const known = nvcuda.state(thread).links.get(state);
      if (known) known.image = address;
      cubinOut.set(address);
      sizeOut.set(image.length);
    },
    cuLinkDestroy(thread, state) {
      nvcuda.cuda(thread).cuLinkDestroy(state);
      const { links } = nvcuda.state(thread);
      const address = links.get(state)?.image;
      if (address !== undefined) thread.memory.release(address);
      links.delete(state);
    },
  });
};
