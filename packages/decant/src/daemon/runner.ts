import { Writable } from "node:stream";
import type { Socket } from "node:net";
import process from "node:process";
import type { HostOutput } from "@decant/host";
import { becomeResident, prepareMemory } from "../compiled-code.ts";
import { FarStreams, type Streams } from "./far-streams.ts";
import { FRAME, onFrames, sendFrames, type Run } from "./frames.ts";

/** Does what a command line says, and gives the exit code. */
export type Perform = (args: readonly string[], streams: Streams) => Promise<number>;

/** What a runner says to the supervisor when it has nothing to do. */
const IDLE = "idle";
/** After so many runs, or with so much memory, a new runner takes the place. */
const MAX_RUNS = 1000;
const MAX_RESIDENT_BYTES = 1.5 * 2 ** 30;
const NOTHING = new Uint8Array(0);
/** Where a runner is between two runs: it keeps no folder of a user's busy. */
const NOWHERE = "/";

/** Runs what a process has sent over a socket, in its place: in its folder, with its variables and streams. Resolves when the exit code is on its way. */
export async function serveRun(socket: Socket, perform: Perform): Promise<void> {
  const far = new FarStreams(socket);
  const run = await new Promise<Run>((resolve) => {
    // Whoever waited for the run is gone: nothing of it shall go on.
    socket.on("close", () => process.exit(0));
    socket.on("error", () => {});
    onFrames(socket, (kind, bytes) => {
      if (kind === FRAME.run) resolve(JSON.parse(bytes.toString("utf8")) as Run);
      else if (kind === FRAME.interrupt) process.emit("SIGINT");
      else far.take(kind, bytes);
    });
    socket.resume();
  });
  sendFrames(socket, FRAME.taken, NOTHING);
  process.chdir(run.cwd);
  process.umask(run.umask);
  replaceEnvironment(run.environment);
  const streams = far.open(run);
  replaceProcessStream("stdout", streams.stdout);
  replaceProcessStream("stderr", streams.stderr);
  const exitCode = await perform(run.args, streams);
  process.chdir(NOWHERE);
  replaceEnvironment({});
  await new Promise<void>((resolve) => {
    socket.removeAllListeners("close");
    socket.on("close", () => resolve());
    sendFrames(socket, FRAME.exit, Uint8Array.of(exitCode));
  });
}

/** What Decant itself writes there goes where the program's output goes. */
function replaceProcessStream(name: "stdout" | "stderr", output: HostOutput): void {
  const stream = new Writable({
    write(bytes: Buffer, _encoding, done) {
      output.write(bytes);
      done();
    },
  });
  stream.on("error", () => {}); // nobody reads it
  Object.assign(stream, { isTTY: output.isTerminal, columns: output.columns });
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
