import type { GuestGenerator } from "@decant/process";
import { ANSI_CODE_PAGE, codePage, textCodec } from "../../text/code-pages.ts";
import { stateOf } from "../../process-state.ts";
import type { BatchArguments } from "./expand.ts";
import { readWhole } from "./files.ts";
import type { Locals, Shell } from "./shell.ts";

/** Ctrl-Z: text ends there. */
const END_OF_TEXT = "\u001a";

/** Goes on at a label (`goto`). */
export class GoTo extends Error {
  readonly label: string;

  constructor(label: string) {
    super(`goto ${label}`);
    this.label = label;
  }
}

/** Ends the batch file, or the part of it that was called (`exit /b`, `goto :eof`). */
export class LeaveBatch extends Error {}

/** A batch file that runs, or a part of it that `call` runs. */
export class BatchFrame implements BatchArguments {
  readonly path: string;
  readonly lines: readonly string[];
  words: string[];
  all: string;
  /** The next line. */
  position = 0;
  /** Whether %0 is another word than what the file was called by. */
  isShifted = false;
  /** `setlocal`s that are open. */
  readonly locals: Locals[] = [];
  readonly #shell: Shell;

  constructor(shell: Shell, { path, lines, words, all }: { path: string; lines: readonly string[]; words: string[]; all: string }) {
    this.#shell = shell;
    this.path = path;
    this.lines = lines;
    this.words = words;
    this.all = all;
  }

  /** Of %0 the path is the batch file's, whatever it was called, until `shift` has moved it. */
  modify(modifiers: string, index: number): string {
    const isOwn = index === 0 && !this.isShifted && modifiers !== "";
    return this.#shell.modifyPath(modifiers, isOwn ? this.path : (this.words[index] ?? ""));
  }

  /** `shift`: the arguments from `first` on move one place down. */
  shift(first: number): void {
    this.words.splice(first, 1);
    if (first === 0) this.isShifted = true;
  }

  /** Ends the file, as a `goto` to nowhere does: what `setlocal` kept comes back, and the line that runs is its last. */
  abandon(): void {
    this.position = this.lines.length;
    this.endLocals();
  }

  /** Puts back what the first `setlocal` kept. */
  endLocals(): void {
    const [first] = this.locals.splice(0);
    if (first !== undefined) this.#shell.restore(first);
  }

  /** .cmd files set ERRORLEVEL to 0 by some commands that leave it in .bat files. */
  get isCmd(): boolean {
    return /\.cmd$/i.test(this.path);
  }

  has(label: string): boolean {
    return this.lines.some((line) => labelOf(line)?.toLowerCase() === label.toLowerCase());
  }

  /** Goes to the line after a label; the search begins here, and comes round. Returns whether there is one. */
  goTo(label: string): boolean {
    const wanted = label.toLowerCase();
    const count = this.lines.length;
    for (let step = 0; step < count; step++) {
      const index = (this.position + step) % count;
      if (labelOf(this.lines[index]!)?.toLowerCase() !== wanted) continue;
      this.position = index + 1;
      return true;
    }
    return false;
  }
}

/** The label that a line is; undefined for other lines. */
export function labelOf(line: string): string | undefined {
  return /^[\s,;=]*:[\s,;=]*([^\s:+,;=&|<>()]*)/.exec(line)?.[1];
}

/** Reads a batch file's lines. Throws Win32Error. */
export function* readBatch(shell: Shell, path: string): GuestGenerator<string[]> {
  const codec = textCodec(codePage(stateOf(shell.thread).console.outputCodePage) ?? codePage(ANSI_CODE_PAGE)!);
  const bytes = yield* readWhole(shell, path);
  return codec.decode(bytes).split(END_OF_TEXT, 1)[0]!.split(/\r?\n/);
}
