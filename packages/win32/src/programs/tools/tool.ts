import type { GuestGenerator, Thread } from "@decant/process";
import { isFolder, matches, readWhole } from "../cmd/files.ts";
import { system } from "../../crt/system.ts";
import { failureCode } from "../cmd/failure.ts";
import { Shell } from "../cmd/shell.ts";

const CHUNK = 1 << 16;
const BROKEN_PIPE = 109;

/** What the tools of cmd.exe work with: streams, folder and messages are as the command processor's, text is bytes, a character each. */
export class Tool extends Shell {
  /** The command line behind the program's name. */
  readonly tail: string;

  constructor(thread: Thread) {
    super(thread);
    this.tail = thread.process.commandLine.trimStart().replace(/^(?:"[^"]*"?|\S+)\s*/, "");
  }

  /** Writes bytes as they are. */
  *put(text: string): GuestGenerator<void> {
    yield* this.write(
      this.streams[1],
      Uint8Array.from(text, (character) => character.charCodeAt(0)),
    );
  }

  /** The lines of standard input. */
  *inputLines(): GuestGenerator<string[]> {
    let text = "";
    for (;;) {
      const chunk = yield* this.#readInput();
      if (chunk.length === 0) return linesOf(text);
      text += latin1(chunk);
    }
  }

  /** The lines of a file. Throws Win32Error. */
  *fileLines(path: string): GuestGenerator<string[]> {
    return linesOf(latin1(yield* readWhole(this, path)));
  }

  /** The files that a path with or without wildcards names, in the folders below, too, when that is asked for. */
  files(pattern: string, isRecursive = false): string[] {
    const found = matches(this, pattern).filter((path) => !isFolder(this, path));
    if (!isRecursive) return found;
    const full = this.fullPath(pattern);
    const cut = full.lastIndexOf("\\") + 1;
    const folders = matches(this, `${full.slice(0, cut)}*`).filter((path) => isFolder(this, path));
    return [...found, ...folders.flatMap((folder) => this.files(`${folder}\\${full.slice(cut)}`, true))];
  }

  *#readInput(): GuestGenerator<Uint8Array> {
    try {
      return yield* system.read(this.thread, this.streams[0], CHUNK);
    } catch (error) {
      if (failureCode(error) === BROKEN_PIPE) return new Uint8Array(0);
      throw error;
    }
  }
}

/** Words of a command line, without their quotation marks; in them \" is one. */
export function toolWords(tail: string): string[] {
  return [...tail.matchAll(/(?:\\.|"(?:\\.|[^"\\])*"?|[^\s"\\]|\\)+/g)].map(([word]) =>
    word.replaceAll(/\\(")|"/g, (_, escaped?: string) => escaped ?? ""),
  );
}

function linesOf(text: string): string[] {
  if (text === "") return [];
  const lines = text.split(/\r?\n/);
  if (lines.at(-1) === "") lines.pop();
  return lines;
}

function latin1(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes) text += String.fromCharCode(byte);
  return text;
}
