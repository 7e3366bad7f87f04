import { api, fn, infallible, INT, LPCSTR, LPSTR_BUF, LPWSTR_BUF, ordinal, orElse, PVOID, forward } from "@decant/hook";

const ENTRY = orElse(PVOID, 0);
const ADDRESS = [
  ["pSockaddr", PVOID],
  ["SockaddrLength", INT],
] as const;
const SIZES = [
  ["NodeBufferSize", INT],
  ["pServiceBuffer", LPSTR_BUF],
  ["ServiceBufferSize", INT],
  ["Flags", INT],
] as const;

/** Hosts, services and protocols by name and by number ("gethostbyname" and its neighbours). What they return lies in memory of the thread's. */
export const databasesApi = api("ws2_32", {
  gethostbyaddr: ordinal(51, fn(ENTRY, ["addr", PVOID], ["len", INT], ["type", INT])),
  gethostbyname: ordinal(52, fn(ENTRY, ["name", LPCSTR])),
  getprotobyname: ordinal(53, fn(ENTRY, ["name", LPCSTR])),
  getprotobynumber: ordinal(54, fn(ENTRY, ["number", INT])),
  getservbyname: ordinal(55, fn(ENTRY, ["name", LPCSTR], ["proto", LPCSTR])),
  getservbyport: ordinal(56, fn(ENTRY, ["port", INT], ["proto", LPCSTR])),
  getnameinfo: fn(infallible(INT), ...ADDRESS, ["pNodeBuffer", LPSTR_BUF], ...SIZES),
  GetNameInfoW: fn(
    infallible(INT),
    ...ADDRESS,
    ["pNodeBuffer", LPWSTR_BUF],
    ["NodeBufferSize", INT],
    ["pServiceBuffer", LPWSTR_BUF],
    ["ServiceBufferSize", INT],
    ["Flags", INT],
  ),
});

/** Winsock 1.1: the same functions, which programs import by ordinals. */
export const winsock1Api = api("wsock32", {
  accept: ordinal(1, forward("ws2_32.accept")),
  bind: ordinal(2, forward("ws2_32.bind")),
  closesocket: ordinal(3, forward("ws2_32.closesocket")),
  connect: ordinal(4, forward("ws2_32.connect")),
  getpeername: ordinal(5, forward("ws2_32.getpeername")),
  getsockname: ordinal(6, forward("ws2_32.getsockname")),
  getsockopt: ordinal(7, forward("ws2_32.getsockopt")),
  htonl: ordinal(8, forward("ws2_32.htonl")),
  htons: ordinal(9, forward("ws2_32.htons")),
  inet_addr: ordinal(10, forward("ws2_32.inet_addr")),
  inet_ntoa: ordinal(11, forward("ws2_32.inet_ntoa")),
  ioctlsocket: ordinal(12, forward("ws2_32.ioctlsocket")),
  listen: ordinal(13, forward("ws2_32.listen")),
  ntohl: ordinal(14, forward("ws2_32.ntohl")),
  ntohs: ordinal(15, forward("ws2_32.ntohs")),
  recv: ordinal(16, forward("ws2_32.recv")),
  recvfrom: ordinal(17, forward("ws2_32.recvfrom")),
  select: ordinal(18, forward("ws2_32.select")),
  send: ordinal(19, forward("ws2_32.send")),
  sendto: ordinal(20, forward("ws2_32.sendto")),
  setsockopt: ordinal(21, forward("ws2_32.setsockopt")),
  shutdown: ordinal(22, forward("ws2_32.shutdown")),
  socket: ordinal(23, forward("ws2_32.socket")),
  gethostbyaddr: ordinal(51, forward("ws2_32.gethostbyaddr")),
  gethostbyname: ordinal(52, forward("ws2_32.gethostbyname")),
  getprotobyname: ordinal(53, forward("ws2_32.getprotobyname")),
  getprotobynumber: ordinal(54, forward("ws2_32.getprotobynumber")),
  getservbyname: ordinal(55, forward("ws2_32.getservbyname")),
  getservbyport: ordinal(56, forward("ws2_32.getservbyport")),
  gethostname: ordinal(57, forward("ws2_32.gethostname")),
  WSAGetLastError: ordinal(111, forward("ws2_32.WSAGetLastError")),
  WSASetLastError: ordinal(112, forward("ws2_32.WSASetLastError")),
  WSAStartup: ordinal(115, forward("ws2_32.WSAStartup")),
  WSACleanup: ordinal(116, forward("ws2_32.WSACleanup")),
  __WSAFDIsSet: ordinal(151, forward("ws2_32.__WSAFDIsSet")),
});
