import {
  api,
  BOOL,
  DWORD,
  enumeration,
  flags,
  fn,
  HANDLE,
  handleOr,
  in_,
  infallible,
  inout,
  INVALID_HANDLE_VALUE,
  LARGE_INTEGER,
  LONG,
  optional,
  orElse,
  out,
  PVOID,
  struct,
  TBUF,
  text,
  TSTR,
  UINT,
  VOID,
  at,
} from "@decant/hook";
import { FILE_INFO_CLASS, FINAL_PATH_FLAGS } from "../values/files.ts";
import { SECURITY_ATTRIBUTES } from "../values/security.ts";
import { FILETIME, FILETIME_PARTS } from "../values/times.ts";
import { FILE_ATTRIBUTE } from "../files/attributes.ts";

export const ACCESS = flags("GENERIC", { READ: 0x8000_0000, WRITE: 0x4000_0000, EXECUTE: 0x2000_0000, ALL: 0x1000_0000 });
export const SHARE_MODE = flags("FILE_SHARE", { READ: 1, WRITE: 2, DELETE: 4 });
export const DISPOSITION = enumeration("", { CREATE_NEW: 1, CREATE_ALWAYS: 2, OPEN_EXISTING: 3, OPEN_ALWAYS: 4, TRUNCATE_EXISTING: 5 });
export const ATTRIBUTES = flags("FILE_ATTRIBUTE", FILE_ATTRIBUTE);
/** GetFileAttributes' answer. */
export const ATTRIBUTES_OR_INVALID = flags("", {
  ...Object.fromEntries(Object.entries(FILE_ATTRIBUTE).map(([name, bit]) => [`FILE_ATTRIBUTE_${name}`, bit])),
  INVALID_FILE_ATTRIBUTES: 0xffff_ffff,
});
/** Attributes, and how a file is to be opened. */
export const ATTRIBUTES_AND_FLAGS = flags("FILE", {
  ...Object.fromEntries(Object.entries(FILE_ATTRIBUTE).map(([name, bit]) => [`ATTRIBUTE_${name}`, bit])),
  FLAG_WRITE_THROUGH: 0x8000_0000,
  FLAG_OVERLAPPED: 0x4000_0000,
  FLAG_NO_BUFFERING: 0x2000_0000,
  FLAG_RANDOM_ACCESS: 0x1000_0000,
  FLAG_SEQUENTIAL_SCAN: 0x0800_0000,
  FLAG_DELETE_ON_CLOSE: 0x0400_0000,
  FLAG_BACKUP_SEMANTICS: 0x0200_0000,
  FLAG_OPEN_REPARSE_POINT: 0x0020_0000,
});
export const FILE_TYPE = enumeration("FILE_TYPE", { UNKNOWN: 0, DISK: 1, CHAR: 2, PIPE: 3 });
export const MOVE_METHOD = enumeration("FILE", { BEGIN: 0, CURRENT: 1, END: 2 });

export const BY_HANDLE_FILE_INFORMATION = struct("BY_HANDLE_FILE_INFORMATION", {
  dwFileAttributes: ATTRIBUTES,
  ftCreationTime: FILETIME_PARTS,
  ftLastAccessTime: FILETIME_PARTS,
  ftLastWriteTime: FILETIME_PARTS,
  dwVolumeSerialNumber: DWORD,
  nFileSizeHigh: DWORD,
  nFileSizeLow: DWORD,
  nNumberOfLinks: DWORD,
  nFileIndexHigh: DWORD,
  nFileIndexLow: DWORD,
});

/** Open files: CreateFile to CloseHandle ("File Management Functions"). */
export const fileApi = api("kernel32", {
  CreateFile: text(
    handleOr(INVALID_HANDLE_VALUE),
    ["lpFileName", TSTR],
    ["dwDesiredAccess", ACCESS],
    ["dwShareMode", SHARE_MODE],
    ["lpSecurityAttributes", at(SECURITY_ATTRIBUTES)],
    ["dwCreationDisposition", DISPOSITION],
    ["dwFlagsAndAttributes", ATTRIBUTES_AND_FLAGS],
    ["hTemplateFile", HANDLE],
  ),
  FlushFileBuffers: fn(BOOL, ["hFile", HANDLE]),
  SetFilePointer: fn(
    orElse(DWORD, 0xffff_ffff),
    ["hFile", HANDLE],
    ["lDistanceToMove", LONG],
    ["lpDistanceToMoveHigh", optional(inout(LONG))],
    ["dwMoveMethod", MOVE_METHOD],
  ),
  SetFilePointerEx: fn(
    BOOL,
    ["hFile", HANDLE],
    ["liDistanceToMove", LARGE_INTEGER],
    ["lpNewFilePointer", optional(out(LARGE_INTEGER))],
    ["dwMoveMethod", MOVE_METHOD],
  ),
  SetEndOfFile: fn(BOOL, ["hFile", HANDLE]),
  GetFileSize: fn(orElse(DWORD, 0xffff_ffff), ["hFile", HANDLE], ["lpFileSizeHigh", optional(out(DWORD))]),
  GetFileSizeEx: fn(BOOL, ["hFile", HANDLE], ["lpFileSize", out(LARGE_INTEGER)]),
  GetFileType: fn(FILE_TYPE, ["hFile", HANDLE]),
  GetFileTime: fn(
    BOOL,
    ["hFile", HANDLE],
    ["lpCreationTime", optional(out(FILETIME))],
    ["lpLastAccessTime", optional(out(FILETIME))],
    ["lpLastWriteTime", optional(out(FILETIME))],
  ),
  SetFileTime: fn(
    BOOL,
    ["hFile", HANDLE],
    ["lpCreationTime", optional(in_(FILETIME))],
    ["lpLastAccessTime", optional(in_(FILETIME))],
    ["lpLastWriteTime", optional(in_(FILETIME))],
  ),
  GetFileInformationByHandle: fn(BOOL, ["hFile", HANDLE], ["lpFileInformation", out(BY_HANDLE_FILE_INFORMATION)]),
  GetFileInformationByHandleEx: fn(
    BOOL,
    ["hFile", HANDLE],
    ["FileInformationClass", FILE_INFO_CLASS],
    ["lpFileInformation", PVOID],
    ["dwBufferSize", DWORD],
  ),
  SetFileInformationByHandle: fn(
    BOOL,
    ["hFile", HANDLE],
    ["FileInformationClass", FILE_INFO_CLASS],
    ["lpFileInformation", PVOID],
    ["dwBufferSize", DWORD],
  ),
  GetFinalPathNameByHandle: text(
    orElse(DWORD, 0),
    ["hFile", HANDLE],
    ["lpszFilePath", TBUF],
    ["cchFilePath", DWORD],
    ["dwFlags", FINAL_PATH_FLAGS],
  ),
  SetFileApisToOEM: fn(VOID),
  SetFileApisToANSI: fn(VOID),
  AreFileApisANSI: fn(infallible(BOOL)),
  SetHandleCount: fn(UINT, ["uNumber", UINT]),
});
