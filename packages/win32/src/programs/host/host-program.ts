import type { HostInput, HostStream, RunningProgram } from "@decant/host";
import { ERROR, errnoOf, Win32Error, type Handle } from "@decant/hook";
import { exitProcess, exitThread, wait, waitFor, type GuestGenerator, type ProcessOptions, type Thread } from "@decant/process";
import { ConsoleInput, ConsoleOutput } from "../../console/console-handles.ts";
import { system } from "../../crt/system.ts";
import { windowsPath, type Location } from "../../files/file-system.ts";
import { DiskFile } from "../../files/disk-file.ts";
import { InputStream, NullDevice, OutputStream } from "../../files/standard-streams.ts";
import { ProcessState, stateOf } from "../../process-state.ts";
import { programImage } from "../program-image.ts";
import { hostArguments, hostVariables } from "./host-command.ts";

const PIECE_BYTES = 0x1_0000;

/** The host's path of a program by a bare name, with or without ".exe", or by a Windows path, where guests may start it. */
export function findHostProgram(thread: Thread, name: string, paths = stateOf(thread).paths): string | undefined {
  const { programs } = thread.process.host;
  if (programs === undefined) return undefined;
  if (!/[\\/:]/.test(name)) return programs.find(name.replace(/\.exe$/i, ""));
  try {
    const location = stateOf(thread).fileSystem.locate(name, paths);
    return location.kind === "file" && location.stat?.kind === "file" ? hostProgramAt(thread, location) : undefined;
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;
    return undefined;
  }
}

/** The host's path of a file that guests may start as a program of the host's; undefined where it is none. */
export function hostProgramAt(thread: Thread, { files, path }: Location): string | undefined {
  const { host } = thread.process;
  return files === host.files && host.programs?.allows(path) === true ? path : undefined;
}

/** What a process is that stands for a program of the host's. Its current folder has to be the host's, too: throws ERROR_DIRECTORY. */
export function hostProgram(
  thread: Thread,
  path: string,
  currentDirectory: string,
): Pick<ProcessOptions, "image" | "path"> & { readonly hostMain: NonNullable<ProcessOptions["hostMain"]> } {
  const name = path.slice(path.lastIndexOf("/") + 1);
  const folder = hostFolder(thread, currentDirectory);
  if (folder === undefined) {
    thread.kernel.reportOnce(`${name} was not started: a program of this machine cannot run in ${currentDirectory}`);
    throw new Win32Error(ERROR.DIRECTORY);
  }
  return { path: windowsPath(path), image: programImage(name, thread.pointerSize), hostMain: (own) => run(own, path, folder) };
}

function hostFolder(thread: Thread, folder: string): string | undefined {
  const { fileSystem, paths } = stateOf(thread);
  const location = fileSystem.locate(folder, paths);
  return location.kind === "file" && location.files === thread.process.host.files ? location.path : undefined;
}

/** Runs it to its end, beside the threads that pass on what goes through pipes of the guests'. */
function* run(thread: Thread, path: string, folder: string): GuestGenerator<number> {
  const { process } = thread;
  let program: RunningProgram;
  const state = ProcessState.of(thread);
  const handles = [-10, -11, -12].map((number) => state.standardHandle(number) ?? (0 as Handle));
  const streams = handles.map((handle) => streamOf(thread, handle)) as [HostStream, HostStream, HostStream];
  const joinsErrors = streams[1] === "pipe" && sameObject(thread, handles[1]!, handles[2]!);
  if (joinsErrors) streams[2] = "nothing";
  try {
    program = process.host.programs!.start({
      path,
      args: hostArguments(process.commandLine),
      folder,
      environment: hostVariables(process.environment, process.host.cpuCount),
      streams,
      joinsErrors,
    });
  } catch (error) {
    process.kernel.reportOnce(error instanceof Error ? error.message : String(error));
    return INVALID_IMAGE_FORMAT;
  }
  process.onEnd(() => program.kill());
  const { input } = program;
  if (input !== undefined) process.createHostThread((own) => passInput(own, handles[0]!, input));
  const writers = [program.output, program.error].flatMap((from, index) =>
    from === undefined ? [] : [process.createHostThread((own) => passOutput(own, from, handles[index + 1]!))],
  );
  const exitCode = yield* waitFor(program.ended);
  for (const writer of writers) yield* wait(thread, [writer.object]);
  // Ends the thread that still waits for input, too.
  return yield* exitProcess(thread, exitCode);
}

/** One of the host's own streams is given to the program itself; nothing has been read of it that the program should have. */
function streamOf(thread: Thread, handle: Handle): HostStream {
  const { host, handles } = thread.process;
  const object = handles.find(handle);
  if (object === undefined || object instanceof NullDevice) return "nothing";
  if (object instanceof InputStream) return object.input.descriptor ?? "pipe";
  if (object instanceof OutputStream) return object.output.descriptor ?? "pipe";
  if (object instanceof DiskFile) return object.descriptor ?? "pipe";
  if (object instanceof ConsoleInput) return host.stdin.descriptor ?? "pipe";
  if (object instanceof ConsoleOutput) return host.stdout.descriptor ?? "pipe";
  return "pipe";
}

function sameObject({ process: { handles } }: Thread, one: Handle, other: Handle): boolean {
  return handles.find(one) !== undefined && handles.find(one) === handles.find(other);
}

function* passInput(thread: Thread, from: Handle, to: NonNullable<RunningProgram["input"]>): GuestGenerator<never> {
  try {
    for (;;) {
      const bytes = yield* system.read(thread, from, PIECE_BYTES);
      if (bytes.length === 0) break;
      to.write(bytes);
      const drained = to.drained();
      if (drained !== undefined) yield* waitFor(drained);
    }
  } catch (error) {
    // The other end of either pipe has gone.
    if (errnoOf(error) === undefined) throw error;
  }
  to.end();
  return yield* exitThread(thread, 0);
}

function* passOutput(thread: Thread, from: HostInput, to: Handle): GuestGenerator<never> {
  try {
    for (;;) {
      const next = from.read(PIECE_BYTES);
      const bytes = next instanceof Promise ? yield* waitFor(next) : next;
      if (bytes.length === 0) break;
      for (let at = 0; at < bytes.length;) at += yield* system.write(thread, to, bytes.subarray(at));
    }
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;
  }
  from.close();
  return yield* exitThread(thread, 0);
}

/** STATUS_INVALID_IMAGE_FORMAT. */
const INVALID_IMAGE_FORMAT = 0xc000_007b;
