import { NtError, STATUS, type Out, type Pointer } from "@decant/hook";
import { implement, waitFor, type Thread } from "@decant/process";
import { readCurveBlob, readRsaBlob, writeCurveBlob, writeRsaBlob, type CurveKey } from "./cng-key-blobs.ts";
import { cngKeyPairsApi } from "./cng-key-pairs.api.ts";
import { Cng, give, objectOf, providerOf } from "./cng-objects.ts";
import { bytesToNumberBE } from "@noble/curves/utils.js";
import { agreed, CURVES, publicPoint, scalarOf, signDigest, verifyDigest, type Curve } from "./elliptic-curves.ts";
import { HASHES, hmac, type HashAlgorithm } from "./hashes.ts";
import { fillRandom } from "./random-bytes.ts";
import { modulusBits, modulusBytes, privatePower, publicPower, type RsaKey } from "./rsa-key.ts";
import { encryptedMessage, encryptionPadding, isPss, oaepMessage, oaepPadding, pssPadding, signaturePadding } from "./rsa-padding.ts";

const STATUS_SUCCESS = 0;
const STATUS_INVALID_SIGNATURE = 0xc000_a000;
/** BCRYPT_PAD_*. */
const PAD = { NONE: 1, PKCS1: 2, OAEP: 4, PSS: 8 } as const;
/** KDF_*. */
const KDF = { HASH_ALGORITHM: 0, SECRET_PREPEND: 1, SECRET_APPEND: 2, HMAC_KEY: 3 } as const;
const MAX_BUFFERS = 64;
const RSA_BITS = { least: 512, most: 16_384, step: 64 } as const;
const PUBLIC_EXPONENT = 65_537;

/** A pair of keys, or a public one; there is no key before BCryptFinalizeKeyPair. */
export type KeyPair = RsaPair | CurvePair;

interface RsaPair {
  readonly kind: "pair";
  readonly name: "RSA";
  readonly bits: number;
  key: RsaKey | undefined;
}

interface CurvePair {
  readonly kind: "pair";
  readonly name: CurveAlgorithm;
  readonly curve: Curve;
  key: CurveKey | undefined;
}

/** What two sides agreed on: a coordinate, as long as the curve's. */
export interface Secret {
  readonly kind: "secret";
  readonly value: Uint8Array;
}

export type CurveAlgorithm = `${"ECDH" | "ECDSA"}_${Curve["name"]}`;

export const cngKeyPairs = implement(cngKeyPairsApi, {
  BCryptGenerateKeyPair(thread, hAlgorithm, phKey, dwLength) {
    const { name } = providerOf(thread, hAlgorithm);
    if (name === "RSA") {
      const isLength = dwLength >= RSA_BITS.least && dwLength <= RSA_BITS.most && dwLength % RSA_BITS.step === 0;
      if (!isLength) throw new NtError(STATUS.INVALID_PARAMETER);
      return give(thread, { kind: "pair", name, bits: dwLength, key: undefined }, phKey);
    }
    const curve = curveOf(name);
    // "dwLength: … the key length … is fixed": 0 or the curve's.
    if (curve === undefined) throw new NtError(STATUS.NOT_SUPPORTED);
    if (dwLength !== 0 && dwLength !== curve.n.toString(2).length) throw new NtError(STATUS.INVALID_PARAMETER);
    return give(thread, { kind: "pair", name: name as CurveAlgorithm, curve, key: undefined }, phKey);
  },
  *BCryptFinalizeKeyPair(thread, hKey) {
    const pair = pairOf(thread, hKey);
    if (pair.key !== undefined) throw new NtError(STATUS.INVALID_HANDLE);
    if (pair.name !== "RSA") {
      const { curve } = pair;
      const d = randomScalar(thread, curve);
      pair.key = { curve, point: publicPoint(curve, d), d };
      return STATUS_SUCCESS;
    }
    const { keys } = thread.process.host;
    if (keys === undefined) throw new NtError(STATUS.NOT_SUPPORTED);
    const [p, q] = (yield* waitFor(keys.rsaPrimes(pair.bits, PUBLIC_EXPONENT))).map(bytesToNumberBE) as [bigint, bigint];
    pair.key = { modulus: p * q, exponent: BigInt(PUBLIC_EXPONENT), primes: [p, q] };
    return STATUS_SUCCESS;
  },
  BCryptImportKeyPair(thread, hAlgorithm, _hImportKey, pszBlobType, phKey, pbInput, cbInput) {
    const { name } = providerOf(thread, hAlgorithm);
    const blob = cbInput === 0 ? new Uint8Array(0) : pbInput.read(cbInput);
    const curve = curveOf(name);
    if (curve !== undefined) {
      const key = readCurveBlob(groupOf(name), { curve, type: plainType(pszBlobType, "ECC"), blob });
      return give(thread, { kind: "pair", name: name as CurveAlgorithm, curve, key }, phKey);
    }
    if (name !== "RSA") throw new NtError(STATUS.NOT_SUPPORTED);
    const key = readRsaBlob(plainType(pszBlobType, "RSA"), blob);
    return give(thread, { kind: "pair", name, bits: modulusBits(key), key }, phKey);
  },
  BCryptExportKey(thread, hKey, _hExportKey, pszBlobType, pbOutput, cbOutput, pcbResult) {
    const pair = pairOf(thread, hKey);
    const type = plainType(pszBlobType, pair.name === "RSA" ? "RSA" : "ECC");
    const blob = pair.name === "RSA" ? writeRsaBlob(type, keyIn(pair)) : writeCurveBlob(groupOf(pair.name), type, keyIn(pair));
    return giveBytes(blob, pbOutput, cbOutput, pcbResult);
  },

  BCryptSignHash(thread, hKey, pPaddingInfo, pbInput, cbInput, pbOutput, cbOutput, pcbResult, dwFlags) {
    const pair = pairOf(thread, hKey);
    const size = pair.name === "RSA" ? modulusBytes(keyIn(pair)) : 2 * pair.curve.bytes;
    if (pbOutput.isNull) return giveBytes(new Uint8Array(size), pbOutput, cbOutput, pcbResult);
    if (cbOutput < size) throw new NtError(STATUS.BUFFER_TOO_SMALL);
    const digest = pbInput.read(cbInput);
    const signature = pair.name === "RSA" ? signRsa(thread, keyIn(pair), digest, dwFlags, pPaddingInfo) : signCurve(pair, digest);
    return giveBytes(signature, pbOutput, cbOutput, pcbResult);
  },
  BCryptVerifySignature(thread, hKey, pPaddingInfo, pbHash, cbHash, pbSignature, cbSignature, dwFlags) {
    const pair = pairOf(thread, hKey);
    const digest = cbHash === 0 ? new Uint8Array(0) : pbHash.read(cbHash);
    const signature = cbSignature === 0 ? new Uint8Array(0) : pbSignature.read(cbSignature);
    const isGood =
      pair.name === "RSA"
        ? isRsaSignature(thread, keyIn(pair), { digest, signature, flags: dwFlags, info: pPaddingInfo })
        : verifyDigest(pair.curve, keyIn(pair).point, digest, signature);
    if (!isGood) throw new NtError(STATUS_INVALID_SIGNATURE);
    return STATUS_SUCCESS;
  },

  BCryptSecretAgreement(thread, hPrivKey, hPubKey, phAgreedSecret) {
    const [own, other] = [pairOf(thread, hPrivKey), pairOf(thread, hPubKey)];
    if (own.name === "RSA" || groupOf(own.name) !== "ECDH") throw new NtError(STATUS.NOT_SUPPORTED);
    if (other.name !== own.name) throw new NtError(STATUS.INVALID_PARAMETER);
    const { d, curve } = keyIn(own) as CurveKey;
    if (d === undefined) throw new NtError(STATUS.INVALID_PARAMETER);
    return give(thread, { kind: "secret", value: agreed(curve, d, (keyIn(other) as CurveKey).point) }, phAgreedSecret);
  },
  BCryptDeriveKey(thread, hSharedSecret, pwszKDF, pParameterList, pbDerivedKey, cbDerivedKey, pcbResult) {
    const { value } = secretOf(thread, hSharedSecret);
    const key = derived(thread, value, pwszKDF, pParameterList);
    pcbResult.set(pbDerivedKey.isNull ? key.length : Math.min(key.length, cbDerivedKey));
    if (!pbDerivedKey.isNull) pbDerivedKey.write(key.subarray(0, cbDerivedKey));
    return STATUS_SUCCESS;
  },
  BCryptDestroySecret(thread, hSecret) {
    secretOf(thread, hSecret);
    Cng.of(thread).objects.remove(hSecret);
    return STATUS_SUCCESS;
  },
});

/** BCryptEncrypt with a key of RSA. */
export function encryptRsa(thread: Thread, pair: KeyPair, input: Uint8Array, { flags, info }: { flags: number; info: number }): Uint8Array {
  if (pair.name !== "RSA") throw new NtError(STATUS.NOT_SUPPORTED);
  const key = keyIn(pair);
  const size = modulusBytes(key);
  const random = randomOf(thread);
  let block: Uint8Array | undefined;
  if (flags === PAD.PKCS1) block = encryptionPadding(input, size, random);
  else if (flags === PAD.OAEP) {
    const { hash, label } = oaepInfo(thread, info);
    block = oaepPadding(hash, label, input, size, random);
  } else if (flags === PAD.NONE && input.length === size) block = input;
  const output = block === undefined ? undefined : publicPower(key, block);
  if (output === undefined) throw new NtError(STATUS.INVALID_PARAMETER);
  return output;
}

/** BCryptDecrypt with a private key of RSA. Fails with STATUS_INVALID_PARAMETER for what was not encrypted so. */
export function decryptRsa(thread: Thread, pair: KeyPair, input: Uint8Array, { flags, info }: { flags: number; info: number }): Uint8Array {
  if (pair.name !== "RSA") throw new NtError(STATUS.NOT_SUPPORTED);
  const block = input.length === modulusBytes(keyIn(pair)) ? privatePower(privateIn(pair), input) : undefined;
  let message: Uint8Array | undefined;
  if (block !== undefined && flags === PAD.PKCS1) message = encryptedMessage(block);
  else if (block !== undefined && flags === PAD.OAEP) {
    const { hash, label } = oaepInfo(thread, info);
    message = oaepMessage(hash, label, block);
  } else if (flags === PAD.NONE) message = block;
  if (message === undefined) throw new NtError(STATUS.INVALID_PARAMETER);
  return message;
}

/** BCryptGetProperty of a pair; undefined for properties that it has not. */
export function pairNumber(pair: KeyPair, property: string): number | undefined {
  const bits = pair.name === "RSA" ? pair.bits : pair.curve.n.toString(2).length;
  if (property === "KeyLength" || property === "KeyStrength") return bits;
  if (property === "BlockLength") return Math.ceil(bits / 8);
  if (property === "SignatureLength") return pair.name === "RSA" ? Math.ceil(bits / 8) : 2 * pair.curve.bytes;
  return undefined;
}

/** The curve that an algorithm is named after. */
export function curveOf(name: string): Curve | undefined {
  const [, curve] = /^EC(?:DH|DSA)_(P256|P384|P521)$/.exec(name) ?? [];
  return curve === undefined ? undefined : CURVES[curve as Curve["name"]];
}

function groupOf(name: string): "ECDH" | "ECDSA" {
  return name.startsWith("ECDH") ? "ECDH" : "ECDSA";
}

/** "PUBLICBLOB" and "PRIVATEBLOB" are the algorithm's own types. */
function plainType(type: string, prefix: "RSA" | "ECC"): string {
  return type === "PUBLICBLOB" || type === "PRIVATEBLOB" ? `${prefix}${type}` : type;
}

function pairOf(thread: Thread, handle: number): KeyPair {
  const object = objectOf(thread, handle);
  if (object.kind !== "pair") throw new NtError(STATUS.INVALID_HANDLE);
  return object;
}

function secretOf(thread: Thread, handle: number): Secret {
  const object = objectOf(thread, handle);
  if (object.kind !== "secret") throw new NtError(STATUS.INVALID_HANDLE);
  return object;
}

function keyIn<P extends KeyPair>({ key }: P): NonNullable<P["key"]> {
  if (key === undefined) throw new NtError(STATUS.INVALID_HANDLE);
  return key;
}

function privateIn(pair: RsaPair): RsaKey & { primes: readonly [bigint, bigint] } {
  const { primes, ...rest } = keyIn(pair);
  if (primes === undefined) throw new NtError(STATUS.INVALID_PARAMETER);
  return { ...rest, primes };
}

function signRsa(thread: Thread, key: RsaKey, digest: Uint8Array, flags: number, info: number): Uint8Array {
  const { primes } = key;
  if (primes === undefined) throw new NtError(STATUS.INVALID_PARAMETER);
  const { hash, saltBytes } = signatureInfo(thread, flags, info);
  const block =
    flags === PAD.PSS && hash !== undefined
      ? pssPadding(hash, digest, randomOf(thread)(saltBytes), modulusBits(key))
      : signaturePadding(hash?.name, digest, modulusBytes(key));
  const isDigest = hash === undefined || hash.digestBytes === digest.length;
  const signature = block === undefined || !isDigest ? undefined : privatePower({ ...key, primes }, block);
  if (signature === undefined) throw new NtError(STATUS.INVALID_PARAMETER);
  return signature;
}

function isRsaSignature(
  thread: Thread,
  key: RsaKey,
  { digest, signature, flags, info }: { digest: Uint8Array; signature: Uint8Array; flags: number; info: number },
): boolean {
  const { hash, saltBytes } = signatureInfo(thread, flags, info);
  const block = signature.length === modulusBytes(key) ? publicPower(key, signature) : undefined;
  if (block === undefined) return false;
  if (flags === PAD.PSS) return hash !== undefined && isPss(hash, digest, saltBytes, block, modulusBits(key));
  const expected = signaturePadding(hash?.name, digest, modulusBytes(key));
  return expected !== undefined && expected.every((byte, at) => byte === block[at]);
}

/** r and s, one behind the other. */
function signCurve({ key, curve }: CurvePair, digest: Uint8Array): Uint8Array {
  if (key?.d === undefined) throw new NtError(STATUS.INVALID_PARAMETER);
  return signDigest(curve, key.d, digest);
}

function randomScalar(thread: Thread, curve: Curve): bigint {
  for (;;) {
    const scalar = scalarOf(curve, randomOf(thread)(curve.bytes));
    if (scalar !== undefined) return scalar;
  }
}

function randomOf({ process }: Thread): (length: number) => Uint8Array {
  return (length) => {
    const bytes = new Uint8Array(length);
    fillRandom(process, bytes);
    return bytes;
  };
}

/** BCRYPT_PKCS1_PADDING_INFO, whose name may be NULL, and BCRYPT_PSS_PADDING_INFO. */
function signatureInfo(thread: Thread, flags: number, info: number): { hash: HashAlgorithm | undefined; saltBytes: number } {
  if ((flags !== PAD.PKCS1 && flags !== PAD.PSS) || info === 0) throw new NtError(STATUS.INVALID_PARAMETER);
  const hash = hashNamed(thread, thread.memory.pointer(info));
  if (flags === PAD.PSS && hash === undefined) throw new NtError(STATUS.INVALID_PARAMETER);
  return { hash, saltBytes: flags === PAD.PSS ? thread.memory.u32(info + thread.pointerSize) : 0 };
}

/** BCRYPT_OAEP_PADDING_INFO. */
function oaepInfo(thread: Thread, info: number): { hash: HashAlgorithm; label: Uint8Array } {
  const { memory, pointerSize } = thread;
  const hash = info === 0 ? undefined : hashNamed(thread, memory.pointer(info));
  if (hash === undefined) throw new NtError(STATUS.INVALID_PARAMETER);
  const length = memory.u32(info + 2 * pointerSize);
  return { hash, label: length === 0 ? new Uint8Array(0) : memory.read(memory.pointer(info + pointerSize), length) };
}

function hashNamed({ memory }: Thread, address: number): HashAlgorithm | undefined {
  if (address === 0) return undefined;
  const name = memory.wstring(address).toUpperCase();
  if (!(name in HASHES)) throw new NtError(STATUS.NOT_SUPPORTED);
  return HASHES[name as keyof typeof HASHES];
}

/** BCRYPT_KDF_HASH, BCRYPT_KDF_HMAC and BCRYPT_KDF_RAW_SECRET, whose bytes are the secret's from its end. */
function derived(thread: Thread, secret: Uint8Array, kdf: string, list: number): Uint8Array {
  if (kdf === "TRUNCATE") return secret.toReversed();
  if (kdf !== "HASH" && kdf !== "HMAC") throw new NtError(STATUS.NOT_SUPPORTED);
  const parameters = parametersAt(thread, list);
  const of = (type: number): Uint8Array[] => parameters.filter((each) => each.type === type).map(({ bytes }) => bytes);
  const [name] = of(KDF.HASH_ALGORITHM);
  const hashName = name === undefined ? "SHA1" : new TextDecoder("utf-16le").decode(name).replace(/\0.*$/s, "").toUpperCase();
  if (!(hashName in HASHES)) throw new NtError(STATUS.NOT_SUPPORTED);
  const algorithm = HASHES[hashName as keyof typeof HASHES];
  const hash = kdf === "HMAC" ? hmac(algorithm, of(KDF.HMAC_KEY)[0] ?? secret) : algorithm.create();
  for (const part of [...of(KDF.SECRET_PREPEND), secret, ...of(KDF.SECRET_APPEND)]) hash.update(part);
  return hash.digest();
}

/** BCryptBufferDesc: a version, a count, and where the buffers lie: length, type, address. */
function parametersAt({ memory, pointerSize }: Thread, list: number): { type: number; bytes: Uint8Array }[] {
  if (list === 0) return [];
  const count = memory.u32(list + 4);
  if (count > MAX_BUFFERS) throw new NtError(STATUS.INVALID_PARAMETER);
  const first = memory.pointer(list + 8);
  return Array.from({ length: count }, (_, index) => {
    const at = first + index * (8 + pointerSize);
    return { type: memory.u32(at + 4), bytes: memory.read(memory.pointer(at + 8), memory.u32(at)) };
  });
}

function giveBytes(bytes: Uint8Array, output: Pointer, room: number, result: Out<number>): number {
  result.set(bytes.length);
  if (output.isNull) return STATUS_SUCCESS;
  if (room < bytes.length) throw new NtError(STATUS.BUFFER_TOO_SMALL);
  output.write(bytes);
  return STATUS_SUCCESS;
}
