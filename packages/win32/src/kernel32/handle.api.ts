import { api, BOOL, DWORD, flags, fn, HANDLE, optional, out } from "@decant/hook";
import { HANDLE_FLAGS } from "../values/files.ts";

/** Handles of any kind ("Handle and Object Functions"). */
export const handleApi = api("kernel32", {
  CloseHandle: fn(BOOL, ["hObject", HANDLE]),
  DuplicateHandle: fn(
    BOOL,
    ["hSourceProcessHandle", HANDLE],
    ["hSourceHandle", HANDLE],
    ["hTargetProcessHandle", HANDLE],
    ["lpTargetHandle", optional(out(HANDLE))],
    ["dwDesiredAccess", DWORD],
    ["bInheritHandle", BOOL],
    ["dwOptions", flags("DUPLICATE", { CLOSE_SOURCE: 1, SAME_ACCESS: 2 })],
  ),
  GetHandleInformation: fn(BOOL, ["hObject", HANDLE], ["lpdwFlags", out(DWORD)]),
  SetHandleInformation: fn(BOOL, ["hObject", HANDLE], ["dwMask", HANDLE_FLAGS], ["dwFlags", HANDLE_FLAGS]),
  CompareObjectHandles: fn(BOOL, ["hFirstObjectHandle", HANDLE], ["hSecondObjectHandle", HANDLE]),
});
