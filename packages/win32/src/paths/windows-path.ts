/** What a path's form says about where it starts ("Naming Files, Paths, and Namespaces"). */
export type PathForm =
  /** `C:\x` */
  | "drive"
  /** `C:x` */
  | "drive-relative"
  /** `\x` */
  | "rooted"
  /** `x` */
  | "relative"
  /** `\\server\share\x` */
  | "unc"
  /** `\\.\x` and `\\?\x` */
  | "device";

/** Where relative paths start: the current folder, and the current folders of other drives, by their letters. */
export interface PathContext {
  readonly current: string;
  readonly currentOf?: (drive: string) => string | undefined;
}

/** The form of a path; "/" counts as "\". */
export function pathForm(path: string): PathForm {
  const isSlash = (index: number): boolean => path[index] === "\\" || path[index] === "/";
  if (isSlash(0)) {
    if (!isSlash(1)) return "rooted";
    if ((path[2] === "." || path[2] === "?") && (path.length === 3 || isSlash(3))) return "device";
    return "unc";
  }
  if (path[1] === ":" && path.length > 1) return isSlash(2) ? "drive" : "drive-relative";
  return "relative";
}

/**
 * The full path that GetFullPathName gives: separators, "." and ".." resolved, trailing dots and spaces removed, relative forms made
 * absolute, names of devices turned into `\\.\NUL`. It looks at no file. Empty for an empty path.
 */
export function fullPath(path: string, context: PathContext): string {
  if (path.trim() === "" && !path.includes("\\")) return "";
  const device = deviceName(path);
  if (device !== undefined) return `\\\\.\\${device}`;
  const plain = path.replaceAll("/", "\\");
  switch (pathForm(plain)) {
    case "device":
      return plain.slice(0, 4) + normaliseBelow(plain.slice(4), devicePrefixLength(plain.slice(4)));
    case "unc":
      return `\\\\${normaliseBelow(plain.slice(2), shareLength(plain.slice(2)))}`;
    case "drive":
      return plain.slice(0, 2) + normaliseRooted(plain.slice(2));
    case "drive-relative": {
      const drive = plain[0]!;
      const current = sameDrive(context.current, drive) ? context.current : (context.currentOf?.(drive.toUpperCase()) ?? `${drive}:\\`);
      return drive + joined(current, plain.slice(2)).slice(1);
    }
    case "rooted":
      return rootOf(context.current) + normaliseRooted(plain);
    default:
      return joined(context.current, plain);
  }
}

/** Where the last name of a full path starts; undefined when it ends in a separator or has no name. */
export function filePartOffset(full: string): number | undefined {
  const slash = full.lastIndexOf("\\");
  if (slash === full.length - 1 || slash < 0) return undefined;
  return slash < 2 || /^\\\\[.?]\\[^\\]*$/.test(full) ? undefined : slash + 1;
}

const DEVICES = /^(?:.*[\\/]|[a-z]:)?(con|prn|aux|nul|conin\$|conout\$|(?:com|lpt)[1-9\u00b9\u00b2\u00b3])(?: *[.:].*| *)$/i;

/** The device that a path names: `nul`, `C:\a\nul.txt` and `con:` do. Forms with `\\.\` or `\\?\` are not looked at. */
export function deviceName(path: string): string | undefined {
  if (/^[\\/]{2}/.test(path)) return undefined;
  return DEVICES.exec(path)?.[1];
}

/** A path below a current folder. */
function joined(current: string, relative: string): string {
  const root = rootOf(current);
  const below = current.slice(root.length).replace(/\\$/, "");
  return root + normaliseRooted(relative === "" ? below || "\\" : `${below}\\${relative}`);
}

function sameDrive(path: string, drive: string): boolean {
  return path[1] === ":" && path[0]?.toUpperCase() === drive.toUpperCase();
}

/** `C:` of `C:\x`, `\\server\share` of a UNC path. */
function rootOf(path: string): string {
  if (path[1] === ":") return path.slice(0, 2);
  return path.slice(0, 2 + shareLength(path.slice(2)));
}

function normaliseRooted(path: string): string {
  return `\\${normaliseBelow(path.replace(/^\\+/, ""), 0)}`;
}

/** The part of a path behind its prefix that ".." cannot remove, here in characters of `server\share…`. */
function shareLength(path: string): number {
  return /^[^\\]*(?:\\[^\\]*)?/.exec(path)![0].length;
}

/** The same of what follows `\\?\`: a drive, `UNC\server\share`, or any one name. */
function devicePrefixLength(path: string): number {
  return /^(?:UNC\\[^\\]*(?:\\[^\\]*)?|[^\\]*)/i.exec(path)![0].length;
}

/**
 * Resolves names after the first `fixed` characters. A dot at the end of a name inside the path goes; at the path's end all dots and
 * spaces go ("File path formats on Windows systems": trimming characters).
 */
function normaliseBelow(path: string, fixed: number): string {
  const prefix = path.slice(0, fixed);
  const rest = path.slice(fixed);
  const names: string[] = [];
  const parts = rest.split("\\");
  const last = parts.length - 1;
  let endsInSeparator = rest.endsWith("\\") && rest !== "";
  for (const [index, part] of parts.entries()) {
    if (part === "" || part === ".") continue;
    if (part === "..") names.pop();
    else if (index < last) names.push(/[^.]\.$/.test(part) ? part.slice(0, -1) : part);
    else {
      const name = part.replace(/[. ]+$/, "");
      if (name === "") endsInSeparator = !/^\.{1,2}$/.test(part);
      else names.push(name);
    }
  }
  // What "." or ".." at the end leaves last is the path's end now.
  if (!endsInSeparator) trimEnd(names);
  const below = names.join("\\");
  const tail = endsInSeparator && below !== "" ? "\\" : "";
  if (prefix === "") return below + tail;
  return below === "" ? prefix + (endsInSeparator || rest.startsWith("\\") ? "\\" : "") : `${prefix}\\${below}${tail}`;
}

/** Drops names from the end until one holds more than dots and spaces, and trims those off it. */
function trimEnd(names: string[]): void {
  while (names.length > 0) {
    const name = names.pop()!.replace(/[. ]+$/, "");
    if (name === "") continue;
    names.push(name);
    return;
  }
}
