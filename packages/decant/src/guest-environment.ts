/** Variables that mean something else on Windows: the guest gets its own. */
const HOST_ONLY = new Set([
  "PATH",
  "HOME",
  "TMPDIR",
  "TMP",
  "TEMP",
  "SHELL",
  "PWD",
  "OLDPWD",
  "_",
  "SHLVL",
  "LD_LIBRARY_PATH",
  "LD_PRELOAD",
  "DECANT_TOKEN",
]);

/** Whether a guest takes over a variable of the host's. */
export function isGuestVariable(name: string): boolean {
  return !HOST_ONLY.has(name);
}

/** What programs expect to find on a Windows machine. */
const WINDOWS: Readonly<Record<string, string>> = {
  ALLUSERSPROFILE: "C:\\ProgramData",
  APPDATA: "C:\\users\\decant\\AppData\\Roaming",
  CommonProgramFiles: "C:\\Program Files\\Common Files",
  COMPUTERNAME: "DECANT",
  ComSpec: "C:\\windows\\system32\\cmd.exe",
  HOMEDRIVE: "C:",
  HOMEPATH: "\\users\\decant",
  LOCALAPPDATA: "C:\\users\\decant\\AppData\\Local",
  NUMBER_OF_PROCESSORS: "1",
  OS: "Windows_NT",
  PATH: "C:\\windows\\system32;C:\\windows",
  PATHEXT: ".COM;.EXE;.BAT;.CMD",
  PROCESSOR_ARCHITECTURE: "AMD64",
  ProgramData: "C:\\ProgramData",
  ProgramFiles: "C:\\Program Files",
  SystemDrive: "C:",
  SystemRoot: "C:\\windows",
  TEMP: "C:\\users\\decant\\Temp",
  TMP: "C:\\users\\decant\\Temp",
  USERNAME: "decant",
  USERPROFILE: "C:\\users\\decant",
  windir: "C:\\windows",
};

/** A guest's environment: Windows' own variables, those of the host that mean the same there, and what was given, which wins. */
export function guestEnvironment(
  host: Readonly<Record<string, string | undefined>>,
  given: Readonly<Record<string, string>>,
): [name: string, value: string][] {
  const byKey = new Map<string, [string, string]>();
  const set = (name: string, value: string): void => void byKey.set(name.toUpperCase(), [name, value]);
  for (const [name, value] of Object.entries(host)) if (value !== undefined && isGuestVariable(name)) set(name, value);
  for (const [name, value] of Object.entries(WINDOWS)) set(name, value);
  for (const [name, value] of Object.entries(given)) set(name, value);
  return [...byKey.values()];
}
