import { createServer, type IncomingMessage } from "node:http";
import { createServer as createSecureServer } from "node:https";
import type { AddressInfo } from "node:net";
import type { CudaDriver, GuardLimits } from "@decant/cuda";
import {
  defaultWireLimits,
  type Grant,
  Sessions,
  type SessionEvent,
  type SessionStatus,
  type WireLimits,
  wiredSocket,
} from "@decant/remoting";
import { WebSocketServer } from "ws";
import { parseListen, requireToken, urlOf } from "./address.ts";
import { answerRequest, isLocal } from "./http.ts";
import type { LogEntry } from "./log.ts";
import { RateLimit, type RateLimitOptions } from "./rate-limit.ts";
import { grantOf, sameSecret, type TokenFile } from "./tokens.ts";

export interface ServerOptions {
  /** HOST:PORT; port 0 takes a free one. */
  readonly listen: string;
  readonly driver: CudaDriver;
  /** What clients must know; off loopback this or `tokens` is needed. */
  readonly token?: string | undefined;
  /** Tokens with limits of their own, which may change while the server runs. */
  readonly tokens?: TokenFile | undefined;
  /** A certificate and its key, in PEM: the server speaks wss. */
  readonly tls?: { readonly cert: string; readonly key: string } | undefined;
  /** Web pages that may connect, as `https://example.org`; by default none. */
  readonly origins?: readonly string[];
  /** Behind a reverse proxy: clients' addresses are what it says in X-Forwarded-For. */
  readonly trustProxy?: boolean;
  /** Sessions at a time. */
  readonly sessions?: number;
  readonly limits?: WireLimits;
  readonly guardLimits?: GuardLimits;
  /** How long a session outlives its connection. */
  readonly graceMs?: number;
  readonly rateLimit?: RateLimitOptions;
  /** Told of each thing that happens. */
  readonly log?: (entry: LogEntry) => void;
}

/** A running server. */
export interface Server {
  /** ws://HOST:PORT, or wss, with the port that was taken. */
  readonly url: string;
  readonly port: number;
  readonly sessionCount: number;
  list(): SessionStatus[];
  /** Takes no new sessions, waits up to `drainMs` for those there are, then ends them and the driver. */
  stop(drainMs?: number): Promise<void>;
}

const DEFAULT_SESSIONS = 256;
/** How often it is looked whether a session's token still holds. */
const TOKEN_CHECK_MS = 1_000;

/** Starts a server; rejects with a sentence when it cannot listen, or would listen off loopback without a token. */
export async function serve(options: ServerOptions): Promise<Server> {
  const address = parseListen(options.listen);
  requireToken(address, options.token !== undefined || (options.tokens?.list().length ?? 0) > 0);
  const log = (entry: Omit<LogEntry, "time" | "level"> & { level?: LogEntry["level"] }): void =>
    options.log?.({ time: new Date().toISOString(), level: "info", ...entry });
  const limits = options.limits ?? defaultWireLimits;
  const rateLimit = new RateLimit(options.rateLimit);
  const most = options.sessions ?? DEFAULT_SESSIONS;
  const isOpen = options.token === undefined && options.tokens === undefined;
  let stopping = false;

  const sessions = new Sessions(options.driver, {
    authorize: (token, from) => authorize(options, rateLimit, token, from),
    limits,
    sessions: most,
    ...(options.guardLimits ? { guardLimits: options.guardLimits } : {}),
    ...(options.graceMs === undefined ? {} : { graceMs: options.graceMs }),
    onEvent: (event) => log(entryOf(event)),
    onBadHello: (from) => isOpen || rateLimit.fail(from),
  });
  const unready = (): string | undefined =>
    stopping ? "the server is stopping" : sessions.size >= most ? "the server is full" : undefined;
  const operations = { sessions, unready, mayOperate: (request: IncomingMessage) => mayOperate(options, rateLimit, request) };
  const listener = options.tls
    ? createSecureServer(options.tls, (request, response) => answerRequest(operations, request, response))
    : createServer((request, response) => answerRequest(operations, request, response));
  const webSockets = new WebSocketServer({
    server: listener,
    maxPayload: limits.frameBytes,
    perMessageDeflate: false,
    skipUTF8Validation: true,
    verifyClient: (
      { origin, req }: { origin?: string; req: IncomingMessage },
      allow: (ok: boolean, code?: number, text?: string) => void,
    ) => {
      // Only browsers name an origin: a page from anywhere could otherwise reach a server on loopback.
      if (origin !== undefined && !options.origins?.includes(origin)) allow(false, 403, "this origin is not allowed");
      else if (rateLimit.waitMs(addressOf(req, options.trustProxy)) > 0) allow(false, 429, "too many failed attempts; try again later");
      else allow(true);
    },
  });
  webSockets.on("connection", (webSocket, request) => {
    const from = addressOf(request, options.trustProxy);
    // A protocol error of the WebSocket's closes it; without a listener it would end the process.
    webSocket.on("error", (error) => log({ level: "warn", event: "error", from, reason: error.message }));
    sessions.accept(wiredSocket(webSocket, { stream: request.socket, mask: "none", frameBytes: limits.frameBytes }), from);
  });

  await new Promise<void>((resolve, reject) => {
    listener.once("error", (error: NodeJS.ErrnoException) => reject(new Error(sentence(error, options.listen))));
    // The socket server passes the http server's errors on.
    webSockets.on("error", () => undefined);
    listener.listen(address.port, address.host, resolve);
  });
  const { port } = listener.address() as AddressInfo;
  const url = urlOf({ host: address.host, port }, options.tls !== undefined);
  log({ event: "listening", url });
  const tokenCheck = setInterval(() => endRevoked(options, sessions), TOKEN_CHECK_MS);
  tokenCheck.unref();

  return {
    url,
    port,
    get sessionCount() {
      return sessions.size;
    },
    list: () => sessions.list(),
    async stop(drainMs = 0) {
      if (stopping) return;
      stopping = true;
      clearInterval(tokenCheck);
      sessions.drain("the server is stopping");
      log({ event: "stopping", reason: `${sessions.size} sessions are open` });
      await Promise.race([sessions.idle(), new Promise((resolve) => setTimeout(resolve, drainMs).unref())]);
      sessions.end("the server is stopping");
      await sessions.idle();
      const closed = new Promise((resolve) => listener.close(resolve));
      webSockets.close();
      // Clients that take no part in the closing handshake are dropped.
      setTimeout(() => webSockets.clients.forEach((client) => client.terminate()), 1_000).unref();
      listener.closeIdleConnections();
      await closed;
      await options.driver.close();
    },
  };
}

function authorize(options: ServerOptions, rateLimit: RateLimit, token: string | undefined, from: string): Grant | string {
  if (options.token === undefined && options.tokens === undefined) return { name: "" };
  let record;
  try {
    record = token === undefined ? undefined : options.tokens?.find(token);
  } catch {
    return "the server cannot read its tokens";
  }
  const grant = record ? grantOf(record) : options.token !== undefined && sameSecret(token ?? "", options.token) ? { name: "" } : undefined;
  if (grant === undefined) {
    rateLimit.fail(from);
    return token === undefined ? "the server asks for a token" : "the token is not known, or has expired";
  }
  rateLimit.succeed(from);
  return grant;
}

/** The machine itself may look when no token is asked for; everybody else brings one. */
function mayOperate(options: ServerOptions, rateLimit: RateLimit, request: IncomingMessage): boolean {
  if (options.token === undefined && options.tokens === undefined) return isLocal(request);
  const from = addressOf(request, options.trustProxy);
  if (rateLimit.waitMs(from) > 0) return false;
  const token = /^Bearer (\S+)$/.exec(request.headers.authorization ?? "")?.[1];
  return token !== undefined && typeof authorize(options, rateLimit, token, from) !== "string";
}

function endRevoked({ tokens, token }: ServerOptions, sessions: Sessions): void {
  if (tokens === undefined) return;
  try {
    sessions.end("the token was revoked, or has expired", (name) => (name === "" ? token === undefined : !tokens.holds(name)));
  } catch {
    // A token file that cannot be read lets nobody new in, and ends nobody.
  }
}

function addressOf(request: IncomingMessage, trustProxy: boolean | undefined): string {
  const forwarded = trustProxy ? request.headers["x-forwarded-for"] : undefined;
  // The last address is what the nearest proxy saw; those before it are the client's word.
  const last = (Array.isArray(forwarded) ? forwarded.at(-1) : forwarded)?.split(",").at(-1)?.trim();
  return last || (request.socket.remoteAddress ?? "a closed connection");
}

function entryOf(event: SessionEvent): Omit<LogEntry, "time"> {
  const { kind, session, from, ...rest } = event;
  return { level: kind === "refused" ? "warn" : "info", event: kind, session, from, ...rest };
}

function sentence(error: NodeJS.ErrnoException, listen: string): string {
  if (error.code === "EADDRINUSE") return `cannot listen on ${listen}: the port is in use`;
  if (error.code === "EACCES") return `cannot listen on ${listen}: this user may not use the port`;
  if (error.code === "EADDRNOTAVAIL" || error.code === "ENOTFOUND") return `cannot listen on ${listen}: the machine has no such address`;
  return `cannot listen on ${listen}: ${error.message}`;
}
