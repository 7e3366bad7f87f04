import type { GuestGenerator } from "@decant/process";
import { system } from "../../crt/system.ts";
import { stateOf } from "../../process-state.ts";
import { hasWildcards } from "../../paths/wildcard.ts";
import { dateAndTime } from "./date-text.ts";
import { ATTRIBUTE, attributesOf, isFolder, lastName } from "./files.ts";
import { failureCode } from "./failure.ts";
import type { Shell } from "./shell.ts";
import { volumeText } from "./volume-text.ts";

interface Entry {
  readonly name: string;
  readonly full: string;
  readonly attributes: number;
  readonly size: number;
  readonly written: number;
}

/** What the switches of `dir` ask for. */
interface Options {
  readonly isBare: boolean;
  readonly isDeep: boolean;
  readonly isLower: boolean;
  readonly isShown: (attributes: number) => boolean;
  readonly order: (a: Entry, b: Entry) => number;
}

interface Totals {
  files: number;
  bytes: number;
  folders: number;
}

/** `/4`, `/n` and `/t:w` are what is done anyway. */
const WITHOUT_EFFECT = /^(?:-?4|-?n|-[bswdlpq]|-c|c|t:w|tw)$/;
const ATTRIBUTE_BITS: Readonly<Record<string, number>> = { d: 0x10, h: 2, r: 1, s: 4, a: 0x20, i: 0x2000, l: 0x400, o: 0x1000 };

/** `dir`: names, sizes and times of a folder's files; `/b` only the names, `/s` those below too, `/a` by attributes, `/o` in order, `/l` in lower case ("dir"). */
export function* listFolder(shell: Shell, paths: readonly string[], switches: ReadonlySet<string>): GuestGenerator<number> {
  const unknown = [...switches].find((each) => !/^(?:[bsl]|a:?[-dhrsailo]*|o:?[-negsd]*)$/.test(each) && !WITHOUT_EFFECT.test(each));
  if (unknown !== undefined) {
    yield* shell.complain(`Invalid switch - "${unknown}".`);
    return 1;
  }
  const options = optionsOf(switches);
  let found = 0;
  let volume = "";
  const totals: Totals = { files: 0, bytes: 0, folders: 0 };
  for (const wanted of paths.length === 0 ? ["."] : paths) {
    const pattern = isFolder(shell, wanted) ? `${wanted.replace(/\\$/, "")}\\*` : wanted;
    const full = shell.fullPath(pattern);
    const folder = full.slice(0, full.lastIndexOf("\\")) || full;
    const name = hasWildcards(pattern) ? lastName(pattern) : lastName(full);
    if (!options.isBare && volume !== (volume = folder.slice(0, 2))) yield* shell.print(volumeText(folder));
    found += yield* listOne(shell, folder, name, options, totals);
  }
  if (found === 0) {
    yield* shell.complain("File Not Found");
    return 1;
  }
  if (!options.isBare) {
    if (options.isDeep) yield* shell.print(`\r\n     Total Files Listed:\r\n${fileLine(totals)}`);
    yield* shell.print(`${count(totals.folders)} Dir(s) ${grouped(freeSpace(shell, volume)).padStart(15)} bytes free\r\n`);
  }
  return 0;
}

function* listOne(shell: Shell, folder: string, name: string, options: Options, totals: Totals): GuestGenerator<number> {
  const entries = entriesOf(shell, folder, name)
    .filter(({ attributes, name: own }) => options.isShown(attributes) && !(options.isBare && /^\.\.?$/.test(own)))
    .toSorted(options.order);
  const here: Totals = { files: 0, bytes: 0, folders: 0 };
  if (!options.isBare && (entries.length > 0 || !options.isDeep))
    yield* shell.print(`\r\n Directory of ${folder.length === 2 ? `${folder}\\` : folder}\r\n\r\n`);
  for (const entry of entries) {
    const isInner = (entry.attributes & ATTRIBUTE.DIRECTORY) !== 0;
    if (isInner) here.folders++;
    else {
      here.files++;
      here.bytes += entry.size;
    }
    const plain = options.isBare && options.isDeep ? entry.full : entry.name;
    const shown = options.isLower ? plain.toLowerCase() : plain;
    if (options.isBare) yield* shell.print(`${shown}\r\n`);
    else
      yield* shell.print(`${dateAndTime(entry.written)}    ${isInner ? "<DIR>         " : grouped(entry.size).padStart(14)} ${shown}\r\n`);
  }
  if (!options.isBare && entries.length > 0) yield* shell.print(fileLine(here));
  totals.files += here.files;
  totals.bytes += here.bytes;
  totals.folders += here.folders;
  let found = entries.length;
  if (options.isDeep)
    for (const { full, attributes, name: inner } of entriesOf(shell, folder, "*"))
      if ((attributes & ATTRIBUTE.DIRECTORY) !== 0 && !/^\.\.?$/.test(inner)) found += yield* listOne(shell, full, name, options, totals);
  return found;
}

/** What a folder has; of a name without wildcards that alone, when it is there. */
function entriesOf(shell: Shell, folder: string, name: string): Entry[] {
  const path = `${folder}\\${name}`;
  if (!hasWildcards(name) && attributesOf(shell, path) === undefined) return [];
  const names = system.listFiles(shell.thread, path);
  return names.flatMap((each) => {
    const full = `${folder}\\${each}`;
    try {
      const { attributes, size, written } = system.attributes(shell.thread, full);
      return [{ name: each, full, attributes, size, written }];
    } catch (error) {
      failureCode(error);
      return [];
    }
  });
}

function optionsOf(switches: ReadonlySet<string>): Options {
  const find = (letter: string): string | undefined => [...switches].find((each) => each.startsWith(letter))?.replace(/^[ao]:?/, "");
  const asked = find("a");
  const wanted = [...(asked ?? "-h-s").matchAll(/(-?)([a-z])/g)];
  const order = find("o");
  const keys = [...(order === "" ? "gn" : (order ?? "n")).matchAll(/(-?)([a-z])/g)].map(([, minus, letter]) => {
    const compare = ORDERS[letter!]!;
    return minus === "" ? compare : (a: Entry, b: Entry) => compare(b, a);
  });
  return {
    isBare: switches.has("b"),
    isDeep: switches.has("s"),
    isLower: switches.has("l"),
    isShown: (attributes) => wanted.every(([, minus, letter]) => ((attributes & ATTRIBUTE_BITS[letter!]!) !== 0) === (minus === "")),
    order: (a, b) => keys.reduce((found, compare) => found || compare(a, b), 0),
  };
}

const byText = (a: string, b: string): number => (a.toUpperCase() < b.toUpperCase() ? -1 : a.toUpperCase() > b.toUpperCase() ? 1 : 0);
const extensionOf = (name: string): string => (/^\.\.?$/.test(name) ? "" : (/\.[^.]*$/.exec(name)?.[0] ?? ""));
const ORDERS: Readonly<Record<string, (a: Entry, b: Entry) => number>> = {
  n: (a, b) => byText(a.name, b.name),
  e: (a, b) => byText(extensionOf(a.name), extensionOf(b.name)),
  s: (a, b) => a.size - b.size,
  d: (a, b) => a.written - b.written,
  g: (a, b) => (b.attributes & ATTRIBUTE.DIRECTORY) - (a.attributes & ATTRIBUTE.DIRECTORY),
};

function fileLine({ files, bytes }: Totals): string {
  return `${count(files)} File(s) ${grouped(bytes).padStart(14)} bytes\r\n`;
}

function count(value: number): string {
  return String(value).padStart(16);
}

function freeSpace(shell: Shell, drive: string): number {
  const location = stateOf(shell.thread).fileSystem.locate(`${drive}\\`, shell.paths);
  return location.kind === "file" ? location.files.space(location.path).free : 0;
}

function grouped(value: number): string {
  return String(value).replaceAll(/\B(?=(?:\d{3})+$)/g, ",");
}
