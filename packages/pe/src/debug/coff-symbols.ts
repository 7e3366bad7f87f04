import type { Image } from "../image.ts";

/** A symbol of a COFF symbol table that names code or data. */
export interface CoffSymbol {
  readonly name: string;
  readonly rva: number;
  readonly isFunction: boolean;
}

const SYMBOL_SIZE = 18;
/** More than any linker writes; what claims more is damaged. */
const MAX_SYMBOLS = 4_000_000;
const MAX_NAME = 4096;
const CLASS = { EXTERNAL: 2, STATIC: 3, LABEL: 6 } as const;
/** DTYPE_FUNCTION in the upper half of the type. */
const TYPE_FUNCTION = 2;

/** Where an image's COFF symbols and the string table after them lie; undefined when there are none, as in most images of Microsoft's linker. */
function symbolTable({ bytes }: Image): { view: DataView; start: number; count: number; strings: number } | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const nt = view.getUint32(0x3c, true);
  const start = view.getUint32(nt + 12, true);
  const count = view.getUint32(nt + 16, true);
  const strings = start + count * SYMBOL_SIZE;
  return start === 0 || count === 0 || count > MAX_SYMBOLS || strings + 4 > bytes.length ? undefined : { view, start, count, strings };
}

/**
 * The symbols of an image that name places in its sections, in no order (PE Format, "COFF Symbol Table"). Damaged entries are left out; nothing is
 * thrown.
 */
export function readCoffSymbols(image: Image): CoffSymbol[] {
  const table = symbolTable(image);
  if (table === undefined) return [];
  const { view, start, count, strings } = table;
  const symbols: CoffSymbol[] = [];
  for (let i = 0; i < count; i++) {
    const at = start + i * SYMBOL_SIZE;
    const section = image.sections[view.getInt16(at + 12, true) - 1];
    const type = view.getUint16(at + 14, true);
    const storage = view.getUint8(at + 16);
    i += view.getUint8(at + 17);
    if (section === undefined || (storage !== CLASS.EXTERNAL && storage !== CLASS.STATIC && storage !== CLASS.LABEL)) continue;
    const offset = view.getUint32(at + 8, true);
    const name =
      view.getUint32(at, true) === 0 ? textAt(image.bytes, strings + view.getUint32(at + 4, true), MAX_NAME) : textAt(image.bytes, at, 8);
    // Sections are symbols too, at offset 0.
    if (name === "" || name.startsWith(".") || offset >= section.virtualSize) continue;
    symbols.push({ name, rva: section.rva + offset, isFunction: type >> 4 === TYPE_FUNCTION });
  }
  return symbols;
}

/** The bytes of a section, by its whole name: names longer than eight characters are "/offset" into the string table. */
export function sectionBytes(image: Image, name: string): Uint8Array | undefined {
  const table = symbolTable(image);
  for (const section of image.sections) {
    const long = /^\/(\d+)$/.exec(section.name);
    const whole = long === null || table === undefined ? section.name : textAt(image.bytes, table.strings + Number(long[1]), MAX_NAME);
    if (whole !== name) continue;
    const size = Math.min(section.rawSize, section.virtualSize);
    return image.bytes.subarray(section.rawOffset, section.rawOffset + size);
  }
  return undefined;
}

function textAt(bytes: Uint8Array, start: number, max: number): string {
  let text = "";
  for (let at = start; at < Math.min(bytes.length, start + max) && bytes[at] !== 0; at++) text += String.fromCharCode(bytes[at] as number);
  return text;
}
