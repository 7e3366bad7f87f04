import { Win32Error, WSA } from "@decant/hook";
import { implement, type Thread } from "@decant/process";
import { socketOptionsApi } from "./socket-options.api.ts";
import type { Socket } from "./socket.ts";
import { socketAt } from "./socket-calls.ts";
import { StreamSocket } from "./stream-socket.ts";

const LEVEL = { SOCKET: 0xffff, IP: 0, TCP: 6, IPV6: 41 } as const;
const SO = { ACCEPTCONN: 2, KEEPALIVE: 8, BROADCAST: 0x20, LINGER: 0x80, SNDTIMEO: 0x1005, RCVTIMEO: 0x1006, ERROR: 0x1007, TYPE: 0x1008, MAX_MSG_SIZE: 0x2003, UPDATE_ACCEPT_CONTEXT: 0x700b, CONNECT_TIME: 0x700c, UPDATE_CONNECT_CONTEXT: 0x7010 } as const; // prettier-ignore
const TCP_NODELAY = 1;
const MAX_DATAGRAM = 65_507;

/** One option: a number that is kept, and what setting it does. */
interface Option {
  readonly initial?: number;
  read?(socket: Socket): number;
  /** Absent: it only remembers. */
  write?(socket: Socket, value: number): void;
  readonly isReadOnly?: boolean;
  /** It has no value to read or write ("SOL_SOCKET Socket Options"). */
  readonly isAction?: boolean;
}

const plain: Option = {};

/** Every option that there is, by level and number ("Socket Options"). What is not here is WSAENOPROTOOPT. */
const OPTIONS: ReadonlyMap<string, Option> = new Map<string, Option>([
  ...[1, 4, 0x10, 0x40, 0x100, -5].map((name): [string, Option] => [key(LEVEL.SOCKET, name), plain]),
  [key(LEVEL.SOCKET, 0x1001), { initial: 65_536 }],
  [key(LEVEL.SOCKET, 0x1002), { initial: 65_536 }],
  [key(LEVEL.SOCKET, SO.ACCEPTCONN), { read: (socket) => Number(socket instanceof StreamSocket && socket.isListening), isReadOnly: true }],
  [key(LEVEL.SOCKET, SO.KEEPALIVE), { write: (socket, value) => socket.configure({ keepAlive: value !== 0 }) }],
  [key(LEVEL.SOCKET, SO.BROADCAST), { write: (socket, value) => socket.configure({ broadcast: value !== 0 }) }],
  [key(LEVEL.SOCKET, SO.RCVTIMEO), { read: (socket) => socket.receiveTimeoutMs, write: (socket, value) => (socket.receiveTimeoutMs = value >>> 0) }],
  [key(LEVEL.SOCKET, SO.SNDTIMEO), { read: (socket) => socket.sendTimeoutMs, write: (socket, value) => (socket.sendTimeoutMs = value >>> 0) }],
  [key(LEVEL.SOCKET, SO.ERROR), { read: (socket) => socket.takeError(), isReadOnly: true }],
  [key(LEVEL.SOCKET, SO.TYPE), { read: (socket) => socket.type, isReadOnly: true }],
  [key(LEVEL.SOCKET, SO.MAX_MSG_SIZE), { read: (socket) => (socket.type === 2 ? MAX_DATAGRAM : 0), isReadOnly: true }],
  [key(LEVEL.SOCKET, SO.CONNECT_TIME), { read: (socket) => (socket.remote === undefined ? -1 : 0), isReadOnly: true }],
  [key(LEVEL.SOCKET, SO.UPDATE_ACCEPT_CONTEXT), { isAction: true }],
  [key(LEVEL.SOCKET, SO.UPDATE_CONNECT_CONTEXT), { isAction: true }],
  [key(LEVEL.TCP, TCP_NODELAY), { write: (socket, value) => socket.configure({ noDelay: value !== 0 }) }],
  ...[3, 5, 16, 17].map((name): [string, Option] => [key(LEVEL.TCP, name), plain]),
  ...[3, 9, 14, 19, 31].map((name): [string, Option] => [key(LEVEL.IP, name), plain]),
  [key(LEVEL.IP, 4), { initial: 128 }],
  [key(LEVEL.IP, 10), { initial: 1 }],
  [key(LEVEL.IP, 11), { initial: 1 }],
  ...[9, 19, 31].map((name): [string, Option] => [key(LEVEL.IPV6, name), plain]),
  [key(LEVEL.IPV6, 4), { initial: 128 }],
  [key(LEVEL.IPV6, 10), { initial: 1 }],
  [key(LEVEL.IPV6, 11), { initial: 1 }],
  [key(LEVEL.IPV6, 27), { initial: 1 }],
]); // prettier-ignore

/** Options of sockets. */
export const socketOptions = implement(socketOptionsApi, {
  getsockopt(thread, s, level, optname, optval, optlen) {
    const socket = socketAt(thread, s);
    if (level === LEVEL.SOCKET && (optname === SO.LINGER || optname === ~SO.LINGER)) return readLinger(thread, socket, optname, optval, optlen);
    const option = optionAt(level, optname);
    if (option.isAction === true) throw new Win32Error(WSA.ENOPROTOOPT);
    const value = option.read?.(socket) ?? socket.options.get(key(level, optname)) ?? option.initial ?? 0;
    storeInt(thread, optval, optlen, value);
    return 0;
  },
  setsockopt(thread, s, level, optname, optval, optlen) {
    const socket = socketAt(thread, s);
    if (level === LEVEL.SOCKET && (optname === SO.LINGER || optname === ~SO.LINGER)) return writeLinger(thread, socket, optname, optval, optlen);
    const option = optionAt(level, optname);
    if (option.isReadOnly === true) throw new Win32Error(WSA.ENOPROTOOPT);
    if (option.isAction === true) return 0;
    if (optval === 0 || optlen < 1) throw new Win32Error(WSA.EFAULT);
    const value = optlen >= 4 ? thread.memory.i32(optval) : thread.memory.u8(optval);
    socket.options.set(key(level, optname), value);
    option.write?.(socket, value);
    return 0;
  },
}); // prettier-ignore

function key(level: number, name: number): string {
  return `${level}/${name | 0}`;
}

function optionAt(level: number, name: number): Option {
  const option = OPTIONS.get(key(level, name));
  if (option === undefined) throw new Win32Error(WSA.ENOPROTOOPT);
  return option;
}

function storeInt({ memory }: Thread, at: number, length: number, value: number): void {
  if (at === 0 || length === 0) throw new Win32Error(WSA.EFAULT);
  const room = memory.i32(length);
  if (room < 1) throw new Win32Error(WSA.EFAULT);
  if (room >= 4) memory.setU32(at, value >>> 0);
  else memory.setU8(at, value & 0xff);
  memory.setU32(length, Math.min(room, 4));
}

/** SO_LINGER has two 16-bit numbers; SO_DONTLINGER, its complement, says whether it is off. */
function readLinger(thread: Thread, { linger }: Socket, name: number, at: number, length: number): number {
  if (name !== SO.LINGER) {
    storeInt(thread, at, length, linger.isOn ? 0 : 1);
    return 0;
  }
  if (at === 0 || length === 0 || thread.memory.i32(length) < 4) throw new Win32Error(WSA.EFAULT);
  thread.memory.setU32(at, Number(linger.isOn) | (linger.seconds << 16));
  thread.memory.setU32(length, 4);
  return 0;
}

function writeLinger({ memory }: Thread, socket: Socket, name: number, at: number, length: number): number {
  if (at === 0 || length < 4) throw new Win32Error(WSA.EFAULT);
  if (name === SO.LINGER) socket.linger = { isOn: memory.u16(at) !== 0, seconds: memory.u16(at + 2) };
  else socket.linger = { ...socket.linger, isOn: memory.u32(at) === 0 };
  return 0;
}
