import { api, BOOL, BYTES, DWORD, fn, inout, LPCSTR, LPCWSTR, LPSTR_BUF, LPWSTR_BUF, optional, out } from "@decant/hook";

/** Encodings of bytes as text ("Data Encryption and Decryption Functions"). */
export const textEncodingApi = api("crypt32", {
  CryptStringToBinaryA: fn(
    BOOL,
    ["pszString", LPCSTR],
    ["cchString", DWORD],
    ["dwFlags", DWORD],
    ["pbBinary", BYTES],
    ["pcbBinary", inout(DWORD)],
    ["pdwSkip", optional(out(DWORD))],
    ["pdwFlags", optional(out(DWORD))],
  ),
  CryptStringToBinaryW: fn(
    BOOL,
    ["pszString", LPCWSTR],
    ["cchString", DWORD],
    ["dwFlags", DWORD],
    ["pbBinary", BYTES],
    ["pcbBinary", inout(DWORD)],
    ["pdwSkip", optional(out(DWORD))],
    ["pdwFlags", optional(out(DWORD))],
  ),
  CryptBinaryToStringA: fn(
    BOOL,
    ["pbBinary", BYTES],
    ["cbBinary", DWORD],
    ["dwFlags", DWORD],
    ["pszString", LPSTR_BUF],
    ["pcchString", inout(DWORD)],
  ),
  CryptBinaryToStringW: fn(
    BOOL,
    ["pbBinary", BYTES],
    ["cbBinary", DWORD],
    ["dwFlags", DWORD],
    ["pszString", LPWSTR_BUF],
    ["pcchString", inout(DWORD)],
  ),
});
