/** How bytes become text: one code unit a byte, or UTF-8 (bad sequences become U+FFFD). */
export type ByteEncoding = "latin1" | "utf-8";

/** Text of at most this many units is put together a unit at a time, which is faster than making a view. */
const SHORT = 24;
/** Arguments that String.fromCharCode takes at a time, well below the engine's limit. */
const CHUNK = 4096;

const utf8 = new TextDecoder("utf-8", { ignoreBOM: true });

/** Text from UTF-16 code units; lone surrogates are kept. */
export function decodeUtf16(units: Uint16Array, start: number, length: number): string {
  return decodeUnits(units, start, length);
}

/** Text from bytes. */
export function decodeBytes(bytes: Uint8Array, start: number, length: number, encoding: ByteEncoding): string {
  if (encoding === "latin1" || isAscii(bytes, start, length)) return decodeUnits(bytes, start, length);
  return utf8.decode(bytes.slice(start, start + length));
}

function decodeUnits(units: Uint8Array | Uint16Array, start: number, length: number): string {
  let text = "";
  if (length <= SHORT) {
    for (let i = start; i < start + length; i++) text += String.fromCharCode(units[i]!);
    return text;
  }
  for (let i = 0; i < length; i += CHUNK) {
    const chunk = units.subarray(start + i, start + Math.min(length, i + CHUNK));
    text += String.fromCharCode.apply(null, chunk as unknown as number[]); // apply takes any array-like
  }
  return text;
}

function isAscii(bytes: Uint8Array, start: number, length: number): boolean {
  for (let i = start; i < start + length; i++) if (bytes[i]! >= 0x80) return false;
  return true;
}
