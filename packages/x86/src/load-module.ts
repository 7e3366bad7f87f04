import { runtimeModule } from "./engine/runtime-module.ts";
import { vectorModule } from "./lower/vector-module.ts";
import { x87Module } from "./lower/x87-module.ts";

const modules = { runtime: runtimeModule, vector: vectorModule, x87: x87Module };

/** Modules that are the same in every run. The bundle has another function in the place of this one, which reads what was made when it was built (scripts/build.mjs). */
export function loadModule(name: keyof typeof modules): Uint8Array {
  return modules[name]();
}

/** Their names. */
export const moduleNames = Object.keys(modules) as (keyof typeof modules)[];
