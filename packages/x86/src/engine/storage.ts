/** Where a program's translations are kept from one run to the next: two runs of bytes. None of its functions may throw. */
export interface TranslationStorage {
  /** What makes translations good for this program and this translator, and no other: they are kept with it. */
  readonly key: string;
  /** Records of what was translated, which grow. */
  readonly records: {
    /** Up to how many bytes are to be kept. */
    readonly limitBytes: number;
    /** How many bytes are kept; 0 when nothing is. */
    size(): number;
    /** What is kept from an offset on, at an address that is a multiple of 8. */
    load(from: number): Uint8Array | undefined;
    /** Adds at the end, in one piece, whoever else does at the same time. */
    append(bytes: Uint8Array): void;
    /** Puts bytes in place of all that is kept. */
    replace(bytes: Uint8Array): void;
  };
  /** The same, linked: made anew where much has been added. */
  readonly modules: {
    /** All that is kept, at an address that is a multiple of 8. */
    load(): Uint8Array | undefined;
    replace(bytes: Uint8Array): void;
  };
}

const encoder = new TextEncoder();

/** A multiple of eight bytes that says what follows it, and what that is good for. */
export function headerOf(kind: "translations" | "modules", key: string): Uint8Array {
  const text = encoder.encode(`decant ${kind}\n${key}\n`);
  const header = new Uint8Array(8 * Math.ceil((text.length + 1) / 8));
  header.set(text);
  return header;
}

/** Whether bytes begin with a header. */
export function startsWith(bytes: Uint8Array, header: Uint8Array): boolean {
  return bytes.length >= header.length && header.every((byte, i) => bytes[i] === byte);
}

/** Bytes, which begin at a multiple of four in their buffer, as words. */
export function wordsOf(bytes: Uint8Array): Uint32Array {
  return new Uint32Array(bytes.buffer, bytes.byteOffset, Math.floor(bytes.length / 4));
}

/** The 64 bits at a word. */
export function longAt(words: Uint32Array, at: number): bigint {
  return (BigInt(words[at + 1] as number) << 32n) | BigInt(words[at] as number);
}

export function joinBytes(parts: readonly Uint8Array[]): Uint8Array {
  const joined = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    joined.set(part, at);
    at += part.length;
  }
  return joined;
}
