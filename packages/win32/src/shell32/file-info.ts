import type { HostFile } from "@decant/host";
import { ERROR, Win32Error } from "@decant/hook";
import { implement, type Thread } from "@decant/process";
import { fileAttributes, FILE_ATTRIBUTE } from "../files/attributes.ts";
import { existing, type ExistingLocation } from "../kernel32/located.ts";
import { volumeOf } from "../kernel32/volumes.ts";
import { fileInfoApi } from "./file-info.api.ts";

const SHGFI = { PIDL: 8, USEFILEATTRIBUTES: 0x10, DISPLAYNAME: 0x200, TYPENAME: 0x400, ATTRIBUTES: 0x800, EXETYPE: 0x2000, ATTR_SPECIFIED: 0x2_0000 } as const; // prettier-ignore
const TOLD = SHGFI.USEFILEATTRIBUTES | SHGFI.DISPLAYNAME | SHGFI.TYPENAME | SHGFI.ATTRIBUTES | SHGFI.ATTR_SPECIFIED;
/** SFGAO_…: what can be done with every file, and what only some are. */
const SFGAO = {
  EVERY: 0x4000_0177,
  STREAM: 0x40_0000,
  FOLDER: 0x3080_0008,
  HASSUBFOLDER: 0x8000_0000,
  LINK: 0x1_0000,
  READONLY: 0x4_0000,
  HIDDEN: 0x8_0000,
  /** A root can be linked to, dropped on, and asked of its properties. */
  ROOT: 0x7080_014c,
} as const;
const MAX_PATH = 260;
const TYPE_CHARS = 80;
/** What kinds of files are called. */
const TYPES: Readonly<Record<string, string>> = {
  txt: "Text Document",
  exe: "Application",
  dll: "Application extension",
  bat: "Windows Batch File",
  cmd: "Windows Command Script",
  htm: "HTML Document",
  html: "HTML Document",
  lnk: "Shortcut",
};
const SCRIPTS = new Set(["bat", "cmd", "com"]);
const PE_SIGNATURE = 0x4550;
const MZ_SIGNATURE = 0x5a4d;
const GUI_SUBSYSTEM = 2;

/** What the shell tells of files. There are no icons: asked for one, it fails. */
export const fileInfo = implement(fileInfoApi, {
  SHGetFileInfo(thread, pszPath, dwFileAttributes, psfi, _cbFileInfo, uFlags) {
    if (uFlags === SHGFI.EXETYPE) return executableType(thread, pszPath);
    const isByAttributes = (uFlags & SHGFI.USEFILEATTRIBUTES) !== 0;
    // Icons, item lists and EXETYPE with others; attributes of what is not looked at.
    if ((uFlags & ~TOLD) !== 0 || (isByAttributes && (uFlags & SHGFI.ATTRIBUTES) !== 0)) throw new Win32Error(ERROR.NOT_SUPPORTED);
    const found = isByAttributes ? undefined : existing(thread, pszPath, "link");
    const isFolder = found === undefined ? (dwFileAttributes & FILE_ATTRIBUTE.DIRECTORY) !== 0 : found.stat.kind === "folder";
    const root = /^[a-z]:\\?$/i.test(pszPath) ? pszPath.slice(0, 2).toUpperCase() : undefined;
    const info = psfi.get();
    if ((uFlags & SHGFI.DISPLAYNAME) !== 0)
      info.szDisplayName = (root === undefined ? nameOf(pszPath) : `${volumeOf(thread, `${root}\\`).name} (${root})`).slice(
        0,
        MAX_PATH - 1,
      );
    if ((uFlags & SHGFI.TYPENAME) !== 0)
      info.szTypeName = (root !== undefined ? "Local Disk" : isFolder ? "File folder" : typeOf(pszPath)).slice(0, TYPE_CHARS - 1);
    if ((uFlags & SHGFI.ATTRIBUTES) !== 0) {
      const all = shellAttributes(thread, found!, root !== undefined, pszPath);
      info.dwAttributes = ((uFlags & SHGFI.ATTR_SPECIFIED) === 0 ? all : all & info.dwAttributes) >>> 0;
    }
    psfi.set(info);
    return 1;
  },
});

function shellAttributes({ kernel }: Thread, { files, path, stat }: ExistingLocation, isRoot: boolean, name: string): number {
  const hasFolders = (): boolean => files.list(path).some(({ kind }) => kind === "folder");
  if (isRoot) return SFGAO.ROOT | (hasFolders() ? SFGAO.HASSUBFOLDER : 0);
  const attributes = fileAttributes(kernel).of(stat, false);
  let all: number = SFGAO.EVERY;
  if (stat.kind === "folder") all |= SFGAO.FOLDER | (hasFolders() ? SFGAO.HASSUBFOLDER : 0);
  else all |= SFGAO.STREAM;
  if (extensionOf(name) === "lnk") all |= SFGAO.LINK;
  if ((attributes & FILE_ATTRIBUTE.READONLY) !== 0) all |= SFGAO.READONLY;
  if ((attributes & FILE_ATTRIBUTE.HIDDEN) !== 0) all |= SFGAO.HIDDEN;
  return all;
}

/** "PE" or "MZ" in the low word; for a PE with windows the version of Windows that it wants in the high one. 0 for what is no program. */
function executableType(thread: Thread, name: string): number {
  const { files, path, stat } = existing(thread, name);
  if (stat.kind !== "file") return 0;
  if (SCRIPTS.has(extensionOf(name))) return PE_SIGNATURE;
  const file = files.open(path);
  try {
    if (u16(file, 0) !== MZ_SIGNATURE) return 0;
    const header = u16(file, 0x3c) + u16(file, 0x3e) * 0x1_0000;
    if (u16(file, header) !== PE_SIGNATURE) return MZ_SIGNATURE;
    // The optional header's Subsystem, and its MajorSubsystemVersion and MinorSubsystemVersion.
    if (u16(file, header + 24 + 68) !== GUI_SUBSYSTEM) return PE_SIGNATURE;
    return PE_SIGNATURE + u16(file, header + 24 + 48) * 0x100_0000 + (u16(file, header + 24 + 50) & 0xff) * 0x1_0000;
  } finally {
    file.close();
  }
}

/** 0 past the file's end. */
function u16(file: HostFile, at: number): number {
  const bytes = new Uint8Array(2);
  return file.read(bytes, at) < 2 ? 0 : bytes[0]! + bytes[1]! * 0x100;
}

function typeOf(path: string): string {
  const extension = extensionOf(path);
  if (extension === "") return "File";
  return Object.hasOwn(TYPES, extension) ? TYPES[extension]! : `${extension.toUpperCase()} File`;
}

function nameOf(path: string): string {
  return path
    .replace(/[\\/]$/, "")
    .split(/[\\/]/)
    .at(-1)!;
}

function extensionOf(path: string): string {
  return /\.([^.]*)$/.exec(nameOf(path))?.[1]!.toLowerCase() ?? "";
}
