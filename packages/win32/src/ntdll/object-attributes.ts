import { NtError, STATUS, type Handle, type StructValue } from "@decant/hook";
import type { Thread } from "@decant/process";
import { DiskFile } from "../files/disk-file.ts";
import type { DeviceLocation, Location } from "../files/file-system.ts";
import { stateOf } from "../process-state.ts";
import { UNICODE_STRING, type OBJECT_ATTRIBUTES } from "./file.api.ts";

/** What NtCreateFile and its like are told about a name. */
export type ObjectAttributes = StructValue<(typeof OBJECT_ATTRIBUTES)["fields"]>;

/** In Attributes: the handle goes to children. */
export const OBJ_INHERIT = 2;

/** Finds what OBJECT_ATTRIBUTES name: an NT path, or a name below the folder that is RootDirectory. */
export function locateObject(thread: Thread, attributes: ObjectAttributes, link: "follow" | "link"): Location | DeviceLocation {
  return objectName(thread, attributesName(thread, attributes), attributes.RootDirectory, link);
}

/** The name that OBJECT_ATTRIBUTES carry. */
export function attributesName(thread: Thread, { ObjectName }: ObjectAttributes): string {
  if (ObjectName === 0) throw new NtError(STATUS.OBJECT_NAME_INVALID);
  const { Length, Buffer } = UNICODE_STRING.load(thread, ObjectName);
  return thread.memory.utf16(Buffer, Length >> 1);
}

/** The same for a name and a folder's handle, or 0; `folder` is the full Windows path that stands for no handle. */
export function objectName(
  thread: Thread,
  name: string,
  root: number,
  link: "follow" | "link",
  folder?: string,
): Location | DeviceLocation {
  const { fileSystem } = stateOf(thread);
  if (root === 0) return fileSystem.locateNt(name, folder, link);
  const { isFolder, windowsPath } = thread.process.handles.get(root as Handle, DiskFile);
  if (!isFolder) throw new NtError(STATUS.OBJECT_TYPE_MISMATCH);
  return fileSystem.locateNt(name, windowsPath, link);
}
