import { ERROR, Win32Error, type TextBuffer } from "@decant/hook";
import { implement, waitFor, type GuestGenerator, type Thread } from "@decant/process";
import { INPUT_RECORD_SIZE, loadRecord, storeRecord } from "../console/input-record.ts";
import type { InputEvent } from "../console/key-events.ts";
import { consoleInputApi } from "./console.api.ts";
import { consoleCodec, inputOf } from "./console-handle.ts";

/** More records than a buffer of a console holds are not read at once. */
const MAX_RECORDS = 65_536;

/** Text and events. */
export const consoleInput = implement(consoleInputApi, {
  *ReadConsole(thread, handle, buffer, count, read) {
    const console = inputOf(thread, handle);
    if (count === 0) {
      read.set(0);
      return true;
    }
    const text = yield* waitFor(console.readText(count));
    if (buffer.charSize === 2) read.set(buffer.writeUnterminated(text, count));
    else {
      const bytes = consoleCodec(thread, "input").encode(text).subarray(0, count);
      thread.memory.write(buffer.address, bytes);
      read.set(bytes.length);
    }
    return true;
  },

  *ReadConsoleInput(thread, handle, buffer, length, read) {
    const { device } = inputOf(thread, handle);
    if (length === 0) throw new Win32Error(ERROR.INVALID_PARAMETER);
    yield* someEvents(device);
    const events = device.events.splice(0, Math.min(length, MAX_RECORDS));
    store(thread, buffer, events);
    read.set(events.length);
    return true;
  },
  PeekConsoleInput(thread, handle, buffer, length, read) {
    const { device } = inputOf(thread, handle);
    device.pump();
    const events = device.events.slice(0, Math.min(length, MAX_RECORDS));
    store(thread, buffer, events);
    read.set(events.length);
    return true;
  },
  WriteConsoleInput(thread, handle, buffer, length, written) {
    const { device } = inputOf(thread, handle);
    const bytes = thread.memory.read(buffer.address, INPUT_RECORD_SIZE * Math.min(length, MAX_RECORDS));
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    const codec = consoleCodec(thread, "input");
    const events: InputEvent[] = [];
    for (let at = 0; at < bytes.length; at += INPUT_RECORD_SIZE) {
      const event = loadRecord(view, at);
      if (event === undefined) throw new Win32Error(ERROR.INVALID_PARAMETER);
      const isNarrow = buffer.charSize === 1 && event.kind === "key" && event.unit !== 0;
      events.push(isNarrow ? { ...event, unit: codec.decode(Uint8Array.of(event.unit & 0xff)).charCodeAt(0) } : event);
    }
    device.push(events);
    written.set(events.length);
    return true;
  },
  GetNumberOfConsoleInputEvents(thread, handle, count) {
    const { device } = inputOf(thread, handle);
    device.pump();
    count.set(device.events.length);
    return true;
  },
  FlushConsoleInputBuffer(thread, handle) {
    inputOf(thread, handle).device.discard();
    return true;
  },
});

function* someEvents(device: ReturnType<typeof inputOf>["device"]): GuestGenerator<void> {
  device.pump();
  while (device.events.length === 0) yield* waitFor(device.arrival());
}

function store(thread: Thread, buffer: TextBuffer, events: readonly InputEvent[]): void {
  const bytes = new Uint8Array(INPUT_RECORD_SIZE * events.length);
  const view = new DataView(bytes.buffer);
  const codec = consoleCodec(thread, "input");
  const narrow = (unit: number): number => (unit < 0x80 ? unit : (codec.encode(String.fromCharCode(unit))[0] ?? 0));
  events.forEach((event, index) => storeRecord(view, INPUT_RECORD_SIZE * index, event, buffer.charSize === 2 ? (unit) => unit : narrow));
  if (bytes.length > 0) thread.memory.write(buffer.address, bytes);
}
