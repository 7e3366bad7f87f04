import { buildVersionResource, RT, type ResourceData } from "@decant/pe";
import { WINDOWS_VERSION } from "../blocks/peb.ts";

/** The revision that Windows 10's version resources carry, whatever was updated since. */
const REVISION = 1;

/** The version resource of one of Windows' own DLLs: what programs read to learn the true version of Windows. */
export function systemVersionResource(name: string): ResourceData {
  const { major, minor, build } = WINDOWS_VERSION;
  const version = `${major}.${minor}.${build}.${REVISION}`;
  const bytes = buildVersionResource({
    version: [major, minor, build, REVISION],
    isDll: true,
    strings: {
      CompanyName: "Microsoft Corporation",
      FileDescription: `${name} of Decant`,
      FileVersion: `${version} (WinBuild.160101.0800)`,
      InternalName: name.replace(/\.[^.]*$/, "").toLowerCase(),
      LegalCopyright: "MIT licence",
      OriginalFilename: name,
      ProductName: "Microsoft\u00ae Windows\u00ae Operating System",
      ProductVersion: version,
    },
  });
  return { type: RT.VERSION, name: 1, language: 0x409, codePage: 0, bytes };
}
