import type { CodePage } from "./code-pages.ts";

const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
/** What stands for itself; Windows writes no other characters so, though RFC 2152 lets it. */
const DIRECT = /[A-Za-z0-9'(),\-./:? \t\r\n\0]/;
const BASE64_BITS = 6;
const UNIT_BITS = 16;

/** UTF-7 (RFC 2152): UTF-16 units in base64 between "+" and "-". Nothing is refused, as nothing is on Windows. */
export const utf7: CodePage = {
  id: 65000,
  name: "Unicode (UTF-7)",
  maxCharSize: 5,
  decode,
  encode: (text) => ({ bytes: new TextEncoder().encode(encode(text)), lossy: false }),
};

function decode(bytes: Uint8Array): string {
  const units: number[] = [];
  for (let at = 0; at < bytes.length; at++) {
    if (bytes[at] !== 0x2b) {
      units.push(bytes[at]!);
      continue;
    }
    if (bytes[at + 1] === 0x2d) {
      units.push(0x2b);
      at++;
      continue;
    }
    let [bits, count] = [0, 0];
    for (let value: number; (value = digit(bytes[at + 1])) >= 0; at++) {
      bits = (bits << BASE64_BITS) | value;
      count += BASE64_BITS;
      if (count < UNIT_BITS) continue;
      count -= UNIT_BITS;
      units.push((bits >> count) & 0xffff);
      bits &= (1 << count) - 1;
    }
    if (bytes[at + 1] === 0x2d) at++;
  }
  let text = "";
  for (const unit of units) text += String.fromCharCode(unit);
  return text;
}

function digit(byte: number | undefined): number {
  return byte === undefined ? -1 : ALPHABET.indexOf(String.fromCharCode(byte));
}

function encode(text: string): string {
  let out = "";
  for (let at = 0; at < text.length;) {
    const start = at;
    if (text[at] === "+" || DIRECT.test(text[at]!)) {
      out += text[at] === "+" ? "+-" : text[at]!;
      at++;
      continue;
    }
    while (at < text.length && text[at] !== "+" && !DIRECT.test(text[at]!)) at++;
    out += `+${base64(text.slice(start, at))}-`;
  }
  return out;
}

function base64(text: string): string {
  let out = "";
  let [bits, count] = [0, 0];
  for (let at = 0; at < text.length; at++) {
    bits = (bits << UNIT_BITS) | text.charCodeAt(at);
    for (count += UNIT_BITS; count >= BASE64_BITS;) {
      count -= BASE64_BITS;
      out += ALPHABET[(bits >> count) & 0x3f];
    }
    bits &= (1 << count) - 1;
  }
  return count === 0 ? out : out + ALPHABET[(bits << (BASE64_BITS - count)) & 0x3f];
}
