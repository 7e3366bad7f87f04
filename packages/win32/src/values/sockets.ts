import { AddressType, enumeration, flags, INT, LONG, orElse, ResultType, errorName, type CallingThread, type Siblings } from "@decant/hook";

/** Names of values in the parameters of socket functions, and what their pointers point to ("Winsock Functions", WinSock2.h). */
export const SOCKET_RESULT = orElse(enumeration("SOCKET", { ERROR: -1 }, INT), -1);
/** A code of WSAGetLastError's, or 0. */
export const SOCKET_ERROR_CODE = new ResultType(INT, {
  failure: undefined,
  show: (code) => (code === 0 ? "0" : errorName("win32", code)),
});
export const FAMILY = enumeration("AF", { UNSPEC: 0, INET: 2, INET6: 23 }, INT);
export const SOCKET_LEVEL = enumeration("", { SOL_SOCKET: 0xffff, IPPROTO_IP: 0, IPPROTO_TCP: 6, IPPROTO_UDP: 17, IPPROTO_IPV6: 41 }, INT);
export const SEND_FLAGS = flags("MSG", { OOB: 1, PEEK: 2, DONTROUTE: 4, WAITALL: 8, PARTIAL: 0x8000 }, INT);
export const SOCKET_COMMAND = enumeration(
  "",
  { FIONBIO: 0x8004_667e | 0, FIONREAD: 0x4004_667f, FIOASYNC: 0x8004_667d | 0, SIOCATMARK: 0x4004_7307 },
  LONG,
);
export const IO_CODE = enumeration("", {
  FIONBIO: 0x8004_667e,
  FIONREAD: 0x4004_667f,
  SIO_GET_EXTENSION_FUNCTION_POINTER: 0xc800_0006,
  SIO_KEEPALIVE_VALS: 0x9800_0004,
  SIO_ADDRESS_LIST_QUERY: 0x4800_0016,
  SIO_UDP_CONNRESET: 0x9800_000c,
  SIO_LOOPBACK_FAST_PATH: 0x9800_0010,
  SIO_BASE_HANDLE: 0x4800_0022,
});
export const NETWORK_EVENTS = flags("FD", { READ: 1, WRITE: 2, OOB: 4, ACCEPT: 8, CONNECT: 0x10, CLOSE: 0x20 }, INT);
export const WSA_FLAGS = flags("WSA_FLAG", { OVERLAPPED: 1, NO_HANDLE_INHERIT: 0x80 });

const OPTIONS: Readonly<Record<number, Readonly<Record<number, string>>>> = {
  0xffff: {
    0x0001: "SO_DEBUG",
    0x0002: "SO_ACCEPTCONN",
    0x0004: "SO_REUSEADDR",
    0x0008: "SO_KEEPALIVE",
    0x0010: "SO_DONTROUTE",
    0x0020: "SO_BROADCAST",
    0x0080: "SO_LINGER",
    0x0100: "SO_OOBINLINE",
    [~0x0080]: "SO_DONTLINGER",
    [~0x0004]: "SO_EXCLUSIVEADDRUSE",
    0x1001: "SO_SNDBUF",
    0x1002: "SO_RCVBUF",
    0x1003: "SO_SNDLOWAT",
    0x1004: "SO_RCVLOWAT",
    0x1005: "SO_SNDTIMEO",
    0x1006: "SO_RCVTIMEO",
    0x1007: "SO_ERROR",
    0x1008: "SO_TYPE",
    0x2005: "SO_PROTOCOL_INFOW",
    0x3005: "SO_RANDOMIZE_PORT",
    0x7010: "SO_UPDATE_CONNECT_CONTEXT",
    0x700b: "SO_UPDATE_ACCEPT_CONTEXT",
    0x700c: "SO_CONNECT_TIME",
  },
  0: { 2: "IP_HDRINCL", 3: "IP_TOS", 4: "IP_TTL", 9: "IP_MULTICAST_IF", 10: "IP_MULTICAST_TTL", 11: "IP_MULTICAST_LOOP" },
  6: { 1: "TCP_NODELAY", 3: "TCP_KEEPALIVE", 5: "TCP_MAXRT", 16: "TCP_KEEPCNT", 17: "TCP_KEEPINTVL" },
  41: { 4: "IPV6_UNICAST_HOPS", 10: "IPV6_MULTICAST_HOPS", 27: "IPV6_V6ONLY" },
};

/** An option of a socket, whose name depends on the level beside it. */
export const SOCKET_OPTION: ResultType<number, number> = new (class extends ResultType<number, number> {
  override show(_thread: CallingThread, value: number, { level }: Siblings): string {
    return OPTIONS[Number(level)]?.[value] ?? `0x${(value >>> 0).toString(16)}`;
  }
})(INT, { failure: undefined });

/** An array of WSABUF: each a length, then a pointer; `dwBufferCount` counts them. */
export const BUFFERS_AT: AddressType = new (class extends AddressType {
  override show(thread: CallingThread, value: number, siblings: Siblings): string {
    const count = Number(siblings["dwBufferCount"]);
    const { memory, pointerSize } = thread;
    const shown = super.show(thread, value, siblings);
    if (value === 0 || !memory.accessible(value, 2 * pointerSize * count, "read")) return shown;
    const each = (index: number): string => {
      const at = value + 2 * pointerSize * index;
      return `{len=${memory.u32(at)}, buf=0x${memory.u32(at + pointerSize).toString(16)}}`;
    };
    return `${shown}[${Array.from({ length: Math.min(count, SHOWN) }, (_, index) => each(index)).join(", ")}${count > SHOWN ? ", …" : ""}]`;
  }
})("WSABUF*");

/** An fd_set: how many sockets, then they. */
export const FD_SET: AddressType = new (class extends AddressType {
  override show(thread: CallingThread, value: number, siblings: Siblings): string {
    const { memory, pointerSize } = thread;
    const shown = super.show(thread, value, siblings);
    if (value === 0 || !memory.accessible(value, pointerSize, "read")) return shown;
    const count = memory.u32(value);
    if (!memory.accessible(value, pointerSize * (count + 1), "read")) return shown;
    const sockets = Array.from(
      { length: Math.min(count, SHOWN) },
      (_, index) => `0x${memory.u32(value + pointerSize * (index + 1)).toString(16)}`,
    );
    return `${shown}{${sockets.join(", ")}${count > SHOWN ? ", …" : ""}}`;
  }
})("fd_set*");

const SHOWN = 8;
