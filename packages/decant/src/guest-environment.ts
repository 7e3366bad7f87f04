import { sessionEnvironment } from "@decant/win32";

/** Variables that mean something else on Windows, besides those of the dynamic loader: the guest gets its own. */
const HOST_ONLY = new Set(["PATH", "HOME", "TMPDIR", "TMP", "TEMP", "SHELL", "PWD", "OLDPWD", "_", "SHLVL", "DECANT_TOKEN"]);

/** Whether a guest takes over a variable of the host's. */
export function isGuestVariable(name: string): boolean {
  return !HOST_ONLY.has(name) && !/^(?:LD|DYLD)_/.test(name);
}

/** A guest's environment: Windows' own variables, those of the host that mean the same there, and what was given, which wins. */
export function guestEnvironment(
  host: Readonly<Record<string, string | undefined>>,
  given: Readonly<Record<string, string>>,
  processorCount: number,
): [name: string, value: string][] {
  const byKey = new Map<string, [string, string]>();
  const set = (name: string, value: string): void => void byKey.set(name.toUpperCase(), [name, value]);
  for (const [name, value] of Object.entries(host)) if (value !== undefined && isGuestVariable(name)) set(name, value);
  for (const [name, value] of Object.entries(sessionEnvironment(processorCount))) set(name, value);
  for (const [name, value] of Object.entries(given)) set(name, value);
  return [...byKey.values()];
}
