import { NtError, STATUS } from "@decant/hook";
import { bytesToNumberBE, numberToBytesBE } from "@noble/curves/utils.js";
import { CURVES, isOnCurve, publicPoint, type Curve, type Point } from "./elliptic-curves.ts";
import { modulusBits, modulusBytes, privateNumbers, type RsaKey } from "./rsa-key.ts";
import { joinBytes } from "../values/join-bytes.ts";

/** A key on a curve; `d` is there in a private one. */
export interface CurveKey {
  readonly curve: Curve;
  readonly point: Point;
  readonly d: bigint | undefined;
}

/** BCRYPT_RSAPUBLIC_MAGIC, …PRIVATE…, …FULLPRIVATE…: "RSA1" to "RSA3". */
const RSA_MAGIC = { public: 0x3141_5352, private: 0x3241_5352, full: 0x3341_5352 } as const;
const RSA_HEADER_BYTES = 24;
const CURVE_HEADER_BYTES = 8;
/** BCRYPT_ECDH_PUBLIC_P256_MAGIC ("ECK1") and BCRYPT_ECDSA_PUBLIC_P256_MAGIC ("ECS1"); those of private keys, and of the wider curves, follow. */
const CURVE_MAGIC = { ECDH: 0x314b_4345, ECDSA: 0x3153_4345 } as const;
const MAGIC_STEP = 0x100_0000;
const MAX_RSA_BITS = 16_384;

/** A BCRYPT_RSAKEY_BLOB with its numbers, the highest byte first. Fails with STATUS_INVALID_PARAMETER for what is none of the type. */
export function readRsaBlob(type: string, blob: Uint8Array): RsaKey {
  const expected = { RSAPUBLICBLOB: RSA_MAGIC.public, RSAPRIVATEBLOB: RSA_MAGIC.private, RSAFULLPRIVATEBLOB: RSA_MAGIC.full }[type];
  if (expected === undefined) throw new NtError(STATUS.NOT_SUPPORTED);
  if (blob.length < RSA_HEADER_BYTES) throw new NtError(STATUS.INVALID_PARAMETER);
  const view = new DataView(blob.buffer, blob.byteOffset);
  const [magic, bits, exponentBytes, bytes, firstBytes, secondBytes] = Array.from({ length: 6 }, (_, index) =>
    view.getUint32(4 * index, true),
  );
  const isPrivate = expected !== RSA_MAGIC.public;
  const needed = RSA_HEADER_BYTES + exponentBytes! + bytes! + (isPrivate ? firstBytes! + secondBytes! : 0);
  if (magic !== expected || Math.max(bits!, 8 * bytes!) > MAX_RSA_BITS || blob.length < needed) throw new NtError(STATUS.INVALID_PARAMETER);
  let at = RSA_HEADER_BYTES;
  const next = (length: number): bigint => bytesToNumberBE(blob.subarray(at, (at += length)));
  const exponent = next(exponentBytes!);
  const modulus = next(bytes!);
  const primes = isPrivate ? ([next(firstBytes!), next(secondBytes!)] as const) : undefined;
  if (modulus === 0n || exponent === 0n || (primes !== undefined && primes[0] * primes[1] !== modulus))
    throw new NtError(STATUS.INVALID_PARAMETER);
  const key = { modulus, exponent, primes };
  if (primes !== undefined) requirePrivate({ ...key, primes });
  return key;
}

/** Fails with STATUS_INVALID_PARAMETER where the primes are none that the exponent goes with. */
function requirePrivate(key: RsaKey & { primes: readonly [bigint, bigint] }): void {
  try {
    privateNumbers(key);
  } catch {
    throw new NtError(STATUS.INVALID_PARAMETER); // something has no inverse
  }
}

/** Fails with STATUS_NOT_SUPPORTED for a type that is none, STATUS_INVALID_PARAMETER where the private part is missing. */
export function writeRsaBlob(type: string, key: RsaKey): Uint8Array {
  const bytes = modulusBytes(key);
  const exponent = numberToBytesBE(key.exponent, Math.ceil(key.exponent.toString(16).length / 2));
  const modulus = numberToBytesBE(key.modulus, bytes);
  if (type === "RSAPUBLICBLOB")
    return joinBytes([words(RSA_MAGIC.public, modulusBits(key), exponent.length, bytes, 0, 0), exponent, modulus]);
  if (type !== "RSAPRIVATEBLOB" && type !== "RSAFULLPRIVATEBLOB") throw new NtError(STATUS.NOT_SUPPORTED);
  const { primes } = key;
  if (primes === undefined) throw new NtError(STATUS.INVALID_PARAMETER);
  const { p, q, d, dp, dq, coefficient } = privateNumbers({ ...key, primes });
  const half = Math.ceil(bytes / 2);
  const isFull = type === "RSAFULLPRIVATEBLOB";
  const rest = isFull
    ? [numberToBytesBE(dp, half), numberToBytesBE(dq, half), numberToBytesBE(coefficient, half), numberToBytesBE(d, bytes)]
    : [];
  const head = words(isFull ? RSA_MAGIC.full : RSA_MAGIC.private, modulusBits(key), exponent.length, bytes, half, half);
  return joinBytes([head, exponent, modulus, numberToBytesBE(p, half), numberToBytesBE(q, half), ...rest]);
}

/** A BCRYPT_ECCKEY_BLOB. Fails with STATUS_INVALID_PARAMETER for another algorithm's, and for a point that is not on the curve. */
export function readCurveBlob(group: "ECDH" | "ECDSA", { curve, type, blob }: { curve: Curve; type: string; blob: Uint8Array }): CurveKey {
  if (type !== "ECCPUBLICBLOB" && type !== "ECCPRIVATEBLOB") throw new NtError(STATUS.NOT_SUPPORTED);
  const isPrivate = type === "ECCPRIVATEBLOB";
  const { bytes } = curve;
  const needed = CURVE_HEADER_BYTES + (isPrivate ? 3 : 2) * bytes;
  const view = new DataView(blob.buffer, blob.byteOffset);
  if (blob.length < needed || view.getUint32(0, true) !== magicOf(group, curve, isPrivate) || view.getUint32(4, true) !== bytes)
    throw new NtError(STATUS.INVALID_PARAMETER);
  const [x, y, d] = [0, 1, 2].map((index) =>
    bytesToNumberBE(blob.subarray(CURVE_HEADER_BYTES + index * bytes, CURVE_HEADER_BYTES + (index + 1) * bytes)),
  );
  // Coordinates of zero are computed from the private number.
  const isBare = isPrivate && x === 0n && y === 0n && d! > 0n && d! < curve.n;
  const point = isBare ? publicPoint(curve, d!) : { x: x!, y: y! };
  const isPair = !isPrivate || (d! > 0n && d! < curve.n && publicPoint(curve, d!).x === point.x);
  if (!isOnCurve(curve, point) || !isPair) throw new NtError(STATUS.INVALID_PARAMETER);
  return { curve, point, d: isPrivate ? d! : undefined };
}

/** Fails as writeRsaBlob does. */
export function writeCurveBlob(group: "ECDH" | "ECDSA", type: string, { curve, point, d }: CurveKey): Uint8Array {
  const { bytes } = curve;
  if (type !== "ECCPUBLICBLOB" && type !== "ECCPRIVATEBLOB") throw new NtError(STATUS.NOT_SUPPORTED);
  const isPrivate = type === "ECCPRIVATEBLOB";
  if (isPrivate && d === undefined) throw new NtError(STATUS.INVALID_PARAMETER);
  const coordinates = [numberToBytesBE(point.x, bytes), numberToBytesBE(point.y, bytes)];
  return joinBytes([words(magicOf(group, curve, isPrivate), bytes), ...coordinates, ...(isPrivate ? [numberToBytesBE(d!, bytes)] : [])]);
}

function magicOf(group: "ECDH" | "ECDSA", curve: Curve, isPrivate: boolean): number {
  const step = 2 * Object.values(CURVES).indexOf(curve) + (isPrivate ? 1 : 0);
  return CURVE_MAGIC[group] + step * MAGIC_STEP;
}

function words(...values: number[]): Uint8Array {
  return new Uint8Array(Uint32Array.from(values).buffer);
}
