import { cellWidth } from "./cell-width.ts";
import { attributesAfter, DEFAULT_ATTRIBUTES } from "./colours.ts";

/** A character on a screen. The second column of a wide one has no text. */
export interface Cell {
  readonly text: string;
  readonly attributes: number;
}

const TAB_WIDTH = 8;
/** More numbers than any sequence has. */
const MAX_PARAMETERS = 32;
/** A sequence that never ends is dropped. */
const MAX_SEQUENCE = 4096;

/**
 * What a screen shows after what was written to it: characters with attributes, a cursor, and the control sequences of a terminal ("Console
 * Virtual Terminal Sequences"). The terminal itself gets the same bytes; this is what a program reads back.
 */
export class Screen {
  width: number;
  height: number;
  x = 0;
  y: number;
  attributes: number = DEFAULT_ATTRIBUTES;
  cursorVisible = true;
  /** Whether text goes on in the next line at the right edge. */
  wraps = true;
  #rows: Cell[][];
  /** The last column was written: the next character goes to the next line. */
  #atEdge = false;
  #top = 0;
  #bottom: number;
  #saved = { x: 0, y: 0, attributes: DEFAULT_ATTRIBUTES };
  /** The beginning of a sequence whose end has not come. */
  #pending = "";

  /** The cursor starts in the given row: a terminal does not tell where it is. */
  constructor(width: number, height: number, row = 0) {
    this.width = width;
    this.height = height;
    this.y = row;
    this.#bottom = height - 1;
    this.#rows = Array.from({ length: height }, () => this.#blankRow());
  }

  /** Follows a window that changed its size; what is outside is lost, as in a terminal. */
  resize(width: number, height: number): void {
    if (width === this.width && height === this.height) return;
    // A terminal keeps the last lines.
    const lost = Math.max(0, this.y - (height - 1));
    this.width = width;
    this.height = height;
    this.#rows = Array.from({ length: height }, (_, row) => {
      const cells = this.#rows[row + lost]?.slice(0, width) ?? [];
      while (cells.length < width) cells.push(this.#blank());
      return cells;
    });
    this.y = Math.min(this.y - lost, height - 1);
    this.x = Math.min(this.x, width - 1);
    this.#top = 0;
    this.#bottom = height - 1;
    this.#atEdge = false;
  }

  cell(x: number, y: number): Cell {
    return this.#rows[y]![x]!;
  }

  setCell(x: number, y: number, cell: Cell): void {
    this.#rows[y]![x] = cell;
  }

  moveTo(x: number, y: number): void {
    this.x = Math.max(0, Math.min(this.width - 1, x));
    this.y = Math.max(0, Math.min(this.height - 1, y));
    this.#atEdge = false;
  }

  /** Takes text that a terminal was given: characters, control characters and sequences. */
  write(text: string): void {
    const all = this.#pending + text;
    this.#pending = "";
    for (let at = 0; at < all.length;) {
      const codePoint = all.codePointAt(at)!;
      if (codePoint === 0x1b) {
        const length = sequenceLength(all, at);
        if (length === undefined) {
          if (all.length - at < MAX_SEQUENCE) this.#pending = all.slice(at);
          return;
        }
        this.#sequence(all.slice(at, at + length));
        at += length;
      } else {
        if (codePoint < 0x20 || codePoint === 0x7f) this.#control(codePoint);
        else this.#put(String.fromCodePoint(codePoint), cellWidth(codePoint));
        at += codePoint > 0xffff ? 2 : 1;
      }
    }
  }

  /** Makes everything blank, the cursor where it was. */
  clear(): void {
    this.#rows = Array.from({ length: this.height }, () => this.#blankRow());
  }

  #put(text: string, width: 0 | 1 | 2): void {
    if (width === 0) return;
    if (this.#atEdge || this.x + width > this.width) {
      if (this.wraps) {
        this.x = 0;
        this.#lineFeed();
      } else this.x = Math.max(0, this.width - width);
      this.#atEdge = false;
    }
    const row = this.#rows[this.y]!;
    row[this.x] = { text, attributes: this.attributes };
    if (width === 2 && this.x + 1 < this.width) row[this.x + 1] = { text: "", attributes: this.attributes };
    this.x += width;
    if (this.x < this.width) return;
    this.x = this.width - 1;
    this.#atEdge = true;
  }

  #control(code: number): void {
    switch (code) {
      case 8:
        this.moveTo(this.x - 1, this.y);
        break;
      case 9:
        this.moveTo(Math.min(this.width - 1, (Math.floor(this.x / TAB_WIDTH) + 1) * TAB_WIDTH), this.y);
        break;
      case 10:
      case 11:
      case 12:
        // A console's line feed returns too; so does a terminal's, by its driver.
        this.x = 0;
        this.#lineFeed();
        this.#atEdge = false;
        break;
      case 13:
        this.moveTo(0, this.y);
        break;
      default:
    }
  }

  #lineFeed(): void {
    if (this.y === this.#bottom) this.#scroll(this.#top, this.#bottom, 1);
    else if (this.y < this.height - 1) this.y++;
  }

  /** Moves rows up by `count`, or down where it is negative; blank ones come in. */
  #scroll(top: number, bottom: number, count: number): void {
    const steps = Math.min(Math.abs(count), bottom - top + 1);
    for (let i = 0; i < steps; i++) {
      if (count > 0) {
        this.#rows.splice(top, 1);
        this.#rows.splice(bottom, 0, this.#blankRow());
      } else {
        this.#rows.splice(bottom, 1);
        this.#rows.splice(top, 0, this.#blankRow());
      }
    }
  }

  #sequence(sequence: string): void {
    const kind = sequence[1];
    if (kind === "[") return this.#csi(sequence);
    switch (kind) {
      case "7":
        this.#saved = { x: this.x, y: this.y, attributes: this.attributes };
        break;
      case "8":
        this.#restore();
        break;
      case "D":
        this.#lineFeed();
        break;
      case "E":
        this.x = 0;
        this.#lineFeed();
        break;
      case "M":
        if (this.y === this.#top) this.#scroll(this.#top, this.#bottom, -1);
        else this.moveTo(this.x, this.y - 1);
        break;
      case "c":
        this.attributes = DEFAULT_ATTRIBUTES;
        this.#top = 0;
        this.#bottom = this.height - 1;
        this.clear();
        this.moveTo(0, 0);
        break;
      default:
    }
    return undefined;
  }

  #restore(): void {
    this.moveTo(this.#saved.x, this.#saved.y);
    this.attributes = this.#saved.attributes;
  }

  #csi(sequence: string): void {
    const match = /^\[([?>!=]?)([\d;:]*)[ -/]*([@-~])$/.exec(sequence.slice(1));
    if (match === null) return;
    const [, prefix, numbers = "", final = ""] = match;
    const parameters = numbers === "" ? [] : numbers.split(/[;:]/, MAX_PARAMETERS).map(Number);
    if (prefix === "?") this.#privateMode(parameters, final);
    else if (prefix === "" || (prefix === "!" && final === "p")) this.#csiFinal(final, parameters, prefix ?? "");
  }

  #privateMode(parameters: readonly number[], final: string): void {
    if (final !== "h" && final !== "l") return;
    for (const mode of parameters) {
      if (mode === 25) this.cursorVisible = final === "h";
      if (mode === 7) this.wraps = final === "h";
      if (mode === 1049 || mode === 47 || mode === 1047) {
        // The other buffer is blank, and this one comes back by itself in the terminal: what is read back meanwhile is the other.
        if (final === "h") this.#saved = { x: this.x, y: this.y, attributes: this.attributes };
        this.clear();
        if (final === "l") this.#restore();
      }
    }
  }

  #csiFinal(final: string, parameters: readonly number[], prefix: string): void {
    const first = Math.max(1, parameters[0] ?? 1);
    const second = Math.max(1, parameters[1] ?? 1);
    switch (final) {
      case "A":
        return this.moveTo(this.x, this.y - first);
      case "B":
        return this.moveTo(this.x, this.y + first);
      case "C":
        return this.moveTo(this.x + first, this.y);
      case "D":
        return this.moveTo(this.x - first, this.y);
      case "E":
        return this.moveTo(0, this.y + first);
      case "F":
        return this.moveTo(0, this.y - first);
      case "G":
      case "`":
        return this.moveTo(first - 1, this.y);
      case "d":
        return this.moveTo(this.x, first - 1);
      case "H":
      case "f":
        return this.moveTo(second - 1, first - 1);
      case "m":
        this.attributes = attributesAfter(this.attributes, parameters);
        return undefined;
      case "s":
        this.#saved = { x: this.x, y: this.y, attributes: this.attributes };
        return undefined;
      case "u":
        return this.#restore();
      case "r":
        return this.#margins(parameters);
      case "p":
        if (prefix === "!") this.attributes = DEFAULT_ATTRIBUTES;
        return undefined;
      default:
        return this.#edit(final, first, parameters[0] ?? 0);
    }
  }

  #margins([top = 1, bottom = this.height]: readonly number[]): void {
    const [first, last] = [Math.max(1, top) - 1, Math.min(this.height, bottom || this.height) - 1];
    if (first >= last) return;
    this.#top = first;
    this.#bottom = last;
    this.moveTo(0, 0);
  }

  /** Sequences that erase, insert and delete. */
  #edit(final: string, count: number, what: number): void {
    const row = this.#rows[this.y]!;
    switch (final) {
      case "J":
        this.#erase(what === 0 ? this.#at() : 0, what === 1 ? this.#at() + 1 : this.width * this.height);
        break;
      case "K": {
        const line = this.y * this.width;
        this.#erase(what === 0 ? this.#at() : line, what === 1 ? this.#at() + 1 : line + this.width);
        break;
      }
      case "X":
        this.#erase(this.#at(), Math.min(this.#at() + count, (this.y + 1) * this.width));
        break;
      case "@":
        row.splice(this.x, 0, ...this.#blanks(Math.min(count, this.width - this.x)));
        row.length = this.width;
        break;
      case "P":
        row.splice(this.x, Math.min(count, this.width - this.x));
        row.push(...this.#blanks(this.width - row.length));
        break;
      case "L":
        if (this.y >= this.#top && this.y <= this.#bottom) this.#scroll(this.y, this.#bottom, -count);
        break;
      case "M":
        if (this.y >= this.#top && this.y <= this.#bottom) this.#scroll(this.y, this.#bottom, count);
        break;
      case "S":
        this.#scroll(this.#top, this.#bottom, count);
        break;
      case "T":
        this.#scroll(this.#top, this.#bottom, -count);
        break;
      default:
    }
  }

  #at(): number {
    return this.y * this.width + this.x;
  }

  #erase(from: number, until: number): void {
    for (let at = from; at < until; at++) this.#rows[Math.floor(at / this.width)]![at % this.width] = this.#blank();
  }

  #blank(): Cell {
    return { text: " ", attributes: this.attributes };
  }

  #blanks(count: number): Cell[] {
    return Array<Cell>(count).fill(this.#blank());
  }

  #blankRow(): Cell[] {
    return this.#blanks(this.width);
  }
}

/** How long the sequence is that begins with an escape; undefined while its end has not come. */
function sequenceLength(text: string, at: number): number | undefined {
  const kind = text[at + 1];
  if (kind === undefined) return undefined;
  if (kind === "[") {
    for (let i = at + 2; i < text.length; i++) {
      const code = text.charCodeAt(i);
      if (code >= 0x40 && code <= 0x7e) return i + 1 - at;
      if (code < 0x20) return i - at; // a control character breaks it off
    }
    return undefined;
  }
  if (kind === "]" || kind === "P" || kind === "_" || kind === "^" || kind === "X") {
    for (let i = at + 2; i < text.length; i++) {
      if (text[i] === "\u0007") return i + 1 - at;
      if (text[i] === "\u001b") return text[i + 1] === undefined ? undefined : i + 2 - at;
    }
    return undefined;
  }
  // ESC ( B and the like name a character set.
  if (/[ #%()*+\-./]/.test(kind)) return text[at + 2] === undefined ? undefined : 3;
  return 2;
}
