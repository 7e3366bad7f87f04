import { api, BOOL, DWORD, fn, in_, infallible, optional, out, PVOID } from "@decant/hook";
import { FILETIME } from "../values/times.ts";

/** Chains of certificates ("Certificate Chain Verification Functions"). */
export const chainsApi = api("crypt32", {
  CertCreateCertificateChainEngine: fn(BOOL, ["pConfig", PVOID], ["phChainEngine", out(PVOID)]),
  CertFreeCertificateChainEngine: fn(infallible(BOOL), ["hChainEngine", PVOID]),
  CertGetCertificateChain: fn(
    BOOL,
    ["hChainEngine", PVOID],
    ["pCertContext", PVOID],
    ["pTime", optional(in_(FILETIME))],
    ["hAdditionalStore", PVOID],
    ["pChainPara", PVOID],
    ["dwFlags", DWORD],
    ["pvReserved", PVOID],
    ["ppChainContext", out(PVOID)],
  ),
  CertDuplicateCertificateChain: fn(infallible(PVOID), ["pChainContext", PVOID]),
  CertFreeCertificateChain: fn(infallible(BOOL), ["pChainContext", PVOID]),
  CertVerifyCertificateChainPolicy: fn(
    BOOL,
    ["pszPolicyOID", PVOID],
    ["pChainContext", PVOID],
    ["pPolicyPara", PVOID],
    ["pPolicyStatus", PVOID],
  ),
});
