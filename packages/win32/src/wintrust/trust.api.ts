import { api, DWORD, fn, GUID, HWND, in_, infallible, LONG, LPCWSTR, BOOL, out, PVOID } from "@decant/hook";

/** Signatures of files ("WinTrust Functions"). No provider of trust is registered. */
export const trustApi = api("wintrust", {
  WinVerifyTrust: fn(infallible(LONG), ["hwnd", HWND], ["pgActionID", in_(GUID)], ["pWVTData", PVOID]),
  WinVerifyTrustEx: fn(infallible(LONG), ["hwnd", HWND], ["pgActionID", in_(GUID)], ["pWinTrustData", PVOID]),
  CryptCATAdminAcquireContext: fn(BOOL, ["phCatAdmin", out(PVOID)], ["pgSubsystem", PVOID], ["dwFlags", DWORD]),
  CryptCATAdminAcquireContext2: fn(
    BOOL,
    ["phCatAdmin", out(PVOID)],
    ["pgSubsystem", PVOID],
    ["pwszHashAlgorithm", LPCWSTR],
    ["pStrongHashPolicy", PVOID],
    ["dwFlags", DWORD],
  ),
});
