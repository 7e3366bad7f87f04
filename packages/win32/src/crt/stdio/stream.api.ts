import {
  api,
  BYTES,
  CSTR,
  errno,
  fn,
  INT,
  LARGE_INTEGER,
  LONG,
  LPSTR,
  OFFSET,
  out,
  PVOID,
  SIZE_T,
  textAs,
  TSTR,
  UINT,
  VOID,
  ERRNO_T,
  inout,
  alias,
  bytesIn,
  bytesOut,
  RESULT,
} from "@decant/hook";
import { BUFFERING, CHARACTER, FILE_AT, SEEK, LINE_AT } from "../../values/runtime.ts";
import { BOTH, CDECL, MSVCRT, UCRT } from "../dlls.ts";
import { EOF } from "./file-layout.ts";

const FILE_RESULT = errno(PVOID, 0);
const INT_OR_EOF = errno(INT, EOF);
const COUNT = errno(SIZE_T, 0);
const LINE = errno(PVOID, 0);

/** Streams ("Stream I/O"). */
export const streamApi = api(
  BOTH,
  {
    fopen: textAs("fopen", "_wfopen", FILE_RESULT, ["filename", TSTR], ["mode", TSTR]),
    fopen_s: textAs("fopen_s", "_wfopen_s", ERRNO_T, ["pFile", out(PVOID)], ["filename", TSTR], ["mode", TSTR]),
    _fsopen: textAs("_fsopen", "_wfsopen", FILE_RESULT, ["filename", TSTR], ["mode", TSTR], ["shflag", INT]),
    _fdopen: textAs("_fdopen", "_wfdopen", FILE_RESULT, ["fd", INT], ["mode", TSTR]),
    freopen: textAs("freopen", "_wfreopen", FILE_RESULT, ["path", TSTR], ["mode", TSTR], ["stream", FILE_AT]),
    fclose: fn(INT_OR_EOF, ["stream", FILE_AT]),
    _fclose_nolock: fn(INT_OR_EOF, ["stream", FILE_AT]),
    _fcloseall: fn(INT_OR_EOF),
    fflush: fn(INT_OR_EOF, ["stream", FILE_AT]),
    _fflush_nolock: fn(INT_OR_EOF, ["stream", FILE_AT]),
    _flushall: fn(INT),
    fread: fn(COUNT, ["buffer", bytesOut(`size*${RESULT}`)], ["size", SIZE_T], ["count", SIZE_T], ["stream", FILE_AT]),
    fread_s: fn(COUNT, ["buffer", BYTES], ["bufferSize", SIZE_T], ["elementSize", SIZE_T], ["count", SIZE_T], ["stream", FILE_AT]),
    _fread_nolock: fn(COUNT, ["buffer", bytesOut(`size*${RESULT}`)], ["size", SIZE_T], ["count", SIZE_T], ["stream", FILE_AT]),
    fwrite: fn(COUNT, ["buffer", bytesIn("size*count")], ["size", SIZE_T], ["count", SIZE_T], ["stream", FILE_AT]),
    _fwrite_nolock: fn(COUNT, ["buffer", BYTES], ["size", SIZE_T], ["count", SIZE_T], ["stream", FILE_AT]),
    fgetc: fn(INT_OR_EOF, ["stream", FILE_AT]),
    getc: fn(INT_OR_EOF, ["stream", FILE_AT]),
    getchar: fn(INT_OR_EOF),
    _fgetchar: fn(INT_OR_EOF),
    ungetc: fn(INT_OR_EOF, ["c", CHARACTER], ["stream", FILE_AT]),
    fgets: fn(LINE, ["string", LINE_AT], ["numChars", INT], ["stream", FILE_AT]),
    gets: fn(LINE, ["buffer", LPSTR]),
    fputc: fn(INT_OR_EOF, ["c", CHARACTER], ["stream", FILE_AT]),
    putc: fn(INT_OR_EOF, ["c", CHARACTER], ["stream", FILE_AT]),
    putchar: fn(INT_OR_EOF, ["c", CHARACTER]),
    _fputchar: fn(INT_OR_EOF, ["c", CHARACTER]),
    fputs: fn(INT_OR_EOF, ["string", CSTR], ["stream", FILE_AT]),
    puts: fn(INT_OR_EOF, ["string", CSTR]),
    fseek: fn(errno(INT, -1), ["stream", FILE_AT], ["offset", LONG], ["origin", SEEK]),
    _fseeki64: fn(errno(INT, -1), ["stream", FILE_AT], ["offset", OFFSET], ["origin", SEEK]),
    ftell: fn(errno(LONG, -1), ["stream", FILE_AT]),
    _ftelli64: fn(errno(OFFSET, -1), ["stream", FILE_AT]),
    rewind: fn(VOID, ["stream", FILE_AT]),
    fgetpos: fn(errno(INT, -1), ["stream", FILE_AT], ["pos", out(LARGE_INTEGER)]),
    fsetpos: fn(errno(INT, -1), ["stream", FILE_AT], ["pos", inout(LARGE_INTEGER)]),
    feof: fn(INT, ["stream", FILE_AT]),
    ferror: fn(INT, ["stream", FILE_AT]),
    clearerr: fn(VOID, ["stream", FILE_AT]),
    _fileno: fn(errno(INT, -1), ["stream", FILE_AT]),
    setbuf: fn(VOID, ["stream", FILE_AT], ["buffer", PVOID]),
    setvbuf: fn(INT, ["stream", FILE_AT], ["buffer", PVOID], ["mode", BUFFERING], ["size", SIZE_T]),
    _getw: fn(INT_OR_EOF, ["stream", FILE_AT]),
    _putw: fn(INT_OR_EOF, ["binint", INT], ["stream", FILE_AT]),
    _lock_file: fn(VOID, ["stream", FILE_AT]),
    _unlock_file: fn(VOID, ["stream", FILE_AT]),
    tmpfile: fn(FILE_RESULT),
    _rmtmp: fn(INT),
    _getmaxstdio: fn(INT),
    _setmaxstdio: fn(INT, ["maximum", INT]),
  },
  CDECL,
);

/** Streams as only msvcrt has them. */
export const msvcrtStreamApi = api(
  MSVCRT,
  {
    __iob_func: fn(PVOID),
    _filbuf: fn(INT_OR_EOF, ["stream", FILE_AT]),
    _flsbuf: fn(INT_OR_EOF, ["c", CHARACTER], ["stream", FILE_AT]),
    _fileno_nolock: alias("_fileno"),
  },
  CDECL,
);

/** Streams as only the ucrt has them. */
export const ucrtStreamApi = api(
  UCRT,
  {
    __acrt_iob_func: fn(PVOID, ["index", UINT]),
    __stdio_common_fflush: fn(INT_OR_EOF, ["stream", FILE_AT]),
    _getc_nolock: fn(INT_OR_EOF, ["stream", FILE_AT]),
    _fgetc_nolock: fn(INT_OR_EOF, ["stream", FILE_AT]),
    _putc_nolock: fn(INT_OR_EOF, ["c", CHARACTER], ["stream", FILE_AT]),
    _fputc_nolock: fn(INT_OR_EOF, ["c", CHARACTER], ["stream", FILE_AT]),
    _ungetc_nolock: fn(INT_OR_EOF, ["c", CHARACTER], ["stream", FILE_AT]),
    _fseek_nolock: fn(errno(INT, -1), ["stream", FILE_AT], ["offset", LONG], ["origin", SEEK]),
    _fseeki64_nolock: fn(errno(INT, -1), ["stream", FILE_AT], ["offset", OFFSET], ["origin", SEEK]),
    _ftell_nolock: fn(errno(LONG, -1), ["stream", FILE_AT]),
    _ftelli64_nolock: fn(errno(OFFSET, -1), ["stream", FILE_AT]),
    clearerr_s: fn(ERRNO_T, ["stream", FILE_AT]),
    tmpfile_s: fn(ERRNO_T, ["pFile", out(PVOID)]),
    gets_s: fn(LINE, ["buffer", LPSTR], ["size", SIZE_T]),
    _get_stream_buffer_pointers: fn(ERRNO_T, ["stream", FILE_AT], ["base", out(PVOID)], ["ptr", out(PVOID)], ["count", out(PVOID)]),
  },
  CDECL,
);
