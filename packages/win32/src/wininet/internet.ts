import { encodeText, ERROR, Win32Error, type TextBuffer } from "@decant/hook";
import { implement, type Thread } from "@decant/process";
import { exchange, HTTP_ERROR, resolveUrl, type HttpUrl, type ProxySetting } from "../http/client.ts";
import { crackUrl, createUrl } from "../http/crack-url.ts";
import { inherited, WinInetObjects, type HttpConnection, type HttpRequestObject, type HttpSession } from "../http/objects.ts";
import { addHeaders, give, queryHeaders } from "../http/query-headers.ts";
import { acceptedFaults, IGNORE_FLAGS } from "../http/security-flags.ts";
import { bodyOf, checkedHost, newRequest, sendAndReceive } from "../http/send.ts";
import { winInetApi } from "./internet.api.ts";
import { canonicalUrl, combinedUrl } from "./url-text.ts";

const OPEN_TYPE = { PRECONFIG: 0, DIRECT: 1, PROXY: 3, PRECONFIG_WITH_NO_AUTOPROXY: 4 } as const;
const SERVICE_HTTP = 3;
const FLAG = { ASYNC: 0x1000_0000, SECURE: 0x0080_0000, NO_AUTO_REDIRECT: 0x0020_0000, IGNORE_CERT: 0x3000 } as const;
/** INTERNET_ERROR_*: what is wrong with a certificate. */
const CERTIFICATE = { DATE_INVALID: 12_037, CN_INVALID: 12_038, INVALID_CA: 12_045, CHANNEL: 12_157 } as const;
const OPTION = { RECEIVE_TIMEOUT: 6, HANDLE_TYPE: 9, SECURITY_FLAGS: 31, URL: 34 } as const;
/** INTERNET_HANDLE_TYPE_*: what InternetOpen, InternetConnect and HttpOpenRequest make. */
const HANDLE_TYPES = { session: 1, connection: 2, request: 5 } as const;
const CONNECTION_LAN = 2;
const ADD_HEADERS = 0x2000_0000;
const WHOLE = 0xffff_ffff;

/** HTTP that waits in its calls: what is asked for by callbacks fails with ERROR_NOT_SUPPORTED when the session is made. */
export const winInet = implement(winInetApi, {
  InternetOpen(thread, lpszAgent, dwAccessType, lpszProxy, lpszProxyBypass, dwFlags) {
    if ((dwFlags & FLAG.ASYNC) !== 0) throw new Win32Error(ERROR.NOT_SUPPORTED);
    return WinInetObjects.of(thread).add({
      kind: "session",
      agent: lpszAgent ?? "",
      proxy: proxySetting(dwAccessType, lpszProxy, lpszProxyBypass),
      isAsync: false,
      context: 0n,
      callback: 0,
      notifications: 0,
      timeoutMs: 0,
    });
  },
  InternetCloseHandle(thread, hInternet) {
    WinInetObjects.of(thread).remove(hInternet);
    return true;
  },
  InternetConnect(thread, hInternet, lpszServerName, nServerPort, lpszUserName, lpszPassword, dwService) {
    const objects = WinInetObjects.of(thread);
    const session = objects.get(hInternet, "session");
    if (dwService !== SERVICE_HTTP) throw new Win32Error(ERROR.NOT_SUPPORTED);
    return objects.add(connectionTo(session, checkedHost(lpszServerName), nServerPort, lpszUserName, lpszPassword));
  },
  *InternetOpenUrl(thread, hInternet, lpszUrl, lpszHeaders, dwHeadersLength, dwFlags) {
    const objects = WinInetObjects.of(thread);
    const session = objects.get(hInternet, "session");
    const url = httpUrl(lpszUrl);
    const request = newRequest(connectionTo(session, url.host, url.port), "GET", url.target, url.isSecure);
    applyFlags(request, dwFlags);
    if (!lpszHeaders.isNull) addHeaders(request, counted(lpszHeaders, dwHeadersLength), ADD_HEADERS);
    yield* sendAndReceive(thread, request, certificateError);
    return objects.add(request);
  },
  HttpOpenRequest(thread, hConnect, lpszVerb, lpszObjectName, _lpszVersion, lpszReferrer, lplpszAcceptTypes, dwFlags) {
    const objects = WinInetObjects.of(thread);
    const connection = objects.get(hConnect, "connection");
    const isSecure = (dwFlags & FLAG.SECURE) !== 0;
    const port = connection.port === 0 ? (isSecure ? 443 : 80) : connection.port;
    const request = newRequest({ ...connection, port }, lpszVerb ?? "", lpszObjectName ?? "", isSecure);
    applyFlags(request, dwFlags);
    if (lpszReferrer !== undefined) request.headers.push(["Referer", lpszReferrer]);
    // The types' own text is ANSI or UTF-16 by the function's name: what a first character of UTF-16 ends with tells.
    const types = acceptTypes(thread, lplpszAcceptTypes);
    if (types.length > 0) request.headers.push(["Accept", types.join(", ")]);
    return objects.add(request);
  },
  HttpAddRequestHeaders(thread, hRequest, lpszHeaders, dwHeadersLength, dwModifiers) {
    const request = WinInetObjects.of(thread).get(hRequest, "request");
    if (lpszHeaders.isNull || dwHeadersLength === 0) throw new Win32Error(ERROR.INVALID_PARAMETER);
    addHeaders(request, counted(lpszHeaders, dwHeadersLength), dwModifiers);
    return true;
  },
  *HttpSendRequest(thread, hRequest, lpszHeaders, dwHeadersLength, lpOptional, dwOptionalLength) {
    const request = WinInetObjects.of(thread).get(hRequest, "request");
    if (!lpszHeaders.isNull && dwHeadersLength !== 0) addHeaders(request, counted(lpszHeaders, dwHeadersLength), ADD_HEADERS);
    request.response?.close();
    request.body.length = 0;
    request.bodyLength = dwOptionalLength;
    if (dwOptionalLength > 0) request.body.push(lpOptional.read(dwOptionalLength));
    yield* sendAndReceive(thread, request, certificateError);
    return true;
  },
  HttpQueryInfo(thread, hRequest, dwInfoLevel, lpBuffer, lpdwBufferLength, lpdwIndex) {
    const request = WinInetObjects.of(thread).get(hRequest, "request");
    const custom = (dwInfoLevel & 0xffff) === 0xffff && !lpBuffer.isNull ? lpBuffer.read() : undefined;
    const form = lpBuffer.charSize === 2 ? "wide" : "ansi";
    queryHeaders(thread, request, dwInfoLevel, custom, { address: lpBuffer.address, length: lpdwBufferLength, index: lpdwIndex, form });
    return true;
  },
  *InternetReadFile(thread, hFile, lpBuffer, dwNumberOfBytesToRead, lpdwNumberOfBytesRead) {
    const body = bodyOf(WinInetObjects.of(thread).get(hFile, "request"));
    const bytes = yield* body.read(dwNumberOfBytesToRead);
    if (bytes.length > 0) lpBuffer.write(bytes);
    lpdwNumberOfBytesRead.set(bytes.length);
    return true;
  },
  *InternetQueryDataAvailable(thread, hFile, lpdwNumberOfBytesAvailable) {
    lpdwNumberOfBytesAvailable.set(yield* bodyOf(WinInetObjects.of(thread).get(hFile, "request")).available());
    return true;
  },

  InternetSetOption(thread, hInternet, dwOption, lpBuffer, dwBufferLength) {
    // Without a handle an option is the whole program's: there is no cache and no dialog that it could change.
    if (hInternet === 0) return true;
    const object = WinInetObjects.of(thread).any(hInternet);
    if (dwOption !== OPTION.RECEIVE_TIMEOUT && dwOption !== OPTION.SECURITY_FLAGS) return true;
    if (dwBufferLength !== 4) throw new Win32Error(ERROR.INSUFFICIENT_BUFFER);
    const value = thread.memory.u32(lpBuffer);
    if (dwOption === OPTION.RECEIVE_TIMEOUT) object.timeoutMs = value === WHOLE ? 0 : value;
    else requestOf(object).securityFlags = value & IGNORE_FLAGS;
    return true;
  },
  InternetQueryOption(thread, hInternet, dwOption, lpBuffer, lpdwBufferLength) {
    const object = WinInetObjects.of(thread).any(hInternet);
    const place = { address: lpBuffer.address, length: lpdwBufferLength };
    const word = (value: number): Uint8Array => new Uint8Array(Uint32Array.of(value).buffer);
    const form = lpBuffer.charSize === 2 ? "wide" : "ansi";
    if (dwOption === OPTION.URL) give(thread, encodeText(thread, `${requestOf(object).url}\0`, form), place, lpBuffer.charSize);
    else if (dwOption === OPTION.HANDLE_TYPE) give(thread, word(HANDLE_TYPES[object.kind]), place, 0);
    else if (dwOption === OPTION.RECEIVE_TIMEOUT) give(thread, word(object.timeoutMs), place, 0);
    else if (dwOption === OPTION.SECURITY_FLAGS) give(thread, word(requestOf(object).securityFlags), place, 0);
    else throw new Win32Error(HTTP_ERROR.INVALID_OPTION);
    return true;
  },
  /** It is kept, and nobody calls it: what waits in its call has nothing to tell. */
  InternetSetStatusCallback(thread, hInternet, lpfnInternetCallback) {
    const object = WinInetObjects.of(thread).any(hInternet);
    const before = object.callback;
    object.callback = lpfnInternetCallback;
    return before;
  },

  InternetCrackUrl(thread, lpszUrl, dwUrlLength, _dwFlags, lpUrlComponents) {
    if (lpszUrl.isNull) throw new Win32Error(ERROR.INVALID_PARAMETER);
    const url = dwUrlLength === 0 ? lpszUrl.read() : lpszUrl.text(dwUrlLength);
    crackUrl(thread, url, lpszUrl.address, lpUrlComponents, { isWinHttp: false, charSize: lpszUrl.charSize });
    return true;
  },
  InternetCreateUrl(thread, lpUrlComponents, _dwFlags, lpszUrl, lpdwUrlLength) {
    return giveText(createUrl(thread, lpUrlComponents, { isWinHttp: false, charSize: lpszUrl.charSize }), lpszUrl, lpdwUrlLength);
  },
  InternetCombineUrl: (_thread, lpszBaseUrl, lpszRelativeUrl, lpszBuffer, lpdwBufferLength, dwFlags) =>
    giveText(combinedUrl(lpszBaseUrl ?? "", lpszRelativeUrl ?? "", dwFlags), lpszBuffer, lpdwBufferLength),
  InternetCanonicalizeUrl: (_thread, lpszUrl, lpszBuffer, lpdwBufferLength, dwFlags) =>
    giveText(canonicalUrl(lpszUrl ?? "", dwFlags), lpszBuffer, lpdwBufferLength),

  InternetGetConnectedState(_thread, lpdwFlags) {
    lpdwFlags.set(CONNECTION_LAN);
    return true;
  },
  *InternetCheckConnection(thread, lpszUrl) {
    if (lpszUrl === undefined) return true;
    const url = httpUrl(lpszUrl);
    const none = {
      headers: [],
      body: new Uint8Array(0),
      redirects: "never",
      acceptedFaults: acceptedFaults(IGNORE_FLAGS),
      timeoutMs: 0,
    } as const;
    const { response } = yield* exchange(thread, {
      ...none,
      method: "HEAD",
      url,
      proxy: { kind: "environment" },
      secureFailure: certificateError,
    });
    response.close();
    return true;
  },
  InternetAttemptConnect: () => ERROR.SUCCESS,
  InternetGetLastResponseInfo(_thread, lpdwError, lpszBuffer, lpdwBufferLength) {
    lpdwError.set(0);
    return giveText("", lpszBuffer, lpdwBufferLength);
  },
  DeleteUrlCacheEntry() {
    throw new Win32Error(ERROR.FILE_NOT_FOUND);
  },
});

/** The error for a certificate, by OpenSSL's name for it. */
export function certificateError(code: string): number {
  if (code === "CERT_HAS_EXPIRED" || code === "CERT_NOT_YET_VALID") return CERTIFICATE.DATE_INVALID;
  if (code === "ERR_TLS_CERT_ALTNAME_INVALID") return CERTIFICATE.CN_INVALID;
  return /SELF_SIGNED|ISSUER|LEAF_SIGNATURE/.test(code) ? CERTIFICATE.INVALID_CA : CERTIFICATE.CHANNEL;
}

/** A URL of http or https. Throws ERROR_INTERNET_UNRECOGNIZED_SCHEME. */
export function httpUrl(text: string | undefined): HttpUrl {
  const url = resolveUrl(undefined, text ?? "");
  if (url === undefined) throw new Win32Error(HTTP_ERROR.UNRECOGNIZED_SCHEME);
  return url;
}

function connectionTo(session: HttpSession, host: string, port: number, user?: string, password?: string): HttpConnection {
  return { ...inherited(session), kind: "connection", session, host, port, isSecure: false, user, password };
}

function applyFlags(request: HttpRequestObject, flags: number): void {
  // WinINet goes from https to http too.
  request.redirects = (flags & FLAG.NO_AUTO_REDIRECT) !== 0 ? "never" : "always";
  request.securityFlags = flags & FLAG.IGNORE_CERT;
}

function requestOf(object: ReturnType<WinInetObjects["any"]>): HttpRequestObject {
  if (object.kind !== "request") throw new Win32Error(HTTP_ERROR.INCORRECT_HANDLE_TYPE);
  return object;
}

function proxySetting(type: number, servers: string | undefined, bypass: string | undefined): ProxySetting {
  if (type === OPEN_TYPE.DIRECT) return { kind: "none" };
  if (type === OPEN_TYPE.PRECONFIG || type === OPEN_TYPE.PRECONFIG_WITH_NO_AUTOPROXY) return { kind: "environment" };
  if (type !== OPEN_TYPE.PROXY || servers === undefined || servers === "") throw new Win32Error(ERROR.INVALID_PARAMETER);
  return { kind: "named", servers, bypass: bypass ?? "" };
}

function acceptTypes({ memory, pointerSize }: Thread, list: number): string[] {
  const types: string[] = [];
  for (let at = list; at !== 0 && memory.pointer(at) !== 0; at += pointerSize) {
    const text = memory.pointer(at);
    types.push(memory.u8(text + 1) === 0 ? memory.wstring(text) : memory.cstring(text));
  }
  return types;
}

function counted(text: TextBuffer, length: number): string {
  return length === WHOLE || length === 0 ? text.read() : text.text(length).replace(/\0.*$/s, "");
}

/** Stores text, whose length is told; the size that is needed, with its NUL, where it does not fit. */
function giveText(text: string, target: TextBuffer, length: { get(): number; set(value: number): void }): boolean {
  const needed = text.length + 1;
  const fits = !target.isNull && target.write(text, length.get()).needed <= length.get();
  length.set(fits ? text.length : needed);
  if (!fits) throw new Win32Error(ERROR.INSUFFICIENT_BUFFER);
  return true;
}
