/** A hash algorithm, fed in pieces. */
export interface Hash {
  update(bytes: Uint8Array): void;
  /** The digest of what was fed; nothing can be fed afterwards. */
  digest(): Uint8Array;
  /** Another hash in the same state. */
  copy(): Hash;
}

/** What a hash algorithm is: the bytes of its digest and of the blocks it works on, and how to start it. */
export interface HashAlgorithm {
  readonly name: string;
  readonly digestBytes: number;
  readonly blockBytes: number;
  create(): Hash;
}

/** The state of an algorithm that works on blocks and ends with a padded length (RFC 1321, FIPS 180-4). */
interface Compression<S> {
  readonly blockBytes: number;
  readonly lengthBytes: 8 | 16;
  readonly littleEndian: boolean;
  initial(): S;
  clone(state: S): S;
  compress(state: S, view: DataView): void;
  output(state: S): Uint8Array;
}

class BlockHash<S> implements Hash {
  readonly #algorithm: Compression<S>;
  readonly #state: S;
  readonly #block: Uint8Array;
  readonly #view: DataView;
  #filled = 0;
  #length = 0;

  constructor(algorithm: Compression<S>, from?: BlockHash<S>) {
    this.#algorithm = algorithm;
    this.#state = from === undefined ? algorithm.initial() : algorithm.clone(from.#state);
    this.#block = from === undefined ? new Uint8Array(algorithm.blockBytes) : from.#block.slice();
    this.#view = new DataView(this.#block.buffer);
    this.#filled = from === undefined ? 0 : from.#filled;
    this.#length = from === undefined ? 0 : from.#length;
  }

  update(bytes: Uint8Array): void {
    this.#length += bytes.length;
    for (let at = 0; at < bytes.length;) {
      const count = Math.min(bytes.length - at, this.#block.length - this.#filled);
      this.#block.set(bytes.subarray(at, at + count), this.#filled);
      this.#filled += count;
      at += count;
      if (this.#filled < this.#block.length) return;
      this.#algorithm.compress(this.#state, this.#view);
      this.#filled = 0;
    }
  }

  digest(): Uint8Array {
    const { blockBytes, lengthBytes, littleEndian } = this.#algorithm;
    const bits = BigInt(this.#length) * 8n;
    const rest = (blockBytes - ((this.#filled + 1 + lengthBytes) % blockBytes)) % blockBytes;
    const tail = new Uint8Array(1 + rest + lengthBytes);
    tail[0] = 0x80;
    new DataView(tail.buffer).setBigUint64(tail.length - 8, bits, littleEndian);
    this.update(tail);
    return this.#algorithm.output(this.#state);
  }

  copy(): Hash {
    return new BlockHash(this.#algorithm, this);
  }
}

function algorithm<S>(name: string, digestBytes: number, compression: Compression<S>): HashAlgorithm {
  return { name, digestBytes, blockBytes: compression.blockBytes, create: () => new BlockHash(compression) };
}

const rotate = (value: number, bits: number): number => (value << bits) | (value >>> (32 - bits));

/** The first bits of the fractional parts of the square (or cube) roots of primes, and of sines: the algorithms' constants. */
const MD5_SHIFTS = [7, 12, 17, 22, 5, 9, 14, 20, 4, 11, 16, 23, 6, 10, 15, 21];
const MD5_SINES = Int32Array.from({ length: 64 }, (_, i) => Math.floor(Math.abs(Math.sin(i + 1)) * 2 ** 32));

function words32(
  initial: () => readonly number[],
  digestBytes: number,
  littleEndian: boolean,
  compress: (state: Int32Array, view: DataView) => void,
): Compression<Int32Array> {
  return {
    blockBytes: 64,
    lengthBytes: 8,
    littleEndian,
    initial: () => Int32Array.from(initial()),
    clone: (state) => state.slice(),
    compress,
    output(state) {
      const bytes = new Uint8Array(4 * state.length);
      const view = new DataView(bytes.buffer);
      state.forEach((word, i) => view.setInt32(4 * i, word, littleEndian));
      return bytes.slice(0, digestBytes);
    },
  };
}

const FOUR_WORDS = [0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476];

const md5 = words32(
  () => FOUR_WORDS,
  16,
  true,
  (state, view) => {
    let [a = 0, b = 0, c = 0, d = 0] = state;
    for (let i = 0; i < 64; i++) {
      const round = i >> 4;
      const mixed = round === 0 ? (b & c) | (~b & d) : round === 1 ? (d & b) | (~d & c) : round === 2 ? b ^ c ^ d : c ^ (b | ~d);
      const word = round === 0 ? i : round === 1 ? (5 * i + 1) & 15 : round === 2 ? (3 * i + 5) & 15 : (7 * i) & 15;
      const sum = (a + mixed + MD5_SINES[i]! + view.getInt32(4 * word, true)) | 0;
      [a, d, c, b] = [d, c, b, (b + rotate(sum, MD5_SHIFTS[4 * round + (i & 3)]!)) | 0];
    }
    [a, b, c, d].forEach((value, i) => (state[i] = (state[i]! + value) | 0));
  },
);

const MD4_SHIFTS = [[3, 7, 11, 19], [3, 5, 9, 13], [3, 9, 11, 15]]; // prettier-ignore
const MD4_ORDER = [
  [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15],
  [0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15],
  [0, 8, 4, 12, 2, 10, 6, 14, 1, 9, 5, 13, 3, 11, 7, 15],
];

const md4 = words32(
  () => FOUR_WORDS,
  16,
  true,
  (state, view) => {
    let [a = 0, b = 0, c = 0, d = 0] = state;
    for (let i = 0; i < 48; i++) {
      const round = i >> 4;
      const mixed = round === 0 ? (b & c) | (~b & d) : round === 1 ? (b & c) | (b & d) | (c & d) : b ^ c ^ d;
      const constant = round === 0 ? 0 : round === 1 ? 0x5a827999 : 0x6ed9eba1;
      const sum = (a + mixed + view.getInt32(4 * MD4_ORDER[round]![i & 15]!, true) + constant) | 0;
      [a, d, c, b] = [d, c, b, rotate(sum, MD4_SHIFTS[round]![i & 3]!)];
    }
    [a, b, c, d].forEach((value, i) => (state[i] = (state[i]! + value) | 0));
  },
);

const schedule1 = new Int32Array(80);

const sha1 = words32(
  () => [...FOUR_WORDS, 0xc3d2e1f0],
  20,
  false,
  (state, view) => {
    const w = schedule1;
    for (let i = 0; i < 16; i++) w[i] = view.getInt32(4 * i);
    for (let i = 16; i < 80; i++) w[i] = rotate(w[i - 3]! ^ w[i - 8]! ^ w[i - 14]! ^ w[i - 16]!, 1);
    let [a = 0, b = 0, c = 0, d = 0, e = 0] = state;
    for (let i = 0; i < 80; i++) {
      const mixed = i < 20 ? (b & c) | (~b & d) : i < 40 || i >= 60 ? b ^ c ^ d : (b & c) | (b & d) | (c & d);
      const constant = i < 20 ? 0x5a827999 : i < 40 ? 0x6ed9eba1 : i < 60 ? 0x8f1bbcdc : 0xca62c1d6;
      const sum = (rotate(a, 5) + mixed + e + constant + w[i]!) | 0;
      [e, d, c, b, a] = [d, c, rotate(b, 30), a, sum];
    }
    [a, b, c, d, e].forEach((value, i) => (state[i] = (state[i]! + value) | 0));
  },
);

/** The constants take a millisecond to make, and few programs hash: they are made at the first use. */
const primesOnce = memoised(() => primes(80));
const sha256Constants = memoised(() => Int32Array.from(primesOnce().slice(0, 64), (prime) => Number(rootBits(prime, 3n, 32n))));
const sha512Constants = memoised(() => BigUint64Array.from(primesOnce(), (prime) => rootBits(prime, 3n, 64n)));
const schedule256 = new Int32Array(64);

function compress256(state: Int32Array, view: DataView): void {
  const w = schedule256;
  const k = sha256Constants();
  for (let i = 0; i < 16; i++) w[i] = view.getInt32(4 * i);
  for (let i = 16; i < 64; i++) {
    const [x, y] = [w[i - 15]!, w[i - 2]!];
    const s0 = rotate(x, 25) ^ rotate(x, 14) ^ (x >>> 3);
    const s1 = rotate(y, 15) ^ rotate(y, 13) ^ (y >>> 10);
    w[i] = (w[i - 16]! + s0 + w[i - 7]! + s1) | 0;
  }
  let [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0, g = 0, h = 0] = state;
  for (let i = 0; i < 64; i++) {
    const s1 = rotate(e, 26) ^ rotate(e, 21) ^ rotate(e, 7);
    const t1 = (h + s1 + ((e & f) ^ (~e & g)) + k[i]! + w[i]!) | 0;
    const s0 = rotate(a, 30) ^ rotate(a, 19) ^ rotate(a, 10);
    const t2 = (s0 + ((a & b) ^ (a & c) ^ (b & c))) | 0;
    [h, g, f, e, d, c, b, a] = [g, f, e, (d + t1) | 0, c, b, a, (t1 + t2) | 0];
  }
  [a, b, c, d, e, f, g, h].forEach((value, i) => (state[i] = (state[i]! + value) | 0));
}

const sha256 = words32(
  () =>
    primesOnce()
      .slice(0, 8)
      .map((prime) => Number(rootBits(prime, 2n, 32n))),
  32,
  false,
  compress256,
);
const schedule512 = new BigUint64Array(80);
const turn = (value: bigint, bits: bigint): bigint => BigInt.asUintN(64, (value >> bits) | (value << (64n - bits)));

function words64(initial: () => readonly bigint[], digestBytes: number): Compression<BigUint64Array> {
  return {
    blockBytes: 128,
    lengthBytes: 16,
    littleEndian: false,
    initial: () => BigUint64Array.from(initial()),
    clone: (state) => state.slice(),
    compress: compress512,
    output(state) {
      const bytes = new Uint8Array(64);
      const view = new DataView(bytes.buffer);
      state.forEach((word, i) => view.setBigUint64(8 * i, word));
      return bytes.slice(0, digestBytes);
    },
  };
}

function compress512(state: BigUint64Array, view: DataView): void {
  const w = schedule512;
  const k = sha512Constants();
  for (let i = 0; i < 16; i++) w[i] = view.getBigUint64(8 * i);
  for (let i = 16; i < 80; i++) {
    const [x, y] = [w[i - 15]!, w[i - 2]!];
    w[i] = w[i - 16]! + (turn(x, 1n) ^ turn(x, 8n) ^ (x >> 7n)) + w[i - 7]! + (turn(y, 19n) ^ turn(y, 61n) ^ (y >> 6n));
  }
  let [a = 0n, b = 0n, c = 0n, d = 0n, e = 0n, f = 0n, g = 0n, h = 0n] = state;
  for (let i = 0; i < 80; i++) {
    const s1 = turn(e, 14n) ^ turn(e, 18n) ^ turn(e, 41n);
    const t1 = h + s1 + ((e & f) ^ (~e & g)) + k[i]! + w[i]!;
    const t2 = (turn(a, 28n) ^ turn(a, 34n) ^ turn(a, 39n)) + ((a & b) ^ (a & c) ^ (b & c));
    [h, g, f, e, d, c, b, a] = [g, f, e, BigInt.asUintN(64, d + t1), c, b, a, BigInt.asUintN(64, t1 + t2)];
  }
  [a, b, c, d, e, f, g, h].forEach((value, i) => (state[i] = state[i]! + value));
}

const sha512 = words64(
  () =>
    primesOnce()
      .slice(0, 8)
      .map((prime) => rootBits(prime, 2n, 64n)),
  64,
);
const sha384 = words64(
  () =>
    primesOnce()
      .slice(8, 16)
      .map((prime) => rootBits(prime, 2n, 64n)),
  48,
);

/** The algorithms of Windows' providers, by the names that CNG gives them. */
export const HASHES = {
  MD4: algorithm("MD4", 16, md4),
  MD5: algorithm("MD5", 16, md5),
  SHA1: algorithm("SHA1", 20, sha1),
  SHA256: algorithm("SHA256", 32, sha256),
  SHA384: algorithm("SHA384", 48, sha384),
  SHA512: algorithm("SHA512", 64, sha512),
} as const;

/** A keyed hash (RFC 2104). */
export function hmac(of: HashAlgorithm, key: Uint8Array): Hash {
  const block = new Uint8Array(of.blockBytes);
  block.set(key.length > of.blockBytes ? digestOf(of, key) : key);
  const inner = of.create();
  inner.update(block.map((byte) => byte ^ 0x36));
  const outer = of.create();
  outer.update(block.map((byte) => byte ^ 0x5c));
  return new KeyedHash(inner, outer);
}

class KeyedHash implements Hash {
  readonly #inner: Hash;
  readonly #outer: Hash;

  constructor(inner: Hash, outer: Hash) {
    this.#inner = inner;
    this.#outer = outer;
  }

  update(bytes: Uint8Array): void {
    this.#inner.update(bytes);
  }

  digest(): Uint8Array {
    const outer = this.#outer.copy();
    outer.update(this.#inner.digest());
    return outer.digest();
  }

  copy(): Hash {
    return new KeyedHash(this.#inner.copy(), this.#outer.copy());
  }
}

/** The digest of some bytes. */
export function digestOf(of: HashAlgorithm, bytes: Uint8Array): Uint8Array {
  const hash = of.create();
  hash.update(bytes);
  return hash.digest();
}

/** Links of the chain between two pauses. */
const LINKS_A_TURN = 2000;

/** A key from a password (PBKDF2, RFC 8018). It pauses now and then: a guest may ask for millions of iterations. */
export function* pbkdf2(
  of: HashAlgorithm,
  { password, salt, iterations, length }: { password: Uint8Array; salt: Uint8Array; iterations: number; length: number },
): Generator<void, Uint8Array> {
  const keyed = hmac(of, password);
  const key = new Uint8Array(length);
  let links = 0;
  for (let at = 0, index = 1; at < length; at += of.digestBytes, index++) {
    let hash = keyed.copy();
    hash.update(salt);
    hash.update(Uint8Array.of(index >>> 24, index >>> 16, index >>> 8, index));
    let link = hash.digest();
    const sum = link.slice();
    for (let i = 1; i < iterations; i++) {
      hash = keyed.copy();
      hash.update(link);
      link = hash.digest();
      for (let j = 0; j < sum.length; j++) sum[j]! ^= link[j]!;
      if (++links % LINKS_A_TURN === 0) yield;
    }
    key.set(sum.subarray(0, Math.min(sum.length, length - at)), at);
  }
  return key;
}

function memoised<T>(make: () => T): () => T {
  let value: T | undefined;
  return () => (value ??= make());
}

/** The first `bits` bits of the fractional part of a number's root. */
function rootBits(value: number, degree: bigint, bits: bigint): bigint {
  const scaled = BigInt(value) << (degree * bits);
  let low = 0n;
  let high = 1n << (bits + 10n);
  while (high - low > 1n) {
    const middle = (low + high) >> 1n;
    if (middle ** degree <= scaled) low = middle;
    else high = middle;
  }
  return BigInt.asUintN(Number(bits), low);
}

function primes(count: number): number[] {
  const found: number[] = [];
  for (let candidate = 2; found.length < count; candidate++) if (found.every((prime) => candidate % prime !== 0)) found.push(candidate);
  return found;
}
