/** A curve of NIST's, y² = x³ - 3x + b over the integers modulo p (FIPS 186-4, D.1.2; SEC 2). */
export interface Curve {
  readonly name: "P256" | "P384" | "P521";
  readonly p: bigint;
  readonly b: bigint;
  /** How many points there are. */
  readonly n: bigint;
  readonly generator: Point;
  /** Of a coordinate. */
  readonly bytes: number;
}

/** A point by its coordinates; undefined is the one at infinity. */
export interface Point {
  readonly x: bigint;
  readonly y: bigint;
}

/** A signature of ECDSA. */
export interface Signature {
  readonly r: bigint;
  readonly s: bigint;
}

/** By projection: x / z², y / z³; z is 0 at infinity. */
type Projected = readonly [x: bigint, y: bigint, z: bigint];

const INFINITY: Projected = [1n, 1n, 0n];

export const CURVES: Readonly<Record<Curve["name"], Curve>> = {
  P256: {
    name: "P256",
    p: 0xffffffff00000001000000000000000000000000ffffffffffffffffffffffffn,
    b: 0x5ac635d8aa3a93e7b3ebbd55769886bc651d06b0cc53b0f63bce3c3e27d2604bn,
    n: 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n,
    generator: {
      x: 0x6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296n,
      y: 0x4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5n,
    },
    bytes: 32,
  },
  P384: {
    name: "P384",
    p: 0xfffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffeffffffff0000000000000000ffffffffn,
    b: 0xb3312fa7e23ee7e4988e056be3f82d19181d9c6efe8141120314088f5013875ac656398d8a2ed19d2a85c8edd3ec2aefn,
    n: 0xffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973n,
    generator: {
      x: 0xaa87ca22be8b05378eb1c71ef320ad746e1d3b628ba79b9859f741e082542a385502f25dbf55296c3a545e3872760ab7n,
      y: 0x3617de4a96262c6f5d9e98bf9292dc29f8f41dbd289a147ce9da3113b5f0b8c00a60b1ce1d7e819d7a431d7c90ea0e5fn,
    },
    bytes: 48,
  },
  P521: {
    name: "P521",
    p: (1n << 521n) - 1n,
    b: 0x0051953eb9618e1c9a1f929a21a0b68540eea2da725b99b315f3b8b489918ef109e156193951ec7e937b1652c0bd3bb1bf073573df883d2c34f1ef451fd46b503f00n,
    n: 0x01fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffa51868783bf2f966b7fcc0148f709a5d03bb5c9b8899c47aebb6fb71e91386409n,
    generator: {
      x: 0x00c6858e06b70404e9cd9e3ecb662395b4429c648139053fb521f828af606b4d3dbaa14b5e77efe75928fe1dc127a2ffa8de3348b3c1856a429bf97e7e31c2e5bd66n,
      y: 0x011839296a789a3bc0045c8a5fb42c7d1bd998f54449579b446817afbd17273e662c97ee72995ef42640c550b9013fad0761353c7086a272c24088be94769fd16650n,
    },
    bytes: 66,
  },
};

/** Whether a point is one of the curve. */
export function isOnCurve({ p, b }: Curve, { x, y }: Point): boolean {
  return x >= 0n && x < p && y >= 0n && y < p && modulo(y * y - (x * x * x - 3n * x + b), p) === 0n;
}

/** A point added to itself, `times` times. The time that it takes depends on the number. */
export function multiplied(curve: Curve, point: Point, times: bigint): Point | undefined {
  const { p } = curve;
  let sum = INFINITY;
  let power: Projected = [point.x, point.y, 1n];
  for (let left = times; left > 0n; left >>= 1n, power = doubled(power, p)) if ((left & 1n) === 1n) sum = added(sum, power, p);
  return affine(sum, p);
}

/** A number from 1 below the curve's order, of bytes that are random; undefined for those that make none: try others. */
export function scalarOf({ n }: Curve, random: Uint8Array): bigint | undefined {
  const bits = BigInt(n.toString(2).length);
  const value = toNumber(random) & ((1n << bits) - 1n);
  return value > 0n && value < n ? value : undefined;
}

/** A signature of a digest by ECDSA (FIPS 186-4, 6.4), with a number that is used once; undefined where that will not do. */
export function signDigest(curve: Curve, d: bigint, digest: Uint8Array, k: bigint): Signature | undefined {
  const { n, generator } = curve;
  const r = modulo(multiplied(curve, generator, k)?.x ?? 0n, n);
  const s = modulo(inverse(k, n) * (shortened(curve, digest) + r * d), n);
  return r === 0n || s === 0n ? undefined : { r, s };
}

/** Whether a signature is of this digest, by the key whose point this is. */
export function verifyDigest(curve: Curve, key: Point, digest: Uint8Array, { r, s }: Signature): boolean {
  const { n, p, generator } = curve;
  if (r <= 0n || r >= n || s <= 0n || s >= n) return false;
  const w = inverse(s, n);
  const first = multiplied(curve, generator, modulo(shortened(curve, digest) * w, n));
  const second = multiplied(curve, key, modulo(r * w, n));
  const sum = affine(added(projected(first), projected(second), p), p);
  return sum !== undefined && modulo(sum.x, n) === r;
}

/** A number of its bytes, the highest first. */
export function toNumber(bytes: Uint8Array): bigint {
  let digits = "0";
  for (const byte of bytes) digits += byte.toString(16).padStart(2, "0");
  return BigInt(`0x${digits}`);
}

/** The bytes of a number, the highest first. */
export function toBytes(value: bigint, length: number): Uint8Array {
  const digits = value.toString(16).padStart(2 * length, "0");
  return Uint8Array.from({ length }, (_, index) => Number.parseInt(digits.slice(2 * index, 2 * index + 2), 16));
}

/** The remainder that is not negative. */
export function modulo(value: bigint, modulus: bigint): bigint {
  const rest = value % modulus;
  return rest < 0n ? rest + modulus : rest;
}

/** What a number is to be multiplied by for 1 (Euclid's algorithm, extended). */
export function inverse(value: bigint, modulus: bigint): bigint {
  let [low, high] = [modulo(value, modulus), modulus];
  let [a, b] = [1n, 0n];
  while (low > 1n) {
    const quotient = high / low;
    [low, high] = [high - quotient * low, low];
    [a, b] = [b - quotient * a, a];
  }
  return modulo(a, modulus);
}

/** The first bits of a digest, as many as the curve's order has. */
function shortened({ n }: Curve, digest: Uint8Array): bigint {
  const extra = 8 * digest.length - n.toString(2).length;
  return extra > 0 ? toNumber(digest) >> BigInt(extra) : toNumber(digest);
}

function projected(point: Point | undefined): Projected {
  return point === undefined ? INFINITY : [point.x, point.y, 1n];
}

function affine([x, y, z]: Projected, p: bigint): Point | undefined {
  if (z === 0n) return undefined;
  const factor = inverse(z, p);
  const square = (factor * factor) % p;
  return { x: modulo(x * square, p), y: modulo(y * square * factor, p) };
}

/** "dbl-2001-b" of the Explicit-Formulas Database. */
function doubled([x, y, z]: Projected, p: bigint): Projected {
  if (z === 0n) return INFINITY;
  const delta = (z * z) % p;
  const gamma = (y * y) % p;
  const beta = (x * gamma) % p;
  const alpha = (3n * (x - delta) * (x + delta)) % p;
  const wide = modulo(alpha * alpha - 8n * beta, p);
  return [wide, modulo(alpha * (4n * beta - wide) - 8n * gamma * gamma, p), modulo((y + z) * (y + z) - gamma - delta, p)];
}

/** "add-2007-bl" of the Explicit-Formulas Database. */
function added(left: Projected, right: Projected, p: bigint): Projected {
  const [x1, y1, z1] = left;
  const [x2, y2, z2] = right;
  if (z1 === 0n) return right;
  if (z2 === 0n) return left;
  const [square1, square2] = [(z1 * z1) % p, (z2 * z2) % p];
  const [u1, u2] = [(x1 * square2) % p, (x2 * square1) % p];
  const [s1, s2] = [(y1 * z2 * square2) % p, (y2 * z1 * square1) % p];
  const h = modulo(u2 - u1, p);
  const r = modulo(2n * (s2 - s1), p);
  if (h === 0n) return r === 0n ? doubled(left, p) : INFINITY;
  const i = (4n * h * h) % p;
  const j = (h * i) % p;
  const v = (u1 * i) % p;
  const x = modulo(r * r - j - 2n * v, p);
  return [x, modulo(r * (v - x) - 2n * s1 * j, p), modulo(((z1 + z2) * (z1 + z2) - square1 - square2) * h, p)];
}
