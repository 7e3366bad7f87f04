import { api, fn, infallible, optional, out, PVOID, text, TSTR, ULONG } from "@decant/hook";

/** SECURITY_STATUS: an HRESULT that the function returns. */
const SECURITY_STATUS = ULONG;
const handle = fn(SECURITY_STATUS, ["handle", PVOID]);
const contextOf = (count: number) =>
  fn(SECURITY_STATUS, ["handle", PVOID], ...Array.from({ length: count - 1 }, (_, index) => [`argument${index + 2}`, PVOID] as const));

/** SSPI ("Security Support Provider Interface"): there are no packages, so nobody gets credentials or a context. */
export const securityInterfaceApi = api(["secur32", "sspicli"], {
  InitSecurityInterfaceA: fn(infallible(PVOID)),
  InitSecurityInterfaceW: fn(infallible(PVOID)),
  EnumerateSecurityPackages: text(SECURITY_STATUS, ["pcPackages", out(ULONG)], ["ppPackageInfo", out(PVOID)]),
  QuerySecurityPackageInfo: text(SECURITY_STATUS, ["pszPackageName", TSTR], ["ppPackageInfo", optional(out(PVOID))]),
  AcquireCredentialsHandle: text(
    SECURITY_STATUS,
    ["pszPrincipal", TSTR],
    ["pszPackage", TSTR],
    ["fCredentialUse", ULONG],
    ["pvLogonId", PVOID],
    ["pAuthData", PVOID],
    ["pGetKeyFn", PVOID],
    ["pvGetKeyArgument", PVOID],
    ["phCredential", PVOID],
    ["ptsExpiry", PVOID],
  ),
  FreeContextBuffer: fn(SECURITY_STATUS, ["pvContextBuffer", PVOID]),
  FreeCredentialsHandle: handle,
  DeleteSecurityContext: handle,
  ImpersonateSecurityContext: handle,
  RevertSecurityContext: handle,
  CompleteAuthToken: contextOf(2),
  ApplyControlToken: contextOf(2),
  QuerySecurityContextToken: contextOf(2),
  MakeSignature: contextOf(4),
  VerifySignature: contextOf(4),
  EncryptMessage: contextOf(4),
  DecryptMessage: contextOf(4),
  ExportSecurityContext: contextOf(4),
  QueryContextAttributesA: contextOf(3),
  QueryContextAttributesW: contextOf(3),
  QueryCredentialsAttributesA: contextOf(3),
  QueryCredentialsAttributesW: contextOf(3),
  SetContextAttributesA: contextOf(4),
  SetContextAttributesW: contextOf(4),
  InitializeSecurityContextA: contextOf(12),
  InitializeSecurityContextW: contextOf(12),
  AcceptSecurityContext: contextOf(9),
});
