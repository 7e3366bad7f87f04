import { WireError } from "@decant/cuda";
import { Packr } from "msgpackr";
import type { WireLimits } from "./limits.ts";

const packr = new Packr({ useRecords: false, int64AsType: "number", variableMapSize: true });

/** Frame types: the first value of a message. Bulk frames are no messages; they start with BULK_MARK. */
export const FRAME = {
  HELLO: 1,
  WELCOME: 2,
  CALLS: 3,
  ANSWERS: 4,
  OUTPUT: 5,
  GOODBYE: 6,
  ACKNOWLEDGE: 7,
  RESUME: 8,
  RESUMED: 9,
} as const;

/** The first byte of a bulk frame: the one that MessagePack never uses. */
export const BULK_MARK = 0xc1;

/** Packs a message: an array whose first value is its frame type. */
export function packMessage(message: readonly unknown[]): Uint8Array {
  return packr.pack(message);
}

/**
 * Unpacks a message from a stranger. The bytes are walked before anything is decoded: only nil, booleans, numbers,
 * text, bytes and arrays may occur, all lengths must fit, and nothing may follow. Throws WireError.
 */
export function unpackMessage(bytes: Uint8Array, limits: Pick<WireLimits, "values">): unknown[] {
  checkMessage(bytes, limits);
  const message: unknown = packr.unpack(bytes);
  if (!Array.isArray(message)) throw new WireError("a message must be an array");
  return message;
}

/** A stranger's value for a sentence: short, on one line, and with nothing that a terminal obeys. */
export function printable(value: unknown): string {
  if (typeof value === "number" || typeof value === "boolean" || value === null) return String(value);
  return typeof value === "string" ? JSON.stringify(value.slice(0, 40)).replace(/[^ -~]/g, "?") : typeof value;
}

/**
 * Walks MessagePack without decoding; throws WireError for what unpackMessage refuses. Hot: every message, so it makes no closures
 * (bench/cuda-channel.ts).
 */
export function checkMessage(bytes: Uint8Array, limits: Pick<WireLimits, "values">): void {
  let position = 0;
  let values = 0;
  // How many values are still to come in each open array, and in the innermost.
  const open: number[] = [];
  let remaining = 1;
  for (;;) {
    while (remaining === 0) {
      const outer = open.pop();
      if (outer === undefined) {
        if (position !== bytes.length) throw new WireError(`${bytes.length - position} bytes follow the message`);
        return;
      }
      remaining = outer;
    }
    remaining--;
    if (++values > limits.values) throw new WireError(`a message has more than ${limits.values} values`);
    const head = bytes[need(bytes, position++, 1)]!;
    if (head <= 0x7f || head >= 0xe0) continue;
    const lengthBytes = LENGTH_BYTES[head]!;
    if (lengthBytes === NOT_ALLOWED) throw new WireError(`a value of type 0x${head.toString(16)} is not allowed`);
    // What follows the head: bytes of the value itself, or how many bytes or values there are.
    const count = lengthBytes > 0 ? lengthAt(bytes, position, lengthBytes) : FIXED_COUNT[head]!;
    position += lengthBytes;
    // Every value of an array has at least a byte.
    need(bytes, position, count);
    if (!isArray(head)) position += count;
    else {
      if (open.length >= MAX_DEPTH) throw new WireError(`arrays are nested deeper than ${MAX_DEPTH}`);
      open.push(remaining);
      remaining = count;
    }
  }
}

/** Gives `position` when there are so many bytes at it. */
function need(bytes: Uint8Array, position: number, count: number): number {
  if (position + count > bytes.length) throw new WireError("the message ends in the middle of a value");
  return position;
}

function lengthAt(bytes: Uint8Array, position: number, width: number): number {
  let length = 0;
  for (let at = need(bytes, position, width); at < position + width; at++) length = length * 256 + bytes[at]!;
  return length;
}

function isArray(head: number): boolean {
  return (head >= 0x90 && head <= 0x9f) || head === 0xdc || head === 0xdd;
}

const MAX_DEPTH = 8;
const NOT_ALLOWED = -1;
/** Bytes of the length that stands behind a head: of bin, str and array 8, 16 and 32. */
const LENGTH_BYTES = new Int8Array(256).fill(NOT_ALLOWED);
/** What a head itself says of its value: how many bytes, or for an array values, follow. */
const FIXED_COUNT = new Uint8Array(256);
for (const [heads, width] of [
  [[0xc4, 0xd9], 1],
  [[0xc5, 0xda, 0xdc], 2],
  [[0xc6, 0xdb, 0xdd], 4],
] as const)
  for (const head of heads) LENGTH_BYTES[head] = width;
for (const [heads, count] of [
  // nil, false, true
  [[0xc0, 0xc2, 0xc3], 0],
  // uint 8 and int 8, then 16, 32 and 64, with float 32 and 64
  [[0xcc, 0xd0], 1],
  [[0xcd, 0xd1], 2],
  [[0xca, 0xce, 0xd2], 4],
  [[0xcb, 0xcf, 0xd3], 8],
] as const)
  for (const head of heads) [LENGTH_BYTES[head], FIXED_COUNT[head]] = [0, count];
// fixarray and fixstr
for (let head = 0x90; head <= 0xbf; head++) [LENGTH_BYTES[head], FIXED_COUNT[head]] = [0, head < 0xa0 ? head & 0x0f : head & 0x1f];
