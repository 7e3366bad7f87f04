import { NULL_HANDLE, Win32Error, WSA, type Handle } from "@decant/hook";
import { Event, implement, INFINITE, sleep, type Thread } from "@decant/process";
import { FD } from "./network-events.ts";
import { Socket } from "./socket.ts";
import { socketAt, untilChanged } from "./socket-calls.ts";
import { socketWaitsApi } from "./socket-waits.api.ts";
import { requireStartup } from "./startup.ts";
import { StreamSocket } from "./stream-socket.ts";

/** More than any program's FD_SETSIZE. */
const MAX_SOCKETS = 16_384;
const POLL = { RDNORM: 0x100, RDBAND: 0x200, WRNORM: 0x10, ERR: 1, HUP: 2, NVAL: 4 } as const;

/** Waiting for sockets. */
export const socketWaits = implement(socketWaitsApi, {
  *select(thread, _nfds, readfds, writefds, exceptfds, timeout) {
    requireStartup(thread);
    const sets = [readfds, writefds, exceptfds].map((at) => readSet(thread, at));
    if (sets.every(({ sockets }) => sockets.length === 0)) throw new Win32Error(WSA.EINVAL);
    const timeoutMs = timeout === undefined ? INFINITE : Math.max(0, timeout.tv_sec * 1000 + Math.ceil(timeout.tv_usec / 1000));
    const look = (): FdSet[] | undefined => {
      const ready = sets.map(({ at, sockets }, kind) => ({ at, sockets: sockets.filter(({ socket }) => isReady(socket, kind)) }));
      return ready.some(({ sockets }) => sockets.length > 0) ? ready : undefined;
    };
    const all = sets.flatMap(({ sockets }) => sockets.map(({ socket }) => socket));
    const ready = (yield* untilChanged(thread, all, look, timeoutMs)) ?? sets.map(({ at }) => ({ at, sockets: [] }));
    for (const set of ready) writeSet(thread, set);
    return ready.reduce((sum, { sockets }) => sum + sockets.length, 0);
  },
  __WSAFDIsSet: (thread, fd, set) => Number(handlesIn(thread, set).includes(fd)),

  *WSAPoll(thread, fdArray, fds, timeout) {
    requireStartup(thread);
    if (fds === 0 || fds > MAX_SOCKETS) throw new Win32Error(WSA.EINVAL);
    const { memory, pointerSize, process } = thread;
    const entries = Array.from({ length: fds }, (_, i) => {
      const at = fdArray + 2 * pointerSize * i;
      const handle = memory.i32(at) as Handle;
      const found = handle < 0 ? undefined : process.handles.find(handle);
      const socket = found instanceof Socket ? found : undefined;
      return { at: at + pointerSize, isIgnored: handle < 0, socket, events: memory.u16(at + pointerSize) };
    });
    const look = (): number[] | undefined => {
      const results = entries.map(({ isIgnored, socket, events }) => (isIgnored ? 0 : socket === undefined ? POLL.NVAL : poll(socket, events)));
      return results.some((result) => result !== 0) ? results : undefined;
    };
    const sockets = entries.flatMap(({ socket }) => socket ?? []);
    const timeoutMs = timeout < 0 ? INFINITE : timeout;
    if (sockets.length === 0 && look() === undefined) yield* sleep(thread, timeoutMs);
    const results = yield* untilChanged(thread, sockets, look, sockets.length === 0 ? 0 : timeoutMs);
    entries.forEach(({ at }, i) => memory.setU16(at + 2, results?.[i] ?? 0));
    return results?.filter((result) => result !== 0).length ?? 0;
  },

  WSAEventSelect(thread, s, hEventObject, lNetworkEvents) {
    const socket = socketAt(thread, s);
    const event = hEventObject === NULL_HANDLE ? undefined : thread.process.handles.get(hEventObject, Event);
    socket.events.watch(lNetworkEvents === 0 ? undefined : event, lNetworkEvents);
    if (lNetworkEvents === 0) return 0;
    socket.isNonBlocking = true;
    // What holds already is told at once.
    const { read, write, hungUp } = socket.readiness;
    if (read) socket.events.post(socket instanceof StreamSocket && socket.isListening ? FD.ACCEPT : FD.READ);
    if (write) socket.events.post(FD.WRITE);
    if (hungUp) socket.events.post(FD.CLOSE);
    return 0;
  },
  WSAEnumNetworkEvents(thread, s, hEventObject, lpNetworkEvents) {
    const socket = socketAt(thread, s);
    if (lpNetworkEvents === 0) throw new Win32Error(WSA.EFAULT);
    if (hEventObject !== NULL_HANDLE) thread.process.handles.get(hEventObject, Event).reset();
    const { bits, errors } = socket.events.take();
    [bits, ...errors].forEach((value, i) => thread.memory.setU32(lpNetworkEvents + 4 * i, value));
    return 0;
  },
  WSACreateEvent: ({ process }) => process.handles.add(new Event(true, false)),
}); // prettier-ignore

interface FdSet {
  readonly at: number;
  readonly sockets: readonly { handle: Handle; socket: Socket }[];
}

/** An fd_set: a count, then handles of a pointer's size. */
function readSet(thread: Thread, at: number): FdSet {
  return { at, sockets: handlesIn(thread, at).map((handle) => ({ handle, socket: socketAt(thread, handle) })) };
}

function handlesIn({ memory, pointerSize }: Thread, at: number): Handle[] {
  if (at === 0) return [];
  const count = memory.u32(at);
  if (count > MAX_SOCKETS) throw new Win32Error(WSA.EINVAL);
  return Array.from({ length: count }, (_, i) => memory.i32(at + pointerSize * (1 + i)) as Handle);
}

function writeSet({ memory, pointerSize }: Thread, { at, sockets }: FdSet): void {
  if (at === 0) return;
  memory.setU32(at, sockets.length);
  sockets.forEach(({ handle }, i) => memory.setPointer(at + pointerSize * (1 + i), handle));
}

/** Whether a socket belongs into the first, second or third set. */
function isReady({ readiness }: Socket, kind: number): boolean {
  return kind === 0 ? readiness.read : kind === 1 ? readiness.write : readiness.failed;
}

function poll({ readiness: { read, write, failed, hungUp } }: Socket, events: number): number {
  return (
    (read && !hungUp ? events & POLL.RDNORM : 0) |
    (read && hungUp ? (events & POLL.RDNORM) | POLL.HUP : 0) |
    (write ? events & POLL.WRNORM : 0) |
    (failed ? POLL.ERR | POLL.HUP : 0)
  );
}
