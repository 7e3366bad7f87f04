import { ERROR, Win32Error, type Handle, type Out, type Pointer, type TextBuffer } from "@decant/hook";
import { implement, type Thread } from "@decant/process";
import { expandVariables } from "../text/expand-variables.ts";
import { hivesOf } from "../hives/hives.ts";
import { dataText, textData, type KeyNode, type RegistryValue } from "../hives/key-node.ts";
import { createKey, findKey, keyOf } from "../hives/open-keys.ts";
import { KEY, REG } from "../hives/registry-constants.ts";
import { stateOf } from "../process-state.ts";
import { registryValuesApi } from "./registry.api.ts";

type Form = "ansi" | "wide";

/** RegGetValue's flags: which types will do, and how. */
const RRF = {
  RT_ANY: 0xffff,
  NOEXPAND: 0x1000_0000,
  ZEROONFAILURE: 0x2000_0000,
  SUBKEY_WOW6464KEY: 0x1_0000,
  SUBKEY_WOW6432KEY: 0x2_0000,
} as const;
const RRF_RT: ReadonlyMap<number, number> = new Map([
  [REG.NONE, 1],
  [REG.SZ, 2],
  [REG.EXPAND_SZ, 4],
  [REG.BINARY, 8],
  [REG.DWORD, 0x10],
  [REG.MULTI_SZ, 0x20],
  [REG.QWORD, 0x40],
]);
const RRF_RT_REG_EXPAND_SZ = 4;

export const registryValues = implement(registryValuesApi, {
  RegQueryValueExA: (thread, hKey, name, _reserved, type, data, size) => queryValue(thread, hKey, name, type, data, size, "ansi"),
  RegQueryValueExW: (thread, hKey, name, _reserved, type, data, size) => queryValue(thread, hKey, name, type, data, size, "wide"),
  RegQueryValueA: (thread, hKey, subKey, data, size) => queryDefault(thread, hKey, subKey, data, size, "ansi"),
  RegQueryValueW: (thread, hKey, subKey, data, size) => queryDefault(thread, hKey, subKey, data, size, "wide"),
  RegGetValueA: (thread, ...args) => getValue(thread, args, "ansi"),
  RegGetValueW: (thread, ...args) => getValue(thread, args, "wide"),
  RegSetValueExA: (thread, hKey, name, _reserved, type, data, size) =>
    setValue(thread, keyOf(thread, hKey, KEY.SET_VALUE), name, { type, data, size }, "ansi"),
  RegSetValueExW: (thread, hKey, name, _reserved, type, data, size) =>
    setValue(thread, keyOf(thread, hKey, KEY.SET_VALUE), name, { type, data, size }, "wide"),
  RegSetKeyValueA: (thread, hKey, subKey, name, type, data, size) =>
    setValue(thread, subkeyToSet(thread, hKey, subKey), name, { type, data, size }, "ansi"),
  RegSetKeyValueW: (thread, hKey, subKey, name, type, data, size) =>
    setValue(thread, subkeyToSet(thread, hKey, subKey), name, { type, data, size }, "wide"),
  RegEnumValueA: (thread, ...args) => enumValue(thread, args, "ansi"),
  RegEnumValueW: (thread, ...args) => enumValue(thread, args, "wide"),
  RegSetValue(thread, hKey, lpSubKey, dwType, lpData) {
    if (dwType !== REG.SZ || lpData === undefined) throw new Win32Error(ERROR.INVALID_PARAMETER);
    subkeyToSet(thread, hKey, lpSubKey).setValue("", REG.SZ, textData(lpData), hivesOf(thread.process).now());
    return ERROR.SUCCESS;
  },
  RegDeleteValue: (thread, hKey, lpValueName) => deleteValue(thread, keyOf(thread, hKey, KEY.SET_VALUE), lpValueName),
  RegDeleteKeyValue(thread, hKey, lpSubKey, lpValueName) {
    const node = findKey(thread, keyOf(thread, hKey, 0), lpSubKey ?? "", 0);
    if (node === undefined) throw new Win32Error(ERROR.FILE_NOT_FOUND);
    return deleteValue(thread, node, lpValueName);
  },
  /** No text here names a resource of a module ("@file,-id"). */
  RegLoadMUIString(thread, hKey, pszValue, pszOutBuf, cbOutBuf, pcbData) {
    const value = keyOf(thread, hKey, KEY.QUERY_VALUE).value(pszValue ?? "");
    if (value === undefined) throw new Win32Error(ERROR.FILE_NOT_FOUND);
    if (value.type !== REG.SZ && value.type !== REG.EXPAND_SZ) throw new Win32Error(ERROR.INVALID_DATA);
    const text = upToNul(dataText(value.data));
    if (text.startsWith("@")) throw new Win32Error(ERROR.FILE_NOT_FOUND);
    const { needed } = pszOutBuf.write(text, cbOutBuf / pszOutBuf.charSize);
    pcbData.set(needed * pszOutBuf.charSize);
    if (needed * pszOutBuf.charSize > cbOutBuf) throw new Win32Error(ERROR.MORE_DATA);
    return ERROR.SUCCESS;
  },
});

function queryValue(
  thread: Thread,
  hKey: Handle,
  name: string | undefined,
  type: Out<number>,
  data: Pointer,
  size: Out<number>,
  form: Form,
): number {
  const node = checkedOf(thread, hKey, type);
  if (!data.isNull && size.isNull) throw new Win32Error(ERROR.INVALID_PARAMETER);
  const value = node.value(name ?? "");
  type.set(value?.type ?? REG.NONE);
  if (value === undefined) throw new Win32Error(ERROR.FILE_NOT_FOUND);
  return give(dataIn(thread, value, form), data, size);
}

/** A key that may be read; the type is none until a value is found. */
function checkedOf(thread: Thread, hKey: Handle, type: Out<number>): KeyNode {
  try {
    return keyOf(thread, hKey, KEY.QUERY_VALUE);
  } catch (error) {
    type.set(REG.NONE);
    throw error;
  }
}

/** RegQueryValue: a key's default value, which is an empty text where there is none. */
function queryDefault(thread: Thread, hKey: Handle, subKey: string | undefined, data: Pointer, size: Out<number>, form: Form): number {
  const node = findKey(thread, keyOf(thread, hKey, 0), subKey ?? "", 0);
  if (node === undefined) throw new Win32Error(ERROR.FILE_NOT_FOUND);
  const value = node.value("") ?? { name: "", type: REG.SZ, data: textData("") };
  return give(dataIn(thread, value, form), data, size);
}

function getValue(
  thread: Thread,
  [hKey, subKey, name, flags, type, data, size]: [
    Handle,
    string | undefined,
    string | undefined,
    number,
    Out<number>,
    Pointer,
    Out<number>,
  ],
  form: Form,
): number {
  const onlyExpand = (flags & RRF.RT_ANY) !== RRF.RT_ANY && (flags & RRF_RT_REG_EXPAND_SZ) !== 0 && (flags & RRF.NOEXPAND) === 0;
  if (onlyExpand || (!data.isNull && size.isNull)) throw new Win32Error(ERROR.INVALID_PARAMETER);
  const room = size.isNull ? 0 : size.get();
  try {
    const view = (flags & RRF.SUBKEY_WOW6464KEY) !== 0 ? KEY.WOW64_64KEY : (flags & RRF.SUBKEY_WOW6432KEY) !== 0 ? KEY.WOW64_32KEY : 0;
    const base = keyOf(thread, hKey, subKey === undefined || subKey === "" ? KEY.QUERY_VALUE : 0);
    const node = findKey(thread, base, subKey ?? "", view);
    if (node === undefined) throw new Win32Error(ERROR.FILE_NOT_FOUND);
    const found = node.value(name ?? "");
    type.set(found?.type ?? REG.NONE);
    if (found === undefined) throw new Win32Error(ERROR.FILE_NOT_FOUND);
    const value = (flags & RRF.NOEXPAND) === 0 ? expanded(thread, found) : found;
    type.set(value.type);
    const bytes = dataIn(thread, value, form, true);
    if ((flags & RRF.RT_ANY) !== RRF.RT_ANY && (flags & (RRF_RT.get(value.type) ?? 0)) === 0) {
      if (!size.isNull) size.set(bytes.length);
      throw new Win32Error(ERROR.UNSUPPORTED_TYPE);
    }
    return give(bytes, data, size);
  } catch (error) {
    if ((flags & RRF.ZEROONFAILURE) !== 0 && !data.isNull && room > 0) data.write(new Uint8Array(room));
    throw error;
  }
}

function expanded(thread: Thread, value: RegistryValue): RegistryValue {
  if (value.type !== REG.EXPAND_SZ) return value;
  const text = expandVariables(upToNul(dataText(value.data)), stateOf(thread).environment);
  return { ...value, type: REG.SZ, data: textData(text) };
}

/** A value's bytes as a program of one text form sees them; `ends` puts the NUL that RegGetValue promises. */
function dataIn({ ansi }: Thread, { type, data }: RegistryValue, form: Form, ends = false): Uint8Array {
  if (!isText(type)) return data;
  const text = dataText(data);
  const ended = ends && !text.endsWith("\0") ? `${text}\0` : text;
  if (form === "ansi") return ansi.encode(ended);
  return ended === text ? data : textData(ended.slice(0, -1));
}

function give(bytes: Uint8Array, data: Pointer, size: Out<number>): number {
  if (size.isNull) return ERROR.SUCCESS;
  const room = size.get();
  size.set(bytes.length);
  if (data.isNull) return ERROR.SUCCESS;
  if (bytes.length > room >>> 0) throw new Win32Error(ERROR.MORE_DATA);
  data.write(bytes);
  return ERROR.SUCCESS;
}

function setValue(
  thread: Thread,
  node: KeyNode,
  name: string | undefined,
  { type, data, size }: { type: number; data: Pointer; size: number },
  form: Form,
): number {
  if (data.isNull && size > 0) throw new Win32Error(ERROR.NOACCESS);
  const given = size === 0 ? new Uint8Array(0) : data.read(isText(type) ? sizeWithNul(thread, data, size, form) : size);
  const stored = isText(type) && form === "ansi" && size > 0 ? textData(thread.ansi.decode(given)).slice(0, -2) : given;
  node.setValue(name ?? "", type, stored, hivesOf(thread.process).now());
  return ERROR.SUCCESS;
}

/** "lpData: the string must be null-terminated": a NUL that lies right behind the bytes given counts. */
function sizeWithNul({ memory }: Thread, data: Pointer, size: number, form: Form): number {
  const unit = form === "ansi" ? 1 : 2;
  if (size % unit !== 0) return size;
  const read = (at: number): number => (unit === 1 ? memory.u8(at) : memory.u16(at));
  const next = data.address + size;
  if (read(next - unit) === 0 || !memory.accessible(next, unit, "read") || read(next) !== 0) return size;
  return size + unit;
}

function subkeyToSet(thread: Thread, hKey: Handle, subKey: string | undefined): KeyNode {
  const base = keyOf(thread, hKey, subKey === undefined || subKey === "" ? KEY.SET_VALUE : 0);
  return createKey(thread, base, subKey ?? "", 0).node;
}

function deleteValue(thread: Thread, node: KeyNode, name: string | undefined): number {
  if (!node.deleteValue(name ?? "", hivesOf(thread.process).now())) throw new Win32Error(ERROR.FILE_NOT_FOUND);
  return ERROR.SUCCESS;
}

function enumValue(
  thread: Thread,
  [hKey, index, name, nameLength, , type, data, size]: [Handle, number, TextBuffer, Out<number>, number, Out<number>, Pointer, Out<number>],
  form: Form,
): number {
  const node = keyOf(thread, hKey, KEY.QUERY_VALUE);
  if (name.isNull || nameLength.isNull || (!data.isNull && size.isNull)) throw new Win32Error(ERROR.INVALID_PARAMETER);
  const value = node.values[index];
  if (value === undefined) throw new Win32Error(ERROR.NO_MORE_ITEMS);
  const { needed } = name.write(value.name, nameLength.get());
  if (needed > nameLength.get()) throw new Win32Error(ERROR.MORE_DATA);
  type.set(value.type);
  give(dataIn(thread, value, form), data, size);
  nameLength.set(needed - 1);
  return ERROR.SUCCESS;
}

function isText(type: number): boolean {
  return type === REG.SZ || type === REG.EXPAND_SZ || type === REG.MULTI_SZ;
}

function upToNul(text: string): string {
  const at = text.indexOf("\0");
  return at < 0 ? text : text.slice(0, at);
}
