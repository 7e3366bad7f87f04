import { DwarfCursor, DwarfError } from "./dwarf-cursor.ts";

/** The sections that debug information lies in; those that are missing are empty. */
export interface DwarfSections {
  readonly info: Uint8Array;
  readonly abbrev: Uint8Array;
  readonly line: Uint8Array;
  readonly str: Uint8Array;
  readonly lineStr: Uint8Array;
  readonly strOffsets: Uint8Array;
  readonly addr: Uint8Array;
}

/** What the width and meaning of a form depend on. */
export interface FormContext {
  readonly sections: DwarfSections;
  readonly version: number;
  readonly is64: boolean;
  readonly addressSize: number;
  /** Where the unit begins in .debug_info, for references inside it. */
  readonly unitStart: number;
  /** DW_AT_str_offsets_base and DW_AT_addr_base. */
  strOffsetsBase?: number;
  addrBase?: number;
}

/** A number (also a reference, as an offset in .debug_info), a text, or something that is not needed and was passed over. */
export type FormValue = number | string | undefined;

/** Reads a value of a form (DWARF 5, 7.5.6; the forms of versions 2 to 4 are among them, and GNU's that gcc writes). Throws DwarfError. */
export function readForm(cursor: DwarfCursor, form: number, context: FormContext, implicit = 0): FormValue {
  const { sections, is64, unitStart } = context;
  switch (form) {
    case 0x01: // addr
      return cursor.unsigned(context.addressSize);
    case 0x03: // block2
      return void cursor.skip(cursor.u16());
    case 0x04: // block4
      return void cursor.skip(cursor.u32());
    case 0x05: // data2
      return cursor.u16();
    case 0x06: // data4
      return cursor.u32();
    case 0x07: // data8
    case 0x20: // ref_sig8
      return cursor.u64();
    case 0x08: // string
      return cursor.text();
    case 0x09: // block
    case 0x18: // exprloc
      return void cursor.skip(cursor.uleb());
    case 0x0a: // block1
      return void cursor.skip(cursor.u8());
    case 0x0b: // data1
    case 0x0c: // flag
      return cursor.u8();
    case 0x0d: // sdata
      return cursor.sleb();
    case 0x0e: // strp
      return new DwarfCursor(sections.str, cursor.offset(is64)).text();
    case 0x0f: // udata
      return cursor.uleb();
    case 0x10: // ref_addr
      return context.version === 2 ? cursor.unsigned(context.addressSize) : cursor.offset(is64);
    case 0x11: // ref1
      return unitStart + cursor.u8();
    case 0x12: // ref2
      return unitStart + cursor.u16();
    case 0x13: // ref4
      return unitStart + cursor.u32();
    case 0x14: // ref8
      return unitStart + cursor.u64();
    case 0x15: // ref_udata
      return unitStart + cursor.uleb();
    case 0x16: // indirect
      return readForm(cursor, notIndirect(cursor.uleb()), context);
    case 0x17: // sec_offset
      return cursor.offset(is64);
    case 0x19: // flag_present
      return 1;
    case 0x1a: // strx
      return indexedText(context, cursor.uleb());
    case 0x1b: // addrx
      return indexedAddress(context, cursor.uleb());
    case 0x1c: // ref_sup4
      return void cursor.skip(4);
    case 0x1d: // strp_sup
    case 0x1f20: // GNU_ref_alt
    case 0x1f21: // GNU_strp_alt
      return void cursor.offset(is64);
    case 0x1e: // data16
      return void cursor.skip(16);
    case 0x1f: // line_strp
      return new DwarfCursor(sections.lineStr, cursor.offset(is64)).text();
    case 0x21: // implicit_const
      return implicit;
    case 0x22: // loclistx
    case 0x23: // rnglistx
      return cursor.uleb();
    case 0x24: // ref_sup8
      return void cursor.skip(8);
    case 0x25: // strx1 to strx4
      return indexedText(context, cursor.u8());
    case 0x26:
      return indexedText(context, cursor.u16());
    case 0x27:
      return indexedText(context, cursor.u24());
    case 0x28:
      return indexedText(context, cursor.u32());
    case 0x29: // addrx1 to addrx4
      return indexedAddress(context, cursor.u8());
    case 0x2a:
      return indexedAddress(context, cursor.u16());
    case 0x2b:
      return indexedAddress(context, cursor.u24());
    case 0x2c:
      return indexedAddress(context, cursor.u32());
    default:
      throw new DwarfError(`form 0x${form.toString(16)}`);
  }
}

function notIndirect(form: number): number {
  if (form === 0x16) throw new DwarfError("an indirect form of an indirect form");
  return form;
}

function indexedText({ sections, strOffsetsBase, is64 }: FormContext, index: number): string | undefined {
  if (strOffsetsBase === undefined) return undefined;
  const offset = new DwarfCursor(sections.strOffsets, strOffsetsBase + index * (is64 ? 8 : 4)).offset(is64);
  return new DwarfCursor(sections.str, offset).text();
}

function indexedAddress({ sections, addrBase, addressSize }: FormContext, index: number): number | undefined {
  return addrBase === undefined ? undefined : new DwarfCursor(sections.addr, addrBase + index * addressSize).unsigned(addressSize);
}
