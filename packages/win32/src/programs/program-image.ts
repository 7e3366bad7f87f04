import { buildDll, buildVersionResource, RT } from "@decant/pe";
import { WINDOWS_VERSION } from "@decant/process";

/** The image of a program of the host's, for a process to have one: a console program whose code is never run. */
export function programImage(name: string, pointerSize: 4 | 8): Uint8Array {
  const { major, minor, build } = WINDOWS_VERSION;
  const version = `${major}.${minor}.${build}.1`;
  return buildDll({
    name,
    base: pointerSize === 8 ? 0x1_4000_0000n : 0x40_0000n,
    machine: pointerSize === 8 ? "x86-64" : "x86",
    symbols: [{ kind: "stub", hidden: true }],
    isProgram: true,
    resources: [
      {
        type: RT.VERSION,
        name: 1,
        language: 0x409,
        codePage: 0,
        bytes: buildVersionResource({
          version: [major, minor, build, 1],
          isDll: false,
          strings: { FileDescription: `${name} of Decant`, FileVersion: version, OriginalFilename: name, ProductVersion: version },
        }),
      },
    ],
  }).bytes;
}
