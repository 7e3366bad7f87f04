import { DwarfCursor, DwarfError } from "./dwarf-cursor.ts";
import { readForm, type DwarfSections, type FormContext } from "./dwarf-forms.ts";

/** From a virtual address (as linked) on, code is of this line. A line of 0 is where a run of code ends. */
export interface LineRow {
  readonly address: number;
  readonly file: string;
  readonly line: number;
}

const OPCODE = { copy: 1, advancePc: 2, advanceLine: 3, setFile: 4, constAddPc: 8, fixedAdvancePc: 9 } as const;
const EXTENDED = { endSequence: 1, setAddress: 2, defineFile: 3 } as const;
const CONTENT_PATH = 1;
/** Limits against files that were made to take for ever. */
const MAX_ROWS = 5_000_000;
const MAX_FILES = 100_000;

/** The rows of all line programs in .debug_line, versions 2 to 5, by address. Stops at what is damaged, and returns what came before. */
export function readDwarfLines(sections: DwarfSections): LineRow[] {
  const rows: LineRow[] = [];
  const cursor = new DwarfCursor(sections.line);
  try {
    while (!cursor.isAtEnd && rows.length < MAX_ROWS) readProgram(cursor, sections, rows);
  } catch (error) {
    if (!(error instanceof DwarfError)) throw error;
  }
  // Stable: where one run of code ends and another begins, the beginning counts.
  return rows.sort((a, b) => a.address - b.address || Math.sign(a.line) - Math.sign(b.line));
}

interface Header {
  readonly version: number;
  readonly addressSize: number;
  readonly minimumLength: number;
  readonly lineBase: number;
  readonly lineRange: number;
  readonly opcodeBase: number;
  readonly operandCounts: readonly number[];
  readonly files: (string | undefined)[];
}

function readProgram(section: DwarfCursor, sections: DwarfSections, rows: LineRow[]): void {
  const { length, is64 } = section.initialLength();
  const cursor = section.part(length);
  const header = readHeader(cursor, sections, is64);
  if (header !== undefined) runProgram(cursor, header, rows);
}

/** Leaves the cursor at the program's first opcode; undefined for a version that is not read. */
function readHeader(cursor: DwarfCursor, sections: DwarfSections, is64: boolean): Header | undefined {
  const version = cursor.u16();
  if (version < 2 || version > 5) return undefined;
  const addressSize = version >= 5 ? cursor.u8() : 8;
  if (version >= 5) cursor.u8();
  const headerLength = cursor.offset(is64);
  const programStart = cursor.at + headerLength;
  const minimumLength = cursor.u8();
  if (version >= 4) cursor.u8(); // instructions in a bundle: one
  cursor.u8(); // whether rows are statements at first
  const lineBase = cursor.i8();
  const lineRange = cursor.u8();
  const opcodeBase = cursor.u8();
  if (lineRange === 0 || opcodeBase === 0) throw new DwarfError("a line program without a range");
  const operandCounts = Array.from({ length: opcodeBase - 1 }, () => cursor.u8());
  const context: FormContext = { sections, version, is64, addressSize, unitStart: 0 };
  const files = version >= 5 ? readFiles(cursor, context) : readOldFiles(cursor);
  cursor.skip(programStart - cursor.at);
  return { version, addressSize, minimumLength, lineBase, lineRange, opcodeBase, operandCounts, files };
}

/** Versions 2 to 4: files count from 1. */
function readOldFiles(cursor: DwarfCursor): (string | undefined)[] {
  while (cursor.text() !== "");
  const files: (string | undefined)[] = [undefined];
  for (let name = cursor.text(); name !== "" && files.length < MAX_FILES; name = cursor.text()) {
    files.push(name);
    cursor.uleb();
    cursor.uleb();
    cursor.uleb();
  }
  return files;
}

/** Version 5: the directories, then the files, each in a format that comes before them; files count from 0. */
function readFiles(cursor: DwarfCursor, context: FormContext): (string | undefined)[] {
  readTable(cursor, context);
  return readTable(cursor, context);
}

function readTable(cursor: DwarfCursor, context: FormContext): (string | undefined)[] {
  const format = Array.from({ length: cursor.u8() }, () => ({ content: cursor.uleb(), form: cursor.uleb() }));
  const count = cursor.uleb();
  if (count > MAX_FILES) throw new DwarfError(`${count} files`);
  return Array.from({ length: count }, () => {
    let path: string | undefined;
    for (const { content, form } of format) {
      const value = readForm(cursor, form, context);
      if (content === CONTENT_PATH && typeof value === "string") path = value;
    }
    return path;
  });
}

function runProgram(cursor: DwarfCursor, header: Header, rows: LineRow[]): void {
  const { minimumLength, lineBase, lineRange, opcodeBase, operandCounts, files } = header;
  let address = 0;
  let file = 1;
  let line = 1;
  const row = (): void => {
    if (rows.length >= MAX_ROWS) throw new DwarfError("too many lines");
    rows.push({ address, file: files[file] ?? "?", line });
  };
  while (!cursor.isAtEnd) {
    const opcode = cursor.u8();
    if (opcode >= opcodeBase) {
      const adjusted = opcode - opcodeBase;
      address += Math.floor(adjusted / lineRange) * minimumLength;
      line += lineBase + (adjusted % lineRange);
      row();
      continue;
    }
    switch (opcode) {
      case 0: {
        const part = cursor.part(cursor.uleb());
        const extended = part.u8();
        if (extended === EXTENDED.endSequence) {
          rows.push({ address, file: "", line: 0 });
          address = 0;
          file = 1;
          line = 1;
        } else if (extended === EXTENDED.setAddress) address = part.unsigned(part.end - part.at);
        else if (extended === EXTENDED.defineFile && files.length < MAX_FILES) files.push(part.text());
        break;
      }
      case OPCODE.copy:
        row();
        break;
      case OPCODE.advancePc:
        address += cursor.uleb() * minimumLength;
        break;
      case OPCODE.advanceLine:
        line += cursor.sleb();
        break;
      case OPCODE.setFile:
        file = cursor.uleb();
        break;
      case OPCODE.constAddPc:
        address += Math.floor((255 - opcodeBase) / lineRange) * minimumLength;
        break;
      case OPCODE.fixedAdvancePc:
        address += cursor.u16();
        break;
      default:
        for (let i = operandCounts[opcode - 1] ?? 0; i > 0; i--) cursor.uleb();
    }
  }
}
