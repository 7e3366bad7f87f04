import { ERROR, Win32Error, type TextBuffer } from "@decant/hook";
import { implement, type Thread } from "@decant/process";
import type { Location } from "../files/file-system.ts";
import { IniFile } from "../files/ini-file.ts";
import { inFolder, located } from "./located.ts";
import { profileApi } from "./profile.api.ts";

const WIN_INI = "win.ini";
const UTF16_MARK = [0xff, 0xfe] as const;

/** INI files, read and written at each call. Text is in the ANSI code page, or UTF-16 where the file begins with its mark. */
export const profile = implement(profileApi, {
  GetPrivateProfileString: (thread, section, key, fallback, target, size, file) =>
    getString(thread, { section, key, fallback, target, size, file }),
  GetPrivateProfileInt: (thread, section, key, fallback, file) => getNumber(thread, section, key, fallback, file),
  GetPrivateProfileSection: (thread, section, target, size, file) => getSection(thread, section, target, size, file),
  GetPrivateProfileSectionNames: (thread, target, size, file) => writeList(target, read(thread, file).sections, size),
  GetPrivateProfileStruct(thread, section, key, target, size, file) {
    const bytes = structOf(find(read(thread, file), section, key), size);
    if (bytes === undefined) return false;
    thread.memory.write(target, bytes);
    return true;
  },
  WritePrivateProfileString: (thread, section, key, value, file) => setString(thread, section, key, value, file),
  WritePrivateProfileSection: (thread, section, lines, file) => setSection(thread, section, lines, file),
  WritePrivateProfileStruct: (thread, section, key, source, size, file) =>
    setString(thread, section, key, source === 0 ? undefined : structText(thread.memory.read(source, size)), file),

  GetProfileString: (thread, section, key, fallback, target, size) =>
    getString(thread, { section, key, fallback, target, size, file: undefined }),
  GetProfileInt: (thread, section, key, fallback) => getNumber(thread, section, key, fallback, undefined),
  GetProfileSection: (thread, section, target, size) => getSection(thread, section, target, size, undefined),
  WriteProfileString: (thread, section, key, value) => setString(thread, section, key, value, undefined),
  WriteProfileSection: (thread, section, lines) => setSection(thread, section, lines, undefined),
});

interface StringRequest {
  readonly section: string | undefined;
  readonly key: string | undefined;
  readonly fallback: string | undefined;
  readonly target: TextBuffer;
  readonly size: number;
  readonly file: string | undefined;
}

function getString(thread: Thread, { section, key, fallback, target, size, file }: StringRequest): number {
  const ini = read(thread, file);
  if (section === undefined) return writeList(target, ini.sections, size);
  const entries = ini.entries(section) ?? [];
  if (key === undefined) return writeList(target, entries.flatMap((entry) => (entry.value === undefined ? [] : entry.key)), size); // prettier-ignore
  const value = find(ini, section, key);
  return target.writeTruncated(value === undefined ? (fallback ?? "").replace(/ +$/, "") : unquoted(value), size).written;
}

function getNumber(
  thread: Thread,
  section: string | undefined,
  key: string | undefined,
  fallback: number,
  file: string | undefined,
): number {
  const value = find(read(thread, file), section, key);
  if (value === undefined || unquoted(value) === "") return fallback;
  const [, sign, hexadecimal, decimal] = /^\s*([-+]?)(?:0x([0-9a-f]+)|([0-9]*))/i.exec(unquoted(value)) ?? [];
  const number = hexadecimal === undefined ? Number(decimal) : Number.parseInt(hexadecimal, 16);
  return (sign === "-" ? -number : number) >>> 0;
}

function getSection(thread: Thread, section: string | undefined, target: TextBuffer, size: number, file: string | undefined): number {
  if (section === undefined) throw new Win32Error(ERROR.INVALID_PARAMETER);
  const entries = read(thread, file).entries(section) ?? [];
  return writeList(target, entries.map(({ key, value }) => (value === undefined ? key : `${key}=${value}`)), size); // prettier-ignore
}

function setString(
  thread: Thread,
  section: string | undefined,
  key: string | undefined,
  value: string | undefined,
  file: string | undefined,
): boolean {
  // NULL for all three once emptied a cache; there is none, and the documentation has it fail.
  if (section === undefined) return false;
  change(thread, file, (ini) => (key === undefined ? ini.setSection(section, undefined) : ini.set(section, key.trim(), value?.trim())));
  return true;
}

function setSection(thread: Thread, section: string | undefined, lines: TextBuffer, file: string | undefined): boolean {
  if (section === undefined) throw new Win32Error(ERROR.INVALID_PARAMETER);
  change(thread, file, (ini) => ini.setSection(section, lines.isNull ? undefined : lines.readList()));
  return true;
}

/** A list's strings with their NULs, and one more behind; two where there are none. Cut, it ends with two NULs, which the count leaves out. */
function writeList(target: TextBuffer, strings: readonly string[], size: number): number {
  if (strings.length === 0) {
    target.writeTruncated("\0", size);
    return 0;
  }
  const text = strings.map((string) => `${string}\0`).join("");
  const { written, needed } = target.writeTruncated(text, size);
  if (needed <= size || size < 2) return written;
  return target.writeTruncated(`${text.slice(0, size - 2)}\0`, size).written - 1;
}

function find(ini: IniFile, section: string | undefined, key: string | undefined): string | undefined {
  if (section === undefined || key === undefined) return undefined;
  const wanted = key.trim().toLowerCase();
  return ini.entries(section)?.find((entry) => entry.key.toLowerCase() === wanted)?.value;
}

/** A value in quotation marks of either kind is what lies between them. */
function unquoted(value: string): string {
  return /^(["'])(.*)\1$/s.exec(value)?.[2] ?? value;
}

/** A structure is written in hexadecimal digits, with the sum of its bytes behind. */
function structText(bytes: Uint8Array): string {
  let sum = 0;
  for (const byte of bytes) sum += byte;
  return [...bytes, sum & 0xff].map((byte) => byte.toString(16).padStart(2, "0").toUpperCase()).join("");
}

function structOf(text: string | undefined, size: number): Uint8Array | undefined {
  if (text?.length !== 2 * size + 2 || !/^[0-9a-f]*$/i.test(text)) return undefined;
  const bytes = Uint8Array.from({ length: size }, (_, i) => Number.parseInt(text.slice(2 * i, 2 * i + 2), 16));
  return structText(bytes) === text.toUpperCase() ? bytes : undefined;
}

function read(thread: Thread, name: string | undefined): IniFile {
  const { isWide, bytes } = readBytes(located(thread, pathOf(name)));
  return new IniFile(isWide ? new TextDecoder("utf-16le").decode(bytes) : thread.ansi.decode(bytes));
}

function change(thread: Thread, name: string | undefined, action: (ini: IniFile) => void): void {
  const location = inFolder(thread, pathOf(name));
  const { isWide, bytes } = readBytes(location);
  const ini = new IniFile(isWide ? new TextDecoder("utf-16le").decode(bytes) : thread.ansi.decode(bytes));
  const before = ini.toString();
  action(ini);
  const after = ini.toString();
  if (after === before) return;
  const file = location.files.open(location.path, { write: true, create: true, truncate: true });
  try {
    file.write(isWide ? wideBytes(after) : thread.ansi.encode(after), 0);
  } finally {
    file.close();
  }
}

function readBytes({ files, path, stat }: Location): { isWide: boolean; bytes: Uint8Array } {
  if (stat?.kind !== "file") return { isWide: false, bytes: new Uint8Array(0) };
  const file = files.open(path);
  try {
    const bytes = new Uint8Array(stat.size);
    const all = bytes.subarray(0, file.read(bytes, 0));
    const isWide = all[0] === UTF16_MARK[0] && all[1] === UTF16_MARK[1];
    return { isWide, bytes: isWide ? all.subarray(2) : all };
  } finally {
    file.close();
  }
}

function wideBytes(text: string): Uint8Array {
  return new Uint8Array([...UTF16_MARK, ...new Uint8Array(Uint16Array.from({ length: text.length }, (_, i) => text.charCodeAt(i)).buffer)]);
}

/** A name without a folder is one in Windows' own. */
function pathOf(name: string | undefined): string {
  const file = name ?? WIN_INI;
  return /[\\/:]/.test(file) ? file : `C:\\Windows\\${file}`;
}
