import type { HttpHeader, HttpResponse } from "@decant/host";
import { ERROR, Win32Error, type Handle } from "@decant/hook";
import type { Thread } from "@decant/process";
import { ObjectTable } from "../object-table.ts";
import { HTTP_ERROR, type Body, type ProxySetting } from "./client.ts";

/** What every handle of WinHTTP and WinINet has; one that is made below another begins with what that has. */
export interface Shared {
  /** The program's own number, which callbacks are told. */
  context: bigint;
  /** A WINHTTP_STATUS_CALLBACK or INTERNET_STATUS_CALLBACK, or 0. */
  callback: number;
  /** WINHTTP_CALLBACK_FLAG_*: what it is called for. */
  notifications: number;
  timeoutMs: number;
}

/** What InternetOpen and WinHttpOpen make. */
export interface HttpSession extends Shared {
  readonly kind: "session";
  readonly agent: string;
  proxy: ProxySetting;
  readonly isAsync: boolean;
}

/** A server that requests will go to. */
export interface HttpConnection extends Shared {
  readonly kind: "connection";
  readonly session: HttpSession;
  readonly host: string;
  readonly port: number;
  readonly isSecure: boolean;
  readonly user: string | undefined;
  readonly password: string | undefined;
}

/** A request, and what came of it. */
export interface HttpRequestObject extends Shared {
  readonly kind: "request";
  readonly connection: HttpConnection;
  method: string;
  readonly target: string;
  readonly isSecure: boolean;
  headers: HttpHeader[];
  /** What the program gave as the body so far. */
  readonly body: Uint8Array[];
  /** Bytes that it will have. */
  bodyLength: number;
  redirects: "never" | "safe" | "always";
  /** SECURITY_FLAG_IGNORE_*. */
  securityFlags: number;
  isSent: boolean;
  /** The server's answer, from when it was received on. */
  response: HttpResponse | undefined;
  reader: Body | undefined;
  /** Where it came from, after redirects. */
  url: string;
}

export type HttpObject = HttpSession | HttpConnection | HttpRequestObject;

/** What a process has open of one of the two libraries. */
export class HttpObjects {
  readonly #objects = new ObjectTable<HttpObject>();

  add(object: HttpObject): Handle {
    const handle = this.#objects.add(object);
    if (handle === undefined) throw new Win32Error(ERROR.NOT_ENOUGH_MEMORY);
    return handle as Handle;
  }

  /** Throws ERROR_INVALID_HANDLE. */
  any(handle: number): HttpObject {
    const object = this.#objects.get(handle);
    if (object === undefined) throw new Win32Error(ERROR.INVALID_HANDLE);
    return object;
  }

  /** Throws ERROR_INVALID_HANDLE, ERROR_…_INCORRECT_HANDLE_TYPE. */
  get<K extends HttpObject["kind"]>(handle: number, kind: K): Extract<HttpObject, { kind: K }> {
    const object = this.any(handle);
    if (object.kind !== kind) throw new Win32Error(HTTP_ERROR.INCORRECT_HANDLE_TYPE);
    return object as Extract<HttpObject, { kind: K }>;
  }

  remove(handle: number): HttpObject {
    const object = this.any(handle);
    this.#objects.remove(handle);
    if (object.kind === "request") object.response?.close();
    return object;
  }
}

/** WinHTTP's and WinINet's handles are not each other's. */
export class WinHttpObjects extends HttpObjects {
  static of({ process }: Thread): WinHttpObjects {
    return process.state(WinHttpObjects, () => new WinHttpObjects());
  }
}

export class WinInetObjects extends HttpObjects {
  static of({ process }: Thread): WinInetObjects {
    return process.state(WinInetObjects, () => new WinInetObjects());
  }
}

/** What a handle below another begins with. */
export function inherited({ context, callback, notifications, timeoutMs }: Shared): Shared {
  return { context, callback, notifications, timeoutMs };
}
