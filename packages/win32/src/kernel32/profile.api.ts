import { api, BOOL, DWORD, INT, infallible, PVOID, TBUF, text, TSTR, UINT } from "@decant/hook";

const COUNT = infallible(DWORD);

/** Initialization files ("GetPrivateProfileString" and its neighbours); without a file's name they are about win.ini. */
export const profileApi = api("kernel32", {
  GetPrivateProfileString: text(
    COUNT,
    ["lpAppName", TSTR],
    ["lpKeyName", TSTR],
    ["lpDefault", TSTR],
    ["lpReturnedString", TBUF],
    ["nSize", DWORD],
    ["lpFileName", TSTR],
  ),
  GetPrivateProfileInt: text(infallible(UINT), ["lpAppName", TSTR], ["lpKeyName", TSTR], ["nDefault", INT], ["lpFileName", TSTR]),
  GetPrivateProfileSection: text(COUNT, ["lpAppName", TSTR], ["lpReturnedString", TBUF], ["nSize", DWORD], ["lpFileName", TSTR]),
  GetPrivateProfileSectionNames: text(COUNT, ["lpszReturnBuffer", TBUF], ["nSize", DWORD], ["lpFileName", TSTR]),
  GetPrivateProfileStruct: text(
    BOOL,
    ["lpszSection", TSTR],
    ["lpszKey", TSTR],
    ["lpStruct", PVOID],
    ["uSizeStruct", UINT],
    ["szFile", TSTR],
  ),
  WritePrivateProfileString: text(BOOL, ["lpAppName", TSTR], ["lpKeyName", TSTR], ["lpString", TSTR], ["lpFileName", TSTR]),
  WritePrivateProfileSection: text(BOOL, ["lpAppName", TSTR], ["lpString", TBUF], ["lpFileName", TSTR]),
  WritePrivateProfileStruct: text(
    BOOL,
    ["lpszSection", TSTR],
    ["lpszKey", TSTR],
    ["lpStruct", PVOID],
    ["uSizeStruct", UINT],
    ["szFile", TSTR],
  ),
  GetProfileString: text(
    COUNT,
    ["lpAppName", TSTR],
    ["lpKeyName", TSTR],
    ["lpDefault", TSTR],
    ["lpReturnedString", TBUF],
    ["nSize", DWORD],
  ),
  GetProfileInt: text(infallible(UINT), ["lpAppName", TSTR], ["lpKeyName", TSTR], ["nDefault", INT]),
  GetProfileSection: text(COUNT, ["lpAppName", TSTR], ["lpReturnedString", TBUF], ["nSize", DWORD]),
  WriteProfileString: text(BOOL, ["lpAppName", TSTR], ["lpKeyName", TSTR], ["lpString", TSTR]),
  WriteProfileSection: text(BOOL, ["lpAppName", TSTR], ["lpString", TBUF]),
});
