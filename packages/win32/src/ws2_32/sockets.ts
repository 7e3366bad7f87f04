import { Win32Error, WSA, type Handle } from "@decant/hook";
import { Event, implement, sleep, type Thread } from "@decant/process";
import { socketsApi } from "./sockets.api.ts";
import { requireStartup } from "./startup.ts";

const AF_INET = 2;
const AF_INET6 = 23;
const FD_SETSIZE = 64;

/**
 * Sockets, which no program may open yet: making one fails with WSAEACCES, as it does where a firewall's policy forbids it, and so no call ever
 * finds one open.
 */
export const sockets = implement(socketsApi, {
  socket: (thread, af) => refuse(thread, af),
  WSASocketA: (thread, af) => refuse(thread, af),
  WSASocketW: (thread, af) => refuse(thread, af),
  closesocket: noSocket,
  accept: noSocket,
  bind: noSocket,
  connect: noSocket,
  getpeername: noSocket,
  getsockname: noSocket,
  getsockopt: noSocket,
  ioctlsocket: noSocket,
  listen: noSocket,
  recv: noSocket,
  recvfrom: noSocket,
  /** With no socket in any set there is nothing to wait for. */
  select(thread, _nfds, readfds, writefds, exceptfds) {
    requireStartup(thread);
    const counts = [readfds, writefds, exceptfds].map((set) => (set === 0 ? 0 : thread.memory.u32(set)));
    if (counts.every((count) => count === 0)) throw new Win32Error(WSA.EINVAL);
    throw new Win32Error(WSA.ENOTSOCK);
  },
  send: noSocket,
  sendto: noSocket,
  setsockopt: noSocket,
  shutdown: noSocket,
  __WSAFDIsSet({ memory, pointerSize }, fd, set) {
    const count = Math.min(memory.u32(set), FD_SETSIZE);
    const first = set + pointerSize;
    return Array.from({ length: count }, (_, i) => memory.u32(first + pointerSize * i)).includes(fd >>> 0) ? 1 : 0;
  },
  WSAIoctl: noSocket,
  WSASend: noSocket,
  WSARecv: noSocket,
  WSARecvFrom: noSocket,
  WSASendTo: noSocket,
  WSAEventSelect: noSocket,
  WSAEnumNetworkEvents: noSocket,
  *WSAPoll(thread, _fdArray, fds, timeout) {
    requireStartup(thread);
    if (fds === 0) throw new Win32Error(WSA.EINVAL);
    yield* sleep(thread, Math.max(0, timeout));
    throw new Win32Error(WSA.ENOTSOCK);
  },
  WSADuplicateSocketW: noSocket,
  WSACreateEvent: ({ process }) => process.handles.add(new Event(true, false)),
});

function refuse(thread: Thread, family: number): Handle {
  requireStartup(thread);
  if (family !== AF_INET && family !== AF_INET6) throw new Win32Error(WSA.EAFNOSUPPORT);
  const refusal = thread.process.state(REFUSAL, () => ({ isShown: false }));
  if (!refusal.isShown) thread.process.host.warn(`${thread.process.name} may not use the network; sockets are not there yet`);
  refusal.isShown = true;
  throw new Win32Error(WSA.EACCES);
}

const REFUSAL = Symbol("sockets were refused");

function noSocket(thread: Thread): never {
  requireStartup(thread);
  throw new Win32Error(WSA.ENOTSOCK);
}
