import {
  api,
  fn,
  infallible,
  INT,
  LPCSTR,
  LPCWSTR,
  LPSTR_BUF,
  LPWSTR_BUF,
  ordinal,
  orElse,
  out,
  PVOID,
  UINT,
  ULONG,
  USHORT,
  VOID,
} from "@decant/hook";
import { FAMILY, SOCKET_RESULT, SOCKET_ERROR_CODE } from "../values/sockets.ts";

const NAME = infallible(PVOID);

/** Names and addresses, which need no network ("Winsock Functions"). */
export const addressesApi = api("ws2_32", {
  htonl: ordinal(8, fn(ULONG, ["hostlong", ULONG])),
  htons: ordinal(9, fn(USHORT, ["hostshort", USHORT])),
  ntohl: ordinal(14, fn(ULONG, ["netlong", ULONG])),
  ntohs: ordinal(15, fn(USHORT, ["netshort", USHORT])),
  inet_addr: ordinal(11, fn(ULONG, ["cp", LPCSTR])),
  inet_ntoa: ordinal(12, fn(NAME, ["in", ULONG])),
  inet_pton: fn(INT, ["Family", FAMILY], ["pszAddrString", LPCSTR], ["pAddrBuf", PVOID]),
  InetPtonW: fn(INT, ["Family", FAMILY], ["pszAddrString", LPCWSTR], ["pAddrBuf", PVOID]),
  inet_ntop: fn(orElse(PVOID, 0), ["Family", FAMILY], ["pAddr", PVOID], ["pStringBuf", LPSTR_BUF], ["StringBufSize", UINT]),
  InetNtopW: fn(orElse(PVOID, 0), ["Family", FAMILY], ["pAddr", PVOID], ["pStringBuf", LPWSTR_BUF], ["StringBufSize", UINT]),
  getaddrinfo: fn(SOCKET_ERROR_CODE, ["pNodeName", LPCSTR], ["pServiceName", LPCSTR], ["pHints", PVOID], ["ppResult", out(PVOID)]),
  GetAddrInfoW: fn(SOCKET_ERROR_CODE, ["pNodeName", LPCWSTR], ["pServiceName", LPCWSTR], ["pHints", PVOID], ["ppResult", out(PVOID)]),
  freeaddrinfo: fn(VOID, ["pAddrInfo", PVOID]),
  FreeAddrInfoW: fn(VOID, ["pAddrInfo", PVOID]),
  gethostname: ordinal(57, fn(SOCKET_RESULT, ["name", LPSTR_BUF], ["namelen", INT])),
  GetHostNameW: fn(SOCKET_RESULT, ["name", LPWSTR_BUF], ["namelen", INT]),
});
