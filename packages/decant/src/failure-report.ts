import { createHash } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { makeFolders } from "@decant/host";
import { readImage, readImports } from "@decant/pe";
import { cacheFolder } from "./cache-folder.ts";
import { examine } from "./doctor.ts";

/** What went wrong in Decant itself. */
export interface Failure {
  readonly what: string;
  readonly version: string;
  readonly args: readonly string[];
}

/**
 * Writes a report about a failure of Decant's own, for an issue: what happened where, on what machine, and with what program (its imports and hash, not its content). No environment
 * variables; the home folder is "~". Returns its path, or undefined where it cannot be written.
 */
export function writeFailureReport(failure: Failure): string | undefined {
  const folder = join(cacheFolder(undefined) ?? tmpdir(), "reports");
  const path = join(folder, `decant-${new Date().toISOString().replaceAll(/[:.]/g, "-")}-${process.pid}.txt`);
  try {
    makeFolders(folder);
    writeFileSync(path, reportText(failure), { mode: 0o600 });
    return path;
  } catch {
    return undefined;
  }
}

/** The report itself. */
export function reportText({ what, version, args }: Failure): string {
  const sections = [
    ["What happened", what],
    ["Command", ["decant", ...args].join(" ")],
    ["Versions", `decant ${version}\nnode ${process.version}, V8 ${process.versions.v8}\n${process.platform} ${process.arch}`],
    ["Machine", examine().map(({ what: thing, state, says }) => `${thing}: ${state}: ${says}`).join("\n")], // prettier-ignore
    ["Program", args.map(describeProgram).find((text) => text !== undefined) ?? "none"],
  ];
  return sections.map(([title, text]) => `## ${title}\n${text}\n`).join("\n").replaceAll(homedir(), "~"); // prettier-ignore
}

/** A PE image among the arguments: what it is, and what it imports. */
function describeProgram(argument: string): string | undefined {
  if (!/\.(exe|dll)$/i.test(argument)) return undefined;
  try {
    const bytes = readFileSync(resolve(argument));
    const image = readImage(bytes);
    const hash = createHash("sha256").update(bytes).digest("hex");
    const imports = readImports(image).map(
      ({ dll, symbols }) => `${dll}: ${symbols.map(({ name, ordinal }) => name ?? `#${ordinal}`).join(" ")}`,
    );
    return [`${bytes.length} bytes, SHA-256 ${hash}, ${image.machine}`, ...imports].join("\n");
  } catch {
    return undefined;
  }
}
