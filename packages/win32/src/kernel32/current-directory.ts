import { NULL_HANDLE, type Handle } from "@decant/hook";
import { parametersLayout, type Process, type Thread } from "@decant/process";
import { RIGHT, SHARE } from "../files/access.ts";
import { DISPOSITION, openFile, OPTION } from "../files/open-file.ts";
import { ProcessState, stateOf } from "../process-state.ts";

const HELD = Symbol("the current folder's handle");

/** The current folder, as GetCurrentDirectory tells it: no separator at the end, except for a root's. */
export function currentDirectory({ process }: Thread): string {
  return process.currentDirectory;
}

/** Changes the current folder, there too where programs read it for themselves: in the process parameters. */
export function setCurrentDirectory(thread: Thread, full: string): void {
  const { process, memory } = thread;
  const folder = full.length > 3 ? full.replace(/\\$/, "") : full;
  process.currentDirectory = folder;
  holdCurrentDirectory(process);
  const drive = folder.slice(0, 2).toUpperCase();
  stateOf(thread).environment.set(`=${drive}`, { name: `=${drive}`, value: folder });
  const field = process.parameters + parametersLayout(memory).CurrentDirectory;
  const shown = folder.endsWith("\\") ? folder : `${folder}\\`;
  if (2 * shown.length + 2 > memory.u16(field + 2)) return;
  memory.setWstring(memory.u32(field + memory.pointerSize), shown);
  memory.setU16(field, 2 * shown.length);
}

/**
 * Opens the current folder, as Windows keeps it open in the process parameters: programs open names below that handle (Zig's and Bun's do), and nobody deletes
 * or renames the folder meanwhile. A folder that the guest may not look into has none.
 */
export function holdCurrentDirectory(process: Process): void {
  const { memory, handles, mainThread } = process;
  const held = process.state(HELD, () => ({ handle: NULL_HANDLE as Handle }));
  const before = held.handle;
  held.handle = openFolder(mainThread) ?? NULL_HANDLE;
  memory.setPointer(process.parameters + parametersLayout(memory).CurrentDirectory + 2 * memory.pointerSize, held.handle);
  // Unless the program has closed it.
  if (before !== NULL_HANDLE && handles.find(before) !== undefined) handles.close(before);
}

function openFolder(thread: Thread): Handle | undefined {
  const { fileSystem, paths } = ProcessState.of(thread);
  const access = RIGHT.EXECUTE | RIGHT.SYNCHRONIZE;
  const request = { access, share: SHARE.READ | SHARE.WRITE, disposition: DISPOSITION.OPEN, options: OPTION.DIRECTORY_FILE, attributes: 0 };
  try {
    const location = fileSystem.locate(thread.process.currentDirectory, paths);
    if (location.kind === "device" || location.stat === undefined) return undefined;
    return thread.process.handles.add(openFile(thread, location, request).file);
  } catch {
    return undefined;
  }
}
