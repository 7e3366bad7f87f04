import type { HostFiles } from "@decant/host";
import type { Kernel } from "@decant/process";
import { fileAttributes } from "./attributes.ts";
import { CHANGE, folderChanges } from "./folder-changes.ts";
import { moveStreams } from "./named-streams.ts";

/** Takes a name away when its last handle closes: as on Windows, nobody hears of a failure. */
export function removeName(kernel: Kernel, files: HostFiles, path: string, kind: "file" | "folder" | "link"): void {
  try {
    removeNow(kernel, files, path, kind);
  } catch (error) {
    if (!(error instanceof Error && "code" in error)) throw error;
  }
}

/** Takes a name away, with what was remembered of the file when it was the last. Fails as the host does. */
export function removeNow(kernel: Kernel, files: HostFiles, path: string, kind: "file" | "folder" | "link" | "other"): void {
  const stat = files.lstat(path);
  if (kind === "folder") files.removeFolder(path);
  else files.remove(path);
  moveStreams(files, path);
  if (stat.links <= 1 || kind === "folder") fileAttributes(kernel).forget(stat);
  folderChanges(kernel).note(files, path, CHANGE.REMOVED, kind === "folder");
}
