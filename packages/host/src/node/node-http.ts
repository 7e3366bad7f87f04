import { createRequire } from "node:module";
import type * as Http from "node:http";
import type { Duplex } from "node:stream";
import type * as Stream from "node:stream";
import type * as Tls from "node:tls";
import { HostError } from "../host-error.ts";
import type { CertificateFault, HostHttp, HttpHeader, HttpRequest, HttpResponse } from "../http.ts";
import type { HostConnection, HostNetwork } from "../network.ts";
import { authorities } from "./authorities.ts";

/**
 * HTTP by Node's client, over the connections of a network: what that refuses, this does. Certificates of `trusted` (PEM), and what they have signed, are trusted. Node's modules are loaded with the first request.
 */
export function nodeHttp(network: HostNetwork, trusted: () => readonly string[] = authorities): HostHttp {
  return { send: (request) => send(network, trusted, request) };
}

const NAME_FAULT = "ERR_TLS_CERT_ALTNAME_INVALID";
const load = (name: string): unknown => createRequire(import.meta.url)(name);

async function send(network: HostNetwork, trusted: () => readonly string[], request: HttpRequest): Promise<HttpResponse> {
  const peer = request.proxy ?? request;
  const plain = connectionStream(await connect(network, peer.host, peer.port));
  try {
    const tunnel = request.isSecure && request.proxy !== undefined ? await openTunnel(plain, request) : plain;
    const stream = request.isSecure ? await secure(tunnel, trusted(), request) : tunnel;
    return await exchange(stream, request);
  } catch (error) {
    plain.destroy();
    throw error;
  }
}

/** Tries the addresses of a name one after the other. */
async function connect(network: HostNetwork, name: string, port: number): Promise<HostConnection> {
  const host = name.replace(/^\[(.*)\]$/, "$1");
  const isNumeric = /^[\d.]+$/.test(host) || host.includes(":");
  const addresses = isNumeric ? [{ family: host.includes(":") ? 6 : 4, address: host } as const] : await network.lookUp(host, 0);
  let failure: unknown = new HostError("ENOTFOUND", `${host} has no address`);
  for (const address of addresses) {
    try {
      return await network.connect({ ...address, port });
    } catch (error) {
      failure = error;
    }
  }
  throw failure;
}

/** A connection as a stream of Node's, with what its clients ask of a socket besides. */
function connectionStream(connection: HostConnection): Duplex {
  const { Duplex } = load("node:stream") as typeof Stream;
  let drained = (): void => {};
  let timer: NodeJS.Timeout | undefined;
  const stream = new Duplex({
    read: () => connection.setReading(true),
    write(chunk: Uint8Array, _encoding, done) {
      timer?.refresh();
      // What is written belongs to the connection, and Node goes on to use its buffers.
      if (connection.write(Uint8Array.from(chunk))) done();
      else drained = done;
    },
    final(done) {
      connection.end();
      done();
    },
    destroy(error, done) {
      clearTimeout(timer);
      connection.close();
      done(error);
    },
  });
  connection.start({
    onData(bytes) {
      timer?.refresh();
      if (!stream.push(bytes)) connection.setReading(false);
    },
    onEnd: () => stream.push(null),
    onError: (error) => stream.destroy(error),
    onDrain() {
      const go = drained;
      drained = () => {};
      go();
    },
  });
  return Object.assign(stream, {
    setTimeout(ms: number, onTimeout?: () => void) {
      clearTimeout(timer);
      timer = ms > 0 ? setTimeout(() => stream.emit("timeout"), ms) : undefined;
      if (onTimeout !== undefined) stream.once("timeout", onTimeout);
      return stream;
    },
    setNoDelay: () => stream,
    setKeepAlive: () => stream,
    ref: () => stream,
    unref: () => stream,
  });
}

/** Has a proxy connect to the host (RFC 9110, section 9.3.6). */
function openTunnel(stream: Duplex, { host, port, timeoutMs }: HttpRequest): Promise<Duplex> {
  const { request } = load("node:http") as typeof Http;
  const authority = `${host}:${port}`;
  return new Promise((resolve, reject) => {
    const asked = request({
      createConnection: () => stream,
      method: "CONNECT",
      path: authority,
      headers: { Host: authority },
      timeout: timeoutMs,
    });
    asked.on("connect", (answer, tunnel, head) => {
      if (head.length > 0) tunnel.unshift(head);
      if (answer.statusCode === 200) resolve(tunnel);
      else reject(new HostError("ECONNREFUSED", `the proxy answers ${answer.statusCode}`));
    });
    asked.on("error", reject);
    asked.on("timeout", () => asked.destroy(timedOut(authority)));
    asked.end();
  });
}

function secure(stream: Duplex, trusted: readonly string[], { host, acceptedFaults, timeoutMs }: HttpRequest): Promise<Duplex> {
  const { connect: begin } = load("node:tls") as typeof Tls;
  const servername = /^[\d.]+$|:/.test(host) ? {} : { servername: host };
  return new Promise((resolve, reject) => {
    const secured = begin({ socket: stream, host, ...servername, rejectUnauthorized: false, ca: [...trusted] });
    secured.once("secureConnect", () => {
      const fault = faultsOf(secured, host).find(({ kind }) => !acceptedFaults.includes(kind));
      if (fault === undefined) resolve(secured);
      else reject(new HostError(fault.code, `the certificate of ${host} will not do`));
    });
    secured.once("error", reject);
    if (timeoutMs > 0) secured.setTimeout(timeoutMs, () => secured.destroy(timedOut(host)));
  });
}

/** What is wrong with a server's certificate: of chains, OpenSSL tells the first fault only. */
function faultsOf(socket: Tls.TLSSocket, host: string): { readonly kind: CertificateFault; readonly code: string }[] {
  const { checkServerIdentity } = load("node:tls") as typeof Tls;
  const certificate = socket.getPeerCertificate();
  const { authorizationError } = socket as { authorizationError?: Error | string | null };
  const code = typeof authorizationError === "string" ? authorizationError : (authorizationError as NodeJS.ErrnoException | null)?.code;
  const isDate = code === "CERT_HAS_EXPIRED" || code === "CERT_NOT_YET_VALID";
  const isOutOfTime = Date.now() < Date.parse(certificate.valid_from) || Date.now() > Date.parse(certificate.valid_to);
  const faults: { kind: CertificateFault; code: string }[] = [];
  if (code === "INVALID_PURPOSE") faults.push({ kind: "usage", code });
  else if (code !== undefined && !isDate && code !== NAME_FAULT) faults.push({ kind: "authority", code });
  if (isDate || isOutOfTime) faults.push({ kind: "date", code: "CERT_HAS_EXPIRED" });
  if (checkServerIdentity(host, certificate) !== undefined) faults.push({ kind: "name", code: NAME_FAULT });
  return faults;
}

function exchange(
  stream: Duplex,
  { method, isSecure, host, port, target, headers, body, proxy, timeoutMs }: HttpRequest,
): Promise<HttpResponse> {
  const { request } = load("node:http") as typeof Http;
  // A proxy is told the whole URL, where it does not only pass bytes on.
  const path = proxy !== undefined && !isSecure ? `http://${host}:${port}${target}` : target;
  return new Promise((resolve, reject) => {
    const asked = request({ createConnection: () => stream, method, path, headers: grouped(headers), setHost: false, timeout: timeoutMs });
    asked.on("response", (answer) => resolve(response(answer, stream)));
    asked.on("error", reject);
    asked.on("timeout", () => asked.destroy(timedOut(host)));
    asked.end(body);
  });
}

function response(answer: Http.IncomingMessage, stream: Duplex): HttpResponse {
  const chunks = answer[Symbol.asyncIterator]() as AsyncIterator<Uint8Array>;
  const { rawHeaders } = answer;
  return {
    version: answer.httpVersion,
    status: answer.statusCode ?? 0,
    reason: answer.statusMessage ?? "",
    headers: rawHeaders.flatMap((name, index): HttpHeader[] => (index % 2 === 0 ? [[name, rawHeaders[index + 1]!]] : [])),
    async read() {
      const step = await chunks.next();
      return step.done === true ? new Uint8Array(0) : step.value;
    },
    close: () => void stream.destroy(),
  };
}

/** Headers as Node takes them: those of one name together. */
function grouped(headers: readonly HttpHeader[]): Record<string, string[] | string> {
  const found = new Map<string, { name: string; values: string[] }>();
  for (const [name, value] of headers) {
    const known = found.get(name.toLowerCase());
    if (known === undefined) found.set(name.toLowerCase(), { name, values: [value] });
    else known.values.push(value);
  }
  return Object.fromEntries([...found.values()].map(({ name, values }) => [name, values.length === 1 ? values[0]! : values]));
}

function timedOut(host: string): HostError {
  return new HostError("ETIMEDOUT", `${host} does not answer`);
}
