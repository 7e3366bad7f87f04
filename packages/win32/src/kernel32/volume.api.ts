import {
  api, BOOL, DWORD, fn, HANDLE, handleOr, INVALID_HANDLE_VALUE, LARGE_INTEGER, LPCWSTR, optional, orElse, out, struct, TBUF, text, TSTR, UINT, wchars, LONGLONG,
} from "@decant/hook"; // prettier-ignore

export const FIND_STREAM_DATA = struct("WIN32_FIND_STREAM_DATA", { StreamSize: LONGLONG, cStreamName: wchars(296) });

const LENGTH = orElse(DWORD, 0);

/** Volumes and their names ("Volume Management Functions"), and files by other ways than their names. */
export const volumeApi = api("kernel32", {
  FindFirstVolume: text(handleOr(INVALID_HANDLE_VALUE), ["lpszVolumeName", TBUF], ["cchBufferLength", DWORD]),
  FindNextVolume: text(BOOL, ["hFindVolume", HANDLE], ["lpszVolumeName", TBUF], ["cchBufferLength", DWORD]),
  FindVolumeClose: fn(BOOL, ["hFindVolume", HANDLE]),
  GetVolumeNameForVolumeMountPoint: text(BOOL, ["lpszVolumeMountPoint", TSTR], ["lpszVolumeName", TBUF], ["cchBufferLength", DWORD]),
  GetVolumePathNamesForVolumeName: text(
    BOOL,
    ["lpszVolumeName", TSTR],
    ["lpszVolumePathNames", TBUF],
    ["cchBufferLength", DWORD],
    ["lpcchReturnLength", optional(out(DWORD))],
  ),
  SetVolumeLabel: text(BOOL, ["lpRootPathName", TSTR], ["lpVolumeName", TSTR]),
  SetVolumeMountPoint: text(BOOL, ["lpszVolumeMountPoint", TSTR], ["lpszVolumeName", TSTR]),
  DeleteVolumeMountPoint: text(BOOL, ["lpszVolumeMountPoint", TSTR]),
  QueryDosDevice: text(LENGTH, ["lpDeviceName", TSTR], ["lpTargetPath", TBUF], ["ucchMax", DWORD]),
  DefineDosDevice: text(BOOL, ["dwFlags", DWORD], ["lpDeviceName", TSTR], ["lpTargetPath", TSTR]),
  GetCompressedFileSize: text(orElse(DWORD, 0xffff_ffff), ["lpFileName", TSTR], ["lpFileSizeHigh", optional(out(DWORD))]),
  FindFirstStreamW: fn(
    handleOr(INVALID_HANDLE_VALUE),
    ["lpFileName", LPCWSTR],
    ["InfoLevel", UINT],
    ["lpFindStreamData", out(FIND_STREAM_DATA)],
    ["dwFlags", DWORD],
  ),
  FindNextStreamW: fn(BOOL, ["hFindStream", HANDLE], ["lpFindStreamData", out(FIND_STREAM_DATA)]),
  ReOpenFile: fn(
    handleOr(INVALID_HANDLE_VALUE),
    ["hOriginalFile", HANDLE],
    ["dwDesiredAccess", DWORD],
    ["dwShareMode", DWORD],
    ["dwFlagsAndAttributes", DWORD],
  ),
  SetFileValidData: fn(BOOL, ["hFile", HANDLE], ["ValidDataLength", LARGE_INTEGER]),
  SetFileShortName: text(BOOL, ["hFile", HANDLE], ["lpShortName", TSTR]),
  AreShortNamesEnabled: fn(BOOL, ["hVolume", HANDLE], ["Enabled", out(BOOL)]),
});
