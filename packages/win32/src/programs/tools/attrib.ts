import type { GuestGenerator, Thread } from "@decant/process";
import { system } from "../../crt/system.ts";
import { ATTRIBUTE, attributesOf, isFolder, matches } from "../cmd/files.ts";
import { Tool, toolWords } from "./tool.ts";

const LETTERS = { A: 0x20, S: 4, H: ATTRIBUTE.HIDDEN, R: ATTRIBUTE.READONLY, O: 0x1000, I: 0x2000 } as const;
type Letter = keyof typeof LETTERS;

/** attrib.exe: `attrib [+r|-r …] [path] [/s] [/d] [/l]` ("attrib"): shows attributes, or changes them. */
export function* attrib(thread: Thread): GuestGenerator<number> {
  const tool = new Tool(thread);
  const words = toolWords(tool.tail);
  const changes = words.filter((word) => /^[-+]/.test(word));
  const switches = new Set(words.filter((word) => word.startsWith("/")).map((word) => word.slice(1).toLowerCase()));
  const paths = words.filter((word) => !/^[-+/]/.test(word));
  const wrong = changes.find((word) => !/^[-+][rashoi]$/i.test(word)) ?? [...switches].find((name) => !/^[sdl]$/.test(name));
  if (wrong !== undefined || paths.length > 1) {
    yield* tool.print(`Parameter format not correct -\r\n`);
    return 1;
  }
  const pattern = paths[0] ?? "*";
  const found = targets(tool, pattern, switches);
  if (found.length === 0) yield* tool.print(`File not found - ${pattern}\r\n`);
  for (const path of found) {
    const before = attributesOf(tool, path) ?? 0;
    if (changes.length === 0) {
      yield* tool.print(`${shown(before)}${path}\r\n`);
      continue;
    }
    try {
      system.setAttributes(thread, path, changes.reduce(changed, before) || ATTRIBUTE.NORMAL);
    } catch (error) {
      yield* tool.print(`${tool.message(error)} - ${path}\r\n`);
    }
  }
  return found.length === 0 ? 1 : 0;
}

/** Files, and folders where they are named or /d asks for them; with /s in the folders below too. */
function targets(tool: Tool, pattern: string, switches: ReadonlySet<string>): string[] {
  const isNamed = !/[*?]/.test(pattern);
  const here = matches(tool, pattern).filter((path) => isNamed || switches.has("d") || !isFolder(tool, path));
  if (!switches.has("s")) return here;
  const full = tool.fullPath(pattern);
  const cut = full.lastIndexOf("\\");
  const below = matches(tool, `${full.slice(0, cut)}\\*`).filter((path) => isFolder(tool, path));
  return [...here, ...below.flatMap((folder) => targets(tool, `${folder}\\${full.slice(cut + 1)}`, switches))];
}

function changed(attributes: number, change: string): number {
  const bit = LETTERS[change[1]!.toUpperCase() as Letter];
  return change.startsWith("+") ? attributes | bit : attributes & ~bit;
}

/** "A  SHR" in their columns, and blanks up to the path, as under Wine 8. */
function shown(attributes: number): string {
  const column = (letter: Letter): string => ((attributes & LETTERS[letter]) === 0 ? " " : letter);
  return `${column("A")}  ${column("S")}${column("H")}${column("R")}${column("O")}${column("I")}`.padEnd(13);
}
