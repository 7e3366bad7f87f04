import { HOST_DRIVE } from "../../files/file-system.ts";
import { splitCommandLine } from "../../shell32/command-line.ts";
import { sessionEnvironment } from "../../system/system-table.ts";

const DRIVE_PATH = new RegExp(`^(?:\\\\\\\\\\?\\\\)?${HOST_DRIVE}:[\\\\/]`, "i");

/** The host's path of a complete Windows path on the host's drive; undefined for other text. */
export function hostPath(text: string): string | undefined {
  const start = DRIVE_PATH.exec(text)?.[0];
  return start === undefined ? undefined : `/${text.slice(start.length).replaceAll("\\", "/")}`;
}

/** A command line's arguments for a program of the host's. One that is a path on the host's drive, whole or after "=", becomes the host's path. */
export function hostArguments(commandLine: string): string[] {
  return splitCommandLine(commandLine)
    .slice(1)
    .map((word) => {
      const equals = /^[-\w]+=/.exec(word)?.[0] ?? "";
      return hostPath(word) ?? `${equals}${hostPath(word.slice(equals.length)) ?? word.slice(equals.length)}`;
    });
}

/**
 * A guest's variables for a program of the host's: without what every guest finds of Windows, and the folders of drives. Paths on the host's drive, and lists
 * of them, become the host's.
 */
export function hostVariables(environment: Iterable<readonly [name: string, value: string]>, processorCount: number): [string, string][] {
  const session = [64, 32].map((bits) => new Map(Object.entries(sessionEnvironment(processorCount, bits as 32 | 64)).map(upper)));
  const isWindows = (name: string, value: string): boolean => session.some((variables) => variables.get(name.toUpperCase()) === value);
  return [...environment]
    .filter(([name, value]) => !name.startsWith("=") && !isWindows(name, value))
    .map(([name, value]) => [name, hostValue(value)]);
}

function hostValue(value: string): string {
  const paths = value.split(";").filter((part) => part !== "").map(hostPath); // prettier-ignore
  return paths.length > 0 && paths.every((path) => path !== undefined) ? paths.join(":") : value;
}

function upper([name, value]: [string, string]): [string, string] {
  return [name.toUpperCase(), value];
}
