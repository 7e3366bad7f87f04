import { ERROR, type Handle } from "@decant/hook";
import { exitThread, wait, type GuestGenerator, type Process, type Thread } from "@decant/process";
import { system } from "../../crt/system.ts";
import { makePipe } from "../../files/pipe.ts";
import { fullPath, type PathContext } from "../../paths/windows-path.ts";
import { startProcess } from "../../kernel32/start-process.ts";
import { stateOf } from "../../process-state.ts";
import { ANSI_CODE_PAGE, codePage, textCodec } from "../../text/code-pages.ts";
import { SYSTEM_MESSAGES } from "../../text/system-messages.ts";
import { upcase } from "../../text/upcase.ts";
import type { BatchFrame } from "./batch.ts";
import { failureCode } from "./failure.ts";
import { expandDelayed, expandLoops, expandPercents, type Lookup } from "./expand.ts";
import { pathParts } from "./path-parts.ts";

/** Ends the command processor (`exit`). */
export class ExitShell extends Error {}

/** Variables, folder and switches: what `setlocal` keeps and `endlocal` puts back. */
export interface Locals {
  readonly environment: ReadonlyMap<string, { name: string; value: string }>;
  readonly folder: string;
  readonly isDelayed: boolean;
}

const STARTF_USESTDHANDLES = 0x100;
/** Exit code and ERRORLEVEL of a command that is not there. */
export const NOT_RECOGNISED = 9009;

/** What commands work on: variables, folder, streams, and where in a batch file they are. */
export class Shell {
  readonly thread: Thread;
  /** By names in upper case. */
  environment: Map<string, { name: string; value: string }>;
  folder: string;
  errorLevel = 0;
  /** Handles of input, output and errors, and those of 3 to 9 that a redirection has opened. */
  streams: [input: Handle, output: Handle, error: Handle, ...others: (Handle | undefined)[]];
  echoes: boolean;
  /** Whether !variables! are replaced. */
  isDelayed = false;
  /** What `verify` has been told; nothing comes of it. */
  verifies = false;
  /** Whether this runs a side of a pipe of another one's. */
  isInner = false;
  /** /u: what built-in commands write to files and pipes is UTF-16. */
  writesUnicode = false;
  /** The values of `for`'s variables, by their letters. */
  loopVariables: ReadonlyMap<string, string> = new Map();
  batch: BatchFrame | undefined;
  folders: string[] = [];

  constructor(thread: Thread, from?: Shell) {
    this.thread = thread;
    const state = stateOf(thread);
    this.environment = new Map(from?.environment ?? state.environment);
    this.folder = from?.folder ?? thread.process.currentDirectory;
    this.streams =
      from === undefined ? ([-10, -11, -12].map((number) => state.standardHandle(number)) as Shell["streams"]) : [...from.streams];
    this.echoes = from?.echoes ?? true;
    if (from === undefined) return;
    this.errorLevel = from.errorLevel;
    this.isDelayed = from.isDelayed;
    this.writesUnicode = from.writesUnicode;
    this.loopVariables = from.loopVariables;
    this.batch = from.batch;
  }

  get process(): Process {
    return this.thread.process;
  }

  /** Where relative paths start. */
  get paths(): PathContext {
    return { current: this.folder, currentOf: (drive) => this.environment.get(`=${drive.toUpperCase()}:`)?.value };
  }

  fullPath(path: string): string {
    return fullPath(path, this.paths);
  }

  /** A variable, or one of those that are made up when they are asked for. */
  readonly lookup: Lookup = (name) => {
    const found = this.environment.get(upcase(name));
    if (found !== undefined) return found.value;
    const now = new Date(this.process.host.clock.now());
    switch (name.toUpperCase()) {
      case "CD":
        return this.folder;
      case "ERRORLEVEL":
        return String(this.errorLevel | 0);
      case "RANDOM":
        return String(new DataView(this.process.host.random(2).slice().buffer).getUint16(0) & 0x7fff);
      case "DATE":
        return `${WEEKDAYS[now.getUTCDay()]} ${two(now.getUTCMonth() + 1)}/${two(now.getUTCDate())}/${now.getUTCFullYear()}`;
      case "TIME":
        return `${String(now.getUTCHours()).padStart(2)}:${two(now.getUTCMinutes())}:${two(now.getUTCSeconds())}.${two(Math.floor(now.getUTCMilliseconds() / 10))}`;
      case "CMDEXTVERSION":
        return "2";
      case "CMDCMDLINE":
        return this.process.commandLine;
      default:
        return undefined;
    }
  };

  setVariable(name: string, value: string | undefined): void {
    if (value === undefined) this.environment.delete(upcase(name));
    else this.environment.set(upcase(name), { name: this.environment.get(upcase(name))?.name ?? name, value });
  }

  /** Changes the folder, and remembers it for its drive. */
  setFolder(full: string): void {
    this.folder = full.length > 3 ? full.replace(/\\$/, "") : full;
    this.setVariable(`=${this.folder.slice(0, 2).toUpperCase()}`, this.folder);
  }

  /** Replaces the variables of `for`, then !variables!, in text that has been parsed. */
  expand(text: string): string {
    const looped = this.expandLoops(text);
    const expanded = this.isDelayed ? expandDelayed(looped, this.lookup) : looped;
    return this.isInner ? expandPercents(expanded, this.lookup) : expanded;
  }

  /** Replaces the variables of `for` alone. */
  expandLoops(text: string): string {
    return this.loopVariables.size === 0
      ? text
      : expandLoops(text, this.loopVariables, (modifiers, value) => this.modifyPath(modifiers, value));
  }

  /** What `%~dpnx1` makes of a word. */
  modifyPath(modifiers: string, word: string): string {
    return pathParts(this, modifiers, word);
  }

  /** Writes text in the console's code page. */
  *print(text: string, stream: 1 | 2 = 1): GuestGenerator<void> {
    const handle = this.streams[stream];
    const isDevice = system.fileType(this.thread, handle) === FILE_TYPE_CHAR;
    const codec = textCodec(codePage(stateOf(this.thread).console.outputCodePage) ?? codePage(ANSI_CODE_PAGE)!);
    yield* this.write(handle, this.writesUnicode && !isDevice ? utf16(text) : Uint8Array.from(codec.encode(text)));
  }

  *write(handle: Handle, bytes: Uint8Array): GuestGenerator<void> {
    for (let at = 0; at < bytes.length;) at += yield* system.write(this.thread, handle, bytes.subarray(at));
  }

  /** Writes a line about a failure. */
  *complain(text: string): GuestGenerator<void> {
    yield* this.print(`${text}\r\n`, 2);
  }

  /** What Windows says of an error. */
  message(error: unknown): string {
    const code = failureCode(error);
    return SYSTEM_MESSAGES.get(code) ?? `The system cannot do that (error ${code}).`;
  }

  /** Reads a line from a stream, byte by byte: what follows is the next reader's. Undefined at the end. */
  *readLine(handle: Handle): GuestGenerator<string | undefined> {
    const bytes: number[] = [];
    for (;;) {
      const next = yield* this.#readByte(handle);
      if (next === undefined) break;
      bytes.push(next);
      if (next === 0x0a) break;
    }
    if (bytes.length === 0) return undefined;
    const codec = textCodec(codePage(stateOf(this.thread).console.inputCodePage) ?? codePage(ANSI_CODE_PAGE)!);
    return codec.decode(Uint8Array.from(bytes)).replace(/\r?\n$/, "");
  }

  *#readByte(handle: Handle): GuestGenerator<number | undefined> {
    try {
      return (yield* system.read(this.thread, handle, 1))[0];
    } catch (error) {
      if (failureCode(error) === ERROR.BROKEN_PIPE) return undefined;
      throw error;
    }
  }

  /** Starts a program with the shell's streams, variables and folder. Throws Win32Error. */
  start(
    application: string | undefined,
    commandLine: string,
    { flags = 0, folder = this.folder, hostProgram }: { flags?: number; folder?: string; hostProgram?: string | undefined } = {},
  ): Process {
    const { handles } = this.process;
    const [input, output, error] = this.streams;
    const given = [...new Set([input, output, error])].filter((handle) => handles.find(handle) !== undefined);
    for (const handle of given) handles.flags(handle).inheritable = true;
    return startProcess(this.thread, {
      application,
      hostProgram,
      commandLine,
      inheritHandles: true,
      handleList: given,
      flags,
      environment: [...this.environment.values()].map(({ name, value }) => [name, value]),
      currentDirectory: folder,
      startup: {
        standardHandles: [input, output, error],
        flags: STARTF_USESTDHANDLES,
        window: [],
        showWindow: 0,
        runtimeData: new Uint8Array(0),
      },
    });
  }

  *wait(child: Process): GuestGenerator<number> {
    yield* wait(this.thread, [child.object]);
    return child.object.exitCode;
  }

  /** A command processor that runs a part of this one's line, as a side of a pipe: of the batch file it knows nothing. */
  inner(thread: Thread): Shell {
    const shell = new Shell(thread, this);
    shell.batch = undefined;
    return shell;
  }

  /** Runs two parts at once, the output of one the input of the other; returns the second one's result. */
  *pipe(left: (shell: Shell) => GuestGenerator<number>, right: (shell: Shell) => GuestGenerator<number>): GuestGenerator<number> {
    const { handles } = this.process;
    const { reader, writer } = makePipe(this.thread.kernel, PIPE_BYTES);
    const [input, output] = [handles.add(reader), handles.add(writer)];
    const side = function* (shell: Shell, run: typeof left, own: Handle): GuestGenerator<number> {
      try {
        return yield* run(shell);
      } catch (error) {
        // `exit` in a part ends that part; a reader that has gone ends the writer.
        if (error instanceof ExitShell) return shell.errorLevel;
        failureCode(error);
        return 1;
      } finally {
        handles.close(own);
      }
    };
    const first = this.process.createHostThread((thread) => leftSide(thread, this));
    function* leftSide(thread: Thread, from: Shell): GuestGenerator<never> {
      const shell = from.inner(thread);
      shell.streams[1] = output;
      return yield* exitThread(thread, yield* side(shell, left, output));
    }
    const second = this.inner(this.thread);
    second.streams[0] = input;
    const result = yield* side(second, right, input);
    yield* wait(this.thread, [first.object]);
    return result;
  }

  locals(): Locals {
    return { environment: new Map(this.environment), folder: this.folder, isDelayed: this.isDelayed };
  }

  restore({ environment, folder, isDelayed }: Locals): void {
    this.environment = new Map(environment);
    this.folder = folder;
    this.isDelayed = isDelayed;
  }
}

const FILE_TYPE_CHAR = 2;
const PIPE_BYTES = 0x1_0000;
const WEEKDAYS = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"] as const;

function two(value: number): string {
  return String(value).padStart(2, "0");
}

function utf16(text: string): Uint8Array {
  const words = Uint16Array.from({ length: text.length }, (_, index) => text.charCodeAt(index));
  return new Uint8Array(words.buffer);
}
