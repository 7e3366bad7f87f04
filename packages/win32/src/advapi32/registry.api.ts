import { ACCESS_MASK, api, DWORD, fn, HKEY, LSTATUS, optional, out, PVOID, TBUF, text, TSTR } from "@decant/hook";

/** The registry ("Registry Functions"). */
export const registryApi = api("advapi32", {
  RegOpenKeyEx: text(LSTATUS, ["hKey", HKEY], ["lpSubKey", TSTR], ["ulOptions", DWORD], ["samDesired", ACCESS_MASK], ["phkResult", out(HKEY)]),
  RegOpenKey: text(LSTATUS, ["hKey", HKEY], ["lpSubKey", TSTR], ["phkResult", out(HKEY)]),
  RegCreateKeyEx: text(
    LSTATUS,
    ["hKey", HKEY],
    ["lpSubKey", TSTR],
    ["Reserved", DWORD],
    ["lpClass", TSTR],
    ["dwOptions", DWORD],
    ["samDesired", ACCESS_MASK],
    ["lpSecurityAttributes", PVOID],
    ["phkResult", out(HKEY)],
    ["lpdwDisposition", optional(out(DWORD))],
  ),
  RegQueryValueEx: text(LSTATUS, ["hKey", HKEY], ["lpValueName", TSTR], ["lpReserved", PVOID], ["lpType", optional(out(DWORD))], ["lpData", PVOID], ["lpcbData", optional(out(DWORD))]),
  RegSetValueEx: text(LSTATUS, ["hKey", HKEY], ["lpValueName", TSTR], ["Reserved", DWORD], ["dwType", DWORD], ["lpData", PVOID], ["cbData", DWORD]),
  RegDeleteValue: text(LSTATUS, ["hKey", HKEY], ["lpValueName", TSTR]),
  RegEnumKeyEx: text(LSTATUS, ["hKey", HKEY], ["dwIndex", DWORD], ["lpName", TBUF], ["lpcchName", out(DWORD)], ["lpReserved", PVOID], ["lpClass", TBUF], ["lpcchClass", PVOID], ["lpftLastWriteTime", PVOID]),
  RegEnumValue: text(LSTATUS, ["hKey", HKEY], ["dwIndex", DWORD], ["lpValueName", TBUF], ["lpcchValueName", out(DWORD)], ["lpReserved", PVOID], ["lpType", PVOID], ["lpData", PVOID], ["lpcbData", PVOID]),
  RegCloseKey: fn(LSTATUS, ["hKey", HKEY]),
  RegFlushKey: fn(LSTATUS, ["hKey", HKEY]),
});
