import type { Host, HostFiles, HostStat } from "@decant/host";
import { ERROR, NtError, STATUS, Win32Error } from "@decant/hook";
import { deviceName, fullPath, type PathContext } from "../paths/windows-path.ts";
import { BUILT_IN_PROGRAMS } from "../programs/names.ts";
import { programImage } from "../programs/program-image.ts";
import { findStream, partStreamName } from "./named-streams.ts";
import { letterOfVolume, pathOnDevice } from "./volume-names.ts";
import { upcase } from "../text/upcase.ts";

/** The drive that shows the host's files. */
export const HOST_DRIVE = "Z";
/** The virtual drive with Windows' own folders. */
export const SYSTEM_DRIVE = "C";
/** The temporary folder that programs are given. */
export const TEMP_FOLDER = "C:\\users\\user\\AppData\\Local\\Temp";
/** The user's folder. */
export const PROFILE_FOLDER = "C:\\users\\user";

const SYSTEM_FOLDERS = [
  "C:\\Windows\\System32\\drivers\\etc",
  "C:\\Windows\\SysWOW64",
  "C:\\Windows\\Temp",
  "C:\\Windows\\Fonts",
  "C:\\Program Files\\Common Files",
  "C:\\Program Files (x86)\\Common Files",
  "C:\\ProgramData",
  "C:\\users\\Public",
  "C:\\users\\user\\AppData\\Local\\Temp",
  "C:\\users\\user\\AppData\\Roaming",
  "C:\\users\\user\\Documents",
  "C:\\users\\user\\Desktop",
];

/** Where a path leads. */
export interface Location {
  readonly kind: "file";
  readonly files: HostFiles;
  /** The path in `files`: with the case that is there, as far as it exists. */
  readonly path: string;
  /** The full Windows path, as it was asked for. */
  readonly full: string;
  /** Undefined when nothing is there. Of a symbolic link: what it leads to, unless the link itself was asked for. */
  readonly stat: HostStat | undefined;
  /** Whether there is a folder for it. */
  readonly hasFolder: boolean;
  /** The path ends in a separator: only a folder will do. */
  readonly wantsFolder: boolean;
  /** Of a named stream: the file that it belongs to. */
  readonly streamOf?: Location;
}

/** A path that names a device: `name` in lower case, "nul". */
export interface DeviceLocation {
  readonly kind: "device";
  readonly name: string;
  readonly full: string;
}

/** A drive that exists. */
export interface Drive {
  readonly letter: string;
  readonly files: HostFiles;
}

/** Windows' view of the host's files: drives, names without regard to case. */
export class FileSystem {
  readonly drives: readonly Drive[];

  constructor(host: Pick<Host, "files" | "systemDrive">) {
    this.drives = [
      { letter: SYSTEM_DRIVE, files: host.systemDrive },
      { letter: HOST_DRIVE, files: host.files },
    ];
    for (const folder of SYSTEM_FOLDERS) makeFolders(host.systemDrive, folder.slice(3).split("\\"));
    for (const name of BUILT_IN_PROGRAMS) makeProgram(host.systemDrive, name);
  }

  drive(letter: string): Drive | undefined {
    return this.drives.find((drive) => drive.letter === letter.toUpperCase());
  }

  /**
   * Finds a path. Throws ERROR_PATH_NOT_FOUND for an empty path or a drive that is not there, ERROR_INVALID_NAME for characters that
   * names cannot have, ERROR_BAD_NETPATH for other machines. With `link`, a symbolic link at the end is what is found, not its target.
   */
  locate(path: string, context: PathContext, link: "follow" | "link" = "follow"): Location | DeviceLocation {
    const full = path.startsWith("\\\\?\\") ? path : fullPath(path, context);
    if (full === "") throw new Win32Error(ERROR.PATH_NOT_FOUND);
    const plain = withoutPrefix(onDrive(full));
    if (plain.startsWith("\\\\.\\")) return { kind: "device", name: deviceOf(plain.slice(4)), full };
    if (plain.startsWith("\\\\")) throw new Win32Error(ERROR.BAD_NETPATH);
    const drive = plain[1] === ":" ? this.drive(plain[0]!) : undefined;
    if (drive === undefined) throw new Win32Error(ERROR.PATH_NOT_FOUND);
    const names = plain.slice(2).split("\\").filter((name) => name !== ""); // prettier-ignore
    const named = plain.endsWith("\\") ? undefined : partStreamName(names.at(-1) ?? "");
    if (named !== undefined) names[names.length - 1] = named.base;
    for (const name of names) if (!isValidName(name) || name === "." || name === "..") throw new Win32Error(ERROR.INVALID_NAME);
    const found = {
      kind: "file",
      files: drive.files,
      full: plain,
      wantsFolder: plain.endsWith("\\"),
      ...find(drive.files, names, link),
    } as const;
    return named === undefined || named.stream === "" ? found : streamOf(found, named.stream);
  }

  /** Finds an NT path: `\\??\\C:\\x`, or a name below the folder whose full path is given. Throws as `locate` does. */
  locateNt(name: string, root: string | undefined, link: "follow" | "link"): Location | DeviceLocation {
    if (root !== undefined) {
      if (name.startsWith("\\")) throw new Win32Error(ERROR.INVALID_NAME);
      return this.locate(`\\\\?\\${root.replace(/\\$/, "")}\\${name}`, NO_CONTEXT, link);
    }
    const dos = /^\\(?:\?\?|DosDevices|GLOBAL\?\?)\\/i.exec(name);
    if (dos !== null) return this.locate(`\\\\?\\${name.slice(dos[0].length)}`, NO_CONTEXT, link);
    const onDevice = pathOnDevice(name);
    if (onDevice !== undefined) return this.locate(`\\\\?\\${onDevice}`, NO_CONTEXT, link);
    if (/^\\Device\\Null$/i.test(name)) return { kind: "device", name: "nul", full: name };
    if (!name.startsWith("\\")) throw new NtError(STATUS.OBJECT_PATH_SYNTAX_BAD);
    throw new Win32Error(ERROR.PATH_NOT_FOUND);
  }

  /** A file's bytes; undefined when there is none. For the loader. */
  readFile(path: string): Uint8Array | undefined {
    try {
      const location = this.locate(path, { current: `${SYSTEM_DRIVE}:\\` });
      if (location.kind === "device" || location.stat?.kind !== "file") return undefined;
      const file = location.files.open(location.path);
      try {
        const bytes = new Uint8Array(location.stat.size);
        return bytes.subarray(0, file.read(bytes, 0));
      } finally {
        file.close();
      }
    } catch (error) {
      if (error instanceof Win32Error || (error instanceof Error && "code" in error)) return undefined;
      throw error;
    }
  }
}

/** Complete paths need no current folder. */
const NO_CONTEXT: PathContext = { current: `${SYSTEM_DRIVE}:\\` };

/** A path that begins with a volume's name, or with its device below GLOBALROOT, by the volume's letter. */
function onDrive(path: string): string {
  const device = /^\\\\[?.]\\GLOBALROOT(?=\\)/i.exec(path)?.[0];
  const onDevice = device === undefined ? undefined : pathOnDevice(path.slice(device.length));
  if (onDevice !== undefined) return `\\\\?\\${onDevice}`;
  const volume = /^\\\\[?.]\\Volume\{[^}]*\}(?=\\|$)/i.exec(path)?.[0];
  const letter = volume === undefined ? undefined : letterOfVolume(volume);
  return letter === undefined ? path : `\\\\?\\${letter}:\\${path.slice(volume!.length + 1)}`;
}

/** The Windows path of a host path: `/work/a` is `Z:\work\a`. */
export function windowsPath(hostPath: string): string {
  return `${HOST_DRIVE}:${hostPath.replaceAll("/", "\\")}`;
}

/** A path without `\\?\` or, where a drive follows, `\\.\`. */
export function withoutPrefix(path: string): string {
  if (path.startsWith("\\\\?\\UNC\\")) return `\\\\${path.slice(8)}`;
  if (/^\\\\[?.]\\[a-z]:\\/i.test(path)) return path.slice(4);
  return path.startsWith("\\\\?\\") ? `\\\\.\\${path.slice(4)}` : path;
}

/** Whether Windows can have a file of this name. */
export function isValidName(name: string): boolean {
  for (let i = 0; i < name.length; i++) if (name.charCodeAt(i) < 0x20) return false;
  return !/[<>:"|?*/\\]/.test(name);
}

/** A stream of a file that need not be there. A link's are its target's. */
function streamOf(file: Location, stream: string): Location {
  const path = file.stat !== undefined && file.stat.kind !== "link" ? file.files.realPath(file.path) : file.path;
  return { ...file, ...findStream(file.files, path, stream), streamOf: file };
}

type Found = Pick<Location, "path" | "stat" | "hasFolder">;

/** Looks for the exact names first: one call where the case is right, as it nearly always is. */
function find(files: HostFiles, names: readonly string[], link: "follow" | "link"): Found {
  const look = (path: string): HostStat => (link === "link" ? files.lstat(path) : files.stat(path));
  const exact = `/${names.join("/")}`;
  try {
    return { path: exact, stat: look(exact), hasFolder: true };
  } catch (error) {
    if (!isMissing(error)) throw error;
  }
  const name = names.at(-1);
  if (name === undefined) return { path: "/", stat: undefined, hasFolder: true };
  const folder = find(files, names.slice(0, -1), "follow");
  const below = `${folder.path === "/" ? "" : folder.path}/${name}`;
  if (folder.stat?.kind !== "folder") return { path: below, stat: undefined, hasFolder: false };
  const match = matchName(files, folder.path, name);
  if (match === undefined) return { path: below, stat: undefined, hasFolder: true };
  const path = `${folder.path === "/" ? "" : folder.path}/${match}`;
  try {
    return { path, stat: look(path), hasFolder: true };
  } catch (error) {
    if (!isMissing(error)) throw error;
    return { path, stat: undefined, hasFolder: true }; // a link to nothing
  }
}

function matchName(files: HostFiles, folder: string, name: string): string | undefined {
  const wanted = upcase(name);
  return files.list(folder).find((entry) => upcase(entry.name) === wanted)?.name;
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && "code" in error && (error.code === "ENOENT" || error.code === "ENOTDIR");
}

function deviceOf(name: string): string {
  return (deviceName(name) ?? name).toLowerCase();
}

/** Programs of ours are files too, for those who look whether they are there. */
function makeProgram(files: HostFiles, name: string): void {
  for (const [folder, pointerSize] of [
    ["System32", 8],
    ["SysWOW64", 4],
  ] as const) {
    const path = `/Windows/${folder}/${name}`;
    const content = (): Uint8Array => programImage(name, pointerSize);
    // prettier-ignore
    try {
      if (files.addLater !== undefined) files.addLater(path, content);
      else {
        const file = files.open(path, { write: true, create: "new" });
        file.write(content(), 0);
        file.close();
      }
    } catch (error) {
      if (!(error instanceof Error && "code" in error && error.code === "EEXIST")) throw error;
    }
  }
}

function makeFolders(files: HostFiles, names: readonly string[]): void {
  let path = "";
  for (const name of names) {
    path += `/${name}`;
    try {
      files.makeFolder(path);
    } catch (error) {
      if (!(error instanceof Error && "code" in error && error.code === "EEXIST")) throw error;
    }
  }
}
