/** Smaller modules are compiled anew as fast as they would be found. */
const MIN_BYTES = 65_536;
/** So much of modules is held on to: of those that were used last. */
const MAX_KEPT_BYTES = 256 * 2 ** 20;
/** What tells a module from another: its length, and so many bytes at its end. */
const SAMPLE_BYTES = 256;

let kept: Map<string, WebAssembly.Module> | undefined;
let keptBytes = 0;

/**
 * Says that this process runs programs again and again. V8 takes a module that it still has, with the machine code that it has made of it, where the same bytes are compiled
 * again: so modules are held on to.
 */
export function keepModules(): void {
  kept ??= new Map();
}

/** Compiles a module of translated code. */
export function compileModule(bytes: Uint8Array): WebAssembly.Module {
  const module = new WebAssembly.Module(bytes as Uint8Array<ArrayBuffer>);
  if (kept !== undefined && bytes.length >= MIN_BYTES) hold(kept, bytes, module);
  return module;
}

function hold(modules: Map<string, WebAssembly.Module>, bytes: Uint8Array, module: WebAssembly.Module): void {
  const key = `${bytes.length} ${String.fromCharCode(...bytes.subarray(-SAMPLE_BYTES))}`;
  if (!modules.delete(key)) keptBytes += bytes.length;
  modules.set(key, module);
  for (const oldest of modules.keys()) {
    if (keptBytes <= MAX_KEPT_BYTES) return;
    modules.delete(oldest);
    keptBytes -= Number.parseInt(oldest, 10);
  }
}
