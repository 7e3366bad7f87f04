import { CrtError, InvalidParameterError, ERRNO, errnoOf } from "@decant/hook";
import { implement, type GuestGenerator, type Thread } from "@decant/process";
import { Runtime } from "../runtime.ts";
import { system } from "../system.ts";
import { getByte, getLine, latin1Bytes, putByte, putBytes } from "./characters.ts";
import { EOF, fileLayout, FLAG } from "./file-layout.ts";
import { closeDescriptor, SEEK } from "./low-io.ts";
import { makeStream, openStream, SH_DENYNO } from "./open.ts";
import { parseOpenMode } from "./open-mode.ts";
import { flushAll, Stream } from "./stream.ts";
import { msvcrtStreamApi, streamApi, ucrtStreamApi } from "./stream.api.ts";
import type { Pointer } from "@decant/hook";

const LF = 0x0a;
const SEEK_LIMIT = 0x7fff_ffff;
const BUFFERING = { FULL: 0, LINE: 0x40, NONE: 4 } as const;

export const streams = implement(streamApi, {
  fopen: (thread, filename, mode) => openStream(thread, filename, mode),
  fopen_s(thread, pFile, filename, mode) {
    pFile.set(0);
    pFile.set(openStream(thread, filename, mode));
    return 0;
  },
  _fsopen: (thread, filename, mode, shflag) => openStream(thread, filename, mode, shflag),
  _fdopen(thread, fd, mode) {
    if (mode === undefined) throw new InvalidParameterError(ERRNO.EINVAL);
    return makeStream(thread, fd, parseOpenMode(mode).flags);
  },
  *freopen(thread, path, mode, stream) {
    yield* endStream(thread, stream);
    // The FILE itself stays, also where it is on the heap.
    return openStream(thread, path, mode, SH_DENYNO, stream);
  },
  fclose: closeStream,
  _fclose_nolock: closeStream,
  *_fcloseall(thread) {
    const { iob, streams: open } = Runtime.of(thread);
    let count = 0;
    for (const address of [...open]) {
      if (address < iob + 3 * fileLayout(thread.memory).SIZE && address >= iob) continue;
      yield* closeStream(thread, address);
      count++;
    }
    return count;
  },
  fflush: flushStream,
  _fflush_nolock: flushStream,
  _flushall: flushAll,
  fread: (thread, buffer, size, count, stream) => read(thread, buffer, size, count, stream),
  fread_s(thread, buffer, bufferSize, elementSize, count, stream) {
    if (elementSize * count > bufferSize) throw new InvalidParameterError(ERRNO.ERANGE);
    return read(thread, buffer, elementSize, count, stream);
  },
  _fread_nolock: (thread, buffer, size, count, stream) => read(thread, buffer, size, count, stream),
  fwrite: write,
  _fwrite_nolock: write,
  fgetc: getByte,
  getc: getByte,
  getchar: (thread) => getByte(thread, standard(thread, 0)),
  _fgetchar: (thread) => getByte(thread, standard(thread, 0)),
  ungetc,
  fgets(thread, string, numChars, address) {
    if (numChars <= 0) return 0;
    const stream = new Stream(thread, address);
    const end = stream
      .peekBytes()
      .subarray(0, numChars - 1)
      .indexOf(LF);
    return end < 0 ? getLineSlowly(stream, string, numChars) : storeLine(thread, string, stream.takeBytes(end + 1));
  },
  gets: readLine,
  fputc: putByte,
  putc: putByte,
  putchar: (thread, c) => putByte(thread, c, standard(thread, 1)),
  _fputchar: (thread, c) => putByte(thread, c, standard(thread, 1)),
  fputs(thread, string, stream) {
    if (string === undefined) throw new InvalidParameterError(ERRNO.EINVAL);
    return putBytes(thread, latin1Bytes(string), stream, 0);
  },
  puts: (thread, string) => putBytes(thread, latin1Bytes(`${string ?? "(null)"}\n`), standard(thread, 1), 0),
  fseek: seek,
  _fseeki64: seek,
  ftell: tell,
  _ftelli64: (thread, stream) => new Stream(thread, stream).position(),
  *rewind(thread, address) {
    const stream = new Stream(thread, address);
    yield* stream.seek(0, SEEK.SET);
    stream.flags &= ~(FLAG.ERROR | FLAG.EOF);
  },
  fgetpos(thread, stream, pos) {
    pos.set(new Stream(thread, stream).position());
    return 0;
  },
  *fsetpos(thread, stream, pos) {
    yield* new Stream(thread, stream).seek(pos.get(), SEEK.SET);
    return 0;
  },
  feof: (thread, stream) => new Stream(thread, stream).flags & FLAG.EOF,
  ferror: (thread, stream) => new Stream(thread, stream).flags & FLAG.ERROR,
  clearerr(thread, stream) {
    new Stream(thread, stream).flags &= ~(FLAG.ERROR | FLAG.EOF);
  },
  _fileno: (thread, stream) => new Stream(thread, stream).fd,
  setbuf(thread, stream, buffer) {
    new Stream(thread, stream).setBuffer(buffer, 512, buffer === 0);
  },
  *setvbuf(thread, address, buffer, mode, size) {
    if (mode !== BUFFERING.NONE && mode !== BUFFERING.FULL && mode !== BUFFERING.LINE) return -1;
    if (mode !== BUFFERING.NONE && (size < 2 || size > SEEK_LIMIT)) return -1;
    const stream = new Stream(thread, address);
    yield* stream.flush();
    stream.setBuffer(buffer, size, mode === BUFFERING.NONE);
    return 0;
  },
  *_getw(thread, address) {
    const bytes = yield* new Stream(thread, address).read(4);
    return bytes.length < 4 ? EOF : new DataView(bytes.buffer, bytes.byteOffset).getInt32(0, true);
  },
  _putw: (thread, binint, stream) => putBytes(thread, new Uint8Array(Int32Array.of(binint).buffer), stream, binint),
  _lock_file() {},
  _unlock_file() {},
  tmpfile: (thread) => openStream(thread, temporaryName(thread, system.temporaryFolder(), "s"), "w+bD"),
  _rmtmp: () => 0,
  _getmaxstdio: () => 512,
  _setmaxstdio: (_thread, maximum) => maximum,
});

export const msvcrtStreams = implement(msvcrtStreamApi, {
  __iob_func: (thread) => Runtime.of(thread).iob,
  *_filbuf(thread, address) {
    const stream = new Stream(thread, address);
    return (yield* stream.fill()) ? (stream.takeByte() ?? EOF) : EOF;
  },
  // The caller's macro has found no room.
  *_flsbuf(thread, c, address) {
    const stream = new Stream(thread, address);
    thread.memory.setI32(address + fileLayout(thread.memory).count, 0);
    yield* stream.write(Uint8Array.of(c));
    return c & 0xff;
  },
});

export const ucrtStreams = implement(ucrtStreamApi, {
  __acrt_iob_func: (thread, index) => standard(thread, index),
  _getc_nolock: getByte,
  _fgetc_nolock: getByte,
  _putc_nolock: putByte,
  _fputc_nolock: putByte,
  _ungetc_nolock: ungetc,
  _fseek_nolock: seek,
  _fseeki64_nolock: seek,
  _ftell_nolock: tell,
  _ftelli64_nolock: (thread, stream) => new Stream(thread, stream).position(),
  clearerr_s(thread, stream) {
    new Stream(thread, stream).flags &= ~(FLAG.ERROR | FLAG.EOF);
    return 0;
  },
  gets_s: (thread, buffer) => readLine(thread, buffer),
  _get_stream_buffer_pointers(thread, stream, base, ptr, count) {
    new Stream(thread, stream);
    if (!base.isNull) base.set(stream + fileLayout(thread.memory).base);
    if (!ptr.isNull) ptr.set(stream + fileLayout(thread.memory).ptr);
    if (!count.isNull) count.set(stream + fileLayout(thread.memory).count);
    return 0;
  },
});

/** A standard stream: 0 is stdin, 1 stdout, 2 stderr. */
export function standard(thread: Thread, index: number): number {
  return Runtime.of(thread).iob + index * fileLayout(thread.memory).SIZE;
}

function* closeStream(thread: Thread, address: number): GuestGenerator<number> {
  const { iob, streams: open } = Runtime.of(thread);
  const isOnHeap = open.has(address) && !(address >= iob && address < iob + 20 * fileLayout(thread.memory).SIZE);
  try {
    yield* endStream(thread, address);
  } finally {
    if (isOnHeap && !open.has(address)) thread.process.heap.free(address);
  }
  return 0;
}

/** Writes what a stream holds, and closes its file; its FILE stays. */
function* endStream(thread: Thread, address: number): GuestGenerator<void> {
  if (address === 0) throw new InvalidParameterError(ERRNO.EINVAL);
  const { streams: open } = Runtime.of(thread);
  const stream = new Stream(thread, address);
  const { flags, fd } = stream;
  if ((flags & (FLAG.READ | FLAG.WRITE | FLAG.READ_WRITE)) === 0) throw new InvalidParameterError(ERRNO.EINVAL);
  try {
    yield* stream.flush();
  } finally {
    open.delete(address);
    stream.release();
    closeDescriptor(thread, fd);
  }
}

function* flushStream(thread: Thread, address: number): GuestGenerator<number> {
  if (address === 0) yield* flushAll(thread);
  else yield* new Stream(thread, address).flush();
  return 0;
}

function read(thread: Thread, buffer: Pointer, size: number, count: number, address: number): number | GuestGenerator<number> {
  const wanted = size * count;
  if (wanted === 0) return 0;
  const stream = new Stream(thread, address);
  const ready = stream.peekBytes().length >= wanted;
  if (!ready) return readSlowly(stream, buffer, size, wanted);
  buffer.write(stream.takeBytes(wanted));
  return count;
}

function* readSlowly(stream: Stream, buffer: Pointer, size: number, wanted: number): GuestGenerator<number> {
  let at = 0;
  try {
    const bytes = yield* stream.read(wanted);
    buffer.write(bytes);
    at = bytes.length;
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;
    stream.thread.errno = errnoOf(error)!;
  }
  return Math.floor(at / size);
}

function write(thread: Thread, buffer: Pointer, size: number, count: number, stream: number): number | GuestGenerator<number> {
  const length = size * count;
  return length === 0 ? 0 : putBytes(thread, buffer.read(length), stream, count);
}

function ungetc(thread: Thread, c: number, stream: number): number {
  return c !== EOF && new Stream(thread, stream).unget(c & 0xff) ? c & 0xff : EOF;
}

function* seek(thread: Thread, stream: number, offset: number, origin: number): GuestGenerator<number> {
  if (origin < SEEK.SET || origin > SEEK.END) throw new InvalidParameterError(ERRNO.EINVAL);
  yield* new Stream(thread, stream).seek(offset, origin);
  return 0;
}

function tell(thread: Thread, stream: number): number {
  const position = new Stream(thread, stream).position();
  if (position > SEEK_LIMIT) throw new CrtError(ERRNO.EINVAL);
  return position;
}

/** fgets whose line is not in the buffer as a whole. */
function* getLineSlowly(stream: Stream, string: number, numChars: number): GuestGenerator<number> {
  const line = yield* getLine(stream, numChars - 1);
  return line.length === 0 && numChars > 1 ? 0 : storeLine(stream.thread, string, line);
}

function storeLine({ memory }: Thread, string: number, line: Uint8Array): number {
  memory.write(string, line);
  memory.setU8(string + line.length, 0);
  return string;
}

function* readLine(thread: Thread, buffer: number): GuestGenerator<number> {
  const line = yield* getLine(new Stream(thread, standard(thread, 0)), Infinity);
  if (line.length === 0) return 0;
  const end = line.at(-1) === 0x0a ? line.length - 1 : line.length;
  thread.memory.write(buffer, line.subarray(0, end));
  thread.memory.setU8(buffer + end, 0);
  return buffer;
}

let temporaryFiles = 0;

function temporaryName(thread: Thread, folder: string, prefix: string): string {
  return `${folder}${prefix}${thread.process.id.toString(36)}.${(temporaryFiles++).toString(36)}`;
}
