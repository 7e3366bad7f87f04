import { api, DWORD, fn, INT, infallible, LPCWSTR, optional, out, PVOID } from "@decant/hook";

const NET_API_STATUS = infallible(DWORD);

/** Who the user and the machine are to networks ("Network Management Functions"). */
export const accountsApi = api("netapi32", {
  NetApiBufferFree: fn(NET_API_STATUS, ["Buffer", PVOID]),
  NetApiBufferAllocate: fn(NET_API_STATUS, ["ByteCount", DWORD], ["Buffer", out(PVOID)]),
  NetStatisticsGet: fn(
    NET_API_STATUS,
    ["ServerName", PVOID],
    ["Service", LPCWSTR],
    ["Level", DWORD],
    ["Options", DWORD],
    ["Buffer", out(PVOID)],
  ),
  NetGetJoinInformation: fn(NET_API_STATUS, ["lpServer", LPCWSTR], ["lpNameBuffer", out(PVOID)], ["BufferType", out(INT)]),
  NetUserGetInfo: fn(NET_API_STATUS, ["servername", LPCWSTR], ["username", LPCWSTR], ["level", DWORD], ["bufptr", out(PVOID)]),
  NetUserGetLocalGroups: fn(
    NET_API_STATUS,
    ["servername", LPCWSTR],
    ["username", LPCWSTR],
    ["level", DWORD],
    ["flags", DWORD],
    ["bufptr", out(PVOID)],
    ["prefmaxlen", DWORD],
    ["entriesread", out(DWORD)],
    ["totalentries", out(DWORD)],
  ),
  NetWkstaGetInfo: fn(NET_API_STATUS, ["servername", LPCWSTR], ["level", DWORD], ["bufptr", out(PVOID)]),
  NetServerGetInfo: fn(NET_API_STATUS, ["servername", LPCWSTR], ["level", DWORD], ["bufptr", out(PVOID)]),
  NetShareAdd: fn(NET_API_STATUS, ["servername", LPCWSTR], ["level", DWORD], ["buf", PVOID], ["parm_err", optional(out(DWORD))]),
  NetShareDel: fn(NET_API_STATUS, ["servername", LPCWSTR], ["netname", LPCWSTR], ["reserved", DWORD]),
  NetUserAdd: fn(NET_API_STATUS, ["servername", LPCWSTR], ["level", DWORD], ["buf", PVOID], ["parm_err", optional(out(DWORD))]),
  NetUserDel: fn(NET_API_STATUS, ["servername", LPCWSTR], ["username", LPCWSTR]),
  DsGetDcNameW: fn(
    NET_API_STATUS,
    ["ComputerName", LPCWSTR],
    ["DomainName", LPCWSTR],
    ["DomainGuid", PVOID],
    ["SiteName", LPCWSTR],
    ["Flags", DWORD],
    ["DomainControllerInfo", out(PVOID)],
  ),
});
