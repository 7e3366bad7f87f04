import { Aes } from "./aes.ts";
import { chain, type ChainingMode } from "./block-modes.ts";
import type { HashAlgorithm } from "./hashes.ts";

/** ALG_ID of ciphers with keys that both sides have (wincrypt.h). */
export const CALG = { RC4: 0x6801, AES_128: 0x660e, AES_192: 0x660f, AES_256: 0x6610 } as const;
/** CRYPT_MODE_*. */
export const MODES: ReadonlyMap<number, ChainingMode> = new Map([
  [1, "ChainingModeCBC"],
  [2, "ChainingModeECB"],
  [4, "ChainingModeCFB"],
]);
const BLOCK = 16;

/** How long a cipher's key is in bits: least, most, and when nothing is said. Undefined for what is no cipher here. */
export function keyBits(algid: number): { least: number; most: number; usual: number } | undefined {
  const exactly = (bits: number) => ({ least: bits, most: bits, usual: bits });
  if (algid === CALG.RC4) return { least: 40, most: 128, usual: 128 };
  if (algid === CALG.AES_128) return exactly(128);
  if (algid === CALG.AES_192) return exactly(192);
  return algid === CALG.AES_256 ? exactly(256) : undefined;
}

/** The bytes of a key that is made of a hash's value ("CryptDeriveKey function", Remarks): its first ones, or, where AES' keys come of older hashes, more that are made of it. */
export function deriveSecret(algid: number, { name, blockBytes, create }: HashAlgorithm, digest: Uint8Array, length: number): Uint8Array {
  const isNewer = name === "SHA256" || name === "SHA384" || name === "SHA512";
  if (length <= digest.length && (algid === CALG.RC4 || isNewer)) return digest.slice(0, length);
  const pads = [0x36, 0x5c].map((pad) => {
    const block = new Uint8Array(Math.max(64, isNewer ? blockBytes : 64)).fill(pad);
    for (const [index, byte] of digest.entries()) block[index]! ^= byte;
    const hash = create();
    hash.update(block);
    return hash.digest();
  });
  return Uint8Array.from(pads.flatMap((bytes) => [...bytes])).slice(0, length);
}

/** A key of RC4 or AES, with where it is in what it encrypts or decrypts. */
export class SessionKey {
  readonly algid: number;
  readonly secret: Uint8Array;
  readonly isExportable: boolean;
  mode = 1;
  /** What the first block is chained to. */
  vector: Uint8Array = new Uint8Array(BLOCK);
  readonly #aes: Aes | undefined;
  #chained: Uint8Array | undefined;
  #stream: Rc4 | undefined;

  constructor(algid: number, secret: Uint8Array, isExportable: boolean) {
    this.algid = algid;
    this.secret = secret;
    this.isExportable = isExportable;
    this.#aes = algid === CALG.RC4 ? undefined : new Aes(secret);
  }

  /** Bytes that are encrypted together; 1 of a stream. */
  get blockBytes(): number {
    return this.#aes === undefined ? 1 : BLOCK;
  }

  copy(): SessionKey {
    const key = new SessionKey(this.algid, this.secret, this.isExportable);
    key.mode = this.mode;
    key.vector = this.vector.slice();
    key.#chained = this.#chained?.slice();
    key.#stream = this.#stream?.copy();
    return key;
  }

  /** Begins anew: with the vector, or with the stream's first byte. */
  restart(): void {
    this.#chained = undefined;
    this.#stream = undefined;
  }

  /** Encrypts or decrypts whole blocks. */
  transform(input: Uint8Array, encrypts: boolean): Uint8Array {
    if (this.#aes !== undefined) return chain(this.#aes, MODES.get(this.mode)!, input, (this.#chained ??= this.vector.slice()), encrypts);
    return (this.#stream ??= new Rc4(salted(this.secret))).transform(input);
  }
}

/** Keys of 40 bits have eleven bytes of zeros behind them ("Specifying a Salt Value"). */
function salted(secret: Uint8Array): Uint8Array {
  const key = new Uint8Array(secret.length === 5 ? 16 : secret.length);
  key.set(secret);
  return key;
}

/** The stream cipher RC4 ("Applied Cryptography", section 17.1). */
class Rc4 {
  readonly #state: Uint8Array;
  #i = 0;
  #j = 0;

  constructor(key: Uint8Array | Rc4) {
    if (key instanceof Rc4) {
      this.#state = key.#state.slice();
      this.#i = key.#i;
      this.#j = key.#j;
      return;
    }
    this.#state = Uint8Array.from({ length: 256 }, (_, index) => index);
    for (let i = 0, j = 0; i < 256; i++) {
      j = (j + this.#state[i]! + key[i % key.length]!) & 0xff;
      this.#swap(i, j);
    }
  }

  copy(): Rc4 {
    return new Rc4(this);
  }

  transform(input: Uint8Array): Uint8Array {
    return input.map((byte) => {
      this.#i = (this.#i + 1) & 0xff;
      this.#j = (this.#j + this.#state[this.#i]!) & 0xff;
      this.#swap(this.#i, this.#j);
      return byte ^ this.#state[(this.#state[this.#i]! + this.#state[this.#j]!) & 0xff]!;
    });
  }

  #swap(i: number, j: number): void {
    const value = this.#state[i]!;
    this.#state[i] = this.#state[j]!;
    this.#state[j] = value;
  }
}
