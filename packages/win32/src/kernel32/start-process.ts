import { ERROR, Win32Error, type Handle } from "@decant/hook";
import { PeError, readImage } from "@decant/pe";
import { LoadError, type Process, type ProcessOptions, type StartupDetails, type Thread } from "@decant/process";
import { NullDevice } from "../files/standard-streams.ts";
import { fullPath } from "../paths/windows-path.ts";
import { builtInProgram } from "../programs/built-in.ts";
import { hostProgram, hostProgramAt } from "../programs/host/host-program.ts";
import { programImage } from "../programs/program-image.ts";
import { ProcessState, stateOf } from "../process-state.ts";
import { CREATE } from "./creation-flags.ts";
import { holdCurrentDirectory } from "./current-directory.ts";
import { findProgram, type OnHost } from "./find-program.ts";
import { jobsOf, type JobObject } from "./job-object.ts";
import { readAll } from "./located.ts";

const STARTF_USESTDHANDLES = 0x100;
const COMMAND_LINE_LIMIT = 32_767;
const COMMAND_PROCESSOR = "C:\\Windows\\System32\\cmd.exe";

/** What CreateProcess was asked for, read from the guest's memory. */
export interface StartRequest {
  readonly application: string | undefined;
  /** The host's path of a program of the host's, in the place of `application`. */
  readonly hostProgram?: string | undefined;
  readonly commandLine: string | undefined;
  readonly inheritHandles: boolean;
  readonly flags: number;
  /** The parent's own when undefined. */
  readonly environment: readonly (readonly [name: string, value: string])[] | undefined;
  readonly currentDirectory: string | undefined;
  readonly startup: Omit<StartupDetails, "standardHandles"> & { readonly standardHandles: readonly [number, number, number] };
  /** PROC_THREAD_ATTRIBUTE_HANDLE_LIST. */
  readonly handleList?: readonly Handle[] | undefined;
  readonly jobs?: readonly JobObject[] | undefined;
}

/** Starts a program as a child of the thread's process. Throws Win32Error as CreateProcess fails. */
export function startProcess(thread: Thread, request: StartRequest): Process {
  const { flags } = request;
  if ((flags & (CREATE.DEBUG_PROCESS | CREATE.DEBUG_ONLY_THIS_PROCESS)) !== 0) throw new Win32Error(ERROR.NOT_SUPPORTED);
  if ((flags & (CREATE.DETACHED_PROCESS | CREATE.NEW_CONSOLE)) === (CREATE.DETACHED_PROCESS | CREATE.NEW_CONSOLE))
    throw new Win32Error(ERROR.INVALID_PARAMETER);
  if ((request.commandLine?.length ?? 0) > COMMAND_LINE_LIMIT) throw new Win32Error(ERROR.FILENAME_EXCED_RANGE);
  const commandLine = request.commandLine ?? `"${request.application ?? ""}"`;
  const path = findProgram(thread, { ...request, commandLine });
  const currentDirectory = folderOf(thread, request.currentDirectory);
  const isBatch = typeof path === "string" && /\.(?:bat|cmd)$/i.test(path);
  const child = create(thread, {
    ...commonOptions(thread.process),
    ...programOf(thread, isBatch ? COMMAND_PROCESSOR : path, currentDirectory),
    commandLine: isBatch ? `${COMMAND_PROCESSOR} /c "${commandLine}"` : commandLine,
    environment: request.environment ?? environmentOf(thread),
    currentDirectory,
    parent: thread.process,
    suspended: true,
    startup: { ...request.startup, standardHandles: [0, 0, 0] },
    ...(request.inheritHandles && { inherits: inheritedBy(thread, request) }),
  });
  giveStandardHandles(thread, child, request);
  // Windows' own programs, which run here, keep their folder themselves.
  if (child.options.hostMain === undefined) holdCurrentDirectory(child);
  const jobs = [...jobsOf(thread.process), ...(request.jobs ?? [])];
  for (const job of new Set(jobs)) if (!job.letsGo(flags)) job.assign(child);
  if ((flags & CREATE.SUSPENDED) === 0) thread.kernel.resumeThread(child.mainThread);
  return child;
}

type ProgramParts = Pick<ProcessOptions, "image" | "path"> & { readonly hostMain?: ProcessOptions["hostMain"] & object };

/** A program's image: one of ours, a file's, or what stands for a program of the host's. Throws ERROR_BAD_EXE_FORMAT for what is none. */
function programOf(thread: Thread, path: string | OnHost, currentDirectory: string): ProgramParts {
  if (typeof path !== "string") return hostProgram(thread, path.onHost, currentDirectory);
  const builtIn = builtInProgram(path);
  if (builtIn !== undefined) {
    const name = path.slice(path.lastIndexOf("\\") + 1);
    return { path, image: programImage(name, thread.pointerSize), hostMain: builtIn };
  }
  const { fileSystem, paths } = stateOf(thread);
  const location = fileSystem.locate(path, paths);
  if (location.kind === "device" || location.stat?.kind !== "file") throw new Win32Error(ERROR.ACCESS_DENIED);
  const image = readAll(location);
  try {
    const { isDll } = readImage(image);
    if (isDll) throw new Win32Error(ERROR.BAD_EXE_FORMAT);
  } catch (error) {
    if (!(error instanceof PeError)) throw error;
    const onHost = hostProgramAt(thread, location);
    if (onHost === undefined) throw new Win32Error(ERROR.BAD_EXE_FORMAT);
    return hostProgram(thread, onHost, currentDirectory);
  }
  return { path, image };
}

/** A program whose DLLs are not there does start on Windows, and ends with the reason as its exit code. */
function create(thread: Thread, options: ProcessOptions): Process {
  const { kernel } = thread;
  try {
    return kernel.createProcess(options);
  } catch (error) {
    if (!(error instanceof LoadError)) throw error;
    if (error.win32 !== ERROR.MOD_NOT_FOUND && error.win32 !== ERROR.PROC_NOT_FOUND) {
      kernel.reportOnce(error.message);
      throw new Win32Error(error.win32);
    }
    const name = options.path.slice(options.path.lastIndexOf("\\") + 1);
    return kernel.createProcess({
      ...options,
      image: programImage(name, thread.pointerSize),
      *hostMain({ process }) {
        process.end({ kind: "load", exitCode: error.exitCode, message: `${name}: ${error.message}` });
        yield* [];
        return error.exitCode;
      },
    });
  }
}

/** What all guests of a run have in common. */
function commonOptions({
  options,
}: Process): Pick<ProcessOptions, "registry" | "hooks" | "dllChoices" | "readFile" | "memoryLimitBytes" | "checked" | "ansi"> {
  const { registry, hooks, dllChoices, readFile, memoryLimitBytes, checked, ansi } = options;
  return {
    registry,
    ...(hooks && { hooks }),
    ...(dllChoices && { dllChoices }),
    ...(readFile && { readFile }),
    ...(memoryLimitBytes !== undefined && { memoryLimitBytes }),
    ...(checked !== undefined && { checked }),
    ...(ansi && { ansi }),
  };
}

function folderOf(thread: Thread, folder: string | undefined): string {
  if (folder === undefined) return thread.process.currentDirectory;
  const { fileSystem, paths } = stateOf(thread);
  const full = fullPath(folder, paths);
  try {
    const location = fileSystem.locate(full, paths);
    if (location.kind === "file" && location.stat?.kind === "folder") return full.replace(/(?<=[^:])\\$/, "");
  } catch (error) {
    if (!(error instanceof Win32Error)) throw error;
  }
  throw new Win32Error(ERROR.DIRECTORY);
}

function environmentOf(thread: Thread): [name: string, value: string][] {
  return [...stateOf(thread).environment.values()].map(({ name, value }) => [name, value]);
}

/** Those of a list have to be open, and inheritable. */
function inheritedBy({ process: { handles } }: Thread, { handleList }: StartRequest): "all" | ReadonlySet<Handle> {
  if (handleList === undefined) return "all";
  for (const handle of handleList) if (!handles.flags(handle).inheritable) throw new Win32Error(ERROR.INVALID_PARAMETER);
  return new Set(handleList);
}

/**
 * Handles that STARTUPINFO names are the child's as numbers. Otherwise a child in the same console has its parent's, which are opened for it where it does not
 * inherit them; one with a console of its own, which nobody sees, writes to nowhere.
 */
function giveStandardHandles(thread: Thread, child: Process, { startup, flags, inheritHandles, handleList }: StartRequest): void {
  const state = ProcessState.of({ process: child });
  STANDARD.forEach((number, index) => {
    let handle: Handle | 0 = 0;
    if ((startup.flags & STARTF_USESTDHANDLES) !== 0) handle = startup.standardHandles[index] as Handle;
    else if ((flags & (CREATE.NEW_CONSOLE | CREATE.NO_WINDOW)) !== 0) handle = child.handles.add(new NullDevice(), true);
    else if ((flags & CREATE.DETACHED_PROCESS) === 0) {
      const own = stateOf(thread).standardHandle(number) ?? (0 as Handle);
      const object = thread.process.handles.find(own);
      const isInherited = inheritHandles && handleList === undefined && object !== undefined && child.handles.find(own) === object;
      handle = isInherited || object === undefined ? own : thread.process.handles.duplicate(own, child.handles, true);
    }
    state.setStandardHandle(number, handle as Handle);
  });
}

const STANDARD = [-10, -11, -12] as const;
