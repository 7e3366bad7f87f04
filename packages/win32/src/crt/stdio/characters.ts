import type { GuestGenerator, Thread } from "@decant/process";
import { EOF, FLAG } from "./file-layout.ts";
import { Stream } from "./stream.ts";

/** fgetc: a plain call while the buffer lasts. */
export function getByte(thread: Thread, address: number): number | GuestGenerator<number> {
  const stream = new Stream(thread, address);
  return stream.takeByte() ?? fillAndGet(stream);
}

/** fputc: a plain call while the buffer has room. */
export function putByte(thread: Thread, byte: number, address: number): number | GuestGenerator<number> {
  const stream = new Stream(thread, address);
  return stream.putByte(byte) ? byte & 0xff : writeAndReturn(stream, Uint8Array.of(byte), byte & 0xff);
}

/** Writes bytes and gives a result: plain while the buffer has room. */
export function putBytes<T>(thread: Thread, bytes: Uint8Array, address: number, result: T): T | GuestGenerator<T> {
  const stream = new Stream(thread, address);
  return stream.tryWrite(bytes) ? result : writeAndReturn(stream, bytes, result);
}

/** Reads up to a line's end, which is the last byte, or `limit` bytes. */
export function* getLine(stream: Stream, limit: number): GuestGenerator<Uint8Array> {
  const parts: number[] = [];
  while (parts.length < limit) {
    const ready = stream.peekBytes().subarray(0, limit - parts.length);
    if (ready.length === 0) {
      if (!(yield* stream.fill())) break;
      continue;
    }
    const end = ready.indexOf(0x0a);
    for (const byte of stream.takeBytes(end < 0 ? ready.length : end + 1)) parts.push(byte);
    if (end >= 0) break;
  }
  if (parts.length === 0 && limit > 0) stream.mark(FLAG.EOF);
  return Uint8Array.from(parts);
}

function* fillAndGet(stream: Stream): GuestGenerator<number> {
  return (yield* stream.fill()) ? (stream.takeByte() ?? EOF) : EOF;
}

function* writeAndReturn<T>(stream: Stream, bytes: Uint8Array, result: T): GuestGenerator<T> {
  yield* stream.write(bytes);
  return result;
}

/** Bytes of text that has a character a byte. */
export function latin1Bytes(text: string): Uint8Array {
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
  return bytes;
}
