import { api, BOOL, BYTES, DWORD, fn, inout, out, PVOID, text, TSTR, UINT } from "@decant/hook";

const CIPHER = [
  ["hKey", PVOID],
  ["hHash", PVOID],
  ["Final", BOOL],
  ["dwFlags", DWORD],
  ["pbData", BYTES],
  ["pdwDataLen", inout(DWORD)],
] as const;

/** Keys of advapi32's cryptography ("CryptoAPI System Functions"). */
export const capiKeysApi = api("advapi32", {
  CryptGenKey: fn(BOOL, ["hProv", PVOID], ["Algid", UINT], ["dwFlags", DWORD], ["phKey", out(PVOID)]),
  CryptDeriveKey: fn(BOOL, ["hProv", PVOID], ["Algid", UINT], ["hBaseData", PVOID], ["dwFlags", DWORD], ["phKey", out(PVOID)]),
  CryptImportKey: fn(
    BOOL,
    ["hProv", PVOID],
    ["pbData", BYTES],
    ["dwDataLen", DWORD],
    ["hPubKey", PVOID],
    ["dwFlags", DWORD],
    ["phKey", out(PVOID)],
  ),
  CryptExportKey: fn(
    BOOL,
    ["hKey", PVOID],
    ["hExpKey", PVOID],
    ["dwBlobType", DWORD],
    ["dwFlags", DWORD],
    ["pbData", BYTES],
    ["pdwDataLen", inout(DWORD)],
  ),
  CryptDestroyKey: fn(BOOL, ["hKey", PVOID]),
  CryptDuplicateKey: fn(BOOL, ["hKey", PVOID], ["pdwReserved", PVOID], ["dwFlags", DWORD], ["phKey", out(PVOID)]),
  CryptGetUserKey: fn(BOOL, ["hProv", PVOID], ["dwKeySpec", DWORD], ["phUserKey", out(PVOID)]),
  CryptEncrypt: fn(BOOL, ...CIPHER, ["dwBufLen", DWORD]),
  CryptDecrypt: fn(BOOL, ...CIPHER),
  CryptGetKeyParam: fn(BOOL, ["hKey", PVOID], ["dwParam", DWORD], ["pbData", BYTES], ["pdwDataLen", inout(DWORD)], ["dwFlags", DWORD]),
  CryptSetKeyParam: fn(BOOL, ["hKey", PVOID], ["dwParam", DWORD], ["pbData", BYTES], ["dwFlags", DWORD]),
  CryptSignHash: text(
    BOOL,
    ["hHash", PVOID],
    ["dwKeySpec", DWORD],
    ["szDescription", TSTR],
    ["dwFlags", DWORD],
    ["pbSignature", BYTES],
    ["pdwSigLen", PVOID],
  ),
  CryptVerifySignature: text(
    BOOL,
    ["hHash", PVOID],
    ["pbSignature", BYTES],
    ["dwSigLen", DWORD],
    ["hPubKey", PVOID],
    ["szDescription", TSTR],
    ["dwFlags", DWORD],
  ),
});
