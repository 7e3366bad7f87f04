import { parametersLayout, type Thread } from "@decant/process";
import { stateOf } from "../process-state.ts";

/** The current folder, as GetCurrentDirectory tells it: no separator at the end, except for a root's. */
export function currentDirectory({ process }: Thread): string {
  return process.currentDirectory;
}

/** Changes the current folder, there too where programs read it for themselves: in the process parameters. */
export function setCurrentDirectory(thread: Thread, full: string): void {
  const { process, memory } = thread;
  const folder = full.length > 3 ? full.replace(/\\$/, "") : full;
  process.currentDirectory = folder;
  const drive = folder.slice(0, 2).toUpperCase();
  stateOf(thread).environment.set(`=${drive}`, { name: `=${drive}`, value: folder });
  const field = process.parameters + parametersLayout(memory).CurrentDirectory;
  const shown = folder.endsWith("\\") ? folder : `${folder}\\`;
  if (2 * shown.length + 2 > memory.u16(field + 2)) return;
  memory.setWstring(memory.u32(field + memory.pointerSize), shown);
  memory.setU16(field, 2 * shown.length);
}
