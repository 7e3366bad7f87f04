import { api, BOOL, DWORD, fn, HANDLE, inout, INT, optional, ordinal, orElse, out, PVOID, struct, VOID, wchars, WORD, byteBlock } from "@decant/hook"; // prettier-ignore
import { OVERLAPPED } from "../kernel32/file-io.api.ts";

/** SOCKET_ERROR, and WSAGetLastError's code, which is the last error. */
export const SOCKET_RESULT = orElse(INT, -1);

export const WSAPROTOCOL_INFOW = struct("WSAPROTOCOL_INFOW", {
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
  szProtocol: wchars(256),
});

/** How a program begins with sockets ("Winsock Functions"). */
export const socketStartupApi = api("ws2_32", {
  WSAStartup: ordinal(115, fn(INT, ["wVersionRequested", WORD], ["lpWSAData", PVOID])),
  WSACleanup: ordinal(116, fn(SOCKET_RESULT)),
  WSAGetLastError: ordinal(111, fn(INT)),
  WSASetLastError: ordinal(112, fn(VOID, ["iError", INT])),
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
