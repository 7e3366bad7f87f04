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
  for (const [dll, image] of GUEST_DLLS)
    registry.addImage(dll, (pointerSize) => loadImage(`${image}-${pointerSize === 8 ? "x64" : "x86"}`));
  return registry;
}

/** Every function that is declared, by the names that hooks know it by: what makes their arguments typed. */
export type Win32Functions = FunctionsOfTopics<(typeof topics)[number]>;

/** DLLs that are guest code of our own, with the names of their images (guest/images.ts): OpenMP's library has had the same functions since Visual C++ 2005. */
const GUEST_DLLS: readonly (readonly [dll: string, image: string])[] = [
  ["msvcp140", "msvcp140"],
  ...["", "90", "100", "110", "120", "140"].map((version) => [`vcomp${version}`, "vcomp140"] as const),
  ["windowscodecs", "windowscodecs"],
];
