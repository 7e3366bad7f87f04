import { ERROR, Win32Error } from "@decant/hook";
import { implement, type Thread } from "@decant/process";
import { digestOf, HASHES } from "../crypto/hashes.ts";
import { fileTimeFromMs } from "../files/file-time.ts";
import { BLOB, CRYPT_E_ASN1_BADTAG } from "./context.ts";
import { DerEndError, DerError, expectTag, oidText, parts, readElement, readElements, TAG, timeMs, type DerElement } from "./der.ts";
import { objectDecodingApi } from "./object-decoding.api.ts";
import { givenContext, givenStore } from "./stores.ts";
import { StructureBlock } from "./structure-block.ts";
import { bitString, OID, readCertificate } from "./x509.ts";

const ALLOCATE = 0x8000;
const X509_ASN_ENCODING = 1;
const CRYPT_E_ASN1_EOD = 0x8009_3102;
const CRYPT_E_NO_MATCH = 0x8009_2009;
const E_INVALIDARG = 0x8007_0057;
const NTE_BAD_ALGID = 0x8009_0008;
const CALG = { MD5: 0x8003, SHA1: 0x8004, SHA_256: 0x800c, SHA_384: 0x800d, SHA_512: 0x800e } as const;
/** CERT_QUERY_OBJECT_BLOB, CERT_QUERY_CONTENT_CERT, CERT_QUERY_FORMAT_BINARY and …_BASE64_ENCODED. */
const QUERY = { BLOB: 2, CERT: 1, BINARY: 1, BASE64: 2 } as const;
/** CERT_ALT_NAME_*. */
const ALTERNATIVE = { OTHER: 1, DIRECTORY: 5, IP: 8, REGISTERED_ID: 9 } as const;
/** PUBLICKEYBLOB, its version, CALG_RSA_KEYX and "RSA1". */
const PUBLIC_KEY_HEAD = [6, 2, 0, 0, 0, 0xa4, 0, 0, 0x52, 0x53, 0x41, 0x31];

/** Lays an element out as the structure that it is. */
type Decoder = (block: StructureBlock, element: DerElement) => void;

/** By number (X509_*, PKCS_*), and by the identifier of what is encoded so. */
const DECODERS: ReadonlyMap<number | string, Decoder> = new Map<number | string, Decoder>([
  [8, publicKeyInfo],
  ...both(12, alternativeNames, OID.subjectAltName, "2.5.29.18", "2.5.29.7", "2.5.29.8"),
  ...both(14, bits, OID.keyUsage),
  ...both(15, basicConstraints, OID.basicConstraints),
  ...both(17, time, "1.2.840.113549.1.9.5"),
  ...both(19, publicKeyBlob, "1.2.840.113549.1.1.1"),
  ...both(25, octets, "2.5.29.14"),
  [26, bits],
  [27, integer],
  [28, bigInteger],
  [30, time],
  ...both(31, authorityKey, "2.5.29.35"),
  ...both(36, usages, OID.extKeyUsage),
]);

/** What such an element must begin with, where that is no SEQUENCE; times have two tags. */
const TAGS: ReadonlyMap<Decoder, number | undefined> = new Map<Decoder, number | undefined>([
  [octets, TAG.OCTET_STRING],
  [bits, TAG.BIT_STRING],
  [integer, TAG.INTEGER],
  [bigInteger, TAG.INTEGER],
  [time, undefined],
]);

export const objectDecoding = implement(objectDecodingApi, {
  CryptDecodeObject: (thread, dwCertEncodingType, lpszStructType, pbEncoded, cbEncoded, _dwFlags, pvStructInfo, pcbStructInfo) =>
    decodeObject(
      thread,
      { encoding: dwCertEncodingType, type: lpszStructType, bytes: pbEncoded.read(cbEncoded), allocates: false },
      pvStructInfo,
      pcbStructInfo,
    ),
  CryptDecodeObjectEx(thread, dwCertEncodingType, lpszStructType, pbEncoded, cbEncoded, dwFlags, pDecodePara, pvStructInfo, pcbStructInfo) {
    const allocates = (dwFlags & ALLOCATE) !== 0;
    // CRYPT_DECODE_PARA: a size, then who allocates.
    // Memory is the process heap's, where LocalFree takes it back; allocators of the program's own are not called.
    if (allocates && pDecodePara !== 0 && thread.memory.pointer(pDecodePara + thread.pointerSize) !== 0)
      throw new Win32Error(ERROR.NOT_SUPPORTED);
    const from = { encoding: dwCertEncodingType, type: lpszStructType, bytes: pbEncoded.read(cbEncoded), allocates };
    return decodeObject(thread, from, pvStructInfo, pcbStructInfo);
  },
  CryptQueryObject(
    thread,
    dwObjectType,
    pvObject,
    contentFlags,
    formatFlags,
    _dwFlags,
    encoding,
    content,
    format,
    phCertStore,
    phMsg,
    ppvContext,
  ) {
    if (dwObjectType !== QUERY.BLOB) throw new Win32Error(E_INVALIDARG);
    const { cbData, pbData } = BLOB.load(thread, pvObject);
    const bytes = thread.memory.slice(pbData, cbData);
    const isText = bytes[0] !== TAG.SEQUENCE;
    const form = isText ? QUERY.BASE64 : QUERY.BINARY;
    const encoded = isText ? fromPem(bytes) : bytes;
    if (encoded === undefined || (contentFlags & (1 << QUERY.CERT)) === 0 || (formatFlags & (1 << form)) === 0)
      throw new Win32Error(CRYPT_E_NO_MATCH);
    try {
      readCertificate(encoded);
    } catch (error) {
      if (error instanceof DerError) throw new Win32Error(CRYPT_E_NO_MATCH);
      throw error;
    }
    if (!encoding.isNull) encoding.set(X509_ASN_ENCODING);
    if (!content.isNull) content.set(QUERY.CERT);
    if (!format.isNull) format.set(form);
    if (!phMsg.isNull) phMsg.set(0);
    if (!phCertStore.isNull) phCertStore.set(givenStore(thread, [encoded]));
    if (!ppvContext.isNull) ppvContext.set(givenContext(thread, [encoded]));
    return true;
  },
  PFXIsPFXBlob(thread, pPFX) {
    const { cbData, pbData } = BLOB.load(thread, pPFX);
    try {
      // PFX (RFC 7292, section 4): version 3, and contents.
      const [version, contents] = parts(readElement(thread.memory.slice(pbData, cbData)));
      return expectTag(version, TAG.INTEGER).content[0] === 3 && contents?.tag === TAG.SEQUENCE;
    } catch (error) {
      if (error instanceof DerError) return false;
      throw error;
    }
  },
  CryptHashCertificate(_thread, _hCryptProv, Algid, _dwFlags, pbEncoded, cbEncoded, pbComputedHash, pcbComputedHash) {
    const hash = {
      [CALG.MD5]: HASHES.MD5,
      [CALG.SHA_256]: HASHES.SHA256,
      [CALG.SHA_384]: HASHES.SHA384,
      [CALG.SHA_512]: HASHES.SHA512,
      [CALG.SHA1]: HASHES.SHA1,
    }[Algid || CALG.SHA1];
    if (hash === undefined) throw new Win32Error(NTE_BAD_ALGID);
    const room = pcbComputedHash.get();
    pcbComputedHash.set(hash.digestBytes);
    if (pbComputedHash.isNull) return true;
    if (room < hash.digestBytes) throw new Win32Error(ERROR.MORE_DATA);
    pbComputedHash.write(digestOf(hash, pbEncoded.read(cbEncoded)));
    return true;
  },
});

interface Place {
  get(): number;
  set(value: number): void;
}

function both(number: number, decoder: Decoder, ...oids: string[]): [number | string, Decoder][] {
  return [[number, decoder], ...oids.map((oid): [string, Decoder] => [oid, decoder])];
}

/** Fails with ERROR_FILE_NOT_FOUND for a type that has no decoder, ERROR_MORE_DATA, and CRYPT_E_ASN1_EOD for what is cut off, CRYPT_E_ASN1_BADTAG for what is no DER of that type. */
function decodeObject(
  thread: Thread,
  { encoding, type, bytes, allocates }: { encoding: number; type: number; bytes: Uint8Array; allocates: boolean },
  address: number,
  size: Place,
): boolean {
  const decoder = (encoding & X509_ASN_ENCODING) === 0 ? undefined : DECODERS.get(type <= 0xffff ? type : thread.memory.cstring(type));
  if (decoder === undefined) throw new Win32Error(ERROR.FILE_NOT_FOUND);
  const tag = TAGS.has(decoder) ? TAGS.get(decoder) : TAG.SEQUENCE;
  if (tag !== undefined && bytes[0] !== tag) throw new Win32Error(CRYPT_E_ASN1_BADTAG);
  const laidOut = (base: number): Uint8Array => {
    const block = new StructureBlock(base, thread.pointerSize);
    try {
      decoder(block, readElement(bytes));
    } catch (error) {
      if (error instanceof DerEndError) throw new Win32Error(CRYPT_E_ASN1_EOD);
      if (error instanceof DerError) throw new Win32Error(CRYPT_E_ASN1_BADTAG);
      throw error;
    }
    return block.bytes;
  };
  const needed = laidOut(0).length;
  if (allocates) {
    const memory = thread.process.heap.allocate(needed);
    if (memory === 0) throw new Win32Error(ERROR.NOT_ENOUGH_MEMORY);
    thread.memory.write(memory, laidOut(memory));
    thread.memory.setPointer(address, memory);
    size.set(needed);
    return true;
  }
  const room = size.get();
  size.set(needed);
  if (address === 0) return true;
  if (room < needed) throw new Win32Error(ERROR.MORE_DATA);
  thread.memory.write(address, laidOut(address));
  return true;
}

/** CERT_ALT_NAME_INFO. */
function alternativeNames(block: StructureBlock, element: DerElement): void {
  storeNames(block, block.reserve(2 * block.pointerSize), parts(element));
}

/** CERT_AUTHORITY_KEY_ID2_INFO: a key's identifier, and its certificate's issuer and number, each where it is told. */
function authorityKey(block: StructureBlock, element: DerElement): void {
  const [keyId, issuer, number] = [0x80, 0xa1, 0x82].map((tag) => parts(element).find((part) => part.tag === tag));
  const { pointerSize } = block;
  const at = block.reserve(6 * pointerSize);
  block.blob(at, keyId?.content ?? new Uint8Array(0));
  if (issuer !== undefined) storeNames(block, at + 2 * pointerSize, readElements(issuer.content));
  block.blob(at + 4 * pointerSize, number?.content.toReversed() ?? new Uint8Array(0));
}

function storeNames(block: StructureBlock, head: number, names: readonly DerElement[]): void {
  const { pointerSize } = block;
  const size = 3 * pointerSize;
  block.u32(head, names.length);
  if (names.length === 0) return;
  const list = block.reserve(names.length * size);
  block.pointer(head + pointerSize, list);
  names.forEach(({ tag, content, encoded }, index) => {
    const at = list + index * size;
    // The choices have the numbers of their tags, from 1.
    const choice = (tag & 0x1f) + 1;
    const value = at + pointerSize;
    block.u32(at, choice);
    if (choice === ALTERNATIVE.OTHER) {
      const [oid, other] = parts({ tag: TAG.SEQUENCE, content, encoded });
      const name = block.reserve(3 * pointerSize);
      block.pointer(value, name);
      block.text(name, oidText(oid));
      block.blob(name + pointerSize, other?.content ?? new Uint8Array(0));
    } else if (choice === ALTERNATIVE.DIRECTORY || choice === ALTERNATIVE.IP) block.blob(value, content);
    else if (choice === ALTERNATIVE.REGISTERED_ID) block.text(value, oidText({ tag: TAG.OID, content, encoded }));
    else block.wideText(value, String.fromCharCode(...content));
  });
}

/** CERT_BASIC_CONSTRAINTS2_INFO. */
function basicConstraints(block: StructureBlock, element: DerElement): void {
  const [first, second] = parts(element);
  const at = block.reserve(12);
  const isAuthority = first?.tag === TAG.BOOLEAN;
  const length = isAuthority ? second : first;
  block.u32(at, isAuthority && first.content[0] !== 0 ? 1 : 0);
  if (length === undefined) return;
  block.u32(at + 4, 1);
  block.u32(at + 8, expectTag(length, TAG.INTEGER).content.at(-1) ?? 0);
}

/** CERT_ENHKEY_USAGE. */
function usages(block: StructureBlock, element: DerElement): void {
  const oids = parts(element).map(oidText);
  const head = block.reserve(2 * block.pointerSize);
  block.u32(head, oids.length);
  const list = block.reserve(oids.length * block.pointerSize);
  block.pointer(head + block.pointerSize, list);
  oids.forEach((oid, index) => block.text(list + index * block.pointerSize, oid));
}

/** CERT_PUBLIC_KEY_INFO. */
function publicKeyInfo(block: StructureBlock, element: DerElement): void {
  const [algorithm, key] = parts(element);
  const [oid, parameters] = parts(algorithm);
  const { pointerSize } = block;
  const at = block.reserve(6 * pointerSize);
  block.text(at, oidText(oid));
  block.blob(at + pointerSize, parameters?.encoded ?? new Uint8Array(0));
  storeBits(block, at + 3 * pointerSize, expectTag(key, TAG.BIT_STRING));
}

/** A PUBLICKEYBLOB of RSAPublicKey (RFC 8017, A.1.1). */
function publicKeyBlob(block: StructureBlock, element: DerElement): void {
  const [modulus, exponent] = parts(element).map((part) => unsigned(expectTag(part, TAG.INTEGER).content));
  if (modulus === undefined || exponent === undefined || exponent.length > 4) throw new DerError("no key of RSA");
  const blob = new Uint8Array(20 + modulus.length);
  blob.set(PUBLIC_KEY_HEAD);
  new DataView(blob.buffer).setUint32(12, 8 * modulus.length, true);
  blob.set(exponent.toReversed(), 16);
  blob.set(modulus.toReversed(), 20);
  block.append(blob);
}

/** CRYPT_DATA_BLOB. */
function octets(block: StructureBlock, element: DerElement): void {
  const at = block.reserve(2 * block.pointerSize);
  block.blob(at, expectTag(element, TAG.OCTET_STRING).content);
}

/** CRYPT_BIT_BLOB. */
function bits(block: StructureBlock, element: DerElement): void {
  storeBits(block, block.reserve(3 * block.pointerSize), expectTag(element, TAG.BIT_STRING));
}

function storeBits(block: StructureBlock, at: number, element: DerElement): void {
  const { bytes, unusedBits } = bitString(element);
  block.u32(at + 2 * block.pointerSize, unusedBits);
  block.blob(at, bytes);
}

function integer(block: StructureBlock, element: DerElement): void {
  const { content } = expectTag(element, TAG.INTEGER);
  if (content.length > 4) throw new DerError("an integer of more than four bytes");
  const value = content.reduce((sum, byte) => (sum << 8) | byte, (content[0] ?? 0) >= 0x80 ? -1 : 0);
  block.u32(block.reserve(4), value >>> 0);
}

/** CRYPT_INTEGER_BLOB, whose least byte comes first. */
function bigInteger(block: StructureBlock, element: DerElement): void {
  const at = block.reserve(2 * block.pointerSize);
  block.blob(at, expectTag(element, TAG.INTEGER).content.toReversed());
}

/** FILETIME. */
function time(block: StructureBlock, element: DerElement): void {
  const units = fileTimeFromMs(timeMs(element));
  const at = block.reserve(8);
  block.u32(at, Number(units & 0xffff_ffffn));
  block.u32(at + 4, Number(units >> 32n));
}

/** A number without the zero that keeps it from being negative. */
function unsigned(bytes: Uint8Array): Uint8Array {
  return bytes.length > 1 && bytes[0] === 0 ? bytes.subarray(1) : bytes;
}

function fromPem(bytes: Uint8Array): Uint8Array | undefined {
  const text = String.fromCharCode(...bytes);
  const [, encoded] = /-----BEGIN CERTIFICATE-----([A-Za-z0-9+/=\s]+)-----END CERTIFICATE-----/.exec(text) ?? [];
  return encoded === undefined ? undefined : Uint8Array.from(atob(encoded.replaceAll(/\s/g, "")), (letter) => letter.charCodeAt(0));
}
