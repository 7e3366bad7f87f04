import type { HttpHeader } from "@decant/host";
import { ERROR, Win32Error, type Out, encodeText } from "@decant/hook";
import type { Thread } from "@decant/process";
import { HTTP_ERROR } from "./client.ts";
import type { HttpRequestObject } from "./objects.ts";

const QUERY = { VERSION: 18, STATUS_CODE: 19, STATUS_TEXT: 20, RAW: 21, RAW_CRLF: 22, REQUEST_METHOD: 45, CUSTOM: 0xffff } as const;
const FLAG = { REQUEST_HEADERS: 0x8000_0000, SYSTEMTIME: 0x4000_0000, NUMBER: 0x2000_0000, NUMBER64: 0x0800_0000 } as const;

/** HTTP_QUERY_* by number: headers that have one ("Query Info Flags"). Gaps are what is no header. */
const NAMES = (
  "mime-version content-type content-transfer-encoding content-id content-description content-length content-language allow public date expires last-modified message-id uri " +
  "derived-from cost link pragma - - - - - connection accept accept-charset accept-encoding accept-language authorization content-encoding forwarded from if-modified-since " +
  "location orig-uri referer retry-after server title user-agent www-authenticate proxy-authenticate accept-ranges set-cookie cookie - refresh content-disposition age " +
  "cache-control content-base content-location content-md5 content-range etag host if-match if-none-match if-range if-unmodified-since max-forwards proxy-authorization range " +
  "transfer-encoding upgrade vary via warning expect proxy-connection unless-modified-since"
).split(" ");

/** Where an answer goes: memory of the guest's, and a count of its bytes. */
export interface QueryPlace {
  readonly address: number;
  readonly length: Out<number>;
  /** Which of several headers of a name; moves on. */
  readonly index: Out<number>;
  readonly form: "wide" | "ansi";
}

/**
 * HttpQueryInfo and WinHttpQueryHeaders. Throws ERROR_…_INCORRECT_HANDLE_STATE before there is an answer, ERROR_…_HEADER_NOT_FOUND,
 * ERROR_INSUFFICIENT_BUFFER with the bytes that it takes.
 */
export function queryHeaders(
  thread: Thread,
  request: HttpRequestObject,
  level: number,
  custom: string | undefined,
  place: QueryPlace,
): void {
  const value = valueOf(request, level, custom, place.index);
  if ((level & (FLAG.NUMBER | FLAG.NUMBER64)) !== 0)
    return give(thread, numberBytes(value, (level & FLAG.NUMBER64) === 0 ? 4 : 8), place, 0);
  if ((level & FLAG.SYSTEMTIME) !== 0) return give(thread, systemTime(value), place, 0);
  const bytes = encodeText(thread, `${value}\0`, place.form);
  return give(thread, bytes, place, place.form === "wide" ? 2 : 1);
}

/** Stores bytes; the count does not include the NUL at their end. */
export function give(
  { memory }: Thread,
  bytes: Uint8Array,
  { address, length }: Pick<QueryPlace, "address" | "length">,
  nulBytes: number,
): void {
  const room = length.get();
  if (address === 0 || room < bytes.length) {
    length.set(bytes.length);
    throw new Win32Error(ERROR.INSUFFICIENT_BUFFER);
  }
  memory.write(address, bytes);
  length.set(bytes.length - nulBytes);
}

/** Headers of a text: lines of a name, a colon and a value. Throws ERROR_…_INVALID_HEADER for a line that is none. */
export function parseHeaders(text: string): HttpHeader[] {
  return text
    .split(/\r\n|\n|\r/)
    .filter((line) => line !== "")
    .map((line): HttpHeader => {
      const parts = /^([^:\s]+)\s*:\s*(.*?)\s*$/.exec(line);
      if (parts === null) throw new Win32Error(HTTP_ERROR.INVALID_HEADER);
      return [parts[1]!, parts[2]!];
    });
}

const ADD = { ADD: 0x2000_0000, IF_NEW: 0x1000_0000, REPLACE: 0x8000_0000, COMMA: 0x4000_0000, SEMICOLON: 0x0100_0000 } as const;

/** HttpAddRequestHeaders: adds to, or changes, what a request has ("HTTP_ADDREQ_FLAG_*"). */
export function addHeaders(request: HttpRequestObject, text: string, flags: number): void {
  for (const [name, value] of parseHeaders(text)) {
    const known = request.headers.findIndex(([each]) => each.toLowerCase() === name.toLowerCase());
    if (known >= 0 && (flags & ADD.IF_NEW) !== 0) throw new Win32Error(HTTP_ERROR.HEADER_ALREADY_EXISTS);
    const joins = (flags & ADD.COMMA) !== 0 ? ", " : (flags & ADD.SEMICOLON) !== 0 ? "; " : undefined;
    if (known >= 0 && joins !== undefined) request.headers[known] = [name, `${request.headers[known]![1]}${joins}${value}`];
    else if ((flags & ADD.REPLACE) !== 0) {
      if (known < 0 && (flags & ADD.ADD) === 0) throw new Win32Error(HTTP_ERROR.HEADER_NOT_FOUND);
      request.headers = request.headers.filter(([each]) => each.toLowerCase() !== name.toLowerCase());
      if (value !== "") request.headers.push([name, value]);
    } else request.headers.push([name, value]);
  }
}

function valueOf(request: HttpRequestObject, level: number, custom: string | undefined, index: Out<number>): string {
  const what = level & 0xffff;
  const { response } = request;
  if (what === QUERY.REQUEST_METHOD) return request.method;
  const asksRequest = (level & FLAG.REQUEST_HEADERS) !== 0;
  if (!asksRequest && response === undefined) throw new Win32Error(HTTP_ERROR.INCORRECT_HANDLE_STATE);
  if (!asksRequest && what === QUERY.VERSION) return `HTTP/${response!.version}`;
  if (!asksRequest && what === QUERY.STATUS_CODE) return String(response!.status);
  if (!asksRequest && what === QUERY.STATUS_TEXT) return response!.reason;
  const headers = asksRequest ? request.headers : response!.headers;
  const first = asksRequest
    ? `${request.method} ${request.target} HTTP/1.1`
    : `HTTP/${response!.version} ${response!.status} ${response!.reason}`;
  const lines = [first, ...headers.map(([name, value]) => `${name}: ${value}`)];
  if (what === QUERY.RAW) return lines.map((line) => `${line}\0`).join("");
  if (what === QUERY.RAW_CRLF) return lines.map((line) => `${line}\r\n`).join("") + "\r\n";
  const name = what === QUERY.CUSTOM ? custom?.toLowerCase() : NAMES[what];
  const values = headers.filter(([each]) => each.toLowerCase() === name).map(([, value]) => value);
  const number = index.isNull ? 0 : index.get();
  const value = values[number];
  if (value === undefined) throw new Win32Error(HTTP_ERROR.HEADER_NOT_FOUND);
  index.set(number + 1);
  return value;
}

/** A value as a number. Throws ERROR_…_HEADER_NOT_FOUND for what is none. */
function numberBytes(value: string, bytes: 4 | 8): Uint8Array {
  if (!/^\s*\d+/.test(value)) throw new Win32Error(HTTP_ERROR.HEADER_NOT_FOUND);
  const number = new BigUint64Array([BigInt(/\d+/.exec(value)![0])]);
  return new Uint8Array(number.buffer).slice(0, bytes);
}

function systemTime(value: string): Uint8Array {
  const date = new Date(value);
  if (Number.isNaN(date.getTime())) throw new Win32Error(HTTP_ERROR.HEADER_NOT_FOUND);
  const words = [
    date.getUTCFullYear(),
    date.getUTCMonth() + 1,
    date.getUTCDay(),
    date.getUTCDate(),
    date.getUTCHours(),
    date.getUTCMinutes(),
    date.getUTCSeconds(),
    0,
  ];
  return new Uint8Array(Uint16Array.from(words).buffer);
}
