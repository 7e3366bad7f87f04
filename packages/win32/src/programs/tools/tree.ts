import type { GuestGenerator, Thread } from "@decant/process";
import { isFolder, lastName, matches } from "../cmd/files.ts";
import { volumeSerial } from "../../files/attributes.ts";
import { volumeLabel } from "../../files/volume-information.ts";
import { Tool, toolWords } from "./tool.ts";

interface Lines {
  readonly branch: string;
  readonly last: string;
  readonly down: string;
}

const DRAWN: Lines = { branch: "├───", last: "└───", down: "│   " };
const ASCII: Lines = { branch: "+---", last: "\\---", down: "|   " };
const EMPTY = "    ";

/** tree.com: `tree [folder] [/f] [/a]` ("tree"). */
export function* tree(thread: Thread): GuestGenerator<number> {
  const tool = new Tool(thread);
  const words = toolWords(tool.tail);
  const switches = words.filter((word) => word.startsWith("/")).map((word) => word.toLowerCase());
  const [path = ".", ...more] = words.filter((word) => !word.startsWith("/"));
  const unknown = switches.find((word) => word !== "/f" && word !== "/a");
  if (unknown !== undefined || more.length > 0) {
    yield* tool.print(unknown === undefined ? `Too many parameters - ${more[0]}\r\n` : `Invalid switch - ${unknown}\r\n`);
    return 1;
  }
  const full = tool.fullPath(path);
  const serial = volumeSerial(full).toString(16).toUpperCase().padStart(8, "0");
  yield* tool.print(
    `Folder PATH listing for volume ${volumeLabel(full.slice(0, 1))}\r\nVolume serial number is ${serial.slice(0, 4)}-${serial.slice(4)}\r\n`,
  );
  yield* tool.print(`${path === "." ? `${full.slice(0, 2)}.` : full.toUpperCase()}\r\n`);
  if (!isFolder(tool, full)) {
    yield* tool.print(`Invalid path - ${full.slice(2).toUpperCase()}\r\nNo subfolders exist \r\n\r\n`);
    return 1;
  }
  const count = yield* show(tool, full, "", switches.includes("/a") ? ASCII : DRAWN, switches.includes("/f"));
  if (count === 0) yield* tool.print("No subfolders exist \r\n\r\n");
  return 0;
}

/** What is in a folder, each line behind `indent`; returns how many folders. */
function* show(tool: Tool, folder: string, indent: string, lines: Lines, withFiles: boolean): GuestGenerator<number> {
  const all = matches(tool, `${folder.replace(/\\$/, "")}\\*`);
  const folders = all.filter((path) => isFolder(tool, path));
  if (withFiles) {
    const here = indent + (folders.length > 0 ? lines.down : EMPTY);
    const files = all.filter((path) => !isFolder(tool, path));
    for (const path of files) yield* tool.print(`${here}${lastName(path)}\r\n`);
    if (files.length > 0) yield* tool.print(`${here}\r\n`);
  }
  for (const [index, path] of folders.entries()) {
    const isLast = index === folders.length - 1;
    yield* tool.print(`${indent}${isLast ? lines.last : lines.branch}${lastName(path)}\r\n`);
    yield* show(tool, path, indent + (isLast ? EMPTY : lines.down), lines, withFiles);
  }
  return folders.length;
}
