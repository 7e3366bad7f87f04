import { implement, type Thread } from "@decant/process";
import { securityInterfaceApi } from "./security-interface.api.ts";

const SEC_E_OK = 0;
const SEC_E_INVALID_HANDLE = 0x8009_0301;
const SEC_E_SECPKG_NOT_FOUND = 0x8009_0305;
const VERSION = 1;

/** SecurityFunctionTable of version 1, in order; what ends in "*" has an A and a W form, an empty name is reserved. */
const TABLE = [
  "EnumerateSecurityPackages*", "QueryCredentialsAttributes*", "AcquireCredentialsHandle*", "FreeCredentialsHandle", "", "InitializeSecurityContext*", "AcceptSecurityContext",
  "CompleteAuthToken", "DeleteSecurityContext", "ApplyControlToken", "QueryContextAttributes*", "ImpersonateSecurityContext", "RevertSecurityContext", "MakeSignature",
  "VerifySignature", "FreeContextBuffer", "QuerySecurityPackageInfo*", "", "", "ExportSecurityContext", "", "", "", "QuerySecurityContextToken", "EncryptMessage", "DecryptMessage",
  "SetContextAttributes*",
]; // prettier-ignore

/** No credentials and no context can exist: every handle is one that is not open. */
const noHandle = (): number => SEC_E_INVALID_HANDLE;

export const securityInterface = implement(securityInterfaceApi, {
  InitSecurityInterfaceA: (thread) => functionTable(thread, "A"),
  InitSecurityInterfaceW: (thread) => functionTable(thread, "W"),
  EnumerateSecurityPackages(_thread, pcPackages, ppPackageInfo) {
    pcPackages.set(0);
    ppPackageInfo.set(0);
    return SEC_E_OK;
  },
  QuerySecurityPackageInfo: () => SEC_E_SECPKG_NOT_FOUND,
  AcquireCredentialsHandle: () => SEC_E_SECPKG_NOT_FOUND,
  /** Of what these functions gave: nothing, so only NULL comes back. */
  FreeContextBuffer: (_thread, pvContextBuffer) => (pvContextBuffer === 0 ? SEC_E_OK : SEC_E_INVALID_HANDLE),
  FreeCredentialsHandle: noHandle,
  DeleteSecurityContext: noHandle,
  ImpersonateSecurityContext: noHandle,
  RevertSecurityContext: noHandle,
  CompleteAuthToken: noHandle,
  ApplyControlToken: noHandle,
  QuerySecurityContextToken: noHandle,
  MakeSignature: noHandle,
  VerifySignature: noHandle,
  EncryptMessage: noHandle,
  DecryptMessage: noHandle,
  ExportSecurityContext: noHandle,
  QueryContextAttributesA: noHandle,
  QueryContextAttributesW: noHandle,
  QueryCredentialsAttributesA: noHandle,
  QueryCredentialsAttributesW: noHandle,
  SetContextAttributesA: noHandle,
  SetContextAttributesW: noHandle,
  InitializeSecurityContextA: noHandle,
  InitializeSecurityContextW: noHandle,
  AcceptSecurityContext: noHandle,
});

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
