import type { Duplex } from "node:stream";

/** What the channel needs of a WebSocket: `ws` on either side, or the platform's. */
export interface MessageSocket {
  /** Sends a binary frame, whose bytes must not change until they have arrived. A socket that is closed sends nothing. */
  send(frame: Uint8Array): void;
  close(code: number, reason: string): void;
  /** Drops the connection without a word. */
  terminate(): void;
  onFrame: (frame: Uint8Array) => void;
  /** Called once. */
  onClose: (reason: string) => void;
}

/** The part of `ws`'s WebSocket, and of the platform's, that `messageSocket` uses. */
interface WebSocketLike {
  binaryType: string;
  readonly readyState: number;
  send(data: Uint8Array): void;
  close(code?: number, reason?: string): void;
  terminate?(): void;
  on?(type: "message", listener: (data: unknown, isBinary: boolean) => void): void;
  addEventListener(type: "message", listener: (event: { data: unknown }) => void): void;
  addEventListener(type: "close", listener: (event: { code: number; reason: string }) => void): void;
  addEventListener(type: "open" | "error", listener: (event: { message?: string }) => void): void;
}

const OPEN = 1;
const FINAL_BINARY = 0x82;
const MASKED = 0x80;
/** The longest payload whose length stands in the second byte of a frame. */
const SMALL_BYTES = 125;

/** The connection under a WebSocket of `ws`, and whether this end must mark its frames as masked: a client whose mask is zero. */
export interface Wire {
  readonly stream: Duplex;
  readonly masked: boolean;
}

/** Wraps a WebSocket of either kind. It must be open. Small frames are written to `wire` where there is one: for that much less time see `smallFrame`. */
export function messageSocket(socket: unknown, wire?: Wire): MessageSocket {
  // Both kinds have these members; their declared event types differ.
  const webSocket = socket as WebSocketLike;
  const wrapped: MessageSocket = {
    send(frame) {
      if (webSocket.readyState !== OPEN) return;
      if (wire !== undefined && frame.length <= SMALL_BYTES) wire.stream.write(smallFrame(frame, wire.masked));
      else webSocket.send(frame);
    },
    close: (code, reason) => webSocket.close(code, reason.slice(0, 120)),
    terminate: () => (webSocket.terminate ? webSocket.terminate() : webSocket.close()),
    onFrame: () => undefined,
    onClose: () => undefined,
  };
  let problem = "";
  let closed = false;
  const receive = (data: unknown): void => {
    if (closed) return;
    // A Buffer is passed on as what it is under its own methods: `slice` of a Buffer copies nothing.
    if (data instanceof Uint8Array) wrapped.onFrame(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
    else if (data instanceof ArrayBuffer) wrapped.onFrame(new Uint8Array(data));
    // A text frame is no frame of ours; an empty one is refused by whoever reads it.
    else wrapped.onFrame(new Uint8Array(0));
  };
  // With `on` of `ws` no event is made of each message.
  if (webSocket.on) webSocket.on("message", (data, isBinary) => receive(isBinary ? data : undefined));
  else webSocket.addEventListener("message", ({ data }) => receive(data));
  webSocket.addEventListener("error", ({ message }) => {
    problem = message ?? "the connection failed";
  });
  webSocket.addEventListener("close", ({ code, reason }) => {
    if (closed) return;
    closed = true;
    wrapped.onClose(reason || problem || `the connection was closed (${code})`);
  });
  return wrapped;
}

/**
 * A whole binary message (RFC 6455, 5.2) of at most 125 bytes, in one piece: `ws` writes header and bytes apart, which takes a fifth of a round trip
 * longer (bench/cuda-channel.ts). Its own frames are written whole too, so that ours can stand between any two of them.
 */
function smallFrame(payload: Uint8Array, masked: boolean): Uint8Array {
  const start = masked ? 6 : 2;
  const bytes = Buffer.allocUnsafe(start + payload.length);
  bytes[0] = FINAL_BINARY;
  bytes[1] = payload.length;
  if (masked) {
    bytes[1] |= MASKED;
    bytes.fill(0, 2, 6);
  }
  bytes.set(payload, start);
  return bytes;
}

/**
 * Connects. In Node `ws` is used: it can be told not to mask, which on loopback and under TLS saves a pass over all bytes. The
 * mask protects proxies from bytes that a web page chose; there they see none. Rejects with a sentence.
 */
export async function openSocket(url: string, frameBytes: number, ca?: string): Promise<MessageSocket> {
  const inNode = typeof process === "object" && typeof process.versions?.node === "string";
  if (inNode) return openWs(url, frameBytes, ca);
  const socket = new (globalThis as unknown as BrowserGlobals).WebSocket(url);
  socket.binaryType = "arraybuffer";
  await opened(socket, url);
  return messageSocket(socket);
}

async function opened(socket: WebSocketLike, url: string): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    socket.addEventListener("open", () => resolve());
    socket.addEventListener("error", ({ message }) => reject(new Error(message || `cannot connect to ${url}`)));
    socket.addEventListener("close", ({ code }) => reject(new Error(`the connection was closed (${code})`)));
  });
}

interface BrowserGlobals {
  readonly WebSocket: new (url: string) => WebSocketLike;
}

async function openWs(url: string, frameBytes: number, ca: string | undefined): Promise<MessageSocket> {
  const { WebSocket } = await import("ws");
  const { protocol, hostname } = new URL(url);
  const needsNoMask = protocol === "wss:" || isLoopback(hostname);
  const socket = new WebSocket(url, {
    perMessageDeflate: false,
    maxPayload: frameBytes,
    skipUTF8Validation: true,
    handshakeTimeout: 10_000,
    ...(ca === undefined ? {} : { ca }),
    ...(needsNoMask ? { generateMask: (mask: Buffer) => void mask.fill(0) } : {}),
  });
  let wire: Wire | undefined;
  if (needsNoMask) socket.once("upgrade", ({ socket: stream }) => (wire = { stream, masked: true }));
  await opened(socket as WebSocketLike, url);
  return messageSocket(socket, wire);
}

/** True for names and addresses that never leave the machine. */
export function isLoopback(host: string): boolean {
  const bare = host.replace(/^\[|\]$|^::ffff:/g, "").toLowerCase();
  return bare === "localhost" || bare === "::1" || /^127\.\d{1,3}\.\d{1,3}\.\d{1,3}$/.test(bare);
}
