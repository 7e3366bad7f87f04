import { posix } from "node:path";
import { memoryFiles, type HostFiles } from "@decant/host";

/** Files by path, from the current folder where it does not begin with "/". A path that ends in "/" is an empty folder. */
export type FileContents = Readonly<Record<string, string | Uint8Array>>;

/** Where a program finds itself when its files are in memory. */
export const MEMORY_FOLDER = "/work";

/** A disk in memory, on which the guest may touch everything. */
export interface MemoryDisk {
  readonly files: HostFiles;
  /** All files that are there now but one, by their paths: from the current folder where they lie in it. */
  contents(except: string): Map<string, Buffer>;
}

/** Makes a disk with a current folder and files in it. */
export function memoryDisk(given: FileContents, folder: string): MemoryDisk {
  const entries = Object.entries(given).map(
    ([path, content]) => [posix.resolve(folder, path) + (path.endsWith("/") ? "/" : ""), content] as const,
  );
  const files = memoryFiles({ files: { [`${folder}/`]: "", ...Object.fromEntries(entries) } });
  return {
    files,
    contents(except) {
      const found = new Map<string, Buffer>();
      for (const path of walk(files, "")) {
        if (path === except) continue;
        found.set(path.startsWith(`${folder}/`) ? path.slice(folder.length + 1) : path, read(files, path));
      }
      return found;
    },
  };
}

function* walk(files: HostFiles, folder: string): Generator<string> {
  for (const { name, kind } of files.list(folder === "" ? "/" : folder)) {
    if (kind === "file") yield `${folder}/${name}`;
    else if (kind === "folder") yield* walk(files, `${folder}/${name}`);
  }
}

function read(files: HostFiles, path: string): Buffer {
  const file = files.open(path);
  const bytes = Buffer.alloc(file.stat().size);
  file.read(bytes, 0);
  file.close();
  return bytes;
}
