import { codePage, OEM_CODE_PAGE, textCodec } from "../../text/code-pages.ts";
import type { ConsoleDevice } from "../../console/console-device.ts";
import type { KeyEvent } from "../../console/key-events.ts";
import { stateOf } from "../../process-state.ts";
import { implement, waitFor, type GuestGenerator, type Thread } from "@decant/process";
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
});

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
