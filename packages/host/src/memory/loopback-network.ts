import { HostError } from "../host-error.ts";
import {
  isLoopback,
  isWildcard,
  type ConnectionListener,
  type HostConnection,
  type HostDatagrams,
  type HostListener,
  type HostNetwork,
  type NetAddress,
} from "../network.ts";

/** What is under way in one direction before a writer is told to wait. */
const QUEUE_BYTES = 256 * 1024;
/** The first of the ports that nobody asks for by number (RFC 6335). */
const FIRST_DYNAMIC_PORT = 49_152;

/** What a loopback network is made of. */
export interface LoopbackOptions {
  readonly hostName?: string;
  /** Is told of an address, or a name, that a guest wanted to reach and may not. */
  readonly onDenied?: (target: string) => void;
}

/**
 * A network with nobody on it but the guests of one run: a machine that is plugged in nowhere. Programs that talk to themselves, or to their children,
 * over 127.0.0.1 do not notice; anything else fails with EACCES.
 */
export function loopbackNetwork({ hostName = "localhost", onDenied = () => {} }: LoopbackOptions = {}): HostNetwork {
  const streams = new Ports<(connection: HostConnection) => void>();
  const datagrams = new Ports<(bytes: Uint8Array, from: NetAddress) => void>();
  const deny = (target: string): HostError => {
    onDenied(target);
    return new HostError("EACCES", `${target}: the network is off`);
  };
  return {
    async listen(at, onConnection) {
      return streams.take(at, onConnection);
    },
    async connect(to, from) {
      if (!isLoopback(to) && !isWildcard(to)) throw deny(to.address);
      const listener = streams.find(to);
      if (listener === undefined) throw new HostError("ECONNREFUSED", `${to.address}:${to.port}: nobody listens`);
      const local = { family: to.family, address: to.address, port: from?.port || streams.freePort() };
      const [client, server] = Connection.pair(local, to);
      listener(server);
      return client;
    },
    async datagrams(at, onMessage): Promise<HostDatagrams> {
      const port = datagrams.take(at, onMessage);
      const from = isWildcard(at) ? { ...port.local, address: at.family === 4 ? "127.0.0.1" : "::1" } : port.local;
      return {
        local: port.local,
        send(bytes, to) {
          if (!isLoopback(to) && !isWildcard(to)) throw deny(to.address);
          datagrams.find(to)?.(bytes, from);
        },
        setBroadcast() {},
        close: () => port.close(),
      };
    },
    async lookUp(name, family) {
      const key = name.toLowerCase();
      if (key !== "localhost" && key !== hostName.toLowerCase()) throw new HostError("ENOTFOUND", deny(name).message);
      const all = [{ family: 6, address: "::1" }, { family: 4, address: "127.0.0.1" }] as const; // prettier-ignore
      return all.filter((each) => family === 0 || each.family === family);
    },
    async nameOf(address) {
      if (isLoopback({ family: address.includes(":") ? 6 : 4, address })) return hostName;
      throw new HostError("ENOTFOUND", `${address} has no name here`);
    },
  };
}

/** Who listens at which port. */
class Ports<T> {
  readonly #taken: { at: NetAddress; owner: T }[] = [];
  #next = FIRST_DYNAMIC_PORT;

  take(at: NetAddress, owner: T): HostListener {
    if (!isLoopback(at) && !isWildcard(at)) throw new HostError("EADDRNOTAVAIL", `${at.address} is no address of this machine`);
    const local = { ...at, port: at.port === 0 ? this.freePort() : at.port };
    const overlaps = (other: NetAddress): boolean =>
      other.port === local.port &&
      other.family === local.family &&
      (other.address === local.address || isWildcard(other) || isWildcard(local));
    if (this.#taken.some((each) => overlaps(each.at))) throw new HostError("EADDRINUSE", `port ${local.port} is taken`);
    const entry = { at: local, owner };
    this.#taken.push(entry);
    return {
      local,
      close: () => {
        const index = this.#taken.indexOf(entry);
        if (index >= 0) this.#taken.splice(index, 1);
      },
    };
  }

  find(to: NetAddress): T | undefined {
    const fits = ({ at }: { at: NetAddress }): boolean =>
      at.port === to.port && at.family === to.family && (at.address === to.address || isWildcard(at) || isWildcard(to));
    return this.#taken.find(fits)?.owner;
  }

  freePort(): number {
    for (;;) {
      const port = this.#next++;
      if (this.#next > 0xffff) this.#next = FIRST_DYNAMIC_PORT;
      if (!this.#taken.some(({ at }) => at.port === port)) return port;
    }
  }
}

/** One end of a connection in memory. */
class Connection implements HostConnection {
  readonly local: NetAddress;
  readonly remote: NetAddress;
  #peer!: Connection;
  #listener: ConnectionListener | undefined;
  #isReading = true;
  #queue: Uint8Array[] = [];
  #queuedBytes = 0;
  /** The peer writes no more. */
  #isEnded = false;
  #isEndTold = false;
  #isClosed = false;

  private constructor(local: NetAddress, remote: NetAddress) {
    this.local = local;
    this.remote = remote;
  }

  static pair(from: NetAddress, to: NetAddress): [Connection, Connection] {
    const client = new Connection(from, to);
    const server = new Connection(to, from);
    client.#peer = server;
    server.#peer = client;
    return [client, server];
  }

  start(listener: ConnectionListener): void {
    this.#listener = listener;
    queueMicrotask(() => this.#deliver());
  }

  write(bytes: Uint8Array): boolean {
    const peer = this.#peer;
    if (peer.#isClosed) {
      queueMicrotask(() => this.#listener?.onError(new HostError("ECONNRESET", "the peer has closed the connection")));
      return true;
    }
    peer.#queue.push(bytes);
    peer.#queuedBytes += bytes.length;
    queueMicrotask(() => peer.#deliver());
    return peer.#queuedBytes < QUEUE_BYTES;
  }

  end(): void {
    this.#peer.#isEnded = true;
    queueMicrotask(() => this.#peer.#deliver());
  }

  setReading(isReading: boolean): void {
    this.#isReading = isReading;
    if (isReading) queueMicrotask(() => this.#deliver());
  }

  configure(): void {}

  close(): void {
    this.#isClosed = true;
    this.#listener = undefined;
    this.#queue = [];
    this.end();
  }

  reset(): void {
    this.#isClosed = true;
    this.#listener = undefined;
    const peer = this.#peer;
    queueMicrotask(() => peer.#listener?.onError(new HostError("ECONNRESET", "the peer has reset the connection")));
  }

  #deliver(): void {
    const wasFull = this.#queuedBytes >= QUEUE_BYTES;
    while (this.#listener !== undefined && this.#isReading && this.#queue.length > 0) {
      const bytes = this.#queue.shift()!;
      this.#queuedBytes -= bytes.length;
      this.#listener.onData(bytes);
    }
    if (wasFull && this.#queuedBytes < QUEUE_BYTES) this.#peer.#listener?.onDrain();
    if (this.#isEnded && !this.#isEndTold && this.#queue.length === 0 && this.#listener !== undefined) {
      this.#isEndTold = true;
      this.#listener.onEnd();
    }
  }
}
