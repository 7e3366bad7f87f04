import type { Implementation } from "@decant/hook";
import { context } from "./context.ts";
import { device } from "./device.ts";
import { driver } from "./driver.ts";
import { hostMemory } from "./host-memory.ts";
import { launch } from "./launch.ts";
import { Nvcuda, type NvcudaOptions } from "./library.ts";
import { memory } from "./memory.ts";
import { module } from "./module.ts";
import { stream } from "./stream.ts";
import { unsupported } from "./unsupported.ts";

/**
 * nvcuda.dll over a driver, for a Registry: all of cuda.h's exports. The driver's session of a guest process is opened
 * at its first cuInit. The driver is the caller's to close.
 */
export function nvcudaApi(options: NvcudaOptions): { readonly implementations: readonly Implementation[]; readonly library: Nvcuda } {
  const library = new Nvcuda(options);
  const topics = [driver, device, context, module, launch, memory, hostMemory, stream].map((topic) => topic(library) as Implementation);
  const declared = new Set(topics.flatMap(({ table }) => Object.keys(table.declarations)));
  return { implementations: [...topics, unsupported(library, declared)], library };
}
