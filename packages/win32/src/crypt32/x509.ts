import { DerError, expectTag, oidText, parts, readElement, stringText, TAG, timeMs, type DerElement } from "./der.ts";

/** Object identifiers of X.509 (RFC 5280). */
export const OID = {
  subjectAltName: "2.5.29.17",
  basicConstraints: "2.5.29.19",
  nameConstraints: "2.5.29.30",
  keyUsage: "2.5.29.15",
  extKeyUsage: "2.5.29.37",
  anyExtendedKeyUsage: "2.5.29.37.0",
  commonName: "2.5.4.3",
  emailAddress: "1.2.840.113549.1.9.1",
} as const;

/** An algorithm: its identifier and its parameters as they are encoded, none for absent ones. */
export interface AlgorithmIdentifier {
  readonly oid: string;
  readonly parameters: Uint8Array;
}

export interface Extension {
  readonly oid: string;
  readonly isCritical: boolean;
  readonly value: Uint8Array;
}

/** Bits, the first in the highest place of the first byte. */
export interface BitString {
  readonly bytes: Uint8Array;
  readonly unusedBits: number;
}

/** A certificate (RFC 5280, 4.1). Every part is a view of `encoded`. */
export interface Certificate {
  readonly encoded: Uint8Array;
  /** 0 for version 1. */
  readonly version: number;
  /** Big-endian. */
  readonly serialNumber: Uint8Array;
  readonly signatureAlgorithm: AlgorithmIdentifier;
  readonly issuer: Uint8Array;
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
  readonly subject: Uint8Array;
  readonly publicKeyAlgorithm: AlgorithmIdentifier;
  readonly publicKey: BitString;
  readonly issuerUniqueId: BitString | undefined;
  readonly subjectUniqueId: BitString | undefined;
  readonly extensions: readonly Extension[];
}

/** One attribute of a name, as CN of "CN=localhost". */
export interface NameAttribute {
  readonly oid: string;
  readonly value: string;
}

const [ISSUER_ID, SUBJECT_ID, EXTENSIONS] = [0x81, 0x82, 0xa3];

/** Reads a certificate of DER. Throws DerError for what is none. */
export function readCertificate(bytes: Uint8Array): Certificate {
  const whole = readElement(bytes);
  const fields = parts(parts(whole)[0]);
  const hasVersion = fields[0]?.tag === 0xa0;
  const [serial, algorithm, issuer, validity, subject, key, ...optional] = hasVersion ? fields.slice(1) : fields;
  const [notBefore, notAfter] = parts(validity);
  const [keyAlgorithm, publicKey] = parts(key);
  if (notBefore === undefined || notAfter === undefined) throw new DerError("no validity");
  const extensions = optional.find(({ tag }) => tag === EXTENSIONS);
  return {
    encoded: whole.encoded,
    version: hasVersion ? (readElement(fields[0]!.content).content.at(-1) ?? 0) : 0,
    serialNumber: expectTag(serial, TAG.INTEGER).content,
    signatureAlgorithm: algorithmOf(algorithm),
    issuer: expectTag(issuer, TAG.SEQUENCE).encoded,
    notBeforeMs: timeMs(notBefore),
    notAfterMs: timeMs(notAfter),
    subject: expectTag(subject, TAG.SEQUENCE).encoded,
    publicKeyAlgorithm: algorithmOf(keyAlgorithm),
    publicKey: bitString(expectTag(publicKey, TAG.BIT_STRING)),
    issuerUniqueId: uniqueId(optional, ISSUER_ID!),
    subjectUniqueId: uniqueId(optional, SUBJECT_ID!),
    extensions: extensions === undefined ? [] : parts(readElement(extensions.content)).map(extensionOf),
  };
}

/** The attributes of an encoded name, in its order. */
export function readName(name: Uint8Array): NameAttribute[] {
  return parts(readElement(name)).flatMap((relative) =>
    parts(relative, TAG.SET).map((attribute) => {
      const [oid, value] = parts(attribute);
      if (value === undefined) throw new DerError("an attribute without a value");
      return { oid: oidText(oid), value: stringText(value) };
    }),
  );
}

export function extensionValue(certificate: Certificate, oid: string): Uint8Array | undefined {
  return certificate.extensions.find((extension) => extension.oid === oid)?.value;
}

/** What a certificate may be used for by its extension; undefined where it has none, which is for everything. */
export function extendedKeyUsage(certificate: Certificate): readonly string[] | undefined {
  const value = extensionValue(certificate, OID.extKeyUsage);
  return value === undefined ? undefined : parts(readElement(value)).map(oidText);
}

/** Whether it may sign certificates: by its basic constraints, which those of version 1 do not have. */
export function isAuthority(certificate: Certificate): boolean {
  const value = extensionValue(certificate, OID.basicConstraints);
  if (value === undefined) return certificate.version < 2;
  const [first] = parts(readElement(value));
  return first?.tag === TAG.BOOLEAN && first.content[0] !== 0;
}

/** The first byte of the key usage's bits; undefined without the extension. */
export function keyUsage(certificate: Certificate): number | undefined {
  const value = extensionValue(certificate, OID.keyUsage);
  return value === undefined ? undefined : bitString(expectTag(readElement(value), TAG.BIT_STRING)).bytes[0];
}

/** The names of hosts and the addresses that a certificate is for (RFC 5280, 4.2.1.6). */
export function alternativeNames(certificate: Certificate): { dns: string[]; addresses: string[]; mail: string[]; urls: string[] } {
  const names = { dns: [] as string[], addresses: [] as string[], mail: [] as string[], urls: [] as string[] };
  const value = extensionValue(certificate, OID.subjectAltName);
  for (const { tag, content } of value === undefined ? [] : parts(readElement(value))) {
    const text = Array.from(content, (byte) => String.fromCharCode(byte)).join("");
    if (tag === 0x81) names.mail.push(text);
    else if (tag === 0x82) names.dns.push(text);
    else if (tag === 0x86) names.urls.push(text);
    else if (tag === 0x87) names.addresses.push(Array.from(content).join("."));
  }
  return names;
}

function algorithmOf(element: DerElement | undefined): AlgorithmIdentifier {
  const [oid, parameters] = parts(element);
  return { oid: oidText(oid), parameters: parameters?.encoded ?? new Uint8Array(0) };
}

function extensionOf(element: DerElement): Extension {
  const [oid, second, third] = parts(element);
  const isCritical = second?.tag === TAG.BOOLEAN && second.content[0] !== 0;
  return { oid: oidText(oid), isCritical, value: expectTag(second?.tag === TAG.BOOLEAN ? third : second, TAG.OCTET_STRING).content };
}

/** The bits of a BIT STRING. */
export function bitString({ content }: { content: Uint8Array }): BitString {
  return { unusedBits: content[0] ?? 0, bytes: content.subarray(1) };
}

function uniqueId(elements: readonly DerElement[], tag: number): BitString | undefined {
  const found = elements.find((element) => element.tag === tag);
  return found === undefined ? undefined : bitString(found);
}

/** Whether bytes are the same. */
export function sameBytes(left: Uint8Array, right: Uint8Array): boolean {
  return left.length === right.length && left.every((byte, i) => byte === right[i]);
}
