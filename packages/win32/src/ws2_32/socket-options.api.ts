import { api, fn, INT, ordinal, PVOID, SOCKET } from "@decant/hook";
import { SOCKET_RESULT } from "./startup.api.ts";

/** Options of sockets ("getsockopt", "setsockopt"). */
export const socketOptionsApi = api("ws2_32", {
  getsockopt: ordinal(7, fn(SOCKET_RESULT, ["s", SOCKET], ["level", INT], ["optname", INT], ["optval", PVOID], ["optlen", PVOID])),
  setsockopt: ordinal(21, fn(SOCKET_RESULT, ["s", SOCKET], ["level", INT], ["optname", INT], ["optval", PVOID], ["optlen", INT])),
});
