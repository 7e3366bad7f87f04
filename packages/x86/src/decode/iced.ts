/** What the wrapper calls of iced-x86's exports. Pointers are offsets in its own memory. */
export interface Iced {
  readonly memory: WebAssembly.Memory;
  decoder_new(result: number, bitness: number, data: number, length: number, options: number): void;
  decoder_set_position(result: number, decoder: number, position: number): void;
  decoder_set_ip(decoder: number, ip: bigint): void;
  decoder_decodeOut(decoder: number, instruction: number): void;
  /** 2 where bytes were missing. */
  decoder_lastError(decoder: number): number;
  __wbg_decoder_free(decoder: number): void;
  instruction_new(): number;
  instruction_mnemonic(instruction: number): number;
  instruction_opCount(instruction: number): number;
  instruction_memorySize(instruction: number): number;
  instruction_rflagsUndefined(instruction: number): number;
  instruction_isCallFar(instruction: number): number;
  instruction_isCallFarIndirect(instruction: number): number;
  instruction_isJmpFar(instruction: number): number;
  instruction_isJmpFarIndirect(instruction: number): number;
  instruction_toString(result: number, instruction: number): void;
  memorysizeext_size(memorySize: number): number;
  __wbindgen_add_to_stack_pointer(bytes: number): number;
  __wbindgen_malloc(bytes: number, align: number): number;
  __wbindgen_free(pointer: number, bytes: number, align: number): void;
}

type WasmBytes = Uint8Array<ArrayBuffer> | ArrayBuffer;
type WasmSource = WasmBytes | WebAssembly.Module | (() => WasmBytes | WebAssembly.Module);

let source: WasmSource = findWasm;
let instance: Iced | undefined;

/**
 * Says where the decoder's WebAssembly is: iced_x86_bg.wasm of the package iced-x86, as bytes, a module, or a function called at the
 * first decode. A browser or a bundle calls this before it runs a guest. Without it the file is looked for beside this module, then in the
 * installed package; that needs Node.
 */
export function setDecoderWasm(wasm: WasmSource): void {
  source = wasm;
  instance = undefined;
}

/** The decoder's exports. The first call compiles it, synchronously (40 to 60 ms). */
export function iced(): Iced {
  instance ??= instantiate(typeof source === "function" ? source() : source);
  return instance;
}

/** The wbindgen glue is not needed: of the imports, decoding reaches only those that report a failure. */
function instantiate(wasm: WasmBytes | WebAssembly.Module): Iced {
  const module = wasm instanceof WebAssembly.Module ? wasm : new WebAssembly.Module(wasm);
  const glue: Record<string, () => void> = {};
  for (const { name } of WebAssembly.Module.imports(module)) {
    glue[name] = () => {
      if (name !== "__wbindgen_object_drop_ref") throw new Error(`x86 decoder: unexpected call of ${name}`);
    };
  }
  return new WebAssembly.Instance(module, { __wbindgen_placeholder__: glue }).exports as unknown as Iced;
}

/** Node's modules come through the global, so that this file bundles for browsers, where the caller uses `setDecoderWasm`. */
function findWasm(): WasmBytes {
  const builtin = globalThis.process?.getBuiltinModule;
  if (builtin === undefined) throw new Error("x86 decoder: call setDecoderWasm() with the bytes of iced_x86_bg.wasm first");
  const { existsSync, readFileSync } = builtin("node:fs");
  const beside = new URL("./iced_x86_bg.wasm", import.meta.url);
  if (existsSync(beside)) return readFileSync(beside);
  return readFileSync(
    builtin("node:module")
      .createRequire(import.meta.url)
      .resolve("iced-x86/iced_x86_bg.wasm"),
  );
}
