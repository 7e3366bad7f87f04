import type { HostInput, HostOutput } from "@decant/host";
import { ERROR, Win32Error } from "@decant/hook";
import type { TextCodec } from "@decant/hook";
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
  readonly #onBroken: () => void;

  /** `onBroken` runs when nobody reads the output any more. */
  constructor(output: HostOutput, onBroken: () => void) {
    super();
    this.output = output;
    this.#onBroken = onBroken;
    this.fileType = output.kind === "file" ? FILE_TYPE.DISK : output.kind === "pipe" ? FILE_TYPE.PIPE : FILE_TYPE.CHAR;
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

/** ENABLE_* of SetConsoleMode. */
export const CONSOLE_MODE = {
  PROCESSED_INPUT: 1,
  LINE_INPUT: 2,
  ECHO_INPUT: 4,
  PROCESSED_OUTPUT: 1,
  WRAP_AT_EOL: 2,
  VIRTUAL_TERMINAL: 4,
} as const;

/** What all console handles of a process share. */
export interface ConsoleState {
  inputCodePage: number;
  outputCodePage: number;
  title: string;
}

/** A terminal to read from. */
export class ConsoleInput extends InputStream {
  mode: number = CONSOLE_MODE.PROCESSED_INPUT | CONSOLE_MODE.LINE_INPUT | CONSOLE_MODE.ECHO_INPUT;
  readonly #codec: () => TextCodec;
  #rest = new Uint8Array(0);

  /** `codec` is the console's input code page. */
  constructor(input: HostInput, codec: () => TextCodec) {
    super(input);
    this.#codec = codec;
  }

  /** Lines as bytes of the input code page, with the CR LF that a console ends them with. */
  override read(into: Uint8Array): number | Promise<Uint8Array> {
    if (into.length === 0) return 0;
    const take = (): Uint8Array => {
      const taken = this.#rest.slice(0, into.length);
      this.#rest = this.#rest.slice(into.length);
      return taken;
    };
    if (this.#rest.length > 0) {
      const taken = take();
      into.set(taken);
      return taken.length;
    }
    return this.readText(4096).then((text) => {
      this.#rest = Uint8Array.from(this.#codec().encode(text));
      return take();
    });
  }

  /** What was typed, as text; empty at the end (Ctrl-Z, or Ctrl-D of the host's). */
  async readText(maxBytes: number): Promise<string> {
    const text = new TextDecoder().decode(await this.input.read(maxBytes)).replace(/\r?\n/g, "\r\n");
    return text.startsWith("\u001a") ? "" : text;
  }
}

/** A terminal to write to: bytes are text of the output code page. */
export class ConsoleOutput extends OutputStream {
  mode: number = CONSOLE_MODE.PROCESSED_OUTPUT | CONSOLE_MODE.WRAP_AT_EOL | CONSOLE_MODE.VIRTUAL_TERMINAL;
  /** SetConsoleTextAttribute's colours. */
  attributes = 7;
  readonly #codePage: () => { id: number; codec: TextCodec };
  #utf8 = new TextDecoder("utf-8", { ignoreBOM: true });

  constructor(output: HostOutput, onBroken: () => void, codePage: () => { id: number; codec: TextCodec }) {
    super(output, onBroken);
    this.#codePage = codePage;
  }

  override write(bytes: Uint8Array): number {
    const { id, codec } = this.#codePage();
    // A character of UTF-8 may come in pieces.
    this.writeText(id === 65001 ? this.#utf8.decode(bytes, { stream: true }) : codec.decode(bytes));
    return bytes.length;
  }

  writeText(text: string): void {
    super.write(new TextEncoder().encode(text));
  }
}
