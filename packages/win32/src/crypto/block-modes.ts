import type { Aes } from "./aes.ts";

const BLOCK = 16;

/** Chaining modes of AES that CNG has, by their names there. */
export type ChainingMode = "ChainingModeECB" | "ChainingModeCBC" | "ChainingModeCFB" | "ChainingModeGCM";

/** Encrypts or decrypts whole blocks; `iv` is changed to what the next call goes on with. */
export function chain(aes: Aes, mode: ChainingMode, input: Uint8Array, iv: Uint8Array, encrypts: boolean): Uint8Array {
  if (mode === "ChainingModeCFB") return chainFeedback(aes, input, iv, encrypts);
  const output = new Uint8Array(input.length);
  for (let at = 0; at < input.length; at += BLOCK) {
    const block = input.slice(at, at + BLOCK);
    if (mode === "ChainingModeECB") output.set(encrypts ? aes.encrypt(block) : aes.decrypt(block), at);
    else if (encrypts) {
      const made = aes.encrypt(xor(block, iv));
      output.set(made, at);
      iv.set(made);
    } else {
      output.set(xor(aes.decrypt(block), iv), at);
      iv.set(block);
    }
  }
  return output;
}

/** CFB with eight bits at a time, as CNG has it unless it is told otherwise. */
function chainFeedback(aes: Aes, input: Uint8Array, iv: Uint8Array, encrypts: boolean): Uint8Array {
  const output = new Uint8Array(input.length);
  for (let at = 0; at < input.length; at++) {
    output[at] = input[at]! ^ aes.encrypt(iv)[0]!;
    iv.copyWithin(0, 1);
    iv[BLOCK - 1] = encrypts ? output[at]! : input[at]!;
  }
  return output;
}

/** Galois/Counter Mode (NIST SP 800-38D) with a nonce of twelve bytes. */
export function counterMode(aes: Aes, nonce: Uint8Array, input: Uint8Array): Uint8Array {
  const counter = counterBlock(nonce, 2);
  const view = new DataView(counter.buffer);
  const output = new Uint8Array(input.length);
  for (let at = 0; at < input.length; at += BLOCK) {
    const pad = aes.encrypt(counter);
    for (let i = at; i < Math.min(at + BLOCK, input.length); i++) output[i] = input[i]! ^ pad[i - at]!;
    view.setUint32(12, view.getUint32(12) + 1);
  }
  return output;
}

/** GCM's tag over what is only authenticated and what was encrypted. */
export function galoisTag(aes: Aes, nonce: Uint8Array, associated: Uint8Array, encrypted: Uint8Array): Uint8Array {
  const key = toNumber(aes.encrypt(new Uint8Array(BLOCK)));
  let sum = 0n;
  for (const part of [associated, encrypted])
    for (let at = 0; at < part.length; at += BLOCK) {
      const block = new Uint8Array(BLOCK);
      block.set(part.subarray(at, at + BLOCK));
      sum = multiply(sum ^ toNumber(block), key);
    }
  sum = multiply(sum ^ ((BigInt(associated.length) << 67n) | (BigInt(encrypted.length) << 3n)), key);
  const pad = aes.encrypt(counterBlock(nonce, 1));
  return pad.map((byte, i) => byte ^ Number((sum >> BigInt(120 - 8 * i)) & 0xffn));
}

function counterBlock(nonce: Uint8Array, count: number): Uint8Array {
  const block = new Uint8Array(BLOCK);
  block.set(nonce);
  new DataView(block.buffer).setUint32(12, count);
  return block;
}

function toNumber(block: Uint8Array): bigint {
  const view = new DataView(block.buffer, block.byteOffset);
  return (view.getBigUint64(0) << 64n) | view.getBigUint64(8);
}

/** In the field of 2^128 elements, with the bits in GCM's order. */
function multiply(a: bigint, b: bigint): bigint {
  let product = 0n;
  let value = b;
  for (let bit = 127n; bit >= 0n; bit--) {
    if (((a >> bit) & 1n) === 1n) product ^= value;
    value = (value & 1n) === 0n ? value >> 1n : (value >> 1n) ^ (0xe1n << 120n);
  }
  return product;
}

function xor(a: Uint8Array, b: Uint8Array): Uint8Array {
  return a.map((byte, i) => byte ^ b[i]!);
}
