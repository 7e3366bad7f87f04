import { existsSync, fstatSync, statSync } from "node:fs";
import { connect, type Socket } from "node:net";
import process from "node:process";
import { nodeInput, nodeOutput, type HostInput, type HostOutput } from "@decant/host";
import { FRAME, onFrames, sendFrames, sendRun, type Run, type StreamKind, type TerminalSize } from "./frames.ts";
import { daemonPlace, isOwnFolder } from "./place.ts";

/** The exit code when the daemon broke down in the middle: as for any bug of Decant's. */
const BROKE_DOWN = 70;
/** What is read of standard input at a time. */
const INPUT_BYTES = 65_536;
const NOTHING = new Uint8Array(0);

/**
 * Has this user's daemon run a program, where there is one and it has room. Resolves with the exit code, or undefined when this process has to do it: what needs the process
 * itself is never given away, which is streams redirected to files (whose place others share) and programs of the host's (`--allow-run`).
 */
export async function runByDaemon(args: readonly string[]): Promise<number | undefined> {
  const { DECANT_DAEMON: wanted, DECANT_OPTIONS: options = "" } = process.env;
  if (wanted === "off" || [options, ...args].some((word) => word.includes("--allow-run"))) return undefined;
  const place = daemonPlace();
  if (place === undefined || !existsSync(place.socket) || !isOwnFolder(place.folder)) return undefined;
  const input = nodeInput(0, () => process.stdin);
  const outputs = { 1: nodeOutput(1, () => process.stdout), 2: nodeOutput(2, () => process.stderr) } as const;
  const terminal = [outputs[1], outputs[2]].find(({ isTerminal }) => isTerminal);
  const run = describeRun(args, [input, outputs[1], outputs[2]], terminal);
  return run && (await new Promise((resolve) => giveAway(connect(place.socket), { run, input, outputs, terminal }, resolve)));
}

/** The run that this process is for; undefined when it cannot be given away. */
function describeRun(
  args: readonly string[],
  given: [HostInput, HostOutput, HostOutput],
  terminal: HostOutput | undefined,
): Run | undefined {
  try {
    const streams: Run["streams"] = [streamKind(given[0]), streamKind(given[1]), streamKind(given[2])];
    const size = terminal && sizeOf(terminal);
    return { args, cwd: process.cwd(), umask: process.umask(), environment: process.env, streams, ...(size && { size }) };
  } catch {
    return undefined; // a stream that is a file or closed, or a current folder that is gone
  }
}

/** Throws for what cannot be given away. */
function streamKind({ kind, descriptor }: HostInput | HostOutput): StreamKind {
  if (kind !== "file") return kind;
  const stat = fstatSync(descriptor!);
  if (stat.isCharacterDevice() && stat.rdev === statSync("/dev/null").rdev) return "null";
  throw new Error("a file");
}

function sizeOf({ columns = 0, rows = 0 }: HostOutput): TerminalSize {
  return { columns, rows };
}

interface Given {
  readonly run: Run;
  readonly input: HostInput;
  readonly outputs: Readonly<Record<1 | 2, HostOutput>>;
  readonly terminal: HostOutput | undefined;
}

function giveAway(socket: Socket, { run, input, outputs, terminal }: Given, done: (exitCode: number | undefined) => void): void {
  let isTaken = false;
  let exitCode: number | undefined;
  const read = async (): Promise<void> => void sendFrames(socket, FRAME.input, await input.read(INPUT_BYTES));
  const write = (descriptor: 1 | 2, bytes: Uint8Array): void => {
    try {
      outputs[descriptor].write(bytes);
    } catch {
      sendFrames(socket, FRAME.broken, Uint8Array.of(descriptor));
    }
  };
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
        terminal?.onResize?.(() => {
          const { columns, rows } = sizeOf(terminal);
          sendFrames(socket, FRAME.resize, new Uint8Array(Uint16Array.of(columns, rows).buffer));
        });
        return;
      case FRAME.output:
        return write(1, bytes);
      case FRAME.error:
        return write(2, bytes);
      case FRAME.read:
        return void read();
      case FRAME.raw:
        return input.setRaw?.(bytes[0] === 1);
      case FRAME.exit:
        exitCode = bytes[0];
        socket.destroy();
    }
  });
}
