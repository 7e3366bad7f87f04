import { CrtError, ERRNO } from "@decant/hook";
import type { GuestGenerator, Thread } from "@decant/process";
import { Runtime } from "../runtime.ts";
import { latin1Bytes } from "./characters.ts";
import { FLAG, WEOF } from "./file-layout.ts";
import { descriptor } from "./low-io.ts";
import { Stream } from "./stream.ts";

/** Writes wide text: encoded by the locale in text mode, or by the stream's own encoding, and as it is in binary mode. */
export function* putWideText(thread: Thread, text: string, address: number): GuestGenerator<void> {
  const stream = new Stream(thread, address);
  const bytes = encode(thread, text, stream);
  if (bytes === undefined) {
    stream.mark(FLAG.ERROR);
    throw new CrtError(ERRNO.EILSEQ);
  }
  if (!stream.tryWrite(bytes)) yield* stream.write(bytes);
}

/** fgetwc: the next wide character, or WEOF. */
export function* getWide(thread: Thread, address: number): GuestGenerator<number> {
  const stream = new Stream(thread, address);
  const { isText, encoding } = descriptor(thread, stream.fd);
  if (!isText || encoding === "utf-16") {
    const bytes = yield* stream.read(2);
    return bytes.length < 2 ? WEOF : bytes[0]! | (bytes[1]! << 8);
  }
  const first = yield* stream.read(1);
  if (first.length === 0) return WEOF;
  if (encoding !== "utf-8" && Runtime.of(thread).locale.codePage !== 65001) {
    return Runtime.of(thread).locale.decode(String.fromCharCode(first[0]!), thread.ansi).charCodeAt(0);
  }
  const lead = first[0]!;
  const length = lead < 0x80 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
  const rest = length === 1 ? new Uint8Array(0) : yield* stream.read(length - 1);
  return new TextDecoder("utf-8", { ignoreBOM: true }).decode(Uint8Array.of(lead, ...rest)).charCodeAt(0);
}

/** Puts a wide character back. */
export function ungetWide(thread: Thread, unit: number, address: number): number {
  const stream = new Stream(thread, address);
  const bytes = encode(thread, String.fromCharCode(unit), stream);
  if (unit === WEOF || bytes === undefined) return WEOF;
  for (const byte of [...bytes].reverse()) if (!stream.unget(byte)) return WEOF;
  return unit;
}

function encode(thread: Thread, text: string, stream: Stream): Uint8Array | undefined {
  const { isText, encoding } = descriptor(thread, stream.fd);
  if (!isText || encoding === "utf-16") {
    const bytes = new Uint8Array(2 * text.length);
    for (let i = 0; i < text.length; i++) {
      bytes[2 * i] = text.charCodeAt(i) & 0xff;
      bytes[2 * i + 1] = text.charCodeAt(i) >>> 8;
    }
    return bytes;
  }
  if (encoding === "utf-8") return new TextEncoder().encode(text);
  const encoded = Runtime.of(thread).locale.encode(text, thread.ansi);
  return encoded === undefined ? undefined : latin1Bytes(encoded);
}
