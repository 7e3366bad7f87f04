import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

type Transfer = (this: ArrayBuffer, newLength: number) => ArrayBuffer;

const transfer = findTransfer();

/**
 * Frees a buffer's memory at once, and leaves the buffer empty. Left to the collector, what a socket reads grows to 64 MiB before the whole heap is marked,
 * and the memory that takes its place is touched for the first time again.
 */
export function freeBuffer(buffer: ArrayBuffer): void {
  transfer?.call(buffer, 0);
}

/** ArrayBuffer.prototype.transfer (ECMAScript 2024): Node 20 has it in contexts that are made behind a flag. */
function findTransfer(): Transfer | undefined {
  const own = (ArrayBuffer.prototype as { transfer?: Transfer }).transfer;
  if (own !== undefined) return own;
  setFlagsFromString("--harmony-rab-gsab-transfer");
  const found = runInNewContext("ArrayBuffer.prototype.transfer") as Transfer | undefined;
  // V8 takes compiled code only from a process with the same flags (bin/decant.js).
  setFlagsFromString("--no-harmony-rab-gsab-transfer");
  return found;
}
