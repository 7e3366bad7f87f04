import type { TextCodec } from "./thread.ts";

const QUESTION_MARK = 0x3f;
const CHUNK = 8192;

/** What code page 1252 has at 0x80 to 0x9F; some versions of Node decode it as Latin-1. */
const CP1252 =
  "\u20ac\x81\u201a\u0192\u201e\u2026\u2020\u2021\u02c6\u2030\u0160\u2039\u0152\x8d\u017d\x8f\x90\u2018\u2019\u201c\u201d\u2022\u2013\u2014\u02dc\u2122\u0161\u203a\u0153\x9d\u017e\u0178";

/** A single-byte code page by its WHATWG label ("windows-1252"), which has Windows' own mapping, C1 controls included. */
export function singleByteCodec(label: string): TextCodec {
  const all = Uint8Array.from({ length: 256 }, (_, byte) => byte);
  const latin1 = String.fromCharCode(...all);
  // The usual one goes without the decoder, which takes milliseconds to make.
  const characters = label === "windows-1252" ? latin1.slice(0, 0x80) + CP1252 + latin1.slice(0xa0) : new TextDecoder(label).decode(all);
  const units = Uint16Array.from({ length: 256 }, (_, byte) => characters.charCodeAt(byte));
  const bytes = new Map<string, number>();
  for (let byte = 0; byte < 256; byte++) bytes.set(characters[byte] ?? "?", byte);
  return {
    decode(encoded) {
      let text = "";
      for (let at = 0; at < encoded.length; at += CHUNK)
        text += String.fromCharCode(...Uint16Array.from(encoded.subarray(at, at + CHUNK), (byte) => units[byte] as number));
      return text;
    },
    encode: (text) => Uint8Array.from(text, (character) => bytes.get(character) ?? QUESTION_MARK),
  };
}

/** Code page 65001. */
export const utf8Codec: TextCodec = {
  decode: (encoded) => new TextDecoder("utf-8", { ignoreBOM: true }).decode(encoded),
  encode: (text) => new TextEncoder().encode(text),
};
