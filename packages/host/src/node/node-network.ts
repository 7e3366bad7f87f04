import type * as Dgram from "node:dgram";
import type * as Dns from "node:dns/promises";
import { createRequire } from "node:module";
import type * as Net from "node:net";
import type { ConnectionListener, HostConnection, HostNetwork, NetAddress } from "../network.ts";

/** This machine's network. Node's modules for it are loaded when a guest first uses it. */
export function nodeNetwork(): HostNetwork {
  return {
    async listen(at, onConnection) {
      const { createServer } = net();
      const server = createServer({ allowHalfOpen: true, pauseOnConnect: true }, (socket) => onConnection(new NodeConnection(socket)));
      await begun(server, "listening", () => server.listen({ host: at.address, port: at.port, ipv6Only: at.family === 6 }));
      return { local: addressOf(server.address() as Net.AddressInfo), close: () => void server.close() };
    },
    async connect(to, from) {
      const { connect } = net();
      const options = from === undefined ? {} : { localAddress: from.address, localPort: from.port };
      const socket = connect({ host: to.address, port: to.port, family: to.family, allowHalfOpen: true, ...options });
      socket.pause();
      await begun(socket, "connect", () => {});
      return new NodeConnection(socket);
    },
    async datagrams(at, onMessage) {
      const { createSocket } = load("node:dgram") as typeof Dgram;
      const socket = createSocket({ type: at.family === 4 ? "udp4" : "udp6", ipv6Only: at.family === 6 });
      socket.on("message", (bytes: Buffer, from: Dgram.RemoteInfo) => onMessage(bytes, addressOf(from)));
      await begun(socket, "listening", () => socket.bind({ address: at.address, port: at.port, exclusive: true }));
      // A datagram that cannot be delivered is lost, as datagrams are.
      socket.on("error", () => {});
      return {
        local: addressOf(socket.address()),
        send: (bytes, to) => socket.send(bytes, to.port, to.address, () => {}),
        setBroadcast: (isAllowed) => socket.setBroadcast(isAllowed),
        close: () => void socket.close(),
      };
    },
    async lookUp(name, family) {
      const { lookup } = load("node:dns/promises") as typeof Dns;
      const found = await lookup(name, { all: true, family });
      return found.map((each) => ({ family: each.family === 6 ? 6 : 4, address: each.address }));
    },
    async nameOf(address) {
      const { lookupService } = load("node:dns/promises") as typeof Dns;
      return (await lookupService(address, 0)).hostname;
    },
  };
}

const load = (name: string): unknown => createRequire(import.meta.url)(name);
const net = (): typeof Net => load("node:net") as typeof Net;

/** Resolves with the first event; rejects with the error in its place. */
function begun(emitter: NodeJS.EventEmitter, event: string, start: () => void): Promise<void> {
  return new Promise((resolve, reject) => {
    const onError = (error: Error): void => reject(error);
    emitter.once("error", onError);
    emitter.once(event, () => {
      emitter.off("error", onError);
      resolve();
    });
    start();
  });
}

function addressOf({ address, family, port }: { address: string; family: string | number; port: number }): NetAddress {
  return { family: family === "IPv6" || family === 6 ? 6 : 4, address, port };
}

class NodeConnection implements HostConnection {
  readonly local: NetAddress;
  readonly remote: NetAddress;
  readonly #socket: Net.Socket;

  constructor(socket: Net.Socket) {
    this.#socket = socket;
    this.local = addressOf({ address: socket.localAddress ?? "", family: socket.localFamily ?? "", port: socket.localPort ?? 0 });
    this.remote = addressOf({ address: socket.remoteAddress ?? "", family: socket.remoteFamily ?? "", port: socket.remotePort ?? 0 });
    // Until somebody listens; an error that nobody hears would end this process.
    socket.on("error", () => {});
  }

  start(listener: ConnectionListener): void {
    const socket = this.#socket;
    socket.on("data", (bytes: Buffer) => listener.onData(bytes));
    socket.on("end", () => listener.onEnd());
    socket.on("error", (error) => listener.onError(error));
    socket.on("drain", () => listener.onDrain());
    socket.resume();
  }

  write(bytes: Uint8Array): boolean {
    return this.#socket.write(bytes);
  }

  end(): void {
    this.#socket.end();
  }

  setReading(isReading: boolean): void {
    if (isReading) this.#socket.resume();
    else this.#socket.pause();
  }

  configure({ noDelay, keepAlive }: { noDelay?: boolean; keepAlive?: boolean }): void {
    if (noDelay !== undefined) this.#socket.setNoDelay(noDelay);
    if (keepAlive !== undefined) this.#socket.setKeepAlive(keepAlive);
  }

  close(): void {
    const socket = this.#socket;
    for (const event of ["data", "end", "drain"]) socket.removeAllListeners(event);
    socket.end(() => socket.destroy());
    socket.resume();
  }

  reset(): void {
    this.#socket.resetAndDestroy();
  }
}
