import {
  api,
  BOOL,
  DWORD,
  FARPROC,
  fn,
  HANDLE,
  HMODULE,
  LPCWSTR,
  orElse,
  out,
  PROC_NAME,
  PVOID,
  required,
  TBUF,
  text,
  TSTR,
} from "@decant/hook";
import { LOAD_LIBRARY_FLAGS, MODULE_HANDLE_FLAGS } from "../values/processes.ts";

/** Modules ("Dynamic-Link Library Functions"). */
export const modulesApi = api("kernel32", {
  GetModuleHandle: text(HMODULE, ["lpModuleName", TSTR]),
  GetModuleHandleExA: fn(BOOL, ["dwFlags", MODULE_HANDLE_FLAGS], ["lpModuleName", PVOID], ["phModule", out(PVOID)]),
  GetModuleHandleExW: fn(BOOL, ["dwFlags", MODULE_HANDLE_FLAGS], ["lpModuleName", PVOID], ["phModule", out(PVOID)]),
  GetModuleFileName: text(orElse(DWORD, 0), ["hModule", HMODULE], ["lpFilename", TBUF], ["nSize", DWORD]),
  LoadLibrary: text(HMODULE, ["lpLibFileName", TSTR]),
  LoadLibraryEx: text(HMODULE, ["lpLibFileName", TSTR], ["hFile", HANDLE], ["dwFlags", LOAD_LIBRARY_FLAGS]),
  FreeLibrary: fn(BOOL, ["hLibModule", HMODULE]),
  FreeLibraryAndExitThread: fn(BOOL, ["hLibModule", HMODULE], ["dwExitCode", DWORD]),
  GetProcAddress: fn(FARPROC, ["hModule", HMODULE], ["lpProcName", PROC_NAME]),
  SetDllDirectory: text(BOOL, ["lpPathName", TSTR]),
  GetDllDirectory: text(orElse(DWORD, 0), ["nBufferLength", DWORD], ["lpBuffer", TBUF]),
  SetDefaultDllDirectories: fn(BOOL, ["DirectoryFlags", DWORD]),
  AddDllDirectory: fn(PVOID, ["NewDirectory", required(LPCWSTR)]),
  RemoveDllDirectory: fn(BOOL, ["Cookie", PVOID]),
  DisableThreadLibraryCalls: fn(BOOL, ["hLibModule", HMODULE]),
});
