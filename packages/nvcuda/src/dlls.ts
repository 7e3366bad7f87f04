import type { Registry } from "@decant/hook";
import type { NvcudaOptions } from "./library.ts";
import { loadNvcuda } from "./load-nvcuda.ts";
import type { NvcudaApi } from "./nvcuda.ts";
import { RUNTIME_DLLS } from "./runtime/dlls.ts";

/** Adds nvcuda.dll and the runtime's DLLs to a registry; they are loaded and made when a program first loads one. */
export function addCudaDlls(registry: Registry, options: NvcudaOptions): Registry {
  let made: NvcudaApi | undefined;
  const cuda = (): NvcudaApi => (made ??= loadNvcuda().nvcudaApi(options));
  registry.addLater("nvcuda.dll", () => cuda().implementations);
  for (const dll of RUNTIME_DLLS.keys()) registry.addLater(`${dll}.dll`, () => cuda().runtime(dll));
  return registry;
}
