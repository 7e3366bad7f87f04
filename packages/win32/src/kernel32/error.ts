import { ERROR, readString, STATUS, Win32Error } from "@decant/hook";
import { implement, raise, type Thread } from "@decant/process";
import { stateOf } from "../process-state.ts";
import { resourcesOf } from "./resource.ts";
import { returnAddresses } from "./stack-trace.ts";
import { expandMessage } from "../text/format-message.ts";
import { SYSTEM_MESSAGES } from "../text/system-messages.ts";
import { findMessage } from "../text/message-table.ts";
import { errorApi } from "./error.api.ts";

const FORMAT_MESSAGE = {
  ALLOCATE_BUFFER: 0x100,
  IGNORE_INSERTS: 0x200,
  FROM_STRING: 0x400,
  FROM_HMODULE: 0x800,
  FROM_SYSTEM: 0x1000,
  ARGUMENT_ARRAY: 0x2000,
} as const;
const MAX_WIDTH_MASK = 0xff;
/** FormatMessage gives no more than this many characters. */
const MAX_MESSAGE = 0xffff;

/** GetLastError and its kin are called 10^6 times a run: they stay one load or store. */
export const error = implement(errorApi, {
  RtlCaptureStackBackTrace(thread, FramesToSkip, FramesToCapture, BackTrace, BackTraceHash) {
    const { memory, pointerSize } = thread;
    const addresses = returnAddresses(thread, FramesToSkip, FramesToCapture);
    addresses.forEach((address, index) => memory.setPointer(BackTrace + pointerSize * index, address));
    if (BackTraceHash !== 0)
      memory.setU32(
        BackTraceHash,
        addresses.reduce((sum, address) => (sum + address) >>> 0, 0),
      );
    return addresses.length;
  },
  GetLastError: (thread) => thread.lastError,
  SetLastError(thread, dwErrCode) {
    thread.lastError = dwErrCode;
  },
  RestoreLastError(thread, dwErrCode) {
    thread.lastError = dwErrCode;
  },
  SetErrorMode(thread, uMode) {
    const state = stateOf(thread);
    const before = state.errorMode;
    state.errorMode = uMode;
    return before;
  },
  GetErrorMode: (thread) => stateOf(thread).errorMode,
  SetThreadErrorMode(thread, dwNewMode, lpOldMode) {
    const mode = thread.state(THREAD_ERROR_MODE, () => ({ bits: 0 }));
    lpOldMode.set(mode.bits);
    mode.bits = dwNewMode;
    return true;
  },
  GetThreadErrorMode: (thread) => thread.state(THREAD_ERROR_MODE, () => ({ bits: 0 })).bits,
  FormatMessage(thread, dwFlags, lpSource, dwMessageId, _dwLanguageId, lpBuffer, nSize, Arguments) {
    if (lpBuffer.isNull) throw new Win32Error(ERROR.INVALID_PARAMETER);
    const isWide = lpBuffer.charSize === 2;
    const message = messageText(thread, dwFlags, lpSource, dwMessageId, isWide);
    const insert = (dwFlags & FORMAT_MESSAGE.IGNORE_INSERTS) === 0 ? inserts(thread, dwFlags, Arguments, isWide) : undefined;
    const text = expandMessage(message, insert, dwFlags & MAX_WIDTH_MASK);
    if (text.length > MAX_MESSAGE) throw new Win32Error(ERROR.MORE_DATA);
    if ((dwFlags & FORMAT_MESSAGE.ALLOCATE_BUFFER) === 0) {
      const { written, needed } = lpBuffer.write(text, nSize);
      if (needed > nSize) throw new Win32Error(ERROR.INSUFFICIENT_BUFFER);
      return written;
    }
    const bytes = isWide ? wide(`${text}\0`) : thread.ansi.encode(`${text}\0`);
    const address = thread.process.heap.allocate(Math.max(bytes.length, nSize * lpBuffer.charSize));
    if (address === 0) throw new Win32Error(ERROR.NOT_ENOUGH_MEMORY);
    thread.memory.write(address, bytes);
    thread.memory.setPointer(lpBuffer.address, address);
    return bytes.length / lpBuffer.charSize - 1;
  },
  IsDebuggerPresent: () => false,
  CheckRemoteDebuggerPresent(_thread, _hProcess, pbDebuggerPresent) {
    pbDebuggerPresent.set(false);
    return true;
  },
  // No debugger listens: as on Windows, the text goes nowhere.
  OutputDebugStringA() {},
  OutputDebugStringW() {},
  // Without a debugger a handler of the program's may take it; otherwise it ends the program.
  *DebugBreak(thread) {
    const { rsp, memory } = thread;
    yield* raise(thread, {
      code: STATUS.BREAKPOINT,
      flags: 0,
      address: memory.u32(rsp),
      parameters: [0n],
      description: "it called DebugBreak",
    });
  },
  Beep: () => true,
});

const THREAD_ERROR_MODE = Symbol("thread error mode");

function messageText(thread: Thread, flags: number, source: number, id: number, isWide: boolean): string {
  if ((flags & FORMAT_MESSAGE.FROM_STRING) !== 0) return readString(thread, source, isWide ? "wide" : "ansi");
  if ((flags & (FORMAT_MESSAGE.FROM_SYSTEM | FORMAT_MESSAGE.FROM_HMODULE)) === 0) throw new Win32Error(ERROR.INVALID_PARAMETER);
  // A module's messages are looked at first, whatever else is asked for.
  const own = (flags & FORMAT_MESSAGE.FROM_HMODULE) === 0 ? undefined : moduleMessage(thread, source, id);
  if (own !== undefined) return own;
  const win32 = id >>> 16 === 0x8007 ? id & 0xffff : id;
  const message = (flags & FORMAT_MESSAGE.FROM_SYSTEM) === 0 ? undefined : SYSTEM_MESSAGES.get(win32);
  if (message === undefined) throw new Win32Error(ERROR.MR_MID_NOT_FOUND);
  return `${message}\r\n`;
}

/** A message of a module's table; undefined where it has none. */
function moduleMessage(thread: Thread, module: number, id: number): string | undefined {
  try {
    const found = resourcesOf(thread, module).find(RT_MESSAGETABLE, 1, 0);
    return findMessage(thread.memory, found, id, (bytes) => thread.ansi.decode(bytes));
  } catch (error) {
    if (error instanceof Win32Error) return undefined;
    throw error;
  }
}

const RT_MESSAGETABLE = 11;

/** Reads the arguments: an array of pointer-sized values, or a pointer to a va_list, which is a pointer to the same. */
function inserts(thread: Thread, flags: number, address: number, isWide: boolean) {
  const { memory } = thread;
  const base = address === 0 ? 0 : (flags & FORMAT_MESSAGE.ARGUMENT_ARRAY) === 0 ? memory.u32(address) : address;
  return (index: number, format: string): string => {
    if (base === 0) throw new Win32Error(ERROR.INVALID_PARAMETER);
    const value = memory.word(base + thread.pointerSize * (index - 1));
    const [, flag = "", width = "", size = "", conversion = "s"] =
      /^([-+ #0]*)(\d*)(?:\.\d+)?(hh|h|ll|l|I64|w)?([a-zA-Z])$/.exec(format) ?? [];
    const text = convert(thread, value, conversion, size, isWide);
    return flag.includes("-")
      ? text.padEnd(Number(width))
      : text.padStart(Number(width), flag.includes("0") && conversion !== "s" ? "0" : " ");
  };
}

function convert(thread: Thread, value: bigint, conversion: string, size: string, isWide: boolean): string {
  const bits = size === "ll" || size === "I64" ? 64 : 32;
  const wideText = size === "w" || size === "l" || (conversion === "S" ? !isWide : isWide && size !== "h");
  switch (conversion) {
    case "d":
    case "i":
      return String(BigInt.asIntN(bits, value));
    case "u":
      return String(BigInt.asUintN(bits, value));
    case "x":
      return BigInt.asUintN(bits, value).toString(16);
    case "X":
      return BigInt.asUintN(bits, value).toString(16).toUpperCase();
    case "p":
      return value
        .toString(16)
        .toUpperCase()
        .padStart(2 * thread.pointerSize, "0");
    case "c":
    case "C":
      return String.fromCharCode(Number(value & 0xffffn));
    default:
      return value === 0n ? "(null)" : readString(thread, Number(value & 0xffff_ffffn), wideText ? "wide" : "ansi");
  }
}

function wide(text: string): Uint8Array {
  const bytes = new Uint8Array(2 * text.length);
  const view = new DataView(bytes.buffer);
  for (let i = 0; i < text.length; i++) view.setUint16(2 * i, text.charCodeAt(i), true);
  return bytes;
}
