/** Bytes from this size on are worth a question before they are sent. */
export const CONTENT_BYTES = 16 * 1024;

/** The name of bytes: their SHA-256 in hexadecimal. */
export async function contentName(bytes: Uint8Array): Promise<string> {
  // The copy is a plain ArrayBuffer, which is what the platform's digest takes.
  const digest = new Uint8Array(await globalThis.crypto.subtle.digest("SHA-256", bytes.slice()));
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** Module images that a server has seen, by their hash, so that a client need not send them again. The least recently used go first. */
export class ContentStore {
  readonly #limitBytes: number;
  readonly #images = new Map<string, Uint8Array>();
  #bytes = 0;

  constructor(limitBytes = 256 * 1024 * 1024) {
    this.#limitBytes = limitBytes;
  }

  get bytes(): number {
    return this.#bytes;
  }

  get(name: string): Uint8Array | undefined {
    const image = this.#images.get(name);
    if (image === undefined) return undefined;
    this.#images.delete(name);
    this.#images.set(name, image);
    return image;
  }

  /** Keeps a copy, named by what the bytes are, not by what a client says they are. */
  async keep(bytes: Uint8Array): Promise<void> {
    if (bytes.length < CONTENT_BYTES || bytes.length > this.#limitBytes) return;
    const image = bytes.slice();
    const name = await contentName(image);
    if (this.get(name) !== undefined) return;
    this.#images.set(name, image);
    this.#bytes += image.length;
    for (const [oldest, { length }] of this.#images) {
      if (this.#bytes <= this.#limitBytes) return;
      this.#images.delete(oldest);
      this.#bytes -= length;
    }
  }
}
