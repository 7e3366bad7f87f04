import { api, BOOL, BYTES, bytesIn, bytesOut, DWORD, fn, inout, out, PVOID, TBUF, TSTR, text, UINT } from "@decant/hook";

/** The old cryptography of advapi32 ("CryptoAPI System Functions"): contexts, random bytes, hashes. */
export const capiApi = api("advapi32", {
  CryptAcquireContext: text(
    BOOL,
    ["phProv", out(PVOID)],
    ["szContainer", TSTR],
    ["szProvider", TSTR],
    ["dwProvType", DWORD],
    ["dwFlags", DWORD],
  ),
  CryptEnumProviders: text(
    BOOL,
    ["dwIndex", DWORD],
    ["pdwReserved", PVOID],
    ["dwFlags", DWORD],
    ["pdwProvType", out(DWORD)],
    ["szProvName", TBUF],
    ["pcbProvName", inout(DWORD)],
  ),
  CryptGetProvParam: fn(BOOL, ["hProv", PVOID], ["dwParam", DWORD], ["pbData", BYTES], ["pdwDataLen", inout(DWORD)], ["dwFlags", DWORD]),
  CryptContextAddRef: fn(BOOL, ["hProv", PVOID], ["pdwReserved", PVOID], ["dwFlags", DWORD]),
  CryptReleaseContext: fn(BOOL, ["hProv", PVOID], ["dwFlags", DWORD]),
  CryptGenRandom: fn(BOOL, ["hProv", PVOID], ["dwLen", DWORD], ["pbBuffer", bytesOut("dwLen")]),
  CryptCreateHash: fn(BOOL, ["hProv", PVOID], ["Algid", UINT], ["hKey", PVOID], ["dwFlags", DWORD], ["phHash", out(PVOID)]),
  CryptHashData: fn(BOOL, ["hHash", PVOID], ["pbData", bytesIn("dwDataLen")], ["dwDataLen", DWORD], ["dwFlags", DWORD]),
  CryptGetHashParam: fn(BOOL, ["hHash", PVOID], ["dwParam", DWORD], ["pbData", BYTES], ["pdwDataLen", inout(DWORD)], ["dwFlags", DWORD]),
  CryptSetHashParam: fn(BOOL, ["hHash", PVOID], ["dwParam", DWORD], ["pbData", BYTES], ["dwFlags", DWORD]),
  CryptDuplicateHash: fn(BOOL, ["hHash", PVOID], ["pdwReserved", PVOID], ["dwFlags", DWORD], ["phHash", out(PVOID)]),
  CryptDestroyHash: fn(BOOL, ["hHash", PVOID]),
});
