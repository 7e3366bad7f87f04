import type { Host, Redirection } from "@decant/host";
import type { Kernel } from "@decant/process";
import { mappedRights, RIGHT, SHARE } from "./access.ts";
import { DiskFile } from "./disk-file.ts";
import { HOST_DRIVE } from "./file-system.ts";
import { openFiles } from "./open-files.ts";

const GENERIC_READ = 0x8000_0000;
const GENERIC_WRITE = 0x4000_0000;

/**
 * A standard stream that is a regular file, as a shell's `<` and `>` open it. It keeps nobody from opening the file, and has the file's name, which gives no right to
 * open it either.
 */
export function redirectedStream(kernel: Kernel, { files }: Host, { file, position }: Redirection, stream: "input" | "output"): DiskFile {
  const path = file.path() ?? "/";
  const opening = { files, path, access: 0, share: SHARE.READ | SHARE.WRITE | SHARE.DELETE };
  const opened = new DiskFile({
    kernel,
    file,
    opening,
    node: openFiles(kernel).enter(file.stat(), opening),
    full: `${HOST_DRIVE}:${path.replaceAll("/", "\\")}`,
    kind: "file",
    rights: mappedRights(stream === "input" ? GENERIC_READ : GENERIC_WRITE) | RIGHT.READ_ATTRIBUTES,
    mode: 0,
  });
  opened.position = position;
  return opened;
}
