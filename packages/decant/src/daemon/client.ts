import { existsSync, fstatSync, statSync } from "node:fs";
import { createRequire } from "node:module";
import type { Socket } from "node:net";
import process from "node:process";
import { nodeOutput } from "@decant/host";
import { FRAME, onFrames, sendFrames, sendRun, type Run, type StreamKind } from "./frames.ts";
import { daemonPlace, isOwnFolder } from "./place.ts";

/** The exit code when the daemon broke down in the middle: as for any bug of Decant's. */
const BROKE_DOWN = 70;
const NOTHING = new Uint8Array(0);

/**
 * Has this user's daemon run a program, where there is one and it has room. Resolves with the exit code, or undefined when this process has to do it: what needs the process
 * itself is never given away, which is terminals, streams redirected to files (whose place others share), and programs of the host's (`--allow-run`).
 */
export async function runByDaemon(args: readonly string[]): Promise<number | undefined> {
  const { DECANT_DAEMON: wanted, DECANT_OPTIONS: options = "" } = process.env;
  if (wanted === "off" || [options, ...args].some((word) => word.includes("--allow-run"))) return undefined;
  const place = daemonPlace();
  if (place === undefined || !existsSync(place.socket) || !isOwnFolder(place.folder)) return undefined;
  const run = describeRun(args);
  // Most runs have no daemon, and loading node:net takes a tenth of their start.
  const { connect } = createRequire(import.meta.url)("node:net") as { connect(path: string): Socket };
  return run && (await new Promise((resolve) => giveAway(connect(place.socket), run, resolve)));
}

/** The run that this process is for; undefined when it cannot be given away. */
function describeRun(args: readonly string[]): Run | undefined {
  try {
    const streams: Run["streams"] = [streamKind(0), streamKind(1), streamKind(2)];
    return { args, cwd: process.cwd(), umask: process.umask(), environment: process.env, streams };
  } catch {
    return undefined; // a stream that is no pipe or closed, or a current folder that is gone
  }
}

function streamKind(descriptor: number): StreamKind {
  const stat = fstatSync(descriptor);
  if (stat.isFIFO() || stat.isSocket()) return "pipe";
  if (stat.isCharacterDevice() && stat.rdev === statSync("/dev/null").rdev) return "null";
  throw new Error("a file, or a terminal");
}

function giveAway(socket: Socket, run: Run, done: (exitCode: number | undefined) => void): void {
  let isTaken = false;
  let exitCode: number | undefined;
  const writeOutput = outputOf(1, socket);
  const writeError = outputOf(2, socket);
  const readInput = inputFor(socket);
  socket.on("connect", () => sendRun(socket, run));
  socket.on("error", () => {}); // "close" comes next
  socket.on("close", () => {
    if (exitCode !== undefined || !isTaken) return done(exitCode);
    process.stderr.write("decant: the daemon ended while it ran the program; DECANT_DAEMON=off does without it\n");
    done(BROKE_DOWN);
  });
  onFrames(socket, (kind, bytes) => {
    switch (kind) {
      case FRAME.taken:
        isTaken = true;
        process.on("SIGINT", () => sendFrames(socket, FRAME.interrupt, NOTHING));
        return;
      case FRAME.output:
        return writeOutput(bytes);
      case FRAME.error:
        return writeError(bytes);
      case FRAME.read:
        return readInput();
      case FRAME.exit:
        exitCode = bytes[0];
        socket.destroy();
    }
  });
}

/** Writes to a descriptor of this process at once, and says so when nobody reads it any more. */
function outputOf(descriptor: 1 | 2, socket: Socket): (bytes: Uint8Array) => void {
  const output = nodeOutput(descriptor, () => (descriptor === 1 ? process.stdout : process.stderr));
  return (bytes) => {
    try {
      output.write(bytes);
    } catch {
      sendFrames(socket, FRAME.broken, Uint8Array.of(descriptor));
    }
  };
}

/** Reads standard input a piece at a time, when asked: what the program does not read is left to whoever comes next. */
function inputFor(socket: Socket): () => void {
  let stream: NodeJS.ReadStream | undefined;
  return () => {
    if (stream === undefined) {
      stream = process.stdin;
      stream.on("data", (bytes: Buffer) => {
        stream?.pause();
        sendFrames(socket, FRAME.input, bytes);
      });
      for (const event of ["end", "error"]) stream.on(event, () => sendFrames(socket, FRAME.input, NOTHING));
    }
    stream.resume();
  };
}
