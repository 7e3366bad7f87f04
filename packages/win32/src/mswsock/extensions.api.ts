import { api, BOOL, DWORD, fn, inout, INT, optional, out, PVOID, SOCKET, VOID } from "@decant/hook";
import { OVERLAPPED } from "../kernel32/file-io.api.ts";

/** Microsoft's extensions of sockets. On Windows ConnectEx and DisconnectEx are found by WSAIoctl only; here they are exports too. */
export const socketExtensionsApi = api("mswsock", {
  AcceptEx: fn(
    BOOL,
    ["sListenSocket", SOCKET],
    ["sAcceptSocket", SOCKET],
    ["lpOutputBuffer", PVOID],
    ["dwReceiveDataLength", DWORD],
    ["dwLocalAddressLength", DWORD],
    ["dwRemoteAddressLength", DWORD],
    ["lpdwBytesReceived", optional(out(DWORD))],
    ["lpOverlapped", inout(OVERLAPPED)],
  ),
  GetAcceptExSockaddrs: fn(
    VOID,
    ["lpOutputBuffer", PVOID],
    ["dwReceiveDataLength", DWORD],
    ["dwLocalAddressLength", DWORD],
    ["dwRemoteAddressLength", DWORD],
    ["LocalSockaddr", out(PVOID)],
    ["LocalSockaddrLength", out(INT)],
    ["RemoteSockaddr", out(PVOID)],
    ["RemoteSockaddrLength", out(INT)],
  ),
  ConnectEx: fn(
    BOOL,
    ["s", SOCKET],
    ["name", PVOID],
    ["namelen", INT],
    ["lpSendBuffer", PVOID],
    ["dwSendDataLength", DWORD],
    ["lpdwBytesSent", optional(out(DWORD))],
    ["lpOverlapped", inout(OVERLAPPED)],
  ),
  DisconnectEx: fn(BOOL, ["s", SOCKET], ["lpOverlapped", optional(inout(OVERLAPPED))], ["dwFlags", DWORD], ["dwReserved", DWORD]),
});
