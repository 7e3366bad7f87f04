import { ERRNO, InvalidParameterError, type Out } from "@decant/hook";
import { codePage, OEM_CODE_PAGE, textCodec } from "../../text/code-pages.ts";
import type { ConsoleDevice } from "../../console/console-device.ts";
import type { KeyEvent } from "../../console/key-events.ts";
import { stateOf } from "../../process-state.ts";
import { implement, waitFor, type GuestGenerator, type Thread } from "@decant/process";
import { encodeString } from "../startup/program-data.ts";
import { conioApi } from "./conio.api.ts";
import { EOF } from "./file-layout.ts";

const WEOF = 0xffff;
/** KEY_EVENT_RECORD's ENHANCED_KEY: such keys come as 0xE0 and their scan code, other keys without a character as 0 and theirs. */
const ENHANCED_KEY = 0x100;
const FIRST_FUNCTION_KEY = 0x70;
const LAST_KEY = 0x87;

/** What _ungetch gave back, or the second half of a key that has two. */
const pending = new WeakMap<ConsoleDevice, number>();

/** Keys as they are typed, without a line of them being edited. Without a terminal there is no console: nothing is typed, and writing fails. */
export const conio = implement(conioApi, {
  _kbhit(thread) {
    const device = inputOf(thread);
    if (device === undefined) return 0;
    device.pump();
    return pending.has(device) || device.events.some((event) => event.kind === "key" && isTyped(event)) ? 1 : 0;
  },
  _getch: (thread) => narrowKey(thread, false),
  _getche: (thread) => narrowKey(thread, true),
  _ungetch(thread, c) {
    const device = inputOf(thread);
    if (device === undefined || c === EOF || pending.has(device)) return EOF;
    pending.set(device, c);
    return c;
  },
  _getwch: (thread) => wideKey(thread, false),
  _getwche: (thread) => wideKey(thread, true),
  _putch: (thread, c) => (put(thread, oem().decode(Uint8Array.of(c & 0xff))) ? c & 0xff : EOF),
  _putwch: (thread, c) => (put(thread, String.fromCharCode(c)) ? c : WEOF),
  _cputs: (thread, str) => (put(thread, str ?? "") ? 0 : EOF),
  _cputws: (thread, str) => (put(thread, str ?? "") ? 0 : EOF),
  _cgets: (thread, buffer) => lineInto(thread, buffer, 1),
  _cgetws: (thread, buffer) => lineInto(thread, buffer, 2),
  _cgets_s: (thread, buffer, capacity, read) => lineSecurely(thread, { buffer, capacity, charSize: 1, read }),
  _cgetws_s: (thread, buffer, capacity, read) => lineSecurely(thread, { buffer, capacity, charSize: 2, read }),
});

/** _cgets: the buffer's first character says for how many there is room, its second how many were read; the text follows, and is what the result points to. */
function* lineInto(thread: Thread, buffer: number, charSize: 1 | 2): GuestGenerator<number> {
  const { memory } = thread;
  if (buffer === 0) throw new InvalidParameterError(ERRNO.EINVAL);
  const capacity = charSize === 1 ? memory.u8(buffer) : memory.u16(buffer);
  const length = yield* storeLine(thread, { buffer: buffer + 2 * charSize, capacity, charSize });
  if (length === undefined) return 0;
  if (charSize === 1) memory.setU8(buffer + 1, length);
  else memory.setU16(buffer + 2, length);
  return buffer + 2 * charSize;
}

interface LineBuffer {
  readonly buffer: number;
  /** In characters, the NUL included. */
  readonly capacity: number;
  readonly charSize: 1 | 2;
}

function* lineSecurely(thread: Thread, { read, ...into }: LineBuffer & { read: Out<number> }): GuestGenerator<number> {
  if (into.buffer === 0 || into.capacity === 0) throw new InvalidParameterError(ERRNO.EINVAL);
  read.set((yield* storeLine(thread, into)) ?? 0);
  return 0;
}

/** Stores a line from the console, as far as there is room, and its NUL; returns its length, or undefined without a console. */
function* storeLine(thread: Thread, { buffer, capacity, charSize }: LineBuffer): GuestGenerator<number | undefined> {
  const device = inputOf(thread);
  const read = device === undefined ? "" : yield* waitFor(device.readLine());
  const end = read.indexOf("\n") + 1 || read.length;
  if (device !== undefined) device.unread = read.slice(end);
  const text = read.slice(0, end).replace(/\r?\n$/, "");
  const bytes = charSize === 1 ? oem().encode(text) : encodeString(thread, text, "wide").subarray(0, -2);
  const kept = bytes.subarray(0, Math.max(0, capacity - 1) * charSize);
  if (capacity > 0) thread.memory.write(buffer, Uint8Array.of(...kept, ...new Uint8Array(charSize)));
  return device === undefined ? undefined : kept.length / charSize;
}

function* narrowKey(thread: Thread, echoes: boolean): GuestGenerator<number> {
  const key = yield* nextKey(thread, echoes);
  if (typeof key !== "string") return key ?? EOF;
  return oem().encode(key)[0] ?? 0;
}

function* wideKey(thread: Thread, echoes: boolean): GuestGenerator<number> {
  const key = yield* nextKey(thread, echoes);
  return typeof key === "string" ? key.charCodeAt(0) : (key ?? WEOF);
}

/** Waits for a key that means something: a character, or a number that is part of another key; undefined without a console. */
function* nextKey(thread: Thread, echoes: boolean): GuestGenerator<string | number | undefined> {
  const device = inputOf(thread);
  if (device === undefined) return undefined;
  const before = pending.get(device);
  pending.delete(device);
  if (before !== undefined) return before;
  for (;;) {
    device.pump();
    while (device.events.length === 0) yield* waitFor(device.arrival());
    const event = device.events.shift()!;
    if (event.kind !== "key" || !isTyped(event)) continue;
    if (event.unit === 0) {
      pending.set(device, event.scanCode);
      return (event.state & ENHANCED_KEY) === 0 ? 0 : 0xe0;
    }
    const character = String.fromCharCode(event.unit);
    if (echoes) put(thread, character);
    return character;
  }
}

/** A key that goes down and is a character, or one of those that move and of the function keys: not Shift and its like. */
function isTyped({ isDown, unit, virtualKey, state }: KeyEvent): boolean {
  const isFunction = virtualKey >= FIRST_FUNCTION_KEY && virtualKey <= LAST_KEY;
  return isDown && (unit !== 0 || isFunction || (state & ENHANCED_KEY) !== 0);
}

function inputOf(thread: Thread): ConsoleDevice | undefined {
  return thread.process.host.stdin.isTerminal ? stateOf(thread).console : undefined;
}

function put(thread: Thread, text: string): boolean {
  if (!thread.process.host.stdout.isTerminal) return false;
  const output = stateOf(thread).openOutput("stdout");
  void output.write(textCodec(codePage(stateOf(thread).console.outputCodePage) ?? codePage(OEM_CODE_PAGE)!).encode(text));
  return true;
}

const oem = () => textCodec(codePage(OEM_CODE_PAGE)!);
