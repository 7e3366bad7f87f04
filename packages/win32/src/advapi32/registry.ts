import { ERROR, Win32Error, type Handle } from "@decant/hook";
import { implement, KernelObject, type Thread } from "@decant/process";
import { registryApi } from "./registry.api.ts";

/** HKEY_CLASSES_ROOT to HKEY_DYN_DATA: keys that are always open. */
const FIRST_PREDEFINED = 0x8000_0000;
const LAST_PREDEFINED = 0x8000_0006;
const ERROR_NO_MORE_ITEMS = 259;

/** An open key. */
class RegistryKey extends KernelObject {}

/** The registry is empty, and nothing can be put into it yet: only the predefined keys are there. */
export const registry = implement(registryApi, {
  RegOpenKeyEx: (thread, hKey, lpSubKey, _ulOptions, _samDesired, phkResult) => open(thread, hKey, lpSubKey, phkResult),
  RegOpenKey: (thread, hKey, lpSubKey, phkResult) => open(thread, hKey, lpSubKey, phkResult),
  RegQueryValueEx(thread, hKey) {
    check(thread, hKey);
    throw new Win32Error(ERROR.FILE_NOT_FOUND);
  },
  RegDeleteValue(thread, hKey) {
    check(thread, hKey);
    throw new Win32Error(ERROR.FILE_NOT_FOUND);
  },
  RegEnumKeyEx(thread, hKey) {
    check(thread, hKey);
    return ERROR_NO_MORE_ITEMS;
  },
  RegEnumValue(thread, hKey) {
    check(thread, hKey);
    return ERROR_NO_MORE_ITEMS;
  },
  RegCloseKey(thread, hKey) {
    if (isPredefined(hKey)) return ERROR.SUCCESS;
    check(thread, hKey);
    thread.process.handles.close(hKey);
    return ERROR.SUCCESS;
  },
  RegFlushKey(thread, hKey) {
    check(thread, hKey);
    return ERROR.SUCCESS;
  },
});

function open(thread: Thread, key: Handle, subKey: string | undefined, result: { isNull: boolean; set(key: Handle): void }): number {
  if (result.isNull) throw new Win32Error(ERROR.INVALID_PARAMETER);
  check(thread, key);
  if (subKey !== undefined && subKey !== "") throw new Win32Error(ERROR.FILE_NOT_FOUND);
  result.set(isPredefined(key) ? thread.process.handles.add(new RegistryKey()) : thread.process.handles.duplicate(key));
  return ERROR.SUCCESS;
}

function check(thread: Thread, key: Handle): void {
  if (!isPredefined(key) && !(thread.process.handles.find(key) instanceof RegistryKey)) throw new Win32Error(ERROR.INVALID_HANDLE);
}

function isPredefined(key: Handle): boolean {
  const unsigned = key >>> 0;
  return unsigned >= FIRST_PREDEFINED && unsigned <= LAST_PREDEFINED;
}
