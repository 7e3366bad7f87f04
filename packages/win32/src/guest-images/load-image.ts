import { base64 as msvcp140x64 } from "./msvcp140-x64.ts";
import { base64 as msvcp140x86 } from "./msvcp140-x86.ts";
import { base64 as sortingX64 } from "./sorting-x64.ts";
import { base64 as sortingX86 } from "./sorting-x86.ts";
import { base64 as vcomp140x64 } from "./vcomp140-x64.ts";
import { base64 as vcomp140x86 } from "./vcomp140-x86.ts";
import { base64 as windowscodecsX64 } from "./windowscodecs-x64.ts";
import { base64 as windowscodecsX86 } from "./windowscodecs-x86.ts";

/** DLLs in guest code, by "name-x64" and "name-x86". */
const images: Readonly<Record<string, string>> = {
  "msvcp140-x64": msvcp140x64,
  "msvcp140-x86": msvcp140x86,
  "vcomp140-x64": vcomp140x64,
  "vcomp140-x86": vcomp140x86,
  "windowscodecs-x64": windowscodecsX64,
  "windowscodecs-x86": windowscodecsX86,
  "sorting-x64": sortingX64,
  "sorting-x86": sortingX86,
};

/** The bytes of a DLL in guest code. The bundle has another function in the place of this one, which reads a file (scripts/build.mjs). */
export function loadImage(name: string): Uint8Array {
  return Uint8Array.from(atob(images[name] ?? ""), (character) => character.charCodeAt(0));
}

/** The names of all images. */
export const imageNames: readonly string[] = Object.keys(images);
