import type { GuestGenerator, Thread } from "@decant/process";
import { system } from "../../crt/system.ts";
import { hasWildcards } from "../../paths/wildcard.ts";
import { ATTRIBUTE, attributesOf, isFolder, lastName, matches } from "../cmd/files.ts";
import { copyFile, makeFolders } from "../cmd/file-commands.ts";
import { Tool, toolWords } from "./tool.ts";

/** xcopy's exit codes: done; nothing found, a bad command line or a failure of the disk, as under Wine 8. */
const CODE = { DONE: 0, FAILED: 4 } as const;
const KNOWN = new Set("b,c,d,e,f,g,h,i,j,k,l,o,p,q,r,s,t,u,v,w,x,y,-y,z".split(","));
/** Switches that choose other files, or other names for them, and are not there: to go on without would copy something else than was asked for. */
const MISSING = /^\/(?:[amn]|exclude:.*|d:.*)$/i;

/** xcopy.exe: `xcopy source [destination] [/d] [/e] [/h] [/i] [/l] [/q] [/r] [/s] [/t] [/u] [/y] …` ("xcopy"). Nobody is asked: a target that is not there is a folder with /i, or where many are copied. */
export function* xcopy(thread: Thread): GuestGenerator<number> {
  const tool = new Tool(thread);
  const words = toolWords(tool.tail.replaceAll(/(?<=[^\s/"])\/(?=-?[a-z])/gi, " /"));
  const switches = new Set(words.filter((word) => word.startsWith("/")).map((word) => word.slice(1).toLowerCase().split(":")[0]!));
  const paths = words.filter((word) => !word.startsWith("/"));
  const missing = words.find((word) => MISSING.test(word));
  if (missing !== undefined) {
    yield* tool.complain(`${missing} is not there in this xcopy`);
    return CODE.FAILED;
  }
  const unknown = [...switches].find((name) => !KNOWN.has(name));
  const [source, target = "."] = paths;
  if (unknown !== undefined || source === undefined || paths.length > 2) {
    yield* tool.complain(unknown === undefined ? "Invalid number of parameters" : `Invalid switch - /${unknown}`);
    return CODE.FAILED;
  }
  const whole = isFolder(tool, source) ? `${source.replace(/\\$/, "")}\\*` : source;
  const full = tool.fullPath(whole);
  const cut = full.lastIndexOf("\\");
  const isMany = isFolder(tool, source) || hasWildcards(source);
  const intoFolder = isMany || switches.has("i") || /[\\/]$/.test(target) || isFolder(tool, target);
  const base = tool.fullPath(target).replace(/(?<!:)\\$/, "");
  const run = new Run(tool, switches, full.slice(cut + 1));
  if (intoFolder) yield* run.folder(full.slice(0, cut), base, source);
  else yield* run.file(full, base, source);
  if (!run.found) yield* tool.complain(`File not found - ${lastName(source)}`);
  yield* tool.print(`${run.count} File(s)${switches.has("l") ? "" : " copied"}\r\n`);
  return run.hasFailed || !run.found ? CODE.FAILED : CODE.DONE;
}

class Run {
  count = 0;
  found = false;
  hasFailed = false;
  readonly #tool: Tool;
  readonly #switches: ReadonlySet<string>;
  readonly #pattern: string;

  constructor(tool: Tool, switches: ReadonlySet<string>, pattern: string) {
    this.#tool = tool;
    this.#switches = switches;
    this.#pattern = pattern;
  }

  /** Copies what matches in a folder, and with /s or /e in those below. `shown` is how the source is called. */
  *folder(from: string, to: string, shown: string): GuestGenerator<void> {
    const tool = this.#tool;
    const prefix = isFolder(tool, shown) ? shown.replace(/\\$/, "") : shown.includes("\\") ? shown.slice(0, shown.lastIndexOf("\\")) : "";
    yield* this.#below(from, to, prefix);
  }

  *#below(from: string, to: string, shown: string): GuestGenerator<void> {
    const tool = this.#tool;
    const isDeep = this.#switches.has("s") || this.#switches.has("e");
    const label = (path: string): string => (shown === "" ? lastName(path) : `${shown}\\${lastName(path)}`);
    if (this.#switches.has("t")) this.#make(to);
    else
      for (const path of matches(tool, `${from}\\${this.#pattern}`))
        if (!isFolder(tool, path)) yield* this.file(path, `${to}\\${lastName(path)}`, label(path));
    if (!isDeep) return;
    for (const path of matches(tool, `${from}\\*`)) {
      if (!isFolder(tool, path) || path.toLowerCase() === to.toLowerCase()) continue;
      if (this.#switches.has("e") && !this.#switches.has("l")) {
        this.found = true;
        this.#make(`${to}\\${lastName(path)}`);
      }
      yield* this.#below(path, `${to}\\${lastName(path)}`, label(path));
    }
  }

  *file(from: string, to: string, shown: string): GuestGenerator<void> {
    const tool = this.#tool;
    const attributes = attributesOf(tool, from);
    if (attributes === undefined) return;
    if ((attributes & ATTRIBUTE.HIDDEN) !== 0 && !this.#switches.has("h")) return;
    this.found = true;
    const there = attributesOf(tool, to);
    if (this.#switches.has("u") && there === undefined) return;
    if (this.#switches.has("d") && there !== undefined && !isNewer(tool, from, to)) return;
    try {
      if (!this.#switches.has("l")) {
        this.#make(to.slice(0, to.lastIndexOf("\\")));
        if (there !== undefined && (there & ATTRIBUTE.READONLY) !== 0 && this.#switches.has("r"))
          system.setAttributes(tool.thread, to, ATTRIBUTE.NORMAL);
        yield* copyFile(tool, from, to, false);
        if (this.#switches.has("k")) system.setAttributes(tool.thread, to, attributes);
      }
      this.count++;
      if (!this.#switches.has("q")) yield* tool.print(this.#switches.has("f") ? `${from} -> ${to}\r\n` : `${shown}\r\n`);
    } catch (error) {
      this.hasFailed = true;
      yield* tool.complain(`${shown}\r\n${tool.message(error)}`);
    }
  }

  #make(folder: string): void {
    if (folder.length > 2 && attributesOf(this.#tool, folder) === undefined) makeFolders(this.#tool, folder);
  }
}

/** Whether a file was changed after another; times are told to two seconds, as disks of old have them. */
function isNewer(tool: Tool, from: string, to: string): boolean {
  const [source, target] = [from, to].map((path) => system.attributes(tool.thread, path).written);
  return source! > target! + 2;
}
