import { api, BOOL, DWORD, fn, HANDLE, handleOr, LPCVOID, LPVOID, NULL_HANDLE, PVOID, SIZE_T, text, TSTR } from "@decant/hook";

/** Sections and views ("File Mapping"). */
export const fileMappingApi = api("kernel32", {
  CreateFileMapping: text(
    handleOr(NULL_HANDLE),
    ["hFile", HANDLE],
    ["lpFileMappingAttributes", PVOID],
    ["flProtect", DWORD],
    ["dwMaximumSizeHigh", DWORD],
    ["dwMaximumSizeLow", DWORD],
    ["lpName", TSTR],
  ),
  OpenFileMapping: text(handleOr(NULL_HANDLE), ["dwDesiredAccess", DWORD], ["bInheritHandle", BOOL], ["lpName", TSTR]),
  MapViewOfFile: fn(
    LPVOID,
    ["hFileMappingObject", HANDLE],
    ["dwDesiredAccess", DWORD],
    ["dwFileOffsetHigh", DWORD],
    ["dwFileOffsetLow", DWORD],
    ["dwNumberOfBytesToMap", SIZE_T],
  ),
  MapViewOfFileEx: fn(
    LPVOID,
    ["hFileMappingObject", HANDLE],
    ["dwDesiredAccess", DWORD],
    ["dwFileOffsetHigh", DWORD],
    ["dwFileOffsetLow", DWORD],
    ["dwNumberOfBytesToMap", SIZE_T],
    ["lpBaseAddress", LPVOID],
  ),
  FlushViewOfFile: fn(BOOL, ["lpBaseAddress", LPCVOID], ["dwNumberOfBytesToFlush", SIZE_T]),
  UnmapViewOfFile: fn(BOOL, ["lpBaseAddress", LPCVOID]),
  UnmapViewOfFileEx: fn(BOOL, ["BaseAddress", PVOID], ["UnmapFlags", DWORD]),
});
