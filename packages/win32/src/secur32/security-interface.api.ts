import {
  api,
  fn,
  HRESULT,
  in_,
  infallible,
  LPCSTR,
  LPCWSTR,
  optional,
  out,
  PVOID,
  struct,
  text,
  TSTR,
  ULONG,
  ULONG_PTR,
} from "@decant/hook";

/** SECURITY_STATUS: an HRESULT. */
const SECURITY_STATUS = HRESULT;
/** CredHandle and CtxtHandle. */
export const SEC_HANDLE = struct("SecHandle", { dwLower: ULONG_PTR, dwUpper: ULONG_PTR });
const CONTEXT = ["phContext", in_(SEC_HANDLE)] as const;
const CREDENTIALS = ["phCredential", in_(SEC_HANDLE)] as const;
const contextCall = fn(SECURITY_STATUS, CONTEXT);
// What is told has texts in it, of the form that the name says.
const enumerate = fn(SECURITY_STATUS, ["pcPackages", out(ULONG)], ["ppPackageInfo", out(PVOID)]);
const queryContext = fn(SECURITY_STATUS, CONTEXT, ["ulAttribute", ULONG], ["pBuffer", PVOID]);
const INITIALIZE = [
  ["phCredential", optional(in_(SEC_HANDLE))],
  ["phContext", optional(in_(SEC_HANDLE))],
  ["pszTargetName", TSTR],
  ["fContextReq", ULONG],
  ["Reserved1", ULONG],
  ["TargetDataRep", ULONG],
  ["pInput", PVOID],
  ["Reserved2", ULONG],
  ["phNewContext", optional(out(SEC_HANDLE))],
  ["pOutput", PVOID],
  ["pfContextAttr", optional(out(ULONG))],
  ["ptsExpiry", PVOID],
] as const;

/** SSPI ("Security Support Provider Interface"), with one provider: Schannel. */
export const securityInterfaceApi = api(["secur32", "sspicli"], {
  InitSecurityInterfaceA: fn(infallible(PVOID)),
  InitSecurityInterfaceW: fn(infallible(PVOID)),
  EnumerateSecurityPackagesA: enumerate,
  EnumerateSecurityPackagesW: enumerate,
  QuerySecurityPackageInfoA: fn(SECURITY_STATUS, ["pszPackageName", LPCSTR], ["ppPackageInfo", out(PVOID)]),
  QuerySecurityPackageInfoW: fn(SECURITY_STATUS, ["pszPackageName", LPCWSTR], ["ppPackageInfo", out(PVOID)]),
  AcquireCredentialsHandle: text(
    SECURITY_STATUS,
    ["pszPrincipal", TSTR],
    ["pszPackage", TSTR],
    ["fCredentialUse", ULONG],
    ["pvLogonId", PVOID],
    ["pAuthData", PVOID],
    ["pGetKeyFn", PVOID],
    ["pvGetKeyArgument", PVOID],
    ["phCredential", out(SEC_HANDLE)],
    ["ptsExpiry", PVOID],
  ),
  FreeContextBuffer: fn(SECURITY_STATUS, ["pvContextBuffer", PVOID]),
  FreeCredentialsHandle: fn(SECURITY_STATUS, CREDENTIALS),
  DeleteSecurityContext: contextCall,
  ImpersonateSecurityContext: contextCall,
  RevertSecurityContext: contextCall,
  CompleteAuthToken: fn(SECURITY_STATUS, CONTEXT, ["pToken", PVOID]),
  ApplyControlToken: fn(SECURITY_STATUS, CONTEXT, ["pInput", PVOID]),
  QuerySecurityContextToken: fn(SECURITY_STATUS, CONTEXT, ["Token", PVOID]),
  MakeSignature: fn(SECURITY_STATUS, CONTEXT, ["fQOP", ULONG], ["pMessage", PVOID], ["MessageSeqNo", ULONG]),
  VerifySignature: fn(SECURITY_STATUS, CONTEXT, ["pMessage", PVOID], ["MessageSeqNo", ULONG], ["pfQOP", PVOID]),
  EncryptMessage: fn(SECURITY_STATUS, CONTEXT, ["fQOP", ULONG], ["pMessage", PVOID], ["MessageSeqNo", ULONG]),
  DecryptMessage: fn(SECURITY_STATUS, CONTEXT, ["pMessage", PVOID], ["MessageSeqNo", ULONG], ["pfQOP", optional(out(ULONG))]),
  ExportSecurityContext: fn(SECURITY_STATUS, CONTEXT, ["fFlags", ULONG], ["pPackedContext", PVOID], ["pToken", PVOID]),
  QueryContextAttributesA: queryContext,
  QueryContextAttributesW: queryContext,
  QueryCredentialsAttributes: text(SECURITY_STATUS, CREDENTIALS, ["ulAttribute", ULONG], ["pBuffer", PVOID]),
  SetContextAttributes: text(SECURITY_STATUS, CONTEXT, ["ulAttribute", ULONG], ["pBuffer", PVOID], ["cbBuffer", ULONG]),
  InitializeSecurityContext: text(SECURITY_STATUS, ...INITIALIZE),
  AcceptSecurityContext: fn(
    SECURITY_STATUS,
    CREDENTIALS,
    ["phContext", optional(in_(SEC_HANDLE))],
    ["pInput", PVOID],
    ["fContextReq", ULONG],
    ["TargetDataRep", ULONG],
    ["phNewContext", optional(out(SEC_HANDLE))],
    ["pOutput", PVOID],
    ["pfContextAttr", optional(out(ULONG))],
    ["ptsExpiry", PVOID],
  ),
});
