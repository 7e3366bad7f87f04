import { Registry, type FunctionsOfTopics } from "@decant/hook";
import { loadImage } from "./guest-images/load-image.ts";
import { addTopics, loadPrograms } from "./load-topics.ts";
import { addBuiltInProgram } from "./programs/built-in.ts";
import { BUILT_IN_PROGRAMS } from "./programs/names.ts";
import type { topics } from "./topics.ts";

/** All of Windows' DLLs that are mapped. A new registry each time: what is added to one does not show in another. */
export function win32Registry(): Registry {
  for (const name of BUILT_IN_PROGRAMS) addBuiltInProgram(name, (thread) => loadPrograms().bodies[name](thread));
  const registry = new Registry();
  addTopics(registry);
  for (const dll of GUEST_DLLS) registry.addImage(dll, (pointerSize) => loadImage(`${dll}-${pointerSize === 8 ? "x64" : "x86"}`));
  return registry;
}

/** Every function that is declared, by the names that hooks know it by: what makes their arguments typed. */
export type Win32Functions = FunctionsOfTopics<(typeof topics)[number]>;

/** DLLs that are guest code of our own (guest/images.ts). */
const GUEST_DLLS = ["msvcp140", "windowscodecs"];
