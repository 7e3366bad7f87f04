import { api, BOOL, DWORD, enumeration, fn, HANDLE, handleOr, INVALID_HANDLE_VALUE, LPVOID, optional, orElse, out, PVOID, struct, TBUF, tchars, text, TSTR, UINT, LPWSTR, ULARGE_INTEGER } from "@decant/hook";
import { FILETIME_PARTS } from "./file.api.ts";

export const FIND_DATA = struct("WIN32_FIND_DATA", {
  dwFileAttributes: DWORD,
  ftCreationTime: FILETIME_PARTS,
  ftLastAccessTime: FILETIME_PARTS,
  ftLastWriteTime: FILETIME_PARTS,
  nFileSizeHigh: DWORD,
  nFileSizeLow: DWORD,
  dwReserved0: DWORD,
  dwReserved1: DWORD,
  cFileName: tchars(260),
  cAlternateFileName: tchars(14),
});

export const FILE_ATTRIBUTE_DATA = struct("WIN32_FILE_ATTRIBUTE_DATA", {
  dwFileAttributes: DWORD,
  ftCreationTime: FILETIME_PARTS,
  ftLastAccessTime: FILETIME_PARTS,
  ftLastWriteTime: FILETIME_PARTS,
  nFileSizeHigh: DWORD,
  nFileSizeLow: DWORD,
});

/** The length of a text; 0 when it fails. */
const LENGTH = orElse(DWORD, 0);
const COUNT = orElse(UINT, 0);

/** Files and folders by name ("Directory Management Functions", "File Management Functions"). */
export const directoryApi = api("kernel32", {
  CreateDirectory: text(BOOL, ["lpPathName", TSTR], ["lpSecurityAttributes", PVOID]),
  CreateDirectoryEx: text(BOOL, ["lpTemplateDirectory", TSTR], ["lpNewDirectory", TSTR], ["lpSecurityAttributes", PVOID]),
  RemoveDirectory: text(BOOL, ["lpPathName", TSTR]),
  DeleteFile: text(BOOL, ["lpFileName", TSTR]),
  MoveFile: text(BOOL, ["lpExistingFileName", TSTR], ["lpNewFileName", TSTR]),
  MoveFileEx: text(BOOL, ["lpExistingFileName", TSTR], ["lpNewFileName", TSTR], ["dwFlags", DWORD]),
  MoveFileWithProgress: text(BOOL, ["lpExistingFileName", TSTR], ["lpNewFileName", TSTR], ["lpProgressRoutine", PVOID], ["lpData", LPVOID], ["dwFlags", DWORD]),
  ReplaceFile: text(BOOL, ["lpReplacedFileName", TSTR], ["lpReplacementFileName", TSTR], ["lpBackupFileName", TSTR], ["dwReplaceFlags", DWORD], ["lpExclude", LPVOID], ["lpReserved", LPVOID]),
  CopyFile: text(BOOL, ["lpExistingFileName", TSTR], ["lpNewFileName", TSTR], ["bFailIfExists", BOOL]),
  CreateHardLink: text(BOOL, ["lpFileName", TSTR], ["lpExistingFileName", TSTR], ["lpSecurityAttributes", PVOID]),
  GetFileAttributes: text(orElse(DWORD, 0xffff_ffff), ["lpFileName", TSTR]),
  GetFileAttributesEx: text(BOOL, ["lpFileName", TSTR], ["fInfoLevelId", DWORD], ["lpFileInformation", out(FILE_ATTRIBUTE_DATA)]),
  SetFileAttributes: text(BOOL, ["lpFileName", TSTR], ["dwFileAttributes", DWORD]),
  FindFirstFile: text(handleOr(INVALID_HANDLE_VALUE), ["lpFileName", TSTR], ["lpFindFileData", out(FIND_DATA)]),
  FindFirstFileEx: text(
    handleOr(INVALID_HANDLE_VALUE),
    ["lpFileName", TSTR],
    ["fInfoLevelId", enumeration("FindExInfo", { Standard: 0, Basic: 1 })],
    ["lpFindFileData", out(FIND_DATA)],
    ["fSearchOp", DWORD],
    ["lpSearchFilter", LPVOID],
    ["dwAdditionalFlags", DWORD],
  ),
  FindNextFile: text(BOOL, ["hFindFile", HANDLE], ["lpFindFileData", out(FIND_DATA)]),
  FindClose: fn(BOOL, ["hFindFile", HANDLE]),
  FindFirstChangeNotification: text(handleOr(INVALID_HANDLE_VALUE), ["lpPathName", TSTR], ["bWatchSubtree", BOOL], ["dwNotifyFilter", DWORD]),
  GetCurrentDirectory: text(LENGTH, ["nBufferLength", DWORD], ["lpBuffer", TBUF]),
  SetCurrentDirectory: text(BOOL, ["lpPathName", TSTR]),
  GetFullPathName: text(LENGTH, ["lpFileName", TSTR], ["nBufferLength", DWORD], ["lpBuffer", TBUF], ["lpFilePart", optional(out(LPWSTR))]),
  GetLongPathName: text(LENGTH, ["lpszShortPath", TSTR], ["lpszLongPath", TBUF], ["cchBuffer", DWORD]),
  GetShortPathName: text(LENGTH, ["lpszLongPath", TSTR], ["lpszShortPath", TBUF], ["cchBuffer", DWORD]),
  GetTempPath: text(LENGTH, ["nBufferLength", DWORD], ["lpBuffer", TBUF]),
  GetTempPath2: text(LENGTH, ["nBufferLength", DWORD], ["lpBuffer", TBUF]),
  GetTempFileName: text(COUNT, ["lpPathName", TSTR], ["lpPrefixString", TSTR], ["uUnique", UINT], ["lpTempFileName", TBUF]),
  GetSystemDirectory: text(COUNT, ["lpBuffer", TBUF], ["uSize", UINT]),
  GetWindowsDirectory: text(COUNT, ["lpBuffer", TBUF], ["uSize", UINT]),
  GetSystemWindowsDirectory: text(COUNT, ["lpBuffer", TBUF], ["uSize", UINT]),
  SearchPath: text(LENGTH, ["lpPath", TSTR], ["lpFileName", TSTR], ["lpExtension", TSTR], ["nBufferLength", DWORD], ["lpBuffer", TBUF], ["lpFilePart", optional(out(LPWSTR))]),
  GetDriveType: text(UINT, ["lpRootPathName", TSTR]),
  GetLogicalDrives: fn(DWORD),
  GetLogicalDriveStrings: text(LENGTH, ["nBufferLength", DWORD], ["lpBuffer", TBUF]),
  GetDiskFreeSpace: text(BOOL, ["lpRootPathName", TSTR], ["lpSectorsPerCluster", optional(out(DWORD))], ["lpBytesPerSector", optional(out(DWORD))], ["lpNumberOfFreeClusters", optional(out(DWORD))], ["lpTotalNumberOfClusters", optional(out(DWORD))]),
  GetDiskFreeSpaceEx: text(BOOL, ["lpDirectoryName", TSTR], ["lpFreeBytesAvailableToCaller", optional(out(ULARGE_INTEGER))], ["lpTotalNumberOfBytes", optional(out(ULARGE_INTEGER))], ["lpTotalNumberOfFreeBytes", optional(out(ULARGE_INTEGER))]),
  GetVolumeInformation: text(
    BOOL,
    ["lpRootPathName", TSTR],
    ["lpVolumeNameBuffer", TBUF],
    ["nVolumeNameSize", DWORD],
    ["lpVolumeSerialNumber", optional(out(DWORD))],
    ["lpMaximumComponentLength", optional(out(DWORD))],
    ["lpFileSystemFlags", optional(out(DWORD))],
    ["lpFileSystemNameBuffer", TBUF],
    ["nFileSystemNameSize", DWORD],
  ),
  GetVolumePathName: text(BOOL, ["lpszFileName", TSTR], ["lpszVolumePathName", TBUF], ["cchBufferLength", DWORD]),
  GetBinaryType: text(BOOL, ["lpApplicationName", TSTR], ["lpBinaryType", out(DWORD)]),
});
