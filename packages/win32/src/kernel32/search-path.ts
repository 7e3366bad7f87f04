import { ERROR, Win32Error, type TextBuffer } from "@decant/hook";
import { folderOf, type Thread } from "@decant/process";
import { filePartOffset, fullPath, pathForm } from "../paths/windows-path.ts";
import { stateOf } from "../process-state.ts";

/** SearchPath: looks for a file along a list of folders. */
export const searchPath = {
  /** The full path of the first match. Throws ERROR_FILE_NOT_FOUND. */
  find(thread: Thread, path: string | undefined, name: string, extension: string | undefined): string {
    const file = extension !== undefined && !/\.[^\\/.]*$/.test(name) ? name + extension : name;
    const { fileSystem, paths, environment } = stateOf(thread);
    const folders =
      path?.split(";") ??
      [folderOf(thread.process.path), thread.process.currentDirectory, "C:\\Windows\\System32", "C:\\Windows", ...(environment.get("PATH")?.value ?? "").split(";")]; // prettier-ignore
    const candidates =
      pathForm(file) === "relative" && !/^\.{1,2}[\\/]/.test(file)
        ? folders.filter((folder) => folder !== "").map((folder) => `${folder.replace(/[\\/]$/, "")}\\${file}`)
        : [file];
    for (const candidate of candidates) {
      try {
        const location = fileSystem.locate(candidate, paths);
        if (location.kind === "file" && location.stat !== undefined) return fullPath(candidate, paths);
      } catch (error) {
        // A folder of the list that is not there, or not the guest's to look into, is passed over.
        if (!(error instanceof Win32Error || (error instanceof Error && "code" in error))) throw error;
      }
    }
    throw new Win32Error(ERROR.FILE_NOT_FOUND);
  },

  /** The address of the last name in a path that was written to a buffer; 0 where there is none. */
  filePart(buffer: TextBuffer, full: string): number {
    const offset = filePartOffset(full);
    return offset === undefined ? 0 : buffer.address + offset * buffer.charSize;
  },
};
