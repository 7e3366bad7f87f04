/** Programs of Windows' that are built in, in its system folders. */
export const BUILT_IN_PROGRAMS = [
  "cmd.exe",
  "attrib.exe",
  "certutil.exe",
  "chcp.com",
  "fc.exe",
  "find.exe",
  "findstr.exe",
  "hostname.exe",
  "more.com",
  "ping.exe",
  "reg.exe",
  "robocopy.exe",
  "sort.exe",
  "taskkill.exe",
  "tasklist.exe",
  "timeout.exe",
  "tree.com",
  "where.exe",
  "whoami.exe",
  "xcopy.exe",
] as const;

/** The name of a built-in program, by its full path; undefined for others. */
export function builtInName(path: string): (typeof BUILT_IN_PROGRAMS)[number] | undefined {
  const name = /^c:\\windows\\(?:system32|syswow64)\\([^\\]+)$/i.exec(path)?.[1]?.toLowerCase();
  return BUILT_IN_PROGRAMS.find((each) => each === name);
}
