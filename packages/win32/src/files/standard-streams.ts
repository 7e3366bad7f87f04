import type { HostInput, HostOutput } from "@decant/host";
import { ERROR, Win32Error } from "@decant/hook";
import { FILE_TYPE, IoObject } from "./io-object.ts";

/** How a program ends whose output nobody reads any more: what a shell shows for SIGPIPE. */
export const BROKEN_OUTPUT_EXIT_CODE = 141;

/** NUL: reads nothing, swallows everything. */
export class NullDevice extends IoObject {
  readonly fileType = FILE_TYPE.CHAR;

  override read(): number {
    return 0;
  }

  override write(bytes: Uint8Array): number {
    return bytes.length;
  }
}

/** Standard input that is a pipe or a file. */
export class InputStream extends IoObject {
  readonly fileType: number;
  readonly input: HostInput;

  constructor(input: HostInput) {
    super();
    this.input = input;
    this.fileType = input.kind === "file" ? FILE_TYPE.DISK : input.kind === "pipe" ? FILE_TYPE.PIPE : FILE_TYPE.CHAR;
  }

  override describe(): string {
    return "stdin";
  }

  override read(into: Uint8Array): number | Promise<Uint8Array> {
    if (into.length === 0) return 0;
    const bytes = this.input.read(into.length);
    if (bytes instanceof Promise) return bytes.then((arrived) => this.#checked(arrived));
    into.set(this.#checked(bytes));
    return bytes.length;
  }

  /** A pipe whose other end is closed says so; a file just ends. */
  #checked(bytes: Uint8Array): Uint8Array {
    if (bytes.length === 0 && this.input.kind === "pipe") throw new Win32Error(ERROR.BROKEN_PIPE);
    return bytes;
  }
}

/** Standard output or error that is a pipe or a file: bytes go through as they are. */
export class OutputStream extends IoObject {
  readonly fileType: number;
  readonly output: HostOutput;
  readonly #stream: string;
  readonly #onBroken: () => void;

  /** `stream` is "stdout" or "stderr"; `onBroken` runs when nobody reads the output any more. */
  constructor(output: HostOutput, stream: string, onBroken: () => void) {
    super();
    this.output = output;
    this.#stream = stream;
    this.#onBroken = onBroken;
    this.fileType = output.kind === "file" ? FILE_TYPE.DISK : output.kind === "pipe" ? FILE_TYPE.PIPE : FILE_TYPE.CHAR;
  }

  override describe(): string {
    return this.#stream;
  }

  override get keepsRunOpen(): boolean {
    return true;
  }

  override write(bytes: Uint8Array): number {
    try {
      this.output.write(bytes);
    } catch (error) {
      if (error instanceof Error && "code" in error && error.code === "EPIPE") this.#onBroken();
      throw error;
    }
    return bytes.length;
  }
}
