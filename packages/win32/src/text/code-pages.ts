import type { TextCodec } from "@decant/hook";
import { doubleBytePage } from "./double-byte-pages.ts";
import { CP1252, CP437, CP850 } from "./single-byte-tables.ts";
import { utf7 } from "./utf7.ts";

/** Pseudo code pages and Unicode ones ("Code Page Identifiers"). */
export const CP = { ACP: 0, OEMCP: 1, MACCP: 2, THREAD_ACP: 3, SYMBOL: 42, UTF7: 65000, UTF8: 65001 } as const;
/** What programs are told of the system. */
export const ANSI_CODE_PAGE = 1252;
export const OEM_CODE_PAGE = 437;

/** How to encode. */
export interface EncodeOptions {
  /** Put a look-alike where the page lacks a character: what WC_NO_BEST_FIT_CHARS turns off. */
  readonly bestFit: boolean;
  /** What stands where there is nothing at all. */
  readonly defaultBytes: Uint8Array;
}

/** A code page. */
export interface CodePage {
  readonly id: number;
  readonly name: string;
  /** Bytes of its longest character. */
  readonly maxCharSize: number;
  /** Ranges of bytes that begin characters of two bytes; absent where there are none. */
  readonly leadBytes?: readonly (readonly [from: number, to: number])[];
  /** With `strict`, undefined where bytes are no text; otherwise U+FFFD stands there. */
  decode(bytes: Uint8Array, strict?: boolean): string | undefined;
  /** `lossy` tells whether a default was put somewhere. */
  encode(text: string, options?: EncodeOptions): { readonly bytes: Uint8Array; readonly lossy: boolean };
}

const QUESTION_MARK = Uint8Array.of(0x3f);
const WINDOWS = { bestFit: true, defaultBytes: QUESTION_MARK } as const;
const pages = new Map<number, CodePage | undefined>();

/** A code page by its number, pseudo ones resolved; undefined when there is none. */
export function codePage(id: number): CodePage | undefined {
  const real = id === CP.ACP || id === CP.THREAD_ACP || id === CP.SYMBOL ? ANSI_CODE_PAGE : id === CP.OEMCP ? OEM_CODE_PAGE : id;
  if (!pages.has(real)) pages.set(real, makeCodePage(real));
  return pages.get(real);
}

/** The numbers of the code pages that there are. */
export function codePageIds(): readonly number[] {
  return [437, 850, ...Object.keys(LABELS).map(Number), ...DOUBLE_BYTE_PAGES, ANSI_CODE_PAGE, 20127, 28591, CP.UTF7, CP.UTF8].sort(
    (a, b) => a - b,
  );
}

/** A code page as the hook layer wants one. */
export function textCodec(page: CodePage): TextCodec {
  return { decode: (bytes) => page.decode(bytes) ?? "", encode: (text) => page.encode(text).bytes };
}

const DOUBLE_BYTE_PAGES = [932, 936, 949, 950];

/** Code pages whose bytes the platform's own decoders know, by their WHATWG labels. */
const LABELS: Readonly<Record<number, readonly [label: string, name: string]>> = {
  866: ["ibm866", "OEM Russian"],
  874: ["windows-874", "ANSI/OEM Thai"],
  1250: ["windows-1250", "ANSI Eastern Europe"],
  1251: ["windows-1251", "ANSI Cyrillic"],
  1253: ["windows-1253", "ANSI Greek"],
  1254: ["windows-1254", "ANSI Turkish"],
  1255: ["windows-1255", "ANSI Hebrew"],
  1256: ["windows-1256", "ANSI Arabic"],
  1257: ["windows-1257", "ANSI Baltic"],
  1258: ["windows-1258", "ANSI/OEM Viet Nam"],
  20866: ["koi8-r", "Russian KOI8"],
  21866: ["koi8-u", "Ukrainian KOI8"],
  28592: ["iso-8859-2", "ISO 8859-2 Latin 2 (East European)"],
  28595: ["iso-8859-5", "ISO 8859-5 Cyrillic"],
  28597: ["iso-8859-7", "ISO 8859-7 Greek"],
  28605: ["iso-8859-15", "ISO 8859-15 Latin 9 (Euro)"],
};

function makeCodePage(id: number): CodePage | undefined {
  if (id === CP.UTF8) return utf8;
  if (id === CP.UTF7) return utf7;
  if (id === 437) return singleByte(id, "OEM United States", ASCII + CP437);
  if (id === 850) return singleByte(id, "OEM Multilingual Latin 1", ASCII + CP850);
  if (id === 1252) return singleByte(id, "ANSI Latin I", ASCII + CP1252 + range(0xa0, 256));
  if (id === 20127) return singleByte(id, "US-ASCII (7bit)", ASCII);
  if (id === 28591) return singleByte(id, "ISO 8859-1 Latin 1", range(0, 256));
  const [label, name] = LABELS[id] ?? [];
  if (label === undefined || name === undefined) return doubleBytePage(id);
  // Only the upper half: the platform's 866 has IBM's exchange of three control characters.
  return singleByte(id, name, ASCII + new TextDecoder(label).decode(Uint8Array.from({ length: 128 }, (_, byte) => byte + 128)));
}

const ASCII = range(0, 128);

function range(from: number, to: number): string {
  return String.fromCharCode(...Array.from({ length: to - from }, (_, i) => from + i));
}

/** `characters` are those of the bytes from 0. */
function singleByte(id: number, name: string, characters: string): CodePage {
  const units = Uint16Array.from({ length: 256 }, (_, byte) =>
    byte < characters.length ? characters.charCodeAt(byte) : id === 20127 ? byte & 0x7f : 0xfffd,
  );
  const bytes = new Map<number, number>();
  for (let byte = 255; byte >= 0; byte--) if (units[byte] !== 0xfffd) bytes.set(units[byte]!, byte);
  const fits = new Map<number, number | undefined>();
  const bestFit = (unit: number): number | undefined => {
    if (!fits.has(unit)) fits.set(unit, lookAlike(unit, bytes));
    return fits.get(unit);
  };
  return {
    id,
    name,
    maxCharSize: 1,
    decode(encoded, strict) {
      let text = "";
      for (const byte of encoded) {
        const unit = units[byte]!;
        if (strict === true && unit === 0xfffd) return undefined;
        text += String.fromCharCode(unit);
      }
      return text;
    },
    encode(text, options = WINDOWS) {
      const out: number[] = [];
      let lossy = false;
      for (let i = 0; i < text.length; i++) {
        const unit = text.charCodeAt(i);
        const byte = unit < 0x80 ? unit : (bytes.get(unit) ?? (options.bestFit ? bestFit(unit) : undefined));
        if (byte !== undefined) out.push(byte);
        else {
          out.push(...options.defaultBytes);
          lossy = true;
        }
      }
      return { bytes: Uint8Array.from(out), lossy };
    },
  };
}

/** Punctuation and signs that Windows replaces although Unicode has no decomposition for them. */
const LOOK_ALIKES: Readonly<Record<string, string>> = {
  "\u2018": "'", "\u2019": "'", "\u201a": "'", "\u201c": '"', "\u201d": '"', "\u201e": '"', "\u2032": "'", "\u2039": "<", "\u203a": ">",
  "\u00ad": "-", "\u2010": "-", "\u2011": "-", "\u2013": "-", "\u2014": "-", "\u2022": ".", "\u00a9": "c", "\u00ae": "r", "\u00d7": "x",
  "\u00d0": "D", "\u00d8": "O", "\u00f8": "o", "\u00fe": "_", "\u0110": "D", "\u0111": "d", "\u0141": "L", "\u0142": "l", "\u0131": "i",
}; // prettier-ignore

/** A character that a page has for one that it lacks: the first of its compatibility decomposition, or one that looks like it. */
function lookAlike(unit: number, bytes: ReadonlyMap<number, number>): number | undefined {
  const character = String.fromCharCode(unit);
  const replaced = LOOK_ALIKES[character] ?? (unit >= 0xd800 && unit < 0xe000 ? undefined : character.normalize("NFKD")[0]);
  return replaced === undefined || replaced === character ? undefined : bytes.get(replaced.charCodeAt(0));
}

const utf8Decoder = new TextDecoder("utf-8", { ignoreBOM: true });
const strictDecoder = new TextDecoder("utf-8", { ignoreBOM: true, fatal: true });
const utf8Encoder = new TextEncoder();

const utf8: CodePage = {
  id: CP.UTF8,
  name: "Unicode (UTF-8)",
  maxCharSize: 4,
  decode(bytes, strict) {
    if (strict !== true) return utf8Decoder.decode(bytes);
    try {
      return strictDecoder.decode(bytes);
    } catch {
      return undefined;
    }
  },
  encode: (text) => ({ bytes: utf8Encoder.encode(text), lossy: !isWellFormed(text) }),
};

function isWellFormed(text: string): boolean {
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (unit < 0xd800 || unit > 0xdfff) continue;
    if (unit > 0xdbff) return false;
    const next = text.charCodeAt(++i);
    if (!(next >= 0xdc00 && next <= 0xdfff)) return false;
  }
  return true;
}
