import {
  api,
  BOOL,
  DWORD,
  fn,
  GUID,
  HANDLE,
  HRESULT,
  HWND,
  in_,
  inout,
  INT,
  LPCWSTR,
  orElse,
  out,
  PVOID,
  required,
  TBUF,
  text,
  TSTR,
} from "@decant/hook";

/** The shell's folders ("KNOWNFOLDERID", "CSIDL"), and the little else that console programs ask of it. */
export const foldersApi = api("shell32", {
  SHGetKnownFolderPath: fn(HRESULT, ["rfid", in_(GUID)], ["dwFlags", DWORD], ["hToken", HANDLE], ["ppszPath", out(PVOID)]),
  SHGetFolderPath: text(HRESULT, ["hwnd", HWND], ["csidl", INT], ["hToken", HANDLE], ["dwFlags", DWORD], ["pszPath", TBUF]),
  SHGetSpecialFolderPath: text(BOOL, ["hwnd", HWND], ["pszPath", TBUF], ["csidl", INT], ["fCreate", BOOL]),
  SHCreateDirectory: fn(INT, ["hwnd", HWND], ["pszPath", required(LPCWSTR)]),
  SHCreateDirectoryEx: text(INT, ["hwnd", HWND], ["pszPath", required(TSTR)], ["psa", PVOID]),
  IsUserAnAdmin: fn(BOOL),
  ShellExecute: text(
    orElse(PVOID, 5),
    ["hwnd", HWND],
    ["lpOperation", TSTR],
    ["lpFile", TSTR],
    ["lpParameters", TSTR],
    ["lpDirectory", TSTR],
    ["nShowCmd", INT],
  ),
  ShellExecuteEx: text(BOOL, ["pExecInfo", PVOID]),
});

/** Folders of users ("User Profiles Functions"). */
export const userProfileApi = api("userenv", {
  GetUserProfileDirectory: text(BOOL, ["hToken", HANDLE], ["lpProfileDir", TBUF], ["lpcchSize", inout(DWORD)]),
  GetProfilesDirectory: text(BOOL, ["lpProfileDir", TBUF], ["lpcchSize", inout(DWORD)]),
  GetAllUsersProfileDirectory: text(BOOL, ["lpProfileDir", TBUF], ["lpcchSize", inout(DWORD)]),
  GetDefaultUserProfileDirectory: text(BOOL, ["lpProfileDir", TBUF], ["lpcchSize", inout(DWORD)]),
  ExpandEnvironmentStringsForUser: text(BOOL, ["hToken", HANDLE], ["lpSrc", required(TSTR)], ["lpDest", TBUF], ["dwSize", DWORD]),
  CreateEnvironmentBlock: fn(BOOL, ["lpEnvironment", out(PVOID)], ["hToken", HANDLE], ["bInherit", BOOL]),
  DestroyEnvironmentBlock: fn(BOOL, ["lpEnvironment", PVOID]),
});
