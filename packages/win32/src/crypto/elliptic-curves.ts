import { p256, p384, p521 } from "@noble/curves/nist.js";
import { bytesToNumberBE, numberToBytesBE } from "@noble/curves/utils.js";

/** A point by its coordinates. */
export interface Point {
  readonly x: bigint;
  readonly y: bigint;
}

/** A curve of NIST's (FIPS 186-4, D.1.2). */
export interface Curve {
  readonly name: "P256" | "P384" | "P521";
  readonly curve: typeof p256;
  /** How many points there are. */
  readonly n: bigint;
  /** Of a coordinate. */
  readonly bytes: number;
}

export const CURVES: Readonly<Record<Curve["name"], Curve>> = {
  P256: { name: "P256", curve: p256, n: p256.Point.Fn.ORDER, bytes: 32 },
  P384: { name: "P384", curve: p384, n: p384.Point.Fn.ORDER, bytes: 48 },
  P521: { name: "P521", curve: p521, n: p521.Point.Fn.ORDER, bytes: 66 },
};

/** Whether a point is one of the curve. */
export function isOnCurve({ curve }: Curve, point: Point): boolean {
  try {
    curve.Point.fromAffine(point).assertValidity();
    return true;
  } catch {
    return false;
  }
}

/** The point of a private number. */
export function publicPoint({ curve }: Curve, d: bigint): Point {
  return curve.Point.BASE.multiply(d).toAffine();
}

/** What the holder of a private number and the holder of a point's agree on by ECDH: a coordinate, the highest byte first. */
export function agreed({ curve, bytes }: Curve, d: bigint, point: Point): Uint8Array {
  return numberToBytesBE(curve.Point.fromAffine(point).multiply(d).toAffine().x, bytes);
}

/** A number from 1 below the curve's order, of bytes that are random; undefined for those that make none: try others. */
export function scalarOf({ n }: Curve, random: Uint8Array): bigint | undefined {
  const bits = BigInt(n.toString(2).length);
  const value = bytesToNumberBE(random) & ((1n << bits) - 1n);
  return value > 0n && value < n ? value : undefined;
}

/** A signature of a digest by ECDSA, r and s one behind the other, with the number that RFC 6979 makes of both. */
export function signDigest({ curve, bytes }: Curve, d: bigint, digest: Uint8Array): Uint8Array {
  return curve.sign(digest, numberToBytesBE(d, bytes), { prehash: false, lowS: false }).toBytes("compact");
}

/** Whether a signature is of this digest, by the key whose point this is. */
export function verifyDigest({ curve, n, bytes }: Curve, key: Point, digest: Uint8Array, signature: Uint8Array): boolean {
  const halves = [signature.subarray(0, bytes), signature.subarray(bytes)].map(bytesToNumberBE);
  if (signature.length !== 2 * bytes || halves.some((half) => half === 0n || half >= n)) return false;
  return curve.verify(signature, digest, curve.Point.fromAffine(key).toBytes(false), { prehash: false, lowS: false, format: "compact" });
}
