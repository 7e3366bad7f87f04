import type { IncomingMessage } from "node:http";

/** What the channel needs of a WebSocket: `ws` on either side, or the platform's. */
export interface MessageSocket {
  /** Sends a binary frame, whose bytes must not change until they have arrived. A socket that is closed sends nothing. */
  send(frame: Uint8Array): void;
  close(code: number, reason: string): void;
  /** Drops the connection without a word. */
  terminate(): void;
  /** Gives the bytes of a frame back, which nobody reads any more. */
  recycle?(frame: Uint8Array): void;
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
/** Wraps a WebSocket of either kind. It must be open. */
export function messageSocket(socket: unknown): MessageSocket {
  // Both kinds have these members; their declared event types differ.
  const webSocket = socket as WebSocketLike;
  const wrapped: MessageSocket = {
    send(frame) {
      if (webSocket.readyState === OPEN) webSocket.send(frame);
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
  const [{ WebSocket }, { wiredSocket }] = await Promise.all([import("ws"), import("./wired-socket.ts")]);
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
  let response: IncomingMessage | undefined;
  socket.once("upgrade", (it) => (response = it));
  // Frames may come at once behind the opening.
  const wired = new Promise<MessageSocket>((resolve) =>
    socket.once("open", () => {
      const stream = response?.socket;
      resolve(stream ? wiredSocket(socket, { stream, mask: needsNoMask ? "zero" : "random", frameBytes }) : messageSocket(socket));
    }),
  );
  await opened(socket as WebSocketLike, url);
  return wired;
}

/** True for names and addresses that never leave the machine. */
export function isLoopback(host: string): boolean {
  const bare = host.replace(/^\[|\]$|^::ffff:/g, "").toLowerCase();
  return bare === "localhost" || bare === "::1" || /^127\.\d{1,3}\.\d{1,3}\.\d{1,3}$/.test(bare);
}
