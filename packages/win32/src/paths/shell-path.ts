/** Paths as text, the way the shell's functions take them ("Shell Path Handling Functions", "PathCch"): "/" is a letter, no file is looked at. */

/** "." and ".." resolved, `\\?\` taken off, trailing dots removed; "\" for nothing at all. */
export function canonicalPath(given: string): string {
  const path = given.replace(/^\\\\\?\\UNC\\/i, "\\\\").replace(/^\\\\\?\\(?=[A-Za-z]:)/, "");
  if (/^[A-Za-z]:$/.test(path)) return `${path}\\`;
  let root = /^(?:[A-Za-z]:\\|\\\\|\\)/.exec(path)?.[0] ?? "";
  const kept: string[] = [];
  for (const part of path.slice(root.length).split("\\")) {
    if (part === ".") continue;
    if (part !== "..") kept.push(part);
    // What follows the first part of a relative path keeps the separator between them.
    else if (kept.pop() !== undefined && kept.length === 0 && root === "") root = "\\";
  }
  const result = root + kept.join("\\");
  return result === "" ? "\\" : result.replace(/(?<![*\\.])\.+$/, "");
}

/** A path that starts at another, unless it has a root of its own; undefined when there is neither. */
export function combinePaths(base: string | undefined, more: string | undefined): string | undefined {
  if (base === undefined && more === undefined) return undefined;
  if (more === undefined || more === "") return canonicalPath(base ?? "");
  if (base === undefined || base === "" || /^(?:[A-Za-z]:|\\\\)/.test(more)) return canonicalPath(more);
  if (more.startsWith("\\")) return canonicalPath(base.slice(0, rootLength(base)).replace(/\\$/, "") + more);
  return canonicalPath(`${base.replace(/\\$/, "")}\\${more}`);
}

/** Units of the path without its last part, never fewer than its root has. */
export function folderLength(path: string): number {
  return Math.max(rootLength(path), path.lastIndexOf("\\"));
}

/** Where the last part begins: one that is nothing but a separator counts with what stands before it. */
export function fileNameOffset(path: string): number {
  for (let at = path.length - 2; at >= 0; at--) if (/[\\/:]/.test(path[at]!) && !/[\\/]/.test(path[at + 1]!)) return at + 1;
  return /^[\\/][^\\/]/.test(path) ? 1 : 0;
}

/** Where the extension begins, with its dot; the path's length when it has none. What has a space in it is none. */
export function extensionOffset(path: string): number {
  const found = /\.[^. \\]*$/.exec(path);
  return found === null ? path.length : found.index;
}

/** True of what has no drive and starts with no separator. */
export function isRelativePath(path: string): boolean {
  return !(path.startsWith("\\") || path[1] === ":");
}

function rootLength(path: string): number {
  return /^(?:[A-Za-z]:\\?|\\\\[^\\]*(?:\\[^\\]*)?|\\)/.exec(path)?.[0].length ?? 0;
}
