import { CrtError, InvalidParameterError, ERRNO, errnoOf, readString, waitingCalls, type Handle, type VarArgs } from "@decant/hook";
import { exitProcess, implement, ProcessObject, wait, type GuestGenerator, type Process, type Thread } from "@decant/process";
import { makePipe } from "../../files/pipe.ts";
import { startProcess, type StartRequest } from "../../kernel32/start-process.ts";
import { stateOf } from "../../process-state.ts";
import { findHostProgram } from "../../programs/host/host-program.ts";
import { Runtime } from "../runtime.ts";
import { addDescriptor, closeDescriptor, describe, takeDescriptors } from "../stdio/low-io.ts";
import { makeStream } from "../stdio/open.ts";
import { O, parseOpenMode } from "../stdio/open-mode.ts";
import { streams } from "../stdio/streams.ts";
import { system as calls } from "../system.ts";
import { runtimeData } from "./inherited-descriptors.ts";
import { spawnApi } from "./spawn.api.ts";

/** How _spawn goes on: waits, goes on beside it, or ends (process.h). */
const P = { WAIT: 0, NOWAIT: 1, OVERLAY: 2, NOWAITO: 3, DETACH: 4 } as const;
const STARTF_USESTDHANDLES = 0x100;
const DETACHED_PROCESS = 8;
const MAX_ARGUMENTS = 8192;
const DEFAULT_PIPE_BYTES = 4096;

type Form = "ansi" | "wide";

interface Spawned {
  readonly mode: number;
  readonly name: string;
  readonly args: readonly string[];
  /** "NAME=value" strings; the process's own when undefined. */
  readonly environment: readonly string[] | undefined;
  readonly searches: boolean;
}

const closeStream = waitingCalls(streams);

/** The processes behind _popen's streams. */
class OpenPipes {
  readonly processes = new Map<number, Process>();
}

type Vector = (thread: Thread, mode: number, name: number, argv: number, envp?: number) => GuestGenerator<number>;
type List = (thread: Thread, mode: number, name: number, args: VarArgs) => GuestGenerator<number>;

const vector = (form: Form, { searches = false } = {}): Vector =>
  function* (thread, mode, name, argv, envp = 0) {
    const args = strings(thread, form, argv);
    const environment = envp === 0 ? undefined : strings(thread, form, envp);
    return yield* spawn(thread, { mode, name: text(thread, form, name), args, environment, searches });
  };

const list = (form: Form, { searches = false, hasEnvironment = false } = {}): List =>
  function* (thread, mode, name, rest) {
    const args: string[] = [];
    for (let at = rest.pointer(); at !== 0 && args.length < MAX_ARGUMENTS; at = rest.pointer()) args.push(readString(thread, at, form));
    const environment = hasEnvironment ? strings(thread, form, rest.pointer()) : undefined;
    return yield* spawn(thread, { mode, name: text(thread, form, name), args, environment, searches });
  };

const overlayVector =
  (form: Form, options = {}) =>
  (thread: Thread, name: number, argv: number, envp = 0): GuestGenerator<number> =>
    vector(form, options)(thread, P.OVERLAY, name, argv, envp);
const overlayList =
  (options = {}) =>
  (thread: Thread, name: number, args: VarArgs): GuestGenerator<number> =>
    list("ansi", options)(thread, P.OVERLAY, name, args);

const PATH = { searches: true };
const ENVIRONMENT = { hasEnvironment: true };

export const spawning = implement(spawnApi, {
  _spawnv: vector("ansi"),
  _wspawnv: vector("wide"),
  _spawnve: vector("ansi"),
  _wspawnve: vector("wide"),
  _spawnvp: vector("ansi", PATH),
  _wspawnvp: vector("wide", PATH),
  _spawnvpe: vector("ansi", PATH),
  _wspawnvpe: vector("wide", PATH),
  _spawnl: list("ansi"),
  _wspawnl: list("wide"),
  _spawnle: list("ansi", ENVIRONMENT),
  _wspawnle: list("wide", ENVIRONMENT),
  _spawnlp: list("ansi", PATH),
  _wspawnlp: list("wide", PATH),
  _spawnlpe: list("ansi", { ...PATH, ...ENVIRONMENT }),
  _wspawnlpe: list("wide", { ...PATH, ...ENVIRONMENT }),
  _execv: overlayVector("ansi"),
  _wexecv: overlayVector("wide"),
  _execve: overlayVector("ansi"),
  _wexecve: overlayVector("wide"),
  _execvp: overlayVector("ansi", PATH),
  _wexecvp: overlayVector("wide", PATH),
  _execvpe: overlayVector("ansi", PATH),
  _wexecvpe: overlayVector("wide", PATH),
  _execl: overlayList(),
  _execle: overlayList(ENVIRONMENT),
  _execlp: overlayList(PATH),
  _execlpe: overlayList({ ...PATH, ...ENVIRONMENT }),

  *_cwait(thread, termstat, procHandle) {
    const { handles } = thread.process;
    const object = handles.find(procHandle as Handle);
    if (!(object instanceof ProcessObject)) throw new CrtError(ERRNO.ECHILD);
    yield* wait(thread, [object]);
    termstat.set(object.exitCode | 0);
    handles.close(procHandle as Handle);
    return procHandle;
  },

  system: runCommand,
  _wsystem: runCommand,

  _pipe(thread, pfds, psize, textmode) {
    const { reader, writer } = makePipe(thread.kernel, psize === 0 ? DEFAULT_PIPE_BYTES : psize);
    const isInheritable = (textmode & O.NOINHERIT) === 0;
    const isText = (textmode & O.BINARY) === 0 && ((textmode & O.TEXT) !== 0 || textmode === 0);
    const fds = [reader, writer].map((end) =>
      addDescriptor(thread, describe(thread, thread.process.handles.add(end, isInheritable), { isText, isAppend: false, isInheritable })),
    );
    pfds.write(new Uint8Array(Int32Array.from(fds).buffer));
    return 0;
  },
  _popen: openPipe,
  _wpopen: openPipe,
  *_pclose(thread, stream) {
    const { processes } = thread.process.state(OpenPipes, () => new OpenPipes());
    const child = processes.get(stream);
    if (child === undefined) throw new InvalidParameterError(ERRNO.EBADF);
    processes.delete(stream);
    yield* closeStream.fclose(thread, stream);
    yield* wait(thread, [child.object]);
    return child.object.exitCode | 0;
  },
});

/** The arguments are put together with blanks between them, and nothing is quoted: that is the caller's affair. */
function* spawn(thread: Thread, { mode, name, args, environment, searches }: Spawned): GuestGenerator<number> {
  if (name === "" || args.length === 0 || args[0] === "") throw new InvalidParameterError(ERRNO.EINVAL);
  const application = findFile(thread, name, searches);
  const hostProgram = application === undefined && searches ? findHostProgram(thread, name) : undefined;
  if (application === undefined && hostProgram === undefined) throw new CrtError(ERRNO.ENOENT);
  const child = start(thread, {
    application,
    hostProgram,
    commandLine: args.join(" "),
    flags: mode === P.DETACH ? DETACHED_PROCESS : 0,
    environment: environment?.map((variable): [string, string] => {
      const equals = variable.indexOf("=", 1);
      return [variable.slice(0, equals), variable.slice(equals + 1)];
    }),
  });
  if (mode === P.OVERLAY) return yield* exitProcess(thread, 0);
  if (mode === P.NOWAIT || mode === P.NOWAITO) return thread.process.handles.add(child.object);
  if (mode === P.DETACH) return 0;
  yield* wait(thread, [child.object]);
  return child.object.exitCode | 0;
}

/** Starts a program with the runtime's descriptors: what can be inherited of them, and the first three as standard streams. */
function start(
  thread: Thread,
  {
    standard,
    ...request
  }: Pick<StartRequest, "application" | "hostProgram" | "commandLine" | "flags" | "environment"> & {
    standard?: readonly (Handle | undefined)[];
  },
): Process {
  const handleOf = (fd: number): Handle => standard?.[fd] ?? Runtime.of(thread).descriptors.find(fd)?.handle ?? (0 as Handle);
  takeDescriptors(thread);
  const { handles } = thread.process;
  const given = [0, 1, 2].map(handleOf) as [Handle, Handle, Handle];
  for (const handle of given) if (handle !== 0 && handles.find(handle) !== undefined) handles.flags(handle).inheritable = true;
  return startProcess(thread, {
    ...request,
    inheritHandles: true,
    currentDirectory: undefined,
    startup: {
      standardHandles: given,
      flags: STARTF_USESTDHANDLES,
      window: [],
      showWindow: 0,
      runtimeData: standard === undefined ? runtimeData(thread) : new Uint8Array(0),
    },
  });
}

/** The file that _spawn means: with an extension if it has none, and along PATH where it searches. */
function findFile(thread: Thread, name: string, searches: boolean): string | undefined {
  const isPlain = !/[\\/:]/.test(name);
  const path = stateOf(thread).environment.get("PATH")?.value ?? "";
  const folders = searches && isPlain ? ["", ...path.split(";").filter((folder) => folder !== "")] : [""];
  const extensions = /\.[^\\/.]*$/.test(name) ? [""] : [".com", ".exe", ".bat", ".cmd"];
  for (const folder of folders) {
    for (const extension of extensions) {
      const candidate = `${folder === "" ? "" : `${folder.replace(/[\\/]$/, "")}\\`}${name}${extension}`;
      try {
        if ((calls.attributes(thread, candidate).attributes & 0x10) === 0) return calls.fullPath(thread, candidate);
      } catch (error) {
        if (errnoOf(error) === undefined) throw error;
      }
    }
  }
  return undefined;
}

/** What COMSPEC names runs the command; NULL asks whether there is one. */
function* runCommand(thread: Thread, command: string | undefined): GuestGenerator<number> {
  if (command === undefined) return 1;
  const child = start(thread, shellRequest(thread, command));
  yield* wait(thread, [child.object]);
  return child.object.exitCode | 0;
}

function shellRequest(thread: Thread, command: string): Pick<StartRequest, "application" | "commandLine" | "flags" | "environment"> {
  const shell = stateOf(thread).environment.get("COMSPEC")?.value ?? "C:\\Windows\\System32\\cmd.exe";
  return { application: shell, commandLine: `${shell} /c ${command}`, flags: 0, environment: undefined };
}

function openPipe(thread: Thread, command: string | undefined, mode: string | undefined): number {
  const { oflag, flags } = parseOpenMode(mode ?? "");
  const reads = (mode ?? "").startsWith("r");
  if (command === undefined || (!reads && !(mode ?? "").startsWith("w"))) throw new InvalidParameterError(ERRNO.EINVAL);
  const { handles } = thread.process;
  const { reader, writer } = makePipe(thread.kernel, DEFAULT_PIPE_BYTES);
  const [own, theirs] = reads ? [reader, writer] : [writer, reader];
  const their = handles.add(theirs, true);
  let child: Process;
  try {
    child = start(thread, { ...shellRequest(thread, command), standard: reads ? [undefined, their] : [their] });
  } finally {
    handles.close(their);
  }
  const fd = addDescriptor(
    thread,
    describe(thread, handles.add(own), { isText: (oflag & O.BINARY) === 0, isAppend: false, isInheritable: false }),
  );
  try {
    const stream = makeStream(thread, fd, flags);
    thread.process.state(OpenPipes, () => new OpenPipes()).processes.set(stream, child);
    return stream;
  } catch (error) {
    closeDescriptor(thread, fd);
    throw error;
  }
}

function text(thread: Thread, form: Form, address: number): string {
  if (address === 0) throw new InvalidParameterError(ERRNO.EINVAL);
  return readString(thread, address, form);
}

/** The strings that a list of pointers leads to; NULL ends it. */
function strings(thread: Thread, form: Form, list: number): string[] {
  if (list === 0) throw new InvalidParameterError(ERRNO.EINVAL);
  const found: string[] = [];
  for (let at = list; found.length < MAX_ARGUMENTS; at += thread.pointerSize) {
    const address = thread.memory.pointer(at);
    if (address === 0) return found;
    found.push(readString(thread, address, form));
  }
  throw new InvalidParameterError(ERRNO.EINVAL);
}
