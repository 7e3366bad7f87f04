import { api, DWORD, fn, inout, INT, optional, ordinal, out, PVOID, SOCKET, RESULT, outAt, bytesAt, bytesOutAt } from "@decant/hook";
import { BUFFERS_AT, SEND_FLAGS, SOCKET_RESULT } from "../values/sockets.ts";
import { OVERLAPPED } from "../kernel32/file-io.api.ts";
import { SOCKADDR_AT } from "./socket-address.ts";

const S = ["s", SOCKET] as const;
const BUFFERS = [["lpBuffers", BUFFERS_AT], ["dwBufferCount", DWORD]] as const; // prettier-ignore
const TELLING = [["lpOverlapped", optional(inout(OVERLAPPED))], ["lpCompletionRoutine", PVOID]] as const; // prettier-ignore

/** Sending and receiving ("Winsock Functions"). */
export const socketIoApi = api("ws2_32", {
  send: ordinal(19, fn(SOCKET_RESULT, S, ["buf", bytesAt("len")], ["len", INT], ["flags", SEND_FLAGS])),
  sendto: ordinal(
    20,
    fn(SOCKET_RESULT, S, ["buf", bytesAt("len")], ["len", INT], ["flags", SEND_FLAGS], ["to", SOCKADDR_AT], ["tolen", INT]),
  ),
  recv: ordinal(16, fn(SOCKET_RESULT, S, ["buf", bytesOutAt(["len", RESULT])], ["len", INT], ["flags", SEND_FLAGS])),
  recvfrom: ordinal(
    17,
    fn(
      SOCKET_RESULT,
      S,
      ["buf", bytesOutAt(["len", RESULT])],
      ["len", INT],
      ["flags", SEND_FLAGS],
      ["from", SOCKADDR_AT],
      ["fromlen", outAt(INT)],
    ),
  ),
  WSASend: fn(SOCKET_RESULT, S, ...BUFFERS, ["lpNumberOfBytesSent", optional(out(DWORD))], ["dwFlags", SEND_FLAGS], ...TELLING),
  WSASendTo: fn(
    SOCKET_RESULT,
    S,
    ...BUFFERS,
    ["lpNumberOfBytesSent", optional(out(DWORD))],
    ["dwFlags", SEND_FLAGS],
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
