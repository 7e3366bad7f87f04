import type { CodePage, EncodeOptions } from "./code-pages.ts";

/** A code page with characters of two bytes: the platform's decoder that knows it, and which bytes begin such a character. */
interface DoubleByte {
  readonly label: string;
  readonly name: string;
  /** First and last of each range. */
  readonly leads: readonly (readonly [from: number, to: number])[];
  /** Where a character has two codes, the first is written, but for codes that this says come last. */
  readonly isLast?: (code: number) => boolean;
  /** The last byte that stays as it is when the decoder does not know it. */
  readonly lastSingle: number;
}

/** NEC's selection of IBM's characters, which IBM's own rows have too. */
const isNecSelection = (code: number): boolean => code >> 8 === 0xed || code >> 8 === 0xee;
/** Box drawing and two numerals that Big5 has twice. */
const isBig5Double = (code: number): boolean => [0xa2a4, 0xa2a5, 0xa2a6, 0xa2a7, 0xa2cc, 0xa2ce].includes(code);

const PAGES: Readonly<Record<number, DoubleByte>> = {
  932: { label: "shift_jis", name: "ANSI/OEM Japanese Shift-JIS", leads: [[0x81, 0x9f], [0xe0, 0xfc]], isLast: isNecSelection, lastSingle: 0x80 }, // prettier-ignore
  936: { label: "gbk", name: "ANSI/OEM Simplified Chinese GBK", leads: [[0x81, 0xfe]], lastSingle: 0x80 }, // prettier-ignore
  949: { label: "euc-kr", name: "ANSI/OEM Korean (Unified Hangul Code)", leads: [[0x81, 0xfe]], lastSingle: 0x80 }, // prettier-ignore
  950: { label: "big5", name: "ANSI/OEM Traditional Chinese Big5", leads: [[0x81, 0xfe]], isLast: isBig5Double, lastSingle: 0x80 }, // prettier-ignore
};

const REPLACEMENT = 0xfffd;
const QUESTION_MARK = Uint8Array.of(0x3f);

/** One of the East Asian code pages; undefined for other numbers. Its tables are made at the first use (about 10 ms). */
export function doubleBytePage(id: number): CodePage | undefined {
  const page = PAGES[id];
  if (page === undefined) return undefined;
  let made: Tables | undefined;
  const tables = (): Tables => (made ??= makeTables(page));
  return {
    id,
    name: page.name,
    maxCharSize: 2,
    leadBytes: page.leads,
    decode: (bytes, strict) => decode(tables(), bytes, strict === true),
    encode: (text, options) => encode(tables(), text, options),
  };
}

interface Tables {
  /** By byte; a lead byte has none. */
  readonly single: Uint16Array;
  readonly isLead: Uint8Array;
  /** By the two bytes. */
  readonly double: Uint16Array;
  /** By UTF-16 unit: one or two bytes; 0 for what the page lacks. */
  readonly bytes: Uint16Array;
}

function makeTables(page: DoubleByte): Tables {
  const decoder = new TextDecoder(page.label);
  const single = new Uint16Array(256).fill(REPLACEMENT);
  const isLead = new Uint8Array(256);
  const double = new Uint16Array(0x1_0000).fill(REPLACEMENT);
  for (const [from, to] of page.leads) isLead.fill(1, from, to + 1);
  for (let byte = 0; byte < 256; byte++) {
    if (isLead[byte] === 1) continue;
    const text = byte < 0x80 ? "" : decoder.decode(Uint8Array.of(byte));
    if (text.length === 1 && text !== "\ufffd") single[byte] = text.charCodeAt(0);
    else if (byte <= page.lastSingle) single[byte] = byte;
  }
  for (let code = 0x8140; code < 0xff00; code++) {
    if (isLead[code >> 8] === 0 || (code & 0xff) < 0x40 || (code & 0xff) === 0xff) continue;
    const text = decoder.decode(Uint8Array.of(code >> 8, code & 0xff));
    if (text.length === 1 && text !== "\ufffd") double[code] = text.charCodeAt(0);
  }
  if (page.label === "euc-kr") addUnifiedHangul(double);
  return { single, isLead, double, bytes: backwards(single, double, page.isLast ?? (() => false)) };
}

function backwards(single: Uint16Array, double: Uint16Array, isLast: (code: number) => boolean): Uint16Array {
  const bytes = new Uint16Array(0x1_0000);
  single.forEach((unit, byte) => unit !== REPLACEMENT && (bytes[unit] = byte));
  for (const last of [false, true])
    double.forEach((unit, code) => {
      if (unit !== REPLACEMENT && isLast(code) === last && bytes[unit] === 0) bytes[unit] = code;
    });
  return bytes;
}

const SYLLABLES = { FIRST: 0xac00, LAST: 0xd7a3 } as const;

/** What Microsoft added to KS X 1001, and some decoders lack: the other syllables in their order, in rows 81 to C6, and two signs. */
function addUnifiedHangul(double: Uint16Array): void {
  const known = new Set(double);
  const missing = Array.from({ length: SYLLABLES.LAST - SYLLABLES.FIRST + 1 }, (_, i) => SYLLABLES.FIRST + i).filter(
    (unit) => !known.has(unit),
  );
  let next = 0;
  for (let lead = 0x81; lead <= 0xc6; lead++)
    for (let trail = 0x41; trail <= (lead <= 0xa0 ? 0xfe : 0xa0) && next < missing.length; trail++) {
      const isLetter = trail <= 0x5a || (trail >= 0x61 && trail <= 0x7a) || trail >= 0x81;
      if (isLetter) double[(lead << 8) | trail] = missing[next++]!;
    }
  double[0xa2e6] = 0x20ac;
  double[0xa2e7] = 0x00ae;
}

function decode({ single, isLead, double }: Tables, encoded: Uint8Array, strict: boolean): string | undefined {
  let text = "";
  for (let at = 0; at < encoded.length; at++) {
    const byte = encoded[at]!;
    let unit = single[byte]!;
    if (isLead[byte] === 1) unit = at + 1 < encoded.length ? double[(byte << 8) | encoded[++at]!]! : REPLACEMENT;
    if (strict && unit === REPLACEMENT) return undefined;
    text += String.fromCharCode(unit);
  }
  return text;
}

function encode({ bytes }: Tables, text: string, options: EncodeOptions = { bestFit: true, defaultBytes: QUESTION_MARK }) {
  const out: number[] = [];
  let lossy = false;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    const code = bytes[unit]!;
    if (code > 0xff) out.push(code >> 8, code & 0xff);
    else if (code !== 0 || unit === 0) out.push(code);
    else {
      out.push(...options.defaultBytes);
      lossy = true;
    }
  }
  return { bytes: Uint8Array.from(out), lossy };
}
