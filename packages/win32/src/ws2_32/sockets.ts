import { Win32Error, WSA, type Handle } from "@decant/hook";
import { implement, waitFor, type GuestGenerator, type Thread } from "@decant/process";
import { DatagramSocket } from "./datagram-socket.ts";
import { socketsApi } from "./sockets.api.ts";
import { AF_INET, AF_INET6, storeAddress, wildcard } from "./socket-address.ts";
import { addressGiven, complete, socketAt, streamAt } from "./socket-calls.ts";
import type { Socket } from "./socket.ts";
import { requireStartup } from "./startup.ts";
import { StreamSocket } from "./stream-socket.ts";

const SOCK = { STREAM: 1, DGRAM: 2, RAW: 3 } as const;
const IPPROTO = { TCP: 6, UDP: 17 } as const;
const FIONBIO = 0x8004_667e;
const FIONREAD = 0x4004_667f;
const SIOCATMARK = 0x4004_7307;
const SIO_GET_EXTENSION_FUNCTION_POINTER = 0xc800_0006;
const SIO_BASE_HANDLE = 0x4800_0022;
/** Requests that change nothing here: SIO_KEEPALIVE_VALS, SIO_UDP_CONNRESET, SIO_UDP_NETRESET. */
const ACCEPTED = new Set([0x9800_0004, 0x9800_000c, 0x9800_000f]);

/** Functions that programs ask for by identifier: they are no exports of ws2_32 (mswsock.h). */
const EXTENSIONS: ReadonlyMap<string, string> = new Map([
  ["b5367df1cbac11cf95ca00805f48a192", "AcceptEx"],
  ["b5367df2cbac11cf95ca00805f48a192", "GetAcceptExSockaddrs"],
  ["25a207b9ddf346608ee976e58c74063e", "ConnectEx"],
  ["7fda2e118630436fa031f536a6eec157", "DisconnectEx"],
]);

/** Sockets: TCP and UDP over the host's network, or over one that holds only this run's programs. */
export const sockets = implement(socketsApi, {
  socket: makeSocket,
  WSASocketA: makeSocket,
  WSASocketW: makeSocket,
  closesocket(thread, s) {
    socketAt(thread, s);
    thread.process.handles.close(s);
    return 0;
  },
  *bind(thread, s, name, namelen) {
    const socket = socketAt(thread, s);
    const at = addressGiven(thread, socket, name, namelen);
    if (at === undefined) throw new Win32Error(WSA.EFAULT);
    yield* waitFor(socket.bind(at));
    return 0;
  },
  connect: (thread, s, name, namelen) => connect(thread, s, name, namelen),
  WSAConnect: (thread, s, name, namelen) => connect(thread, s, name, namelen),
  listen(thread, s, backlog) {
    streamAt(thread, s).listen(backlog);
    return 0;
  },
  *accept(thread, s, addr, addrlen) {
    const socket = streamAt(thread, s);
    const accepted = yield* complete(thread, socket, socket.accept());
    if (accepted.remote !== undefined) storeAddress(thread.memory, addr, addrlen, accepted.remote);
    return thread.process.handles.add(accepted);
  },
  getpeername(thread, s, name, namelen) {
    const { remote } = socketAt(thread, s);
    if (remote === undefined) throw new Win32Error(WSA.ENOTCONN);
    storeAddress(thread.memory, name, namelen, remote);
    return 0;
  },
  getsockname(thread, s, name, namelen) {
    const { local } = socketAt(thread, s);
    if (local === undefined) throw new Win32Error(WSA.EINVAL);
    storeAddress(thread.memory, name, namelen, local);
    return 0;
  },
  shutdown(thread, s, how) {
    if (how < 0 || how > 2) throw new Win32Error(WSA.EINVAL);
    socketAt(thread, s).shutdown(how);
    return 0;
  },
  ioctlsocket(thread, s, cmd, argp) {
    const socket = socketAt(thread, s);
    if (argp === 0) throw new Win32Error(WSA.EFAULT);
    control(thread, socket, cmd >>> 0, argp, argp);
    return 0;
  },
  WSAIoctl(thread, s, dwIoControlCode, lpvInBuffer, cbInBuffer, lpvOutBuffer, cbOutBuffer, lpcbBytesReturned) {
    const socket = socketAt(thread, s);
    const { pointerSize, memory } = thread;
    if (dwIoControlCode === SIO_GET_EXTENSION_FUNCTION_POINTER) {
      if (cbInBuffer < 16 || cbOutBuffer < pointerSize) throw new Win32Error(WSA.EFAULT);
      memory.setPointer(lpvOutBuffer, extension(thread, lpvInBuffer));
      lpcbBytesReturned.set(pointerSize);
    } else if (dwIoControlCode === SIO_BASE_HANDLE) {
      if (cbOutBuffer < pointerSize) throw new Win32Error(WSA.EFAULT);
      memory.setPointer(lpvOutBuffer, s);
      lpcbBytesReturned.set(pointerSize);
    } else if (ACCEPTED.has(dwIoControlCode)) lpcbBytesReturned.set(0);
    else {
      const needsInput = dwIoControlCode === FIONBIO;
      if ((needsInput ? cbInBuffer : cbOutBuffer) < 4) throw new Win32Error(WSA.EFAULT);
      control(thread, socket, dwIoControlCode, lpvInBuffer, lpvOutBuffer);
      lpcbBytesReturned.set(needsInput ? 0 : 4);
    }
    return 0;
  },
  /** Sockets pass to other processes by their handles alone (DuplicateHandle). */
  WSADuplicateSocketW(thread, s) {
    socketAt(thread, s);
    throw new Win32Error(WSA.EOPNOTSUPP);
  },
});

function makeSocket(thread: Thread, af: number, type: number, protocol: number): Handle {
  requireStartup(thread);
  if (af !== AF_INET && af !== AF_INET6) throw new Win32Error(WSA.EAFNOSUPPORT);
  // Only administrators make raw sockets.
  if (type === SOCK.RAW) throw new Win32Error(WSA.EACCES);
  if (type !== SOCK.STREAM && type !== SOCK.DGRAM && type !== 0) throw new Win32Error(WSA.ESOCKTNOSUPPORT);
  const isStream = type === SOCK.STREAM || (type === 0 && protocol !== IPPROTO.UDP);
  const expected = isStream ? IPPROTO.TCP : IPPROTO.UDP;
  if (protocol !== 0 && protocol !== expected) throw new Win32Error(WSA.EPROTONOSUPPORT);
  const { network } = thread.kernel.host;
  return thread.process.handles.add(isStream ? new StreamSocket(network, af, expected) : new DatagramSocket(network, af, expected));
}

function* connect(thread: Thread, s: Handle, name: number, length: number): GuestGenerator<number> {
  const socket = socketAt(thread, s);
  const to = addressGiven(thread, socket, name, length);
  if (to === undefined) throw new Win32Error(WSA.EFAULT);
  const isAnywhere = to.address === wildcard(socket.family).address;
  if (socket instanceof StreamSocket) {
    if (isAnywhere) throw new Win32Error(WSA.EADDRNOTAVAIL);
    const connecting = socket.connect(to);
    yield* complete(thread, socket, connecting);
  } else if (socket instanceof DatagramSocket) {
    if (!isAnywhere) yield* waitFor(socket.bound());
    socket.connect(isAnywhere ? undefined : to);
  }
  return 0;
}

function control({ memory }: Thread, socket: Socket, code: number, input: number, output: number): void {
  if (code === FIONBIO) {
    const isNonBlocking = memory.u32(input) !== 0;
    // "If WSAEventSelect has been issued on a socket, any attempt to set it back to blocking mode fails with WSAEINVAL."
    if (!isNonBlocking && socket.events.isActive) throw new Win32Error(WSA.EINVAL);
    socket.isNonBlocking = isNonBlocking;
  } else if (code === FIONREAD) memory.setU32(output, socket.available);
  else if (code === SIOCATMARK) memory.setU32(output, 1);
  else throw new Win32Error(WSA.EOPNOTSUPP);
}

/** The address of a function that is asked for by its GUID. */
function extension({ memory, process }: Thread, at: number): number {
  const hex = (value: number, digits: number): string => value.toString(16).padStart(digits, "0");
  const rest = Array.from(memory.read(at + 8, 8), (byte) => hex(byte, 2)).join("");
  const name = EXTENSIONS.get(hex(memory.u32(at), 8) + hex(memory.u16(at + 4), 4) + hex(memory.u16(at + 6), 4) + rest);
  const module = name === undefined ? undefined : process.loader.require("mswsock.dll");
  const address = module && process.loader.getProcAddress(module, name as string);
  if (address === undefined) throw new Win32Error(WSA.EINVAL);
  return address;
}
