import { api, BOOL, DWORD, fn, HANDLE, handleOr, LPCVOID, LPVOID, NULL_HANDLE, PVOID, SIZE_T, text, TSTR, at } from "@decant/hook";
import { PROTECTION } from "./virtual.api.ts";
import { MAP_ACCESS } from "../values/files.ts";
import { SECURITY_ATTRIBUTES } from "../values/security.ts";

/** Sections and views ("File Mapping"). */
export const fileMappingApi = api("kernel32", {
  CreateFileMapping: text(
    handleOr(NULL_HANDLE),
    ["hFile", HANDLE],
    ["lpFileMappingAttributes", at(SECURITY_ATTRIBUTES)],
    ["flProtect", PROTECTION],
    ["dwMaximumSizeHigh", DWORD],
    ["dwMaximumSizeLow", DWORD],
    ["lpName", TSTR],
  ),
  OpenFileMapping: text(handleOr(NULL_HANDLE), ["dwDesiredAccess", MAP_ACCESS], ["bInheritHandle", BOOL], ["lpName", TSTR]),
  MapViewOfFile: fn(
    LPVOID,
    ["hFileMappingObject", HANDLE],
    ["dwDesiredAccess", MAP_ACCESS],
    ["dwFileOffsetHigh", DWORD],
    ["dwFileOffsetLow", DWORD],
    ["dwNumberOfBytesToMap", SIZE_T],
  ),
  MapViewOfFileEx: fn(
    LPVOID,
    ["hFileMappingObject", HANDLE],
    ["dwDesiredAccess", MAP_ACCESS],
    ["dwFileOffsetHigh", DWORD],
    ["dwFileOffsetLow", DWORD],
    ["dwNumberOfBytesToMap", SIZE_T],
    ["lpBaseAddress", LPVOID],
  ),
  FlushViewOfFile: fn(BOOL, ["lpBaseAddress", LPCVOID], ["dwNumberOfBytesToFlush", SIZE_T]),
  UnmapViewOfFile: fn(BOOL, ["lpBaseAddress", LPCVOID]),
  UnmapViewOfFileEx: fn(BOOL, ["BaseAddress", PVOID], ["UnmapFlags", DWORD]),
});
