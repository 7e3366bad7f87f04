import { encodeText, ERROR, NULL_HANDLE, Win32Error, type Handle } from "@decant/hook";
import { implement, waitFor, type Thread } from "@decant/process";
import { ConsoleInput, ConsoleOutput } from "../files/standard-streams.ts";
import { stateOf } from "../process-state.ts";
import { codePage } from "../text/code-pages.ts";
import { consoleApi } from "./console.api.ts";

const DEFAULT_COLUMNS = 80;
const DEFAULT_ROWS = 25;
const ATTRIBUTE_MASK = 0xff;
/** Windows' colour bits are blue, green, red; a terminal's are red, green, blue. */
const TERMINAL_COLOUR = [0, 4, 2, 6, 1, 5, 3, 7];
const DEFAULT_ATTRIBUTES = 7;

export const consoleCalls = implement(consoleApi, {
  GetConsoleMode(thread, handle, mode) {
    mode.set(consoleOf(thread, handle).mode);
    return true;
  },
  SetConsoleMode(thread, handle, mode) {
    consoleOf(thread, handle).mode = mode;
    return true;
  },
  GetConsoleScreenBufferInfo(thread, handle, info) {
    const { output, attributes } = outputOf(thread, handle);
    const X = output.columns ?? DEFAULT_COLUMNS;
    const Y = output.rows ?? DEFAULT_ROWS;
    // A terminal does not tell where its cursor is: the first column of the last line, where output goes on.
    info.set({
      dwSize: { X, Y },
      dwCursorPosition: { X: 0, Y: Y - 1 },
      wAttributes: attributes,
      srWindow: { Left: 0, Top: 0, Right: X - 1, Bottom: Y - 1 },
      dwMaximumWindowSize: { X, Y },
    });
    return true;
  },
  SetConsoleTextAttribute(thread, handle, attributes) {
    const console = outputOf(thread, handle);
    console.attributes = attributes & ATTRIBUTE_MASK;
    const foreground = (attributes & 8 ? 90 : 30) + (TERMINAL_COLOUR[attributes & 7] ?? 7);
    const background = (attributes & 0x80 ? 100 : 40) + (TERMINAL_COLOUR[(attributes >> 4) & 7] ?? 0);
    console.writeText(
      attributes === DEFAULT_ATTRIBUTES ? "\u001b[0m" : `\u001b[${foreground}${(attributes & 0xf0) === 0 ? "" : `;${background}`}m`,
    );
    return true;
  },
  WriteConsole(thread, handle, buffer, count, written) {
    outputOf(thread, handle).writeText(buffer.text(count));
    if (!written.isNull) written.set(count);
    return true;
  },
  *ReadConsoleW(thread, handle, buffer, count, read) {
    const console = thread.process.handles.get(handle, ConsoleInput);
    const typed = yield* waitFor(console.readText(Math.max(1, count)));
    const taken = typed.slice(0, count);
    buffer.write(encodeText(thread, taken, "wide"));
    read.set(taken.length);
    return true;
  },
  GetConsoleCP: (thread) => stateOf(thread).console.inputCodePage,
  GetConsoleOutputCP: (thread) => stateOf(thread).console.outputCodePage,
  SetConsoleCP(thread, id) {
    requirePage(id);
    stateOf(thread).console.inputCodePage = id;
    return true;
  },
  SetConsoleOutputCP(thread, id) {
    requirePage(id);
    stateOf(thread).console.outputCodePage = id;
    return true;
  },
  SetConsoleTitle(thread, title) {
    stateOf(thread).console.title = title ?? "";
    const { stdout } = thread.process.host;
    if (stdout.isTerminal) stdout.write(new TextEncoder().encode(`\u001b]0;${(title ?? "").replaceAll(/\p{Cc}/gu, "")}\u0007`));
    return true;
  },
  SetConsoleCtrlHandler({ process }, handler, add) {
    const handlers = process.consoleHandlers;
    if (add) handlers.push(handler);
    else {
      const index = handlers.lastIndexOf(handler);
      if (index < 0) throw new Win32Error(ERROR.INVALID_PARAMETER);
      handlers.splice(index, 1);
    }
    return true;
  },
  // There is a console, and no window that it is in.
  GetConsoleWindow: () => NULL_HANDLE,
});

function consoleOf({ process }: Thread, handle: Handle): ConsoleInput | ConsoleOutput {
  const object = process.handles.find(handle);
  if (object instanceof ConsoleInput || object instanceof ConsoleOutput) return object;
  throw new Win32Error(ERROR.INVALID_HANDLE);
}

function outputOf({ process }: Thread, handle: Handle): ConsoleOutput {
  return process.handles.get(handle, ConsoleOutput);
}

function requirePage(id: number): void {
  if (codePage(id) === undefined) throw new Win32Error(ERROR.INVALID_PARAMETER);
}
