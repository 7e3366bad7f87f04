import type { Socket } from "node:net";

/**
 * What the daemon and the process that gave it a run tell each other, over a socket of this machine: frames of a kind (u8), the length of what follows (u32, little-endian),
 * and that. Those that go to the daemon's side are even.
 */
export const FRAME = {
  /** The run, as JSON (`Run`). The first frame. */
  run: 0,
  /** The run was taken, and nothing of it has been done. What closes the socket without it has taken nothing. */
  taken: 1,
  /** Bytes of the standard input, none at its end: the answer to `read`. */
  input: 2,
  /** Asks for some of the standard input. */
  read: 3,
  /** Ctrl-C. */
  interrupt: 4,
  /** Bytes for the standard output. */
  output: 5,
  /** Nobody reads the output of a descriptor (u8) any more. */
  broken: 6,
  /** Bytes for the standard error output. */
  error: 7,
  /** The terminal has another size: columns and rows (u16, little-endian). */
  resize: 8,
  /** The exit code (u8). The last frame. */
  exit: 9,
  /** Sets whether the terminal's keys come at once and are not shown (u8, 0 or 1). */
  raw: 11,
} as const;

/** What a standard stream is: a pipe or a socket, a terminal, or the null device. */
export type StreamKind = "pipe" | "terminal" | "null";

/** A terminal's size in characters; 0 where it is not known. */
export interface TerminalSize {
  readonly columns: number;
  readonly rows: number;
}

/** A run as it is given to the daemon: what a process has of its own that a run depends on. */
export interface Run {
  readonly args: readonly string[];
  readonly cwd: string;
  readonly umask: number;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Input, output and error output. */
  readonly streams: readonly [StreamKind, StreamKind, StreamKind];
  /** Of the terminal that outputs go to, if one does. */
  readonly size?: TerminalSize;
}

const HEAD_BYTES = 5;
/** More is sent in several frames. */
const MAX_BYTES = 65_536;

/** Sends bytes in frames of one kind: one at least. They are copied. False when the socket has more to send than it should. */
export function sendFrames(socket: Socket, kind: number, bytes: Uint8Array): boolean {
  let hasRoom = true;
  let at = 0;
  do {
    hasRoom = socket.write(frame(kind, bytes.subarray(at, at + MAX_BYTES)));
    at += MAX_BYTES;
  } while (at < bytes.length);
  return hasRoom;
}

/** Sends the frame that a run is in: however long, it is one. */
export function sendRun(socket: Socket, run: Run): void {
  socket.write(frame(FRAME.run, Buffer.from(JSON.stringify(run))));
}

function frame(kind: number, bytes: Uint8Array): Buffer {
  const made = Buffer.allocUnsafe(HEAD_BYTES + bytes.length);
  made[0] = kind;
  made.writeUInt32LE(bytes.length, 1);
  made.set(bytes, HEAD_BYTES);
  return made;
}

/** Tells of each frame that comes. */
export function onFrames(socket: Socket, take: (kind: number, bytes: Buffer) => void): void {
  let left: Buffer = Buffer.alloc(0);
  socket.on("data", (piece: Buffer) => {
    left = left.length === 0 ? piece : Buffer.concat([left, piece]);
    for (;;) {
      if (left.length < HEAD_BYTES) return;
      const end = HEAD_BYTES + left.readUInt32LE(1);
      if (left.length < end) return;
      const [kind, bytes] = [left[0] as number, left.subarray(HEAD_BYTES, end)];
      left = left.subarray(end);
      take(kind, bytes);
    }
  });
}
