import type { TextCodec } from "./thread.ts";

const QUESTION_MARK = 0x3f;

/** A single-byte code page by its WHATWG label ("windows-1252"), which has Windows' own mapping, C1 controls included. */
export function singleByteCodec(label: string): TextCodec {
  const characters = new TextDecoder(label).decode(Uint8Array.from({ length: 256 }, (_, byte) => byte));
  const bytes = new Map<string, number>();
  for (let byte = 0; byte < 256; byte++) bytes.set(characters[byte] ?? "?", byte);
  const decoder = new TextDecoder(label);
  return {
    decode: (encoded) => decoder.decode(encoded),
    encode: (text) => Uint8Array.from(text, (character) => bytes.get(character) ?? QUESTION_MARK),
  };
}

/** Code page 65001. */
export const utf8Codec: TextCodec = {
  decode: (encoded) => new TextDecoder("utf-8", { ignoreBOM: true }).decode(encoded),
  encode: (text) => new TextEncoder().encode(text),
};
