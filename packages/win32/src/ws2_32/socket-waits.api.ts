import { api, fn, forward, HANDLE, in_, INT, LONG, optional, ordinal, PVOID, SOCKET, struct, ULONG } from "@decant/hook";
import { FD_SET, NETWORK_EVENTS, SOCKET_RESULT } from "../values/sockets.ts";

/** The seconds and microseconds of select. */
const TIMEVAL = struct("timeval", { tv_sec: LONG, tv_usec: LONG });

/** Waiting for sockets ("select", "WSAPoll", "WSAEventSelect"). */
export const socketWaitsApi = api("ws2_32", {
  select: ordinal(
    18,
    fn(SOCKET_RESULT, ["nfds", INT], ["readfds", FD_SET], ["writefds", FD_SET], ["exceptfds", FD_SET], ["timeout", optional(in_(TIMEVAL))]),
  ),
  __WSAFDIsSet: ordinal(151, fn(INT, ["fd", SOCKET], ["set", FD_SET])),
  WSAPoll: fn(SOCKET_RESULT, ["fdArray", PVOID], ["fds", ULONG], ["timeout", INT]),
  WSAEventSelect: fn(SOCKET_RESULT, ["s", SOCKET], ["hEventObject", HANDLE], ["lNetworkEvents", NETWORK_EVENTS]),
  WSAEnumNetworkEvents: fn(SOCKET_RESULT, ["s", SOCKET], ["hEventObject", HANDLE], ["lpNetworkEvents", PVOID]),
  WSACreateEvent: fn(HANDLE),
  WSACloseEvent: forward("kernel32.CloseHandle"),
  WSASetEvent: forward("kernel32.SetEvent"),
  WSAResetEvent: forward("kernel32.ResetEvent"),
  WSAWaitForMultipleEvents: forward("kernel32.WaitForMultipleObjectsEx"),
});
