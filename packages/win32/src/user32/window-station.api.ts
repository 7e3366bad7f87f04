import { api, BOOL, DWORD, fn, HANDLE, infallible, INT, OPAQUE, optional, out, PVOID } from "@decant/hook";

/** Window stations and desktops, of which a process has one each ("Window Station and Desktop Functions"). */
export const windowStationApi = api("user32", {
  GetProcessWindowStation: fn(infallible(HANDLE)),
  GetThreadDesktop: fn(infallible(HANDLE), ["dwThreadId", DWORD]),
  GetDesktopWindow: fn(infallible(OPAQUE)),
  GetUserObjectInformationA: fn(
    BOOL,
    ["hObj", HANDLE],
    ["nIndex", INT],
    ["pvInfo", PVOID],
    ["nLength", DWORD],
    ["lpnLengthNeeded", optional(out(DWORD))],
  ),
  GetUserObjectInformationW: fn(
    BOOL,
    ["hObj", HANDLE],
    ["nIndex", INT],
    ["pvInfo", PVOID],
    ["nLength", DWORD],
    ["lpnLengthNeeded", optional(out(DWORD))],
  ),
});
