import { CONSOLE_MODE } from "./modes.ts";
import { DEFAULT_ATTRIBUTES, renditionOf } from "./colours.ts";
import { Screen, type Cell } from "./screen.ts";

/** What a console without ENABLE_PROCESSED_OUTPUT shows for control characters (code page 437). */
const GLYPHS = " ☺☻♥♦♣♠•◘○◙♂♀♪♫☼►◄↕‼¶§▬↨↑↓→←∟↔▲▼";

/** A rectangle of cells, its edges included. */
export interface Rectangle {
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
}

/** Where the bytes of the active screen buffer go. */
export interface TerminalSink {
  readonly columns: number;
  readonly rows: number;
  write(text: string): void;
}

/**
 * A console screen buffer: what it shows, and, while it is the active one, the terminal that shows it. Its size is the terminal's. A
 * terminal does not tell where its cursor is: until the screen is cleared or replaced, positions are reached by moving from where it is.
 */
export class ScreenBuffer {
  mode: number = CONSOLE_MODE.PROCESSED_OUTPUT | CONSOLE_MODE.WRAP_AT_EOL | CONSOLE_MODE.VIRTUAL_TERMINAL;
  cursorSize = 25;
  readonly screen: Screen;
  readonly #terminal: TerminalSink;
  #isActive: boolean;
  /** Row and column of the model are the terminal's own. */
  #isPlaced: boolean;
  /** The attributes that the terminal writes with. */
  #shownAttributes: number = DEFAULT_ATTRIBUTES;

  constructor(terminal: TerminalSink, isActive: boolean) {
    this.#terminal = terminal;
    this.#isActive = isActive;
    this.#isPlaced = !isActive;
    const { columns, rows } = terminal;
    this.screen = new Screen(columns, rows, isActive ? rows - 1 : 0);
  }

  get attributes(): number {
    return this.screen.attributes;
  }

  /** Follows the terminal's size. */
  refresh(): void {
    this.screen.resize(this.#terminal.columns, this.#terminal.rows);
  }

  /** Takes text as WriteConsole does. */
  writeText(text: string): void {
    this.refresh();
    const plain = this.#processed(text);
    this.screen.write(plain);
    this.#shownAttributes = this.screen.attributes;
    this.#emit(plain);
  }

  /** Sets the attributes that later text has. */
  setAttributes(attributes: number): void {
    this.screen.attributes = attributes;
    this.#rendition(attributes);
  }

  setMode(mode: number): void {
    const wraps = (mode & CONSOLE_MODE.WRAP_AT_EOL) !== 0;
    if (wraps !== this.screen.wraps) this.#emit(wraps ? "\u001b[?7h" : "\u001b[?7l");
    this.screen.wraps = wraps;
    this.mode = mode;
  }

  /** Moves the cursor to a place on the screen. */
  moveTo(x: number, y: number): void {
    this.#emit(this.#movement(this.screen, { x, y }));
    this.screen.moveTo(x, y);
  }

  showCursor(isVisible: boolean): void {
    this.screen.cursorVisible = isVisible;
    this.#emit(isVisible ? "\u001b[?25h" : "\u001b[?25l");
  }

  /** Changes cells: `change` gives each cell's new one, or undefined to leave it. Only what differs is sent. */
  change(cells: Iterable<readonly [x: number, y: number, cell: Cell]>): void {
    const { screen } = this;
    const changed = new Map<number, number[]>();
    for (const [x, y, cell] of cells) {
      const old = screen.cell(x, y);
      if (old.text === cell.text && old.attributes === cell.attributes) continue;
      screen.setCell(x, y, cell);
      const columns = changed.get(y) ?? [];
      columns.push(x);
      changed.set(y, columns);
    }
    if (changed.size === 0 || !this.#isActive) return;
    if (this.#isBlank()) this.#sendClear();
    else this.#send(changed);
  }

  /** Everything blank, cursor at the start, as a full-screen program begins. */
  clear(attributes: number): void {
    const blank = { text: " ", attributes };
    for (let y = 0; y < this.screen.height; y++) for (let x = 0; x < this.screen.width; x++) this.screen.setCell(x, y, blank);
    this.#sendClear();
  }

  /** Becomes the one that the terminal shows, on its other page when it is not the first. */
  activate(isFirst: boolean): void {
    this.#isActive = true;
    if (isFirst) {
      this.#emit("\u001b[?1049l");
      this.#rendition(this.screen.attributes, true);
      return;
    }
    this.#emit("\u001b[?1049h");
    this.refresh();
    this.#isPlaced = true;
    this.#sendClear();
    const all = new Map<number, number[]>();
    for (let y = 0; y < this.screen.height; y++)
      all.set(
        y,
        Array.from({ length: this.screen.width }, (_, x) => x),
      );
    if (!this.#isBlank()) this.#send(all);
    this.#emit(this.screen.cursorVisible ? "\u001b[?25h" : "\u001b[?25l");
  }

  deactivate(): void {
    this.#isActive = false;
  }

  /** The cells of a rectangle, those outside the screen left out. */
  *within({ left, top, right, bottom }: Rectangle): Generator<readonly [x: number, y: number]> {
    const { width, height } = this.screen;
    for (let y = Math.max(0, top); y <= Math.min(bottom, height - 1); y++)
      for (let x = Math.max(0, left); x <= Math.min(right, width - 1); x++) yield [x, y];
  }

  #emit(text: string): void {
    if (this.#isActive && text !== "") this.#terminal.write(text);
  }

  /** What the terminal is given for text: by the mode, control characters act or are shown, and an escape begins a sequence or is an arrow. */
  #processed(text: string): string {
    if ((this.mode & CONSOLE_MODE.PROCESSED_OUTPUT) === 0) return replaceControls(text, true);
    const shown = (this.mode & CONSOLE_MODE.VIRTUAL_TERMINAL) === 0 ? replaceControls(text, false) : text;
    // The terminal's driver makes a return of every line feed: going down only is another sequence.
    return (this.mode & CONSOLE_MODE.DISABLE_NEWLINE_AUTO_RETURN) === 0 ? shown : shown.replaceAll(/(?<!\r)\n/g, "\u001bD");
  }

  #rendition(attributes: number, always = false): void {
    if (!always && attributes === this.#shownAttributes) return;
    this.#shownAttributes = attributes;
    this.#emit(renditionOf(attributes));
  }

  #movement(from: { x: number; y: number }, to: { x: number; y: number }): string {
    if (this.#isPlaced) return `\u001b[${to.y + 1};${to.x + 1}H`;
    const down = to.y - from.y;
    const vertical = down === 0 ? "" : down > 0 ? `\u001b[${down}B` : `\u001b[${-down}A`;
    return `\r${vertical}${to.x > 0 ? `\u001b[${to.x}C` : ""}`;
  }

  /** Whether every cell is a space of one colour. */
  #isBlank(): boolean {
    const { attributes } = this.screen.cell(0, 0);
    for (let y = 0; y < this.screen.height; y++) {
      for (let x = 0; x < this.screen.width; x++) {
        const cell = this.screen.cell(x, y);
        if (cell.text !== " " || cell.attributes !== attributes) return false;
      }
    }
    return true;
  }

  #sendClear(): void {
    if (!this.#isActive) return;
    const { x, y } = this.screen;
    this.#rendition(this.screen.cell(0, 0).attributes);
    this.#isPlaced = true;
    this.#emit("\u001b[2J");
    this.#emit(this.#movement({ x, y }, { x, y }));
    this.#rendition(this.screen.attributes);
  }

  /** Sends cells by row, runs of one colour together, and puts the cursor back. */
  #send(changed: ReadonlyMap<number, readonly number[]>): void {
    const { screen } = this;
    const home = { x: screen.x, y: screen.y };
    let at = home;
    let text = "";
    for (const [y, columns] of changed) {
      for (const [from, until] of runs(columns)) {
        text += this.#movement(at, { x: from, y });
        for (let x = from; x <= until; x++) {
          const cell = screen.cell(x, y);
          if (cell.attributes !== this.#shownAttributes) text += renditionOf((this.#shownAttributes = cell.attributes));
          text += cell.text;
        }
        at = { x: Math.min(until + 1, screen.width - 1), y };
      }
    }
    text += this.#movement(at, home);
    if (this.#shownAttributes !== screen.attributes) text += renditionOf((this.#shownAttributes = screen.attributes));
    this.#emit(text);
  }
}

function replaceControls(text: string, all: boolean): string {
  return text.replaceAll(/\p{Cc}/gu, (character) => {
    const code = character.charCodeAt(0);
    if (code >= 0x20) return code === 0x7f ? "⌂" : "";
    return all || !"\0\u0007\b\t\n\r".includes(character) ? GLYPHS[code]! : character;
  });
}

/** Consecutive columns, as first and last. */
function* runs(columns: readonly number[]): Generator<readonly [from: number, until: number]> {
  const sorted = [...columns].sort((a, b) => a - b);
  let from = sorted[0];
  if (from === undefined) return;
  let until = from;
  for (const x of sorted.slice(1)) {
    if (x > until + 1) {
      yield [from, until];
      from = x;
    }
    until = x;
  }
  yield [from, until];
}
