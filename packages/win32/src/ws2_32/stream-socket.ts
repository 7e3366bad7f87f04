import { Win32Error, WSA } from "@decant/hook";
import type { HostConnection, HostListener, NetAddress } from "@decant/host";
import type { PendingIo } from "../files/pending-io.ts";
import { FD } from "./network-events.ts";
import { Socket, socketError, socketErrorOf, type Readiness, type ReceiveOptions, type Received } from "./socket.ts";

/** What is kept of what has arrived before the peer is held up. */
const RECEIVE_BYTES = 256 * 1024;
/** SOMAXCONN asks for a reasonable number. */
const MAX_BACKLOG = 200;

/** A TCP socket. */
export class StreamSocket extends Socket {
  readonly type = 1;
  #state: "idle" | "listening" | "connecting" | "connected" = "idle";
  /** A bound socket holds its port by listening; before listen() it sends away who comes. */
  #listener: HostListener | undefined;
  #isBinding = false;
  #backlog = 0;
  readonly #incoming: HostConnection[] = [];
  #connection: HostConnection | undefined;
  #chunks: Uint8Array[] = [];
  #length = 0;
  #isEnded = false;
  #isFull = false;
  #hasFailed = false;
  #isShutDown = { receive: false, send: false };

  get local(): NetAddress | undefined {
    return this.#connection?.local ?? this.#listener?.local;
  }

  get remote(): NetAddress | undefined {
    return this.#connection?.remote;
  }

  get isListening(): boolean {
    return this.#state === "listening";
  }

  get available(): number {
    return this.#length;
  }

  get readiness(): Readiness {
    const hungUp = this.#isEnded || this.error !== undefined;
    return {
      read: this.#incoming.length > 0 || this.#length > 0 || (this.#state === "connected" && hungUp),
      write: this.#state === "connected" && !this.#isFull,
      failed: this.#hasFailed,
      hungUp: this.#state === "connected" && hungUp,
    };
  }

  async bind(at: NetAddress): Promise<void> {
    if (this.local !== undefined || this.#isBinding || this.#state !== "idle") throw new Win32Error(WSA.EINVAL);
    this.#isBinding = true;
    try {
      this.#listener = await this.network.listen(at, (connection) => this.#arrived(connection));
    } catch (error) {
      throw socketError(error);
    } finally {
      this.#isBinding = false;
    }
  }

  listen(backlog: number): void {
    if (this.#state === "connected") throw new Win32Error(WSA.EISCONN);
    if (this.#listener === undefined) throw new Win32Error(WSA.EINVAL);
    this.#backlog = Math.min(backlog < 1 ? 1 : backlog, MAX_BACKLOG);
    this.#state = "listening";
  }

  /** A connection that was made to this socket, as a socket of its own, or as one that was made for it (AcceptEx). */
  accept(into?: StreamSocket): StreamSocket | PendingIo<StreamSocket> {
    if (this.#state !== "listening") throw new Win32Error(WSA.EINVAL);
    if (into !== undefined && (into.#state !== "idle" || into.local !== undefined)) throw new Win32Error(WSA.EINVAL);
    return this.whenReady("accept", () => this.#takeIncoming(into));
  }

  /** Begins to connect. What it gives ends when it is connected, or has failed. */
  connect(to: NetAddress): true | PendingIo<true> {
    if (this.#state === "connecting") throw new Win32Error(WSA.EALREADY);
    if (this.#state === "connected") throw new Win32Error(WSA.EISCONN);
    if (this.#state === "listening") throw new Win32Error(WSA.EINVAL);
    if (to.port === 0) throw new Win32Error(WSA.EADDRNOTAVAIL);
    this.#state = "connecting";
    this.#hasFailed = false;
    this.error = undefined;
    const from = this.#listener?.local;
    this.#listener?.close();
    this.#listener = undefined;
    this.network.connect(to, from).then(
      (connection) => this.#connected(connection),
      (error: unknown) => this.#failed(socketErrorOf(error)),
    );
    return this.whenReady("connect", () => {
      if (this.#state === "connecting") return undefined;
      if (this.#state !== "connected") throw new Win32Error(this.takeError() || WSA.ECONNREFUSED);
      return true as const;
    });
  }

  tryReceive({ maxBytes, peek = false }: ReceiveOptions): Received | undefined {
    if (this.#state !== "connected") throw new Win32Error(WSA.ENOTCONN);
    if (this.#isShutDown.receive) throw new Win32Error(WSA.ESHUTDOWN);
    if (this.#length > 0) return { bytes: this.#take(maxBytes, peek) };
    if (this.error !== undefined) throw new Win32Error(this.error);
    return this.#isEnded || maxBytes === 0 ? { bytes: new Uint8Array(0) } : undefined;
  }

  trySend(bytes: Uint8Array): number | undefined {
    const connection = this.#connection;
    if (this.#state !== "connected" || connection === undefined) throw new Win32Error(WSA.ENOTCONN);
    if (this.#isShutDown.send) throw new Win32Error(WSA.ESHUTDOWN);
    if (this.error !== undefined) throw new Win32Error(this.error);
    if (this.#isFull) return undefined;
    if (bytes.length > 0) this.#isFull = !connection.write(bytes.slice());
    return bytes.length;
  }

  shutdown(how: number): void {
    if (this.#state !== "connected") throw new Win32Error(WSA.ENOTCONN);
    if (how !== 1) this.#isShutDown.receive = true;
    if (how === 0) return;
    if (!this.#isShutDown.send) this.#connection?.end();
    this.#isShutDown.send = true;
  }

  configure({ noDelay, keepAlive }: { noDelay?: boolean; keepAlive?: boolean }): void {
    this.#connection?.configure({ ...(noDelay !== undefined && { noDelay }), ...(keepAlive !== undefined && { keepAlive }) });
  }

  protected override close(): void {
    super.close();
    this.#listener?.close();
    for (const connection of this.#incoming.splice(0)) connection.reset();
    if (this.linger.isOn && this.linger.seconds === 0) this.#connection?.reset();
    else this.#connection?.close();
  }

  #arrived(connection: HostConnection): void {
    if (this.#state !== "listening" || this.#incoming.length >= this.#backlog) return connection.reset();
    this.#incoming.push(connection);
    this.events.post(FD.ACCEPT);
    this.changed();
  }

  #takeIncoming(into: StreamSocket | undefined): StreamSocket | undefined {
    const connection = this.#incoming.shift();
    if (connection === undefined) return undefined;
    const accepted = into ?? new StreamSocket(this.network, this.family, this.protocol);
    if (into === undefined) {
      accepted.isNonBlocking = this.isNonBlocking;
      accepted.events.inherit(this.events);
    }
    accepted.#attach(connection);
    if (this.#incoming.length > 0) this.events.post(FD.ACCEPT);
    return accepted;
  }

  #connected(connection: HostConnection): void {
    if (this.references === 0) return connection.reset();
    this.#attach(connection);
    this.events.post(FD.CONNECT);
    this.events.post(FD.WRITE);
    this.changed();
  }

  #failed(code: number): void {
    this.#state = "idle";
    this.#hasFailed = true;
    this.error = code;
    this.events.post(FD.CONNECT, code);
    this.changed();
  }

  #attach(connection: HostConnection): void {
    this.#state = "connected";
    this.#connection = connection;
    connection.start({
      onData: (bytes) => this.#received(bytes),
      onEnd: () => {
        this.#isEnded = true;
        this.events.post(FD.CLOSE);
        this.changed();
      },
      onError: (error) => {
        this.error = socketErrorOf(error);
        this.events.post(FD.CLOSE, this.error);
        this.changed();
      },
      onDrain: () => {
        this.#isFull = false;
        this.events.post(FD.WRITE);
        this.changed();
      },
    });
  }

  #received(bytes: Uint8Array): void {
    if (this.#isShutDown.receive) return;
    this.#chunks.push(bytes);
    this.#length += bytes.length;
    if (this.#length >= RECEIVE_BYTES) this.#connection?.setReading(false);
    this.events.post(FD.READ);
    this.changed();
  }

  #take(maxBytes: number, peek: boolean): Uint8Array {
    const result = new Uint8Array(Math.min(maxBytes, this.#length));
    let at = 0;
    let used = 0;
    for (const chunk of this.#chunks) {
      const part = chunk.subarray(0, result.length - at);
      result.set(part, at);
      at += part.length;
      if (part.length < chunk.length) break;
      used++;
    }
    if (peek) return result;
    const whole = this.#chunks.slice(0, used).reduce((sum, { length }) => sum + length, 0);
    this.#chunks.splice(0, used);
    if (at > whole) this.#chunks[0] = (this.#chunks[0] as Uint8Array).subarray(at - whole);
    const wasHeldUp = this.#length >= RECEIVE_BYTES;
    this.#length -= at;
    if (wasHeldUp && this.#length < RECEIVE_BYTES) this.#connection?.setReading(true);
    if (this.#length > 0) this.events.post(FD.READ);
    return result;
  }
}
