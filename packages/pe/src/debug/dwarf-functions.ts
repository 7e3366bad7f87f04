import { DwarfCursor, DwarfError } from "./dwarf-cursor.ts";
import { readForm, type DwarfSections, type FormContext, type FormValue } from "./dwarf-forms.ts";

/** A function that debug information describes: virtual addresses [start, end) as linked. */
export interface DwarfFunction {
  readonly name: string;
  readonly start: number;
  readonly end: number;
}

interface Abbreviation {
  readonly tag: number;
  /** Attribute, form and implicit constant, one after another. */
  readonly attributes: readonly number[];
}

const TAG = { compileUnit: 0x11, subprogram: 0x2e } as const;
const AT = { name: 0x03, lowPc: 0x11, highPc: 0x12, abstractOrigin: 0x31, specification: 0x47, linkageName: 0x6e, strOffsetsBase: 0x72, addrBase: 0x73 } as const; // prettier-ignore
const FORM_ADDR = 0x01;
const FORM_IMPLICIT = 0x21;
const UNIT_TYPE = { type: 0x02, skeleton: 0x04, splitCompile: 0x05, splitType: 0x06 } as const;
/** Limits against files that were made to take for ever. */
const MAX_ENTRIES = 20_000_000;
const MAX_ABBREVIATIONS = 100_000;

interface Raw {
  readonly offset: number;
  readonly name: string | undefined;
  readonly origin: number | undefined;
  readonly start: number | undefined;
  readonly end: number | undefined;
}

/** The functions with code in .debug_info, of DWARF 2 to 5. Stops at what is damaged, and returns what came before. */
export function readDwarfFunctions(sections: DwarfSections): DwarfFunction[] {
  const raws = new Map<number, Raw>();
  const cursor = new DwarfCursor(sections.info);
  try {
    for (let left = MAX_ENTRIES; !cursor.isAtEnd && left > 0;) left -= readUnit(cursor, sections, raws);
  } catch (error) {
    if (!(error instanceof DwarfError)) throw error;
  }
  const functions: DwarfFunction[] = [];
  for (const raw of raws.values()) {
    const name = nameOf(raw, raws);
    if (name !== undefined && raw.start !== undefined && raw.end !== undefined && raw.end > raw.start)
      functions.push({ name, start: raw.start, end: raw.end });
  }
  return functions;
}

/** A definition outside its class names its declaration, a copy its original. */
function nameOf(raw: Raw, raws: ReadonlyMap<number, Raw>): string | undefined {
  let at: Raw | undefined = raw;
  for (let hops = 0; at !== undefined && hops < 4; hops++) {
    if (at.name !== undefined) return at.name;
    at = at.origin === undefined ? undefined : raws.get(at.origin);
  }
  return undefined;
}

/** Reads one unit, and returns how many entries it had. */
function readUnit(section: DwarfCursor, sections: DwarfSections, raws: Map<number, Raw>): number {
  const unitStart = section.at;
  const { length, is64 } = section.initialLength();
  const cursor = section.part(length);
  const version = cursor.u16();
  if (version < 2 || version > 5) return 1;
  const unitType = version >= 5 ? cursor.u8() : 0;
  let addressSize = version >= 5 ? cursor.u8() : 0;
  const abbreviationOffset = cursor.offset(is64);
  if (version < 5) addressSize = cursor.u8();
  if (unitType === UNIT_TYPE.skeleton || unitType === UNIT_TYPE.splitCompile) cursor.skip(8);
  if (unitType === UNIT_TYPE.type || unitType === UNIT_TYPE.splitType) return 1;
  const abbreviations = readAbbreviations(sections.abbrev, abbreviationOffset);
  const context: FormContext = { sections, version, is64, addressSize, unitStart };
  let entries = 0;
  while (!cursor.isAtEnd) {
    const offset = cursor.at;
    const code = cursor.uleb();
    entries++;
    if (code === 0) continue;
    const abbreviation = abbreviations.get(code);
    if (abbreviation === undefined) throw new DwarfError(`abbreviation ${code}`);
    readEntry(cursor, offset, abbreviation, context, raws);
  }
  return entries;
}

function readEntry(
  cursor: DwarfCursor,
  offset: number,
  { tag, attributes }: Abbreviation,
  context: FormContext,
  raws: Map<number, Raw>,
): void {
  const values = new Map<number, FormValue>();
  let isSize = false;
  for (let i = 0; i < attributes.length; i += 3) {
    const attribute = attributes[i] as number;
    const form = attributes[i + 1] as number;
    const value = readForm(cursor, form, context, attributes[i + 2]);
    if (tag !== TAG.subprogram && tag !== TAG.compileUnit) continue;
    values.set(attribute, value);
    if (attribute === AT.highPc) isSize = form !== FORM_ADDR;
  }
  const numberOf = (attribute: number): number | undefined => {
    const value = values.get(attribute);
    return typeof value === "number" ? value : undefined;
  };
  if (tag === TAG.compileUnit) {
    const strOffsetsBase = numberOf(AT.strOffsetsBase);
    const addrBase = numberOf(AT.addrBase);
    if (strOffsetsBase !== undefined) context.strOffsetsBase = strOffsetsBase;
    if (addrBase !== undefined) context.addrBase = addrBase;
  }
  if (tag !== TAG.subprogram) return;
  const name = values.get(AT.name) ?? values.get(AT.linkageName);
  const start = numberOf(AT.lowPc);
  const high = numberOf(AT.highPc);
  raws.set(offset, {
    offset,
    name: typeof name === "string" ? name : undefined,
    origin: numberOf(AT.specification) ?? numberOf(AT.abstractOrigin),
    start,
    end: start === undefined || high === undefined ? undefined : isSize ? start + high : high,
  });
}

function readAbbreviations(section: Uint8Array, offset: number): Map<number, Abbreviation> {
  const cursor = new DwarfCursor(section, offset);
  const abbreviations = new Map<number, Abbreviation>();
  for (let code = cursor.uleb(); code !== 0 && abbreviations.size < MAX_ABBREVIATIONS; code = cursor.uleb()) {
    const tag = cursor.uleb();
    cursor.u8(); // whether it has children: all entries are read, one after another
    const attributes: number[] = [];
    for (;;) {
      const attribute = cursor.uleb();
      const form = cursor.uleb();
      const implicit = form === FORM_IMPLICIT ? cursor.sleb() : 0;
      if (attribute === 0 && form === 0) break;
      attributes.push(attribute, form, implicit);
    }
    abbreviations.set(code, { tag, attributes });
  }
  return abbreviations;
}
