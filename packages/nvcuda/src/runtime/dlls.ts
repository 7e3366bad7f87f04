import type { RuntimeVersion } from "./runtime.ts";

/** The DLL in which the runtime lies. */
export const HYBRID_DLL = "nvcudart_hybrid64";

/** The DLLs of the runtime, and the version whose functions each has. */
export const RUNTIME_DLLS: ReadonlyMap<string, RuntimeVersion> = new Map([
  ["cudart64_110", 11],
  ["cudart64_12", 12],
  ["cudart64_13", 13],
  [HYBRID_DLL, 13],
]);
