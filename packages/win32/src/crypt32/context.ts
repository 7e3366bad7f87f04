import { array, BOOL, DWORD, ERROR, PVOID, struct, Win32Error } from "@decant/hook";
import type { Thread } from "@decant/process";
import { fileTimeFromMs } from "../files/file-time.ts";
import { FILETIME_PARTS } from "../values/times.ts";
import { DerError } from "./der.ts";
import { readCertificate, sameBytes, type BitString, type Certificate } from "./x509.ts";

export const CRYPT_E_ASN1_BADTAG = 0x8009_310b;
/** X509_ASN_ENCODING: certificates are of this form alone. */
const X509_ASN_ENCODING = 1;

/** CERT_CONTEXT, CERT_INFO and what they are made of (wincrypt.h). */
export const BLOB = struct("CRYPT_DATA_BLOB", { cbData: DWORD, pbData: PVOID });
const BIT_BLOB = struct("CRYPT_BIT_BLOB", { cbData: DWORD, pbData: PVOID, cUnusedBits: DWORD });
const ALGORITHM = struct("CRYPT_ALGORITHM_IDENTIFIER", { pszObjId: PVOID, Parameters: BLOB });
export const CERT_EXTENSION = struct("CERT_EXTENSION", { pszObjId: PVOID, fCritical: BOOL, Value: BLOB });
export const CERT_INFO = struct("CERT_INFO", {
  dwVersion: DWORD,
  SerialNumber: BLOB,
  SignatureAlgorithm: ALGORITHM,
  Issuer: BLOB,
  NotBefore: FILETIME_PARTS,
  NotAfter: FILETIME_PARTS,
  Subject: BLOB,
  SubjectPublicKeyInfo: struct("CERT_PUBLIC_KEY_INFO", { Algorithm: ALGORITHM, PublicKey: BIT_BLOB }),
  IssuerUniqueId: BIT_BLOB,
  SubjectUniqueId: BIT_BLOB,
  cExtension: DWORD,
  rgExtension: PVOID,
});
export const CERT_CONTEXT = struct("CERT_CONTEXT", {
  dwCertEncodingType: DWORD,
  pbCertEncoded: PVOID,
  cbCertEncoded: DWORD,
  pCertInfo: PVOID,
  hCertStore: PVOID,
});

/** A CERT_CONTEXT in the guest's memory. */
export interface Context {
  readonly address: number;
  readonly certificate: Certificate;
  /** What CertSetCertificateContextProperty has set, by identifier. */
  readonly properties: Map<number, Uint8Array>;
  references: number;
  readonly onReleased: () => void;
}

/** The contexts of a process, which are memory of its heap until they are freed as often as they were given out. */
export class Contexts {
  readonly #contexts = new Map<number, Context>();

  static of({ process }: Thread): Contexts {
    return process.state(Contexts, () => new Contexts());
  }

  /** A new context with one reference. */
  create(
    thread: Thread,
    certificate: Certificate,
    store: number,
    { properties = new Map<number, Uint8Array>(), encoding = X509_ASN_ENCODING, onReleased = (): void => {} } = {},
  ): Context {
    const context = { address: layOut(thread, certificate, { store, encoding }), certificate, properties, references: 1, onReleased };
    this.#contexts.set(context.address, context);
    return context;
  }

  /** Fails with E_INVALIDARG for what is no context. */
  get(address: number): Context {
    const context = this.#contexts.get(address);
    if (context === undefined) throw new Win32Error(E_INVALIDARG);
    return context;
  }

  release(thread: Thread, address: number): void {
    const context = this.#contexts.get(address);
    if (context === undefined || --context.references > 0) return;
    this.#contexts.delete(address);
    thread.process.heap.free(address);
    context.onReleased();
  }
}

const E_INVALIDARG = 0x8007_0057;

/** A certificate from DER in the guest's memory. Fails as CertCreateCertificateContext does. */
export function decode(encoding: number, bytes: Uint8Array): Certificate {
  if ((encoding & 0xffff) !== X509_ASN_ENCODING) throw new Win32Error(E_INVALIDARG);
  try {
    return readCertificate(bytes);
  } catch (error) {
    if (error instanceof DerError) throw new Win32Error(CRYPT_E_ASN1_BADTAG);
    throw error;
  }
}

/** One block: the context, its information, extensions, texts, the number, and the encoded certificate, which the rest points into. */
function layOut(thread: Thread, certificate: Certificate, { store, encoding }: { store: number; encoding: number }): number {
  const { memory, pointerSize, process } = thread;
  const { extensions, encoded, serialNumber, signatureAlgorithm, publicKeyAlgorithm } = certificate;
  const oids = [...new Set([signatureAlgorithm.oid, publicKeyAlgorithm.oid, ...extensions.map(({ oid }) => oid)])];
  const sizes = [
    CERT_CONTEXT.size(pointerSize),
    CERT_INFO.size(pointerSize),
    extensions.length * CERT_EXTENSION.size(pointerSize),
    oids.reduce((sum, oid) => sum + oid.length + 1, 0),
    serialNumber.length,
    encoded.length,
  ].map((size) => Math.ceil(size / 8) * 8);
  const address = process.heap.allocate(sizes.reduce((sum, size) => sum + size));
  if (address === 0) throw new Win32Error(ERROR.NOT_ENOUGH_MEMORY);
  const [, infoAt = 0, extensionsAt = 0, textsAt = 0, numberAt = 0, encodedAt = 0] = sizes.reduce<number[]>(
    (places, size) => [...places, places.at(-1)! + size],
    [address],
  );
  memory.write(encodedAt, encoded);
  // CRYPT_INTEGER_BLOB is little-endian.
  memory.write(numberAt, serialNumber.toReversed());
  const places = new Map<string, number>();
  let at = textsAt;
  for (const oid of oids) {
    places.set(oid, at);
    memory.write(at, new TextEncoder().encode(`${oid}\0`));
    at += oid.length + 1;
  }
  const blob = (part: Uint8Array) => ({
    cbData: part.length,
    pbData: part.length === 0 ? 0 : encodedAt + part.byteOffset - encoded.byteOffset,
  });
  const bits = (part: BitString | undefined) =>
    part === undefined ? { cbData: 0, pbData: 0, cUnusedBits: 0 } : { ...blob(part.bytes), cUnusedBits: part.unusedBits };
  const algorithm = ({ oid, parameters }: { oid: string; parameters: Uint8Array }) => ({
    pszObjId: places.get(oid) ?? 0,
    Parameters: blob(parameters),
  });
  array(CERT_EXTENSION, extensions.length).store(
    thread,
    extensionsAt,
    extensions.map(({ oid, isCritical, value }) => ({ pszObjId: places.get(oid) ?? 0, fCritical: isCritical, Value: blob(value) })),
  );
  CERT_INFO.store(thread, infoAt, {
    dwVersion: certificate.version,
    SerialNumber: { cbData: serialNumber.length, pbData: numberAt },
    SignatureAlgorithm: algorithm(signatureAlgorithm),
    Issuer: blob(certificate.issuer),
    NotBefore: fileTime(certificate.notBeforeMs),
    NotAfter: fileTime(certificate.notAfterMs),
    Subject: blob(certificate.subject),
    SubjectPublicKeyInfo: { Algorithm: algorithm(publicKeyAlgorithm), PublicKey: bits(certificate.publicKey) },
    IssuerUniqueId: bits(certificate.issuerUniqueId),
    SubjectUniqueId: bits(certificate.subjectUniqueId),
    cExtension: extensions.length,
    rgExtension: extensions.length === 0 ? 0 : extensionsAt,
  });
  CERT_CONTEXT.store(thread, address, {
    dwCertEncodingType: encoding,
    pbCertEncoded: encodedAt,
    cbCertEncoded: encoded.length,
    pCertInfo: infoAt,
    hCertStore: store,
  });
  return address;
}

function fileTime(ms: number): { dwLowDateTime: number; dwHighDateTime: number } {
  const units = fileTimeFromMs(ms);
  return { dwLowDateTime: Number(units & 0xffff_ffffn), dwHighDateTime: Number(units >> 32n) };
}

/** Whether two are the same certificate, as stores tell them apart: by issuer and number. */
export function isSameCertificate(left: Certificate, right: Certificate): boolean {
  return sameBytes(left.issuer, right.issuer) && sameBytes(left.serialNumber, right.serialNumber);
}
