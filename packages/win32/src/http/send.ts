import { ERROR, Win32Error } from "@decant/hook";
import type { GuestGenerator, Thread } from "@decant/process";
import { Body, exchange, headerOf, HTTP_ERROR, urlText } from "./client.ts";
import { acceptedFaults } from "./security-flags.ts";
import { inherited, type HttpConnection, type HttpRequestObject } from "./objects.ts";
import { joinBytes } from "../values/join-bytes.ts";

/** A request to a server, before anything of it is sent. */
export function newRequest(connection: HttpConnection, method: string, target: string, isSecure: boolean): HttpRequestObject {
  const { session, user, password } = connection;
  const agent = session.agent === "" ? [] : [["User-Agent", session.agent] as const];
  const credentials = user === undefined ? [] : [["Authorization", `Basic ${btoa(`${user}:${password ?? ""}`)}`] as const];
  return {
    ...inherited(connection),
    kind: "request",
    connection,
    method: method === "" ? "GET" : method.toUpperCase(),
    target: encodeURI(target.startsWith("/") ? target : `/${target}`).replaceAll(/%25([0-9a-f]{2})/gi, "%$1"),
    isSecure,
    headers: [...agent, ...credentials],
    body: [],
    bodyLength: 0,
    redirects: "safe",
    securityFlags: 0,
    isSent: false,
    response: undefined,
    reader: undefined,
    url: "",
  };
}

/** Sends a request whose body is complete, and takes the head of the answer. Throws as `exchange` does. */
export function* sendAndReceive(thread: Thread, request: HttpRequestObject, secureFailure: (code: string) => number): GuestGenerator<void> {
  const { connection } = request;
  const body = joinBytes(request.body);
  if (body.length !== request.bodyLength) throw new Win32Error(HTTP_ERROR.INCORRECT_HANDLE_STATE);
  const url = { isSecure: request.isSecure, host: connection.host, port: connection.port, target: request.target };
  const answer = yield* exchange(thread, {
    method: request.method,
    url,
    headers: request.headers,
    body,
    proxy: connection.session.proxy,
    redirects: request.redirects,
    acceptedFaults: acceptedFaults(request.securityFlags),
    timeoutMs: request.timeoutMs,
    secureFailure,
  });
  request.response = answer.response;
  request.method = answer.method;
  request.url = urlText(answer.url);
  request.reader = new Body(answer.response, secureFailure);
}

/** The body of an answer. Throws ERROR_…_INCORRECT_HANDLE_STATE before there is one. */
export function bodyOf(request: HttpRequestObject): Body {
  if (request.reader === undefined) throw new Win32Error(HTTP_ERROR.INCORRECT_HANDLE_STATE);
  return request.reader;
}

/** A port that is 0 stands for the scheme's own. Throws ERROR_INVALID_PARAMETER without a host. */
export function checkedHost(host: string | undefined): string {
  if (host === undefined || host === "") throw new Win32Error(ERROR.INVALID_PARAMETER);
  return host;
}

/** Whether a request says itself how long its body will be. */
export function declaredLength(request: HttpRequestObject): number | undefined {
  const length = headerOf(request.headers, "content-length");
  return length === undefined ? undefined : Number(length);
}
