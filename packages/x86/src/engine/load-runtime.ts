import { runtimeModule } from "./runtime-module.ts";

/** The runtime module's bytes. The bundle has another function in the place of this one, which reads what was made when it was built (scripts/build.mjs). */
export function loadRuntime(): Uint8Array {
  return runtimeModule();
}
