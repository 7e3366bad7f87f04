/** AES (FIPS 197) on single blocks. */
export class Aes {
  readonly #round: Uint8Array;
  readonly #rounds: number;

  /** The key is of 16, 24 or 32 bytes. */
  constructor(key: Uint8Array) {
    this.#rounds = key.length / 4 + 6;
    this.#round = expandKey(key, this.#rounds);
  }

  encrypt(block: Uint8Array): Uint8Array {
    const state = block.slice();
    this.#addKey(state, 0);
    for (let round = 1; round <= this.#rounds; round++) {
      for (let i = 0; i < 16; i++) state[i] = SBOX[state[i]!]!;
      shiftRows(state, 1);
      if (round < this.#rounds) mixColumns(state, 2, 3, 1, 1);
      this.#addKey(state, round);
    }
    return state;
  }

  decrypt(block: Uint8Array): Uint8Array {
    const state = block.slice();
    for (let round = this.#rounds; round > 0; round--) {
      this.#addKey(state, round);
      if (round < this.#rounds) mixColumns(state, 14, 11, 13, 9);
      shiftRows(state, -1);
      for (let i = 0; i < 16; i++) state[i] = INVERSE[state[i]!]!;
    }
    this.#addKey(state, 0);
    return state;
  }

  #addKey(state: Uint8Array, round: number): void {
    for (let i = 0; i < 16; i++) state[i]! ^= this.#round[16 * round + i]!;
  }
}

const SBOX = new Uint8Array(256);
const INVERSE = new Uint8Array(256);
fillBoxes();

/** Products in the field of 256 elements, by logarithms to the base 3. */
const EXPONENTS = new Uint8Array(256);
const LOGARITHMS = new Uint8Array(256);
fillLogarithms();

function fillBoxes(): void {
  let p = 1;
  let q = 1;
  do {
    p = (p ^ (p << 1) ^ ((p & 0x80) === 0 ? 0 : 0x11b)) & 0xff;
    q ^= q << 1;
    q ^= q << 2;
    q ^= q << 4;
    q &= 0xff;
    if ((q & 0x80) !== 0) q ^= 0x09;
    const rotated = (bits: number): number => ((q << bits) | (q >> (8 - bits))) & 0xff;
    SBOX[p] = q ^ rotated(1) ^ rotated(2) ^ rotated(3) ^ rotated(4) ^ 0x63;
  } while (p !== 1);
  SBOX[0] = 0x63;
  SBOX.forEach((value, index) => (INVERSE[value] = index));
}

function fillLogarithms(): void {
  let value = 1;
  for (let i = 0; i < 255; i++) {
    EXPONENTS[i] = value;
    LOGARITHMS[value] = i;
    value = (value ^ (value << 1) ^ ((value & 0x80) === 0 ? 0 : 0x11b)) & 0xff;
  }
}

function multiply(a: number, b: number): number {
  return a === 0 || b === 0 ? 0 : EXPONENTS[(LOGARITHMS[a]! + LOGARITHMS[b]!) % 255]!;
}

function shiftRows(state: Uint8Array, direction: 1 | -1): void {
  const before = state.slice();
  for (let row = 1; row < 4; row++)
    for (let column = 0; column < 4; column++) state[4 * column + row] = before[4 * ((column + direction * row + 4) % 4) + row]!;
}

function mixColumns(state: Uint8Array, ...factors: readonly [number, number, number, number]): void {
  for (let column = 0; column < 4; column++) {
    const before = state.slice(4 * column, 4 * column + 4);
    for (let row = 0; row < 4; row++) {
      let sum = 0;
      for (let i = 0; i < 4; i++) sum ^= multiply(before[(row + i) % 4]!, factors[i]!);
      state[4 * column + row] = sum;
    }
  }
}

function expandKey(key: Uint8Array, rounds: number): Uint8Array {
  const words = new Uint8Array(16 * (rounds + 1));
  words.set(key);
  let constant = 1;
  for (let at = key.length; at < words.length; at += 4) {
    let word = words.slice(at - 4, at);
    if (at % key.length === 0) {
      word = Uint8Array.of(SBOX[word[1]!]! ^ constant, SBOX[word[2]!]!, SBOX[word[3]!]!, SBOX[word[0]!]!);
      constant = multiply(constant, 2);
    } else if (key.length === 32 && at % 32 === 16) word = word.map((byte) => SBOX[byte]!);
    for (let i = 0; i < 4; i++) words[at + i] = words[at - key.length + i]! ^ word[i]!;
  }
  return words;
}
