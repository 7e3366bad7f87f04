import { api, BOOL, DWORD, FARPROC, fn, HANDLE, HMODULE, orElse, out, PVOID, TBUF, text, TSTR } from "@decant/hook";

/** Modules ("Dynamic-Link Library Functions"). */
export const modulesApi = api("kernel32", {
  GetModuleHandle: text(HMODULE, ["lpModuleName", TSTR]),
  GetModuleHandleExA: fn(BOOL, ["dwFlags", DWORD], ["lpModuleName", PVOID], ["phModule", out(PVOID)]),
  GetModuleHandleExW: fn(BOOL, ["dwFlags", DWORD], ["lpModuleName", PVOID], ["phModule", out(PVOID)]),
  GetModuleFileName: text(orElse(DWORD, 0), ["hModule", HMODULE], ["lpFilename", TBUF], ["nSize", DWORD]),
  LoadLibrary: text(HMODULE, ["lpLibFileName", TSTR]),
  LoadLibraryEx: text(HMODULE, ["lpLibFileName", TSTR], ["hFile", HANDLE], ["dwFlags", DWORD]),
  FreeLibrary: fn(BOOL, ["hLibModule", HMODULE]),
  FreeLibraryAndExitThread: fn(BOOL, ["hLibModule", HMODULE], ["dwExitCode", DWORD]),
  GetProcAddress: fn(FARPROC, ["hModule", HMODULE], ["lpProcName", PVOID]),
  DisableThreadLibraryCalls: fn(BOOL, ["hLibModule", HMODULE]),
});
