import { ERROR, Win32Error, type Handle } from "@decant/hook";
import { PeError, readImage, readResourceData, replaceResources, type ResourceData } from "@decant/pe";
import { implement, KernelObject, type Thread } from "@decant/process";
import type { Location } from "../files/file-system.ts";
import { stateOf } from "../process-state.ts";
import { readResourceId } from "../resources/module-resources.ts";
import { readAll } from "./located.ts";
import { updateResourceApi } from "./resource.api.ts";

/** What bounds one update's bytes. */
const MAX_BYTES = 2 ** 28;

/** A file whose resources are being changed. */
class ResourceUpdate extends KernelObject {
  readonly location: Location;
  readonly resources: ResourceData[];

  constructor(location: Location, resources: ResourceData[]) {
    super();
    this.location = location;
    this.resources = resources;
  }

  set(changed: Omit<ResourceData, "bytes">, bytes: Uint8Array | undefined): void {
    const { type, name, language } = changed;
    const at = this.resources.findIndex((other) => other.type === type && other.name === name && other.language === language);
    const added = bytes === undefined ? [] : [{ ...changed, bytes }];
    this.resources.splice(at < 0 ? this.resources.length : at, at < 0 ? 0 : 1, ...added);
  }
}

/** Changes are gathered in memory, and written when the update ends. */
export const updateResource = implement(updateResourceApi, {
  BeginUpdateResource(thread, pFileName, bDeleteExistingResources) {
    const state = stateOf(thread);
    const location = state.fileSystem.locate(pFileName ?? "", state.paths);
    if (location.kind === "device" || location.stat?.kind !== "file") throw new Win32Error(ERROR.FILE_NOT_FOUND);
    const image = asImage(() => readImage(readAll(location)));
    const kept = bDeleteExistingResources ? [] : asImage(() => readResourceData(image));
    return thread.process.handles.add(new ResourceUpdate(location, kept));
  },
  UpdateResourceA: (thread, hUpdate, lpType, lpName, wLanguage, lpData, cb) =>
    update(thread, hUpdate, [lpType, lpName, wLanguage], lpData, cb, "ansi"),
  UpdateResourceW: (thread, hUpdate, lpType, lpName, wLanguage, lpData, cb) =>
    update(thread, hUpdate, [lpType, lpName, wLanguage], lpData, cb, "wide"),
  EndUpdateResource(thread, hUpdate, fDiscard) {
    const { handles } = thread.process;
    const { location, resources } = handles.get(hUpdate, ResourceUpdate);
    handles.close(hUpdate);
    if (fDiscard) return true;
    const bytes = asImage(() => replaceResources(readAll(location), resources));
    const file = location.files.open(location.path, { write: true });
    try {
      file.write(bytes, 0);
      file.truncate(bytes.length);
    } finally {
      file.close();
    }
    return true;
  },
});

function update(
  thread: Thread,
  hUpdate: Handle,
  [lpType, lpName, language]: readonly [type: number, name: number, language: number],
  lpData: number,
  length: number,
  form: "ansi" | "wide",
): boolean {
  const target = thread.process.handles.get(hUpdate, ResourceUpdate);
  const bytes = lpData === 0 || length === 0 ? undefined : thread.memory.read(lpData, length);
  const total = target.resources.reduce((sum, resource) => sum + resource.bytes.length, length);
  if (total > MAX_BYTES) throw new Win32Error(ERROR.NOT_ENOUGH_MEMORY);
  target.set({ type: readResourceId(thread, lpType, form), name: readResourceId(thread, lpName, form), language, codePage: 0 }, bytes);
  return true;
}

function asImage<T>(action: () => T): T {
  try {
    return action();
  } catch (error) {
    if (error instanceof PeError) throw new Win32Error(ERROR.BAD_EXE_FORMAT);
    throw error;
  }
}
