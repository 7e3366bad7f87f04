import type { Implementation } from "@decant/hook";
import { array } from "./array.ts";
import { context } from "./context.ts";
import { copyRows } from "./copy-rows.ts";
import { device } from "./device.ts";
import { driver } from "./driver.ts";
import { graph } from "./graph.ts";
import { guestLibrary } from "./guest-library.ts";
import { hostMemory } from "./host-memory.ts";
import { link } from "./link.ts";
import { managed, pools, virtualMemory } from "./memory-pools.ts";
import { launch } from "./launch.ts";
import { Nvcuda, type NvcudaOptions } from "./library.ts";
import { memory } from "./memory.ts";
import { module } from "./module.ts";
import { perThreadForms } from "./per-thread.ts";
import { stream } from "./stream.ts";
import { texture } from "./texture.ts";
import { unsupported } from "./unsupported.ts";

/**
 * nvcuda.dll over a driver, for a Registry: all of cuda.h's exports. The driver's session of a guest process is opened
 * at its first cuInit. The driver is the caller's to close.
 */
export function nvcudaApi(options: NvcudaOptions): { readonly implementations: readonly Implementation[]; readonly library: Nvcuda } {
  const library = new Nvcuda(options);
  const plain = [
    driver,
    device,
    context,
    module,
    link,
    guestLibrary,
    launch,
    memory,
    copyRows,
    hostMemory,
    pools,
    managed,
    virtualMemory,
    array,
    texture,
    stream,
    graph,
  ].map((topic) => topic(library) as Implementation);
  const topics = [...plain, perThreadForms(plain)];
  const declared = new Set(topics.flatMap(({ table }) => Object.keys(table.declarations)));
  return { implementations: [...topics, unsupported(library, declared)], library };
}
