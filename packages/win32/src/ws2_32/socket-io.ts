import { cell, Win32Error, WSA, type Handle, type Out } from "@decant/hook";
import type { NetAddress } from "@decant/host";
import { implement, type GuestGenerator, type Thread } from "@decant/process";
import { startTelling, tellLater, tellNow, type OverlappedPlace } from "../files/overlapped.ts";
import { PendingIo } from "../files/pending-io.ts";
import { MessageTooLong } from "./datagram-socket.ts";
import type { Received } from "./socket.ts";
import { storeAddress } from "./socket-address.ts";
import { addressGiven, bindBeforeSending, complete, socketAt } from "./socket-calls.ts";
import { socketIoApi } from "./socket-io.api.ts";

const MSG = { OOB: 1, PEEK: 2, DONTROUTE: 4, WAITALL: 8, PARTIAL: 0x8000 } as const;
/** What the flags of an overlapped receive may come to. */
const NO_FLAGS = cell(0);
/** More buffers in a call than anybody has. */
const MAX_BUFFERS = 4096;

/** Sending and receiving ("Winsock Functions"). */
export const socketIo = implement(socketIoApi, {
  send: (thread, s, buf, len, flags) => sendBytes(thread, s, viewOf(thread, buf, len), { flags, to: undefined }),
  sendto: (thread, s, buf, len, flags, to, tolen) =>
    sendBytes(thread, s, viewOf(thread, buf, len), { flags, to: addressGiven(thread, socketAt(thread, s), to, tolen) }),
  recv: (thread, s, buf, len, flags) => receiveBytes(thread, s, buf, len, { flags, from: 0, fromLength: 0 }),
  recvfrom: (thread, s, buf, len, flags, from, fromlen) =>
    receiveBytes(thread, s, buf, len, { flags, from, fromLength: from === 0 ? 0 : fromlen }),

  WSASend: (thread, s, lpBuffers, dwBufferCount, lpNumberOfBytesSent, dwFlags, lpOverlapped, lpCompletionRoutine) =>
    sendBuffers(thread, s, lpBuffers, dwBufferCount, {
      count: lpNumberOfBytesSent, flags: dwFlags, to: undefined, overlapped: lpOverlapped, routine: lpCompletionRoutine,
    }), // prettier-ignore
  WSASendTo: (thread, s, lpBuffers, dwBufferCount, lpNumberOfBytesSent, dwFlags, lpTo, iTolen, lpOverlapped, lpCompletionRoutine) =>
    sendBuffers(thread, s, lpBuffers, dwBufferCount, {
      count: lpNumberOfBytesSent, flags: dwFlags, to: addressGiven(thread, socketAt(thread, s), lpTo, iTolen), overlapped: lpOverlapped,
      routine: lpCompletionRoutine,
    }), // prettier-ignore
  WSARecv: (thread, s, lpBuffers, dwBufferCount, lpNumberOfBytesRecvd, lpFlags, lpOverlapped, lpCompletionRoutine) =>
    receiveBuffers(thread, s, lpBuffers, dwBufferCount, {
      count: lpNumberOfBytesRecvd, flags: lpFlags, from: 0, fromLength: 0, overlapped: lpOverlapped, routine: lpCompletionRoutine,
    }), // prettier-ignore
  WSARecvFrom: (
    thread,
    s,
    lpBuffers,
    dwBufferCount,
    lpNumberOfBytesRecvd,
    lpFlags,
    lpFrom,
    lpFromlen,
    lpOverlapped,
    lpCompletionRoutine,
  ) =>
    receiveBuffers(thread, s, lpBuffers, dwBufferCount, {
      count: lpNumberOfBytesRecvd, flags: lpFlags, from: lpFrom, fromLength: lpFrom === 0 ? 0 : lpFromlen, overlapped: lpOverlapped,
      routine: lpCompletionRoutine,
    }), // prettier-ignore
});

interface SendOptions {
  readonly flags: number;
  readonly to: NetAddress | undefined;
}

function* sendBytes(thread: Thread, s: Handle, bytes: Uint8Array, { flags, to }: SendOptions): GuestGenerator<number> {
  const socket = socketAt(thread, s);
  if ((flags & ~(MSG.DONTROUTE | MSG.PARTIAL)) !== 0) throw new Win32Error(WSA.EOPNOTSUPP);
  const own = bytes.slice();
  yield* bindBeforeSending(socket);
  return yield* complete(thread, socket, socket.send(own, to), socket.sendTimeoutMs);
}

interface ReceiveOptions {
  readonly flags: number;
  /** Where the sender's address goes, and the int that says how much room there is. */
  readonly from: number;
  readonly fromLength: number;
}

function* receiveBytes(
  thread: Thread,
  s: Handle,
  buffer: number,
  length: number,
  { flags, from, fromLength }: ReceiveOptions,
): GuestGenerator<number> {
  const socket = socketAt(thread, s);
  if (length < 0) throw new Win32Error(WSA.EFAULT);
  if ((flags & ~(MSG.PEEK | MSG.WAITALL | MSG.PARTIAL)) !== 0) throw new Win32Error(WSA.EOPNOTSUPP);
  const peek = (flags & MSG.PEEK) !== 0;
  const isWhole = socket.type === 2 || peek || (flags & MSG.WAITALL) === 0;
  let done = 0;
  try {
    do {
      const received = yield* complete(thread, socket, socket.receive({ maxBytes: length - done, peek }), socket.receiveTimeoutMs);
      store(thread, { address: buffer + done, length: length - done }, received, from, fromLength);
      done += received.bytes.length;
      if (isWhole || received.bytes.length === 0) return done;
    } while (done < length);
    return done;
  } catch (error) {
    if (error instanceof MessageTooLong) store(thread, { address: buffer, length }, error.received, from, fromLength);
    throw error;
  }
}

interface OverlappedSend extends SendOptions {
  readonly count: Out<number>;
  readonly overlapped: OverlappedPlace;
  readonly routine: number;
}

function* sendBuffers(
  thread: Thread,
  s: Handle,
  buffers: number,
  bufferCount: number,
  { count, flags, to, overlapped, routine }: OverlappedSend,
): GuestGenerator<number> {
  const bytes = gather(thread, readBuffers(thread, buffers, bufferCount));
  if (overlapped.isNull) {
    count.set(yield* sendBytes(thread, s, bytes, { flags, to }));
    return 0;
  }
  const socket = socketAt(thread, s);
  yield* bindBeforeSending(socket);
  const telling = startTelling(thread, socket, overlapped, routine);
  const sent = socket.send(bytes, to);
  if (sent instanceof PendingIo) return tellLater(telling, sent, (outcome) => ("value" in outcome ? outcome.value : 0));
  count.set(sent);
  tellNow(telling, sent);
  return 0;
}

interface OverlappedReceive extends Omit<ReceiveOptions, "flags"> {
  readonly count: Out<number>;
  readonly flags: Out<number>;
  readonly overlapped: OverlappedPlace;
  readonly routine: number;
}

function* receiveBuffers(
  thread: Thread,
  s: Handle,
  buffers: number,
  bufferCount: number,
  { count, flags, from, fromLength, overlapped, routine }: OverlappedReceive,
): GuestGenerator<number> {
  const places = readBuffers(thread, buffers, bufferCount);
  const maxBytes = places.reduce((sum, { length }) => sum + length, 0);
  const socket = socketAt(thread, s);
  const given = (flags.isNull ? NO_FLAGS : flags).get();
  if ((given & ~(MSG.PEEK | MSG.WAITALL | MSG.PARTIAL)) !== 0) throw new Win32Error(WSA.EOPNOTSUPP);
  const peek = (given & MSG.PEEK) !== 0;
  if (overlapped.isNull) {
    const received = yield* complete(thread, socket, socket.receive({ maxBytes, peek }), socket.receiveTimeoutMs);
    scatter(thread, places, received, from, fromLength);
    count.set(received.bytes.length);
    flags.set(0);
    return 0;
  }
  const telling = startTelling(thread, socket, overlapped, routine);
  const received = socket.receive({ maxBytes, peek });
  const finish = (value: Received): number => {
    scatter(thread, places, value, from, fromLength);
    return value.bytes.length;
  };
  if (received instanceof PendingIo) {
    return tellLater(telling, received, (outcome) => {
      if ("value" in outcome) return finish(outcome.value);
      return outcome.error instanceof MessageTooLong ? finish(outcome.error.received) : 0;
    });
  }
  const length = finish(received);
  count.set(length);
  flags.set(0);
  tellNow(telling, length);
  return 0;
}

/** A piece of guest memory. */
interface Place {
  readonly address: number;
  readonly length: number;
}

/** WSABUF structures: a length, then a pointer. */
function readBuffers({ memory, pointerSize }: Thread, at: number, count: number): Place[] {
  if (count > MAX_BUFFERS) throw new Win32Error(WSA.EINVAL);
  return Array.from({ length: count }, (_, i) => {
    const entry = at + 2 * pointerSize * i;
    return { length: memory.u32(entry), address: memory.u32(entry + pointerSize) };
  });
}

function viewOf({ memory }: Thread, address: number, length: number): Uint8Array {
  if (length < 0) throw new Win32Error(WSA.EFAULT);
  return length === 0 ? new Uint8Array(0) : memory.read(address, length);
}

function gather(thread: Thread, places: readonly Place[]): Uint8Array {
  const parts = places.map(({ address, length }) => viewOf(thread, address, length));
  if (parts.length === 1) return parts[0] as Uint8Array;
  const all = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

function scatter(thread: Thread, places: readonly Place[], { bytes, from: sender }: Received, from: number, fromLength: number): void {
  let at = 0;
  for (const { address, length } of places) {
    const part = bytes.subarray(at, at + length);
    if (part.length > 0) thread.memory.write(address, part);
    at += part.length;
  }
  if (sender !== undefined) storeAddress(thread.memory, from, fromLength, sender);
}

function store(thread: Thread, place: Place, received: Received, from: number, fromLength: number): void {
  scatter(thread, [place], received, from, fromLength);
}
