import { E, type Out, type TextBuffer } from "@decant/hook";
import { implement } from "@decant/process";
import { shellUrlsApi } from "./urls.api.ts";

const URLIS = { URL: 0, OPAQUE: 1, NOHISTORY: 2, FILEURL: 3, APPLIABLE: 4, DIRECTORY: 5, HASQUERY: 6 } as const;
/** A scheme has two letters at least: one is a drive. */
const SCHEME = /^[a-z][-+.a-z0-9]+:/i;
const S_OK = 0;
const E_POINTER = 0x8000_4003;

export const shellUrls = implement(shellUrlsApi, {
  UrlIs: (_thread, url, kind) => url !== undefined && isKind(url, kind),
  PathIsURL: (_thread, path) => path !== undefined && isKind(path, URLIS.URL),
  PathCreateFromUrl: (_thread, url, target, size) => give(target, size, url === undefined ? undefined : pathOf(url)),
  UrlCreateFromPath: (_thread, path, target, size) => give(target, size, path === undefined || path === "" ? undefined : urlOf(path)),
});

function isKind(url: string, kind: number): boolean {
  switch (kind) {
    case URLIS.URL:
      return SCHEME.test(url);
    case URLIS.OPAQUE:
      return SCHEME.test(url) && !/^[^:]+:\//.test(url);
    case URLIS.FILEURL:
      return /^file:/i.test(url);
    case URLIS.DIRECTORY:
      return /[\\/]$/.test(url);
    case URLIS.HASQUERY:
      return url.includes("?");
    default:
      return false;
  }
}

/** The path of a file's URL: `file:///C:/a%20b` is `C:\a b`, `file://server/share` is `\\server\share`. */
function pathOf(url: string): string | undefined {
  const [, rest] = /^file:(.*?)(?:[?#].*)?$/is.exec(url) ?? [];
  if (rest === undefined) return undefined;
  const host = /^\/\/([^/\\]*)/.exec(rest)?.[1];
  const behind = host === undefined ? rest : rest.slice(2 + host.length);
  const path = decode(behind).replaceAll("/", "\\");
  if (host !== undefined && host !== "" && !/^localhost$/i.test(host)) return `\\\\${host}${path}`;
  return path.replace(/^\\+(?=[a-z][:|])/i, "").replace(/^([a-z])\|/i, "$1:");
}

/** Bytes in percent signs, where they are such; others stay. */
function decode(text: string): string {
  return text.replaceAll(/(?:%[0-9a-f]{2})+/gi, (escaped) => {
    try {
      return decodeURIComponent(escaped);
    } catch {
      return escaped;
    }
  });
}

function urlOf(path: string): string {
  if (SCHEME.test(path)) return path;
  const escaped = path
    .replaceAll("\\", "/")
    .replaceAll(/[ %#?<>"{}|^`]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase().padStart(2, "0")}`);
  return `file:${/^[a-z]:/i.test(path) ? "///" : ""}${escaped}`;
}

/** Writes text, whose length is told; the size that is needed where it does not fit. */
function give(target: TextBuffer, size: Out<number>, text: string | undefined): number {
  if (text === undefined || target.isNull) return E.INVALIDARG;
  const { needed } = target.write(text, size.get());
  const fits = needed <= size.get();
  size.set(fits ? text.length : needed);
  return fits ? S_OK : E_POINTER;
}
