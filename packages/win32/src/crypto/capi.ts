import { ERROR, Win32Error, type Out } from "@decant/hook";
import { implement, type Thread } from "@decant/process";
import { ObjectTable } from "../object-table.ts";
import { capiApi } from "./capi.api.ts";
import { HASHES, type Hash, type HashAlgorithm } from "./hashes.ts";
import type { PublicKey } from "./public-key.ts";
import { fillRandom } from "./random-bytes.ts";
import type { SessionKey } from "./session-key.ts";

const CRYPT = { VERIFYCONTEXT: 0xf000_0000, NEWKEYSET: 8, DELETEKEYSET: 16 } as const;
/** The providers with hashes and random numbers: of PROV_RSA_FULL, PROV_RSA_SCHANNEL and PROV_RSA_AES. The first of a type is the one that is meant without a name. */
const PROVIDERS: readonly (readonly [type: number, name: string])[] = [
  [1, "Microsoft Enhanced Cryptographic Provider v1.0"],
  [1, "Microsoft Base Cryptographic Provider v1.0"],
  [1, "Microsoft Strong Cryptographic Provider"],
  [12, "Microsoft RSA SChannel Cryptographic Provider"],
  [24, "Microsoft Enhanced RSA and AES Cryptographic Provider"],
];
/** PP_*: what is told of a provider; CRYPT_IMPL_SOFTWARE and the version are those of Microsoft's. */
const PP = { IMPTYPE: 3, NAME: 4, VERSION: 5, CONTAINER: 6, PROVTYPE: 16, UNIQUE_CONTAINER: 36 } as const;
const IMPL_SOFTWARE = 2;
const PROVIDER_VERSION = 0x200;
/** NTE_*: what the providers answer (winerror.h). */
export const NTE = {
  BAD_KEY: 0x8009_0003,
  BAD_DATA: 0x8009_0005,
  BAD_SIGNATURE: 0x8009_0006,
  BAD_VER: 0x8009_0007,
  BAD_TYPE: 0x8009_000a,
  BAD_KEY_STATE: 0x8009_000b,
  BAD_FLAGS: 0x8009_0009,
  BAD_ALGID: 0x8009_0008,
  BAD_HASH_STATE: 0x8009_000c,
  EXISTS: 0x8009_000f,
  BAD_PROV_TYPE: 0x8009_0014,
  BAD_KEYSET: 0x8009_0016,
  KEYSET_NOT_DEF: 0x8009_0019,
  NO_KEY: 0x8009_000d,
  PROV_TYPE_NO_MATCH: 0x8009_001b,
  PROV_TYPE_NOT_DEF: 0x8009_0017,
} as const;
/** Hash algorithms by ALG_ID. */
export const ALGORITHMS: ReadonlyMap<number, HashAlgorithm> = new Map([
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
  readonly type: number;
  readonly provider: string;
  readonly container: string;
}

/** A hash of the guest's; after its value was asked for, nothing more can be added. */
interface HashObject {
  readonly algid: number;
  readonly hash: Hash;
  digest: Uint8Array | undefined;
}

/** What the process has open. */
export class Capi {
  readonly contexts = new ObjectTable<Context>();
  readonly hashes = new ObjectTable<HashObject>();
  readonly keys = new ObjectTable<SessionKey | PublicKey>();
  /** Key containers that were made in this run; they are not kept. */
  readonly containers = new Set<string>();

  static of({ process }: Thread): Capi {
    return process.state(Capi, () => new Capi());
  }
}

export const capi = implement(capiApi, {
  CryptAcquireContext(thread, phProv, szContainer, szProvider, dwProvType, dwFlags) {
    const { contexts, containers } = Capi.of(thread);
    if (phProv.isNull) throw new Win32Error(ERROR.INVALID_PARAMETER);
    if (dwProvType === 0 || dwProvType > 999) throw new Win32Error(NTE.BAD_PROV_TYPE);
    const provider = providerOf(dwProvType, szProvider);
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
    return give(contexts.add({ references: 1, type: dwProvType, provider, container: szContainer ?? "" }), phProv);
  },
  CryptEnumProviders(_thread, dwIndex, _pdwReserved, dwFlags, pdwProvType, szProvName, pcbProvName) {
    if (dwFlags !== 0) throw new Win32Error(NTE.BAD_FLAGS);
    const found = PROVIDERS[dwIndex];
    if (found === undefined) throw new Win32Error(ERROR.NO_MORE_ITEMS);
    const [type, name] = found;
    pdwProvType.set(type);
    const room = pcbProvName.get();
    const size = (name.length + 1) * szProvName.charSize;
    pcbProvName.set(size);
    if (szProvName.isNull) return true;
    if (room < size) throw new Win32Error(ERROR.MORE_DATA);
    szProvName.write(name, name.length + 1);
    return true;
  },
  CryptGetProvParam(thread, hProv, dwParam, pbData, pdwDataLen) {
    const { type, provider, container } = contextOf(thread, hProv);
    return giveParameter(providerParameter(dwParam, type, provider, container), pbData, pdwDataLen);
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
    return giveParameter(parameterOf(object, dwParam, pbData.isNull), pbData, pdwDataLen);
  },
  CryptSetHashParam(thread, hHash, dwParam, pbData) {
    const object = hashOf(thread, hHash);
    if (pbData.isNull) throw new Win32Error(ERROR.INVALID_PARAMETER);
    // Keyed hashes have more, and there are none.
    if (dwParam !== HP.HASHVAL) throw new Win32Error(NTE.BAD_TYPE);
    object.digest = pbData.view(ALGORITHMS.get(object.algid)!.digestBytes).slice();
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

/** Gives a handle to the program. Throws ERROR_NOT_ENOUGH_MEMORY where there was none. */
export function give(handle: number | undefined, result: Out<number>): boolean {
  if (handle === undefined) throw new Win32Error(ERROR.NOT_ENOUGH_MEMORY);
  result.set(handle);
  return true;
}

/** Stores a parameter where there is room for it; its size can be asked for by no place. */
export function giveParameter(value: Uint8Array, place: { isNull: boolean; write(bytes: Uint8Array): void }, size: Out<number>): boolean {
  const room = size.get();
  size.set(value.length);
  if (place.isNull) return true;
  if (room < value.length) throw new Win32Error(ERROR.MORE_DATA);
  place.write(value);
  return true;
}

/** The name of the provider that is meant by a type and, where one is given, a name. */
function providerOf(type: number, name: string | undefined): string {
  const ofType = PROVIDERS.filter(([each]) => each === type);
  if (ofType.length === 0) throw new Win32Error(NTE.PROV_TYPE_NOT_DEF);
  if (name === undefined || name === "") return ofType[0]![1];
  const named = PROVIDERS.find(([, each]) => each.toLowerCase() === name.toLowerCase());
  if (named === undefined) throw new Win32Error(NTE.KEYSET_NOT_DEF);
  if (named[0] !== type) throw new Win32Error(NTE.PROV_TYPE_NO_MATCH);
  return named[1];
}

function providerParameter(parameter: number, type: number, provider: string, container: string): Uint8Array {
  const ansi = (name: string): Uint8Array => new TextEncoder().encode(`${name}\0`);
  switch (parameter) {
    case PP.NAME:
      return ansi(provider);
    case PP.CONTAINER:
    case PP.UNIQUE_CONTAINER:
      return ansi(container);
    case PP.PROVTYPE:
      return word(type);
    case PP.VERSION:
      return word(PROVIDER_VERSION);
    case PP.IMPTYPE:
      return word(IMPL_SOFTWARE);
    default:
      throw new Win32Error(NTE.BAD_TYPE);
  }
}

/** A DWORD as bytes. */
export function word(value: number): Uint8Array {
  return new Uint8Array(Uint32Array.of(value).buffer);
}

/** Throws ERROR_INVALID_PARAMETER, as Windows does for handles of no provider. */
export function contextOf(thread: Thread, handle: number): Context {
  const context = Capi.of(thread).contexts.get(handle);
  if (context === undefined) throw new Win32Error(ERROR.INVALID_PARAMETER);
  return context;
}

/** Throws ERROR_INVALID_PARAMETER. */
export function hashOf(thread: Thread, handle: number): HashObject {
  const object = Capi.of(thread).hashes.get(handle);
  if (object === undefined) throw new Win32Error(ERROR.INVALID_PARAMETER);
  return object;
}

/** The size of a digest can be asked for without ending the hash. */
function parameterOf(object: HashObject, parameter: number, sizeOnly: boolean): Uint8Array {
  const { digestBytes } = ALGORITHMS.get(object.algid)!;
  if (parameter === HP.ALGID) return word(object.algid);
  if (parameter === HP.HASHSIZE) return word(digestBytes);
  if (parameter !== HP.HASHVAL) throw new Win32Error(NTE.BAD_TYPE);
  return sizeOnly ? new Uint8Array(digestBytes) : digestOf(object);
}

/** A hash's value; nothing can be added from then on. */
export function digestOf(object: HashObject): Uint8Array {
  return (object.digest ??= object.hash.digest());
}
