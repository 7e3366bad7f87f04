import {
  api,
  BOOL,
  chars,
  DWORD,
  fn,
  HANDLE,
  inout,
  INT,
  optional,
  ordinal,
  out,
  PVOID,
  struct,
  VOID,
  wchars,
  WORD,
  byteBlock,
} from "@decant/hook";
import { SOCKET_ERROR_CODE, SOCKET_RESULT } from "../values/sockets.ts";
import { OVERLAPPED } from "../kernel32/file-io.api.ts";

const PROTOCOL_FIELDS = {
  dwServiceFlags1: DWORD,
  dwServiceFlags2: DWORD,
  dwServiceFlags3: DWORD,
  dwServiceFlags4: DWORD,
  dwProviderFlags: DWORD,
  ProviderId: byteBlock(16),
  dwCatalogEntryId: DWORD,
  ChainLen: INT,
  ChainEntries: byteBlock(28),
  iVersion: INT,
  iAddressFamily: INT,
  iMaxSockAddr: INT,
  iMinSockAddr: INT,
  iSocketType: INT,
  iProtocol: INT,
  iProtocolMaxOffset: INT,
  iNetworkByteOrder: INT,
  iSecurityScheme: INT,
  dwMessageSize: DWORD,
  dwProviderReserved: DWORD,
};
export const WSAPROTOCOL_INFOA = struct("WSAPROTOCOL_INFOA", { ...PROTOCOL_FIELDS, szProtocol: chars(256) });
export const WSAPROTOCOL_INFOW = struct("WSAPROTOCOL_INFOW", { ...PROTOCOL_FIELDS, szProtocol: wchars(256) });

/** How a program begins with sockets ("Winsock Functions"). */
export const socketStartupApi = api("ws2_32", {
  WSAStartup: ordinal(115, fn(SOCKET_ERROR_CODE, ["wVersionRequested", WORD], ["lpWSAData", PVOID])),
  WSACleanup: ordinal(116, fn(SOCKET_RESULT)),
  WSAGetLastError: ordinal(111, fn(SOCKET_ERROR_CODE)),
  WSASetLastError: ordinal(112, fn(VOID, ["iError", SOCKET_ERROR_CODE])),
  WSAEnumProtocolsA: fn(SOCKET_RESULT, ["lpiProtocols", PVOID], ["lpProtocolBuffer", PVOID], ["lpdwBufferLength", inout(DWORD)]),
  WSAEnumProtocolsW: fn(SOCKET_RESULT, ["lpiProtocols", PVOID], ["lpProtocolBuffer", PVOID], ["lpdwBufferLength", inout(DWORD)]),
  WSAGetOverlappedResult: fn(
    BOOL,
    ["s", HANDLE],
    ["lpOverlapped", inout(OVERLAPPED)],
    ["lpcbTransfer", out(DWORD)],
    ["fWait", BOOL],
    ["lpdwFlags", optional(out(DWORD))],
  ),
});
