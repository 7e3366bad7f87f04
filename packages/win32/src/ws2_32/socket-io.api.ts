import { api, DWORD, fn, inout, INT, optional, ordinal, out, PVOID, SOCKET } from "@decant/hook";
import { OVERLAPPED } from "../kernel32/file-io.api.ts";
import { SOCKADDR_AT } from "./socket-address.ts";
import { SOCKET_RESULT } from "./startup.api.ts";

const S = ["s", SOCKET] as const;
const BUFFERS = [["lpBuffers", PVOID], ["dwBufferCount", DWORD]] as const; // prettier-ignore
const TELLING = [["lpOverlapped", optional(inout(OVERLAPPED))], ["lpCompletionRoutine", PVOID]] as const; // prettier-ignore

/** Sending and receiving ("Winsock Functions"). */
export const socketIoApi = api("ws2_32", {
  send: ordinal(19, fn(SOCKET_RESULT, S, ["buf", PVOID], ["len", INT], ["flags", INT])),
  sendto: ordinal(20, fn(SOCKET_RESULT, S, ["buf", PVOID], ["len", INT], ["flags", INT], ["to", SOCKADDR_AT], ["tolen", INT])),
  recv: ordinal(16, fn(SOCKET_RESULT, S, ["buf", PVOID], ["len", INT], ["flags", INT])),
  recvfrom: ordinal(17, fn(SOCKET_RESULT, S, ["buf", PVOID], ["len", INT], ["flags", INT], ["from", SOCKADDR_AT], ["fromlen", PVOID])),
  WSASend: fn(SOCKET_RESULT, S, ...BUFFERS, ["lpNumberOfBytesSent", optional(out(DWORD))], ["dwFlags", DWORD], ...TELLING),
  WSASendTo: fn(
    SOCKET_RESULT,
    S,
    ...BUFFERS,
    ["lpNumberOfBytesSent", optional(out(DWORD))],
    ["dwFlags", DWORD],
    ["lpTo", SOCKADDR_AT],
    ["iTolen", INT],
    ...TELLING,
  ),
  WSARecv: fn(
    SOCKET_RESULT,
    S,
    ...BUFFERS,
    ["lpNumberOfBytesRecvd", optional(out(DWORD))],
    ["lpFlags", optional(inout(DWORD))],
    ...TELLING,
  ),
  WSARecvFrom: fn(
    SOCKET_RESULT,
    S,
    ...BUFFERS,
    ["lpNumberOfBytesRecvd", optional(out(DWORD))],
    ["lpFlags", optional(inout(DWORD))],
    ["lpFrom", SOCKADDR_AT],
    ["lpFromlen", PVOID],
    ...TELLING,
  ),
});
