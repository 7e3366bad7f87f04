/** The parts of a path ("_splitpath"): "C:", "\folder\", "name", ".ext". */
export interface PathParts {
  readonly drive: string;
  readonly folder: string;
  readonly name: string;
  readonly extension: string;
}

/** Splits a path; joining the parts gives the path again. */
export function splitPath(path: string): PathParts {
  const drive = path[1] === ":" ? path.slice(0, 2) : "";
  const rest = path.slice(drive.length);
  const nameStart = Math.max(rest.lastIndexOf("\\"), rest.lastIndexOf("/")) + 1;
  const dot = rest.lastIndexOf(".");
  const nameEnd = dot >= nameStart ? dot : rest.length;
  return { drive, folder: rest.slice(0, nameStart), name: rest.slice(nameStart, nameEnd), extension: rest.slice(nameEnd) };
}

/** Joins a path's parts, with the separators that they lack ("_makepath"). */
export function joinPath(
  drive: string | undefined,
  folder: string | undefined,
  name: string | undefined,
  extension: string | undefined,
): string {
  let path = drive === undefined || drive === "" ? "" : `${drive[0]}:`;
  if (folder !== undefined && folder !== "") path += /[\\/]$/.test(folder) ? folder : `${folder}\\`;
  path += name ?? "";
  if (extension !== undefined && extension !== "") path += extension.startsWith(".") ? extension : `.${extension}`;
  return path;
}
