import type { Socket } from "node:net";
import { Readable } from "node:stream";
import { HostError, streamInput, type Host, type HostInput, type HostOutput } from "@decant/host";
import { FRAME, sendFrames, type Run, type StreamKind, type TerminalSize } from "./frames.ts";

/** Standard streams, as a run has them. */
export type Streams = Pick<Host, "stdin" | "stdout" | "stderr" | "drained">;

const NOTHING = new Uint8Array(0);
/** The null device to read. */
const NULL_INPUT: HostInput = { kind: "file", isTerminal: false, available: 0, read: () => NOTHING, close() {} };

/** The standard streams of the process at the other end of a socket. */
export class FarStreams {
  readonly #socket: Socket;
  readonly #input: Readable;
  readonly #broken = new Set<number>();
  readonly #resized = new Set<() => void>();
  #size: TerminalSize | undefined;

  constructor(socket: Socket) {
    this.#socket = socket;
    const setRawMode = (raw: boolean): void => void sendFrames(socket, FRAME.raw, Uint8Array.of(Number(raw)));
    const read = (): void => void sendFrames(socket, FRAME.read, NOTHING);
    this.#input = Object.assign(new Readable({ read, highWaterMark: 1 }), { setRawMode });
  }

  /** Takes a frame about them. */
  take(kind: number, bytes: Buffer): void {
    if (kind === FRAME.input) this.#input.push(bytes.length === 0 ? null : Buffer.from(bytes));
    else if (kind === FRAME.broken) this.#broken.add(bytes[0] as number);
    else if (kind === FRAME.resize) {
      this.#size = { columns: bytes.readUInt16LE(0), rows: bytes.readUInt16LE(2) };
      for (const listener of this.#resized) listener();
    }
  }

  open({ streams: [input, output, error], size }: Run): Streams {
    this.#size = size;
    return {
      stdin: input === "null" ? NULL_INPUT : streamInput(this.#input, input),
      stdout: this.#output(output, FRAME.output, 1),
      stderr: this.#output(error, FRAME.error, 2),
      drained: () => (this.#socket.writableNeedDrain ? new Promise((resolve) => void this.#socket.once("drain", resolve)) : undefined),
    };
  }

  /** The null device there is a file for the program, as it is without a daemon. */
  #output(kind: StreamKind, frame: number, descriptor: 1 | 2): HostOutput {
    const size = (): TerminalSize | undefined => (kind === "terminal" ? this.#size : undefined);
    return {
      kind: kind === "null" ? "file" : kind,
      isTerminal: kind === "terminal",
      get columns() {
        return size()?.columns || undefined;
      },
      get rows() {
        return size()?.rows || undefined;
      },
      onResize: (listener) => {
        this.#resized.add(listener);
        return () => this.#resized.delete(listener);
      },
      write: (bytes) => {
        if (this.#broken.has(descriptor)) throw new HostError("EPIPE", "broken pipe, write");
        sendFrames(this.#socket, frame, bytes);
      },
    };
  }
}
