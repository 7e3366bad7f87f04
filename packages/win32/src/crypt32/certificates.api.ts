import { api, BOOL, BYTES, DWORD, fn, in_, infallible, inout, LONG, optional, PVOID, TBUF, text } from "@decant/hook";
import { FILETIME } from "../values/times.ts";
import { BLOB } from "./context.ts";

/** Certificates by themselves ("Certificate Functions", "Data Management Functions"). */
export const certificatesApi = api("crypt32", {
  CertCreateCertificateContext: fn(PVOID, ["dwCertEncodingType", DWORD], ["pbCertEncoded", BYTES], ["cbCertEncoded", DWORD]),
  CertDuplicateCertificateContext: fn(infallible(PVOID), ["pCertContext", PVOID]),
  CertFreeCertificateContext: fn(infallible(BOOL), ["pCertContext", PVOID]),
  CertFreeCRLContext: fn(infallible(BOOL), ["pCrlContext", PVOID]),
  CertGetCertificateContextProperty: fn(BOOL, ["pCertContext", PVOID], ["dwPropId", DWORD], ["pvData", BYTES], ["pcbData", inout(DWORD)]),
  CertSetCertificateContextProperty: fn(BOOL, ["pCertContext", PVOID], ["dwPropId", DWORD], ["dwFlags", DWORD], ["pvData", PVOID]),
  CertEnumCertificateContextProperties: fn(infallible(DWORD), ["pCertContext", PVOID], ["dwPropId", DWORD]),
  CertGetNameString: text(
    infallible(DWORD),
    ["pCertContext", PVOID],
    ["dwType", DWORD],
    ["dwFlags", DWORD],
    ["pvTypePara", PVOID],
    ["pszNameString", TBUF],
    ["cchNameString", DWORD],
  ),
  CertNameToStr: text(
    infallible(DWORD),
    ["dwCertEncodingType", DWORD],
    ["pName", in_(BLOB)],
    ["dwStrType", DWORD],
    ["psz", TBUF],
    ["csz", DWORD],
  ),
  CertGetEnhancedKeyUsage: fn(BOOL, ["pCertContext", PVOID], ["dwFlags", DWORD], ["pUsage", PVOID], ["pcbUsage", inout(DWORD)]),
  CertGetIntendedKeyUsage: fn(BOOL, ["dwCertEncodingType", DWORD], ["pCertInfo", PVOID], ["pbKeyUsage", BYTES], ["cbKeyUsage", DWORD]),
  CertFindExtension: fn(infallible(PVOID), ["pszObjId", PVOID], ["cExtensions", DWORD], ["rgExtensions", PVOID]),
  CertVerifyTimeValidity: fn(infallible(LONG), ["pTimeToVerify", optional(in_(FILETIME))], ["pCertInfo", PVOID]),
  CertCompareCertificate: fn(infallible(BOOL), ["dwCertEncodingType", DWORD], ["pCertId1", PVOID], ["pCertId2", PVOID]),
  CertCompareCertificateName: fn(infallible(BOOL), ["dwCertEncodingType", DWORD], ["pCertName1", in_(BLOB)], ["pCertName2", in_(BLOB)]),
  CertCompareIntegerBlob: fn(infallible(BOOL), ["pInt1", in_(BLOB)], ["pInt2", in_(BLOB)]),
});
