import { createHash, timingSafeEqual } from "node:crypto";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import type { CudaDriver, GuardLimits } from "@decant/cuda";
import type { ServedSession, WireLimits } from "@decant/remoting";
import { defaultWireLimits, messageSocket, serveDriver } from "@decant/remoting";
import { WebSocketServer } from "ws";
import { parseListen, requireToken, urlOf } from "./address.ts";

export interface ServerOptions {
  /** HOST:PORT; port 0 takes a free one. */
  readonly listen: string;
  readonly driver: CudaDriver;
  /** What clients must know; needed off loopback. */
  readonly token?: string | undefined;
  /** Web pages that may connect, as `https://example.org`; by default none. */
  readonly origins?: readonly string[];
  /** Sessions at a time. */
  readonly sessions?: number;
  readonly limits?: WireLimits;
  readonly guardLimits?: GuardLimits;
  /** Takes a line about each thing that happens. No line holds a secret. */
  readonly log?: (line: string) => void;
}

/** A running server. */
export interface Server {
  /** ws://HOST:PORT, with the port that was taken. */
  readonly url: string;
  readonly port: number;
  readonly sessionCount: number;
  /** Takes no new sessions, waits up to `graceMs` for those there are, then ends them and the driver. */
  stop(graceMs?: number): Promise<void>;
}

const DEFAULT_SESSIONS = 256;

/** Starts a server; rejects with a sentence when it cannot listen, or would listen off loopback without a token. */
export async function serve(options: ServerOptions): Promise<Server> {
  const address = parseListen(options.listen);
  requireToken(address, options.token);
  const log = options.log ?? (() => undefined);
  const limits = options.limits ?? defaultWireLimits;
  const sessions = new Set<ServedSession>();
  let stopping = false;
  let opened = 0;

  const http = createServer((_, response) => {
    response.writeHead(426, { "content-type": "text/plain" }).end("This is a Decant server; connect by WebSocket.\n");
  });
  const webSockets = new WebSocketServer({
    server: http,
    maxPayload: limits.frameBytes,
    perMessageDeflate: false,
    skipUTF8Validation: true,
    verifyClient: ({ origin }: { origin?: string }, allow: (ok: boolean, code?: number, text?: string) => void) => {
      // Only browsers name an origin: a page from anywhere could otherwise reach a server on loopback.
      if (origin !== undefined && !options.origins?.includes(origin)) allow(false, 403, "this origin is not allowed");
      else if (stopping) allow(false, 503, "the server is stopping");
      else if (sessions.size >= (options.sessions ?? DEFAULT_SESSIONS)) allow(false, 503, "the server is full");
      else allow(true);
    },
  });
  webSockets.on("connection", (webSocket, request) => {
    const name = `session ${++opened} from ${request.socket.remoteAddress ?? "a closed connection"}`;
    // A protocol error of the WebSocket's closes it; without a listener it would end the process.
    webSocket.on("error", (error) => log(`${name}: ${error.message}`));
    const session = serveDriver(options.driver, messageSocket(webSocket), {
      authorize: (token) => options.token === undefined || sameSecret(token ?? "", options.token),
      limits,
      ...(options.guardLimits ? { guardLimits: options.guardLimits } : {}),
      onEvent: (event) => {
        const detail = event.kind === "opened" ? "" : `: ${event.reason}`;
        log(`${name} ${event.kind}${event.kind === "closed" ? ` after ${event.calls} calls` : ""}${detail}`);
      },
    });
    sessions.add(session);
    void session.ended.finally(() => sessions.delete(session));
  });

  await new Promise<void>((resolve, reject) => {
    http.once("error", (error: NodeJS.ErrnoException) => reject(new Error(sentence(error, options.listen))));
    // The socket server passes the http server's errors on.
    webSockets.on("error", () => undefined);
    http.listen(address.port, address.host, resolve);
  });
  const { port } = http.address() as AddressInfo;
  const url = urlOf({ host: address.host, port });
  log(`listening on ${url}`);

  return {
    url,
    port,
    get sessionCount() {
      return sessions.size;
    },
    async stop(graceMs = 0) {
      if (stopping) return;
      stopping = true;
      log(`stopping; ${sessions.size} sessions are open`);
      const ended = Promise.all([...sessions].map((session) => session.ended));
      await Promise.race([ended, new Promise((resolve) => setTimeout(resolve, graceMs).unref())]);
      for (const session of sessions) session.end("the server is stopping");
      await ended;
      const closed = new Promise((resolve) => http.close(resolve));
      webSockets.close();
      // Clients that take no part in the closing handshake are dropped.
      setTimeout(() => webSockets.clients.forEach((client) => client.terminate()), 1_000).unref();
      http.closeIdleConnections();
      await closed;
      await options.driver.close();
    },
  };
}

function sentence(error: NodeJS.ErrnoException, listen: string): string {
  if (error.code === "EADDRINUSE") return `cannot listen on ${listen}: the port is in use`;
  if (error.code === "EACCES") return `cannot listen on ${listen}: this user may not use the port`;
  if (error.code === "EADDRNOTAVAIL" || error.code === "ENOTFOUND") return `cannot listen on ${listen}: the machine has no such address`;
  return `cannot listen on ${listen}: ${error.message}`;
}

/** Compares in a time that does not depend on where they differ. */
function sameSecret(given: string, wanted: string): boolean {
  const digest = (text: string): Buffer => createHash("sha256").update(text).digest();
  return timingSafeEqual(digest(given), digest(wanted));
}
