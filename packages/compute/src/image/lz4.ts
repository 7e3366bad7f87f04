/**
 * Decodes one LZ4 block (LZ4 Block Format Description) of known size. Undefined where it is damaged: a length or an offset that leads outside of
 * either array.
 */
export function decodeLz4(source: Uint8Array, size: number): Uint8Array | undefined {
  const result = new Uint8Array(size);
  let from = 0;
  let to = 0;
  /** A length of 15 goes on in further bytes, up to one that is not 255. */
  const lengthOf = (nibble: number): number => {
    let length = nibble;
    if (nibble < 15) return length;
    for (;;) {
      const byte = source[from++];
      if (byte === undefined) return Infinity;
      length += byte;
      if (byte !== 255) return length;
    }
  };
  while (from < source.length) {
    const token = source[from++]!;
    const literals = lengthOf(token >>> 4);
    if (from + literals > source.length || to + literals > size) return undefined;
    result.set(source.subarray(from, from + literals), to);
    from += literals;
    to += literals;
    // The last sequence has literals only.
    if (from >= source.length) break;
    const offset = source[from]! | ((source[from + 1] ?? 0) << 8);
    from += 2;
    const match = lengthOf(token & 15) + 4;
    if (offset === 0 || offset > to || to + match > size) return undefined;
    // Byte by byte: a match may reach into what it writes.
    for (let index = 0; index < match; index++, to++) result[to] = result[to - offset]!;
  }
  return to === size ? result : undefined;
}
