import { createRequire } from "node:module";
import { nodeStore } from "@decant/host";
import { offerMemory, WASM_PAGES } from "@decant/memory";
import { holdModules } from "@decant/x86";
import { CACHE_LIMIT_BYTES } from "./cache-folder.ts";

/** What bin/decant.js says of a script of the bundle that was loaded. */
interface LoadedScript {
  /** Undefined until it has run. */
  readonly module: object | undefined;
  /** The name of its compiled code in the cache: by build, and by version of Node. */
  readonly codeName: string;
  /** True when none was found. */
  readonly isNew: boolean;
  /** The code of all functions that have run, as bin/decant.js reads it. Overwrites the end of the early memory. */
  createCode(): Uint8Array;
}

declare const decantScripts:
  | { readonly all: ReadonlyMap<string, LoadedScript>; readonly memory: WebAssembly.Memory | undefined; expectMuchCode(): void }
  | undefined;

let expectsMuchCode = false;
let isMore = false;
let isResident = false;

/** Says that this process runs one program after another: what V8 has compiled of them, and of Decant, stays. */
export function becomeResident(): void {
  isResident = true;
  // It brings Node's streams, which no other run needs.
  const { setFlagsFromString } = createRequire(import.meta.url)("node:v8") as { setFlagsFromString(flags: string): void };
  setFlagsFromString("--no-flush-bytecode");
  holdModules();
}

/** Makes the next guest's memory, while nobody waits. */
export function prepareMemory(): void {
  offerMemory(new WebAssembly.Memory({ initial: WASM_PAGES, maximum: WASM_PAGES }));
}

/** Says that the guest brings much translated code. Only the command does something about it: how V8 compiles is the whole process's matter. */
export function expectMuchCode(): void {
  if (expectsMuchCode || typeof decantScripts !== "object") return;
  expectsMuchCode = true;
  decantScripts.expectMuchCode();
}

/** Says that the guest did much that no run before it did, so that more of Decant itself may have been compiled than is kept. */
export function expectMoreCompiled(): void {
  isMore = true;
}

/** Takes over the memory that bin/decant.js made before it loaded the bundle. */
export function useEarlyMemory(): void {
  if (!isResident && typeof decantScripts === "object" && decantScripts.memory !== undefined) offerMemory(decantScripts.memory);
}

/**
 * Keeps the code that V8 has compiled of Decant itself for the next start: after a run, when all is compiled that a run needs, and no guest has the memory. Not once V8
 * was told to expect much: it takes code only from a process with the same settings, and the next one begins without.
 */
export function keepCompiledCode(folder: string | undefined): void {
  if (folder === undefined || isResident || expectsMuchCode || typeof decantScripts !== "object" || decantScripts.memory === undefined)
    return;
  for (const { module, codeName, isNew, createCode } of decantScripts.all.values()) {
    if (module !== undefined && (isNew || isMore)) nodeStore(folder, { limitBytes: CACHE_LIMIT_BYTES }).replace(codeName, createCode());
  }
}
