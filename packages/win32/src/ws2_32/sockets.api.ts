import { api, DWORD, enumeration, fn, INT, LONG, optional, ordinal, orElse, out, PVOID, SOCKET, UINT, type Handle } from "@decant/hook";
import { AF_INET, AF_INET6, SOCKADDR_AT } from "./socket-address.ts";
import { SOCKET_RESULT } from "./startup.api.ts";

/** INVALID_SOCKET, with the last error. */
const NEW_SOCKET = orElse(SOCKET, -1 as Handle);
const S = ["s", SOCKET] as const;
const NAME = [["name", SOCKADDR_AT], ["namelen", INT]] as const; // prettier-ignore
const NAME_OUT = [["name", SOCKADDR_AT], ["namelen", PVOID]] as const; // prettier-ignore
const FAMILY = enumeration("AF", { UNSPEC: 0, INET: AF_INET, INET6: AF_INET6 }, INT);
const TYPE = enumeration("SOCK", { STREAM: 1, DGRAM: 2, RAW: 3 }, INT);
const PROTOCOL = enumeration("IPPROTO", { TCP: 6, UDP: 17 }, INT);
const KIND = [["af", FAMILY], ["type", TYPE], ["protocol", PROTOCOL]] as const; // prettier-ignore

/** Sockets and their connections ("Winsock Functions"). */
export const socketsApi = api("ws2_32", {
  socket: ordinal(23, fn(NEW_SOCKET, ...KIND)),
  WSASocketA: fn(NEW_SOCKET, ...KIND, ["lpProtocolInfo", PVOID], ["g", UINT], ["dwFlags", DWORD]),
  WSASocketW: fn(NEW_SOCKET, ...KIND, ["lpProtocolInfo", PVOID], ["g", UINT], ["dwFlags", DWORD]),
  closesocket: ordinal(3, fn(SOCKET_RESULT, S)),
  bind: ordinal(2, fn(SOCKET_RESULT, S, ...NAME)),
  connect: ordinal(4, fn(SOCKET_RESULT, S, ...NAME)),
  WSAConnect: fn(SOCKET_RESULT, S, ...NAME, ["lpCallerData", PVOID], ["lpCalleeData", PVOID], ["lpSQOS", PVOID], ["lpGQOS", PVOID]),
  listen: ordinal(13, fn(SOCKET_RESULT, S, ["backlog", INT])),
  accept: ordinal(1, fn(NEW_SOCKET, S, ["addr", SOCKADDR_AT], ["addrlen", PVOID])),
  getpeername: ordinal(5, fn(SOCKET_RESULT, S, ...NAME_OUT)),
  getsockname: ordinal(6, fn(SOCKET_RESULT, S, ...NAME_OUT)),
  shutdown: ordinal(22, fn(SOCKET_RESULT, S, ["how", enumeration("SD", { RECEIVE: 0, SEND: 1, BOTH: 2 }, INT)])),
  ioctlsocket: ordinal(10, fn(SOCKET_RESULT, S, ["cmd", LONG], ["argp", PVOID])),
  WSAIoctl: fn(
    SOCKET_RESULT,
    S,
    ["dwIoControlCode", DWORD],
    ["lpvInBuffer", PVOID],
    ["cbInBuffer", DWORD],
    ["lpvOutBuffer", PVOID],
    ["cbOutBuffer", DWORD],
    ["lpcbBytesReturned", optional(out(DWORD))],
    ["lpOverlapped", PVOID],
    ["lpCompletionRoutine", PVOID],
  ),
  WSADuplicateSocketW: fn(SOCKET_RESULT, S, ["dwProcessId", DWORD], ["lpProtocolInfo", PVOID]),
});
