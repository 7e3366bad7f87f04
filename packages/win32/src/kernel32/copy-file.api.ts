import { api, BOOL, BOOLEAN, DWORD, fn, HRESULT, LPCWSTR, LPVOID, OPAQUE, PVOID, struct, text, TSTR, at } from "@decant/hook";
import { COPY_FLAGS, MOVE_FLAGS } from "../values/files.ts";
import { SECURITY_ATTRIBUTES } from "../values/security.ts";

/** COPYFILE2_EXTENDED_PARAMETERS. */
export const COPYFILE2_PARAMETERS = struct("COPYFILE2_EXTENDED_PARAMETERS", {
  dwSize: DWORD,
  dwCopyFlags: DWORD,
  pfCancel: PVOID,
  pProgressRoutine: PVOID,
  pvCallbackContext: OPAQUE,
});

/** Copies, moves with progress, replacements and links ("File Management Functions"). */
export const copyFileApi = api("kernel32", {
  CopyFile: text(BOOL, ["lpExistingFileName", TSTR], ["lpNewFileName", TSTR], ["bFailIfExists", BOOL]),
  CopyFileEx: text(
    BOOL,
    ["lpExistingFileName", TSTR],
    ["lpNewFileName", TSTR],
    ["lpProgressRoutine", PVOID],
    ["lpData", OPAQUE],
    ["pbCancel", PVOID],
    ["dwCopyFlags", COPY_FLAGS],
  ),
  CopyFile2: fn(HRESULT, ["pwszExistingFileName", LPCWSTR], ["pwszNewFileName", LPCWSTR], ["pExtendedParameters", PVOID]),
  MoveFileWithProgress: text(
    BOOL,
    ["lpExistingFileName", TSTR],
    ["lpNewFileName", TSTR],
    ["lpProgressRoutine", PVOID],
    ["lpData", OPAQUE],
    ["dwFlags", MOVE_FLAGS],
  ),
  ReplaceFile: text(
    BOOL,
    ["lpReplacedFileName", TSTR],
    ["lpReplacementFileName", TSTR],
    ["lpBackupFileName", TSTR],
    ["dwReplaceFlags", DWORD],
    ["lpExclude", LPVOID],
    ["lpReserved", LPVOID],
  ),
  CreateHardLink: text(BOOL, ["lpFileName", TSTR], ["lpExistingFileName", TSTR], ["lpSecurityAttributes", at(SECURITY_ATTRIBUTES)]),
  CreateSymbolicLink: text(BOOLEAN, ["lpSymlinkFileName", TSTR], ["lpTargetFileName", TSTR], ["dwFlags", DWORD]),
});
