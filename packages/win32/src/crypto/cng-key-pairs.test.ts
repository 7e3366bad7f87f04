import {
  constants,
  createECDH,
  createPrivateKey,
  createPublicKey,
  privateDecrypt,
  publicEncrypt,
  sign,
  verify,
  createHash,
  type KeyObject,
} from "node:crypto";
import { nodeKeys } from "@decant/host";
import { PVOID, STATUS, ULONG } from "@decant/hook";
import { guest } from "@decant/testing";
import { describe, expect, test } from "vitest";
import { cngKeyPairs } from "./cng-key-pairs.ts";
import { cng } from "./cng.ts";
import { CURVES, publicPoint, signDigest, verifyDigest } from "./elliptic-curves.ts";

const [PKCS1, OAEP, PSS, NO_PADDING] = [2, 4, 8, 1];
const INVALID_SIGNATURE = 0xc000_a000;
const MESSAGE = Buffer.from("what is signed");

/* OpenSSL, through Node, is the witness. */

function machine() {
  const made = guest({ topics: [cng, cngKeyPairs], keys: nodeKeys() });
  const { call, callAsync, out, allocate, memory, thread, wide } = made;
  const word = thread.pointerSize;
  const status = (value: number): number => value >>> 0;
  const put = (bytes: Uint8Array): number => {
    const at = allocate(bytes.length);
    memory.write(at, bytes);
    return at;
  };
  const open = (name: string): number => {
    const place = out(PVOID);
    expect(call("BCryptOpenAlgorithmProvider", place, name, undefined, 0)).toBe(0);
    return place.value;
  };
  const generate = async (name: string, bits: number): Promise<number> => {
    const place = out(PVOID);
    expect(call("BCryptGenerateKeyPair", open(name), place, bits, 0)).toBe(0);
    expect(await callAsync("BCryptFinalizeKeyPair", place.value, 0)).toBe(0);
    return place.value;
  };
  const load = (name: string, type: string, blob: Uint8Array): number => {
    const place = out(PVOID);
    const answer = call("BCryptImportKeyPair", open(name), 0, type, place, blob, blob.length, 0);
    return answer === 0 ? place.value : status(answer);
  };
  /** What a function writes that tells its length first. */
  const given = (name: string, ...args: (number | string | Uint8Array | undefined)[]): Buffer | number => {
    const flags = args.pop()!;
    const length = out(ULONG);
    const asked = call(name, ...args, 0, 0, length, flags);
    if (asked !== 0) return status(asked);
    const at = allocate(length.value);
    const answer = call(name, ...args, at, length.value, length, flags);
    return answer === 0 ? Buffer.from(memory.read(at, length.value)) : status(answer);
  };
  const exported = (key: number, type: string): Buffer => given("BCryptExportKey", key, 0, type, 0) as Buffer;
  /** BCRYPT_PKCS1_PADDING_INFO, BCRYPT_PSS_PADDING_INFO. */
  const padding = (hash: string, salt = 0): number => {
    const at = allocate(2 * word);
    memory.setPointer(at, wide(hash));
    memory.setU32(at + word, salt);
    return at;
  };
  const oaep = (hash: string, label: string): number => {
    const at = allocate(3 * word);
    memory.setPointer(at, wide(hash));
    memory.setPointer(at + word, put(Buffer.from(label)));
    memory.setU32(at + 2 * word, label.length);
    return at;
  };
  const signed = (key: number, digest: Uint8Array, info: number, flags: number): Buffer | number =>
    given("BCryptSignHash", key, info, digest, digest.length, flags);
  const verified = (key: number, digest: Uint8Array, signature: Uint8Array, info = 0, flags = 0): number =>
    status(call("BCryptVerifySignature", key, info, digest, digest.length, signature, signature.length, flags));
  return { ...made, word, status, put, open, generate, load, given, exported, padding, oaep, signed, verified };
}

const digestOf = (hash: string): Buffer => createHash(hash).update(MESSAGE).digest();

/** The key of a BCRYPT_RSAFULLPRIVATE_BLOB. */
function rsaOf(blob: Buffer): KeyObject {
  const [, , exponent = 0, modulus = 0, first = 0, second = 0] = Array.from({ length: 6 }, (_, index) => blob.readUInt32LE(4 * index));
  let at = 24;
  const next = (length: number): string => blob.subarray(at, (at += length)).toString("base64url");
  const [e, n, p, q, dp, dq, qi, d] = [exponent, modulus, first, second, first, second, first, modulus].map(next);
  return createPrivateKey({ key: { kty: "RSA", e, n, p, q, dp, dq, qi, d } as never, format: "jwk" });
}

describe("a pair of RSA", () => {
  test("is none where its primes have no inverses, or its modulus is too long, whatever its head says", () => {
    const { load } = machine();
    const blob = (type: string, modulus: Buffer, p: Buffer, q: Buffer): Buffer => {
      const head = Buffer.alloc(24);
      head.write(type);
      [8, 1, modulus.length, p.length, q.length].forEach((word, index) => head.writeUInt32LE(word, 4 + 4 * index));
      return Buffer.concat([head, Buffer.of(3), modulus, p, q]);
    };
    const [none, long] = [Buffer.alloc(0), Buffer.alloc(2049, 0xff)];
    for (const [p, q] of [
      [7, 13],
      [1, 35],
      [5, 5],
    ] as const)
      expect(load("RSA", "RSAPRIVATEBLOB", blob("RSA2", Buffer.of(p * q), Buffer.of(p), Buffer.of(q)))).toBe(STATUS.INVALID_PARAMETER);
    expect(load("RSA", "RSAPUBLICBLOB", blob("RSA1", long, none, none))).toBe(STATUS.INVALID_PARAMETER);
  });

  test("is made, exported whole and in part, and imported again", async () => {
    const { generate, exported, load, call, out, allocate, memory, signed, verified, padding } = machine();
    const key = await generate("RSA", 1024);
    const full = exported(key, "RSAFULLPRIVATEBLOB");
    expect(rsaOf(full).asymmetricKeyDetails).toEqual({ modulusLength: 1024, publicExponent: 65_537n });
    expect([full.subarray(0, 4).toString(), exported(key, "RSAPUBLICBLOB").length, exported(key, "RSAPRIVATEBLOB").length]).toEqual([
      "RSA3",
      155,
      283,
    ]);
    const [whole, part] = [load("RSA", "RSAFULLPRIVATEBLOB", full), load("RSA", "PUBLICBLOB", exported(key, "RSAPUBLICBLOB"))];
    expect(exported(whole, "RSAPRIVATEBLOB")).toEqual(exported(key, "RSAPRIVATEBLOB"));
    const signature = signed(whole, digestOf("sha256"), padding("SHA256"), PKCS1) as Buffer;
    expect(verified(part, digestOf("sha256"), signature, padding("SHA256"), PKCS1)).toBe(0);
    expect([exported(part, "RSAPRIVATEBLOB"), signed(part, digestOf("sha256"), padding("SHA256"), PKCS1)]).toEqual([
      STATUS.INVALID_PARAMETER,
      STATUS.INVALID_PARAMETER,
    ]);
    const at = allocate(16);
    expect(call("BCryptGetProperty", part, "KeyLength", at, 16, out(ULONG), 0)).toBe(0);
    expect(memory.u32(at)).toBe(1024);
    expect(call("BCryptDestroyKey", part)).toBe(0);
    expect(call("BCryptDestroyKey", part) >>> 0).toBe(STATUS.INVALID_HANDLE);
  });

  test.each([
    ["PKCS #1", PKCS1, "SHA1", 0],
    ["PKCS #1", PKCS1, "SHA512", 0],
    ["PSS", PSS, "SHA256", 32],
    ["PSS without salt", PSS, "SHA384", 0],
  ])("signs by %s as OpenSSL verifies, and the other way", async (_name, flags, hash, saltLength) => {
    const { generate, exported, signed, verified, padding } = machine();
    const key = await generate("RSA", 1024 + 64);
    const witness = rsaOf(exported(key, "RSAFULLPRIVATEBLOB"));
    const how = flags === PSS ? { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength } : { padding: constants.RSA_PKCS1_PADDING };
    const digest = digestOf(hash);
    const signature = signed(key, digest, padding(hash, saltLength), flags) as Buffer;
    expect(verify(hash, MESSAGE, { key: createPublicKey(witness), ...how }, signature)).toBe(true);
    const theirs = sign(hash, MESSAGE, { key: witness, ...how });
    expect(verified(key, digest, theirs, padding(hash, saltLength), flags)).toBe(0);
    expect(verified(key, digest, theirs, padding(hash, saltLength + 1), flags)).toBe(flags === PSS ? INVALID_SIGNATURE : 0);
    theirs[9]! ^= 1;
    expect(verified(key, digest, theirs, padding(hash, saltLength), flags)).toBe(INVALID_SIGNATURE);
    expect(verified(key, digest, theirs.subarray(1), padding(hash, saltLength), flags)).toBe(INVALID_SIGNATURE);
  });

  test("encrypts and decrypts, up to the longest message", async () => {
    const { generate, exported, given, oaep } = machine();
    const key = await generate("RSA", 1024);
    const witness = rsaOf(exported(key, "RSAFULLPRIVATEBLOB"));
    const info = oaep("SHA256", "label");
    const how = { padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: "sha256", oaepLabel: Buffer.from("label") };
    const longest = Buffer.alloc(128 - 2 * 32 - 2, 7);
    const sealed = given("BCryptEncrypt", key, longest, longest.length, info, 0, 0, OAEP) as Buffer;
    expect(privateDecrypt({ key: witness, ...how }, sealed)).toEqual(longest);
    expect(given("BCryptEncrypt", key, Buffer.concat([longest, Buffer.of(1)]), longest.length + 1, info, 0, 0, OAEP)).toBe(
      STATUS.INVALID_PARAMETER,
    );
    const theirs = publicEncrypt({ key: createPublicKey(witness), ...how }, MESSAGE);
    expect(given("BCryptDecrypt", key, theirs, theirs.length, info, 0, 0, OAEP)).toEqual(MESSAGE);
    expect(given("BCryptDecrypt", key, theirs, theirs.length, oaep("SHA256", "other"), 0, 0, OAEP)).toBe(STATUS.INVALID_PARAMETER);
    const plain = given("BCryptEncrypt", key, Buffer.alloc(117, 5), 117, 0, 0, 0, PKCS1) as Buffer;
    expect(given("BCryptDecrypt", key, plain, 128, 0, 0, 0, PKCS1)).toEqual(Buffer.alloc(117, 5));
    expect(given("BCryptEncrypt", key, Buffer.alloc(118, 5), 118, 0, 0, 0, PKCS1)).toBe(STATUS.INVALID_PARAMETER);
    const bare = given("BCryptDecrypt", key, plain, 128, 0, 0, 0, NO_PADDING) as Buffer;
    expect([bare[0], bare[1], given("BCryptEncrypt", key, bare, 128, 0, 0, 0, NO_PADDING)]).toEqual([0, 2, plain]);
  });

  test("fails without a key, for lengths that it cannot have, and for blobs of others", () => {
    const { call, open, out, load, status } = machine();
    const place = out(PVOID);
    const rsa = open("RSA");
    expect([448, 520, 16_448].map((bits) => status(call("BCryptGenerateKeyPair", rsa, place, bits, 0)))).toEqual(
      Array(3).fill(STATUS.INVALID_PARAMETER),
    );
    expect(call("BCryptGenerateKeyPair", rsa, place, 512, 0)).toBe(0);
    expect(status(call("BCryptExportKey", place.value, 0, "RSAPUBLICBLOB", 0, 0, out(ULONG), 0))).toBe(STATUS.INVALID_HANDLE);
    expect(status(call("BCryptGenerateKeyPair", open("SHA256"), place, 512, 0))).toBe(STATUS.NOT_SUPPORTED);
    const blob = Buffer.alloc(155);
    blob.write("RSA2");
    expect([load("RSA", "RSAPUBLICBLOB", blob), load("RSA", "RSAPUBLICBLOB", blob.subarray(0, 23)), load("RSA", "NOBLOB", blob)]).toEqual([
      STATUS.INVALID_PARAMETER,
      STATUS.INVALID_PARAMETER,
      STATUS.NOT_SUPPORTED,
    ]);
  });
});

const NAMES = [
  ["P256", "prime256v1", "sha256"],
  ["P384", "secp384r1", "sha384"],
  ["P521", "secp521r1", "sha512"],
] as const;

describe.each(NAMES)("a pair of %s", (name, theirName, hash) => {
  const { bytes } = CURVES[name];

  test("signs as OpenSSL verifies, and the other way", async () => {
    const { generate, exported, load, signed, verified } = machine();
    const key = await generate(`ECDSA_${name}`, 0);
    const blob = exported(key, "ECCPRIVATEBLOB");
    expect(blob.length).toBe(8 + 3 * bytes);
    const [x, y, d] = [0, 1, 2].map((index) => blob.subarray(8 + index * bytes, 8 + (index + 1) * bytes).toString("base64url"));
    const witness = createPrivateKey({ key: { kty: "EC", crv: `P-${name.slice(1)}`, x, y, d } as never, format: "jwk" });
    const how = { key: witness, dsaEncoding: "ieee-p1363" } as const;
    const signature = signed(key, digestOf(hash), 0, 0) as Buffer;
    expect(verify(hash, MESSAGE, { ...how, key: createPublicKey(witness) }, signature)).toBe(true);
    const theirs = sign(hash, MESSAGE, how);
    const part = load(`ECDSA_${name}`, "ECCPUBLICBLOB", exported(key, "PUBLICBLOB"));
    expect([verified(part, digestOf(hash), theirs), verified(part, digestOf("md5"), theirs)]).toEqual([0, INVALID_SIGNATURE]);
    expect(verified(part, digestOf(hash), theirs.subarray(1))).toBe(INVALID_SIGNATURE);
    const bare = Buffer.from(blob);
    bare.fill(0, 8, 8 + 2 * bytes);
    expect(exported(load(`ECDSA_${name}`, "ECCPRIVATEBLOB", bare), "PRIVATEBLOB")).toEqual(blob);
    const off = exported(key, "ECCPUBLICBLOB");
    off[10]! ^= 1;
    expect([load(`ECDSA_${name}`, "ECCPUBLICBLOB", off), load(`ECDH_${name}`, "ECCPRIVATEBLOB", blob)]).toEqual([
      STATUS.INVALID_PARAMETER,
      STATUS.INVALID_PARAMETER,
    ]);
  });

  test("agrees on a secret with OpenSSL, from which keys are derived", async () => {
    const { generate, exported, load, call, out, given, status, allocate, memory, put, wide, word } = machine();
    const other = createECDH(theirName);
    const key = await generate(`ECDH_${name}`, name === "P521" ? 521 : 8 * bytes);
    const blob = exported(key, "ECCPUBLICBLOB");
    const point = Buffer.concat([Buffer.of(4), blob.subarray(8)]);
    const theirs = Buffer.concat([blob.subarray(0, 8), other.generateKeys().subarray(1)]);
    const secret = other.computeSecret(point);
    const place = out(PVOID);
    expect(call("BCryptSecretAgreement", key, load(`ECDH_${name}`, "ECCPUBLICBLOB", theirs), place, 0)).toBe(0);
    expect(given("BCryptDeriveKey", place.value, "TRUNCATE", 0, 0)).toEqual(Buffer.from(secret.toReversed()));
    expect(given("BCryptDeriveKey", place.value, "HASH", 0, 0)).toEqual(createHash("sha1").update(secret).digest());
    const [list, buffers] = [allocate(16), allocate(2 * (8 + word))];
    memory.setU32(list + 4, 2);
    memory.setPointer(list + 8, buffers);
    [
      [0, wide("SHA256"), 14],
      [2, put(Buffer.from("info")), 4],
    ].forEach(([type = 0, at = 0, length = 0], index) => {
      memory.setU32(buffers + index * (8 + word), length);
      memory.setU32(buffers + index * (8 + word) + 4, type);
      memory.setPointer(buffers + index * (8 + word) + 8, at);
    });
    expect(given("BCryptDeriveKey", place.value, "HASH", list, 0)).toEqual(createHash("sha256").update(secret).update("info").digest());
    expect(given("BCryptDeriveKey", place.value, "TLS_PRF", 0, 0)).toBe(STATUS.NOT_SUPPORTED);
    expect(call("BCryptDestroySecret", place.value)).toBe(0);
    expect(status(call("BCryptDestroySecret", place.value))).toBe(STATUS.INVALID_HANDLE);
    expect(status(call("BCryptSecretAgreement", await generate(`ECDSA_${name}`, 0), key, place, 0))).toBe(STATUS.NOT_SUPPORTED);
  });
});

test("RFC 6979's pair of P-256 (A.2.5) signs as it says, and what is changed is no signature", () => {
  const [curve, d] = [CURVES.P256, 0xc9afa9d845ba75166b5c215767b1d6934e50c3db36e89b127b8a622b120f6721n];
  const key = {
    x: 0x60fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb6n,
    y: 0x7903fe1008b8bc99a41ae9e95628bc64f2f1b20c2d7e9f5177a3c294d4462299n,
  };
  expect(publicPoint(curve, d)).toEqual(key);
  const signature = Buffer.from(
    "efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716f7cb1c942d657c41d436c7a1b6e29f65f3e900dbb9aff4064dc4ab2f843acda8",
    "hex",
  );
  const digest = createHash("sha256").update("sample").digest();
  expect(Buffer.from(signDigest(curve, d, digest))).toEqual(signature);
  expect(verifyDigest(curve, key, digest, signature)).toBe(true);
  for (const [at, bytes] of [
    [0, Buffer.alloc(32)],
    [32, Buffer.alloc(32)],
    [0, Buffer.alloc(32, 0xff)],
    [63, Buffer.of(0xa9)],
  ] as const) {
    const changed = Buffer.from(signature);
    bytes.copy(changed, at);
    expect(verifyDigest(curve, key, digest, changed)).toBe(false);
  }
});
