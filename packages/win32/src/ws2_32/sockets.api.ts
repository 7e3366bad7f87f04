import {
  api,
  DWORD,
  enumeration,
  fn,
  INT,
  optional,
  ordinal,
  orElse,
  out,
  PVOID,
  SOCKET,
  UINT,
  type Handle,
  ULONG,
  outAt,
} from "@decant/hook";
import { IO_CODE, SOCKET_COMMAND, WSA_FLAGS, SOCKET_RESULT, FAMILY } from "../values/sockets.ts";
import { SOCKADDR_AT } from "./socket-address.ts";

/** INVALID_SOCKET, with the last error. */
const NEW_SOCKET = orElse(SOCKET, -1 as Handle);
const S = ["s", SOCKET] as const;
const NAME = [["name", SOCKADDR_AT], ["namelen", INT]] as const; // prettier-ignore
const NAME_OUT = [["name", SOCKADDR_AT], ["namelen", PVOID]] as const; // prettier-ignore
const TYPE = enumeration("SOCK", { STREAM: 1, DGRAM: 2, RAW: 3 }, INT);
const PROTOCOL = enumeration("IPPROTO", { TCP: 6, UDP: 17 }, INT);
const KIND = [["af", FAMILY], ["type", TYPE], ["protocol", PROTOCOL]] as const; // prettier-ignore

/** Sockets and their connections ("Winsock Functions"). */
export const socketsApi = api("ws2_32", {
  socket: ordinal(23, fn(NEW_SOCKET, ...KIND)),
  WSASocketA: fn(NEW_SOCKET, ...KIND, ["lpProtocolInfo", PVOID], ["g", UINT], ["dwFlags", WSA_FLAGS]),
  WSASocketW: fn(NEW_SOCKET, ...KIND, ["lpProtocolInfo", PVOID], ["g", UINT], ["dwFlags", WSA_FLAGS]),
  closesocket: ordinal(3, fn(SOCKET_RESULT, S)),
  bind: ordinal(2, fn(SOCKET_RESULT, S, ...NAME)),
  connect: ordinal(4, fn(SOCKET_RESULT, S, ...NAME)),
  WSAConnect: fn(SOCKET_RESULT, S, ...NAME, ["lpCallerData", PVOID], ["lpCalleeData", PVOID], ["lpSQOS", PVOID], ["lpGQOS", PVOID]),
  listen: ordinal(13, fn(SOCKET_RESULT, S, ["backlog", INT])),
  accept: ordinal(1, fn(NEW_SOCKET, S, ["addr", SOCKADDR_AT], ["addrlen", outAt(INT)])),
  getpeername: ordinal(5, fn(SOCKET_RESULT, S, ...NAME_OUT)),
  getsockname: ordinal(6, fn(SOCKET_RESULT, S, ...NAME_OUT)),
  shutdown: ordinal(22, fn(SOCKET_RESULT, S, ["how", enumeration("SD", { RECEIVE: 0, SEND: 1, BOTH: 2 }, INT)])),
  ioctlsocket: ordinal(10, fn(SOCKET_RESULT, S, ["cmd", SOCKET_COMMAND], ["argp", outAt(ULONG)])),
  WSAIoctl: fn(
    SOCKET_RESULT,
    S,
    ["dwIoControlCode", IO_CODE],
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
