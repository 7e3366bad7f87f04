import { api, DWORD, fn, HRESULT, LPCWSTR, LPWSTR_BUF, out, PVOID, required, SIZE_T } from "@decant/hook";

const OUT = [
  ["pszPathOut", LPWSTR_BUF],
  ["cchPathOut", SIZE_T],
] as const;

/** Paths of any length as text (pathcch.h): kernelbase's, which kernel32 stands for. */
export const pathCchApi = api("kernel32", {
  PathCchCanonicalize: fn(HRESULT, ...OUT, ["pszPathIn", required(LPCWSTR)]),
  PathCchCanonicalizeEx: fn(HRESULT, ...OUT, ["pszPathIn", required(LPCWSTR)], ["dwFlags", DWORD]),
  PathCchCombine: fn(HRESULT, ...OUT, ["pszPathIn", LPCWSTR], ["pszMore", LPCWSTR]),
  PathCchCombineEx: fn(HRESULT, ...OUT, ["pszPathIn", LPCWSTR], ["pszMore", LPCWSTR], ["dwFlags", DWORD]),
  PathAllocCanonicalize: fn(HRESULT, ["pszPathIn", required(LPCWSTR)], ["dwFlags", DWORD], ["ppszPathOut", out(PVOID)]),
  PathAllocCombine: fn(HRESULT, ["pszPathIn", LPCWSTR], ["pszMore", LPCWSTR], ["dwFlags", DWORD], ["ppszPathOut", out(PVOID)]),
  PathCchRemoveFileSpec: fn(HRESULT, ["pszPath", LPWSTR_BUF], ["cchPath", SIZE_T]),
});
