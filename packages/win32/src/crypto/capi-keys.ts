import { ERROR, Win32Error } from "@decant/hook";
import { implement, type Thread } from "@decant/process";
import { ALGORITHMS, Capi, contextOf, digestOf, give, giveParameter, hashOf, NTE, word } from "./capi.ts";
import { capiKeysApi } from "./capi-keys.api.ts";
import { fromLittleEndian, toLittleEndian, verifies, type PublicKey } from "./public-key.ts";
import { deriveSecret, keyBits, MODES, SessionKey } from "./session-key.ts";
import { joinBytes } from "../values/join-bytes.ts";

const CRYPT = { EXPORTABLE: 1, NOHASHOID: 1 } as const;
const BLOB = { PUBLICKEY: 6, PLAINTEXTKEY: 8 } as const;
const BLOB_VERSION = 2;
const HEADER_BYTES = 8;
/** "RSA1": RSAPUBKEY's magic number, before the length in bits and the exponent. */
const RSA1 = 0x3141_5352;
const RSA_HEADER_BYTES = HEADER_BYTES + 12;
const MAX_RSA_BITS = 16_384;
const CALG_RSA = [0x2400, 0xa400];
const KP = { IV: 1, PADDING: 3, MODE: 4, MODE_BITS: 5, PERMISSIONS: 6, ALGID: 7, BLOCKLEN: 8, KEYLEN: 9 } as const;
const PKCS5_PADDING = 1;
/** CRYPT_ENCRYPT to CRYPT_MAC, with or without CRYPT_EXPORT. */
const PERMISSIONS = { EXPORTABLE: 0x3f, OTHERS: 0x3b } as const;
/** PROV_RSA_AES, the one with AES. */
const PROV_RSA_AES = 24;

type Key = SessionKey | PublicKey;

/** Keys of CryptoAPI: of RC4 and AES, made, derived, imported and exported; public ones of RSA, which verify. There are no pairs of keys: nothing is signed. */
export const capiKeys = implement(capiKeysApi, {
  CryptGenKey(thread, hProv, Algid, dwFlags, phKey) {
    const bits = bitsOf(thread, hProv, Algid, dwFlags);
    return give(keysOf(thread).add(new SessionKey(Algid, thread.process.host.random(bits / 8), isExportable(dwFlags))), phKey);
  },
  CryptDeriveKey(thread, hProv, Algid, hBaseData, dwFlags, phKey) {
    const bits = bitsOf(thread, hProv, Algid, dwFlags);
    const object = hashOf(thread, hBaseData);
    const secret = deriveSecret(Algid, ALGORITHMS.get(object.algid)!, digestOf(object), bits / 8);
    return give(keysOf(thread).add(new SessionKey(Algid, secret, isExportable(dwFlags))), phKey);
  },
  CryptImportKey(thread, hProv, pbData, dwDataLen, _hPubKey, dwFlags, phKey) {
    const { type } = contextOf(thread, hProv);
    if (dwDataLen < HEADER_BYTES) throw new Win32Error(NTE.BAD_DATA);
    const blob = pbData.read(dwDataLen);
    const algid = new DataView(blob.buffer).getUint32(4, true);
    if (blob[0] !== BLOB.PUBLICKEY && blob[0] !== BLOB.PLAINTEXTKEY) throw new Win32Error(NTE.BAD_TYPE);
    if (blob[1] !== BLOB_VERSION) throw new Win32Error(NTE.BAD_VER);
    const key = blob[0] === BLOB.PUBLICKEY ? importPublic(algid, blob) : importPlain(type, algid, blob, isExportable(dwFlags));
    return give(keysOf(thread).add(key), phKey);
  },
  CryptExportKey(thread, hKey, _hExpKey, dwBlobType, _dwFlags, pbData, pdwDataLen) {
    const key = keyOf(thread, hKey);
    if (dwBlobType !== (key instanceof SessionKey ? BLOB.PLAINTEXTKEY : BLOB.PUBLICKEY)) throw new Win32Error(NTE.BAD_TYPE);
    if (!(key instanceof SessionKey)) return giveParameter(exportPublic(key), pbData, pdwDataLen);
    if (!key.isExportable) throw new Win32Error(NTE.BAD_KEY_STATE);
    return giveParameter(joinBytes([header(BLOB.PLAINTEXTKEY, key.algid), word(key.secret.length), key.secret]), pbData, pdwDataLen);
  },
  CryptDestroyKey(thread, hKey) {
    keyOf(thread, hKey);
    keysOf(thread).remove(hKey);
    return true;
  },
  CryptDuplicateKey(thread, hKey, _pdwReserved, _dwFlags, phKey) {
    const key = keyOf(thread, hKey);
    return give(keysOf(thread).add(key instanceof SessionKey ? key.copy() : key), phKey);
  },
  CryptGetUserKey(thread, hProv) {
    contextOf(thread, hProv);
    throw new Win32Error(NTE.NO_KEY);
  },

  CryptEncrypt(thread, hKey, hHash, Final, _dwFlags, pbData, pdwDataLen, dwBufLen) {
    const key = sessionKeyOf(thread, hKey);
    const length = pdwDataLen.get();
    const { blockBytes } = key;
    const padding = Final && blockBytes > 1 ? blockBytes - (length % blockBytes) : 0;
    if (pbData.isNull || length + padding > dwBufLen) {
      pdwDataLen.set(length + padding);
      if (pbData.isNull) return true;
      throw new Win32Error(ERROR.MORE_DATA);
    }
    if ((length + padding) % blockBytes !== 0) throw new Win32Error(NTE.BAD_DATA);
    const plain = new Uint8Array(length + padding).fill(padding);
    if (length > 0) plain.set(pbData.read(length));
    if (hHash !== 0) hashOf(thread, hHash).hash.update(plain.subarray(0, length));
    pbData.write(key.transform(plain, true));
    pdwDataLen.set(plain.length);
    if (Final) key.restart();
    return true;
  },
  CryptDecrypt(thread, hKey, hHash, Final, _dwFlags, pbData, pdwDataLen) {
    const key = sessionKeyOf(thread, hKey);
    const length = pdwDataLen.get();
    const { blockBytes } = key;
    if (length % blockBytes !== 0) throw new Win32Error(NTE.BAD_DATA);
    if (length === 0) return true;
    const plain = key.transform(pbData.read(length), false);
    if (Final) key.restart();
    const text = Final && blockBytes > 1 ? withoutPadding(plain, blockBytes) : plain;
    if (hHash !== 0) hashOf(thread, hHash).hash.update(text);
    pbData.write(plain);
    pdwDataLen.set(text.length);
    return true;
  },
  CryptGetKeyParam(thread, hKey, dwParam, pbData, pdwDataLen) {
    return giveParameter(parameterOf(keyOf(thread, hKey), dwParam), pbData, pdwDataLen);
  },
  CryptSetKeyParam(thread, hKey, dwParam, pbData) {
    const key = sessionKeyOf(thread, hKey);
    const isBlocks = key.blockBytes > 1;
    if (dwParam === KP.IV) {
      if (isBlocks) key.vector = pbData.read(key.blockBytes);
      key.restart();
      return true;
    }
    const value = new DataView(pbData.read(4).buffer).getUint32(0, true);
    if (dwParam === KP.MODE && isBlocks && !MODES.has(value)) throw new Win32Error(NTE.BAD_DATA);
    if (dwParam === KP.PADDING && value !== PKCS5_PADDING) throw new Win32Error(NTE.BAD_DATA);
    if (dwParam !== KP.MODE && dwParam !== KP.PADDING) throw new Win32Error(NTE.BAD_TYPE);
    if (dwParam === KP.MODE && isBlocks) {
      key.mode = value;
      key.restart();
    }
    return true;
  },

  CryptSignHash(thread, hHash) {
    hashOf(thread, hHash);
    throw new Win32Error(NTE.NO_KEY);
  },
  CryptVerifySignature(thread, hHash, pbSignature, dwSigLen, hPubKey, _szDescription, dwFlags) {
    const object = hashOf(thread, hHash);
    const key = keyOf(thread, hPubKey);
    if (key instanceof SessionKey) throw new Win32Error(ERROR.INVALID_PARAMETER);
    const { name } = ALGORITHMS.get(object.algid)!;
    const signature = dwSigLen === key.modulusBytes ? pbSignature.read(dwSigLen) : new Uint8Array(0);
    if (!verifies(key, name, digestOf(object), signature, (dwFlags & CRYPT.NOHASHOID) === 0)) throw new Win32Error(NTE.BAD_SIGNATURE);
    return true;
  },
});

function keysOf(thread: Thread) {
  return Capi.of(thread).keys;
}

function keyOf(thread: Thread, handle: number): Key {
  const key = keysOf(thread).get(handle);
  if (key === undefined) throw new Win32Error(ERROR.INVALID_PARAMETER);
  return key;
}

function sessionKeyOf(thread: Thread, handle: number): SessionKey {
  const key = keyOf(thread, handle);
  if (!(key instanceof SessionKey)) throw new Win32Error(NTE.BAD_KEY);
  return key;
}

function isExportable(flags: number): boolean {
  return (flags & CRYPT.EXPORTABLE) !== 0;
}

/** How long a key is to be, in bits: what the upper half of the flags says, or as usual. Throws NTE_BAD_ALGID, and NTE_BAD_DATA for a length that it cannot have. */
function bitsOf(thread: Thread, provider: number, algid: number, flags: number): number {
  const limits = limitsOf(contextOf(thread, provider).type, algid);
  const bits = flags >>> 16 || limits.usual;
  if (bits < limits.least || bits > limits.most || bits % 8 !== 0) throw new Win32Error(NTE.BAD_DATA);
  return bits;
}

function limitsOf(provider: number, algid: number): NonNullable<ReturnType<typeof keyBits>> {
  const limits = keyBits(algid);
  const isAes = limits !== undefined && limits.least === limits.most;
  if (limits === undefined || (isAes && provider !== PROV_RSA_AES)) throw new Win32Error(NTE.BAD_ALGID);
  return limits;
}

/** PLAINTEXTKEYBLOB: the key's length in bytes, then the key. */
function importPlain(provider: number, algid: number, blob: Uint8Array, exportable: boolean): SessionKey {
  const limits = limitsOf(provider, algid);
  const at = HEADER_BYTES + 4;
  const length = blob.length < at ? 0 : new DataView(blob.buffer).getUint32(HEADER_BYTES, true);
  if (8 * length < limits.least || 8 * length > limits.most || blob.length < at + length) throw new Win32Error(NTE.BAD_DATA);
  return new SessionKey(algid, blob.slice(at, at + length), exportable);
}

/** PUBLICKEYBLOB: RSAPUBKEY, then the modulus. */
function importPublic(algid: number, blob: Uint8Array): PublicKey {
  if (!CALG_RSA.includes(algid)) throw new Win32Error(NTE.BAD_ALGID);
  if (blob.length < RSA_HEADER_BYTES) throw new Win32Error(NTE.BAD_DATA);
  const view = new DataView(blob.buffer);
  const bits = view.getUint32(HEADER_BYTES + 4, true);
  const modulusBytes = bits / 8;
  const isWhole = bits % 8 === 0 && bits > 0 && bits <= MAX_RSA_BITS && blob.length >= RSA_HEADER_BYTES + modulusBytes;
  if (view.getUint32(HEADER_BYTES, true) !== RSA1 || !isWhole) throw new Win32Error(NTE.BAD_DATA);
  const modulus = fromLittleEndian(blob.subarray(RSA_HEADER_BYTES, RSA_HEADER_BYTES + modulusBytes));
  if (modulus === 0n) throw new Win32Error(NTE.BAD_DATA);
  return { algid, exponent: BigInt(view.getUint32(HEADER_BYTES + 8, true)), modulus, modulusBytes };
}

function exportPublic({ algid, exponent, modulus, modulusBytes }: PublicKey): Uint8Array {
  const fields = [RSA1, 8 * modulusBytes, Number(exponent)].map(word);
  return joinBytes([header(BLOB.PUBLICKEY, algid), ...fields, toLittleEndian(modulus, modulusBytes)]);
}

/** BLOBHEADER. */
function header(type: number, algid: number): Uint8Array {
  return joinBytes([Uint8Array.of(type, BLOB_VERSION, 0, 0), word(algid)]);
}

function parameterOf(key: Key, parameter: number): Uint8Array {
  if (parameter === KP.ALGID) return word(key.algid);
  if (!(key instanceof SessionKey)) {
    if (parameter === KP.KEYLEN || parameter === KP.BLOCKLEN) return word(8 * key.modulusBytes);
    throw new Win32Error(NTE.BAD_TYPE);
  }
  const isBlocks = key.blockBytes > 1;
  switch (parameter) {
    case KP.IV:
      return isBlocks ? key.vector : new Uint8Array(0);
    case KP.PADDING:
      return word(PKCS5_PADDING);
    case KP.MODE:
      return word(isBlocks ? key.mode : 0);
    case KP.MODE_BITS:
      return word(0);
    case KP.PERMISSIONS:
      return word(key.isExportable ? PERMISSIONS.EXPORTABLE : PERMISSIONS.OTHERS);
    case KP.BLOCKLEN:
      return word(isBlocks ? 8 * key.blockBytes : 0);
    case KP.KEYLEN:
      return word(8 * key.secret.length);
    default:
      throw new Win32Error(NTE.BAD_TYPE);
  }
}

/** Throws NTE_BAD_DATA for an end that is no padding (RFC 5652, section 6.3). */
function withoutPadding(plain: Uint8Array, blockBytes: number): Uint8Array {
  const count = plain.at(-1)!;
  if (count === 0 || count > blockBytes || plain.subarray(-count).some((byte) => byte !== count)) throw new Win32Error(NTE.BAD_DATA);
  return plain.subarray(0, plain.length - count);
}
