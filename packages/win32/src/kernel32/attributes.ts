import type { HostStat } from "@decant/host";

/** FILE_ATTRIBUTE_*. */
export const FILE_ATTRIBUTE = {
  READONLY: 1,
  HIDDEN: 2,
  SYSTEM: 4,
  DIRECTORY: 0x10,
  ARCHIVE: 0x20,
  NORMAL: 0x80,
  TEMPORARY: 0x100,
  REPARSE_POINT: 0x400,
} as const;

/** A file's attributes: folders are never read-only, as Windows ignores that there. */
export function attributesOf({ kind, writable }: Pick<HostStat, "kind" | "writable">): number {
  if (kind === "folder") return FILE_ATTRIBUTE.DIRECTORY;
  return FILE_ATTRIBUTE.ARCHIVE | (writable ? 0 : FILE_ATTRIBUTE.READONLY);
}

/** A volume's serial number, by the letter of a path on it. */
export function volumeSerial(path: string): number {
  return 0xdeca_0000 + (path.toUpperCase().charCodeAt(0) || 0);
}
