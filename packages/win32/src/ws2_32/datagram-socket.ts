import { Win32Error, WSA } from "@decant/hook";
import type { HostDatagrams, NetAddress } from "@decant/host";
import { FD } from "./network-events.ts";
import { Socket, socketError, type Readiness, type ReceiveOptions, type Received } from "./socket.ts";
import { wildcard } from "./socket-address.ts";

/** Datagrams that are kept for a program that does not receive them, in bytes; others are lost, as datagrams may be. */
const RECEIVE_BYTES = 1024 * 1024;
/** The longest datagram over IPv4, in bytes. */
const MAX_DATAGRAM = 65_507;

/** A UDP socket. */
export class DatagramSocket extends Socket {
  readonly type = 2;
  remote: NetAddress | undefined;
  #port: HostDatagrams | undefined;
  #binding: Promise<void> | undefined;
  readonly #messages: Required<Received>[] = [];
  #length = 0;
  #isBroadcast = false;
  #isShutDown = { receive: false, send: false };

  get local(): NetAddress | undefined {
    return this.#port?.local;
  }

  get available(): number {
    return this.#messages[0]?.bytes.length ?? 0;
  }

  get readiness(): Readiness {
    return { read: this.#messages.length > 0, write: true, failed: false, hungUp: false };
  }

  bind(at: NetAddress): Promise<void> {
    if (this.#port !== undefined || this.#binding !== undefined) return Promise.reject(new Win32Error(WSA.EINVAL));
    this.#binding = this.network
      .datagrams(at, (bytes, from) => this.#received(bytes, from))
      .then(
        (port) => {
          this.#port = port;
          if (this.#isBroadcast) port.setBroadcast(true);
          if (this.references === 0) port.close();
        },
        (error: unknown) => {
          throw socketError(error);
        },
      )
      .finally(() => (this.#binding = undefined));
    return this.#binding;
  }

  /** Gives the socket a port if it has none yet, as the first send does. */
  async bound(): Promise<void> {
    if (this.#port === undefined) await (this.#binding ?? this.bind(wildcard(this.family)));
  }

  /** Only datagrams from there are received, and sends that say nowhere else go there. */
  connect(to: NetAddress | undefined): void {
    this.remote = to;
  }

  tryReceive({ maxBytes, peek = false }: ReceiveOptions): Received | undefined {
    if (this.#isShutDown.receive) throw new Win32Error(WSA.ESHUTDOWN);
    if (this.#port === undefined && this.#binding === undefined) throw new Win32Error(WSA.EINVAL);
    const message = this.#messages[0];
    if (message === undefined) return undefined;
    if (!peek) {
      this.#messages.shift();
      this.#length -= message.bytes.length;
      if (this.#messages.length > 0) this.events.post(FD.READ);
    }
    if (message.bytes.length > maxBytes) throw new MessageTooLong(message, maxBytes);
    return message;
  }

  trySend(bytes: Uint8Array, to: NetAddress | undefined): number {
    const target = to ?? this.remote;
    if (target === undefined) throw new Win32Error(WSA.ENOTCONN);
    if (this.#isShutDown.send) throw new Win32Error(WSA.ESHUTDOWN);
    if (bytes.length > MAX_DATAGRAM) throw new Win32Error(WSA.EMSGSIZE);
    if (target.port === 0) throw new Win32Error(WSA.EADDRNOTAVAIL);
    if (this.#port === undefined) throw new Win32Error(WSA.EINVAL);
    try {
      this.#port.send(bytes.slice(), target);
    } catch (error) {
      throw socketError(error);
    }
    return bytes.length;
  }

  shutdown(how: number): void {
    if (how !== 1) this.#isShutDown.receive = true;
    if (how !== 0) this.#isShutDown.send = true;
  }

  configure({ broadcast }: { broadcast?: boolean }): void {
    if (broadcast === undefined) return;
    this.#isBroadcast = broadcast;
    this.#port?.setBroadcast(broadcast);
  }

  protected override close(): void {
    super.close();
    this.#port?.close();
  }

  #received(bytes: Uint8Array, from: NetAddress): void {
    if (this.remote !== undefined && (this.remote.address !== from.address || this.remote.port !== from.port)) return;
    if (this.#isShutDown.receive || this.#length + bytes.length > RECEIVE_BYTES) return;
    this.#messages.push({ bytes, from });
    this.#length += bytes.length;
    this.events.post(FD.READ);
    this.changed();
  }
}

/** WSAEMSGSIZE, with the beginning of the datagram; the rest is lost. */
export class MessageTooLong extends Win32Error {
  readonly received: Received;

  constructor({ bytes, from }: Required<Received>, maxBytes: number) {
    super(WSA.EMSGSIZE);
    this.received = { bytes: bytes.subarray(0, maxBytes), from };
  }
}
