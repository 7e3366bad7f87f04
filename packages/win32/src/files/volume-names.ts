/** The volume's name, by its drive letter: `\\?\Volume{GUID}\`. */
export function volumeName(letter: string): string {
  return `\\\\?\\Volume{dec0de00-0000-4000-8000-0000000000${letter.charCodeAt(0).toString(16)}}\\`;
}

/** The drive letter of a volume's name; undefined when there is no such volume. */
export function letterOfVolume(name: string): string | undefined {
  const code = /^\\\\[?.]\\Volume\{dec0de00-0000-4000-8000-0000000000([0-9a-f]{2})\}\\?$/i.exec(name)?.[1];
  return code === undefined ? undefined : String.fromCharCode(Number.parseInt(code, 16));
}

/** The device behind a drive letter, as QueryDosDevice tells it. */
export function devicePath(letter: string): string {
  return `\\Device\\HarddiskVolume${letter === "C" ? 1 : letter.charCodeAt(0) - 0x40}`;
}

/** A path as the kernel names it: the device in the place of the drive letter. */
export function kernelPath(path: string): string {
  return `${devicePath(path[0]!.toUpperCase())}${path.slice(2)}`;
}

/** A path that begins with a volume's device, by the volume's letter: `\\Device\\HarddiskVolume1\\x` is `C:\\x`. Undefined for others. */
export function pathOnDevice(path: string): string | undefined {
  const [, number, rest] = /^\\Device\\HarddiskVolume(\d+)(?=\\|$)(.*)$/is.exec(path) ?? [];
  const letter = [..."CDEFGHIJKLMNOPQRSTUVWXYZ"].find((each) => devicePath(each).endsWith(`e${number}`));
  return letter === undefined ? undefined : `${letter}:${rest === "" ? "\\" : rest}`;
}
