/** One element of DER (X.690): its tag, what it holds, and all of its bytes. */
export interface DerElement {
  readonly tag: number;
  readonly content: Uint8Array;
  readonly encoded: Uint8Array;
}

/** Tags of what certificates are made of. */
export const TAG = {
  BOOLEAN: 0x01, INTEGER: 0x02, BIT_STRING: 0x03, OCTET_STRING: 0x04, OID: 0x06, UTF8_STRING: 0x0c, SEQUENCE: 0x30, SET: 0x31,
  PRINTABLE_STRING: 0x13, TELETEX_STRING: 0x14, IA5_STRING: 0x16, UTC_TIME: 0x17, UNIVERSAL_STRING: 0x1c, BMP_STRING: 0x1e,
} as const; // prettier-ignore

/** What is no DER, or not what was expected there. */
export class DerError extends Error {}

/** DER that ends before its elements do. */
export class DerEndError extends DerError {}

/** The element at the start of bytes, which may go on behind it. Throws DerError where it is cut off, or its length indefinite. */
export function readElement(bytes: Uint8Array): DerElement {
  const [tag, first] = bytes;
  if (tag === undefined || first === undefined || (tag & 0x1f) === 0x1f) throw new DerError("no DER element");
  let length = first;
  let start = 2;
  if (first >= 0x80) {
    const count = first - 0x80;
    if (count === 0 || count > 4 || bytes.length < 2 + count) throw new DerError("no length of DER");
    length = bytes.subarray(2, 2 + count).reduce((value, byte) => value * 256 + byte, 0);
    start = 2 + count;
  }
  if (start + length > bytes.length) throw new DerEndError("DER is cut off");
  return { tag, content: bytes.subarray(start, start + length), encoded: bytes.subarray(0, start + length) };
}

/** The elements that follow each other in bytes. */
export function readElements(bytes: Uint8Array): DerElement[] {
  const elements: DerElement[] = [];
  for (let at = 0; at < bytes.length;) {
    const element = readElement(bytes.subarray(at));
    elements.push(element);
    at += element.encoded.length;
  }
  return elements;
}

/** The parts of an element that must be of a tag. */
export function parts(element: DerElement | undefined, tag: number = TAG.SEQUENCE): DerElement[] {
  return readElements(expectTag(element, tag).content);
}

/** An element that must be there and of a tag. */
export function expectTag(element: DerElement | undefined, tag: number): DerElement {
  if (element === undefined || element.tag !== tag) throw new DerError(`tag ${element?.tag} in the place of ${tag}`);
  return element;
}

/** "1.2.840.113549.1.1.11". */
export function oidText(element: DerElement | undefined): string {
  const numbers: number[] = [];
  let value = 0;
  for (const byte of expectTag(element, TAG.OID).content) {
    value = value * 128 + (byte & 0x7f);
    if ((byte & 0x80) !== 0) continue;
    numbers.push(value);
    value = 0;
  }
  const [first = 0, ...rest] = numbers;
  const root = Math.min(2, Math.floor(first / 40));
  return [root, first - 40 * root, ...rest].join(".");
}

/** A UTCTime or GeneralizedTime of X.509 ("Z" at the end) as milliseconds since 1970. */
export function timeMs({ tag, content }: DerElement): number {
  const text = new TextDecoder("latin1").decode(content);
  const digits = /^(\d{2}|\d{4})(\d{2})(\d{2})(\d{2})(\d{2})(\d{2})?Z$/.exec(text);
  if (digits === null) throw new DerError(`no time: ${text}`);
  const [, year = "", month = "", day = "", hours = "", minutes = "", seconds = "0"] = digits;
  // RFC 5280, 4.1.2.5.1: years of two digits are those from 1950 to 2049.
  const full = tag !== TAG.UTC_TIME ? Number(year) : Number(year) + (Number(year) < 50 ? 2000 : 1900);
  return Date.UTC(full, Number(month) - 1, Number(day), Number(hours), Number(minutes), Number(seconds));
}

/** The characters of a string type. */
export function stringText({ tag, content }: DerElement): string {
  if (tag === TAG.UTF8_STRING) return new TextDecoder().decode(content);
  if (tag === TAG.BMP_STRING) return new TextDecoder("utf-16be").decode(content);
  if (tag === TAG.UNIVERSAL_STRING)
    return Array.from({ length: content.length >> 2 }, (_, i) =>
      String.fromCodePoint(new DataView(content.buffer, content.byteOffset).getUint32(4 * i)),
    ).join("");
  return Array.from(content, (byte) => String.fromCharCode(byte)).join("");
}
