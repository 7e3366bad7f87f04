import { api, BOOL, BYTES, DWORD, fn, inout, optional, out, PVOID, ULONG_PTR } from "@decant/hook";

const ENCODED = [
  ["dwCertEncodingType", DWORD],
  ["lpszStructType", PVOID],
  ["pbEncoded", BYTES],
  ["cbEncoded", DWORD],
  ["dwFlags", DWORD],
] as const;

/** DER as structures ("Object Encoding and Decoding Functions"). */
export const objectDecodingApi = api("crypt32", {
  CryptDecodeObject: fn(BOOL, ...ENCODED, ["pvStructInfo", PVOID], ["pcbStructInfo", inout(DWORD)]),
  CryptDecodeObjectEx: fn(BOOL, ...ENCODED, ["pDecodePara", PVOID], ["pvStructInfo", PVOID], ["pcbStructInfo", inout(DWORD)]),
  CryptQueryObject: fn(
    BOOL,
    ["dwObjectType", DWORD],
    ["pvObject", PVOID],
    ["dwExpectedContentTypeFlags", DWORD],
    ["dwExpectedFormatTypeFlags", DWORD],
    ["dwFlags", DWORD],
    ["pdwMsgAndCertEncodingType", optional(out(DWORD))],
    ["pdwContentType", optional(out(DWORD))],
    ["pdwFormatType", optional(out(DWORD))],
    ["phCertStore", optional(out(PVOID))],
    ["phMsg", optional(out(PVOID))],
    ["ppvContext", optional(out(PVOID))],
  ),
  PFXIsPFXBlob: fn(BOOL, ["pPFX", PVOID]),
  CryptHashCertificate: fn(
    BOOL,
    ["hCryptProv", ULONG_PTR],
    ["Algid", DWORD],
    ["dwFlags", DWORD],
    ["pbEncoded", BYTES],
    ["cbEncoded", DWORD],
    ["pbComputedHash", BYTES],
    ["pcbComputedHash", inout(DWORD)],
  ),
});
