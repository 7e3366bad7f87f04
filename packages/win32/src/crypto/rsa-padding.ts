import { digestOf, type HashAlgorithm } from "./hashes.ts";
import { joinBytes } from "../values/join-bytes.ts";

/** What stands before a digest in a signature: its algorithm, as DER (RFC 8017, section 9.2, note 1). */
export const DIGEST_PREFIXES: Readonly<Record<string, string>> = {
  MD5: "3020300c06082a864886f70d020505000410",
  SHA1: "3021300906052b0e03021a05000414",
  SHA256: "3031300d060960864801650304020105000420",
  SHA384: "3041300d060960864801650304020205000430",
  SHA512: "3051300d060960864801650304020305000440",
};

/** Bytes that are random, each call's others. */
export type Random = (length: number) => Uint8Array;

/** EMSA-PKCS1-v1_5 (RFC 8017, 9.2); undefined where the key is too short. Without a name the digest stands alone. */
export function signaturePadding(hash: string | undefined, digest: Uint8Array, length: number): Uint8Array | undefined {
  const prefix = hash === undefined ? "" : DIGEST_PREFIXES[hash];
  if (prefix === undefined) return undefined;
  const info = joinBytes([Uint8Array.from(prefix.match(/../g) ?? [], (digits) => Number.parseInt(digits, 16)), digest]);
  if (length < info.length + 11) return undefined;
  return joinBytes([Uint8Array.of(0, 1), new Uint8Array(length - info.length - 3).fill(0xff), Uint8Array.of(0), info]);
}

/** RSAES-PKCS1-v1_5's block (RFC 8017, 7.2.1); undefined where the message is too long. */
export function encryptionPadding(message: Uint8Array, length: number, random: Random): Uint8Array | undefined {
  const count = length - message.length - 3;
  if (count < 8) return undefined;
  const padding = new Uint8Array(count);
  for (let at = 0; at < count; at++) while (padding[at] === 0) padding[at] = random(1)[0]!;
  return joinBytes([Uint8Array.of(0, 2), padding, Uint8Array.of(0), message]);
}

/** The message of such a block; undefined for what is none. */
export function encryptedMessage(block: Uint8Array): Uint8Array | undefined {
  const end = block.indexOf(0, 2);
  return block[0] === 0 && block[1] === 2 && end >= 10 ? block.subarray(end + 1) : undefined;
}

/** EME-OAEP (RFC 8017, 7.1.1); undefined where the message is too long. */
export function oaepPadding(
  hash: HashAlgorithm,
  label: Uint8Array,
  message: Uint8Array,
  length: number,
  random: Random,
): Uint8Array | undefined {
  const size = hash.digestBytes;
  const room = length - 2 * size - 2;
  if (message.length > room) return undefined;
  const block = joinBytes([digestOf(hash, label), new Uint8Array(room - message.length), Uint8Array.of(1), message]);
  const seed = random(size);
  const masked = xor(block, mask(hash, seed, block.length));
  return joinBytes([Uint8Array.of(0), xor(seed, mask(hash, masked, size)), masked]);
}

/** The message of such a block; undefined for what is none. */
export function oaepMessage(hash: HashAlgorithm, label: Uint8Array, block: Uint8Array): Uint8Array | undefined {
  const size = hash.digestBytes;
  if (block.length < 2 * size + 2 || block[0] !== 0) return undefined;
  const masked = block.subarray(1 + size);
  const seed = xor(block.subarray(1, 1 + size), mask(hash, masked, size));
  const content = xor(masked, mask(hash, seed, masked.length));
  const start = content.findIndex((byte, at) => at >= size && byte !== 0);
  const isOurs = digestOf(hash, label).every((byte, at) => byte === content[at]);
  return isOurs && content[start] === 1 ? content.subarray(start + 1) : undefined;
}

/** EMSA-PSS (RFC 8017, 9.1.1) for a modulus of so many bits; undefined where that is too short. */
export function pssPadding(hash: HashAlgorithm, digest: Uint8Array, salt: Uint8Array, modulusBits: number): Uint8Array | undefined {
  const length = Math.ceil((modulusBits - 1) / 8);
  const room = length - hash.digestBytes - salt.length - 2;
  if (room < 0) return undefined;
  const inner = digestOf(hash, joinBytes([new Uint8Array(8), digest, salt]));
  const block = joinBytes([new Uint8Array(room), Uint8Array.of(1), salt]);
  const masked = xor(block, mask(hash, inner, block.length));
  masked[0]! &= topBits(modulusBits);
  return joinBytes([new Uint8Array(Math.ceil(modulusBits / 8) - length), masked, inner, Uint8Array.of(0xbc)]);
}

/** Whether a block is of this digest, with a salt of so many bytes (RFC 8017, 9.1.2). */
export function isPss(hash: HashAlgorithm, digest: Uint8Array, saltBytes: number, block: Uint8Array, modulusBits: number): boolean {
  const length = Math.ceil((modulusBits - 1) / 8);
  const encoded = block.subarray(block.length - length);
  const size = length - hash.digestBytes - 1;
  if (size < saltBytes + 1 || encoded.at(-1) !== 0xbc) return false;
  const inner = encoded.subarray(size, length - 1);
  const content = xor(encoded.subarray(0, size), mask(hash, inner, size));
  content[0]! &= topBits(modulusBits);
  const salt = content.subarray(size - saltBytes);
  const expected = pssPadding(hash, digest, Uint8Array.from(salt), modulusBits);
  return expected !== undefined && expected.every((byte, at) => byte === block[at]);
}

/** Which bits of the first byte are within the modulus. */
function topBits(modulusBits: number): number {
  return 0xff >> (8 * Math.ceil((modulusBits - 1) / 8) - (modulusBits - 1));
}

/** MGF1 (RFC 8017, B.2.1). */
function mask(hash: HashAlgorithm, seed: Uint8Array, length: number): Uint8Array {
  const bytes = new Uint8Array(Math.ceil(length / hash.digestBytes) * hash.digestBytes);
  for (let at = 0, count = 0; at < length; at += hash.digestBytes, count++)
    bytes.set(digestOf(hash, joinBytes([seed, Uint8Array.of(count >>> 24, count >>> 16, count >>> 8, count)])), at);
  return bytes.subarray(0, length);
}

function xor(left: Uint8Array, right: Uint8Array): Uint8Array {
  return left.map((byte, at) => byte ^ right[at]!);
}
