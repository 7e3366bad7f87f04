import * as nvcuda from "./nvcuda.ts";

/** The CUDA DLLs, which few programs load. In the bundle (scripts/build.mjs) they are evaluated when this is first called. */
export function loadNvcuda(): typeof nvcuda {
  return nvcuda;
}
