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

/** Walks MessagePack without decoding; throws WireError for what unpackMessage refuses. */
export function checkMessage(bytes: Uint8Array, limits: Pick<WireLimits, "values">): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let position = 0;
  let values = 0;
  // How many values are still to come in each open array.
  const open: number[] = [];
  let remaining = 1;
  const need = (count: number): void => {
    if (position + count > bytes.length) throw new WireError("the message ends in the middle of a value");
  };
  const length = (width: number): number => {
    need(width);
    const result = width === 1 ? view.getUint8(position) : width === 2 ? view.getUint16(position) : view.getUint32(position);
    position += width;
    return result;
  };
  const skip = (count: number): void => {
    need(count);
    position += count;
  };
  const enter = (count: number): void => {
    if (open.length >= MAX_DEPTH) throw new WireError(`arrays are nested deeper than ${MAX_DEPTH}`);
    // Every value has at least a byte.
    need(count);
    open.push(remaining);
    remaining = count;
  };
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
    need(1);
    const head = bytes[position++]!;
    if (head <= 0x7f || head >= 0xe0 || head === 0xc0 || head === 0xc2 || head === 0xc3) continue;
    if (head >= 0x90 && head <= 0x9f) enter(head & 0x0f);
    else if (head >= 0xa0 && head <= 0xbf) skip(head & 0x1f);
    else if (head === 0xdc) enter(length(2));
    else if (head === 0xdd) enter(length(4));
    else {
      const width = LENGTH_WIDTH.get(head);
      const fixed = FIXED_BYTES.get(head);
      if (width !== undefined) skip(length(width));
      else if (fixed !== undefined) skip(fixed);
      else throw new WireError(`a value of type 0x${head.toString(16)} is not allowed`);
    }
  }
}

const MAX_DEPTH = 8;
/** bin 8/16/32 and str 8/16/32: the width of their length. */
const LENGTH_WIDTH = new Map([
  [0xc4, 1],
  [0xc5, 2],
  [0xc6, 4],
  [0xd9, 1],
  [0xda, 2],
  [0xdb, 4],
]);
/** float 32/64, uint 8/16/32/64, int 8/16/32/64: their size. */
const FIXED_BYTES = new Map([
  [0xca, 4],
  [0xcb, 8],
  [0xcc, 1],
  [0xcd, 2],
  [0xce, 4],
  [0xcf, 8],
  [0xd0, 1],
  [0xd1, 2],
  [0xd2, 4],
  [0xd3, 8],
]);
