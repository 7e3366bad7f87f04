import { DWORD, ERROR, INT, PVOID, struct, Win32Error, WORD, type StructValue } from "@decant/hook";
import type { Thread } from "@decant/process";
import { HTTP_ERROR } from "./client.ts";

/** URL_COMPONENTS of wininet.h and of winhttp.h: places and lengths, in characters, of a URL's parts. */
export const URL_COMPONENTS = struct("URL_COMPONENTS", {
  dwStructSize: DWORD,
  lpszScheme: PVOID,
  dwSchemeLength: DWORD,
  nScheme: INT,
  lpszHostName: PVOID,
  dwHostNameLength: DWORD,
  nPort: WORD,
  lpszUserName: PVOID,
  dwUserNameLength: DWORD,
  lpszPassword: PVOID,
  dwPasswordLength: DWORD,
  lpszUrlPath: PVOID,
  dwUrlPathLength: DWORD,
  lpszExtraInfo: PVOID,
  dwExtraInfoLength: DWORD,
});

const FIELDS = [
  ["lpszScheme", "dwSchemeLength", "scheme"],
  ["lpszHostName", "dwHostNameLength", "host"],
  ["lpszUserName", "dwUserNameLength", "user"],
  ["lpszPassword", "dwPasswordLength", "password"],
  ["lpszUrlPath", "dwUrlPathLength", "path"],
  ["lpszExtraInfo", "dwExtraInfoLength", "extra"],
] as const;

/** A part of a URL: where in it, and how long. */
interface Part {
  readonly at: number;
  readonly text: string;
}

type Parts = Record<(typeof FIELDS)[number][2], Part> & { readonly port: number | undefined };

/** INTERNET_SCHEME_* by name, and the schemes' ports. */
const SCHEMES = new Map([
  ["ftp", { number: 1, port: 21 }],
  ["gopher", { number: 2, port: 70 }],
  ["http", { number: 3, port: 80 }],
  ["https", { number: 4, port: 443 }],
  ["file", { number: 5, port: 0 }],
  ["news", { number: 6, port: 0 }],
  ["mailto", { number: 7, port: 0 }],
  ["socks", { number: 8, port: 1080 }],
  ["javascript", { number: 9, port: 0 }],
  ["vbscript", { number: 10, port: 0 }],
  ["res", { number: 11, port: 0 }],
]);
const UNKNOWN_SCHEME = { number: -1, port: 0 };

/** What tells the two libraries apart. */
export interface CrackRules {
  /** "http" and "https" only, as 1 and 2. */
  readonly isWinHttp: boolean;
  readonly charSize: 1 | 2;
}

/**
 * InternetCrackUrl and WinHttpCrackUrl: parts go to buffers of the caller's, or are pointed at where they lie in the URL. Throws ERROR_…_UNRECOGNIZED_SCHEME, ERROR_INVALID_PARAMETER
 * for a structure of another size, ERROR_INSUFFICIENT_BUFFER where a part does not fit.
 */
export function crackUrl(thread: Thread, url: string, urlAddress: number, address: number, { isWinHttp, charSize }: CrackRules): void {
  const { memory, pointerSize } = thread;
  if (address === 0 || url === "" || memory.u32(address) !== URL_COMPONENTS.size(pointerSize))
    throw new Win32Error(ERROR.INVALID_PARAMETER);
  const components = { ...URL_COMPONENTS.load(thread, address) };
  const parts = partsOf(url);
  const scheme = SCHEMES.get(parts.scheme.text.toLowerCase()) ?? UNKNOWN_SCHEME;
  const isHttp = scheme.number === 3 || scheme.number === 4;
  if (isWinHttp && !isHttp) throw new Win32Error(HTTP_ERROR.UNRECOGNIZED_SCHEME);
  if (isWinHttp && parts.host.text === "") throw new Win32Error(HTTP_ERROR.INVALID_URL);
  components.nScheme = isWinHttp ? scheme.number - 2 : scheme.number;
  components.nPort = (parts.port ?? scheme.port) & 0xffff;
  let isShort = false;
  for (const [pointer, length, name] of FIELDS) {
    const { at, text } = parts[name];
    const room = components[length];
    if (components[pointer] === 0) {
      if (room === 0) continue;
      components[pointer] = urlAddress + at * charSize;
      components[length] = text.length;
    } else if (room <= text.length) {
      isShort = true;
      components[length] = text.length + 1;
    } else {
      writeText(thread, components[pointer], text, charSize);
      components[length] = text.length;
    }
  }
  URL_COMPONENTS.store(thread, address, components);
  if (isShort) throw new Win32Error(ERROR.INSUFFICIENT_BUFFER);
}

/** InternetCreateUrl and WinHttpCreateUrl: the URL of its parts. */
export function createUrl(thread: Thread, address: number, { isWinHttp, charSize }: CrackRules): string {
  const { memory, pointerSize } = thread;
  if (address === 0 || memory.u32(address) !== URL_COMPONENTS.size(pointerSize)) throw new Win32Error(ERROR.INVALID_PARAMETER);
  const components: StructValue<(typeof URL_COMPONENTS)["fields"]> = URL_COMPONENTS.load(thread, address);
  const text = (index: number): string => {
    const [pointer, length] = FIELDS[index]!;
    const at = components[pointer];
    if (at === 0) return "";
    const whole = charSize === 2 ? memory.wstring(at) : memory.cstring(at);
    return components[length] === 0 ? whole : whole.slice(0, components[length]);
  };
  const number = isWinHttp ? components.nScheme + 2 : components.nScheme;
  const known = [...SCHEMES].find(([, scheme]) => scheme.number === number);
  const name = text(0) || known?.[0] || "http";
  const port = components.nPort === 0 || components.nPort === SCHEMES.get(name.toLowerCase())?.port ? "" : `:${components.nPort}`;
  const user = text(2) === "" ? "" : `${text(2)}${text(3) === "" ? "" : `:${text(3)}`}@`;
  return `${name}://${user}${text(1)}${port}${text(4)}${text(5)}`;
}

function partsOf(url: string): Parts {
  const scheme = /^([a-z][-+.a-z0-9]*):/i.exec(url)?.[1];
  if (scheme === undefined) throw new Win32Error(HTTP_ERROR.UNRECOGNIZED_SCHEME);
  let at = scheme.length + 1;
  const take = (text: string): Part => {
    const part = { at, text };
    at += text.length;
    return part;
  };
  const hasAuthority = url.startsWith("//", at);
  if (hasAuthority) at += 2;
  const authority = hasAuthority ? /^[^/?#]*/.exec(url.slice(at))![0] : "";
  const afterAuthority = at + authority.length;
  const [, login, host = "", portText] = /^(?:(.*)@)?(\[[^\]]*\]|[^:]*)(?::(\d*))?$/.exec(authority) ?? [undefined, undefined, authority];
  const [user = "", password = ""] = login === undefined ? [] : /^([^:]*):?(.*)$/.exec(login)!.slice(1);
  const userPart = take(user);
  if (login?.includes(":") === true) at++;
  const passwordPart = take(password);
  if (login !== undefined) at++;
  const hostPart = take(host);
  at = afterAuthority;
  const rest = url.slice(at);
  const extraAt = rest.search(/[?#]/);
  const path = take(extraAt < 0 ? rest : rest.slice(0, extraAt));
  const extra = take(extraAt < 0 ? "" : rest.slice(extraAt));
  const port = portText === undefined || portText === "" ? undefined : Number(portText);
  return { scheme: { at: 0, text: scheme }, user: userPart, password: passwordPart, host: hostPart, path, extra, port };
}

function writeText({ memory }: Thread, address: number, text: string, charSize: 1 | 2): void {
  for (let index = 0; index <= text.length; index++) {
    const unit = index === text.length ? 0 : text.charCodeAt(index);
    if (charSize === 2) memory.setU16(address + 2 * index, unit);
    else memory.setU8(address + index, unit);
  }
}
