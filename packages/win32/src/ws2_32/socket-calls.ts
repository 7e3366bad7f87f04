import { Win32Error, WSA, type Handle } from "@decant/hook";
import type { NetAddress } from "@decant/host";
import { INFINITE, waitFor, type GuestGenerator, type Thread } from "@decant/process";
import { waitForIo } from "../files/overlapped.ts";
import { PendingIo } from "../files/pending-io.ts";
import { DatagramSocket } from "./datagram-socket.ts";
import { requireStartup } from "./startup.ts";
import { Socket } from "./socket.ts";
import { readAddress } from "./socket-address.ts";
import { StreamSocket } from "./stream-socket.ts";

/** The socket of a handle. Throws WSANOTINITIALISED and WSAENOTSOCK. */
export function socketAt(thread: Thread, handle: Handle): Socket {
  requireStartup(thread);
  const socket = thread.process.handles.find(handle);
  if (!(socket instanceof Socket)) throw new Win32Error(WSA.ENOTSOCK);
  return socket;
}

/** The same, of TCP. Throws WSAEOPNOTSUPP for another. */
export function streamAt(thread: Thread, handle: Handle): StreamSocket {
  const socket = socketAt(thread, handle);
  if (!(socket instanceof StreamSocket)) throw new Win32Error(WSA.EOPNOTSUPP);
  return socket;
}

/** The address that a call gives; undefined where it gives none. */
export function addressGiven({ memory }: Thread, socket: Socket, at: number, length: number): NetAddress | undefined {
  return at === 0 ? undefined : readAddress(memory, at, length, socket.family);
}

/** Sending to somewhere gives a datagram socket a port of its own. */
export function* bindBeforeSending(socket: Socket): GuestGenerator<void> {
  if (socket instanceof DatagramSocket && socket.local === undefined) yield* waitFor(socket.bound());
}

/** What a call that returns when it is done returns: a socket that does not block fails with WSAEWOULDBLOCK in the place of waiting. */
export function* complete<T>(thread: Thread, socket: Socket, result: T | PendingIo<T>, timeoutMs = 0): GuestGenerator<T> {
  if (!(result instanceof PendingIo)) return result;
  if (socket.isNonBlocking && result.outcome === undefined) {
    result.cancel();
    throw new Win32Error(WSA.EWOULDBLOCK);
  }
  let isLate = false;
  const onTimeout = (): void => {
    isLate = true;
    result.cancel();
  };
  const cancelTimer = timeoutMs === 0 ? undefined : thread.kernel.timers.after(timeoutMs, onTimeout);
  try {
    return yield* waitForIo(thread, result);
  } catch (error) {
    throw isLate ? new Win32Error(WSA.ETIMEDOUT) : error;
  } finally {
    cancelTimer?.();
  }
}

/** Looks each time that one of the sockets changes, until there is something to see or the time is over: undefined then. */
export function* untilChanged<T>(
  thread: Thread,
  sockets: readonly Socket[],
  look: () => T | undefined,
  timeoutMs: number,
): GuestGenerator<T | undefined> {
  const now = look();
  if (now !== undefined || timeoutMs === 0) return now;
  return (yield {
    kind: "block",
    begin(resume) {
      const waiter = {
        poll() {
          const found = look();
          if (found !== undefined) finish(found);
          return found !== undefined;
        },
      };
      const cancelTimer = timeoutMs === INFINITE ? undefined : thread.kernel.timers.after(timeoutMs, () => finish(undefined));
      const cancel = (): void => {
        cancelTimer?.();
        for (const socket of sockets) socket.removeWaiter(waiter);
      };
      const finish = (value: T | undefined): void => {
        cancel();
        resume(value);
      };
      for (const socket of sockets) socket.addWaiter(waiter);
      return cancel;
    },
  }) as T | undefined;
}
