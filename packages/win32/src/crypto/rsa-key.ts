import { invert, mod, pow } from "@noble/curves/abstract/modular.js";
import { bytesToNumberBE, numberToBytesBE } from "@noble/curves/utils.js";

/** A key of RSA; the primes are there in a private one. */
export interface RsaKey {
  readonly modulus: bigint;
  readonly exponent: bigint;
  readonly primes: readonly [p: bigint, q: bigint] | undefined;
}

/** What a private key is besides its primes (RFC 8017, 3.2). */
export interface PrivateNumbers {
  readonly p: bigint;
  readonly q: bigint;
  readonly d: bigint;
  readonly dp: bigint;
  readonly dq: bigint;
  readonly coefficient: bigint;
}

export function modulusBits({ modulus }: RsaKey): number {
  return modulus.toString(2).length;
}

export function modulusBytes(key: RsaKey): number {
  return Math.ceil(modulusBits(key) / 8);
}

export function privateNumbers({ exponent, primes }: RsaKey & { primes: readonly [bigint, bigint] }): PrivateNumbers {
  const [p, q] = primes;
  const d = invert(exponent, (p - 1n) * (q - 1n));
  return { p, q, d, dp: d % (p - 1n), dq: d % (q - 1n), coefficient: invert(q, p) };
}

/** A block to the power of the public exponent; undefined where it is no number below the modulus. */
export function publicPower(key: RsaKey, block: Uint8Array): Uint8Array | undefined {
  const value = bytesToNumberBE(block);
  return value < key.modulus ? numberToBytesBE(pow(value, key.exponent, key.modulus), modulusBytes(key)) : undefined;
}

/** A block to the power of the private exponent, by the Chinese remainder theorem; undefined where it is no number below the modulus. */
export function privatePower(key: RsaKey & { primes: readonly [bigint, bigint] }, block: Uint8Array): Uint8Array | undefined {
  const value = bytesToNumberBE(block);
  if (value >= key.modulus) return undefined;
  const { p, q, dp, dq, coefficient } = privateNumbers(key);
  const first = pow(value % p, dp, p);
  const second = pow(value % q, dq, q);
  return numberToBytesBE(second + q * mod(coefficient * (first - second), p), modulusBytes(key));
}
