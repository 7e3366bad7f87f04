import { Win32Error, win32ErrorOf, WSA } from "@decant/hook";
import type { HostNetwork, NetAddress } from "@decant/host";
import { FILE_TYPE, IoObject } from "../files/io-object.ts";
import { PendingIo } from "../files/pending-io.ts";
import { NetworkEvents } from "./network-events.ts";

/** What a receive gave. */
export interface Received {
  readonly bytes: Uint8Array;
  /** The sender of a datagram. */
  readonly from?: NetAddress;
}

/** How to receive. */
export interface ReceiveOptions {
  readonly maxBytes: number;
  /** MSG_PEEK: what is received stays. */
  readonly peek?: boolean;
}

/** What select and WSAPoll look at. */
export interface Readiness {
  readonly read: boolean;
  readonly write: boolean;
  /** A connection failed. */
  readonly failed: boolean;
  /** The peer has ended or reset the connection. */
  readonly hungUp: boolean;
}

/** Which accesses wait for each other: those of one kind end in order. */
type Kind = "receive" | "send" | "accept" | "connect";

interface Attempt {
  /** Tries once more; true when it has ended. */
  run(): boolean;
  cancel(): void;
}

/** A socket of either kind. */
export abstract class Socket extends IoObject {
  readonly fileType = FILE_TYPE.PIPE;
  override isOverlapped = true;
  /** AF_INET or AF_INET6. */
  readonly family: number;
  readonly protocol: number;
  abstract readonly type: 1 | 2;
  /** FIONBIO, or WSAEventSelect. */
  isNonBlocking = false;
  /** What options were set to and have no other effect, by level and name. */
  readonly options = new Map<string, number>();
  /** SO_RCVTIMEO and SO_SNDTIMEO, in milliseconds; 0 for none. */
  receiveTimeoutMs = 0;
  sendTimeoutMs = 0;
  /** SO_LINGER. */
  linger: { isOn: boolean; seconds: number } = { isOn: false, seconds: 0 };
  readonly events = new NetworkEvents();
  protected readonly network: HostNetwork;
  /** SO_ERROR: a failure that no call has told yet. */
  protected error: number | undefined;
  readonly #attempts: Record<Kind, Attempt[]> = { receive: [], send: [], accept: [], connect: [] };

  constructor(network: HostNetwork, family: number, protocol: number) {
    super();
    this.network = network;
    this.family = family;
    this.protocol = protocol;
  }

  /** The address that it is bound to; undefined before. */
  abstract readonly local: NetAddress | undefined;
  /** The address that it is connected to. */
  abstract readonly remote: NetAddress | undefined;
  abstract readonly readiness: Readiness;
  /** Bytes that a receive would find (FIONREAD). */
  abstract readonly available: number;

  /** Throws WSAEADDRINUSE, WSAEADDRNOTAVAIL, WSAEACCES, WSAEINVAL. */
  abstract bind(at: NetAddress): Promise<void>;
  /** What there is to receive; undefined while there is nothing yet. No bytes: the peer has ended. */
  abstract tryReceive(options: ReceiveOptions): Received | undefined;
  /** Takes all bytes; undefined while there is no room. */
  abstract trySend(bytes: Uint8Array, to: NetAddress | undefined): number | undefined;
  /** SD_RECEIVE 0, SD_SEND 1, SD_BOTH 2. */
  abstract shutdown(how: number): void;
  /** Options of TCP that the host knows, or SO_BROADCAST. */
  abstract configure(options: { noDelay?: boolean; keepAlive?: boolean; broadcast?: boolean }): void;

  /** SO_ERROR, which forgets it. */
  takeError(): number {
    const { error = 0 } = this;
    this.error = undefined;
    return error;
  }

  receive(options: ReceiveOptions): Received | PendingIo<Received> {
    return this.whenReady("receive", () => this.tryReceive(options));
  }

  send(bytes: Uint8Array, to?: NetAddress): number | PendingIo<number> {
    const now = this.#attempts.send.length === 0 ? this.trySend(bytes, to) : undefined;
    if (now !== undefined) return now;
    const copy = bytes.slice();
    return this.whenReady("send", () => this.trySend(copy, to));
  }

  override read(into: Uint8Array): number | PendingIo<Uint8Array> {
    const received = this.receive({ maxBytes: into.length });
    if (!(received instanceof PendingIo)) {
      into.set(received.bytes);
      return received.bytes.length;
    }
    const pending = new PendingIo<Uint8Array>(() => received.cancel());
    received.onEnd((outcome) => pending.end("value" in outcome ? { value: outcome.value.bytes } : outcome));
    return pending;
  }

  override write(bytes: Uint8Array): number | PendingIo<number> {
    return this.send(bytes);
  }

  /** Tries now, unless others of its kind wait already, and else each time that the socket changes. */
  protected whenReady<T>(kind: Kind, attempt: () => T | undefined): T | PendingIo<T> {
    const queue = this.#attempts[kind];
    const now = queue.length === 0 ? attempt() : undefined;
    if (now !== undefined) return now;
    const waiting: Attempt = {
      run() {
        try {
          const value = attempt();
          if (value === undefined) return false;
          pending.end({ value });
        } catch (error) {
          pending.end({ error });
        }
        return true;
      },
      cancel: () => pending.cancel(),
    };
    const pending = new PendingIo<T>(() => {
      const index = queue.indexOf(waiting);
      if (index >= 0) queue.splice(index, 1);
    });
    queue.push(waiting);
    return pending;
  }

  /** Something has arrived, ended or made room: those who wait try again, and select looks again. */
  protected changed(): void {
    for (const queue of Object.values(this.#attempts)) while (queue.length > 0 && (queue[0] as Attempt).run()) queue.shift();
    this.wake();
  }

  protected override close(): void {
    for (const access of Array.from(this.accesses)) access.cancel();
    for (const queue of Object.values(this.#attempts)) for (const attempt of Array.from(queue)) attempt.cancel();
    this.events.watch(undefined, 0);
  }
}

/** The WSAE code of a failure: the host's POSIX codes are other codes to sockets than to files. */
export function socketErrorOf(error: unknown): number {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  return SOCKET_CODES.get(String(code)) ?? win32ErrorOf(error) ?? WSA.ENETDOWN;
}

const SOCKET_CODES: ReadonlyMap<string, number> = new Map([
  ["EACCES", WSA.EACCES],
  ["EPERM", WSA.EACCES],
  ["EINVAL", WSA.EINVAL],
  ["EMFILE", WSA.EMFILE],
  ["ENFILE", WSA.EMFILE],
  ["EPIPE", WSA.ECONNRESET],
  ["ECANCELED", WSA.ECONNABORTED],
]);

/** What was thrown, as an error of sockets. */
export function socketError(error: unknown): Win32Error {
  return error instanceof Win32Error ? error : new Win32Error(socketErrorOf(error));
}
