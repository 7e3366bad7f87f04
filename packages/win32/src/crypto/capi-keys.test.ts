import { generateKeyPairSync, sign } from "node:crypto";
import { DWORD, ERROR, PVOID } from "@decant/hook";
import { guest } from "@decant/testing";
import { describe, expect, test } from "vitest";
import { capi, NTE } from "./capi.ts";
import { capiKeys } from "./capi-keys.ts";

const [RSA_FULL, RSA_AES] = [1, 24];
const [MD5, SHA1, SHA256] = [0x8003, 0x8004, 0x800c];
const [RC4, AES_128, AES_192, AES_256] = [0x6801, 0x660e, 0x660f, 0x6610];
const EXPORTABLE = 1;
const [PUBLICKEYBLOB, PLAINTEXTKEYBLOB] = [6, 8];
const [IV, MODE, KEYLEN] = [1, 4, 9];
const TEXT = "hello world, twenty!";

function machine(type = RSA_AES) {
  const made = guest({ topics: [capi, capiKeys] });
  const { call, out, allocate, memory, thread } = made;
  const place = out(PVOID);
  call("CryptAcquireContextA", place, undefined, undefined, type, 0xf000_0000);
  const provider = place.value;
  const code = (result: number): number => (result === 0 ? thread.lastError : 0);
  const bytes = (content: Uint8Array | string, room = 0): number => {
    const encoded = typeof content === "string" ? new TextEncoder().encode(content) : content;
    const at = allocate(Math.max(room, encoded.length) + 1);
    memory.write(at, encoded);
    return at;
  };
  const hash = (algid: number, content: string): number => {
    call("CryptCreateHash", provider, algid, 0, 0, place);
    const made_ = place.value;
    call("CryptHashData", made_, bytes(content), content.length, 0);
    return made_;
  };
  const key = (name: string, ...args: (number | undefined)[]): number => {
    expect(code(call(name, provider, ...args, place))).toBe(0);
    return place.value;
  };
  const derive = (algid: number, hashAlgid: number, flags = EXPORTABLE): number =>
    key("CryptDeriveKey", algid, hash(hashAlgid, "secret"), flags);
  const cipher = (handle: number, content: string | Uint8Array, isFinal = 1): string | number => {
    const length = out(DWORD, content.length);
    const at = bytes(content, 64);
    return call("CryptEncrypt", handle, 0, isFinal, 0, at, length, 64) === 0 ? thread.lastError : hex(memory.read(at, length.value));
  };
  const decipher = (handle: number, content: string): string | number => {
    const at = bytes(Uint8Array.from(Buffer.from(content, "hex")));
    const length = out(DWORD, content.length / 2);
    if (call("CryptDecrypt", handle, 0, 1, 0, at, length) === 0) return thread.lastError;
    return Buffer.from(memory.read(at, length.value)).toString();
  };
  const exported = (handle: number, type_: number): string | number => {
    const [at, length] = [allocate(600), out(DWORD, 600)];
    return call("CryptExportKey", handle, 0, type_, 0, at, length) === 0 ? thread.lastError : hex(memory.read(at, length.value));
  };
  const parameter = (handle: number, which: number): number => {
    const at = allocate(16);
    expect(call("CryptGetKeyParam", handle, which, at, out(DWORD, 16), 0)).toBe(1);
    return memory.u32(at);
  };
  return { ...made, provider, place, code, bytes, hash, key, derive, cipher, decipher, exported, parameter };
}

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");

// What Wine 8 answers: the key of a hash of "secret", a text encrypted with it, and 32 bytes and two more as one text.
describe("a key that is derived of a hash", () => {
  test.each([
    [
      AES_128,
      SHA1,
      "bc91199e2e839eb169c688984e9efdf9",
      "a6139e78ca05c2c475c6f5e8c09d7241b15a7da2bf068ab03c8d1c3d38c8690c",
      "36500e857094101302702d02bdcdfd00",
    ],
    [
      AES_256,
      SHA1,
      "bc91199e2e839eb169c688984e9efdf913b4fb92e6b5885327c942e77f7ac818",
      "320f33fe3e7f35809f653b1eada45ef97ab2b985fe6f6dac65eeb0a53720a2fd",
      "bdaad4910a0fe8d8c2dba10522af2b58",
    ],
    [
      AES_192,
      MD5,
      "f3c351bb0d145286c627d573dda55606d23b433ea61f9ad2",
      "89a2a28335670edc37bb3dac7e2007e803b694f5fe88129dea307ecfee06a164",
      "900ccb3fe2d5ddd78a1497ac740fd61f",
    ],
    [
      AES_256,
      SHA256,
      "2bb80d537b1da3e38bd30361aa855686bde0eacd7162fef6a25fe97bf527a25b",
      "6195c2393723911662dda51f9e48d8c73648a1b45a48036d297e5aa90641b4ac",
      "46e543047e27dac834c709af823a04e0",
    ],
    [RC4, MD5, "5ebe2294ecd0e0f08eab7690d2a6ee69", "fe7994b3d45fd8e90f79dbd5340b70186b403ac1", "b1de"],
  ])("%i of hash %i", (algid, hashAlgid, secret, text, last) => {
    const { derive, cipher, decipher, exported } = machine();
    const key = derive(algid, hashAlgid);
    expect(String(exported(key, PLAINTEXTKEYBLOB)).slice(24)).toBe(secret);
    expect(cipher(key, TEXT)).toBe(text);
    expect(decipher(key, text)).toBe(TEXT);
    expect([cipher(key, "0123456789abcdef0123456789abcdef", 0), cipher(key, "XY")].at(-1)).toBe(last);
  });

  test("may be shorter where the cipher allows that, and has its cipher in its provider only", () => {
    const { derive, key, hash, exported, cipher, code, call, place, provider } = machine(RSA_FULL);
    const short = derive(RC4, SHA1, (40 << 16) | EXPORTABLE);
    expect(exported(short, PLAINTEXTKEYBLOB)).toBe("080200000168000005000000e5e9fa1ba3");
    expect(cipher(short, TEXT)).toBe("12507c8e1295b3d4289cbb654da175456d53f77f");
    const fails = (algid: number, flags: number) => code(call("CryptDeriveKey", provider, algid, hash(SHA1, "x"), flags, place));
    expect([fails(RC4, 8 << 16), fails(RC4, 136 << 16), fails(AES_128, 0), fails(0x1234, 0)]).toEqual([
      NTE.BAD_DATA,
      NTE.BAD_DATA,
      NTE.BAD_ALGID,
      NTE.BAD_ALGID,
    ]);
    const used = hash(SHA1, "secret");
    key("CryptDeriveKey", RC4, used, 0);
    expect(code(call("CryptHashData", used, provider, 1, 0))).toBe(NTE.BAD_HASH_STATE);
  });
});

describe("a key", () => {
  test("has a mode and a vector, which a copy takes along", () => {
    const { derive, cipher, call, bytes, place } = machine();
    const key = derive(AES_128, SHA1);
    expect(call("CryptSetKeyParam", key, MODE, bytes(Uint8Array.of(2, 0, 0, 0)), 0)).toBe(1);
    expect(cipher(key, "0123456789abcdef", 0)).toBe("df16dacc590306fa87b36a9299583f1e");
    call("CryptSetKeyParam", key, MODE, bytes(Uint8Array.of(1, 0, 0, 0)), 0);
    expect(call("CryptSetKeyParam", key, IV, bytes(new Uint8Array(16).fill(1)), 0)).toBe(1);
    const expected = "d6a3f53ece59695e7ee7c685a6f8a68eafabefaf3220c5c46c6b8e839a3c3f41";
    expect(cipher(key, "0123456789abcdef")).toBe(expected);
    call("CryptDuplicateKey", key, 0, 0, place);
    expect(cipher(place.value, "0123456789abcdef")).toBe(expected);
  });

  test("is imported and exported, unless it was to stay", () => {
    const { provider, key, bytes, exported, cipher, code, call, place, parameter } = machine();
    const blob = Uint8Array.from([8, 2, 0, 0, 0x0e, 0x66, 0, 0, 16, 0, 0, 0, ...Array.from({ length: 16 }, (_, index) => index + 1)]);
    const imported = key("CryptImportKey", bytes(blob), 28, 0, EXPORTABLE);
    expect([cipher(imported, "0123456789abcdef", 0), exported(imported, PLAINTEXTKEYBLOB)]).toEqual([
      "2f5c4a71e95a5ce3f9e58cfaff542095",
      hex(blob),
    ]);
    const fails = (at: number, value: number, length = 28): number => {
      const changed = blob.slice();
      changed[at] = value;
      return code(call("CryptImportKey", provider, bytes(changed), length, 0, 0, place));
    };
    expect([fails(0, 8, 27), fails(8, 15), fails(0, 99), fails(1, 3), fails(4, 1), fails(0, 8, 7)]).toEqual([
      NTE.BAD_DATA,
      NTE.BAD_DATA,
      NTE.BAD_TYPE,
      NTE.BAD_VER,
      NTE.BAD_ALGID,
      NTE.BAD_DATA,
    ]);
    const made = key("CryptGenKey", AES_256, 0);
    expect([parameter(made, KEYLEN), exported(made, PLAINTEXTKEYBLOB), exported(made, PUBLICKEYBLOB)]).toEqual([
      256,
      NTE.BAD_KEY_STATE,
      NTE.BAD_TYPE,
    ]);
    expect(code(call("CryptGenKey", provider, 1, 0, place))).toBe(NTE.BAD_ALGID);
  });

  test("needs room, whole blocks and a right end", () => {
    const { derive, call, out, bytes, code, cipher, decipher, thread } = machine();
    const key = derive(AES_128, SHA1);
    const length = out(DWORD, 20);
    expect([call("CryptEncrypt", key, 0, 1, 0, 0, length, 0), length.value]).toEqual([1, 32]);
    const short = out(DWORD, 20);
    expect([call("CryptEncrypt", key, 0, 1, 0, bytes(TEXT), short, 31), thread.lastError, short.value]).toEqual([0, ERROR.MORE_DATA, 32]);
    expect(cipher(key, "seven..", 0)).toBe(NTE.BAD_DATA);
    expect([decipher(key, "07".repeat(32)), decipher(key, "07".repeat(15))]).toEqual([NTE.BAD_DATA, NTE.BAD_DATA]);
    expect(code(call("CryptDestroyKey", key))).toBe(0);
    expect([code(call("CryptDestroyKey", key)), cipher(key, "x")]).toEqual([ERROR.INVALID_PARAMETER, ERROR.INVALID_PARAMETER]);
  });

  test("of a user is not there", () => {
    const { call, code, provider, place, hash, allocate } = machine();
    expect(code(call("CryptGetUserKey", provider, 1, place))).toBe(NTE.NO_KEY);
    expect(code(call("CryptGetUserKey", 0, 1, place))).toBe(ERROR.INVALID_PARAMETER);
    expect(code(call("CryptSignHashW", hash(SHA1, "x"), 2, undefined, 0, allocate(64), allocate(8)))).toBe(NTE.NO_KEY);
  });
});

// Signatures of OpenSSL's, which Node calls.
describe("a public key of RSA", () => {
  const { publicKey, privateKey } = generateKeyPairSync("rsa", { modulusLength: 1024 });
  const modulus = Buffer.from(publicKey.export({ format: "jwk" }).n!, "base64url");
  const blob = Buffer.concat([Buffer.from("0602000000a40000525341310004000001000100", "hex"), Buffer.from(modulus).reverse()]);

  test.each([
    ["md5", MD5],
    ["sha1", SHA1],
    ["sha256", SHA256],
  ] as const)("verifies a signature of %s, and no other", (name, algid) => {
    const { key, bytes, hash, call, code, exported } = machine();
    const imported = key("CryptImportKey", bytes(blob), blob.length, 0, 0);
    expect(exported(imported, PUBLICKEYBLOB)).toBe(blob.toString("hex"));
    const signature = Uint8Array.from(sign(name, Buffer.from("signed"), privateKey)).reverse();
    const verify = (text: string, of: Uint8Array) =>
      code(call("CryptVerifySignatureW", hash(algid, text), bytes(of), of.length, imported, undefined, 0));
    expect(verify("signed", signature)).toBe(0);
    const changed = signature.slice();
    changed[5]! ^= 1;
    expect([verify("other", signature), verify("signed", changed), verify("signed", signature.slice(1))]).toEqual([
      NTE.BAD_SIGNATURE,
      NTE.BAD_SIGNATURE,
      NTE.BAD_SIGNATURE,
    ]);
    expect(code(call("CryptEncrypt", imported, 0, 1, 0, 0, 0, 0))).toBe(NTE.BAD_KEY);
  });

  test("is not imported where its blob is cut or of something else", () => {
    const { provider, bytes, call, code, place } = machine();
    const fails = (content: Uint8Array) => code(call("CryptImportKey", provider, bytes(content), content.length, 0, 0, place));
    const other = blob.slice();
    other[8] = 0;
    expect([fails(blob.subarray(0, -1)), fails(blob.subarray(0, 19)), fails(other)]).toEqual([NTE.BAD_DATA, NTE.BAD_DATA, NTE.BAD_DATA]);
  });
});
