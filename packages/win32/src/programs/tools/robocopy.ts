import type { GuestGenerator, Thread } from "@decant/process";
import { system } from "../../crt/system.ts";
import { wildcard } from "../../paths/wildcard.ts";
import { ATTRIBUTE, attributesOf, isFolder, lastName, matches } from "../cmd/files.ts";
import { copyFile, makeFolders } from "../cmd/file-commands.ts";
import { failureCode } from "../cmd/failure.ts";
import { Tool, toolWords } from "./tool.ts";

/** Bits of the exit code ("robocopy": "Exit (return) codes"). */
const RESULT = { COPIED: 1, EXTRA: 2, MISMATCHED: 4, FAILED: 8, FATAL: 16 } as const;
const PLAIN = new Set("s,e,mir,purge,mov,move,l,xo,xn,xc,xx,xl,is,it,nfl,ndl,njh,njs,fft".split(","));
/** About how files are read, tried again and reported: nothing comes of them. */
const WITHOUT_EFFECT =
  /^(?:z|b|zb|j|np|nc|ns|fp|ts|bytes|v|eta|unicode|nooffload|compress|sj|sl|256|(?:r|w|mt|reg|tbd|ipg)(?::\d+)?|mt|(?:d?copy):[datsoux]*)$/;
const RULE = "-".repeat(78);
/** Times of FAT are told to two seconds. */
const FAT_SECONDS = 2;

interface Count {
  total: number;
  copied: number;
  skipped: number;
  mismatch: number;
  failed: number;
  extras: number;
}

const noCount = (): Count => ({ total: 0, copied: 0, skipped: 0, mismatch: 0, failed: 0, extras: 0 });

/**
 * robocopy.exe: `robocopy source destination [file…] [/s] [/e] [/mir] [/purge] [/mov] [/move] [/l] [/lev:n] [/xf file…] [/xd folder…] [/xo] [/xn] [/xc] [/is]
 * [/fft] …` ("robocopy"). Its report has the form of Windows' without times.
 */
export function* robocopy(thread: Thread): GuestGenerator<number> {
  const tool = new Tool(thread);
  const run = new Run(tool);
  const complaint = run.parse(toolWords(tool.tail.replaceAll(/\\(?=")/g, "\\\\")));
  if (complaint !== undefined) {
    yield* tool.print(`\r\nERROR : ${complaint}\r\n`);
    return RESULT.FATAL;
  }
  return yield* run.all();
}

class Run {
  readonly #tool: Tool;
  readonly #switches = new Set<string>();
  readonly #patterns: string[] = [];
  readonly #excludedFiles: string[] = [];
  readonly #excludedFolders: string[] = [];
  #levels = Number.POSITIVE_INFINITY;
  #source = "";
  #target = "";
  #result = 0;
  readonly #dirs = noCount();
  readonly #files = noCount();
  readonly #bytes = noCount();

  constructor(tool: Tool) {
    this.#tool = tool;
  }

  /** Takes the command line; returns what is wrong with it. */
  parse(words: readonly string[]): string | undefined {
    let list: string[] | undefined;
    const paths: string[] = [];
    for (const word of words) {
      const name = word.slice(1).toLowerCase();
      if (!word.startsWith("/")) (list ?? paths).push(word);
      else if (name === "xf") list = this.#excludedFiles;
      else if (name === "xd") list = this.#excludedFolders;
      else {
        list = undefined;
        if (/^lev:\d+$/.test(name)) this.#levels = Number(name.slice(4)) || this.#levels;
        else if (PLAIN.has(name)) this.#switches.add(name);
        else if (!WITHOUT_EFFECT.test(name)) return `Invalid Parameter #${words.indexOf(word) + 1} : "${word}"`;
      }
    }
    const [source, target, ...patterns] = paths;
    if (source === undefined || target === undefined) return `No ${source === undefined ? "Source" : "Destination"} Directory Specified.`;
    this.#patterns.push(...(patterns.length === 0 ? ["*.*"] : patterns));
    [this.#source, this.#target] = [source, target].map((path) => this.#tool.fullPath(path).replace(/(?<!:)\\$/, "")) as [string, string];
    if (this.#switches.has("mir")) for (const name of ["e", "purge"]) this.#switches.add(name);
    if (this.#switches.has("move")) for (const name of ["mov"]) this.#switches.add(name);
    return undefined;
  }

  *all(): GuestGenerator<number> {
    const tool = this.#tool;
    if (!this.#switches.has("njh"))
      yield* tool.print(`\r\n${RULE}\r\n   ROBOCOPY     ::     Robust File Copy for Windows\r\n${RULE}\r\n\r\n   Source : ${this.#source}\\\r\n     Dest : ${this.#target}\\\r\n\r\n    Files : ${this.#patterns.join("\r\n            ")}\r\n\r\n${RULE}\r\n\r\n`); // prettier-ignore
    if (!isFolder(tool, this.#source)) {
      yield* tool.print(
        `ERROR 2 (0x00000002) Accessing Source Directory ${this.#source}\\\r\nThe system cannot find the file specified.\r\n`,
      );
      return RESULT.FATAL;
    }
    yield* this.#folder(this.#source, this.#target, 1);
    if (!this.#switches.has("njs")) yield* this.#summary();
    return this.#result;
  }

  *#folder(from: string, to: string, level: number): GuestGenerator<void> {
    const tool = this.#tool;
    const isNew = !isFolder(tool, to);
    const files = matches(tool, `${from}\\*`).filter((path) => !isFolder(tool, path) && this.#isWanted(path));
    this.#dirs.total++;
    this.#dirs[isNew ? "copied" : "skipped"]++;
    if (!this.#switches.has("ndl"))
      yield* tool.print(`\t${(isNew ? "  New Dir  " : "").padStart(11)}        ${String(files.length).padStart(4)}\t${from}\\\r\n`);
    if (isNew && !this.#switches.has("l")) makeFolders(tool, to);
    if (isNew && level > 1) this.#result |= RESULT.COPIED;
    yield* this.#extras(from, to);
    for (const path of files) yield* this.#file(path, `${to}\\${lastName(path)}`);
    const goesDeep = (this.#switches.has("s") || this.#switches.has("e") || this.#switches.has("move")) && level < this.#levels;
    for (const path of goesDeep ? matches(tool, `${from}\\*`).filter((each) => isFolder(tool, each)) : []) {
      if (isNamed(path, this.#excludedFolders) || path.toLowerCase() === this.#target.toLowerCase()) continue;
      // /s leaves out folders with nothing in them.
      if (!this.#switches.has("e") && !this.#switches.has("move") && !this.#holdsAny(path)) continue;
      yield* this.#folder(path, `${to}\\${lastName(path)}`, level + 1);
    }
    if (this.#switches.has("move") && !this.#switches.has("l") && matches(tool, `${from}\\*`).length === 0)
      system.removeFolder(tool.thread, from);
  }

  #isWanted(path: string): boolean {
    return this.#patterns.some((pattern) => wildcard(pattern)(lastName(path))) && !isNamed(path, this.#excludedFiles);
  }

  #holdsAny(folder: string): boolean {
    return matches(this.#tool, `${folder}\\*`).some((path) => (isFolder(this.#tool, path) ? this.#holdsAny(path) : this.#isWanted(path)));
  }

  /** What only the destination has: reported, and removed with /purge. */
  *#extras(from: string, to: string): GuestGenerator<void> {
    const tool = this.#tool;
    if (!isFolder(tool, to)) return;
    for (const path of matches(tool, `${to}\\*`)) {
      const isInner = isFolder(tool, path);
      if (
        attributesOf(tool, `${from}\\${lastName(path)}`) !== undefined ||
        isNamed(path, isInner ? this.#excludedFolders : this.#excludedFiles)
      )
        continue;
      if (!isInner && !this.#patterns.some((pattern) => wildcard(pattern)(lastName(path)))) continue;
      this.#result |= RESULT.EXTRA;
      (isInner ? this.#dirs : this.#files).extras++;
      if (!isInner) this.#bytes.extras += system.attributes(tool.thread, path).size;
      if (!this.#switches.has("xx") && !this.#switches.has(isInner ? "ndl" : "nfl"))
        yield* tool.print(isInner ? `\t*EXTRA Dir        -1\t${path}\\\r\n` : `\t  *EXTRA File \t\t${String(system.attributes(tool.thread, path).size).padStart(8)}\t${lastName(path)}\r\n`); // prettier-ignore
      if (this.#switches.has("purge") && !this.#switches.has("l")) this.#remove(path);
    }
  }

  #remove(path: string): void {
    const tool = this.#tool;
    if (!isFolder(tool, path)) {
      system.setAttributes(tool.thread, path, ATTRIBUTE.NORMAL);
      system.deleteFile(tool.thread, path);
      return;
    }
    for (const inner of matches(tool, `${path}\\*`)) this.#remove(inner);
    system.removeFolder(tool.thread, path);
  }

  *#file(from: string, to: string): GuestGenerator<void> {
    const tool = this.#tool;
    const { size } = system.attributes(tool.thread, from);
    this.#files.total++;
    this.#bytes.total += size;
    if (isFolder(tool, to)) {
      this.#result |= RESULT.MISMATCHED;
      this.#files.mismatch++;
      this.#bytes.mismatch += size;
      return;
    }
    const kind = this.#kindOf(from, to);
    if (kind === undefined) {
      this.#files.skipped++;
      this.#bytes.skipped += size;
      return;
    }
    if (!this.#switches.has("nfl")) yield* tool.print(`\t${kind.padStart(13)} \t\t${String(size).padStart(8)}\t${lastName(from)}\r\n`);
    try {
      if (!this.#switches.has("l")) {
        const attributes = attributesOf(tool, from) ?? ATTRIBUTE.NORMAL;
        if (attributesOf(tool, to) !== undefined) system.setAttributes(tool.thread, to, ATTRIBUTE.NORMAL);
        yield* copyFile(tool, from, to, false);
        system.setAttributes(tool.thread, to, attributes);
        if (this.#switches.has("mov")) this.#remove(from);
      }
      this.#result |= RESULT.COPIED;
      this.#files.copied++;
      this.#bytes.copied += size;
    } catch (error) {
      const code = failureCode(error);
      this.#result |= RESULT.FAILED;
      this.#files.failed++;
      this.#bytes.failed += size;
      yield* tool.print(
        `ERROR ${code} (0x${code.toString(16).toUpperCase().padStart(8, "0")}) Copying File ${from}\r\n${tool.message(error)}\r\n`,
      );
    }
  }

  /** What a file is to the one of its name at the destination; undefined for one that is passed over. */
  #kindOf(from: string, to: string): string | undefined {
    const tool = this.#tool;
    if (attributesOf(tool, to) === undefined) return this.#switches.has("xl") ? undefined : "New File ";
    const [source, target] = [from, to].map((path) => system.attributes(tool.thread, path)) as [Facts, Facts];
    const later = source.written - target.written;
    if (Math.abs(later) < (this.#switches.has("fft") ? FAT_SECONDS : 1)) {
      if (source.size !== target.size) return this.#switches.has("xc") ? undefined : "Changed  ";
      return this.#switches.has("is") ? "Same     " : undefined;
    }
    if (later > 0) return this.#switches.has("xn") ? undefined : "Newer    ";
    return this.#switches.has("xo") ? undefined : "Older    ";
  }

  *#summary(): GuestGenerator<void> {
    const row = (name: string, { total, copied, skipped, mismatch, failed, extras }: Count): string =>
      `${name.padStart(8)} :${[total, copied, skipped, mismatch, failed, extras].map((value) => String(value).padStart(10)).join("")}\r\n`;
    yield* this.#tool.print(`\r\n${RULE}\r\n\r\n               Total    Copied   Skipped  Mismatch    FAILED    Extras\r\n${row("Dirs", this.#dirs)}${row("Files", this.#files)}${row("Bytes", this.#bytes)}\r\n`); // prettier-ignore
  }
}

type Facts = ReturnType<typeof system.attributes>;

/** Whether a path is one of those named, by its last name with wildcards, or whole. */
function isNamed(path: string, names: readonly string[]): boolean {
  return names.some((name) => (name.includes("\\") ? path.toLowerCase().endsWith(name.toLowerCase()) : wildcard(name)(lastName(path))));
}
