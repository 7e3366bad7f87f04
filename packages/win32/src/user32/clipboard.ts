import { ERROR, Win32Error, type Handle } from "@decant/hook";
import { implement, type Kernel, type Process, type Thread } from "@decant/process";
import { ANSI_CODE_PAGE, codePage, OEM_CODE_PAGE, textCodec } from "../text/code-pages.ts";
import { upcase } from "../text/upcase.ts";
import { clipboardApi } from "./clipboard.api.ts";

/** Standard formats (winuser.h). Of the text formats, each gives the others. */
const CF = { TEXT: 1, OEMTEXT: 7, UNICODETEXT: 13, LOCALE: 16 } as const;
const TEXT_FORMATS: readonly number[] = [CF.UNICODETEXT, CF.TEXT, CF.OEMTEXT];
const FIRST_REGISTERED = 0xc000;
const ENGLISH_US = 0x409;
const NO_WINDOW = 0 as Handle;
const NO_DATA = 0 as Handle;

/** What is on it: bytes by format, in the order in which they were put there. */
class Clipboard {
  /** The thread that has it open. */
  opener: Thread | undefined;
  readonly contents = new Map<number, Uint8Array>();
  /** The handles that a process was given, until the contents change. */
  handles = new WeakMap<Process, Map<number, Handle>>();
  sequence = 1;
  readonly names: string[] = [];

  /** Throws ERROR_CLIPBOARD_NOT_OPEN for a thread that has not opened it. */
  requireOpen(thread: Thread): void {
    if (this.opener !== thread) throw new Win32Error(ERROR.CLIPBOARD_NOT_OPEN);
  }

  get formats(): number[] {
    const put = [...this.contents.keys()];
    const texts = put.some((format) => TEXT_FORMATS.includes(format)) ? [...TEXT_FORMATS, CF.LOCALE] : [];
    return [...put, ...texts.filter((format) => !put.includes(format))];
  }

  bytesOf(format: number): Uint8Array | undefined {
    const own = this.contents.get(format);
    if (own !== undefined || !this.formats.includes(format)) return own;
    if (format === CF.LOCALE) return new Uint8Array(Uint32Array.of(ENGLISH_US).buffer);
    const source = [...this.contents.keys()].find((each) => TEXT_FORMATS.includes(each))!;
    return encode(format, decode(source, this.contents.get(source)!));
  }

  changed(): void {
    this.handles = new WeakMap();
    this.sequence++;
  }
}

const clipboards = new WeakMap<Kernel, Clipboard>();

/** What a program puts on it is copied at once; handles that it gives are the asking process's own memory. */
export const clipboard = implement(clipboardApi, {
  OpenClipboard(thread) {
    const board = boardOf(thread);
    if (board.opener !== undefined && board.opener !== thread && board.opener.process.ending === undefined)
      throw new Win32Error(ERROR.ACCESS_DENIED);
    board.opener = thread;
    return true;
  },
  CloseClipboard(thread) {
    const board = boardOf(thread);
    board.requireOpen(thread);
    board.opener = undefined;
    return true;
  },
  EmptyClipboard(thread) {
    const board = boardOf(thread);
    board.requireOpen(thread);
    board.contents.clear();
    board.changed();
    return true;
  },
  SetClipboardData(thread, format, memory) {
    const board = boardOf(thread);
    board.requireOpen(thread);
    // NULL is a promise to render it when it is asked for, which only a window can keep.
    if (format === 0 || memory === NO_DATA) throw new Win32Error(ERROR.INVALID_PARAMETER);
    const { heap } = thread.process;
    if (!heap.has(memory)) throw new Win32Error(ERROR.INVALID_HANDLE);
    board.contents.set(format, thread.memory.read(memory, heap.size(memory)));
    board.changed();
    return memory;
  },
  GetClipboardData(thread, format) {
    const board = boardOf(thread);
    board.requireOpen(thread);
    let given = board.handles.get(thread.process);
    if (given === undefined) board.handles.set(thread.process, (given = new Map()));
    const known = given.get(format);
    if (known !== undefined) return known;
    const bytes = board.bytesOf(format);
    if (bytes === undefined) return NO_DATA;
    const block = thread.process.heap.allocate(bytes.length) as Handle;
    if (block === NO_DATA) throw new Win32Error(ERROR.NOT_ENOUGH_MEMORY);
    thread.memory.write(block, bytes);
    given.set(format, block);
    return block;
  },
  IsClipboardFormatAvailable: (thread, format) => boardOf(thread).formats.includes(format),
  EnumClipboardFormats(thread, format) {
    const board = boardOf(thread);
    board.requireOpen(thread);
    const { formats } = board;
    return formats[format === 0 ? 0 : formats.indexOf(format) + 1] ?? 0;
  },
  CountClipboardFormats: (thread) => boardOf(thread).formats.length,
  GetClipboardSequenceNumber: (thread) => boardOf(thread).sequence,
  GetClipboardOwner: () => NO_WINDOW,
  GetOpenClipboardWindow: () => NO_WINDOW,
  RegisterClipboardFormat(thread, name) {
    if (name === undefined || name === "") throw new Win32Error(ERROR.INVALID_NAME);
    const { names } = boardOf(thread);
    const known = names.findIndex((each) => upcase(each) === upcase(name));
    return FIRST_REGISTERED + (known >= 0 ? known : names.push(name) - 1);
  },
  GetClipboardFormatName(thread, format, target, count) {
    const name = boardOf(thread).names[format - FIRST_REGISTERED];
    if (name === undefined) throw new Win32Error(ERROR.INVALID_PARAMETER);
    return target.writeTruncated(name, count).written;
  },
});

function boardOf({ kernel }: Thread): Clipboard {
  let board = clipboards.get(kernel);
  if (board === undefined) clipboards.set(kernel, (board = new Clipboard()));
  return board;
}

function decode(format: number, bytes: Uint8Array): string {
  const text = format === CF.UNICODETEXT ? new TextDecoder("utf-16le").decode(bytes) : codecOf(format).decode(bytes);
  const end = text.indexOf("\0");
  return end < 0 ? text : text.slice(0, end);
}

function encode(format: number, text: string): Uint8Array {
  if (format !== CF.UNICODETEXT) return codecOf(format).encode(`${text}\0`);
  return new Uint8Array(Uint16Array.from({ length: text.length + 1 }, (_, i) => text.charCodeAt(i) || 0).buffer);
}

function codecOf(format: number): ReturnType<typeof textCodec> {
  return textCodec(codePage(format === CF.OEMTEXT ? OEM_CODE_PAGE : ANSI_CODE_PAGE)!);
}
