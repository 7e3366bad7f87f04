/** So much of modules is held on to, in bytes of WebAssembly: of those that were used last. */
const MAX_HELD_BYTES = 256 * 2 ** 20;

let held: Map<bigint, { readonly module: WebAssembly.Module; readonly bytes: number }> | undefined;
let heldBytes = 0;

/** Says that this process runs programs again and again: modules that are kept between runs stay compiled, with the machine code that V8 has made of them. */
export function holdModules(): void {
  held ??= new Map();
}

/** Compiles a module that is kept between runs, and what holds it has this hash. */
export function compileKept(bytes: Uint8Array, hash: bigint): WebAssembly.Module {
  const known = held?.get(hash);
  const module = known?.module ?? new WebAssembly.Module(bytes as Uint8Array<ArrayBuffer>);
  if (held === undefined) return module;
  if (!held.delete(hash)) heldBytes += bytes.length;
  held.set(hash, { module, bytes: bytes.length });
  for (const [oldest, { bytes: length }] of held) {
    if (heldBytes <= MAX_HELD_BYTES) break;
    held.delete(oldest);
    heldBytes -= length;
  }
  return module;
}
