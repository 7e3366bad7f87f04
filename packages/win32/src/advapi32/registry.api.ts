import {
  flags,
  enumeration,
  ACCESS_MASK,
  api,
  BOOL,
  BYTES,
  bytesIn,
  DWORD,
  fn,
  HANDLE,
  HKEY,
  inout,
  LONG,
  LPCSTR,
  LPCWSTR,
  LPSTR_BUF,
  LPWSTR_BUF,
  LSTATUS,
  optional,
  out,
  PVOID,
  TBUF,
  text,
  TSTR,
  ULONGLONG,
  at,
} from "@decant/hook";
import { SECURITY_ATTRIBUTES } from "../values/security.ts";
import { KEY, REG } from "../hives/registry-constants.ts";

const VALUE_TYPE = enumeration("REG", REG);
// DELETE is of all objects.
const { DELETE: _, ...KEY_RIGHTS } = KEY;
const KEY_ACCESS = flags("KEY", KEY_RIGHTS, ACCESS_MASK);

/** Keys of the registry ("Registry Functions"). */
export const registryKeysApi = api("advapi32", {
  RegOpenKeyEx: text(
    LSTATUS,
    ["hKey", HKEY],
    ["lpSubKey", TSTR],
    ["ulOptions", DWORD],
    ["samDesired", KEY_ACCESS],
    ["phkResult", out(HKEY)],
  ),
  RegOpenKey: text(LSTATUS, ["hKey", HKEY], ["lpSubKey", TSTR], ["phkResult", out(HKEY)]),
  RegOpenCurrentUser: fn(LSTATUS, ["samDesired", KEY_ACCESS], ["phkResult", out(HKEY)]),
  RegOpenUserClassesRoot: fn(LSTATUS, ["hToken", HANDLE], ["dwOptions", DWORD], ["samDesired", KEY_ACCESS], ["phkResult", out(HKEY)]),
  RegCreateKeyEx: text(
    LSTATUS,
    ["hKey", HKEY],
    ["lpSubKey", TSTR],
    ["Reserved", DWORD],
    ["lpClass", TSTR],
    ["dwOptions", DWORD],
    ["samDesired", KEY_ACCESS],
    ["lpSecurityAttributes", at(SECURITY_ATTRIBUTES)],
    ["phkResult", out(HKEY)],
    ["lpdwDisposition", optional(out(DWORD))],
  ),
  RegCreateKey: text(LSTATUS, ["hKey", HKEY], ["lpSubKey", TSTR], ["phkResult", out(HKEY)]),
  RegDeleteKey: text(LSTATUS, ["hKey", HKEY], ["lpSubKey", TSTR]),
  RegDeleteKeyEx: text(LSTATUS, ["hKey", HKEY], ["lpSubKey", TSTR], ["samDesired", KEY_ACCESS], ["Reserved", DWORD]),
  RegDeleteTree: text(LSTATUS, ["hKey", HKEY], ["lpSubKey", TSTR]),
  RegCopyTree: text(LSTATUS, ["hKeySrc", HKEY], ["lpSubKey", TSTR], ["hKeyDest", HKEY]),
  RegEnumKeyEx: text(
    LSTATUS,
    ["hKey", HKEY],
    ["dwIndex", DWORD],
    ["lpName", TBUF],
    ["lpcchName", inout(DWORD)],
    ["lpReserved", PVOID],
    ["lpClass", TBUF],
    ["lpcchClass", optional(inout(DWORD))],
    ["lpftLastWriteTime", optional(out(ULONGLONG))],
  ),
  RegEnumKey: text(LSTATUS, ["hKey", HKEY], ["dwIndex", DWORD], ["lpName", TBUF], ["cchName", DWORD]),
  RegQueryInfoKey: text(
    LSTATUS,
    ["hKey", HKEY],
    ["lpClass", TBUF],
    ["lpcchClass", optional(inout(DWORD))],
    ["lpReserved", PVOID],
    ["lpcSubKeys", optional(out(DWORD))],
    ["lpcbMaxSubKeyLen", optional(out(DWORD))],
    ["lpcbMaxClassLen", optional(out(DWORD))],
    ["lpcValues", optional(out(DWORD))],
    ["lpcbMaxValueNameLen", optional(out(DWORD))],
    ["lpcbMaxValueLen", optional(out(DWORD))],
    ["lpcbSecurityDescriptor", optional(out(DWORD))],
    ["lpftLastWriteTime", optional(out(ULONGLONG))],
  ),
  RegCloseKey: fn(LSTATUS, ["hKey", HKEY]),
  RegFlushKey: fn(LSTATUS, ["hKey", HKEY]),
  RegNotifyChangeKeyValue: fn(
    LSTATUS,
    ["hKey", HKEY],
    ["bWatchSubtree", BOOL],
    ["dwNotifyFilter", DWORD],
    ["hEvent", HANDLE],
    ["fAsynchronous", BOOL],
  ),
  RegConnectRegistry: text(LSTATUS, ["lpMachineName", TSTR], ["hKey", HKEY], ["phkResult", out(HKEY)]),
  RegOverridePredefKey: fn(LSTATUS, ["hKey", HKEY], ["hNewHKey", HKEY]),
  RegDisablePredefinedCache: fn(LSTATUS),
  RegDisableReflectionKey: fn(LSTATUS, ["hBase", HKEY]),
  RegEnableReflectionKey: fn(LSTATUS, ["hBase", HKEY]),
  RegQueryReflectionKey: fn(LSTATUS, ["hBase", HKEY], ["bIsReflectionDisabled", out(BOOL)]),
  RegLoadKey: text(LSTATUS, ["hKey", HKEY], ["lpSubKey", TSTR], ["lpFile", TSTR]),
  RegUnLoadKey: text(LSTATUS, ["hKey", HKEY], ["lpSubKey", TSTR]),
  RegSaveKey: text(LSTATUS, ["hKey", HKEY], ["lpFile", TSTR], ["lpSecurityAttributes", at(SECURITY_ATTRIBUTES)]),
  RegSaveKeyEx: text(LSTATUS, ["hKey", HKEY], ["lpFile", TSTR], ["lpSecurityAttributes", at(SECURITY_ATTRIBUTES)], ["Flags", DWORD]),
  RegRestoreKey: text(LSTATUS, ["hKey", HKEY], ["lpFile", TSTR], ["dwFlags", DWORD]),
});

/** Functions whose data is text in one form or the other, by the value's type: A and W are declared one by one, for their bodies differ. */
type Text = typeof LPCSTR;

const queryValueEx = (form: Text) =>
  fn(
    LSTATUS,
    ["hKey", HKEY],
    ["lpValueName", form],
    ["lpReserved", PVOID],
    ["lpType", optional(out(VALUE_TYPE))],
    ["lpData", BYTES],
    ["lpcbData", inout(DWORD)],
  );
const queryValue = (form: Text) => fn(LSTATUS, ["hKey", HKEY], ["lpSubKey", form], ["lpData", BYTES], ["lpcbData", inout(LONG)]);
const getValue = (form: Text) =>
  fn(
    LSTATUS,
    ["hkey", HKEY],
    ["lpSubKey", form],
    ["lpValue", form],
    ["dwFlags", DWORD],
    ["pdwType", optional(out(VALUE_TYPE))],
    ["pvData", BYTES],
    ["pcbData", inout(DWORD)],
  );
const setValueEx = (form: Text) =>
  fn(
    LSTATUS,
    ["hKey", HKEY],
    ["lpValueName", form],
    ["Reserved", DWORD],
    ["dwType", VALUE_TYPE],
    ["lpData", bytesIn("cbData")],
    ["cbData", DWORD],
  );
const setKeyValue = (form: Text) =>
  fn(
    LSTATUS,
    ["hKey", HKEY],
    ["lpSubKey", form],
    ["lpValueName", form],
    ["dwType", VALUE_TYPE],
    ["lpData", bytesIn("cbData")],
    ["cbData", DWORD],
  );
const enumValue = (buffer: typeof LPSTR_BUF) =>
  fn(
    LSTATUS,
    ["hKey", HKEY],
    ["dwIndex", DWORD],
    ["lpValueName", buffer],
    ["lpcchValueName", inout(DWORD)],
    ["lpReserved", PVOID],
    ["lpType", optional(out(VALUE_TYPE))],
    ["lpData", BYTES],
    ["lpcbData", inout(DWORD)],
  );

/** Values of keys. */
export const registryValuesApi = api("advapi32", {
  RegQueryValueExA: queryValueEx(LPCSTR),
  RegQueryValueExW: queryValueEx(LPCWSTR),
  RegQueryValueA: queryValue(LPCSTR),
  RegQueryValueW: queryValue(LPCWSTR),
  RegGetValueA: getValue(LPCSTR),
  RegGetValueW: getValue(LPCWSTR),
  RegSetValueExA: setValueEx(LPCSTR),
  RegSetValueExW: setValueEx(LPCWSTR),
  RegSetKeyValueA: setKeyValue(LPCSTR),
  RegSetKeyValueW: setKeyValue(LPCWSTR),
  RegEnumValueA: enumValue(LPSTR_BUF),
  RegEnumValueW: enumValue(LPWSTR_BUF),
  RegSetValue: text(LSTATUS, ["hKey", HKEY], ["lpSubKey", TSTR], ["dwType", VALUE_TYPE], ["lpData", TSTR], ["cbData", DWORD]),
  RegDeleteValue: text(LSTATUS, ["hKey", HKEY], ["lpValueName", TSTR]),
  RegDeleteKeyValue: text(LSTATUS, ["hKey", HKEY], ["lpSubKey", TSTR], ["lpValueName", TSTR]),
  RegLoadMUIString: text(
    LSTATUS,
    ["hKey", HKEY],
    ["pszValue", TSTR],
    ["pszOutBuf", TBUF],
    ["cbOutBuf", DWORD],
    ["pcbData", optional(out(DWORD))],
    ["Flags", DWORD],
    ["pszDirectory", TSTR],
  ),
});
