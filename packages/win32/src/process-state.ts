import type { Redirection } from "@decant/host";
import type { Handle } from "@decant/hook";
import { parametersLayout, type Process, type Thread } from "@decant/process";
import { consoleDevice, type ConsoleDevice } from "./console/console-device.ts";
import { ConsoleInput, ConsoleOutput } from "./console/console-handles.ts";
import type { ScreenBuffer } from "./console/screen-buffer.ts";
import { ANSI_CODE_PAGE, codePage, textCodec } from "./text/code-pages.ts";
import { FileSystem } from "./files/file-system.ts";
import type { IoObject } from "./files/io-object.ts";
import { redirectedStream } from "./files/redirected-stream.ts";
import { BROKEN_OUTPUT_EXIT_CODE, InputStream, OutputStream } from "./files/standard-streams.ts";
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
  readonly console: ConsoleDevice;
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
    const { kernel } = process;
    this.console = consoleDevice(kernel, () => process.end({ kind: "exit", exitCode: BROKEN_OUTPUT_EXIT_CODE }));
    if (this.console.title === "") this.console.setTitle(process.path, false);
    // The last process gives the terminal back.
    process.onEnd(() => kernel.processes.size <= 1 && this.console.restore());
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
    const { host, kernel } = this.process;
    const { stdin } = host;
    const { redirection } = stdin;
    if (redirection !== undefined) return redirectedStream(kernel, host, redirection, "input");
    if (!stdin.isTerminal) return new InputStream(stdin);
    return new ConsoleInput(this.console, () => textCodec(codePage(this.console.inputCodePage) ?? codePage(ANSI_CODE_PAGE)!));
  }

  openOutput(stream: "stdout" | "stderr"): IoObject {
    const { host, kernel } = this.process;
    const output = host[stream];
    if (output.isTerminal) return this.openScreen(this.console.active);
    const { redirection } = output;
    if (redirection !== undefined) return redirectedStream(kernel, host, redirection, "output");
    return new OutputStream(output, stream, () => this.process.end({ kind: "exit", exitCode: BROKEN_OUTPUT_EXIT_CODE }));
  }

  /** A new handle's object for a screen buffer. */
  openScreen(buffer: ScreenBuffer, onClose?: () => void): ConsoleOutput {
    const page = (): { id: number; codec: ReturnType<typeof textCodec> } => {
      const found = codePage(this.console.outputCodePage) ?? codePage(ANSI_CODE_PAGE)!;
      return { id: found.id, codec: textCodec(found) };
    };
    return new ConsoleOutput(buffer, page, onClose);
  }

  #openStandardHandles(): void {
    if (this.#hasStandardHandles) return;
    this.#hasStandardHandles = true;
    // A child has what its parent gave it, also where that is nothing.
    if (this.process.options.parent !== undefined) return;
    const { memory, parameters, handles } = this.process;
    const { stdout, stderr } = this.process.host;
    const output = this.openOutput("stdout");
    // `> file 2>&1` is one file with one place in it.
    const error = isSameFile(stdout.redirection, stderr.redirection) ? output : this.openOutput("stderr");
    const objects = [this.openInput(), output, error];
    const layout = parametersLayout(memory);
    [...STANDARD.values()].forEach((field, index) => {
      const offset = layout[field];
      // What the parent gave stays.
      if (memory.u32(parameters + offset) === 0) memory.setPointer(parameters + offset, handles.add(objects[index]!, true));
    });
  }
}

function isSameFile(one: Redirection | undefined, other: Redirection | undefined): boolean {
  if (one === undefined || other === undefined) return false;
  const [first, second] = [one.file.stat(), other.file.stat()];
  return first.inode === second.inode && first.device === second.device;
}

/** The state of the calling thread's process. */
export function stateOf(thread: Thread): ProcessState {
  return ProcessState.of(thread);
}
