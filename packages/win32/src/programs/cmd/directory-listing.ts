import type { GuestGenerator } from "@decant/process";
import { system } from "../../crt/system.ts";
import { stateOf } from "../../process-state.ts";
import { hasWildcards } from "../../paths/wildcard.ts";
import { ATTRIBUTE, isFolder, lastName, matches } from "./files.ts";
import { failureCode } from "./failure.ts";
import type { Shell } from "./shell.ts";

/** `dir`: names, sizes and times of a folder's files; `/b` only the names, `/s` those below too, `/a` by attributes, `/o` in order. */
export function* listFolder(shell: Shell, paths: readonly string[], switches: ReadonlySet<string>): GuestGenerator<number> {
  const wanted = paths[0] ?? ".";
  const pattern = isFolder(shell, wanted) ? `${wanted.replace(/\\$/, "")}\\*` : wanted;
  const full = shell.fullPath(pattern);
  const folder = full.slice(0, full.lastIndexOf("\\")) || full;
  const name = hasWildcards(pattern) ? lastName(pattern) : lastName(full);
  const isBare = switches.has("b");
  if (!isBare) yield* shell.print(` Volume in drive ${folder[0]!.toUpperCase()} has no label.\r\n\r\n`);
  const found = yield* listOne(shell, folder, name, switches);
  if (found > 0) return 0;
  yield* shell.complain("File Not Found");
  return 1;
}

function* listOne(shell: Shell, folder: string, name: string, switches: ReadonlySet<string>): GuestGenerator<number> {
  const isBare = switches.has("b");
  const isDeep = switches.has("s");
  const entries = matches(shell, `${folder}\\${name}`)
    .filter((path) => isShown(shell, path, switches))
    .toSorted((a, b) => (lastName(a).toLowerCase() < lastName(b).toLowerCase() ? -1 : 1));
  if (!isBare && entries.length > 0) yield* shell.print(` Directory of ${folder.length === 2 ? `${folder}\\` : folder}\r\n\r\n`);
  let bytes = 0;
  let folders = 0;
  for (const path of entries) {
    if (isBare) yield* shell.print(`${isDeep ? path : lastName(path)}\r\n`);
    else {
      const facts = system.attributes(shell.thread, path);
      const isInner = (facts.attributes & ATTRIBUTE.DIRECTORY) !== 0;
      if (isInner) folders++;
      else bytes += facts.size;
      yield* shell.print(
        `${timeText(facts.written)}    ${isInner ? "<DIR>         " : grouped(facts.size).padStart(14)} ${lastName(path)}\r\n`,
      );
    }
  }
  if (!isBare && entries.length > 0) {
    yield* shell.print(`${String(entries.length - folders).padStart(16)} File(s) ${grouped(bytes).padStart(14)} bytes\r\n`);
    const location = stateOf(shell.thread).fileSystem.locate(`${folder}\\`, shell.paths);
    const free = location.kind === "file" ? location.files.space(location.path).free : 0;
    yield* shell.print(`${String(folders).padStart(16)} Dir(s)  ${grouped(free).padStart(14)} bytes free\r\n`);
  }
  let count = entries.length;
  if (isDeep)
    for (const path of matches(shell, `${folder}\\*`)) if (isFolder(shell, path)) count += yield* listOne(shell, path, name, switches);
  return count;
}

/** `/a` shows what is hidden too, `/ad` folders, `/a-d` files. */
function isShown(shell: Shell, path: string, switches: ReadonlySet<string>): boolean {
  const attributes = attributesNow(shell, path);
  const asked = [...switches].find((each) => each.startsWith("a"))?.replace(/^a:?/, "");
  if (asked === undefined) return (attributes & ATTRIBUTE.HIDDEN) === 0;
  const bits: Readonly<Record<string, number>> = { d: ATTRIBUTE.DIRECTORY, h: ATTRIBUTE.HIDDEN, r: ATTRIBUTE.READONLY };
  return [...asked.matchAll(/(-?)([dhr])/g)].every(([, minus, letter]) => ((attributes & bits[letter!]!) !== 0) === (minus === ""));
}

function attributesNow(shell: Shell, path: string): number {
  try {
    return system.attributes(shell.thread, path).attributes;
  } catch (error) {
    failureCode(error);
    return 0;
  }
}

function grouped(value: number): string {
  return String(value).replaceAll(/\B(?=(?:\d{3})+$)/g, ",");
}

function timeText(seconds: number): string {
  const at = new Date(seconds * 1000);
  const two = (value: number): string => String(value).padStart(2, "0");
  const hours = at.getUTCHours();
  return `${two(at.getUTCMonth() + 1)}/${two(at.getUTCDate())}/${at.getUTCFullYear()}  ${two(hours % 12 || 12)}:${two(at.getUTCMinutes())} ${hours < 12 ? "AM" : "PM"}`;
}
