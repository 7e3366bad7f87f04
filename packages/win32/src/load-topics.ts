import type { Registry } from "@decant/hook";
import { crt } from "./crt/index.ts";
import { OLDER_RUNTIMES } from "./crt/dlls.ts";
import { olderRuntime } from "./crt/older-runtimes.ts";
import * as programs from "./programs/index.ts";
import { topics } from "./topics.ts";

/**
 * Adds every topic to a registry. In the bundle another function is in the place of this one (scripts/build.mjs): it has the DLLs' images, made when the bundle was
 * built, and evaluates a topic when one of its functions is first called, or somebody asks for all that its DLLs have.
 */
export function addTopics(registry: Registry): void {
  registry.add(...topics);
  for (const dll of OLDER_RUNTIMES) registry.addLater(dll, () => olderRuntime(dll, crt));
}

/** The bodies of built-in programs; in the bundle they are evaluated when this is first called. */
export function loadPrograms(): typeof programs {
  return programs;
}
