import type { Implementation } from "@decant/hook";
import { perThreadForms } from "../per-thread.ts";
import { nameOfCall } from "./call-ids.ts";
import { runtimeCopies } from "./copy.ts";
import { devices, errors } from "./device.ts";
import { driverForms } from "./driver-forms.ts";
import { type DriverFunction } from "./forms.ts";
import { functions } from "./functions.ts";
import { graphs } from "./graphs.ts";
import { HYBRID_DLL, RUNTIME_DLLS } from "./dlls.ts";
import { hybrid } from "./hybrid.ts";
import { runtimeMemory } from "./memory.ts";
import { registration } from "./registration.ts";
import type { CudaRuntime } from "./runtime.ts";
import { channels, streams } from "./streams.ts";
import { textures } from "./textures.ts";

/** One DLL of the runtime, over the driver's functions. */
export function cudaRuntimeApi(runtime: CudaRuntime, dll: string, driver: ReadonlyMap<string, DriverFunction>): readonly Implementation[] {
  const version = RUNTIME_DLLS.get(dll)!;
  const plain = [
    driverForms(runtime, dll, version, driver),
    errors(runtime, dll, version),
    devices(runtime, dll, version, driver),
    registration(runtime, dll),
    streams(runtime, dll),
    channels(runtime, dll),
    functions(runtime, dll, version, driver),
    runtimeMemory(runtime, dll, driver),
    runtimeCopies(runtime, dll),
    textures(runtime, dll),
    graphs(runtime, dll, driver),
  ];
  const topics = [...plain, perThreadForms(dll, names, plain)];
  if (dll !== HYBRID_DLL) return topics;
  return [...topics, hybrid(runtime, new Set(topics.flatMap(({ bodies }) => Object.keys(bodies as object))))];
}

const names = new Set(nameOfCall.values());
