import { ERROR, Win32Error, type Out } from "@decant/hook";
import { implement, type Thread } from "@decant/process";
import { ObjectTable } from "../object-table.ts";
import { capiApi } from "./capi.api.ts";
import { HASHES, type Hash, type HashAlgorithm } from "./hashes.ts";
import { fillRandom } from "./random-bytes.ts";

const CRYPT = { VERIFYCONTEXT: 0xf000_0000, NEWKEYSET: 8, DELETEKEYSET: 16 } as const;
/** PROV_RSA_FULL, PROV_RSA_SCHANNEL, PROV_RSA_AES: those with hashes and random numbers. */
const PROVIDER_TYPES: ReadonlySet<number> = new Set([1, 12, 24]);
const NTE = {
  BAD_TYPE: 0x8009_000a,
  BAD_FLAGS: 0x8009_0009,
  BAD_ALGID: 0x8009_0008,
  BAD_HASH_STATE: 0x8009_000c,
  EXISTS: 0x8009_000f,
  BAD_PROV_TYPE: 0x8009_0014,
  BAD_KEYSET: 0x8009_0016,
  PROV_TYPE_NOT_DEF: 0x8009_0017,
} as const;
const ALGORITHMS: ReadonlyMap<number, HashAlgorithm> = new Map([
  [0x8002, HASHES.MD4],
  [0x8003, HASHES.MD5],
  [0x8004, HASHES.SHA1],
  [0x800c, HASHES.SHA256],
  [0x800d, HASHES.SHA384],
  [0x800e, HASHES.SHA512],
]);
const HP = { ALGID: 1, HASHVAL: 2, HASHSIZE: 4 } as const;

interface Context {
  references: number;
}

/** A hash of the guest's; after its value was asked for, nothing more can be added. */
interface HashObject {
  readonly algid: number;
  readonly hash: Hash;
  digest: Uint8Array | undefined;
}

/** What the process has open. */
class Capi {
  readonly contexts = new ObjectTable<Context>();
  readonly hashes = new ObjectTable<HashObject>();
  /** Key containers that were made in this run; they are not kept. */
  readonly containers = new Set<string>();

  static of({ process }: Thread): Capi {
    return process.state(Capi, () => new Capi());
  }
}

export const capi = implement(capiApi, {
  CryptAcquireContext(thread, phProv, szContainer, _szProvider, dwProvType, dwFlags) {
    const { contexts, containers } = Capi.of(thread);
    if (phProv.isNull) throw new Win32Error(ERROR.INVALID_PARAMETER);
    if (dwProvType === 0 || dwProvType > 999) throw new Win32Error(NTE.BAD_PROV_TYPE);
    if (!PROVIDER_TYPES.has(dwProvType)) throw new Win32Error(NTE.PROV_TYPE_NOT_DEF);
    const container = (szContainer ?? "").toLowerCase();
    if ((dwFlags & CRYPT.DELETEKEYSET) !== 0) {
      if (!containers.delete(container)) throw new Win32Error(NTE.BAD_KEYSET);
      phProv.set(0);
      return true;
    }
    if ((dwFlags & CRYPT.NEWKEYSET) !== 0) {
      if (containers.has(container)) throw new Win32Error(NTE.EXISTS);
      containers.add(container);
    } else if ((dwFlags & CRYPT.VERIFYCONTEXT) >>> 0 !== CRYPT.VERIFYCONTEXT && !containers.has(container))
      throw new Win32Error(NTE.BAD_KEYSET);
    return give(contexts.add({ references: 1 }), phProv);
  },
  CryptContextAddRef(thread, hProv) {
    contextOf(thread, hProv).references++;
    return true;
  },
  CryptReleaseContext(thread, hProv, dwFlags) {
    const context = contextOf(thread, hProv);
    if (--context.references === 0) Capi.of(thread).contexts.remove(hProv);
    // "If dwFlags is not set to zero, this function returns FALSE but the CSP is released."
    if (dwFlags !== 0) throw new Win32Error(NTE.BAD_FLAGS);
    return true;
  },
  CryptGenRandom(thread, hProv, dwLen, pbBuffer) {
    contextOf(thread, hProv);
    fillRandom(thread.process, pbBuffer.writable(dwLen));
    return true;
  },
  CryptCreateHash(thread, hProv, Algid, _hKey, _dwFlags, phHash) {
    contextOf(thread, hProv);
    const algorithm = ALGORITHMS.get(Algid);
    if (algorithm === undefined) throw new Win32Error(NTE.BAD_ALGID);
    return give(Capi.of(thread).hashes.add({ algid: Algid, hash: algorithm.create(), digest: undefined }), phHash);
  },
  CryptHashData(thread, hHash, pbData, dwDataLen) {
    const object = hashOf(thread, hHash);
    if (object.digest !== undefined) throw new Win32Error(NTE.BAD_HASH_STATE);
    object.hash.update(pbData.view(dwDataLen));
    return true;
  },
  CryptGetHashParam(thread, hHash, dwParam, pbData, pdwDataLen) {
    const object = hashOf(thread, hHash);
    const value = parameterOf(object, dwParam, pbData.isNull);
    const room = pdwDataLen.get();
    pdwDataLen.set(value.length);
    if (pbData.isNull) return true;
    if (room < value.length) throw new Win32Error(ERROR.MORE_DATA);
    pbData.write(value);
    return true;
  },
  CryptDuplicateHash(thread, hHash, _pdwReserved, _dwFlags, phHash) {
    const { algid, hash, digest } = hashOf(thread, hHash);
    return give(Capi.of(thread).hashes.add({ algid, hash: hash.copy(), digest }), phHash);
  },
  CryptDestroyHash(thread, hHash) {
    hashOf(thread, hHash);
    Capi.of(thread).hashes.remove(hHash);
    return true;
  },
});

function give(handle: number | undefined, result: Out<number>): boolean {
  if (handle === undefined) throw new Win32Error(ERROR.NOT_ENOUGH_MEMORY);
  result.set(handle);
  return true;
}

function contextOf(thread: Thread, handle: number): Context {
  const context = Capi.of(thread).contexts.get(handle);
  if (context === undefined) throw new Win32Error(ERROR.INVALID_PARAMETER);
  return context;
}

function hashOf(thread: Thread, handle: number): HashObject {
  const object = Capi.of(thread).hashes.get(handle);
  if (object === undefined) throw new Win32Error(ERROR.INVALID_PARAMETER);
  return object;
}

/** The size of a digest can be asked for without ending the hash. */
function parameterOf(object: HashObject, parameter: number, sizeOnly: boolean): Uint8Array {
  const word = (value: number): Uint8Array => new Uint8Array(Uint32Array.of(value).buffer);
  const { digestBytes } = ALGORITHMS.get(object.algid)!;
  if (parameter === HP.ALGID) return word(object.algid);
  if (parameter === HP.HASHSIZE) return word(digestBytes);
  if (parameter !== HP.HASHVAL) throw new Win32Error(NTE.BAD_TYPE);
  return sizeOnly ? new Uint8Array(digestBytes) : (object.digest ??= object.hash.digest());
}
