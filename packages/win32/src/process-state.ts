import type { Handle } from "@decant/hook";
import { parametersLayout, type Process, type Thread } from "@decant/process";
import { ANSI_CODE_PAGE, codePage, OEM_CODE_PAGE, textCodec } from "./text/code-pages.ts";
import { FileSystem } from "./files/file-system.ts";
import type { IoObject } from "./files/io-object.ts";
import {
  BROKEN_OUTPUT_EXIT_CODE,
  ConsoleInput,
  ConsoleOutput,
  InputStream,
  OutputStream,
  type ConsoleState,
} from "./files/standard-streams.ts";
import type { PathContext } from "./paths/windows-path.ts";
import { sessionEnvironment } from "./system/system-table.ts";
import { upcase } from "./text/upcase.ts";

/** GetStdHandle's numbers, and where the process parameters keep the handles. */
const STANDARD = new Map<number, "StandardInput" | "StandardOutput" | "StandardError">([
  [-10, "StandardInput"],
  [-11, "StandardOutput"],
  [-12, "StandardError"],
]);

/** What the Windows API keeps for a process. */
export class ProcessState {
  readonly process: Process;
  readonly fileSystem: FileSystem;
  readonly console: ConsoleState = { inputCodePage: OEM_CODE_PAGE, outputCodePage: OEM_CODE_PAGE, title: "" };
  /** By names in upper case. */
  readonly environment = new Map<string, { name: string; value: string }>();
  /** SetErrorMode's bits. */
  errorMode = 0;
  /** SetFileApisToOEM was called. */
  fileApisAreOem = false;
  #hasStandardHandles = false;

  constructor(process: Process) {
    this.process = process;
    this.fileSystem = new FileSystem(process.host);
    this.console.title = process.path;
    for (const [name, value] of process.environment) this.environment.set(upcase(name), { name, value });
    if (process.memory.pointerSize === 4) this.#narrowEnvironment();
    process.dllDirectories.path = () => this.environment.get("PATH")?.value ?? "";
  }

  /** What 32-bit programs find in variables that tell where things are ("WOW64 Implementation Details"). */
  #narrowEnvironment(): void {
    const wide = sessionEnvironment(0, 64);
    for (const [name, value] of Object.entries(sessionEnvironment(0, 32))) {
      const before = this.environment.get(upcase(name))?.value;
      if (value !== wide[name] && before === wide[name]) this.environment.set(upcase(name), { name, value });
    }
  }

  static of({ process }: { process: Process }): ProcessState {
    return process.state(ProcessState, () => new ProcessState(process));
  }

  /** Where relative paths of this process start. */
  get paths(): PathContext {
    return { current: this.process.currentDirectory, currentOf: (drive) => this.environment.get(`=${drive}:`)?.value };
  }

  /** One of GetStdHandle's handles; undefined for a number that is none of them. */
  standardHandle(number: number): Handle | undefined {
    const field = STANDARD.get(number);
    if (field === undefined) return undefined;
    this.#openStandardHandles();
    return (this.process.memory.u32(this.process.parameters + parametersLayout(this.process.memory)[field]) | 0) as Handle;
  }

  setStandardHandle(number: number, handle: Handle): boolean {
    const field = STANDARD.get(number);
    if (field === undefined) return false;
    this.#openStandardHandles();
    this.process.memory.setPointer(this.process.parameters + parametersLayout(this.process.memory)[field], handle);
    return true;
  }

  /** A new handle's object for one of the host's streams. */
  openInput(): IoObject {
    const { stdin } = this.process.host;
    return stdin.isTerminal
      ? new ConsoleInput(stdin, () => textCodec(codePage(this.console.inputCodePage) ?? codePage(ANSI_CODE_PAGE)!))
      : new InputStream(stdin);
  }

  openOutput(stream: "stdout" | "stderr"): IoObject {
    const output = this.process.host[stream];
    const onBroken = (): void => this.process.end({ kind: "exit", exitCode: BROKEN_OUTPUT_EXIT_CODE });
    if (!output.isTerminal) return new OutputStream(output, onBroken);
    return new ConsoleOutput(output, onBroken, () => {
      const page = codePage(this.console.outputCodePage) ?? codePage(ANSI_CODE_PAGE)!;
      return { id: page.id, codec: textCodec(page) };
    });
  }

  #openStandardHandles(): void {
    if (this.#hasStandardHandles) return;
    this.#hasStandardHandles = true;
    // A child has what its parent gave it, also where that is nothing.
    if (this.process.options.parent !== undefined) return;
    const { memory, parameters, handles } = this.process;
    const objects = [this.openInput(), this.openOutput("stdout"), this.openOutput("stderr")];
    const layout = parametersLayout(memory);
    [...STANDARD.values()].forEach((field, index) => {
      const offset = layout[field];
      // What the parent gave stays.
      if (memory.u32(parameters + offset) === 0) memory.setPointer(parameters + offset, handles.add(objects[index]!, true));
    });
  }
}

/** Opens the standard handles of a process before it starts, so that it finds them in its parameters too. */
export function prepareProcess(process: Process): void {
  ProcessState.of({ process }).standardHandle(-10);
}

/** The state of the calling thread's process. */
export function stateOf(thread: Thread): ProcessState {
  return ProcessState.of(thread);
}
