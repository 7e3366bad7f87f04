import { ERROR, Win32Error } from "@decant/hook";
import { implement, type Thread } from "@decant/process";
import { digestOf, HASHES } from "../crypto/hashes.ts";
import { ObjectTable } from "../object-table.ts";
import { BLOB, CERT_CONTEXT, CERT_INFO, Contexts, decode, isSameCertificate, type Context } from "./context.ts";
import { displayName } from "./names.ts";
import { storesApi } from "./stores.api.ts";
import { readCertificate, sameBytes, type Certificate } from "./x509.ts";

const CRYPT_E_NOT_FOUND = 0x8009_2004;
const CRYPT_E_EXISTS = 0x8009_2005;
const E_ACCESSDENIED = 0x8007_0005;
const E_INVALIDARG = 0x8007_0057;
/** CERT_STORE_PROV_*: numbers in the place of names. */
const PROVIDER = { MEMORY: 2, SYSTEM_A: 9, SYSTEM_W: 10, COLLECTION: 11, SYSTEM_REGISTRY_A: 12, SYSTEM_REGISTRY_W: 13 } as const;
const LAST_NUMBER = 0xffff;
const OPEN_EXISTING = 0x4000;
const CLOSE_CHECK = 2;
const CRYPT_E_PENDING_CLOSE = 0x8009_200f;
/** The stores that every Windows has; of others there are none, and they cannot be made. */
const SYSTEM_STORES = new Set(["MY", "ROOT", "CA", "TRUST", "DISALLOWED", "AUTHROOT", "TRUSTEDPEOPLE", "TRUSTEDPUBLISHER"]);
/** CERT_FIND_*: how to compare, in the upper half, and with what. */
const FIND = {
  ANY: 0, SHA1_HASH: 0x1_0000, MD5_HASH: 0x4_0000, ISSUER_NAME: 0x2_0004, SUBJECT_NAME: 0x2_0007, ISSUER_STR_A: 0x7_0004, SUBJECT_STR_A: 0x7_0007,
  ISSUER_STR_W: 0x8_0004, SUBJECT_STR_W: 0x8_0007, SUBJECT_CERT: 0xb_0000, ISSUER_OF: 0xc_0000, EXISTING: 0xd_0000,
} as const; // prettier-ignore
/** CERT_STORE_ADD_*. */
const ADD = { NEW: 1, USE_EXISTING: 2, REPLACE_EXISTING: 3, ALWAYS: 4 } as const;

interface Entry {
  readonly certificate: Certificate;
  readonly properties: Map<number, Uint8Array>;
}

/** A store: certificates of its own, or of others that it stands for. */
interface Store {
  readonly isWritable: boolean;
  readonly own: Entry[];
  readonly siblings: Store[];
  references: number;
}

/** What a process has open, and the authorities that it trusts, which are read when they are first asked for. */
class Stores {
  readonly open = new ObjectTable<Store>();
  #roots: Store | undefined;

  static of({ process }: Thread): Stores {
    return process.state(Stores, () => new Stores());
  }

  roots({ process }: Thread): Store {
    this.#roots ??= newStore(
      false,
      (process.host.certificates?.roots() ?? []).map((encoded) => ({ certificate: readCertificate(encoded), properties: new Map() })),
    );
    return this.#roots;
  }

  /** Fails with E_INVALIDARG for what is no store. */
  get(handle: number): Store {
    const store = this.open.get(handle);
    if (store === undefined) throw new Win32Error(E_INVALIDARG);
    return store;
  }
}

export const stores = implement(storesApi, {
  CertOpenStore(thread, lpszStoreProvider, _dwEncodingType, _hCryptProv, dwFlags, pvPara) {
    const { memory } = thread;
    switch (providerOf(thread, lpszStoreProvider)) {
      case PROVIDER.MEMORY:
      case PROVIDER.COLLECTION:
        return give(thread, newStore(true, []));
      case PROVIDER.SYSTEM_A:
      case PROVIDER.SYSTEM_REGISTRY_A:
        if (pvPara === 0) throw new Win32Error(E_INVALIDARG);
        return give(thread, systemStore(thread, memory.cstring(pvPara), dwFlags));
      case PROVIDER.SYSTEM_W:
      case PROVIDER.SYSTEM_REGISTRY_W:
        if (pvPara === 0) throw new Win32Error(E_INVALIDARG);
        return give(thread, systemStore(thread, memory.wstring(pvPara), dwFlags));
      default:
        throw new Win32Error(ERROR.FILE_NOT_FOUND);
    }
  },
  CertOpenSystemStore(thread, _hProv, szSubsystemProtocol) {
    if (szSubsystemProtocol === undefined) throw new Win32Error(E_INVALIDARG);
    return give(thread, systemStore(thread, szSubsystemProtocol, 0));
  },
  CertDuplicateStore(thread, hCertStore) {
    const store = Stores.of(thread).open.get(hCertStore);
    if (store !== undefined) store.references++;
    return hCertStore;
  },
  CertCloseStore(thread, hCertStore, dwFlags) {
    if (hCertStore === 0) return true;
    const { open } = Stores.of(thread);
    const store = Stores.of(thread).get(hCertStore);
    if (--store.references === 0) open.remove(hCertStore);
    else if ((dwFlags & CLOSE_CHECK) !== 0) throw new Win32Error(CRYPT_E_PENDING_CLOSE);
    return true;
  },
  CertAddStoreToCollection(thread, hCollectionStore, hSiblingStore) {
    const all = Stores.of(thread);
    const collection = all.get(hCollectionStore);
    if (hSiblingStore !== 0) collection.siblings.push(all.get(hSiblingStore));
    return true;
  },
  CertEnumCertificatesInStore: (thread, hCertStore, pPrevCertContext) => next(thread, hCertStore, pPrevCertContext, () => true),
  CertEnumCRLsInStore: noneIn,
  CertEnumCTLsInStore: noneIn,
  CertFindCertificateInStore: (thread, hCertStore, _dwCertEncodingType, _dwFindFlags, dwFindType, pvFindPara, pPrevCertContext) =>
    next(thread, hCertStore, pPrevCertContext, matcher(thread, dwFindType, pvFindPara)),
  CertAddCertificateContextToStore(thread, hCertStore, pCertContext, dwAddDisposition, ppStoreContext) {
    const { certificate, properties } = Contexts.of(thread).get(pCertContext);
    const added =
      hCertStore === 0
        ? { certificate, properties }
        : add(thread, hCertStore, { certificate, properties: new Map(properties) }, dwAddDisposition);
    if (!ppStoreContext.isNull) ppStoreContext.set(contextOf(thread, added, hCertStore).address);
    return true;
  },
  CertAddEncodedCertificateToStore(thread, hCertStore, dwCertEncodingType, pbCertEncoded, cbCertEncoded, dwAddDisposition, ppCertContext) {
    const entry = { certificate: decode(dwCertEncodingType, pbCertEncoded.read(cbCertEncoded)), properties: new Map<number, Uint8Array>() };
    const added = hCertStore === 0 ? entry : add(thread, hCertStore, entry, dwAddDisposition);
    if (!ppCertContext.isNull) ppCertContext.set(contextOf(thread, added, hCertStore).address);
    return true;
  },
  CertDeleteCertificateFromStore(thread, pCertContext) {
    if (pCertContext === 0) return true;
    const { certificate } = Contexts.of(thread).get(pCertContext);
    const store = Stores.of(thread).open.get(CERT_CONTEXT.load(thread, pCertContext).hCertStore);
    // The context is freed even where that fails.
    Contexts.of(thread).release(thread, pCertContext);
    if (store === undefined) return true;
    if (!store.isWritable) throw new Win32Error(E_ACCESSDENIED);
    const at = store.own.findIndex((entry) => isSameCertificate(entry.certificate, certificate));
    if (at >= 0) store.own.splice(at, 1);
    return true;
  },
});

/** Certificates of an open store, or of none. */
export function certificatesOf(thread: Thread, handle: number): Certificate[] {
  return handle === 0 ? [] : entriesOf(Stores.of(thread).get(handle)).map(({ certificate }) => certificate);
}

/** The authorities that the guest trusts. */
export function trustedRoots(thread: Thread): Certificate[] {
  return Stores.of(thread)
    .roots(thread)
    .own.map(({ certificate }) => certificate);
}

function newStore(isWritable: boolean, own: Entry[], siblings: Store[] = []): Store {
  return { isWritable, own, siblings, references: 1 };
}

/** Programs cannot change whom the system trusts: its stores are open to read. */
function systemStore(thread: Thread, path: string, flags: number): Store {
  const name = path.slice(path.lastIndexOf("\\") + 1).toUpperCase();
  if (!SYSTEM_STORES.has(name)) throw new Win32Error((flags & OPEN_EXISTING) !== 0 ? ERROR.FILE_NOT_FOUND : E_ACCESSDENIED);
  return newStore(false, [], name === "ROOT" || name === "AUTHROOT" ? [Stores.of(thread).roots(thread)] : []);
}

/** A provider by its number; named ones are those that wincrypt.h has numbers for. */
function providerOf({ memory }: Thread, provider: number): number | undefined {
  if (provider <= LAST_NUMBER) return provider;
  const names: Readonly<Record<string, number>> = { memory: PROVIDER.MEMORY, system: PROVIDER.SYSTEM_W, collection: PROVIDER.COLLECTION };
  return names[memory.cstring(provider).toLowerCase()];
}

function give(thread: Thread, store: Store): number {
  const handle = Stores.of(thread).open.add(store);
  if (handle === undefined) throw new Win32Error(ERROR.NOT_ENOUGH_MEMORY);
  return handle;
}

function entriesOf(store: Store): Entry[] {
  return [...store.own, ...store.siblings.flatMap(entriesOf)];
}

function contextOf(thread: Thread, { certificate, properties }: Entry, store: number): Context {
  return Contexts.of(thread).create(thread, certificate, store, { properties });
}

/** A store of these certificates, open until it is closed. */
export function givenStore(thread: Thread, certificates: readonly Uint8Array[]): number {
  const entries = certificates.map((encoded) => ({ certificate: readCertificate(encoded), properties: new Map<number, Uint8Array>() }));
  return give(thread, newStore(true, entries));
}

/** A context of the first of these certificates, in a store of all of them that lives as long as the context does. */
export function givenContext(thread: Thread, certificates: readonly Uint8Array[]): number {
  const store = givenStore(thread, certificates);
  const [first] = Stores.of(thread).get(store).own;
  if (first === undefined) throw new Win32Error(CRYPT_E_NOT_FOUND);
  const onReleased = (): void => void Stores.of(thread).open.remove(store);
  return Contexts.of(thread).create(thread, first.certificate, store, { onReleased }).address;
}

/** The next certificate behind a context, which is freed. Fails with CRYPT_E_NOT_FOUND behind the last. */
function next(thread: Thread, handle: number, previous: number, matches: (certificate: Certificate) => boolean): number {
  const entries = entriesOf(Stores.of(thread).get(handle));
  let at = 0;
  if (previous !== 0) {
    const { certificate } = Contexts.of(thread).get(previous);
    at = entries.findIndex((entry) => entry.certificate === certificate) + 1;
    Contexts.of(thread).release(thread, previous);
  }
  const found = entries.slice(at).find(({ certificate }) => matches(certificate));
  if (found === undefined) throw new Win32Error(CRYPT_E_NOT_FOUND);
  return contextOf(thread, found, handle).address;
}

function matcher(thread: Thread, type: number, parameter: number): (certificate: Certificate) => boolean {
  const { memory } = thread;
  const given = (): Uint8Array => {
    if (parameter === 0) throw new Win32Error(E_INVALIDARG);
    const { cbData, pbData } = BLOB.load(thread, parameter);
    return memory.slice(pbData, cbData);
  };
  const context = (): Certificate => Contexts.of(thread).get(parameter).certificate;
  const contains = (wide: boolean, part: "subject" | "issuer") => {
    const wanted = (wide ? memory.wstring(parameter) : memory.cstring(parameter)).toLowerCase();
    return (certificate: Certificate) => displayName(certificate[part]).toLowerCase().includes(wanted);
  };
  const equals = (wanted: Uint8Array, part: (certificate: Certificate) => Uint8Array) => (certificate: Certificate) =>
    sameBytes(part(certificate), wanted);
  switch (type) {
    case FIND.ANY:
      return () => true;
    case FIND.SHA1_HASH:
      return equals(given(), ({ encoded }) => digestOf(HASHES.SHA1, encoded));
    case FIND.MD5_HASH:
      return equals(given(), ({ encoded }) => digestOf(HASHES.MD5, encoded));
    case FIND.SUBJECT_NAME:
      return equals(given(), ({ subject }) => subject);
    case FIND.ISSUER_NAME:
      return equals(given(), ({ issuer }) => issuer);
    case FIND.SUBJECT_STR_A:
    case FIND.SUBJECT_STR_W:
      return contains(type === FIND.SUBJECT_STR_W, "subject");
    case FIND.ISSUER_STR_A:
    case FIND.ISSUER_STR_W:
      return contains(type === FIND.ISSUER_STR_W, "issuer");
    case FIND.ISSUER_OF: {
      const { issuer } = context();
      return equals(issuer, ({ subject }) => subject);
    }
    case FIND.EXISTING: {
      const wanted = context();
      return (certificate) => isSameCertificate(certificate, wanted);
    }
    case FIND.SUBJECT_CERT: {
      const { Issuer, SerialNumber } = CERT_INFO.load(thread, parameter);
      const issuer = memory.slice(Issuer.pbData, Issuer.cbData);
      const number = memory.slice(SerialNumber.pbData, SerialNumber.cbData).toReversed();
      return (certificate) => sameBytes(certificate.issuer, issuer) && sameBytes(certificate.serialNumber, number);
    }
    default:
      throw new Win32Error(E_INVALIDARG);
  }
}

function add(thread: Thread, handle: number, entry: Entry, disposition: number): Entry {
  const collection = Stores.of(thread).get(handle);
  const store = [collection, ...collection.siblings].find(({ isWritable }) => isWritable);
  if (store === undefined || !collection.isWritable) throw new Win32Error(E_ACCESSDENIED);
  const at = store.own.findIndex(({ certificate }) => isSameCertificate(certificate, entry.certificate));
  const existing = store.own[at];
  // What came last is found first, as under Wine 8.
  if (existing === undefined || disposition === ADD.ALWAYS) store.own.unshift(entry);
  else if (disposition === ADD.NEW) throw new Win32Error(CRYPT_E_EXISTS);
  else if (disposition === ADD.USE_EXISTING) return existing;
  else if (disposition === ADD.REPLACE_EXISTING) store.own[at] = entry;
  else throw new Win32Error(E_INVALIDARG);
  return entry;
}

function noneIn(thread: Thread, handle: number): never {
  Stores.of(thread).get(handle);
  throw new Win32Error(CRYPT_E_NOT_FOUND);
}
