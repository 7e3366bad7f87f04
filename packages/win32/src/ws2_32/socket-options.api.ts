import { api, fn, INT, ordinal, PVOID, SOCKET, outAt, bytesAt } from "@decant/hook";
import { SOCKET_LEVEL, SOCKET_OPTION, SOCKET_RESULT } from "../values/sockets.ts";

/** Options of sockets ("getsockopt", "setsockopt"). */
export const socketOptionsApi = api("ws2_32", {
  getsockopt: ordinal(
    7,
    fn(SOCKET_RESULT, ["s", SOCKET], ["level", SOCKET_LEVEL], ["optname", SOCKET_OPTION], ["optval", PVOID], ["optlen", outAt(INT)]),
  ),
  setsockopt: ordinal(
    21,
    fn(SOCKET_RESULT, ["s", SOCKET], ["level", SOCKET_LEVEL], ["optname", SOCKET_OPTION], ["optval", bytesAt("optlen")], ["optlen", INT]),
  ),
});
