import { DIGEST_PREFIXES } from "./rsa-padding.ts";

/** A public key of RSA. */
export interface PublicKey {
  /** CALG_RSA_SIGN or CALG_RSA_KEYX. */
  readonly algid: number;
  readonly exponent: bigint;
  readonly modulus: bigint;
  readonly modulusBytes: number;
}

/** Whether a signature, least byte first, is of this digest: RSASSA-PKCS1-v1_5 (RFC 8017, section 8.2.2). */
export function verifies(key: PublicKey, hash: string, digest: Uint8Array, signature: Uint8Array, hasAlgorithm: boolean): boolean {
  const prefix = hasAlgorithm ? DIGEST_PREFIXES[hash] : "";
  if (prefix === undefined || signature.length !== key.modulusBytes) return false;
  const value = fromLittleEndian(signature);
  if (value >= key.modulus) return false;
  const info = prefix + hex(digest);
  const padding = key.modulusBytes - 3 - info.length / 2;
  if (padding < 8) return false;
  const expected = `0001${"ff".repeat(padding)}00${info}`;
  return power(value, key.exponent, key.modulus) === BigInt(`0x${expected}`);
}

/** A number whose least byte comes first. */
export function fromLittleEndian(bytes: Uint8Array): bigint {
  return BigInt(`0x${hex(bytes.toReversed()) || "0"}`);
}

/** The bytes of a number, the least first. */
export function toLittleEndian(value: bigint, length: number): Uint8Array {
  const digits = value.toString(16).padStart(2 * length, "0");
  return Uint8Array.from({ length }, (_, index) => Number.parseInt(digits.slice(2 * index, 2 * index + 2), 16)).reverse();
}

function power(base: bigint, exponent: bigint, modulus: bigint): bigint {
  let result = 1n;
  for (let left = exponent, factor = base; left > 0n; left >>= 1n, factor = (factor * factor) % modulus)
    if ((left & 1n) === 1n) result = (result * factor) % modulus;
  return result;
}

function hex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
