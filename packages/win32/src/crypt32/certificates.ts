import { ERROR, Win32Error, type StructValue, type TextBuffer } from "@decant/hook";
import { implement, type Thread } from "@decant/process";
import { digestOf, HASHES } from "../crypto/hashes.ts";
import { fileTimeFromMs } from "../files/file-time.ts";
import { certificatesApi } from "./certificates.api.ts";
import { BLOB, CERT_EXTENSION, CERT_INFO, Contexts, decode, type Context } from "./context.ts";
import { attributeOf, nameText } from "./names.ts";
import { alternativeNames, extendedKeyUsage, OID, readName, sameBytes, type Certificate } from "./x509.ts";

const CRYPT_E_NOT_FOUND = 0x8009_2004;
/** CERT_*_PROP_ID. */
const PROPERTY = { SHA1_HASH: 3, MD5_HASH: 4, ENHKEY_USAGE: 9, FRIENDLY_NAME: 11, DESCRIPTION: 13, SHA256_HASH: 107 } as const;
/** CERT_NAME_*_TYPE and CERT_NAME_ISSUER_FLAG. */
const NAME = { EMAIL: 1, RDN: 2, ATTR: 3, SIMPLE_DISPLAY: 4, FRIENDLY_DISPLAY: 5, DNS: 6, URL: 7, ISSUER_FLAG: 1 } as const;
/** The attributes that a simple name is looked for in, in that order ("CertGetNameString function"). */
const SIMPLE_ATTRIBUTES = [OID.commonName, "2.5.4.11", "2.5.4.10", OID.emailAddress];
const FIND_EXT_ONLY = 2;
const FIND_PROP_ONLY = 4;
const LAST_ORDINAL = 0xffff;

export const certificates = implement(certificatesApi, {
  CertCreateCertificateContext: (thread, dwCertEncodingType, pbCertEncoded, cbCertEncoded) =>
    Contexts.of(thread).create(thread, decode(dwCertEncodingType, pbCertEncoded.read(cbCertEncoded)), 0, { encoding: dwCertEncodingType })
      .address,
  CertDuplicateCertificateContext(thread, pCertContext) {
    if (pCertContext !== 0) Contexts.of(thread).get(pCertContext).references++;
    return pCertContext;
  },
  CertFreeCertificateContext(thread, pCertContext) {
    Contexts.of(thread).release(thread, pCertContext);
    return true;
  },
  // There are no lists of revoked certificates.
  CertFreeCRLContext: () => true,
  CertGetCertificateContextProperty(thread, pCertContext, dwPropId, pvData, pcbData) {
    const value = propertyOf(Contexts.of(thread).get(pCertContext), dwPropId);
    if (value === undefined) throw new Win32Error(CRYPT_E_NOT_FOUND);
    const room = pcbData.get();
    pcbData.set(value.length);
    if (pvData.isNull) return true;
    if (room < value.length) throw new Win32Error(ERROR.MORE_DATA);
    pvData.write(value);
    return true;
  },
  CertSetCertificateContextProperty(thread, pCertContext, dwPropId, _dwFlags, pvData) {
    const { properties } = Contexts.of(thread).get(pCertContext);
    if (pvData === 0) {
      properties.delete(dwPropId);
      return true;
    }
    // Of the other properties, CERT_KEY_PROV_INFO and its like are structures of pointers to keys, which there are none of.
    if (dwPropId < PROPERTY.ENHKEY_USAGE) throw new Win32Error(ERROR.CALL_NOT_IMPLEMENTED);
    const { cbData, pbData } = BLOB.load(thread, pvData);
    properties.set(dwPropId, thread.memory.slice(pbData, cbData));
    return true;
  },
  CertEnumCertificateContextProperties(thread, pCertContext, dwPropId) {
    const { properties } = Contexts.of(thread).get(pCertContext);
    return [...properties.keys()].toSorted((a, b) => a - b).find((id) => id > dwPropId) ?? 0;
  },
  CertGetNameString(thread, pCertContext, dwType, dwFlags, pvTypePara, pszNameString, cchNameString) {
    const { certificate, properties } = Contexts.of(thread).get(pCertContext);
    const name = nameString(thread, certificate, properties, { type: dwType, flags: dwFlags, parameter: pvTypePara });
    return giveText(name ?? "", pszNameString, cchNameString);
  },
  CertNameToStr: ({ memory }, _dwCertEncodingType, { cbData, pbData }, dwStrType, psz, csz) =>
    giveText(nameText(memory.slice(pbData, cbData), dwStrType), psz, csz),
  CertGetEnhancedKeyUsage(thread, pCertContext, dwFlags, pUsage, pcbUsage) {
    const { certificate, properties } = Contexts.of(thread).get(pCertContext);
    const hasProperty = (dwFlags & FIND_EXT_ONLY) === 0 && properties.has(PROPERTY.ENHKEY_USAGE);
    const usages = (dwFlags & FIND_PROP_ONLY) !== 0 ? undefined : extendedKeyUsage(certificate);
    // Without any restriction it succeeds with none and CRYPT_E_NOT_FOUND; with an empty one, with none and no error.
    if (usages === undefined && !hasProperty) thread.lastError = CRYPT_E_NOT_FOUND;
    storeUsage(thread, usages ?? [], pUsage, pcbUsage);
    return true;
  },
  CertGetIntendedKeyUsage(thread, _dwCertEncodingType, pCertInfo, pbKeyUsage, cbKeyUsage) {
    const { cExtension, rgExtension } = CERT_INFO.load(thread, pCertInfo);
    pbKeyUsage.writable(cbKeyUsage).fill(0);
    const found = findExtension(thread, OID.keyUsage, cExtension, rgExtension);
    if (found === 0) throw new Win32Error(0);
    const { Value } = CERT_EXTENSION.load(thread, found);
    const value = thread.memory.slice(Value.pbData, Value.cbData);
    pbKeyUsage.write(value.subarray(3, 3 + cbKeyUsage));
    return true;
  },
  CertFindExtension: (thread, pszObjId, cExtensions, rgExtensions) =>
    pszObjId <= LAST_ORDINAL ? 0 : findExtension(thread, thread.memory.cstring(pszObjId), cExtensions, rgExtensions),
  CertVerifyTimeValidity(thread, pTimeToVerify, pCertInfo) {
    const { NotBefore, NotAfter } = CERT_INFO.load(thread, pCertInfo);
    const units = (time: typeof NotBefore) => (BigInt(time.dwHighDateTime) << 32n) | BigInt(time.dwLowDateTime);
    const now = pTimeToVerify === undefined ? fileTimeFromMs(thread.process.host.clock.now()) : pTimeToVerify;
    return now < units(NotBefore) ? -1 : now > units(NotAfter) ? 1 : 0;
  },
  CertCompareCertificate(thread, _dwCertEncodingType, pCertId1, pCertId2) {
    const [first, second] = [pCertId1, pCertId2].map((address) => CERT_INFO.load(thread, address));
    return sameBlob(thread, first!.Issuer, second!.Issuer) && sameBlob(thread, first!.SerialNumber, second!.SerialNumber);
  },
  CertCompareCertificateName: (thread, _dwCertEncodingType, pCertName1, pCertName2) => sameBlob(thread, pCertName1, pCertName2),
  CertCompareIntegerBlob(thread, pInt1, pInt2) {
    const [first, second] = [pInt1, pInt2].map((blob) => significant(thread.memory.slice(blob.pbData, blob.cbData)));
    return sameBytes(first!, second!);
  },
});

function propertyOf({ certificate, properties }: Context, id: number): Uint8Array | undefined {
  switch (id) {
    case PROPERTY.SHA1_HASH:
      return digestOf(HASHES.SHA1, certificate.encoded);
    case PROPERTY.MD5_HASH:
      return digestOf(HASHES.MD5, certificate.encoded);
    case PROPERTY.SHA256_HASH:
      return digestOf(HASHES.SHA256, certificate.encoded);
    default:
      return properties.get(id);
  }
}

interface NameQuery {
  readonly type: number;
  readonly flags: number;
  readonly parameter: number;
}

function nameString(
  thread: Thread,
  certificate: Certificate,
  properties: ReadonlyMap<number, Uint8Array>,
  { type, flags, parameter }: NameQuery,
): string | undefined {
  const { memory } = thread;
  const ofIssuer = (flags & NAME.ISSUER_FLAG) !== 0;
  const name = ofIssuer ? certificate.issuer : certificate.subject;
  const others = ofIssuer ? { dns: [], mail: [], urls: [] } : alternativeNames(certificate);
  switch (type) {
    case NAME.EMAIL:
      return others.mail[0] ?? attributeOf(name, OID.emailAddress);
    case NAME.RDN:
      return nameText(name, parameter === 0 ? 1 : memory.u32(parameter));
    case NAME.ATTR:
      return parameter === 0 ? undefined : attributeOf(name, memory.cstring(parameter));
    case NAME.FRIENDLY_DISPLAY: {
      const friendly = ofIssuer ? undefined : properties.get(PROPERTY.FRIENDLY_NAME);
      if (friendly !== undefined) return new TextDecoder("utf-16le").decode(friendly).replace(/\0.*$/s, "");
      return simpleName(name, others.mail);
    }
    case NAME.SIMPLE_DISPLAY:
      return simpleName(name, others.mail);
    case NAME.DNS:
      return others.dns[0] ?? attributeOf(name, OID.commonName);
    case NAME.URL:
      return others.urls[0];
    default:
      return undefined;
  }
}

function simpleName(name: Uint8Array, mail: readonly string[]): string | undefined {
  const found = SIMPLE_ATTRIBUTES.map((oid) => attributeOf(name, oid)).find((value) => value !== undefined);
  return found ?? mail[0] ?? readName(name)[0]?.value;
}

/** The characters that it takes with NUL, or those that were written. */
function giveText(text: string, buffer: TextBuffer, capacity: number): number {
  if (buffer.isNull || capacity === 0) return text.length + 1;
  const { written } = buffer.writeTruncated(text, capacity);
  return Math.min(written, text.length) + 1;
}

/** CERT_ENHKEY_USAGE: a count and a pointer to pointers to identifiers, all in the caller's memory. */
function storeUsage(
  thread: Thread,
  usages: readonly string[],
  address: number,
  size: { isNull: boolean; get(): number; set(value: number): void },
): void {
  const { memory, pointerSize } = thread;
  const needed = 2 * pointerSize + usages.reduce((sum, oid) => sum + pointerSize + oid.length + 1, 0);
  const room = size.get();
  size.set(needed);
  if (address === 0) return;
  if (room < needed) throw new Win32Error(ERROR.MORE_DATA);
  memory.fill(address, 0, 2 * pointerSize);
  memory.setU32(address, usages.length);
  memory.setPointer(address + pointerSize, usages.length === 0 ? 0 : address + 2 * pointerSize);
  let at = address + (2 + usages.length) * pointerSize;
  usages.forEach((oid, i) => {
    memory.setPointer(address + (2 + i) * pointerSize, at);
    memory.write(at, new TextEncoder().encode(`${oid}\0`));
    at += oid.length + 1;
  });
}

function findExtension(thread: Thread, oid: string, count: number, address: number): number {
  const size = CERT_EXTENSION.size(thread.pointerSize);
  for (let at = address; at < address + count * size; at += size) if (thread.memory.cstring(thread.memory.pointer(at)) === oid) return at;
  return 0;
}

type Blob = StructValue<(typeof BLOB)["fields"]>;

function sameBlob({ memory }: Thread, left: Blob, right: Blob): boolean {
  return sameBytes(memory.slice(left.pbData, left.cbData), memory.slice(right.pbData, right.cbData));
}

/** A little-endian number without what only widens it. */
function significant(bytes: Uint8Array): Uint8Array {
  let length = bytes.length;
  while (length > 1 && (bytes[length - 1] === 0 || bytes[length - 1] === 0xff)) length--;
  return bytes.subarray(0, length);
}
