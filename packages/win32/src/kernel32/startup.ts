import { encodeText, ERROR, Win32Error, type TextForm } from "@decant/hook";
import { implement, parametersLayout, type Thread } from "@decant/process";
import { stateOf } from "../process-state.ts";
import { expandVariables } from "../text/expand-variables.ts";
import { upcase } from "../text/upcase.ts";
import { startupApi } from "./startup.api.ts";

const STARTF_USESTDHANDLES = 0x100;
/** The longest value that a variable may have, in characters. */
const MAX_VALUE = 32_766;

/** The command line in guest memory, in both forms: the pointers never change. */
class CommandLine {
  readonly ansi: number;
  readonly wide: number;

  constructor(thread: Thread) {
    this.ansi = store(thread, `${thread.process.commandLine}\0`, "ansi");
    this.wide = store(thread, `${thread.process.commandLine}\0`, "wide");
  }
}

const commandLineOf = (thread: Thread): CommandLine => thread.process.state(CommandLine, () => new CommandLine(thread));

export const startup = implement(startupApi, {
  GetCommandLineA: (thread) => commandLineOf(thread).ansi,
  GetCommandLineW: (thread) => commandLineOf(thread).wide,
  GetStartupInfo(thread, startupInfo) {
    const { memory, process } = thread;
    const state = stateOf(thread);
    startupInfo.set({
      cb: memory.pointerSize === 8 ? 104 : 68,
      lpTitle: memory.u32(process.parameters + parametersLayout(memory).WindowTitle + memory.pointerSize),
      lpDesktop: memory.u32(process.parameters + parametersLayout(memory).DesktopInfo + memory.pointerSize),
      dwFlags: STARTF_USESTDHANDLES,
      ...handlesOf(state),
    });
  },
  GetEnvironmentStrings: (thread) => environmentBlock(thread, "ansi"),
  GetEnvironmentStringsA: (thread) => environmentBlock(thread, "ansi"),
  GetEnvironmentStringsW: (thread) => environmentBlock(thread, "wide"),
  FreeEnvironmentStringsA: (thread, block) => freeBlock(thread, block),
  FreeEnvironmentStringsW: (thread, block) => freeBlock(thread, block),
  GetEnvironmentVariable(thread, name, buffer, size) {
    const found = stateOf(thread).environment.get(upcase(name ?? ""));
    if (found === undefined) throw new Win32Error(ERROR.ENVVAR_NOT_FOUND);
    const { written, needed } = buffer.write(found.value, size);
    if (needed > size) return needed;
    if (written === 0) thread.lastError = ERROR.SUCCESS;
    return written;
  },
  SetEnvironmentVariable(thread, name, value) {
    if (name === undefined || name === "" || name.indexOf("=", 1) > 0) throw new Win32Error(ERROR.INVALID_PARAMETER);
    const { environment } = stateOf(thread);
    if (value === undefined) {
      if (!environment.delete(upcase(name))) throw new Win32Error(ERROR.ENVVAR_NOT_FOUND);
      return true;
    }
    if (value.length > MAX_VALUE) throw new Win32Error(ERROR.INVALID_PARAMETER);
    environment.set(upcase(name), { name, value });
    return true;
  },
  ExpandEnvironmentStrings(thread, source, buffer, size) {
    return buffer.write(expandVariables(source ?? "", stateOf(thread).environment), size).needed;
  },
  GetStdHandle(thread, number) {
    const handle = stateOf(thread).standardHandle(number | 0);
    if (handle === undefined) throw new Win32Error(ERROR.INVALID_HANDLE);
    return handle;
  },
  SetStdHandle(thread, number, handle) {
    if (!stateOf(thread).setStandardHandle(number | 0, handle)) throw new Win32Error(ERROR.INVALID_HANDLE);
    return true;
  },
});

function handlesOf(state: ReturnType<typeof stateOf>): object {
  const [hStdInput, hStdOutput, hStdError] = [-10, -11, -12].map((number) => state.standardHandle(number));
  return { hStdInput, hStdOutput, hStdError };
}

/** "NAME=value" strings, sorted as Windows keeps them, in memory that FreeEnvironmentStrings gives back. */
function environmentBlock(thread: Thread, form: TextForm): number {
  const entries = [...stateOf(thread).environment]
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([, { name, value }]) => `${name}=${value}\0`);
  return store(thread, `${entries.join("")}\0`, form);
}

function freeBlock({ process }: Thread, block: number): boolean {
  process.heap.free(block);
  return true;
}

function store(thread: Thread, content: string, form: TextForm): number {
  const bytes = encodeText(thread, content, form);
  const address = thread.process.heap.allocate(bytes.length);
  if (address === 0) throw new Win32Error(ERROR.NOT_ENOUGH_MEMORY);
  thread.memory.write(address, bytes);
  return address;
}
