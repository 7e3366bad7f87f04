const LF = 0x0a;
const CR = 0x0d;
const CTRL_Z = 0x1a;

/** Bytes as text mode writes them: CR LF for each LF. */
export function toCrLf(bytes: Uint8Array): Uint8Array {
  let at = bytes.indexOf(LF);
  if (at < 0) return bytes;
  const out = new Uint8Array(bytes.length + countOf(bytes, LF));
  let from = 0;
  let to = 0;
  while (at >= 0) {
    out.set(bytes.subarray(from, at), to);
    to += at - from;
    out[to++] = CR;
    out[to++] = LF;
    from = at + 1;
    at = bytes.indexOf(LF, from);
  }
  out.set(bytes.subarray(from), to);
  return out;
}

/** What text mode makes of bytes read. */
export interface FromCrLf {
  /** How many bytes of the buffer hold the result. */
  readonly length: number;
  /** Ctrl-Z was among them: nothing follows. */
  readonly isAtEnd: boolean;
  /** The last byte is a CR, kept out of the result: what it is depends on the byte behind it. */
  readonly hasLastCr: boolean;
}

/** Translates in place: LF for CR LF, and an end at Ctrl-Z. */
export function fromCrLf(bytes: Uint8Array): FromCrLf {
  const end = bytes.indexOf(CTRL_Z);
  const source = end < 0 ? bytes : bytes.subarray(0, end);
  let at = source.indexOf(CR);
  if (at < 0) return { length: source.length, isAtEnd: end >= 0, hasLastCr: false };
  let to = at;
  for (; at < source.length; at++) {
    const byte = source[at]!;
    if (byte === CR && source[at + 1] === LF) continue;
    if (byte === CR && at === source.length - 1 && end < 0) return { length: to, isAtEnd: false, hasLastCr: true };
    bytes[to++] = byte;
  }
  return { length: to, isAtEnd: end >= 0, hasLastCr: false };
}

function countOf(bytes: Uint8Array, wanted: number): number {
  let count = 0;
  for (let at = bytes.indexOf(wanted); at >= 0; at = bytes.indexOf(wanted, at + 1)) count++;
  return count;
}
