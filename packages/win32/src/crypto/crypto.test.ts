import { createCipheriv, createHash, createHmac, pbkdf2Sync } from "node:crypto";
import { describe, expect, test } from "vitest";
import { Aes } from "./aes.ts";
import { digestOf, HASHES, hmac, pbkdf2 } from "./hashes.ts";

/* OpenSSL, through Node, is the witness. */

const sample = (length: number) => Uint8Array.from({ length }, (_, i) => (i * 37 + (i >> 3)) & 0xff);
const lengths = [0, 1, 3, 55, 56, 63, 64, 65, 111, 112, 119, 127, 128, 129, 1000];

describe.each(["MD5", "SHA1", "SHA256", "SHA384", "SHA512"] as const)("%s", (name) => {
  test("gives OpenSSL's digests for lengths on both sides of each block", () => {
    for (const length of lengths)
      expect(Buffer.from(digestOf(HASHES[name], sample(length))).toString("hex")).toBe(
        createHash(name).update(sample(length)).digest("hex"),
      );
  });

  test("may be fed in pieces and copied midway, and keyed", () => {
    const hash = HASHES[name].create();
    hash.update(sample(100));
    const other = hash.copy();
    hash.update(sample(200));
    other.update(sample(50));
    expect(Buffer.from(other.digest()).toString("hex")).toBe(createHash(name).update(sample(100)).update(sample(50)).digest("hex"));
    expect(Buffer.from(hash.digest()).toString("hex")).toBe(createHash(name).update(sample(100)).update(sample(200)).digest("hex"));
    for (const length of [0, 20, 64, 128, 200]) {
      const keyed = hmac(HASHES[name], sample(length));
      keyed.update(sample(77));
      expect(Buffer.from(keyed.digest()).toString("hex")).toBe(createHmac(name, sample(length)).update(sample(77)).digest("hex"));
    }
  });

  test("makes PBKDF2's keys", () => {
    const steps = pbkdf2(HASHES[name], { password: sample(9), salt: sample(17), iterations: 1200, length: 77 });
    let step = steps.next();
    let pauses = 0;
    for (; step.done !== true; step = steps.next()) pauses++;
    expect(Buffer.from(step.value)).toEqual(pbkdf2Sync(sample(9), sample(17), 1200, 77, name));
    expect(pauses).toBeGreaterThan(0);
  });
});

test("MD4 gives the digests of RFC 1320", () => {
  const digest = (text: string) => Buffer.from(digestOf(HASHES.MD4, Buffer.from(text))).toString("hex");
  expect([digest(""), digest("abc"), digest("message digest")]).toEqual([
    "31d6cfe0d16ae931b73c59d7e0c089c0",
    "a448017aaf21d8525fc10ae87aa6729d",
    "d9130a8164549fe818874806e1c7014b",
  ]);
});

test.each([16, 24, 32])("AES with a key of %d bytes is OpenSSL's, and back", (length) => {
  const key = sample(length);
  const aes = new Aes(key);
  for (let i = 0; i < 20; i++) {
    const block = sample(16 + i).subarray(i);
    const cipher = createCipheriv(`aes-${8 * length}-ecb`, key, null).setAutoPadding(false);
    const expected = cipher.update(block);
    expect(Buffer.from(aes.encrypt(block))).toEqual(expected);
    expect(aes.decrypt(aes.encrypt(block))).toEqual(block);
  }
});
