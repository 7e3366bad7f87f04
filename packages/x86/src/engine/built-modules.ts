import { I32, I64, ModuleBuilder } from "@decant/wasm";
import { emitHash } from "./hash-function.ts";

export { loadModule, moduleNames } from "../load-module.ts";

/** A module of the hash function alone, over the memory that it imports: bin/decant.js checks with it what it reads from the cache. */
export function hashModule(): Uint8Array {
  const m = new ModuleBuilder();
  m.importMemory("env", "memory", { initial: 1 });
  const hash = m.function(m.type([I32, I32, I64], [I64]), "hash");
  emitHash(hash);
  m.exportFunction("hash", hash.index);
  return m.finish();
}
