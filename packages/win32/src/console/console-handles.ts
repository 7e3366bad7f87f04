import type { TextCodec } from "@decant/hook";
import type { Waiter } from "@decant/process";
import { FILE_TYPE, IoObject } from "../files/io-object.ts";
import type { ConsoleDevice } from "./console-device.ts";
import { INPUT_MODE } from "./modes.ts";
import type { ScreenBuffer } from "./screen-buffer.ts";

/** A handle to a console's input: CONIN$, or standard input that is a terminal. Signaled while events are there to be read. */
export class ConsoleInput extends IoObject {
  readonly fileType = FILE_TYPE.CHAR;
  readonly device: ConsoleDevice;
  readonly #codec: () => TextCodec;
  #rest = new Uint8Array(0);
  #stopListening: (() => void) | undefined;

  /** `codec` is the console's input code page. */
  constructor(device: ConsoleDevice, codec: () => TextCodec) {
    super();
    this.device = device;
    this.#codec = codec;
  }

  get mode(): number {
    return this.device.inputMode;
  }

  override isSignaled(): boolean {
    this.device.pump();
    return this.device.events.length > 0;
  }

  override addWaiter(waiter: Waiter): void {
    this.#stopListening ??= this.device.onEvents(() => this.wake());
    super.addWaiter(waiter);
  }

  protected override close(): void {
    this.#stopListening?.();
  }

  /** Text as bytes of the input code page; none for a line that begins with Ctrl-Z, and at the end. */
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
    return this.#text().then((text) => {
      this.#rest = Uint8Array.from(this.#codec().encode(text.startsWith("\u001a") && this.#isLine() ? "" : text));
      return take();
    });
  }

  /** At most so many UTF-16 units of what was typed: of a line, or as the keys come. */
  async readText(maxUnits: number): Promise<string> {
    const text = await this.#text();
    this.device.unread = text.slice(maxUnits) + this.device.unread;
    return text.slice(0, maxUnits);
  }

  #isLine(): boolean {
    return (this.mode & INPUT_MODE.LINE) !== 0;
  }

  async #text(): Promise<string> {
    return this.#isLine() ? await this.device.readLine() : await this.device.readCharacters();
  }
}

/** A handle to a screen buffer: CONOUT$, standard output that is a terminal, or one that a program made. */
export class ConsoleOutput extends IoObject {
  readonly fileType = FILE_TYPE.CHAR;
  readonly buffer: ScreenBuffer;
  readonly #codePage: () => { id: number; codec: TextCodec };
  readonly #onClose: () => void;
  #utf8 = new TextDecoder("utf-8", { ignoreBOM: true });

  constructor(buffer: ScreenBuffer, codePage: () => { id: number; codec: TextCodec }, onClose: () => void = () => {}) {
    super();
    this.buffer = buffer;
    this.#codePage = codePage;
    this.#onClose = onClose;
  }

  get mode(): number {
    return this.buffer.mode;
  }

  /** Bytes are text of the output code page. */
  override write(bytes: Uint8Array): number {
    const { id, codec } = this.#codePage();
    // A character of UTF-8 may come in pieces.
    this.buffer.writeText(id === 65001 ? this.#utf8.decode(bytes, { stream: true }) : codec.decode(bytes));
    return bytes.length;
  }

  protected override close(): void {
    this.#onClose();
  }
}
