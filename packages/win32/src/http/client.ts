import type { CertificateFault, HttpHeader, HttpResponse } from "@decant/host";
import { ERROR, Win32Error } from "@decant/hook";
import { waitFor, type GuestGenerator, type Thread } from "@decant/process";
import { stateOf } from "../process-state.ts";

/** What WinHTTP and WinINet call alike (winhttp.h, wininet.h). */
export const HTTP_ERROR = {
  TIMEOUT: 12_002,
  INVALID_URL: 12_005,
  UNRECOGNIZED_SCHEME: 12_006,
  NAME_NOT_RESOLVED: 12_007,
  INVALID_OPTION: 12_009,
  OPTION_NOT_SETTABLE: 12_011,
  INCORRECT_HANDLE_TYPE: 12_018,
  INCORRECT_HANDLE_STATE: 12_019,
  CANNOT_CONNECT: 12_029,
  CONNECTION_ABORTED: 12_030,
  HEADER_NOT_FOUND: 12_150,
  INVALID_SERVER_RESPONSE: 12_152,
  INVALID_HEADER: 12_153,
  HEADER_ALREADY_EXISTS: 12_155,
  REDIRECT_FAILED: 12_156,
} as const;

/** Where a request goes. */
export interface HttpUrl {
  readonly isSecure: boolean;
  readonly host: string;
  readonly port: number;
  /** Path and query. */
  readonly target: string;
}

/** How a proxy is found: there is none, the environment names one (HTTP_PROXY, HTTPS_PROXY, ALL_PROXY, NO_PROXY), or the program does. */
export type ProxySetting =
  | { readonly kind: "none" }
  | { readonly kind: "environment" }
  | { readonly kind: "named"; readonly servers: string; readonly bypass: string };

/** A request, and how far its redirects are followed. */
export interface Exchange {
  readonly method: string;
  readonly url: HttpUrl;
  readonly headers: readonly HttpHeader[];
  readonly body: Uint8Array;
  readonly proxy: ProxySetting;
  /** "safe": from https to https only, and from http anywhere. */
  readonly redirects: "never" | "safe" | "always";
  readonly acceptedFaults: readonly CertificateFault[];
  readonly timeoutMs: number;
  /** The error for a certificate or a channel that will not do, by Node's code. */
  readonly secureFailure: (code: string) => number;
}

/** What came of it in the end. */
export interface Answer {
  readonly url: HttpUrl;
  readonly method: string;
  readonly response: HttpResponse;
}

const MAX_REDIRECTS = 10;
const NO_BODY = new Uint8Array(0);

/** Sends a request, and others where it is redirected. Throws Win32Error with HTTP_ERROR's codes. */
export function* exchange(thread: Thread, request: Exchange): GuestGenerator<Answer> {
  const { http } = thread.process.host;
  if (http === undefined) throw new Win32Error(HTTP_ERROR.CANNOT_CONNECT);
  let { method, url, body } = request;
  let { headers } = request;
  for (let redirects = 0; ; redirects++) {
    const proxy = proxyFor(thread, url, request.proxy);
    const response = yield* orFail(
      waitFor(
        http.send({
          ...url,
          method,
          body,
          proxy,
          headers: completed(headers, url, method, body),
          acceptedFaults: request.acceptedFaults,
          timeoutMs: request.timeoutMs,
        }),
      ),
      request.secureFailure,
    );
    const location = [301, 302, 303, 307, 308].includes(response.status) ? headerOf(response.headers, "location") : undefined;
    const next = location === undefined || request.redirects === "never" ? undefined : resolveUrl(url, location);
    if (next === undefined || (request.redirects === "safe" && url.isSecure && !next.isSecure)) return { url, method, response };
    response.close();
    if (redirects === MAX_REDIRECTS) throw new Win32Error(HTTP_ERROR.REDIRECT_FAILED);
    if (response.status <= 303 && method !== "GET" && method !== "HEAD") {
      [method, body] = ["GET", NO_BODY];
      headers = headers.filter(([name]) => !/^content-(length|type)$/i.test(name));
    }
    if (next.host !== url.host) headers = headers.filter(([name]) => !/^(authorization|cookie|host)$/i.test(name));
    url = next;
  }
}

/** A response's body as it is read: what has arrived is kept until it is taken. */
export class Body {
  readonly #response: HttpResponse;
  readonly #secureFailure: (code: string) => number;
  #bytes = NO_BODY;
  #hasEnded = false;

  constructor(response: HttpResponse, secureFailure: (code: string) => number) {
    this.#response = response;
    this.#secureFailure = secureFailure;
  }

  /** Waits for bytes, and tells how many there are; 0 at the end. */
  *available(): GuestGenerator<number> {
    while (this.#bytes.length === 0 && !this.#hasEnded) {
      this.#bytes = (yield* orFail(waitFor(this.#response.read()), this.#secureFailure)) as Uint8Array<ArrayBuffer>;
      this.#hasEnded = this.#bytes.length === 0;
    }
    return this.#bytes.length;
  }

  /** Fills a buffer as far as there are bytes. */
  *read(length: number): GuestGenerator<Uint8Array> {
    const pieces: Uint8Array[] = [];
    let done = 0;
    while (done < length && (yield* this.available()) > 0) {
      const piece = this.#bytes.subarray(0, length - done);
      this.#bytes = this.#bytes.subarray(piece.length);
      pieces.push(piece);
      done += piece.length;
    }
    const all = new Uint8Array(done);
    let at = 0;
    for (const piece of pieces) {
      all.set(piece, at);
      at += piece.length;
    }
    return all;
  }
}

/** A header's value; names have no case. */
export function headerOf(headers: readonly HttpHeader[], name: string): string | undefined {
  return headers.find(([each]) => each.toLowerCase() === name.toLowerCase())?.[1];
}

/** The URL that a text is, beside another. Undefined for what is not of HTTP. */
export function resolveUrl(base: HttpUrl | undefined, text: string): HttpUrl | undefined {
  let url: URL;
  try {
    url = new URL(text, base === undefined ? undefined : urlText(base));
  } catch {
    return undefined;
  }
  if (url.protocol !== "http:" && url.protocol !== "https:") return undefined;
  const isSecure = url.protocol === "https:";
  const port = url.port === "" ? (isSecure ? 443 : 80) : Number(url.port);
  return { isSecure, host: url.hostname, port, target: url.pathname + url.search };
}

/** A URL as text; a port is told where it is not its scheme's. */
export function urlText({ isSecure, host, port, target }: HttpUrl): string {
  return `${isSecure ? "https" : "http"}://${authority({ isSecure, host, port })}${target}`;
}

function authority({ isSecure, host, port }: Omit<HttpUrl, "target">): string {
  return port === (isSecure ? 443 : 80) ? host : `${host}:${port}`;
}

/** Headers that every request has. */
function completed(headers: readonly HttpHeader[], url: HttpUrl, method: string, body: Uint8Array): HttpHeader[] {
  const all: HttpHeader[] = [["Connection", "Keep-Alive"], ...headers];
  const given = (name: string): boolean => headerOf(headers, name) !== undefined;
  if (given("Connection")) all.shift();
  if (!given("Host")) all.push(["Host", authority(url)]);
  const hasLength = given("Content-Length") || given("Transfer-Encoding");
  if (!hasLength && (body.length > 0 || method === "POST" || method === "PUT")) all.push(["Content-Length", String(body.length)]);
  return all;
}

function proxyFor(thread: Thread, { isSecure, host }: HttpUrl, setting: ProxySetting): { host: string; port: number } | undefined {
  if (setting.kind === "none") return undefined;
  const { environment } = stateOf(thread);
  const value = (name: string): string => environment.get(name)?.value ?? "";
  const [servers, bypass] =
    setting.kind === "named"
      ? [setting.servers, setting.bypass]
      : [value(isSecure ? "HTTPS_PROXY" : "HTTP_PROXY") || value("ALL_PROXY"), value("NO_PROXY")];
  if (servers === "" || isBypassed(host, bypass)) return undefined;
  const list = servers.split(/[;\s]+/).map((each) => /^(?:(\w+)=)?(?:\w+:\/\/)?(?:[^@/]*@)?(\[[^\]]*\]|[^:/]+)(?::(\d+))?/.exec(each));
  const found = list.find((each) => each !== null && (each[1] === undefined || each[1].toLowerCase() === (isSecure ? "https" : "http")));
  return found == null ? undefined : { host: found[2]!, port: Number(found[3] ?? 80) };
}

/** Hosts that are asked themselves: names with `*`, endings as NO_PROXY has them, `<local>` for names without a dot. */
function isBypassed(host: string, list: string): boolean {
  return list.split(/[;,\s]+/).some((rule) => {
    if (rule === "") return false;
    if (rule === "*") return true;
    if (/^<local>$/i.test(rule)) return !host.includes(".");
    const pattern = rule
      .toLowerCase()
      .replaceAll(/[\\^$+?.()|[\]{}]/g, "\\$&")
      .replaceAll("*", ".*");
    return new RegExp(`^(.*\\.)?${pattern.replace(/^\\\./, "")}$`).test(host.toLowerCase());
  });
}

function* orFail<T>(work: GuestGenerator<T>, secureFailure: (code: string) => number): GuestGenerator<T> {
  try {
    return yield* work;
  } catch (error) {
    if (!(error instanceof Error) || !("code" in error) || typeof error.code !== "string") throw error;
    throw new Win32Error(failureOf(error.code, secureFailure));
  }
}

function failureOf(code: string, secureFailure: (code: string) => number): number {
  if (code === "ENOTFOUND" || code === "EAI_AGAIN") return HTTP_ERROR.NAME_NOT_RESOLVED;
  if (code === "ETIMEDOUT") return HTTP_ERROR.TIMEOUT;
  if (code === "ECONNRESET" || code === "EPIPE") return HTTP_ERROR.CONNECTION_ABORTED;
  if (code.startsWith("HPE_")) return HTTP_ERROR.INVALID_SERVER_RESPONSE;
  if (/^ERR_(INVALID|UNESCAPED|HTTP)/.test(code)) return ERROR.INVALID_PARAMETER;
  if (/^E[A-Z]+$/.test(code) && code !== "EPROTO") return HTTP_ERROR.CANNOT_CONNECT;
  return secureFailure(code);
}
