import { array, PVOID, struct, ULONG, WORD } from "@decant/hook";
import { implement, type GuestGenerator, type Thread } from "@decant/process";
import { ObjectTable } from "../object-table.ts";
import { ATTRIBUTE, storeAttribute, storeCredentialsAttribute } from "./schannel-attributes.ts";
import { SchannelContext } from "./schannel-context.ts";
import { readCredentials, versionsOf, type Credentials } from "./schannel-credentials.ts";
import { bufferOf, buffersAt, SECBUFFER, type SecurityBuffer } from "./security-buffers.ts";
import { refuse, SEC } from "./security-codes.ts";
import { securityInterfaceApi } from "./security-interface.api.ts";
import { SecurityMemory } from "./security-memory.ts";

const VERSION = 1;
const SECPKG_CRED_OUTBOUND = 2;
/** SCHANNEL_* of ApplyControlToken: which alert is meant. */
const CONTROL = { SHUTDOWN: 1 } as const;
/** SecApplicationProtocolNegotiationExt_ALPN. */
const ALPN = 2;

/** SecurityFunctionTable of version 1, in order; what ends in "*" has an A and a W form, an empty name is reserved. */
const TABLE = [
  "EnumerateSecurityPackages*", "QueryCredentialsAttributes*", "AcquireCredentialsHandle*", "FreeCredentialsHandle", "", "InitializeSecurityContext*", "AcceptSecurityContext",
  "CompleteAuthToken", "DeleteSecurityContext", "ApplyControlToken", "QueryContextAttributes*", "ImpersonateSecurityContext", "RevertSecurityContext", "MakeSignature",
  "VerifySignature", "FreeContextBuffer", "QuerySecurityPackageInfo*", "", "", "ExportSecurityContext", "", "", "", "QuerySecurityContextToken", "EncryptMessage", "DecryptMessage",
  "SetContextAttributes*",
]; // prettier-ignore

/** One provider by its two names. */
const PACKAGES = [
  { name: "Microsoft Unified Security Protocol Provider", comment: "Schannel Security Package" },
  { name: "Schannel", comment: "Schannel Security Package" },
];
const CAPABILITIES = 0x7b3;
/** Its identifier, which it has for RPC: RPC_C_AUTHN_GSS_SCHANNEL. */
const RPC_ID = 14;
const MAX_TOKEN = 0x6000;
const PACKAGE_INFO = struct("SecPkgInfo", {
  fCapabilities: ULONG,
  wVersion: WORD,
  wRPCID: WORD,
  cbMaxToken: ULONG,
  Name: PVOID,
  Comment: PVOID,
});

/** What a process has acquired. Contexts hold on to their credentials. */
class Acquired {
  readonly credentials = new ObjectTable<Credentials>();
  readonly contexts = new ObjectTable<SchannelContext>();

  static of({ process }: Thread): Acquired {
    return process.state(Acquired, () => new Acquired());
  }
}

interface SecHandle {
  readonly dwLower: number | bigint;
  readonly dwUpper: number | bigint;
}

export const securityInterface = implement(securityInterfaceApi, {
  InitSecurityInterfaceA: (thread) => functionTable(thread, "A"),
  InitSecurityInterfaceW: (thread) => functionTable(thread, "W"),
  EnumerateSecurityPackagesA: (thread, pcPackages, ppPackageInfo) => enumerate(thread, "ansi", pcPackages, ppPackageInfo),
  EnumerateSecurityPackagesW: (thread, pcPackages, ppPackageInfo) => enumerate(thread, "wide", pcPackages, ppPackageInfo),
  QuerySecurityPackageInfoA: (thread, pszPackageName, ppPackageInfo) => packageInfo(thread, "ansi", pszPackageName, ppPackageInfo),
  QuerySecurityPackageInfoW: (thread, pszPackageName, ppPackageInfo) => packageInfo(thread, "wide", pszPackageName, ppPackageInfo),
  AcquireCredentialsHandle(
    thread,
    _pszPrincipal,
    pszPackage,
    fCredentialUse,
    _pvLogonId,
    pAuthData,
    _pGetKeyFn,
    _pvGetKeyArgument,
    phCredential,
  ) {
    packageOf(thread, pszPackage);
    // Of servers' credentials the private key is a part, and there is none.
    if ((fCredentialUse & SECPKG_CRED_OUTBOUND) === 0) refuse("E_NO_CREDENTIALS");
    phCredential.set(handleOf(Acquired.of(thread).credentials, readCredentials(thread, pAuthData)));
    return SEC.E_OK;
  },
  FreeContextBuffer: (thread, pvContextBuffer) =>
    pvContextBuffer === 0 || SecurityMemory.of(thread).free(thread, pvContextBuffer) ? SEC.E_OK : SEC.E_INVALID_HANDLE,
  FreeCredentialsHandle: (thread, phCredential) =>
    Acquired.of(thread).credentials.remove(Number(phCredential.dwLower)) ? SEC.E_OK : SEC.E_INVALID_HANDLE,
  DeleteSecurityContext(thread, phContext) {
    contextOf(thread, phContext).dispose();
    Acquired.of(thread).contexts.remove(Number(phContext.dwLower));
    return SEC.E_OK;
  },
  *InitializeSecurityContext(
    thread,
    phCredential,
    phContext,
    pszTargetName,
    fContextReq,
    _Reserved1,
    _TargetDataRep,
    pInput,
    _Reserved2,
    phNewContext,
    pOutput,
    pfContextAttr,
  ) {
    const inputs = buffersAt(thread, pInput);
    const call = {
      request: fContextReq,
      inputs,
      outputs: buffersAt(thread, pOutput),
      attributes: (flags: number) => void (pfContextAttr.isNull || pfContextAttr.set(flags)),
    };
    if (phContext !== undefined) {
      const context = contextOf(thread, phContext);
      if (!phNewContext.isNull) phNewContext.set(phContext);
      return yield* context.initialize(thread, call);
    }
    return yield* begin(thread, credentialsOf(thread, phCredential), pszTargetName, call, (handle) => phNewContext.set(handle));
  },
  // A server's certificate has a private key, which there is none of.
  AcceptSecurityContext: unsupportedOf(credentialsOf),
  ApplyControlToken(thread, phContext, pInput) {
    const context = contextOf(thread, phContext);
    const token = bufferOf(buffersAt(thread, pInput), SECBUFFER.TOKEN) ?? refuse("E_INVALID_TOKEN");
    if (token.size < 4) refuse("E_INVALID_TOKEN");
    if (thread.memory.u32(token.address) !== CONTROL.SHUTDOWN) refuse("E_UNSUPPORTED_FUNCTION");
    context.shutDown();
    return SEC.E_OK;
  },
  EncryptMessage: (thread, phContext, _fQOP, pMessage) => contextOf(thread, phContext).encrypt(thread, buffersAt(thread, pMessage)),
  DecryptMessage(thread, phContext, pMessage, _MessageSeqNo, pfQOP) {
    if (!pfQOP.isNull) pfQOP.set(0);
    return contextOf(thread, phContext).decrypt(thread, buffersAt(thread, pMessage));
  },
  QueryContextAttributesA: (thread, phContext, ulAttribute, pBuffer) => queryContext(thread, "ansi", phContext, ulAttribute, pBuffer),
  QueryContextAttributesW: (thread, phContext, ulAttribute, pBuffer) => queryContext(thread, "wide", phContext, ulAttribute, pBuffer),
  QueryCredentialsAttributes(thread, phCredential, ulAttribute, pBuffer) {
    storeCredentialsAttribute(thread, credentialsOf(thread, phCredential).protocols, ulAttribute, pBuffer);
    return SEC.E_OK;
  },
  // What other packages do, and TLS does not.
  ImpersonateSecurityContext: unsupportedOf(contextOf),
  RevertSecurityContext: unsupportedOf(contextOf),
  CompleteAuthToken: unsupportedOf(contextOf),
  QuerySecurityContextToken: unsupportedOf(contextOf),
  MakeSignature: unsupportedOf(contextOf),
  VerifySignature: unsupportedOf(contextOf),
  ExportSecurityContext: unsupportedOf(contextOf),
  SetContextAttributes: unsupportedOf(contextOf),
});

/** The first call for a connection, which makes its context. */
function* begin(
  thread: Thread,
  credentials: Credentials,
  target: string | undefined,
  call: Parameters<SchannelContext["initialize"]>[1],
  give: (handle: { dwLower: number; dwUpper: number }) => void,
): GuestGenerator<number> {
  const { tls } = thread.process.host;
  if (tls === undefined) refuse("E_INTERNAL_ERROR");
  const client = tls.client({
    ...versionsOf(credentials),
    serverName: target === undefined || target === "" ? undefined : target,
    applicationProtocols: protocolsOf(call.inputs),
  });
  const context = new SchannelContext(client, credentials);
  const handle = handleOf(Acquired.of(thread).contexts, context);
  try {
    const status = yield* context.initialize(thread, call);
    give(handle);
    return status;
  } catch (error) {
    context.dispose();
    Acquired.of(thread).contexts.remove(handle.dwLower);
    throw error;
  }
}

/** SEC_APPLICATION_PROTOCOLS: lists of names, each behind its length, of which ALPN's counts. */
function protocolsOf(inputs: readonly SecurityBuffer[]): string[] {
  const bytes = bufferOf(inputs, SECBUFFER.APPLICATION_PROTOCOLS)?.read();
  if (bytes === undefined || bytes.length < 4) return [];
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const end = Math.min(bytes.length, 4 + view.getUint32(0, true));
  const names: string[] = [];
  for (let list = 4; list + 6 <= end;) {
    const listEnd = list + 6 + view.getUint16(list + 4, true);
    if (listEnd > end) refuse("E_INVALID_TOKEN");
    for (let at = list + 6; view.getUint32(list, true) === ALPN && at < listEnd; at += 1 + bytes[at]!)
      names.push(String.fromCharCode(...bytes.subarray(at + 1, Math.min(listEnd, at + 1 + bytes[at]!))));
    list = listEnd;
  }
  return names;
}

function unsupportedOf(check: (thread: Thread, handle: SecHandle) => unknown): (thread: Thread, handle: SecHandle) => number {
  return (thread, handle) => {
    check(thread, handle);
    return SEC.E_UNSUPPORTED_FUNCTION;
  };
}

function contextOf(thread: Thread, { dwLower }: SecHandle): SchannelContext {
  return Acquired.of(thread).contexts.get(Number(dwLower)) ?? refuse("E_INVALID_HANDLE");
}

function credentialsOf(thread: Thread, handle: SecHandle | undefined): Credentials {
  return Acquired.of(thread).credentials.get(Number(handle?.dwLower ?? 0)) ?? refuse("E_INVALID_HANDLE");
}

function handleOf<T>(table: ObjectTable<T>, object: T): { dwLower: number; dwUpper: number } {
  const handle = table.add(object) ?? refuse("E_INTERNAL_ERROR");
  return { dwLower: handle, dwUpper: RPC_ID };
}

type Form = "ansi" | "wide";

interface Place<T> {
  set(value: T): void;
}

function queryContext(thread: Thread, form: Form, handle: SecHandle, attribute: number, at: number): number {
  const context = contextOf(thread, handle);
  if (attribute === ATTRIBUTE.PACKAGE_INFO) thread.memory.setPointer(at, givePackages(thread, form, PACKAGES.slice(0, 1)));
  else storeAttribute(thread, context, attribute, at);
  return SEC.E_OK;
}

function enumerate(thread: Thread, form: Form, count: Place<number>, place: Place<number>): number {
  const packages = thread.process.host.tls === undefined ? [] : PACKAGES;
  place.set(packages.length === 0 ? 0 : givePackages(thread, form, packages));
  count.set(packages.length);
  return SEC.E_OK;
}

function packageInfo(thread: Thread, form: Form, name: string | undefined, place: Place<number>): number {
  place.set(givePackages(thread, form, [packageOf(thread, name)]));
  return SEC.E_OK;
}

function packageOf({ process }: Thread, name: string | undefined): (typeof PACKAGES)[number] {
  const found = PACKAGES.find((each) => each.name.toLowerCase() === name?.toLowerCase());
  if (found === undefined || process.host.tls === undefined) refuse("E_SECPKG_NOT_FOUND");
  return found;
}

/** SecPkgInfo structures with their texts behind them, in one piece. */
function givePackages(thread: Thread, form: Form, packages: readonly (typeof PACKAGES)[number][]): number {
  const list = array(PACKAGE_INFO, packages.length);
  const encode = (text: string): Uint8Array =>
    Uint8Array.from([...`${text}\0`].flatMap((letter) => (form === "wide" ? [letter.charCodeAt(0), 0] : [letter.charCodeAt(0)])));
  const texts = packages.flatMap(({ name, comment }) => [encode(name), encode(comment)]);
  const size = list.size(thread.pointerSize);
  const block = new Uint8Array(texts.reduce((sum, { length }) => sum + length, size));
  const offsets: number[] = [];
  let at = size;
  for (const text of texts) {
    offsets.push(at);
    block.set(text, at);
    at += text.length;
  }
  const address = SecurityMemory.of(thread).give(thread, block);
  list.store(
    thread,
    address,
    packages.map((_, index) => ({
      fCapabilities: CAPABILITIES,
      wVersion: 1,
      wRPCID: RPC_ID,
      cbMaxToken: MAX_TOKEN,
      Name: address + offsets[2 * index]!,
      Comment: address + offsets[2 * index + 1]!,
    })),
  );
  return address;
}

/** The tables of a process, made when they are first asked for. */
class FunctionTables {
  readonly addresses = new Map<string, number>();
}

/** A table of the functions' own addresses; 0 where there is no memory. */
function functionTable(thread: Thread, variant: "A" | "W"): number {
  const { process, memory, pointerSize } = thread;
  const { addresses } = process.state(FunctionTables, () => new FunctionTables());
  const known = addresses.get(variant);
  if (known !== undefined) return known;
  const table = process.heap.allocate(pointerSize * (TABLE.length + 1)) ?? 0;
  if (table === 0) return 0;
  memory.fill(table, 0, pointerSize * (TABLE.length + 1));
  memory.setU32(table, VERSION);
  const module = process.loader.require("secur32.dll");
  TABLE.forEach((name, index) => {
    const symbol = name.replace("*", variant);
    if (symbol !== "") memory.setPointer(table + pointerSize * (index + 1), process.loader.getProcAddress(module, symbol) ?? 0);
  });
  addresses.set(variant, table);
  return table;
}
