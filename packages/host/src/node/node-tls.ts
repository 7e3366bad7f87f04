import { createRequire } from "node:module";
import type * as Stream from "node:stream";
import type * as Tls from "node:tls";
import type { HostTls, TlsClient, TlsSession, TlsSettings, TlsStep } from "../tls.ts";
import { authorities } from "./authorities.ts";

/** How many turns of the event loop pass without anything before a connection is at rest: OpenSSL works at once, Node tells of it up to two turns later. */
const TURNS_OF_REST = 3;

const load = (name: string): unknown => createRequire(import.meta.url)(name);

/** TLS by Node's sockets, over streams that lead nowhere, trusting those certificates (PEM). Node's modules are loaded with the first client. */
export function nodeTls(trusted: () => readonly string[] = authorities): HostTls {
  return { client: (settings) => new NodeTlsClient(settings, trusted()) };
}

class NodeTlsClient implements TlsClient {
  readonly #socket: Tls.TLSSocket;
  readonly #input: Stream.Duplex;
  #output: Uint8Array[] = [];
  #plaintext: Uint8Array[] = [];
  #phase: TlsStep["phase"] = "handshake";
  #failure: string | undefined;
  /** Counts what happens. */
  #events = 0;

  constructor({ serverName, applicationProtocols, oldest, newest }: TlsSettings, trusted: readonly string[]) {
    const { Duplex } = load("node:stream") as typeof Stream;
    const tls = load("node:tls") as typeof Tls;
    this.#input = new Duplex({
      read() {},
      write: (chunk: Uint8Array, _encoding, done) => {
        // Node goes on to use its buffers.
        this.#output.push(Uint8Array.from(chunk));
        this.#events++;
        done();
      },
    });
    const isAddress = serverName === undefined || /^[\d.]+$|:/.test(serverName);
    this.#socket = tls.connect({
      socket: this.#input,
      ...(serverName === undefined ? { checkServerIdentity: () => undefined } : { host: serverName }),
      ...(isAddress ? {} : { servername: serverName }),
      ...(applicationProtocols.length > 0 && { ALPNProtocols: [...applicationProtocols] }),
      minVersion: oldest,
      maxVersion: newest,
      // What does not do is told: what comes of it is the program's to say.
      rejectUnauthorized: false,
      ca: [...trusted],
    });
    this.#socket.disableRenegotiation();
    this.#socket.on("secureConnect", () => this.#enter("open"));
    this.#socket.on("end", () => this.#enter("ended"));
    this.#socket.on("data", (bytes: Uint8Array) => {
      this.#events++;
      this.#plaintext.push(bytes);
    });
    this.#socket.on("error", (error: NodeJS.ErrnoException) => {
      this.#failure ??= error.code ?? "ERR_SSL_PROTOCOL_ERROR";
      this.#enter("failed");
    });
  }

  start(): Promise<TlsStep> {
    return this.#rest();
  }

  async receive(record: Uint8Array): Promise<TlsStep> {
    this.#input.push(record);
    return this.#plaintext.length > 0 ? this.#step() : this.#rest();
  }

  async send(plaintext: Uint8Array): Promise<TlsStep> {
    if (this.#phase === "failed" || this.#socket.destroyed) return this.#step();
    await new Promise<void>((resolve) => void this.#socket.write(plaintext, () => resolve()));
    return this.#step();
  }

  end(): Promise<TlsStep> {
    this.#socket.end();
    return this.#rest();
  }

  session(): TlsSession {
    const { name, size } = this.#socket.getEphemeralKeyInfo() as { name?: string; size?: number };
    const { authorizationError, alpnProtocol } = this.#socket;
    return {
      version: this.#socket.getProtocol() ?? "",
      cipherSuite: this.#socket.getCipher().standardName,
      keyExchange: { name: name ?? "", bits: size ?? 0 },
      applicationProtocol: typeof alpnProtocol === "string" ? alpnProtocol : undefined,
      certificates: chainOf(this.#socket),
      distrust: authorizationError == null ? undefined : codeOf(authorizationError),
    };
  }

  dispose(): void {
    this.#socket.destroy();
    this.#input.destroy();
  }

  #enter(phase: TlsStep["phase"]): void {
    this.#events++;
    if (this.#phase !== "failed") this.#phase = phase;
  }

  async #rest(): Promise<TlsStep> {
    for (let quiet = 0; quiet < TURNS_OF_REST; quiet++) {
      const before = this.#events;
      await new Promise<void>((resolve) => setImmediate(resolve));
      if (this.#events !== before) quiet = -1;
    }
    return this.#step();
  }

  #step(): TlsStep {
    const step = { output: joined(this.#output), plaintext: joined(this.#plaintext), phase: this.#phase, failure: this.#failure };
    this.#output = [];
    this.#plaintext = [];
    return step;
  }
}

/** An error, or, as Node has it, its code alone. */
function codeOf(error: Error | string): string {
  return typeof error === "string" ? error : ((error as NodeJS.ErrnoException).code ?? error.message);
}

function chainOf(socket: Tls.TLSSocket): Uint8Array[] {
  const chain: Uint8Array[] = [];
  const seen = new Set<string>();
  for (
    let each: Tls.DetailedPeerCertificate | undefined = socket.getPeerCertificate(true);
    each?.raw !== undefined && !seen.has(each.fingerprint256);
    each = each.issuerCertificate
  ) {
    seen.add(each.fingerprint256);
    chain.push(Uint8Array.from(each.raw));
  }
  return chain;
}

function joined(pieces: readonly Uint8Array[]): Uint8Array {
  const all = new Uint8Array(pieces.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const piece of pieces) {
    all.set(piece, at);
    at += piece.length;
  }
  return all;
}
