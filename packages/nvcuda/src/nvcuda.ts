import { exportNames } from "@decant/cuda";
import type { Implementation } from "@decant/hook";
import { array } from "./array.ts";
import { context } from "./context.ts";
import { copyRows } from "./copy-rows.ts";
import { device } from "./device.ts";
import { driver } from "./driver.ts";
import { graph } from "./graph.ts";
import { guestLibrary } from "./guest-library.ts";
import { hostMemory } from "./host-memory.ts";
import { link } from "./link.ts";
import { managed, pools, virtualMemory } from "./memory-pools.ts";
import { launch } from "./launch.ts";
import { Nvcuda, type NvcudaOptions } from "./library.ts";
import { memory } from "./memory.ts";
import { module } from "./module.ts";
import { perThreadForms } from "./per-thread.ts";
import { driverFunctions } from "./runtime/forms.ts";
import { cudaRuntimeApi } from "./runtime/index.ts";
import { CudaRuntime } from "./runtime/runtime.ts";
import { stream } from "./stream.ts";
import { texture } from "./texture.ts";
import { unsupported } from "./unsupported.ts";

/** nvcuda.dll over a driver, for a Registry, and the CUDA runtime over it. */
export interface NvcudaApi {
  readonly library: Nvcuda;
  /** All of cuda.h's exports. */
  readonly implementations: readonly Implementation[];
  /** One of the runtime's DLLs, by its name without ".dll". */
  runtime(dll: string): readonly Implementation[];
}

/** Makes the CUDA DLLs of guests. The driver's session of a guest process is opened at its first cuInit. The driver is the caller's to close. */
export function nvcudaApi(options: NvcudaOptions): NvcudaApi {
  const library = new Nvcuda(options);
  const runtime = new CudaRuntime(library);
  const plain = [
    driver,
    device,
    context,
    module,
    link,
    guestLibrary,
    launch,
    memory,
    copyRows,
    hostMemory,
    pools,
    managed,
    virtualMemory,
    array,
    texture,
    stream,
    graph,
  ].map((topic) => topic(library) as Implementation);
  const topics = [...plain, perThreadForms("nvcuda", new Set(exportNames), plain)];
  const declared = new Set(topics.flatMap(({ table }) => Object.keys(table.declarations)));
  return {
    library,
    implementations: [...topics, unsupported(library, declared)],
    runtime: (dll) => cudaRuntimeApi(runtime, dll, driverFunctions(plain)),
  };
}
