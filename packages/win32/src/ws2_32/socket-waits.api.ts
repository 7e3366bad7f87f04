import { api, fn, forward, HANDLE, in_, INT, LONG, optional, ordinal, PVOID, SOCKET, struct, ULONG } from "@decant/hook";
import { SOCKET_RESULT } from "./startup.api.ts";

/** The seconds and microseconds of select. */
const TIMEVAL = struct("timeval", { tv_sec: LONG, tv_usec: LONG });

/** Waiting for sockets ("select", "WSAPoll", "WSAEventSelect"). */
export const socketWaitsApi = api("ws2_32", {
  select: ordinal(
    18,
    fn(SOCKET_RESULT, ["nfds", INT], ["readfds", PVOID], ["writefds", PVOID], ["exceptfds", PVOID], ["timeout", optional(in_(TIMEVAL))]),
  ),
  __WSAFDIsSet: ordinal(151, fn(INT, ["fd", SOCKET], ["set", PVOID])),
  WSAPoll: fn(SOCKET_RESULT, ["fdArray", PVOID], ["fds", ULONG], ["timeout", INT]),
  WSAEventSelect: fn(SOCKET_RESULT, ["s", SOCKET], ["hEventObject", HANDLE], ["lNetworkEvents", INT]),
  WSAEnumNetworkEvents: fn(SOCKET_RESULT, ["s", SOCKET], ["hEventObject", HANDLE], ["lpNetworkEvents", PVOID]),
  WSACreateEvent: fn(HANDLE),
  WSACloseEvent: forward("kernel32.CloseHandle"),
  WSASetEvent: forward("kernel32.SetEvent"),
  WSAResetEvent: forward("kernel32.ResetEvent"),
  WSAWaitForMultipleEvents: forward("kernel32.WaitForMultipleObjectsEx"),
});
