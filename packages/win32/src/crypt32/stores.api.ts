import { api, BOOL, BYTES, DWORD, fn, infallible, optional, out, PVOID, text, TSTR, ULONG_PTR } from "@decant/hook";

/** Certificate stores ("Certificate Store Functions"). */
export const storesApi = api("crypt32", {
  CertOpenStore: fn(
    PVOID,
    ["lpszStoreProvider", PVOID],
    ["dwEncodingType", DWORD],
    ["hCryptProv", ULONG_PTR],
    ["dwFlags", DWORD],
    ["pvPara", PVOID],
  ),
  CertOpenSystemStore: text(PVOID, ["hProv", ULONG_PTR], ["szSubsystemProtocol", TSTR]),
  CertDuplicateStore: fn(infallible(PVOID), ["hCertStore", PVOID]),
  CertCloseStore: fn(BOOL, ["hCertStore", PVOID], ["dwFlags", DWORD]),
  CertAddStoreToCollection: fn(
    BOOL,
    ["hCollectionStore", PVOID],
    ["hSiblingStore", PVOID],
    ["dwUpdateFlags", DWORD],
    ["dwPriority", DWORD],
  ),
  CertEnumCertificatesInStore: fn(PVOID, ["hCertStore", PVOID], ["pPrevCertContext", PVOID]),
  CertEnumCRLsInStore: fn(PVOID, ["hCertStore", PVOID], ["pPrevCrlContext", PVOID]),
  CertEnumCTLsInStore: fn(PVOID, ["hCertStore", PVOID], ["pPrevCtlContext", PVOID]),
  CertFindCertificateInStore: fn(
    PVOID,
    ["hCertStore", PVOID],
    ["dwCertEncodingType", DWORD],
    ["dwFindFlags", DWORD],
    ["dwFindType", DWORD],
    ["pvFindPara", PVOID],
    ["pPrevCertContext", PVOID],
  ),
  CertAddCertificateContextToStore: fn(
    BOOL,
    ["hCertStore", PVOID],
    ["pCertContext", PVOID],
    ["dwAddDisposition", DWORD],
    ["ppStoreContext", optional(out(PVOID))],
  ),
  CertAddEncodedCertificateToStore: fn(
    BOOL,
    ["hCertStore", PVOID],
    ["dwCertEncodingType", DWORD],
    ["pbCertEncoded", BYTES],
    ["cbCertEncoded", DWORD],
    ["dwAddDisposition", DWORD],
    ["ppCertContext", optional(out(PVOID))],
  ),
  CertDeleteCertificateFromStore: fn(BOOL, ["pCertContext", PVOID]),
});
