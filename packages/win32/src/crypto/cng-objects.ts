import { NtError, STATUS, type Out } from "@decant/hook";
import type { Thread } from "@decant/process";
import { ObjectTable } from "../object-table.ts";
import type { Aes } from "./aes.ts";
import type { ChainingMode } from "./block-modes.ts";
import type { CurveAlgorithm, KeyPair, Secret } from "./cng-key-pairs.ts";
import type { HASHES, Hash, HashAlgorithm } from "./hashes.ts";

const STATUS_SUCCESS = 0;

/** The hashes by name. */
export type HashName = keyof typeof HASHES;

/** What an algorithm handle stands for. */
export interface Provider {
  readonly kind: "provider";
  readonly name: HashName | "RNG" | "AES" | "PBKDF2" | "RSA" | CurveAlgorithm;
  readonly isKeyed: boolean;
  mode: ChainingMode;
}

/** A hash of the guest's, until its value was asked for. */
export interface HashObject {
  readonly kind: "hash";
  readonly algorithm: HashAlgorithm;
  readonly start: () => Hash;
  readonly isReusable: boolean;
  hash: Hash | undefined;
}

/** A key of AES. */
export interface KeyObject {
  readonly kind: "key";
  readonly aes: Aes;
  readonly bits: number;
  mode: ChainingMode;
}

/** What a handle stands for. */
export type CngObject = Provider | HashObject | KeyObject | KeyPair | Secret;

/** Handles that are always there (bcrypt.h, BCRYPT_…_ALG_HANDLE). */
const PSEUDO: ReadonlyMap<number, Provider> = new Map([
  [0x11, provider("MD4")],
  [0x21, provider("MD5")],
  [0x31, provider("SHA1")],
  [0x41, provider("SHA256")],
  [0x51, provider("SHA384")],
  [0x61, provider("SHA512")],
  [0x81, provider("RNG")],
  [0x91, provider("MD5", true)],
  [0xa1, provider("SHA1", true)],
  [0xb1, provider("SHA256", true)],
  [0xc1, provider("SHA384", true)],
  [0xd1, provider("SHA512", true)],
  [0xe1, provider("RSA")],
  [0x131, provider("MD4", true)],
  [0x1a1, provider("AES", false, "ChainingModeCBC")],
  [0x1b1, provider("AES", false, "ChainingModeECB")],
  [0x1c1, provider("AES", false, "ChainingModeCFB")],
  [0x1e1, provider("AES", false, "ChainingModeGCM")],
  [0x2a1, provider("ECDH_P256")],
  [0x2b1, provider("ECDH_P384")],
  [0x2c1, provider("ECDH_P521")],
  [0x2e1, provider("ECDSA_P256")],
  [0x2f1, provider("ECDSA_P384")],
  [0x301, provider("ECDSA_P521")],
  [0x311, provider("RSA")],
]);

/** What the process has open. */
export class Cng {
  readonly objects = new ObjectTable<CngObject>();

  static of({ process }: Thread): Cng {
    return process.state(Cng, () => new Cng());
  }
}

/** An algorithm that was opened. */
export function provider(name: Provider["name"], isKeyed = false, mode: ChainingMode = "ChainingModeCBC"): Provider {
  return { kind: "provider", name, isKeyed, mode };
}

/** Gives a handle. Fails with STATUS_INVALID_PARAMETER without a place for it. */
export function give(thread: Thread, object: CngObject, result: Out<number>): number {
  if (result.isNull) throw new NtError(STATUS.INVALID_PARAMETER);
  const handle = Cng.of(thread).objects.add(object);
  if (handle === undefined) throw new NtError(STATUS.NO_MEMORY);
  result.set(handle);
  return STATUS_SUCCESS;
}

/** Fails with STATUS_INVALID_HANDLE for what is none. */
export function objectOf(thread: Thread, handle: number): CngObject {
  const object = PSEUDO.get(handle) ?? Cng.of(thread).objects.get(handle);
  if (object === undefined) throw new NtError(STATUS.INVALID_HANDLE);
  return object;
}

/** An algorithm, by its handle. */
export function providerOf(thread: Thread, handle: number): Provider {
  const object = objectOf(thread, handle);
  if (object.kind !== "provider") throw new NtError(STATUS.INVALID_HANDLE);
  return object;
}
