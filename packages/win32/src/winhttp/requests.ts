import { encodeText, ERROR, Win32Error, type Handle } from "@decant/hook";
import { guestCall64, implement, type GuestGenerator, type Thread } from "@decant/process";
import { HTTP_ERROR, type ProxySetting } from "../http/client.ts";
import { crackUrl, createUrl } from "../http/crack-url.ts";
import { inherited, WinHttpObjects, type HttpRequestObject, type Shared } from "../http/objects.ts";
import { addHeaders, give, queryHeaders } from "../http/query-headers.ts";
import { bodyOf, checkedHost, declaredLength, newRequest, sendAndReceive } from "../http/send.ts";
import { IGNORE_FLAGS } from "../http/security-flags.ts";
import { WorkerPool } from "../kernel32/worker-pool.ts";
import { winHttpApi } from "./requests.api.ts";

const AUTODETECTION_FAILED = 12_180;
const SECURE_FAILURE = 12_175;
const ACCESS_TYPE = { DEFAULT_PROXY: 0, NO_PROXY: 1, NAMED_PROXY: 3, AUTOMATIC_PROXY: 4 } as const;
const FLAG_ASYNC = 0x1000_0000;
const FLAG_SECURE = 0x0080_0000;
const OPTION = {
  CALLBACK: 1,
  RESOLVE_TIMEOUT: 2,
  CONNECT_TIMEOUT: 3,
  SEND_TIMEOUT: 5,
  RECEIVE_TIMEOUT: 6,
  HANDLE_TYPE: 9,
  SECURITY_FLAGS: 31,
  URL: 34,
  PROXY: 38,
  CONTEXT_VALUE: 45,
  DISABLE_FEATURE: 63,
  REDIRECT_POLICY: 88,
} as const;
const DISABLE_REDIRECTS = 2;
const REDIRECT_POLICIES = ["never", "safe", "always"] as const;
const HANDLE_TYPES = { session: 1, connection: 2, request: 3 } as const;
/** WINHTTP_CALLBACK_STATUS_*. */
const STATUS = {
  HANDLE_CREATED: 0x400,
  HANDLE_CLOSING: 0x800,
  SECURE_FAILURE: 0x1_0000,
  HEADERS_AVAILABLE: 0x2_0000,
  DATA_AVAILABLE: 0x4_0000,
  READ_COMPLETE: 0x8_0000,
  WRITE_COMPLETE: 0x10_0000,
  REQUEST_ERROR: 0x20_0000,
  SENDREQUEST_COMPLETE: 0x40_0000,
} as const;
/** WINHTTP_ASYNC_RESULT's dwResult: which function failed. */
const API = { RECEIVE_RESPONSE: 1, QUERY_DATA_AVAILABLE: 2, READ_DATA: 3, WRITE_DATA: 4, SEND_REQUEST: 5 } as const;
const DEFAULT_TIMEOUT_MS = 30_000;
const WHOLE = 0xffff_ffff;

/** What a callback is told: a status, and bytes or a place for it. */
interface Told {
  readonly status: number;
  readonly info?: Uint8Array | number;
  readonly length?: number;
}

const UTF16 = { isWinHttp: true, charSize: 2 } as const;

/** HTTP, waiting or by callbacks. Cookies are not kept, and of the ways to log in only the plain one is there. */
export const winHttp = implement(winHttpApi, {
  WinHttpCheckPlatform: () => true,
  WinHttpOpen(thread, pszAgentW, dwAccessType, pszProxyW, pszProxyBypassW, dwFlags) {
    return WinHttpObjects.of(thread).add({
      kind: "session",
      agent: pszAgentW ?? "",
      proxy: proxySetting(dwAccessType, pszProxyW, pszProxyBypassW),
      isAsync: (dwFlags & FLAG_ASYNC) !== 0,
      context: 0n,
      callback: 0,
      notifications: 0,
      timeoutMs: DEFAULT_TIMEOUT_MS,
    });
  },
  *WinHttpCloseHandle(thread, hInternet) {
    const object = WinHttpObjects.of(thread).remove(hInternet);
    yield* tell(thread, hInternet, object, { status: STATUS.HANDLE_CLOSING, info: handleBytes(thread, hInternet) });
    return true;
  },
  *WinHttpConnect(thread, hSession, pswzServerName, nServerPort) {
    const objects = WinHttpObjects.of(thread);
    const session = objects.get(hSession, "session");
    const handle = objects.add({
      ...inherited(session),
      kind: "connection",
      session,
      host: checkedHost(pswzServerName),
      port: nServerPort,
      isSecure: false,
      user: undefined,
      password: undefined,
    });
    return yield* created(thread, hSession, session, handle);
  },
  *WinHttpOpenRequest(thread, hConnect, pwszVerb, pwszObjectName, _pwszVersion, pwszReferrer, ppwszAcceptTypes, dwFlags) {
    const objects = WinHttpObjects.of(thread);
    const connection = objects.get(hConnect, "connection");
    const isSecure = (dwFlags & FLAG_SECURE) !== 0;
    const port = connection.port === 0 ? (isSecure ? 443 : 80) : connection.port;
    const request = newRequest({ ...connection, port }, pwszVerb ?? "", pwszObjectName ?? "", isSecure);
    if (pwszReferrer !== undefined) request.headers.push(["Referer", pwszReferrer]);
    for (let at = ppwszAcceptTypes; at !== 0 && thread.memory.pointer(at) !== 0; at += thread.pointerSize)
      request.headers.push(["Accept", thread.memory.wstring(thread.memory.pointer(at))]);
    return yield* created(thread, hConnect, connection, objects.add(request));
  },
  WinHttpAddRequestHeaders(thread, hRequest, lpszHeaders, dwHeadersLength, dwModifiers) {
    const request = WinHttpObjects.of(thread).get(hRequest, "request");
    if (lpszHeaders.isNull || dwHeadersLength === 0) throw new Win32Error(ERROR.INVALID_PARAMETER);
    addHeaders(request, counted(lpszHeaders, dwHeadersLength), dwModifiers);
    return true;
  },

  WinHttpSendRequest(thread, hRequest, lpszHeaders, dwHeadersLength, lpOptional, dwOptionalLength, dwTotalLength, dwContext) {
    const request = WinHttpObjects.of(thread).get(hRequest, "request");
    if (!lpszHeaders.isNull && dwHeadersLength !== 0) addHeaders(request, counted(lpszHeaders, dwHeadersLength), ADD_HEADERS);
    if (dwContext !== 0n) request.context = dwContext;
    request.response?.close();
    [request.response, request.reader, request.isSent] = [undefined, undefined, true];
    request.body.length = 0;
    if (dwOptionalLength > 0) request.body.push(lpOptional.read(dwOptionalLength));
    request.bodyLength = Math.max(dwTotalLength, dwOptionalLength, declaredLength(request) ?? 0);
    return perform(thread, hRequest, request, API.SEND_REQUEST, function* (worker) {
      if (bytesOf(request) === request.bodyLength) yield* sendAndTell(worker, hRequest, request);
      return { status: STATUS.SENDREQUEST_COMPLETE };
    });
  },
  WinHttpWriteData(thread, hRequest, lpBuffer, dwNumberOfBytesToWrite, lpdwNumberOfBytesWritten) {
    const request = WinHttpObjects.of(thread).get(hRequest, "request");
    if (!request.isSent || request.response !== undefined) throw new Win32Error(HTTP_ERROR.INCORRECT_HANDLE_STATE);
    if (dwNumberOfBytesToWrite > 0) request.body.push(lpBuffer.read(dwNumberOfBytesToWrite));
    request.bodyLength = Math.max(request.bodyLength, bytesOf(request));
    lpdwNumberOfBytesWritten.set(dwNumberOfBytesToWrite);
    return perform(thread, hRequest, request, API.WRITE_DATA, function* () {
      return { status: STATUS.WRITE_COMPLETE, info: words(dwNumberOfBytesToWrite), length: 4 };
    });
  },
  WinHttpReceiveResponse(thread, hRequest) {
    const request = WinHttpObjects.of(thread).get(hRequest, "request");
    if (!request.isSent) throw new Win32Error(HTTP_ERROR.INCORRECT_HANDLE_STATE);
    return perform(thread, hRequest, request, API.RECEIVE_RESPONSE, function* (worker) {
      if (request.response === undefined) yield* sendAndTell(worker, hRequest, request);
      return { status: STATUS.HEADERS_AVAILABLE };
    });
  },
  WinHttpQueryHeaders(thread, hRequest, dwInfoLevel, pwszName, lpBuffer, lpdwBufferLength, lpdwIndex) {
    const request = WinHttpObjects.of(thread).get(hRequest, "request");
    queryHeaders(thread, request, dwInfoLevel, pwszName, { address: lpBuffer, length: lpdwBufferLength, index: lpdwIndex, form: "wide" });
    return true;
  },
  WinHttpQueryDataAvailable(thread, hRequest, lpdwNumberOfBytesAvailable) {
    const request = WinHttpObjects.of(thread).get(hRequest, "request");
    const body = bodyOf(request);
    return perform(thread, hRequest, request, API.QUERY_DATA_AVAILABLE, function* () {
      const count = yield* body.available();
      if (!request.connection.session.isAsync) lpdwNumberOfBytesAvailable.set(count);
      return { status: STATUS.DATA_AVAILABLE, info: words(count), length: 4 };
    });
  },
  WinHttpReadData(thread, hRequest, lpBuffer, dwNumberOfBytesToRead, lpdwNumberOfBytesRead) {
    const request = WinHttpObjects.of(thread).get(hRequest, "request");
    const body = bodyOf(request);
    return perform(thread, hRequest, request, API.READ_DATA, function* () {
      const bytes = yield* body.read(dwNumberOfBytesToRead);
      if (bytes.length > 0) lpBuffer.write(bytes);
      // "Set this parameter to NULL in asynchronous mode": the thread that it belongs to has gone on.
      if (!request.connection.session.isAsync) lpdwNumberOfBytesRead.set(bytes.length);
      return { status: STATUS.READ_COMPLETE, info: lpBuffer.address, length: bytes.length };
    });
  },

  WinHttpSetTimeouts(thread, hInternet, nResolveTimeout, nConnectTimeout, nSendTimeout, nReceiveTimeout) {
    const object = WinHttpObjects.of(thread).any(hInternet);
    const times = [nResolveTimeout, nConnectTimeout, nSendTimeout, nReceiveTimeout];
    if (times.some((time) => time < -1)) throw new Win32Error(ERROR.INVALID_PARAMETER);
    object.timeoutMs = Math.max(0, nReceiveTimeout);
    return true;
  },
  WinHttpSetOption(thread, hInternet, dwOption, lpBuffer, dwBufferLength) {
    const object = WinHttpObjects.of(thread).any(hInternet);
    const word = (): number => {
      if (dwBufferLength !== 4) throw new Win32Error(ERROR.INSUFFICIENT_BUFFER);
      return thread.memory.u32(lpBuffer);
    };
    const request = object.kind === "request" ? object : undefined;
    switch (dwOption) {
      case OPTION.RECEIVE_TIMEOUT:
        object.timeoutMs = word() === WHOLE ? 0 : word();
        break;
      case OPTION.CONTEXT_VALUE:
        object.context = thread.pointerSize === 8 ? thread.memory.u64(lpBuffer) : BigInt(thread.memory.u32(lpBuffer));
        break;
      case OPTION.SECURITY_FLAGS:
        if ((word() & ~IGNORE_FLAGS) !== 0) throw new Win32Error(ERROR.INVALID_PARAMETER);
        requestFor(request).securityFlags = word();
        break;
      case OPTION.DISABLE_FEATURE:
        if ((word() & DISABLE_REDIRECTS) !== 0) requestFor(request).redirects = "never";
        break;
      case OPTION.REDIRECT_POLICY:
        if (word() > 2) throw new Win32Error(ERROR.INVALID_PARAMETER);
        if (request !== undefined) request.redirects = REDIRECT_POLICIES[word()]!;
        break;
      case OPTION.PROXY:
        setProxy(thread, object, lpBuffer);
        break;
      default:
        // Numbers of options that are not there are errors; what others ask for changes nothing here.
        if (dwOption === 0 || dwOption > 200) throw new Win32Error(HTTP_ERROR.INVALID_OPTION);
    }
    return true;
  },
  WinHttpQueryOption(thread, hInternet, dwOption, lpBuffer, lpdwBufferLength) {
    const object = WinHttpObjects.of(thread).any(hInternet);
    const place = { address: lpBuffer, length: lpdwBufferLength };
    const request = object.kind === "request" ? object : undefined;
    if (dwOption === OPTION.URL) give(thread, encodeText(thread, `${requestFor(request).url}\0`, "wide"), place, 2);
    else if (dwOption === OPTION.HANDLE_TYPE) give(thread, words(HANDLE_TYPES[object.kind]), place, 0);
    else if (dwOption === OPTION.RECEIVE_TIMEOUT) give(thread, words(object.timeoutMs), place, 0);
    else if (dwOption === OPTION.SECURITY_FLAGS) give(thread, words(requestFor(request).securityFlags), place, 0);
    else if (dwOption === OPTION.CONTEXT_VALUE) give(thread, opaque(thread, object.context), place, 0);
    else throw new Win32Error(HTTP_ERROR.INVALID_OPTION);
    return true;
  },
  WinHttpSetStatusCallback(thread, hInternet, lpfnInternetCallback, dwNotificationFlags) {
    const object = WinHttpObjects.of(thread).any(hInternet);
    const before = object.callback;
    object.callback = lpfnInternetCallback;
    object.notifications = dwNotificationFlags;
    return before;
  },
  WinHttpSetCredentials(thread, hRequest, _AuthTargets, AuthScheme, pwszUserName, pwszPassword) {
    const request = WinHttpObjects.of(thread).get(hRequest, "request");
    // WINHTTP_AUTH_SCHEME_BASIC: the others are conversations that are not held here.
    if (AuthScheme !== 1) throw new Win32Error(ERROR.NOT_SUPPORTED);
    if (pwszUserName === undefined) throw new Win32Error(ERROR.INVALID_PARAMETER);
    addHeaders(request, `Authorization: Basic ${btoa(`${pwszUserName}:${pwszPassword ?? ""}`)}`, REPLACE_HEADERS);
    return true;
  },

  WinHttpCrackUrl(thread, pwszUrl, dwUrlLength, _dwFlags, lpUrlComponents) {
    if (pwszUrl.isNull) throw new Win32Error(ERROR.INVALID_PARAMETER);
    const url = dwUrlLength === 0 ? pwszUrl.read() : pwszUrl.text(dwUrlLength);
    crackUrl(thread, url, pwszUrl.address, lpUrlComponents, UTF16);
    return true;
  },
  WinHttpCreateUrl(thread, lpUrlComponents, _dwFlags, pwszUrl, pdwUrlLength) {
    const url = createUrl(thread, lpUrlComponents, UTF16);
    const { needed } = pwszUrl.isNull ? { needed: url.length + 1 } : pwszUrl.write(url, pdwUrlLength.get());
    const fits = !pwszUrl.isNull && needed <= pdwUrlLength.get();
    pdwUrlLength.set(fits ? url.length : needed);
    if (!fits) throw new Win32Error(ERROR.INSUFFICIENT_BUFFER);
    return true;
  },

  // "ERROR_FILE_NOT_FOUND: no Internet Explorer proxy settings can be found."
  WinHttpGetIEProxyConfigForCurrentUser() {
    throw new Win32Error(ERROR.FILE_NOT_FOUND);
  },
  WinHttpGetDefaultProxyConfiguration({ memory, pointerSize }, pProxyInfo) {
    memory.write(pProxyInfo, new Uint8Array(3 * pointerSize));
    memory.setU32(pProxyInfo, ACCESS_TYPE.NO_PROXY);
    return true;
  },
  WinHttpGetProxyForUrl() {
    throw new Win32Error(AUTODETECTION_FAILED);
  },
});

const ADD_HEADERS = 0x2000_0000;
const REPLACE_HEADERS = 0xa000_0000;

/** Does what may wait: in the call, or, for a session of callbacks, in a thread of its own that then tells. */
function perform(
  thread: Thread,
  handle: Handle,
  request: HttpRequestObject,
  which: number,
  work: (thread: Thread) => GuestGenerator<Told>,
): boolean | GuestGenerator<boolean> {
  if (!request.connection.session.isAsync) return performNow(thread, work);
  WorkerPool.of(thread).submit(function* (worker) {
    let told: Told;
    try {
      told = yield* work(worker);
    } catch (error) {
      if (!(error instanceof Win32Error)) throw error;
      told = { status: STATUS.REQUEST_ERROR, info: joinedWords(worker, which, error.code) };
    }
    yield* tell(worker, handle, request, told);
  });
  return true;
}

/** Sends a request; of a certificate that will not do, the callback hears what is wrong with it. */
function* sendAndTell(thread: Thread, handle: Handle, request: HttpRequestObject): GuestGenerator<void> {
  let fault: string | undefined;
  try {
    yield* sendAndReceive(thread, request, (code) => {
      fault = code;
      return SECURE_FAILURE;
    });
  } catch (error) {
    if (fault !== undefined) yield* tell(thread, handle, request, { status: STATUS.SECURE_FAILURE, info: words(certificateFlag(fault)) });
    throw error;
  }
}

/** WINHTTP_CALLBACK_STATUS_FLAG_*: CERT_CN_INVALID, CERT_DATE_INVALID, CERT_WRONG_USAGE, INVALID_CA, and SECURITY_CHANNEL_ERROR for what is no fault of the certificate. */
function certificateFlag(code: string): number {
  if (code === "ERR_TLS_CERT_ALTNAME_INVALID") return 0x10;
  if (code === "CERT_HAS_EXPIRED" || code === "CERT_NOT_YET_VALID") return 0x20;
  if (code === "INVALID_PURPOSE") return 0x40;
  return /SELF_SIGNED|UNABLE_TO|CERT_/.test(code) ? 8 : 0x8000_0000;
}

function* performNow(thread: Thread, work: (thread: Thread) => GuestGenerator<Told>): GuestGenerator<boolean> {
  yield* work(thread);
  return true;
}

function* created(thread: Thread, parent: Handle, shared: Shared, handle: Handle): GuestGenerator<Handle> {
  yield* tell(thread, parent, shared, { status: STATUS.HANDLE_CREATED, info: handleBytes(thread, handle) });
  return handle;
}

/** Calls the program's WINHTTP_STATUS_CALLBACK, where it wants to hear of this. */
function* tell(
  thread: Thread,
  handle: Handle,
  { callback, notifications, context }: Shared,
  { status, info = 0, length }: Told,
): GuestGenerator<void> {
  if (callback === 0 || (notifications & status) === 0) return;
  const { heap, memory } = thread.process;
  const place = typeof info === "number" ? info : heap.allocate(info.length);
  try {
    if (typeof info !== "number") memory.write(place, info);
    yield* guestCall64(thread, callback, handle, context, status, place, length ?? (typeof info === "number" ? 0 : info.length));
  } finally {
    if (typeof info !== "number") heap.free(place);
  }
}

function proxySetting(type: number, servers: string | undefined, bypass: string | undefined): ProxySetting {
  if (type === ACCESS_TYPE.NO_PROXY) return { kind: "none" };
  if (type === ACCESS_TYPE.DEFAULT_PROXY || type === ACCESS_TYPE.AUTOMATIC_PROXY) return { kind: "environment" };
  if (type !== ACCESS_TYPE.NAMED_PROXY || servers === undefined || servers === "") throw new Win32Error(ERROR.INVALID_PARAMETER);
  return { kind: "named", servers, bypass: bypass ?? "" };
}

/** WINHTTP_PROXY_INFO: a type, and two texts. */
function setProxy({ memory, pointerSize }: Thread, object: ReturnType<WinHttpObjects["any"]>, info: number): void {
  const session = object.kind === "session" ? object : object.kind === "request" ? object.connection.session : undefined;
  if (session === undefined) throw new Win32Error(HTTP_ERROR.INCORRECT_HANDLE_TYPE);
  const text = (at: number): string | undefined => (memory.pointer(at) === 0 ? undefined : memory.wstring(memory.pointer(at)));
  session.proxy = proxySetting(memory.u32(info), text(info + pointerSize), text(info + 2 * pointerSize));
}

function requestFor(request: HttpRequestObject | undefined): HttpRequestObject {
  if (request === undefined) throw new Win32Error(HTTP_ERROR.INCORRECT_HANDLE_TYPE);
  return request;
}

function counted(text: { read(): string; text(chars: number): string }, length: number): string {
  return length === WHOLE ? text.read() : text.text(length).replace(/\0.*$/s, "");
}

function bytesOf({ body }: HttpRequestObject): number {
  return body.reduce((length, piece) => length + piece.length, 0);
}

function words(...values: number[]): Uint8Array {
  return new Uint8Array(Uint32Array.from(values).buffer);
}

function opaque({ pointerSize }: Thread, value: bigint): Uint8Array {
  return new Uint8Array(BigUint64Array.of(value).buffer).slice(0, pointerSize);
}

function handleBytes(thread: Thread, handle: Handle): Uint8Array {
  return opaque(thread, BigInt(handle));
}

/** WINHTTP_ASYNC_RESULT: a DWORD_PTR, then a DWORD, padded to a pointer's size. */
function joinedWords(thread: Thread, which: number, code: number): Uint8Array {
  const bytes = new Uint8Array(2 * thread.pointerSize);
  bytes.set(words(which));
  bytes.set(words(code), thread.pointerSize);
  return bytes;
}
