import { CrtError, InvalidParameterError, ERRNO, type VarArgs } from "@decant/hook";
import type { GuestGenerator, Thread } from "@decant/process";
import type { PrintfFlavour } from "../printf/flavour.ts";
import { formatPrintf, type PrintfArguments, type PrintfMemory } from "../printf/format.ts";
import { withoutPositions } from "../printf/positional.ts";
import { Runtime } from "../runtime.ts";
import { latin1Bytes, putBytes } from "./characters.ts";
import { putWideText } from "./wide-characters.ts";

/** Text as a printf function of a flavour makes it. Throws EINVAL without a format, EILSEQ for a character that has no encoding. */
export function formatText(
  thread: Thread,
  flavour: PrintfFlavour,
  isWide: boolean,
  format: string | undefined,
  args: PrintfArguments,
): string {
  if (format === undefined) throw new InvalidParameterError(ERRNO.EINVAL);
  const text = formatPrintf(format, { flavour, isWide, args, memory: new GuestText(thread) });
  if (text === undefined) throw new CrtError(ERRNO.EILSEQ);
  return text;
}

/** The same for the functions whose formats may have positions. */
export function formatPositional(
  thread: Thread,
  flavour: PrintfFlavour,
  isWide: boolean,
  format: string | undefined,
  args: VarArgs,
): string {
  if (format === undefined) throw new InvalidParameterError(ERRNO.EINVAL);
  const plain = withoutPositions(format, args);
  return formatText(thread, flavour, isWide, plain.format, plain.args);
}

/** fprintf: returns how many characters were written. */
export function printTo(thread: Thread, stream: number, text: string): number | GuestGenerator<number> {
  return text === "" ? 0 : putBytes(thread, latin1Bytes(text), stream, text.length);
}

/** fwprintf. */
export function* printWideTo(thread: Thread, stream: number, text: string): GuestGenerator<number> {
  yield* putWideText(thread, text, stream);
  return text.length;
}

/** How a function that prints into a buffer treats what does not fit. */
export type Overflow =
  /** _snprintf: as much as fits, no NUL when it is full, and -1. */
  | "legacy"
  /** C99's snprintf: cut, always a NUL, and the length that was wanted. */
  | "standard"
  /** The ucrt when it is told neither: cut, always a NUL, and -2. */
  | "terminated";

/** Puts text in a buffer of the guest's; the result is what the function returns. `capacity` counts characters, the NUL included. */
export function storeText(thread: Thread, buffer: number, capacity: number, text: string, isWide: boolean, overflow: Overflow): number {
  if (buffer === 0 && capacity !== 0 && overflow !== "standard") throw new InvalidParameterError(ERRNO.EINVAL);
  if (buffer === 0) return text.length;
  if (text.length < capacity) {
    storeUnits(thread, buffer, `${text}\0`, isWide);
    return text.length;
  }
  if (overflow === "legacy") {
    storeUnits(thread, buffer, text.slice(0, capacity), isWide);
    return text.length === capacity ? text.length : -1;
  }
  if (capacity > 0) storeUnits(thread, buffer, `${text.slice(0, capacity - 1)}\0`, isWide);
  if (overflow === "standard") return text.length;
  return capacity > 0 ? -2 : -1;
}

/** The secure functions: text that does not fit leaves an empty string and ERANGE, unless `count` allows it to be cut. */
export function storeSecurely(thread: Thread, buffer: number, capacity: number, text: string, isWide: boolean, count = Infinity): number {
  if (buffer === 0 || capacity === 0) throw new InvalidParameterError(ERRNO.EINVAL);
  const kept = text.slice(0, Math.min(count, text.length));
  if (kept.length < capacity) {
    storeUnits(thread, buffer, `${kept}\0`, isWide);
    return kept.length < text.length ? -1 : kept.length;
  }
  // _TRUNCATE
  if (count >= 0xffff_ffff && count !== Infinity) {
    storeUnits(thread, buffer, `${text.slice(0, capacity - 1)}\0`, isWide);
    return -1;
  }
  storeUnits(thread, buffer, "\0", isWide);
  throw new InvalidParameterError(ERRNO.ERANGE);
}

function storeUnits(thread: Thread, buffer: number, text: string, isWide: boolean): void {
  if (isWide) thread.memory.setUtf16(buffer, text);
  else thread.memory.write(buffer, latin1Bytes(text));
}

/** What printf reads of a thread's memory. A class, as one is made for each call. */
class GuestText implements PrintfMemory {
  readonly #thread: Thread;

  constructor(thread: Thread) {
    this.#thread = thread;
  }

  narrow(address: number, maxBytes: number): string {
    return this.#thread.memory.cstring(address, "latin1", maxBytes);
  }

  wide(address: number, maxUnits: number): string {
    return this.#thread.memory.wstring(address, maxUnits);
  }

  encode(text: string): string | undefined {
    return Runtime.of(this.#thread).locale.encode(text, this.#thread.ansi);
  }

  decode(text: string): string {
    return Runtime.of(this.#thread).locale.decode(text, this.#thread.ansi);
  }

  storeCount(address: number, bytes: 2 | 4 | 8, count: number): void {
    const { memory } = this.#thread;
    if (bytes === 8) memory.setU64(address, BigInt(count));
    else if (bytes === 2) memory.setU16(address, count);
    else memory.setI32(address, count);
  }
}
