import { api, BOOL, BYTES, DWORD, fn, inout, LPCSTR, LPCWSTR, LPSTR_BUF, LPWSTR_BUF, optional, out } from "@decant/hook";

const fromText = (text: typeof LPCSTR) =>
  fn(
    BOOL,
    ["pszString", text],
    ["cchString", DWORD],
    ["dwFlags", DWORD],
    ["pbBinary", BYTES],
    ["pcbBinary", inout(DWORD)],
    ["pdwSkip", optional(out(DWORD))],
    ["pdwFlags", optional(out(DWORD))],
  );
const toText = (buffer: typeof LPSTR_BUF) =>
  fn(BOOL, ["pbBinary", BYTES], ["cbBinary", DWORD], ["dwFlags", DWORD], ["pszString", buffer], ["pcchString", inout(DWORD)]);

/** Encodings of bytes as text ("Data Encryption and Decryption Functions"). */
export const textEncodingApi = api("crypt32", {
  CryptStringToBinaryA: fromText(LPCSTR),
  CryptStringToBinaryW: fromText(LPCWSTR),
  CryptBinaryToStringA: toText(LPSTR_BUF),
  CryptBinaryToStringW: toText(LPWSTR_BUF),
});
