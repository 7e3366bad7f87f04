import { ERROR, Win32Error, type Handle, type Out, type Pointer } from "@decant/hook";
import { implement, type Thread } from "@decant/process";
import { cellWidth } from "../console/cell-width.ts";
import type { Cell } from "../console/screen.ts";
import type { Rectangle, ScreenBuffer } from "../console/screen-buffer.ts";
import { consoleCellsApi } from "./console.api.ts";
import { consoleCodec, coordinates, screenOf } from "./console-handle.ts";

/** COMMON_LVB_LEADING_BYTE and COMMON_LVB_TRAILING_BYTE: the two columns of a wide character. */
const LEADING = 0x100;
const TRAILING = 0x200;
const CHAR_INFO_SIZE = 4;

interface SmallRect {
  readonly Left: number;
  readonly Top: number;
  readonly Right: number;
  readonly Bottom: number;
}

type Region = Out<SmallRect, Partial<SmallRect>>;

/** Cells of screen buffers, read and written. */
export const consoleCells = implement(consoleCellsApi, {
  FillConsoleOutputCharacterA(thread, handle, character, length, at, written) {
    const text = consoleCodec(thread, "output").decode(Uint8Array.of(character & 0xff));
    return fill(screenOf(thread, handle), length, at, written, (cell) => ({ ...cell, text: shownText(text) }));
  },
  FillConsoleOutputCharacterW: (thread, handle, character, length, at, written) =>
    fill(screenOf(thread, handle), length, at, written, (cell) => ({ ...cell, text: shownText(String.fromCharCode(character)) })),
  FillConsoleOutputAttribute: (thread, handle, attribute, length, at, written) =>
    fill(screenOf(thread, handle), length, at, written, (cell) => ({ ...cell, attributes: attribute })),

  WriteConsoleOutputCharacter(thread, handle, characters, length, at, written) {
    const isWide = characters.charSize === 2;
    const text = isWide ? characters.text(length) : consoleCodec(thread, "output").decode(thread.memory.read(characters.address, length));
    const cells: string[] = [];
    for (const character of text) {
      cells.push(shownText(character));
      if (cellWidth(character.codePointAt(0)!) === 2) cells.push("");
    }
    fill(screenOf(thread, handle), cells.length, at, written, (cell, index) => ({ ...cell, text: cells[index]! }));
    written.set(length);
    return true;
  },
  WriteConsoleOutputAttribute(thread, handle, attributes, length, at, written) {
    const buffer = screenOf(thread, handle);
    const shown = Math.min(length, buffer.screen.width * buffer.screen.height);
    const values = words(attributes.read(2 * shown));
    return fill(buffer, shown, at, written, (cell, index) => ({ ...cell, attributes: values.getUint16(2 * index, true) }));
  },
  ReadConsoleOutputCharacter(thread, handle, target, length, at, read) {
    const cells = cellsFrom(screenOf(thread, handle), length, at);
    // A wide character's second column has nothing to read.
    const text = cells.map(({ text: shown }) => shown).join(""); // prettier-ignore
    if (target.charSize === 2) read.set(target.writeUnterminated(text, length));
    else {
      const bytes = consoleCodec(thread, "output").encode(text).subarray(0, length);
      thread.memory.write(target.address, bytes);
      read.set(bytes.length);
    }
    return true;
  },
  ReadConsoleOutputAttribute(thread, handle, target, length, at, read) {
    const cells = cellsFrom(screenOf(thread, handle), length, at);
    const bytes = new Uint8Array(2 * cells.length);
    cells.forEach(({ attributes }, index) => words(bytes).setUint16(2 * index, attributes, true));
    target.write(bytes);
    read.set(cells.length);
    return true;
  },

  WriteConsoleOutputA: (thread, handle, source, size, from, region) =>
    writeBlock(thread, handle, { source, size, from, region, isWide: false }),
  WriteConsoleOutputW: (thread, handle, source, size, from, region) =>
    writeBlock(thread, handle, { source, size, from, region, isWide: true }),
  ReadConsoleOutputA: (thread, handle, source, size, from, region) =>
    readBlock(thread, handle, { source, size, from, region, isWide: false }),
  ReadConsoleOutputW: (thread, handle, source, size, from, region) =>
    readBlock(thread, handle, { source, size, from, region, isWide: true }),

  ScrollConsoleScreenBufferA: (thread, handle, moved, clip, origin, fillWith) =>
    scroll(screenOf(thread, handle), moved, clip, origin, {
      text: shownText(consoleCodec(thread, "output").decode(Uint8Array.of(fillWith & 0xff))),
      attributes: fillWith >>> 16,
    }),
  ScrollConsoleScreenBufferW: (thread, handle, moved, clip, origin, fillWith) =>
    scroll(screenOf(thread, handle), moved, clip, origin, {
      text: shownText(String.fromCharCode(fillWith & 0xffff)),
      attributes: fillWith >>> 16,
    }),
});

/** Changes cells from a place on, line after line; tells how many there were room for. */
function fill(
  buffer: ScreenBuffer,
  length: number,
  at: number,
  written: Out<number>,
  cellOf: (cell: Cell, index: number) => Cell,
): boolean {
  const { screen } = buffer;
  const start = startOf(buffer, at);
  const count = Math.min(length, screen.width * screen.height - start);
  const changes = function* (): Generator<readonly [x: number, y: number, cell: Cell]> {
    for (let index = 0; index < count; index++) {
      const x = (start + index) % screen.width;
      const y = Math.floor((start + index) / screen.width);
      yield [x, y, cellOf(screen.cell(x, y), index)];
    }
  };
  buffer.change(changes());
  written.set(count);
  return true;
}

function cellsFrom(buffer: ScreenBuffer, length: number, at: number): Cell[] {
  const { screen } = buffer;
  const start = startOf(buffer, at);
  const count = Math.min(length, screen.width * screen.height - start);
  return Array.from({ length: count }, (_, index) =>
    screen.cell((start + index) % screen.width, Math.floor((start + index) / screen.width)),
  );
}

/** Throws ERROR_INVALID_PARAMETER for a place outside the buffer. */
function startOf({ screen }: ScreenBuffer, at: number): number {
  const { x, y } = coordinates(at);
  if (x < 0 || y < 0 || x >= screen.width || y >= screen.height) throw new Win32Error(ERROR.INVALID_PARAMETER);
  return y * screen.width + x;
}

/** A rectangle of CHAR_INFOs in the guest's memory, and the one of the screen that it goes to or comes from. */
interface Block {
  readonly source: Pointer;
  readonly size: number;
  readonly from: number;
  readonly region: Region;
  readonly isWide: boolean;
}

interface Overlap extends Rectangle {
  /** The index in the guest's array of a place on the screen. */
  indexOf(x: number, y: number): number;
  readonly count: number;
}

/** What of the region lies on the screen and in the array; the region is cut to that. Undefined when nothing does. */
function overlap({ screen }: ScreenBuffer, { size, from, region }: Block): Overlap | undefined {
  const { x: columns, y: rows } = coordinates(size);
  const { x: fromX, y: fromY } = coordinates(from);
  if (columns <= 0 || rows <= 0 || fromX < 0 || fromY < 0) throw new Win32Error(ERROR.INVALID_PARAMETER);
  const { Left, Top, Right, Bottom } = region.get();
  const left = Math.max(Left, 0);
  const top = Math.max(Top, 0);
  const right = Math.min(Right, screen.width - 1, Left + (columns - fromX) - 1);
  const bottom = Math.min(Bottom, screen.height - 1, Top + (rows - fromY) - 1);
  region.set({ Left: left, Top: top, Right: right, Bottom: bottom });
  if (right < left || bottom < top) return undefined;
  const indexOf = (x: number, y: number): number => (fromY + y - Top) * columns + fromX + x - Left;
  return { left, top, right, bottom, indexOf, count: columns * rows };
}

function writeBlock(thread: Thread, handle: Handle, block: Block): boolean {
  const buffer = screenOf(thread, handle);
  const area = overlap(buffer, block);
  if (area === undefined) return true;
  const infos = words(block.source.read(CHAR_INFO_SIZE * (area.indexOf(area.right, area.bottom) + 1)));
  const codec = consoleCodec(thread, "output");
  const changes = function* (): Generator<readonly [x: number, y: number, cell: Cell]> {
    for (const [x, y] of buffer.within(area)) {
      const at = CHAR_INFO_SIZE * area.indexOf(x, y);
      const attributes = infos.getUint16(at + 2, true);
      const unit = infos.getUint16(at, true);
      const text = block.isWide ? String.fromCharCode(unit) : codec.decode(Uint8Array.of(unit & 0xff));
      yield [x, y, { text: (attributes & TRAILING) !== 0 ? "" : shownText(text), attributes: attributes & ~(LEADING | TRAILING) }];
    }
  };
  buffer.change(changes());
  return true;
}

function readBlock(thread: Thread, handle: Handle, block: Block): boolean {
  const buffer = screenOf(thread, handle);
  const area = overlap(buffer, block);
  if (area === undefined) return true;
  const bytes = block.source.read(CHAR_INFO_SIZE * (area.indexOf(area.right, area.bottom) + 1));
  const infos = words(bytes);
  const codec = consoleCodec(thread, "output");
  for (const [x, y] of buffer.within(area)) {
    const { text, attributes } = buffer.screen.cell(x, y);
    const isWide = text !== "" && cellWidth(text.codePointAt(0)!) === 2;
    const at = CHAR_INFO_SIZE * area.indexOf(x, y);
    infos.setUint16(at, block.isWide ? text.charCodeAt(0) || 0x20 : (codec.encode(text)[0] ?? 0x20), true);
    infos.setUint16(at + 2, attributes | (isWide ? LEADING : 0) | (text === "" ? TRAILING : 0), true);
  }
  block.source.write(bytes);
  return true;
}

/** Moves a rectangle; where it was is filled, and nothing outside the clip changes. */
function scroll(buffer: ScreenBuffer, moved: SmallRect, clip: SmallRect | undefined, origin: number, filler: Cell): boolean {
  const { screen } = buffer;
  const { x: toX, y: toY } = coordinates(origin);
  const bounds = clip ?? { Left: 0, Top: 0, Right: screen.width - 1, Bottom: screen.height - 1 };
  const isInside = (x: number, y: number): boolean => x >= bounds.Left && x <= bounds.Right && y >= bounds.Top && y <= bounds.Bottom;
  const source = { left: moved.Left, top: moved.Top, right: moved.Right, bottom: moved.Bottom };
  const places = [...buffer.within(source)];
  const cells = places.map(([x, y]) => screen.cell(x, y));
  const changes = new Map<string, readonly [x: number, y: number, cell: Cell]>();
  for (const [x, y] of places) if (isInside(x, y)) changes.set(`${x},${y}`, [x, y, filler]);
  places.forEach(([x, y], index) => {
    const [newX, newY] = [x - moved.Left + toX, y - moved.Top + toY];
    const isOnScreen = newX >= 0 && newY >= 0 && newX < screen.width && newY < screen.height;
    if (isOnScreen && isInside(newX, newY)) changes.set(`${newX},${newY}`, [newX, newY, cells[index]!]);
  });
  buffer.change(changes.values());
  return true;
}

/** A cell shows a character: NUL and control characters are blank. */
function shownText(text: string): string {
  return text.charCodeAt(0) < 0x20 ? " " : text;
}

function words(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
}
