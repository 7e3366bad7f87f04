import { nodeFiles, type HostFiles } from "@decant/host";
import { dirname, resolve } from "node:path";

/** The Windows path of a host's path: everything of the host is under Z:. */
export function toGuestPath(path: string): string {
  return `Z:${path.replaceAll("/", "\\")}`;
}

/** The host's path of a Windows path on Z:; undefined for other drives. */
export function toHostPath(path: string): string | undefined {
  const match = /^(?:\\\\\?\\)?[zZ]:[\\/](.*)$/s.exec(path);
  return match === null ? undefined : `/${(match[1] ?? "").replaceAll("\\", "/")}`;
}

/** Reads a file by its Windows path on Z:, in any case; undefined when there is none, or the guest may not read it. */
export function readGuestFile(files: HostFiles, guestPath: string): Uint8Array | undefined {
  const path = toHostPath(guestPath);
  if (path === undefined) return undefined;
  try {
    const folder = dirname(path);
    const wanted = path.slice(path.lastIndexOf("/") + 1).toLowerCase();
    const name = files.list(folder).find((entry) => entry.name.toLowerCase() === wanted)?.name;
    if (name === undefined) return undefined;
    const file = files.open(`${folder}/${name}`);
    try {
      const bytes = new Uint8Array(file.stat().size);
      return bytes.subarray(0, file.read(bytes, 0));
    } finally {
      file.close();
    }
  } catch {
    return undefined;
  }
}

/** Files that an argument names: itself, or what stands after "=" or ":", by a host's path or a Windows one. */
export function namedPaths(argument: string, folder: string): string[] {
  const parts = [argument, ...[...argument.matchAll(/[=:@]/g)].map(({ index }) => argument.slice(index + 1))];
  const files = nodeFiles();
  const paths = new Set<string>();
  for (const part of parts) {
    // `/word` alone is a Windows switch.
    if (part === "" || /^\/\w+$/.test(part)) continue;
    const path = toHostPath(part) ?? resolve(folder, part.replaceAll("\\", "/"));
    if (exists(files, path) || (/[\\/]/.test(part) && exists(files, dirname(path)))) paths.add(path);
  }
  return [...paths].filter((path) => path !== "/");
}

function exists(files: HostFiles, path: string): boolean {
  try {
    files.stat(path);
    return true;
  } catch {
    return false;
  }
}
