import { OID, readName, type NameAttribute } from "./x509.ts";

/** X.500's names of attributes ("CertNameToStr function", CERT_X500_NAME_STR). */
const KEYS: ReadonlyMap<string, string> = new Map([
  ["2.5.4.3", "CN"],
  ["2.5.4.4", "SN"],
  ["2.5.4.5", "SERIALNUMBER"],
  ["2.5.4.6", "C"],
  ["2.5.4.7", "L"],
  ["2.5.4.8", "S"],
  ["2.5.4.9", "STREET"],
  ["2.5.4.10", "O"],
  ["2.5.4.11", "OU"],
  ["2.5.4.12", "T"],
  ["2.5.4.17", "PostalCode"],
  ["2.5.4.42", "G"],
  ["2.5.4.43", "I"],
  ["0.9.2342.19200300.100.1.25", "DC"],
  [OID.emailAddress, "E"],
]);
/** CERT_…_NAME_STR, and what may be added. */
export const NAME_STR = { SIMPLE: 1, OID: 2, X500: 3 } as const;
const FLAG = { SEMICOLON: 0x4000_0000, NO_QUOTING: 0x1000_0000, CRLF: 0x0800_0000, REVERSE: 0x0200_0000 } as const;
const NEEDS_QUOTES = /^[\s#]|\s$|[,+"=\n<>;]/;

/** An encoded name as text: its values alone, with identifiers, or with X.500's keys. */
export function nameText(name: Uint8Array, type: number): string {
  const form = type & 0xff;
  const separator = (type & FLAG.SEMICOLON) !== 0 ? "; " : (type & FLAG.CRLF) !== 0 ? "\r\n" : ", ";
  const attributes = readName(name);
  const ordered = (type & FLAG.REVERSE) !== 0 ? attributes.toReversed() : attributes;
  return ordered.map((attribute) => keyText(attribute, form) + quoted(attribute.value, type)).join(separator);
}

/** What searches for a part of a name compare with: its values. */
export function displayName(name: Uint8Array): string {
  return nameText(name, NAME_STR.SIMPLE);
}

/** The last value of an attribute, as the most particular one stands last. */
export function attributeOf(name: Uint8Array, oid: string): string | undefined {
  return readName(name).findLast((attribute) => attribute.oid === oid)?.value;
}

function keyText({ oid }: NameAttribute, form: number): string {
  if (form === NAME_STR.SIMPLE) return "";
  return form === NAME_STR.OID ? `${oid}=` : `${KEYS.get(oid) ?? `OID.${oid}`}=`;
}

function quoted(value: string, type: number): string {
  if ((type & FLAG.NO_QUOTING) !== 0 || (!NEEDS_QUOTES.test(value) && value !== "")) return value;
  return `"${value.replaceAll('"', '""')}"`;
}
