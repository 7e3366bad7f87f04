import { ERROR, Win32Error } from "@decant/hook";
import { implement, ProcessObject } from "@decant/process";
import { handleApi } from "./handle.api.ts";

const HANDLE_FLAG = { INHERIT: 1, PROTECT_FROM_CLOSE: 2 } as const;
const DUPLICATE = { CLOSE_SOURCE: 1, SAME_ACCESS: 2 } as const;

/** Handles of any kind. Access rights are not kept by handle: a duplicate can do what its source can. */
export const handle = implement(handleApi, {
  CloseHandle(thread, hObject) {
    thread.process.handles.close(hObject);
    return true;
  },

  DuplicateHandle(
    thread,
    hSourceProcessHandle,
    hSourceHandle,
    hTargetProcessHandle,
    lpTargetHandle,
    _dwDesiredAccess,
    bInheritHandle,
    dwOptions,
  ) {
    const { handles } = thread.process;
    const source = handles.get(hSourceProcessHandle, ProcessObject).process;
    // With DUPLICATE_CLOSE_SOURCE the source goes however the rest ends, and no target is needed.
    try {
      if (!lpTargetHandle.isNull || (dwOptions & DUPLICATE.CLOSE_SOURCE) === 0) {
        const target = handles.get(hTargetProcessHandle, ProcessObject).process;
        lpTargetHandle.set(source.handles.duplicate(hSourceHandle, target.handles, bInheritHandle));
      }
    } finally {
      if ((dwOptions & DUPLICATE.CLOSE_SOURCE) !== 0) source.handles.close(hSourceHandle);
    }
    return true;
  },

  GetHandleInformation(thread, hObject, lpdwFlags) {
    const { inheritable, isProtected } = thread.process.handles.flags(hObject);
    lpdwFlags.set((inheritable ? HANDLE_FLAG.INHERIT : 0) | (isProtected ? HANDLE_FLAG.PROTECT_FROM_CLOSE : 0));
    return true;
  },

  SetHandleInformation(thread, hObject, dwMask, dwFlags) {
    if ((dwMask & ~(HANDLE_FLAG.INHERIT | HANDLE_FLAG.PROTECT_FROM_CLOSE)) !== 0) throw new Win32Error(ERROR.INVALID_PARAMETER);
    const flags = thread.process.handles.flags(hObject);
    if ((dwMask & HANDLE_FLAG.INHERIT) !== 0) flags.inheritable = (dwFlags & HANDLE_FLAG.INHERIT) !== 0;
    if ((dwMask & HANDLE_FLAG.PROTECT_FROM_CLOSE) !== 0) flags.isProtected = (dwFlags & HANDLE_FLAG.PROTECT_FROM_CLOSE) !== 0;
    return true;
  },

  CompareObjectHandles(thread, hFirstObjectHandle, hSecondObjectHandle) {
    const first = thread.process.handles.find(hFirstObjectHandle);
    if (first === undefined) throw new Win32Error(ERROR.INVALID_HANDLE);
    return first === thread.process.handles.find(hSecondObjectHandle);
  },
});
