import { Readable, Writable } from "node:stream";
import type { Socket } from "node:net";
import process from "node:process";
import { HostError, streamInput, type Host, type HostInput, type HostOutput } from "@decant/host";
import { becomeResident, prepareMemory } from "../compiled-code.ts";
import { FRAME, onFrames, sendFrames, type Run, type StreamKind } from "./frames.ts";

/** Standard streams, as a run has them. */
export type Streams = Pick<Host, "stdin" | "stdout" | "stderr" | "drained">;

/** Does what a command line says, and gives the exit code. */
export type Perform = (args: readonly string[], streams: Streams) => Promise<number>;

/** What a runner says to the supervisor when it has nothing to do. */
const IDLE = "idle";
/** After so many runs, or with so much memory, a new runner takes the place. */
const MAX_RUNS = 1000;
const MAX_RESIDENT_BYTES = 1.5 * 2 ** 30;
const NOTHING = new Uint8Array(0);
/** The null device to read. */
const NULL_INPUT: HostInput = { kind: "file", isTerminal: false, available: 0, read: () => NOTHING, close() {} };
/** Where a runner is between two runs: it keeps no folder of a user's busy. */
const NOWHERE = "/";

/** Runs what a process has sent over a socket, in its place: in its folder, with its variables and streams. Resolves when the exit code is on its way. */
export async function serveRun(socket: Socket, perform: Perform): Promise<void> {
  const stdin = new Readable({ read: () => void sendFrames(socket, FRAME.read, NOTHING), highWaterMark: 1 });
  const broken = new Set<number>();
  const run = await new Promise<Run>((resolve) => {
    // Whoever waited for the run is gone: nothing of it shall go on.
    socket.on("close", () => process.exit(0));
    socket.on("error", () => {});
    onFrames(socket, (kind, bytes) => {
      if (kind === FRAME.run) resolve(JSON.parse(bytes.toString("utf8")) as Run);
      else if (kind === FRAME.input) stdin.push(bytes.length === 0 ? null : Buffer.from(bytes));
      else if (kind === FRAME.interrupt) process.emit("SIGINT");
      else if (kind === FRAME.broken) broken.add(bytes[0] as number);
    });
    socket.resume();
  });
  sendFrames(socket, FRAME.taken, NOTHING);
  process.chdir(run.cwd);
  process.umask(run.umask);
  replaceEnvironment(run.environment);
  const send = (kind: number, descriptor: 1 | 2, bytes: Uint8Array): void => {
    if (broken.has(descriptor)) throw new HostError("EPIPE", "broken pipe, write");
    sendFrames(socket, kind, bytes);
  };
  const writers = [(bytes: Uint8Array) => send(FRAME.output, 1, bytes), (bytes: Uint8Array) => send(FRAME.error, 2, bytes)] as const;
  replaceProcessStream("stdout", writers[0]);
  replaceProcessStream("stderr", writers[1]);
  const [input, output, error] = run.streams;
  const exitCode = await perform(run.args, {
    stdin: input === "null" ? NULL_INPUT : streamInput(stdin),
    stdout: frameOutput(output, writers[0]),
    stderr: frameOutput(error, writers[1]),
    drained: () => (socket.writableNeedDrain ? new Promise((resolve) => void socket.once("drain", resolve)) : undefined),
  });
  process.chdir(NOWHERE);
  replaceEnvironment({});
  await new Promise<void>((resolve) => {
    socket.removeAllListeners("close");
    socket.on("close", () => resolve());
    sendFrames(socket, FRAME.exit, Uint8Array.of(exitCode));
  });
}

/** A standard output that goes to the process that gave the run. The null device there is a file for the program, as it is without a daemon. */
function frameOutput(kind: StreamKind, write: (bytes: Uint8Array) => void): HostOutput {
  return { kind: kind === "null" ? "file" : "pipe", isTerminal: false, columns: undefined, rows: undefined, write };
}

/** What Decant itself writes there goes where the program's output goes. */
function replaceProcessStream(name: "stdout" | "stderr", write: (bytes: Uint8Array) => void): void {
  const stream = new Writable({
    write(bytes: Buffer, _encoding, done) {
      write(bytes);
      done();
    },
  });
  stream.on("error", () => {}); // nobody reads it
  Object.defineProperty(process, name, { configurable: true, value: stream });
}

function replaceEnvironment(environment: Run["environment"]): void {
  for (const name of Object.keys(process.env)) if (environment[name] === undefined) delete process.env[name];
  for (const [name, value] of Object.entries(environment)) if (value !== undefined) process.env[name] = value;
}

/** Serves run after run, each given by the supervisor as a socket, until the supervisor is gone or the process is used up. */
export async function runnerLoop(perform: Perform): Promise<number> {
  becomeResident();
  prepareMemory();
  let runs = 0;
  let isBusy = false;
  process.on("disconnect", () => {
    if (!isBusy) process.exit(0);
  });
  process.on("message", (_message, socket) => {
    isBusy = true;
    void serveRun(socket as Socket, perform).then(() => {
      isBusy = false;
      if (!process.connected || ++runs >= MAX_RUNS || process.memoryUsage.rss() > MAX_RESIDENT_BYTES) process.exit(0);
      // A run that comes meanwhile waits for that, and has it done: another runner may never have run its program.
      process.send?.(IDLE, prepareMemory);
    });
  });
  process.send?.(IDLE);
  return await new Promise(() => {});
}
