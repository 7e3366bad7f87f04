import { api, BOOL, DWORD, fn, infallible, INT, LPCSTR, LPCWSTR, optional, out, PVOID, textAs, TSTR, VOID, WORD } from "@decant/hook";

/** Records of the domain name system ("DNS Functions"). There is no server to ask. */
export const dnsQueriesApi = api("dnsapi", {
  DnsQuery: textAs(
    "DnsQuery_A",
    "DnsQuery_W",
    infallible(DWORD),
    ["pszName", TSTR],
    ["wType", WORD],
    ["Options", DWORD],
    ["pExtra", PVOID],
    ["ppQueryResults", optional(out(PVOID))],
    ["pReserved", PVOID],
  ),
  DnsQuery_UTF8: fn(
    infallible(DWORD),
    ["pszName", LPCSTR],
    ["wType", WORD],
    ["Options", DWORD],
    ["pExtra", PVOID],
    ["ppQueryResults", optional(out(PVOID))],
    ["pReserved", PVOID],
  ),
  DnsRecordListFree: fn(VOID, ["p", PVOID], ["t", INT]),
  DnsFree: fn(VOID, ["pData", PVOID], ["FreeType", INT]),
  DnsNameCompare_A: fn(infallible(BOOL), ["pName1", LPCSTR], ["pName2", LPCSTR]),
  DnsNameCompare_W: fn(infallible(BOOL), ["pName1", LPCWSTR], ["pName2", LPCWSTR]),
});
