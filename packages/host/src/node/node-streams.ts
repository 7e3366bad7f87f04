import * as fs from "node:fs";
import { createRequire } from "node:module";
import type { Readable, Writable } from "node:stream";
import type { ReadStream, WriteStream } from "node:tty";
import { HostError } from "../host-error.ts";
import type { HostInput, HostOutput } from "../host.ts";
import { redirectionOf } from "./redirected-file.ts";

/** How long to sleep when a non-blocking pipe is full. */
const FULL_PIPE_MS = 1;
const sleeper = new Int32Array(new SharedArrayBuffer(4));
const NOTHING = new Uint8Array(0);

/** A standard output: every write reaches the kernel before it returns, so that nothing is lost when the process exits. */
export function nodeOutput(fd: number, stream: () => WriteStream): HostOutput {
  const kind = kindOfDescriptor(fd);
  return {
    kind,
    descriptor: fd,
    get redirection() {
      return kind === "file" ? redirectionOf(fd) : undefined;
    },
    isTerminal: kind === "terminal",
    // A terminal that nobody gave a size says 0.
    get columns() {
      return kind === "terminal" ? stream().columns || undefined : undefined;
    },
    get rows() {
      return kind === "terminal" ? stream().rows || undefined : undefined;
    },
    onResize(listener) {
      if (kind !== "terminal") return () => {};
      const terminal = stream();
      terminal.on("resize", listener);
      return () => terminal.off("resize", listener);
    },
    write(bytes) {
      let done = 0;
      while (done < bytes.length) {
        try {
          done += fs.writeSync(fd, bytes, done, bytes.length - done);
        } catch (error) {
          if ((error as NodeJS.ErrnoException).code !== "EAGAIN") throw error;
          Atomics.wait(sleeper, 0, 0, FULL_PIPE_MS);
        }
      }
    },
  };
}

/**
 * Standard input. A file is read at once. A pipe or a terminal goes through Node's stream, which can be waited for and given up: a read on
 * Node's thread pool would hold the process open until somebody types.
 */
export function nodeInput(fd: number, stream: () => ReadStream | NodeJS.ReadStream): HostInput {
  const kind = kindOfDescriptor(fd);
  return kind === "file" ? fileInput(fd) : new StreamInput(kind, stream, { descriptor: fd });
}

/** A descriptor that never makes a reader wait: a file, or a device like /dev/null. */
export function fileInput(fd: number): HostInput {
  return {
    kind: "file",
    descriptor: fd,
    get redirection() {
      return redirectionOf(fd);
    },
    isTerminal: false,
    available: 0,
    read(maxBytes) {
      const buffer = new Uint8Array(maxBytes);
      try {
        return buffer.subarray(0, fs.readSync(fd, buffer, 0, maxBytes, null));
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === "EOF") return NOTHING;
        throw error;
      }
    },
    close() {},
  };
}

/** A stream of Node's as input, or what a terminal far away sends, with `setRawMode`. It is left where it is, paused, when the guest is gone. */
export function streamInput(stream: Readable, kind: "pipe" | "terminal" = "pipe"): HostInput {
  return new StreamInput(kind, () => stream, { leave: (left) => void left.pause() });
}

/** What a child process writes. It is listened to at once: Node drops what nobody has listened for when the process ends. */
export function childOutput(stream: Readable): HostInput {
  const input = new StreamInput("pipe", () => stream, {});
  input.start();
  return input;
}

/** A stream of Node's as output. It takes all that is written; `drained` says whether it has taken too much, and ends when it has room again. */
export function streamOutput(stream: Writable): HostOutput & { drained(): Promise<void> | undefined } {
  let isBroken = false;
  stream.on("error", () => (isBroken = true));
  stream.on("close", () => (isBroken = true));
  return {
    kind: "pipe",
    isTerminal: false,
    columns: undefined,
    rows: undefined,
    write(bytes) {
      if (isBroken || stream.destroyed || stream.writableEnded) throw new HostError("EPIPE", "broken pipe, write");
      stream.write(bytes.slice());
    },
    drained() {
      if (isBroken || stream.destroyed || !stream.writableNeedDrain) return undefined;
      return new Promise((resolve) => {
        const ended = (): void => {
          for (const event of ["drain", "close", "error"]) stream.off(event, ended);
          resolve();
        };
        for (const event of ["drain", "close", "error"]) stream.on(event, ended);
      });
    },
  };
}

class StreamInput implements HostInput {
  readonly kind: "terminal" | "pipe";
  readonly #open: () => Readable;
  readonly #descriptor: number | undefined;
  readonly #leave: (stream: Readable) => void;
  #stream: Readable | undefined;
  #buffered: Uint8Array = NOTHING;
  #ended = false;
  #error: Error | undefined;
  #wake: (() => void)[] = [];

  constructor(
    kind: "terminal" | "pipe",
    open: () => Readable,
    { descriptor, leave = (stream) => void stream.destroy() }: { descriptor?: number; leave?: (stream: Readable) => void },
  ) {
    this.kind = kind;
    this.#open = open;
    this.#descriptor = descriptor;
    this.#leave = leave;
  }

  /** Once reading has begun, bytes that somebody else should have may be here. */
  get descriptor(): number | undefined {
    return this.#stream === undefined ? this.#descriptor : undefined;
  }

  get isTerminal(): boolean {
    return this.kind === "terminal";
  }

  get available(): number {
    return this.#buffered.length;
  }

  read(maxBytes: number): Uint8Array | Promise<Uint8Array> {
    if (this.#buffered.length > 0 || maxBytes === 0) return this.#take(maxBytes);
    if (this.#error !== undefined) throw this.#error;
    return this.#ended ? NOTHING : this.#wait(maxBytes);
  }

  setRaw(raw: boolean): void {
    const stream = this.start();
    if ("setRawMode" in stream) (stream as ReadStream).setRawMode(raw);
  }

  close(): void {
    this.#ended = true;
    if (this.#stream !== undefined) this.#leave(this.#stream);
    this.#wakeAll();
  }

  async #wait(maxBytes: number): Promise<Uint8Array> {
    while (this.#buffered.length === 0 && !this.#ended && this.#error === undefined) {
      const stream = this.start();
      await new Promise<void>((resolve) => {
        this.#wake.push(resolve);
        stream.resume();
      });
    }
    return this.read(maxBytes);
  }

  #take(maxBytes: number): Uint8Array {
    const taken = this.#buffered.slice(0, maxBytes);
    this.#buffered = this.#buffered.subarray(maxBytes);
    return taken;
  }

  /** Begins to listen to the stream, and returns it. */
  start(): Readable {
    if (this.#stream !== undefined) return this.#stream;
    const stream = (this.#stream = this.#open());
    stream.on("data", (chunk: Buffer | string) => {
      stream.pause();
      const bytes = typeof chunk === "string" ? Buffer.from(chunk) : chunk;
      this.#buffered = this.#buffered.length === 0 ? bytes : Buffer.concat([this.#buffered, bytes]);
      this.#wakeAll();
    });
    for (const event of ["end", "close"])
      stream.on(event, () => {
        this.#ended = true;
        this.#wakeAll();
      });
    stream.on("error", (error: Error) => {
      this.#error = error;
      this.#wakeAll();
    });
    return stream;
  }

  #wakeAll(): void {
    const waiting = this.#wake;
    this.#wake = [];
    for (const wake of waiting) wake();
  }
}

function kindOfDescriptor(fd: number): "terminal" | "pipe" | "file" {
  try {
    const stat = fs.fstatSync(fd);
    if (stat.isCharacterDevice() && !isNull(stat) && isTerminal(fd)) return "terminal";
    return stat.isFIFO() || stat.isSocket() ? "pipe" : "file";
  } catch {
    return "file"; // closed: reads and writes fail with EBADF
  }
}

/** Whether it is /dev/null, the device that is asked about most. */
function isNull({ rdev }: fs.Stats): boolean {
  return process.platform !== "win32" && rdev === fs.statSync("/dev/null").rdev;
}

/** Whether a descriptor is a terminal. node:tty brings node:net and the streams: it is loaded only for a device. */
export function isTerminal(fd: number): boolean {
  const { isatty } = createRequire(import.meta.url)("node:tty") as { isatty(fd: number): boolean };
  return isatty(fd);
}
