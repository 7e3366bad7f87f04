import { ERROR, Win32Error, type Handle, type Out, type TextBuffer } from "@decant/hook";
import { Event, implement, wait, type Thread } from "@decant/process";
import { hivesOf } from "../hives/hives.ts";
import type { KeyNode } from "../hives/key-node.ts";
import { createKey, findKey, grantedAccess, isPredefined, keyOf, KeyWatch, OpenKey, openKeyOf, overridesOf } from "../hives/open-keys.ts";
import { KEY } from "../hives/registry-constants.ts";
import { COMPUTER_NAME } from "../system/system-table.ts";
import { registryKeysApi } from "./registry.api.ts";

const REG_OPTION_VOLATILE = 1;
const REG_CREATED_NEW_KEY = 1;
const REG_OPENED_EXISTING_KEY = 2;
const NOTIFY_THREAD_AGNOSTIC = 0x1000_0000;
const NOTIFY_FILTERS = 0xf;

/** Keys of the registry, which is kept on the system drive. */
export const registryKeys = implement(registryKeysApi, {
  RegOpenKeyEx: (thread, hKey, lpSubKey, _ulOptions, samDesired, phkResult) => open(thread, hKey, lpSubKey ?? "", samDesired, phkResult),
  RegOpenKey(thread, hKey, lpSubKey, phkResult) {
    if (phkResult.isNull) throw new Win32Error(ERROR.INVALID_PARAMETER);
    if ((lpSubKey ?? "") === "") {
      phkResult.set(hKey);
      return ERROR.SUCCESS;
    }
    return open(thread, hKey, lpSubKey!, GENERIC_MAXIMUM, phkResult);
  },
  RegOpenCurrentUser: (thread, samDesired, phkResult) => open(thread, CURRENT_USER, "", samDesired, phkResult),
  RegOpenUserClassesRoot: (thread, _hToken, _dwOptions, samDesired, phkResult) =>
    open(thread, CURRENT_USER, "Software\\Classes", samDesired, phkResult),
  RegCreateKeyEx(thread, hKey, lpSubKey, _Reserved, lpClass, dwOptions, samDesired, _lpSecurityAttributes, phkResult, lpdwDisposition) {
    if (lpSubKey === undefined) throw new Win32Error(ERROR.BADKEY);
    const isVolatile = (dwOptions & REG_OPTION_VOLATILE) !== 0;
    const created = create(thread, hKey, lpSubKey, samDesired, phkResult, { className: lpClass ?? "", isVolatile });
    lpdwDisposition.set(created ? REG_CREATED_NEW_KEY : REG_OPENED_EXISTING_KEY);
    return ERROR.SUCCESS;
  },
  RegCreateKey(thread, hKey, lpSubKey, phkResult) {
    create(thread, hKey, lpSubKey ?? "", GENERIC_MAXIMUM, phkResult, {});
    return ERROR.SUCCESS;
  },
  RegDeleteKey: (thread, hKey, lpSubKey) => remove(thread, hKey, lpSubKey, 0),
  RegDeleteKeyEx: (thread, hKey, lpSubKey, samDesired) => remove(thread, hKey, lpSubKey, samDesired),
  RegDeleteTree(thread, hKey, lpSubKey) {
    const node = keyOf(thread, hKey, 0);
    const now = hivesOf(thread.process).now();
    const found = lpSubKey === undefined || lpSubKey === "" ? node : existing(thread, node, lpSubKey, 0);
    if (found !== node) {
      found.delete(now);
      return ERROR.SUCCESS;
    }
    for (const subkey of found.subkeys.slice()) subkey.delete(now);
    for (const { name } of found.values.slice()) found.deleteValue(name, now);
    return ERROR.SUCCESS;
  },
  RegCopyTree(thread, hKeySrc, lpSubKey, hKeyDest) {
    const source = existing(thread, keyOf(thread, hKeySrc, 0), lpSubKey ?? "", 0);
    const target = keyOf(thread, hKeyDest, KEY.SET_VALUE | KEY.CREATE_SUB_KEY);
    for (let at: KeyNode | undefined = target; at !== undefined; at = at.parent)
      if (at === source) throw new Win32Error(ERROR.INVALID_PARAMETER);
    copyTree(source, target, hivesOf(thread.process).now());
    return ERROR.SUCCESS;
  },
  RegEnumKeyEx(thread, hKey, dwIndex, lpName, lpcchName, _lpReserved, lpClass, lpcchClass, lpftLastWriteTime) {
    const subkey = subkeyAt(thread, hKey, dwIndex);
    const { needed } = lpName.write(subkey.name, lpcchName.get());
    if (needed > lpcchName.get()) throw new Win32Error(ERROR.MORE_DATA);
    lpcchName.set(needed - 1);
    writeClass(subkey, lpClass, lpcchClass);
    lpftLastWriteTime.set(subkey.lastWrite);
    return ERROR.SUCCESS;
  },
  RegEnumKey(thread, hKey, dwIndex, lpName, cchName) {
    const subkey = subkeyAt(thread, hKey, dwIndex);
    if (lpName.write(subkey.name, cchName).needed > cchName) throw new Win32Error(ERROR.MORE_DATA);
    return ERROR.SUCCESS;
  },
  RegQueryInfoKey(
    thread,
    hKey,
    lpClass,
    lpcchClass,
    _lpReserved,
    subKeys,
    subKeyLength,
    classLength,
    valueCount,
    nameLength,
    dataLength,
    security,
    time,
  ) {
    const node = keyOf(thread, hKey, KEY.QUERY_VALUE);
    writeClass(node, lpClass, lpcchClass);
    const most = (lengths: number[]): number => lengths.reduce((a, b) => Math.max(a, b), 0);
    subKeys.set(node.subkeys.length);
    subKeyLength.set(most(node.subkeys.map(({ name }) => name.length)));
    classLength.set(most(node.subkeys.map(({ className }) => className.length)));
    valueCount.set(node.values.length);
    nameLength.set(most(node.values.map(({ name }) => name.length)));
    dataLength.set(most(node.values.map(({ data }) => data.length)));
    security.set(0);
    time.set(node.lastWrite);
    return ERROR.SUCCESS;
  },
  RegCloseKey(thread, hKey) {
    if (isPredefined(hKey)) return ERROR.SUCCESS;
    openKeyOf(thread, hKey);
    thread.process.handles.close(hKey);
    hivesOf(thread.process).save();
    return ERROR.SUCCESS;
  },
  RegFlushKey(thread, hKey) {
    keyOf(thread, hKey, 0);
    hivesOf(thread.process).save();
    return ERROR.SUCCESS;
  },
  *RegNotifyChangeKeyValue(thread, hKey, bWatchSubtree, dwNotifyFilter, hEvent, fAsynchronous) {
    keyOf(thread, hKey, KEY.NOTIFY);
    const key = isPredefined(hKey) ? new OpenKey(keyOf(thread, hKey, 0), KEY.ALL_ACCESS) : openKeyOf(thread, hKey);
    const filter = dwNotifyFilter & ~NOTIFY_THREAD_AGNOSTIC;
    if ((filter & ~NOTIFY_FILTERS) !== 0) throw new Win32Error(ERROR.INVALID_PARAMETER);
    const event = fAsynchronous ? thread.process.handles.get(hEvent, Event) : new Event(true, false);
    new KeyWatch(key, event, filter === 0 ? NOTIFY_FILTERS : filter, bWatchSubtree);
    if (!fAsynchronous) yield* wait(thread, [event]);
    return ERROR.SUCCESS;
  },
  RegConnectRegistry(thread, lpMachineName, hKey, phkResult) {
    const name = (lpMachineName ?? "").replace(/^\\\\/, "").toUpperCase();
    if (name !== "" && name !== COMPUTER_NAME && name !== "." && name !== "LOCALHOST") throw new Win32Error(ERROR.BAD_NETPATH);
    return open(thread, hKey, "", GENERIC_MAXIMUM, phkResult);
  },
  RegOverridePredefKey(thread, hKey, hNewHKey) {
    if (!isPredefined(hKey)) throw new Win32Error(ERROR.INVALID_HANDLE);
    if (hNewHKey === 0) overridesOf(thread).delete(hKey >>> 0);
    else overridesOf(thread).set(hKey >>> 0, keyOf(thread, hNewHKey, 0));
    return ERROR.SUCCESS;
  },
  // Nothing is cached for a thread, and nothing is reflected since Windows 7.
  RegDisablePredefinedCache: () => ERROR.SUCCESS,
  RegDisableReflectionKey: (thread, hBase) => checked(thread, hBase),
  RegEnableReflectionKey: (thread, hBase) => checked(thread, hBase),
  RegQueryReflectionKey(thread, hBase, bIsReflectionDisabled) {
    keyOf(thread, hBase, 0);
    bIsReflectionDisabled.set(true);
    return ERROR.SUCCESS;
  },
  // Hive files are for those who hold SE_BACKUP_NAME and SE_RESTORE_NAME.
  RegLoadKey: () => ERROR.PRIVILEGE_NOT_HELD,
  RegUnLoadKey: () => ERROR.PRIVILEGE_NOT_HELD,
  RegSaveKey: () => ERROR.PRIVILEGE_NOT_HELD,
  RegSaveKeyEx: () => ERROR.PRIVILEGE_NOT_HELD,
  RegRestoreKey: () => ERROR.PRIVILEGE_NOT_HELD,
});

const GENERIC_MAXIMUM = 0x0200_0000;
const CURRENT_USER = (0x8000_0001 | 0) as Handle;

function open(thread: Thread, hKey: Handle, path: string, access: number, result: Out<Handle, Handle>): number {
  if (result.isNull) throw new Win32Error(ERROR.INVALID_PARAMETER);
  result.set(0 as Handle);
  const node = existing(thread, keyOf(thread, hKey, 0), path, access);
  result.set(thread.process.handles.add(new OpenKey(node, grantedAccess(access))));
  return ERROR.SUCCESS;
}

function create(
  thread: Thread,
  hKey: Handle,
  path: string,
  access: number,
  result: Out<Handle, Handle>,
  options: { className?: string; isVolatile?: boolean },
): boolean {
  if (result.isNull) throw new Win32Error(ERROR.INVALID_PARAMETER);
  // A subkey may be made below any open key, whatever it was opened for.
  const { node, created } = createKey(thread, keyOf(thread, hKey, 0), path, access, options);
  result.set(thread.process.handles.add(new OpenKey(node, grantedAccess(access))));
  return created;
}

function remove(thread: Thread, hKey: Handle, path: string | undefined, access: number): number {
  if (path === undefined) throw new Win32Error(ERROR.INVALID_PARAMETER);
  const node = existing(thread, keyOf(thread, hKey, 0), path, access);
  if (node.subkeys.length > 0 || node.parent === undefined) throw new Win32Error(ERROR.ACCESS_DENIED);
  node.delete(hivesOf(thread.process).now());
  hivesOf(thread.process).save();
  return ERROR.SUCCESS;
}

function existing(thread: Thread, from: KeyNode, path: string, access: number): KeyNode {
  const node = findKey(thread, from, path, access);
  if (node === undefined) throw new Win32Error(ERROR.FILE_NOT_FOUND);
  return node;
}

function copyTree(source: KeyNode, target: KeyNode, now: bigint): void {
  for (const { name, type, data } of source.values) target.setValue(name, type, data, now);
  for (const subkey of source.subkeys.slice()) {
    const copy = target.subkey(subkey.name) ?? target.add(subkey.name, now);
    copy.className = subkey.className;
    copyTree(subkey, copy, now);
  }
}

function subkeyAt(thread: Thread, hKey: Handle, index: number): KeyNode {
  const subkey = keyOf(thread, hKey, KEY.ENUMERATE_SUB_KEYS).subkeys[index];
  if (subkey === undefined) throw new Win32Error(ERROR.NO_MORE_ITEMS);
  return subkey;
}

function writeClass({ className }: KeyNode, buffer: TextBuffer, count: Out<number>): void {
  if (buffer.isNull && count.isNull) return;
  if (!buffer.isNull) {
    if (count.isNull) throw new Win32Error(ERROR.INVALID_PARAMETER);
    if (buffer.write(className, count.get()).needed > count.get()) throw new Win32Error(ERROR.MORE_DATA);
  }
  count.set(className.length);
}

function checked(thread: Thread, hBase: Handle): number {
  keyOf(thread, hBase, 0);
  return ERROR.SUCCESS;
}
