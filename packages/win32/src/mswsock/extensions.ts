import { Win32Error, WSA } from "@decant/hook";
import { implement, type Thread } from "@decant/process";
import { startTelling, tellLater, tellNow } from "../files/overlapped.ts";
import { PendingIo } from "../files/pending-io.ts";
import { encodeAddress } from "../ws2_32/socket-address.ts";
import { addressGiven, streamAt } from "../ws2_32/socket-calls.ts";
import type { Received } from "../ws2_32/socket.ts";
import type { StreamSocket } from "../ws2_32/stream-socket.ts";
import { socketExtensionsApi } from "./extensions.api.ts";

/** "At least 16 bytes more than the maximum address length": the first four say how long the address is. */
const ADDRESS_EXTRA = 16;

/** Connecting and accepting that completes later, as servers with completion ports do. */
export const socketExtensions = implement(socketExtensionsApi, {
  AcceptEx(thread, sListenSocket, sAcceptSocket, lpOutputBuffer, dwReceiveDataLength, localLength, remoteLength, count, lpOverlapped) {
    const listening = streamAt(thread, sListenSocket);
    const target = streamAt(thread, sAcceptSocket);
    const sizes = { data: dwReceiveDataLength, local: localLength, remote: remoteLength };
    const telling = startTelling(thread, listening, lpOverlapped);
    const accepted = acceptInto(listening, target, dwReceiveDataLength);
    const finish = ({ bytes }: Received): number => {
      storeAccepted(thread, target, lpOutputBuffer, sizes, bytes);
      return bytes.length;
    };
    if (accepted.outcome === undefined || "error" in accepted.outcome)
      return tellLater(telling, accepted, (outcome) => ("value" in outcome ? finish(outcome.value) : 0));
    const length = finish(accepted.outcome.value);
    count.set(length);
    tellNow(telling, length);
    return true;
  },

  GetAcceptExSockaddrs({ memory }, lpOutputBuffer, data, local, _remote, LocalSockaddr, LocalLength, RemoteSockaddr, RemoteLength) {
    const at = lpOutputBuffer + data;
    LocalSockaddr.set(at + 4);
    LocalLength.set(memory.i32(at));
    RemoteSockaddr.set(at + local + 4);
    RemoteLength.set(memory.i32(at + local));
  },

  ConnectEx(thread, s, name, namelen, lpSendBuffer, dwSendDataLength, lpdwBytesSent, lpOverlapped) {
    const socket = streamAt(thread, s);
    const to = addressGiven(thread, socket, name, namelen);
    if (to === undefined) throw new Win32Error(WSA.EFAULT);
    // "A previously bound, unconnected socket."
    if (socket.local === undefined) throw new Win32Error(WSA.EINVAL);
    const bytes = dwSendDataLength === 0 ? new Uint8Array(0) : thread.memory.read(lpSendBuffer, dwSendDataLength);
    const telling = startTelling(thread, socket, lpOverlapped);
    lpdwBytesSent.set(0);
    const connected = then(socket.connect(to), () => socket.send(bytes));
    return tellLater(telling, connected, (outcome) => ("value" in outcome ? outcome.value : 0));
  },

  DisconnectEx(thread, s, lpOverlapped) {
    const socket = streamAt(thread, s);
    socket.shutdown(2);
    if (!lpOverlapped.isNull) tellNow(startTelling(thread, socket, lpOverlapped), 0);
    return true;
  },
});

interface Sizes {
  readonly data: number;
  readonly local: number;
  readonly remote: number;
}

/** Accepts a connection, and with `length` waits for its first bytes too. */
function acceptInto(listening: StreamSocket, target: StreamSocket, length: number): PendingIo<Received> {
  const nothing: Received = { bytes: new Uint8Array(0) };
  return then(listening.accept(target), (socket) => (length === 0 ? nothing : socket.receive({ maxBytes: length })));
}

function storeAccepted({ memory }: Thread, { local, remote }: StreamSocket, at: number, sizes: Sizes, bytes: Uint8Array): void {
  if (bytes.length > 0) memory.write(at, bytes);
  const places = [[local, at + sizes.data, sizes.local], [remote, at + sizes.data + sizes.local, sizes.remote]] as const; // prettier-ignore
  for (const [address, place, room] of places) {
    if (address === undefined) continue;
    const encoded = encodeAddress(address);
    if (room < encoded.length + ADDRESS_EXTRA) throw new Win32Error(WSA.EFAULT);
    memory.setU32(place, encoded.length);
    memory.write(place + 4, encoded);
  }
}

/** Goes on when an access has ended. Cancelled, the access that is under way is. */
function then<A, B>(first: A | PendingIo<A>, next: (value: A) => B | PendingIo<B>): PendingIo<B> {
  let current: { cancel(): void } | undefined = first instanceof PendingIo ? first : undefined;
  const result = new PendingIo<B>(() => current?.cancel());
  const goOn = (value: A): void => {
    try {
      const following = next(value);
      if (!(following instanceof PendingIo)) return result.end({ value: following });
      current = following;
      following.onEnd((outcome) => result.end(outcome));
    } catch (error) {
      result.end({ error });
    }
  };
  if (first instanceof PendingIo) first.onEnd((outcome) => ("value" in outcome ? goOn(outcome.value) : result.end(outcome)));
  else goOn(first);
  return result;
}
