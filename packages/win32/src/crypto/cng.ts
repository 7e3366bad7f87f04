import { encodeText, NtError, STATUS, type Pointer } from "@decant/hook";
import { implement, sleep, type Thread } from "@decant/process";
import { Aes } from "./aes.ts";
import { chain, counterMode, galoisTag, type ChainingMode } from "./block-modes.ts";
import { cngApi } from "./cng.api.ts";
import { curveOf, decryptRsa, encryptRsa, pairNumber } from "./cng-key-pairs.ts";
import {
  Cng,
  give,
  objectOf,
  provider,
  providerOf,
  type CngObject,
  type HashName,
  type HashObject,
  type KeyObject,
  type Provider,
} from "./cng-objects.ts";
import { HASHES, hmac, pbkdf2, type Hash, type HashAlgorithm } from "./hashes.ts";
import { fillRandom } from "./random-bytes.ts";

const STATUS_SUCCESS = 0;
const STATUS_AUTH_TAG_MISMATCH = 0xc000_a002;
const ALG_HANDLE_HMAC = 8;
const HASH_REUSABLE = 0x20;
const USE_SYSTEM_PREFERRED_RNG = 2;
const BLOCK_PADDING = 1;
const BLOCK = 16;
/** Sizes that programs allocate for objects of ours, which need none of their memory. */
const OBJECT_BYTES = 512;
const MAX_ITERATIONS = 10_000_000n;

export const cng = implement(cngApi, {
  BCryptOpenAlgorithmProvider(thread, phAlgorithm, pszAlgId, _pszImplementation, dwFlags) {
    const name = pszAlgId.toUpperCase();
    const known = ["RNG", "AES", "PBKDF2", "RSA", "RSA_SIGN"].includes(name) || name in HASHES || curveOf(name) !== undefined;
    if (!known) throw new NtError(STATUS.NOT_FOUND);
    return give(thread, provider((name === "RSA_SIGN" ? "RSA" : name) as Provider["name"], (dwFlags & ALG_HANDLE_HMAC) !== 0), phAlgorithm);
  },
  BCryptCloseAlgorithmProvider(thread, hAlgorithm) {
    providerOf(thread, hAlgorithm);
    Cng.of(thread).objects.remove(hAlgorithm);
    return STATUS_SUCCESS;
  },
  BCryptGenRandom(thread, hAlgorithm, pbBuffer, cbBuffer, dwFlags) {
    const usesSystem = (dwFlags & USE_SYSTEM_PREFERRED_RNG) !== 0;
    if (hAlgorithm === 0 ? !usesSystem : providerOf(thread, hAlgorithm).name !== "RNG") throw new NtError(STATUS.INVALID_HANDLE);
    if (pbBuffer.isNull) throw new NtError(STATUS.INVALID_PARAMETER);
    fillRandom(thread.process, pbBuffer.writable(cbBuffer));
    return STATUS_SUCCESS;
  },
  BCryptGetProperty(thread, hObject, pszProperty, pbOutput, cbOutput, pcbResult) {
    const value = propertyOf(thread, objectOf(thread, hObject), pszProperty);
    pcbResult.set(value.length);
    if (pbOutput.isNull) return STATUS_SUCCESS;
    if (cbOutput < value.length) throw new NtError(STATUS.BUFFER_TOO_SMALL);
    pbOutput.write(value);
    return STATUS_SUCCESS;
  },
  BCryptSetProperty(thread, hObject, pszProperty, pbInput) {
    const object = objectOf(thread, hObject);
    if ((object.kind !== "provider" && object.kind !== "key") || pszProperty !== "ChainingMode") throw new NtError(STATUS.NOT_SUPPORTED);
    const mode = thread.memory.wstring(pbInput.address);
    if (!/^ChainingMode(ECB|CBC|CFB|GCM)$/.test(mode)) throw new NtError(STATUS.NOT_SUPPORTED);
    object.mode = mode as ChainingMode;
    return STATUS_SUCCESS;
  },
  BCryptGetFipsAlgorithmMode(_thread, pfEnabled) {
    pfEnabled.set(false);
    return STATUS_SUCCESS;
  },
  BCryptCreateHash(thread, hAlgorithm, phHash, _pbHashObject, _cbHashObject, pbSecret, cbSecret, dwFlags) {
    const { algorithm, start } = hashOf(thread, hAlgorithm, cbSecret === 0 ? new Uint8Array(0) : pbSecret.read(cbSecret));
    return give(thread, { kind: "hash", algorithm, start, isReusable: (dwFlags & HASH_REUSABLE) !== 0, hash: start() }, phHash);
  },
  BCryptHashData(thread, hHash, pbInput, cbInput) {
    const { hash } = hashObjectOf(thread, hHash);
    if (hash === undefined) throw new NtError(STATUS.INVALID_HANDLE);
    if (cbInput > 0) hash.update(pbInput.view(cbInput));
    return STATUS_SUCCESS;
  },
  BCryptFinishHash(thread, hHash, pbOutput, cbOutput) {
    const object = hashObjectOf(thread, hHash);
    if (object.hash === undefined) throw new NtError(STATUS.INVALID_HANDLE);
    if (cbOutput !== object.algorithm.digestBytes) throw new NtError(STATUS.INVALID_PARAMETER);
    pbOutput.write(object.hash.digest());
    object.hash = object.isReusable ? object.start() : undefined;
    return STATUS_SUCCESS;
  },
  BCryptDuplicateHash(thread, hHash, phNewHash) {
    const object = hashObjectOf(thread, hHash);
    return give(thread, { ...object, hash: object.hash?.copy() }, phNewHash);
  },
  BCryptDestroyHash(thread, hHash) {
    hashObjectOf(thread, hHash);
    Cng.of(thread).objects.remove(hHash);
    return STATUS_SUCCESS;
  },
  BCryptHash(thread, hAlgorithm, pbSecret, cbSecret, pbInput, cbInput, pbOutput, cbOutput) {
    const { algorithm, start } = hashOf(thread, hAlgorithm, cbSecret === 0 ? new Uint8Array(0) : pbSecret.read(cbSecret));
    if (cbOutput !== algorithm.digestBytes) throw new NtError(STATUS.INVALID_PARAMETER);
    const hash = start();
    if (cbInput > 0) hash.update(pbInput.view(cbInput));
    pbOutput.write(hash.digest());
    return STATUS_SUCCESS;
  },
  *BCryptDeriveKeyPBKDF2(thread, hPrf, pbPassword, cbPassword, pbSalt, cbSalt, cIterations, pbDerivedKey, cbDerivedKey) {
    const prf = providerOf(thread, hPrf);
    if (!prf.isKeyed || cIterations === 0n || cIterations > MAX_ITERATIONS) throw new NtError(STATUS.INVALID_PARAMETER);
    const bytes = (pointer: Pointer, length: number): Uint8Array => (length === 0 ? new Uint8Array(0) : pointer.read(length));
    pbDerivedKey.writable(cbDerivedKey);
    const steps = pbkdf2(HASHES[prf.name as HashName], {
      password: bytes(pbPassword, cbPassword),
      salt: bytes(pbSalt, cbSalt),
      iterations: Number(cIterations),
      length: cbDerivedKey,
    });
    let step = steps.next();
    for (; step.done !== true; step = steps.next()) yield* sleep(thread, 0);
    pbDerivedKey.write(step.value);
    return STATUS_SUCCESS;
  },
  BCryptGenerateSymmetricKey(thread, hAlgorithm, phKey, _pbKeyObject, _cbKeyObject, pbSecret, cbSecret) {
    const { name, mode } = providerOf(thread, hAlgorithm);
    if (name !== "AES") throw new NtError(STATUS.NOT_SUPPORTED);
    if (![16, 24, 32].includes(cbSecret)) throw new NtError(STATUS.INVALID_PARAMETER);
    return give(thread, { kind: "key", aes: new Aes(pbSecret.read(cbSecret)), bits: 8 * cbSecret, mode }, phKey);
  },
  BCryptDestroyKey(thread, hKey) {
    const { kind } = objectOf(thread, hKey);
    if (kind !== "key" && kind !== "pair") throw new NtError(STATUS.INVALID_HANDLE);
    Cng.of(thread).objects.remove(hKey);
    return STATUS_SUCCESS;
  },
  BCryptEncrypt(thread, hKey, pbInput, cbInput, pPaddingInfo, pbIV, cbIV, pbOutput, cbOutput, pcbResult, dwFlags) {
    const pair = objectOf(thread, hKey);
    if (pair.kind === "pair") {
      pcbResult.set(pairNumber(pair, "BlockLength")!);
      if (pbOutput.isNull) return STATUS_SUCCESS;
      if (cbOutput < pairNumber(pair, "BlockLength")!) throw new NtError(STATUS.BUFFER_TOO_SMALL);
      pbOutput.write(
        encryptRsa(thread, pair, cbInput === 0 ? new Uint8Array(0) : pbInput.read(cbInput), { flags: dwFlags, info: pPaddingInfo }),
      );
      return STATUS_SUCCESS;
    }
    const { aes, mode } = keyOf(thread, hKey);
    const pads = (dwFlags & BLOCK_PADDING) !== 0 && mode !== "ChainingModeGCM" && mode !== "ChainingModeCFB";
    const length = pads ? cbInput + BLOCK - (cbInput % BLOCK) : cbInput;
    pcbResult.set(length);
    if (pbOutput.isNull) return STATUS_SUCCESS;
    if (cbOutput < length) throw new NtError(STATUS.BUFFER_TOO_SMALL);
    const input = cbInput === 0 ? new Uint8Array(0) : pbInput.read(cbInput);
    if (mode === "ChainingModeGCM") {
      const { nonce, associated, tag } = authenticationOf(thread, pPaddingInfo);
      const output = counterMode(aes, nonce, input);
      pbOutput.write(output);
      tag.set(galoisTag(aes, nonce, associated, output).subarray(0, tag.length));
      return STATUS_SUCCESS;
    }
    if (mode !== "ChainingModeCFB" && length % BLOCK !== 0) throw new NtError(STATUS.INVALID_BUFFER_SIZE);
    const padded = new Uint8Array(length).fill(length - cbInput);
    padded.set(input);
    pbOutput.write(withVector(mode, pbIV, cbIV, (iv) => chain(aes, mode, padded, iv, true)));
    return STATUS_SUCCESS;
  },
  BCryptDecrypt(thread, hKey, pbInput, cbInput, pPaddingInfo, pbIV, cbIV, pbOutput, cbOutput, pcbResult, dwFlags) {
    const pair = objectOf(thread, hKey);
    if (pair.kind === "pair") {
      pcbResult.set(pairNumber(pair, "BlockLength")!);
      if (pbOutput.isNull) return STATUS_SUCCESS;
      const message = decryptRsa(thread, pair, cbInput === 0 ? new Uint8Array(0) : pbInput.read(cbInput), {
        flags: dwFlags,
        info: pPaddingInfo,
      });
      pcbResult.set(message.length);
      if (cbOutput < message.length) throw new NtError(STATUS.BUFFER_TOO_SMALL);
      pbOutput.write(message);
      return STATUS_SUCCESS;
    }
    const { aes, mode } = keyOf(thread, hKey);
    pcbResult.set(cbInput);
    if (pbOutput.isNull) return STATUS_SUCCESS;
    const input = cbInput === 0 ? new Uint8Array(0) : pbInput.read(cbInput);
    if (mode === "ChainingModeGCM") {
      if (cbOutput < cbInput) throw new NtError(STATUS.BUFFER_TOO_SMALL);
      const { nonce, associated, tag } = authenticationOf(thread, pPaddingInfo);
      const expected = galoisTag(aes, nonce, associated, input);
      if (tag.some((byte, i) => byte !== expected[i])) throw new NtError(STATUS_AUTH_TAG_MISMATCH);
      pbOutput.write(counterMode(aes, nonce, input));
      return STATUS_SUCCESS;
    }
    if (mode !== "ChainingModeCFB" && cbInput % BLOCK !== 0) throw new NtError(STATUS.INVALID_BUFFER_SIZE);
    const output = withVector(mode, pbIV, cbIV, (iv) => chain(aes, mode, input, iv, false));
    const isPadded = (dwFlags & BLOCK_PADDING) !== 0 && mode !== "ChainingModeCFB" && output.length > 0;
    const length = isPadded ? output.length - unpadded(output) : output.length;
    pcbResult.set(length);
    if (cbOutput < length) throw new NtError(STATUS.BUFFER_TOO_SMALL);
    pbOutput.write(output.subarray(0, length));
    return STATUS_SUCCESS;
  },
});

function hashObjectOf(thread: Thread, handle: number): HashObject {
  const object = objectOf(thread, handle);
  if (object.kind !== "hash") throw new NtError(STATUS.INVALID_HANDLE);
  return object;
}

function keyOf(thread: Thread, handle: number): KeyObject {
  const object = objectOf(thread, handle);
  if (object.kind !== "key") throw new NtError(STATUS.INVALID_HANDLE);
  return object;
}

function hashOf(thread: Thread, handle: number, secret: Uint8Array): { algorithm: HashAlgorithm; start: () => Hash } {
  const { name, isKeyed } = providerOf(thread, handle);
  if (!(name in HASHES)) throw new NtError(STATUS.NOT_SUPPORTED);
  if (!isKeyed && secret.length > 0) throw new NtError(STATUS.INVALID_PARAMETER);
  const algorithm: HashAlgorithm = HASHES[name as HashName];
  return { algorithm, start: () => (isKeyed ? hmac(algorithm, secret) : algorithm.create()) };
}

function propertyOf(thread: Thread, object: CngObject, property: string): Uint8Array {
  const word = (...values: number[]): Uint8Array => new Uint8Array(Uint32Array.from(values).buffer);
  const text = (value: string): Uint8Array => encodeText(thread, `${value}\0`, "wide");
  if (object.kind === "secret") throw new NtError(STATUS.NOT_SUPPORTED);
  if (object.kind === "pair") {
    const number = pairNumber(object, property);
    if (number !== undefined) return word(number);
  }
  const name = object.kind === "provider" || object.kind === "pair" ? object.name : object.kind === "hash" ? object.algorithm.name : "AES";
  const algorithm = name in HASHES ? HASHES[name as HashName] : undefined;
  if (property === "AlgorithmName") return text(name);
  if (property === "AlgorithmGroupName" && (name === "RSA" || curveOf(name) !== undefined)) return text(name.replace(/_.*/, ""));
  if (property === "ObjectLength") return word(OBJECT_BYTES);
  if (property === "HashDigestLength" && algorithm !== undefined) return word(algorithm.digestBytes);
  if (property === "HashBlockLength" && algorithm !== undefined) return word(algorithm.blockBytes);
  if (name === "AES") {
    if (property === "BlockLength") return word(BLOCK);
    if (property === "ChainingMode") return text((object as KeyObject).mode);
    if (property === "KeyLengths") return word(128, 256, 64);
    if (property === "AuthTagLength") return word(12, 16, 1);
    if (property === "BlockSizeList") return word(BLOCK);
    if (property === "KeyLength" && object.kind === "key") return word(object.bits);
  }
  throw new NtError(STATUS.NOT_SUPPORTED);
}

/** BCRYPT_AUTHENTICATED_CIPHER_MODE_INFO: sizes, then pointers and counts of nonce, associated data, tag. Chained calls are not there. */
function authenticationOf({ memory }: Thread, info: number): { nonce: Uint8Array; associated: Uint8Array; tag: Uint8Array } {
  if (info === 0) throw new NtError(STATUS.INVALID_PARAMETER);
  const { pointerSize } = memory;
  const field = (index: number): { at: number; length: number } => {
    const place = info + 8 + 2 * pointerSize * index;
    return { at: memory.u32(place), length: memory.u32(place + pointerSize) };
  };
  const [nonce, associated, tag] = [field(0), field(1), field(2)];
  if (nonce.length !== 12 || tag.length < 12 || tag.length > 16) throw new NtError(STATUS.INVALID_PARAMETER);
  return {
    nonce: memory.read(nonce.at, nonce.length),
    associated: associated.length === 0 ? new Uint8Array(0) : memory.read(associated.at, associated.length),
    tag: memory.writableSlice(tag.at, tag.length),
  };
}

/** Runs with the caller's initialisation vector, which ends as what the next call goes on with; zeros where there is none. */
function withVector(mode: ChainingMode, pointer: Pointer, length: number, run: (iv: Uint8Array) => Uint8Array): Uint8Array {
  if (pointer.isNull || length === 0) return run(new Uint8Array(BLOCK));
  if (length !== BLOCK || mode === "ChainingModeECB") throw new NtError(STATUS.INVALID_PARAMETER);
  return run(pointer.writable(BLOCK));
}

/** Bytes of padding at the end of a text (RFC 5652, section 6.3). */
function unpadded(text: Uint8Array): number {
  const count = text.at(-1)!;
  if (count === 0 || count > BLOCK || text.subarray(-count).some((byte) => byte !== count)) throw new NtError(STATUS.DATA_ERROR);
  return count;
}
