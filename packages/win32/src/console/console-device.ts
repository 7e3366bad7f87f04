import type { HostInput, HostOutput } from "@decant/host";
import type { Kernel } from "@decant/process";
import { OEM_CODE_PAGE } from "../text/code-pages.ts";
import { DEFAULT_ATTRIBUTES } from "./colours.ts";
import { keyEvents, textEvents, type InputEvent } from "./key-events.ts";
import { DEFAULT_INPUT_MODE, INPUT_MODE } from "./modes.ts";
import { ScreenBuffer } from "./screen-buffer.ts";

const DEFAULT_COLUMNS = 80;
const DEFAULT_ROWS = 25;
const READ_BYTES = 4096;
/** A program that never reads its input does not fill the memory. */
const MAX_EVENTS = 65_536;
/** The most text that is taken from keys at a time. */
const MAX_UNITS = 32_768;
const MOUSE_ON = "\u001b[?1003h\u001b[?1006h";
const MOUSE_OFF = "\u001b[?1006l\u001b[?1003l";

/**
 * The console that all processes of a kernel share: an input buffer, screen buffers of which one is shown, and the terminal behind them.
 * Keys are read one by one (the terminal is "raw") from when a program asks for events, or for input that is no line or not to be shown.
 */
export class ConsoleDevice {
  readonly events: InputEvent[] = [];
  readonly primary: ScreenBuffer;
  active: ScreenBuffer;
  /** Text that a read found and did not take: the rest of a line. */
  unread = "";
  inputCodePage: number = OEM_CODE_PAGE;
  outputCodePage: number = OEM_CODE_PAGE;
  readonly #kernel: Kernel;
  readonly #input: HostInput;
  readonly #output: HostOutput;
  readonly #listeners = new Set<() => void>();
  #waiting: (() => void)[] = [];
  #inputMode: number = DEFAULT_INPUT_MODE;
  #isRaw = false;
  #isPumping = false;
  #hasEnded = false;
  #hasMouse = false;
  #stopResize: (() => void) | undefined;
  #decoder = new TextDecoder();
  #title = "";
  /** Keys behind the end of a line that was edited here. */
  #typedAhead = "";

  constructor(kernel: Kernel, onBroken: () => void) {
    this.#kernel = kernel;
    const { stdin, stdout, stderr } = kernel.host;
    this.#input = stdin;
    // The console is where a terminal is.
    this.#output = !stdout.isTerminal && stderr.isTerminal ? stderr : stdout;
    const output = this.#output;
    const sink = {
      get columns() {
        return output.columns ?? DEFAULT_COLUMNS;
      },
      get rows() {
        return output.rows ?? DEFAULT_ROWS;
      },
      write(text: string) {
        if (output.isTerminal) writeAll(output, text, onBroken);
      },
    };
    this.primary = new ScreenBuffer(sink, true);
    this.active = this.primary;
    this.#sink = sink;
  }

  readonly #sink: ConstructorParameters<typeof ScreenBuffer>[0];

  get inputMode(): number {
    return this.#inputMode;
  }

  setInputMode(mode: number): void {
    this.#inputMode = mode;
    if ((mode & INPUT_MODE.LINE) !== 0 && (mode & INPUT_MODE.ECHO) !== 0 && !this.#isPumping) this.#setRaw(false);
    const wantsMouse = (mode & INPUT_MODE.MOUSE) !== 0 && (mode & INPUT_MODE.QUICK_EDIT) === 0 && (mode & INPUT_MODE.EXTENDED) !== 0;
    if (wantsMouse !== this.#hasMouse) {
      this.#hasMouse = wantsMouse;
      this.#sink.write(wantsMouse ? MOUSE_ON : MOUSE_OFF);
    }
  }

  get title(): string {
    return this.#title;
  }

  /** Names the window, in the terminal too once a program asks for it. */
  setTitle(title: string, isShown: boolean): void {
    this.#title = title;
    if (isShown) this.#sink.write(`\u001b]0;${title.replaceAll(/\p{Cc}/gu, "")}\u0007`);
  }

  createBuffer(): ScreenBuffer {
    return new ScreenBuffer(this.#sink, false);
  }

  show(buffer: ScreenBuffer): void {
    if (buffer === this.active) return;
    this.active.deactivate();
    this.active = buffer;
    buffer.activate(buffer === this.primary);
  }

  /** Runs when events have come. Returns what ends it. */
  onEvents(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Reads events from now on, for those who look and for those who wait. */
  pump(): void {
    this.#stopResize ??= this.#output.onResize?.(() => {
      const { width: x, height: y } = (this.active.refresh(), this.active.screen);
      if ((this.#inputMode & INPUT_MODE.WINDOW) !== 0) this.push([{ kind: "size", x, y }]);
    });
    this.#setRaw(true);
    if (this.#isPumping || this.#hasEnded || !this.#input.isTerminal) return;
    this.#isPumping = true;
    void this.#readEvents();
  }

  /** Resolves when events have come, or the terminal goes: from then on never. */
  async arrival(): Promise<void> {
    this.pump();
    await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }

  push(events: readonly InputEvent[]): void {
    this.events.push(...events.slice(0, Math.max(0, MAX_EVENTS - this.events.length)));
    this.#wake();
  }

  /** A line as the host edits it, or what is left of one; empty at the end of input. */
  async readLine(): Promise<string> {
    const { unread } = this;
    this.unread = "";
    if (unread !== "") return unread;
    const isTyped = this.#typedAhead !== "" || this.events.length > 0;
    if ((this.#inputMode & INPUT_MODE.ECHO) === 0 || this.#isPumping || isTyped) return await this.#editLine();
    this.#setRaw(false);
    const bytes = await this.#input.read(READ_BYTES);
    return this.#decoder.decode(bytes, { stream: true }).replaceAll(/\r?\n/g, "\r\n");
  }

  /** Characters as they are typed, at least one. */
  async readCharacters(): Promise<string> {
    for (;;) {
      const typed = this.takeText();
      if (typed !== "" || this.#hasEnded || !this.#input.isTerminal) return typed;
      await this.arrival();
    }
  }

  /** The characters of the events that are there; other keys are dropped, as ReadConsole does. */
  takeText(): string {
    const units = this.events.map((event) => (event.kind === "key" && event.isDown && event.unit !== 0 ? event.unit : undefined));
    const typed = String.fromCharCode(...units.filter((unit) => unit !== undefined).slice(0, MAX_UNITS));
    const text = this.unread + this.#typedAhead + typed;
    this.discard();
    return text;
  }

  /** Forgets what was typed and not read. */
  discard(): void {
    this.unread = "";
    this.#typedAhead = "";
    this.events.length = 0;
  }

  /** Gives the terminal back as it was. */
  restore(): void {
    this.show(this.primary);
    if (this.#hasMouse) this.#sink.write(MOUSE_OFF);
    this.#hasMouse = false;
    const { screen } = this.primary;
    if (!screen.cursorVisible) this.primary.showCursor(true);
    if (!screen.wraps) this.#sink.write("\u001b[?7h");
    if (screen.attributes !== DEFAULT_ATTRIBUTES) this.primary.setAttributes(DEFAULT_ATTRIBUTES);
    this.#setRaw(false);
    this.#stopResize?.();
    this.#stopResize = undefined;
  }

  #setRaw(isRaw: boolean): void {
    if (this.#isRaw === isRaw || !this.#input.isTerminal) return;
    this.#isRaw = isRaw;
    this.#input.setRaw?.(isRaw);
  }

  async #readEvents(): Promise<void> {
    for (;;) {
      const bytes = await this.#input.read(READ_BYTES);
      if (bytes.length === 0) break;
      this.#take(this.#decoder.decode(bytes, { stream: true }));
    }
    this.#isPumping = false;
    this.#hasEnded = true;
    this.#wake();
  }

  #take(text: string): void {
    const isProcessed = (this.#inputMode & INPUT_MODE.PROCESSED) !== 0;
    const parts = isProcessed ? text.split("\u0003") : [text];
    for (const [index, part] of parts.entries()) {
      if (index > 0) this.#kernel.interrupt();
      if (part === "") continue;
      this.push((this.#inputMode & INPUT_MODE.VIRTUAL_TERMINAL) === 0 ? keyEvents(part) : textEvents(part));
    }
  }

  /** A line that is not shown, or whose keys come one by one: edited here. */
  async #editLine(): Promise<string> {
    const shows = (this.#inputMode & INPUT_MODE.ECHO) !== 0;
    let line = "";
    for (;;) {
      const typed = await this.readCharacters();
      if (typed === "") return line;
      for (const [at, character] of [...typed].entries()) {
        if (character === "\r" || character === "\n") {
          this.#typedAhead = [...typed].slice(at + 1).join("");
          if (shows) this.active.writeText("\r\n");
          return `${line}\r\n`;
        }
        if (character === "\b" || character === "\u007f") {
          if (shows && line !== "") this.active.writeText("\b \b");
          line = [...line].slice(0, -1).join("");
        } else {
          line += character;
          if (shows) this.active.writeText(character);
        }
      }
    }
  }

  #wake(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const resolve of waiting) resolve();
    for (const listener of this.#listeners) listener();
  }
}

const devices = new WeakMap<Kernel, ConsoleDevice>();

/** The console of a kernel. `onBroken` runs when nobody sees the terminal any more. */
export function consoleDevice(kernel: Kernel, onBroken: () => void = () => {}): ConsoleDevice {
  let device = devices.get(kernel);
  if (device === undefined) devices.set(kernel, (device = new ConsoleDevice(kernel, onBroken)));
  return device;
}

function writeAll(output: HostOutput, text: string, onBroken: () => void): void {
  try {
    output.write(new TextEncoder().encode(text));
  } catch (error) {
    if (error instanceof Error && "code" in error && (error.code === "EPIPE" || error.code === "EIO")) onBroken();
    throw error;
  }
}
