import { ERROR, Win32Error, type Handle } from "@decant/hook";
import type { KernelObject, ObjectKind, Thread } from "@decant/process";
import { isInheritable } from "./security-attributes.ts";

/** A new object, as its SECURITY_ATTRIBUTES say; under a name that exists, that one, with ERROR_ALREADY_EXISTS as last error of a success. */
export function createNamed<T extends KernelObject>(
  thread: Thread,
  { name, attributes }: { readonly name: string | undefined; readonly attributes: number },
  kind: ObjectKind<T>,
  make: () => T,
): Handle {
  const { named } = thread.kernel;
  const existing = name === undefined || name === "" ? undefined : liveObject(thread, name);
  if (existing !== undefined && !(existing instanceof kind)) throw new Win32Error(ERROR.INVALID_HANDLE);
  const created = existing ?? make();
  const handle = thread.process.handles.add(created, isInheritable(thread, attributes));
  if (existing === undefined && name !== undefined && name !== "") {
    created.name = name;
    named.set(objectKey(name), created);
  }
  thread.lastError = existing === undefined ? ERROR.SUCCESS : ERROR.ALREADY_EXISTS;
  return handle;
}

/** Opens an object by its name. Throws ERROR_FILE_NOT_FOUND, or ERROR_INVALID_HANDLE for one of another kind. */
export function openNamed<T extends KernelObject>(
  thread: Thread,
  name: string | undefined,
  kind: ObjectKind<T>,
  inheritable = false,
): Handle {
  if (name === undefined) throw new Win32Error(ERROR.INVALID_PARAMETER);
  const found = liveObject(thread, name);
  if (found === undefined) throw new Win32Error(ERROR.FILE_NOT_FOUND);
  if (!(found instanceof kind)) throw new Win32Error(ERROR.INVALID_HANDLE);
  return thread.process.handles.add(found, inheritable);
}

/** A named object that somebody still has a handle to. */
function liveObject(thread: Thread, name: string): KernelObject | undefined {
  const found = thread.kernel.named.get(objectKey(name));
  return found !== undefined && found.references > 0 ? found : undefined;
}

/** There is one session: its names and the global ones are the same. */
function objectKey(name: string): string {
  return name.replace(/^(?:Local|Global)\\/, "");
}
