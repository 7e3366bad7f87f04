import { encodeText, ERROR, Win32Error, type Out } from "@decant/hook";
import { PeError, readImage, readResourceData, RT } from "@decant/pe";
import { dllKey, folderOf, implement, isSystemDll, SYSTEM_FOLDER, systemVersionResource, type Thread } from "@decant/process";
import { stateOf } from "../process-state.ts";
import { findLocale } from "../text/locales.ts";
import { fullPath } from "../paths/windows-path.ts";
import { versionApi } from "./version.api.ts";

/** What follows a resource in the caller's buffer: a mark, and room for its texts in the ANSI code page, which VerQueryValueA puts there. */
const ANSI_MARK = "FE2X";
const HEADER_BYTES = 6;
const MAX_BLOCKS = 4096;

export const version = implement(versionApi, {
  GetFileVersionInfoSize: (thread, lptstrFilename, lpdwHandle) => sizeOf(thread, lptstrFilename, lpdwHandle),
  GetFileVersionInfoSizeEx: (thread, _dwFlags, lpwstrFilename, lpdwHandle) => sizeOf(thread, lpwstrFilename, lpdwHandle),
  GetFileVersionInfo: (thread, lptstrFilename, _dwHandle, dwLen, lpData) => copyTo(thread, lptstrFilename, dwLen, lpData),
  GetFileVersionInfoEx: (thread, _dwFlags, lpwstrFilename, _dwHandle, dwLen, lpData) => copyTo(thread, lpwstrFilename, dwLen, lpData),
  VerQueryValueA: (thread, pBlock, lpSubBlock, lplpBuffer, puLen) => query(thread, pBlock, lpSubBlock ?? "", lplpBuffer, puLen, "ansi"),
  VerQueryValueW: (thread, pBlock, lpSubBlock, lplpBuffer, puLen) => query(thread, pBlock, lpSubBlock ?? "", lplpBuffer, puLen, "wide"),
  VerLanguageName(_thread, wLang, szLang, cchLang) {
    const name = wLang === 0 ? "Language Neutral" : findLocale(wLang)?.displayName;
    if (name === undefined) throw new Win32Error(ERROR.INVALID_PARAMETER);
    if (szLang.isNull || cchLang === 0) return name.length + 1;
    return szLang.writeTruncated(name, cchLang).needed - 1;
  },
});

function sizeOf(thread: Thread, name: string, handle: Out<number>): number {
  handle.set(0);
  return 2 * readVersion(thread, name).length + ANSI_MARK.length;
}

function copyTo(thread: Thread, name: string, length: number, target: number): boolean {
  if (target === 0) throw new Win32Error(ERROR.INVALID_DATA);
  const resource = readVersion(thread, name);
  const whole = new Uint8Array(2 * resource.length + ANSI_MARK.length);
  whole.set(resource);
  whole.set(encodeText(thread, ANSI_MARK, "bytes"), resource.length);
  thread.memory.write(target, whole.subarray(0, Math.min(length, resource.length + ANSI_MARK.length)));
  return true;
}

/** A file's version resource; Windows' own DLLs have theirs, though no files of theirs are there. */
function readVersion(thread: Thread, name: string): Uint8Array {
  const { fileSystem, paths } = stateOf(thread);
  if (name === "") throw new Win32Error(ERROR.BAD_PATHNAME);
  const file = fileSystem.readFile(fullPath(name, paths)) ?? fileSystem.readFile(`${fullPath(name, paths)}.dll`);
  if (file === undefined) return systemVersion(name);
  try {
    const found = readResourceData(readImage(file)).find(({ type }) => type === RT.VERSION);
    if (found !== undefined) return found.bytes;
  } catch (error) {
    if (!(error instanceof PeError)) throw error;
  }
  throw new Win32Error(ERROR.RESOURCE_DATA_NOT_FOUND);
}

function systemVersion(name: string): Uint8Array {
  const folder = folderOf(name).toLowerCase();
  const isSystem = folder === "" || folder === SYSTEM_FOLDER.toLowerCase() || folder === "c:\\windows\\syswow64";
  const file = dllKey(name);
  if (!isSystem || !isSystemDll(file)) throw new Win32Error(ERROR.FILE_NOT_FOUND);
  return systemVersionResource(file.toUpperCase()).bytes;
}

/** A block of a version resource: its key, its value, and what lies behind that. */
interface Block {
  readonly key: string;
  readonly isText: boolean;
  readonly valueLength: number;
  readonly value: number;
  readonly end: number;
}

function query(thread: Thread, start: number, path: string, address: Out<number>, length: Out<number>, form: "ansi" | "wide"): boolean {
  const { memory } = thread;
  if (start === 0) throw new Win32Error(ERROR.INVALID_PARAMETER);
  const whole = readBlock(thread, start);
  let block: Block | undefined = whole;
  for (const name of path.split("\\").filter((part) => part !== "")) {
    block = block === undefined ? undefined : childBlock(thread, block, name);
  }
  if (block === undefined) {
    length.set(0);
    throw new Win32Error(ERROR.RESOURCE_TYPE_NOT_FOUND);
  }
  if (form === "wide" || !block.isText || block.valueLength === 0) {
    address.set(block.value);
    length.set(block.valueLength);
    return true;
  }
  // The mark stands only in blocks that GetFileVersionInfo made.
  const extra = start + memory.u16(start);
  if (memory.cstring(extra, "latin1", ANSI_MARK.length) !== ANSI_MARK) throw new Win32Error(ERROR.INVALID_PARAMETER);
  const text = memory.wstring(block.value, block.valueLength);
  const encoded = thread.ansi.encode(`${text}\0`);
  const place = extra + ANSI_MARK.length + (block.value - start);
  memory.write(place, encoded);
  address.set(place);
  length.set(encoded.length);
  return true;
}

function readBlock({ memory }: Thread, at: number): Block {
  const key = memory.wstring(at + HEADER_BYTES);
  const valueLength = memory.u16(at + 2);
  const isText = memory.u16(at + 4) === 1;
  return { key, isText, valueLength, value: align(at + HEADER_BYTES + 2 * key.length + 2, at), end: at + memory.u16(at) };
}

function childBlock(thread: Thread, parent: Block, name: string): Block | undefined {
  const wanted = name.toLowerCase();
  let at = align(parent.value + (parent.isText ? 2 : 1) * parent.valueLength, parent.value);
  for (let i = 0; i < MAX_BLOCKS && at + HEADER_BYTES < parent.end; i++) {
    const child = readBlock(thread, at);
    if (child.key.toLowerCase() === wanted) return child;
    if (child.end <= at) return undefined;
    at = align(child.end, at);
  }
  return undefined;
}

/** The next multiple of four, counted from a place that is one. */
function align(address: number, from: number): number {
  return address + ((from - address) & 3);
}
