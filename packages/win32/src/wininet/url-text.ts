import { Win32Error } from "@decant/hook";
import { HTTP_ERROR } from "../http/client.ts";

/** ICU_*: how much of a URL is made regular. */
const ICU = { NO_ENCODE: 0x2000_0000, NO_META: 0x0800_0000, DECODE: 0x1000_0000, BROWSER_MODE: 0x0200_0000 } as const;
/** What cannot stand in a URL as it is. */
const UNSAFE = /[^!#-;=?-Z_a-z~[\]]/gu;

/** InternetCanonicalizeUrl: no "." and "..", and unsafe characters by their bytes. Throws ERROR_INTERNET_UNRECOGNIZED_SCHEME for what is no URL. */
export function canonicalUrl(url: string, flags: number): string {
  const parts = /^([a-z][-+.a-z0-9]*:(?:\/\/[^/?#]*)?)([^?#]*)(.*)$/is.exec(url);
  if (parts === null) throw new Win32Error(HTTP_ERROR.UNRECOGNIZED_SCHEME);
  const [, start = "", path = "", rest = ""] = parts;
  const hasServer = start.includes("//");
  const plain = (flags & ICU.NO_META) === 0 && hasServer ? withoutDots(path === "" ? "/" : path) : path;
  const decoded = (flags & ICU.DECODE) === 0 ? plain : unescaped(plain);
  if ((flags & ICU.NO_ENCODE) !== 0) return start + decoded + rest;
  return start + escaped(decoded) + ((flags & ICU.BROWSER_MODE) === 0 ? escaped(rest) : rest);
}

/** InternetCombineUrl: a reference beside a base (RFC 1808, as the browser's programs know it). */
export function combinedUrl(base: string, reference: string, flags: number): string {
  if (/^[a-z][-+.a-z0-9]+:/i.test(reference)) return canonicalUrl(reference, flags);
  const parts = /^([a-z][-+.a-z0-9]*:)(\/\/[^/?#]*)?([^?#]*)(\?[^#]*)?/i.exec(base);
  if (parts === null) throw new Win32Error(HTTP_ERROR.UNRECOGNIZED_SCHEME);
  const [, scheme = "", authority = "", path = "", query = ""] = parts;
  if (reference.startsWith("//")) return canonicalUrl(scheme + reference, flags);
  if (reference === "") return canonicalUrl(base, flags);
  if (reference.startsWith("#")) return canonicalUrl(scheme + authority + path + query + reference, flags);
  if (reference.startsWith("/")) return canonicalUrl(scheme + authority + reference, flags);
  return canonicalUrl(scheme + authority + (path.replace(/[^/]*$/, "") || "/") + reference, flags);
}

function withoutDots(path: string): string {
  const names: string[] = [];
  const all = path.split("/");
  for (const [index, name] of all.entries()) {
    const isLast = index === all.length - 1;
    if (name === "..") {
      if (names.length > 1) names.pop();
      if (isLast) names.push("");
    } else if (name !== ".") names.push(name);
    else if (isLast) names.push("");
  }
  return names.join("/");
}

function escaped(text: string): string {
  return text.replaceAll(UNSAFE, (character) =>
    character === "%"
      ? character
      : [...new TextEncoder().encode(character)].map((byte) => `%${byte.toString(16).toUpperCase().padStart(2, "0")}`).join(""),
  );
}

function unescaped(text: string): string {
  return text.replaceAll(/%[2-7][0-9a-f]/gi, (code) => String.fromCharCode(Number.parseInt(code.slice(1), 16)));
}
