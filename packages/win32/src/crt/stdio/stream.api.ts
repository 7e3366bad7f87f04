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
} from "@decant/hook";
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
    freopen: textAs("freopen", "_wfreopen", FILE_RESULT, ["path", TSTR], ["mode", TSTR], ["stream", PVOID]),
    fclose: fn(INT_OR_EOF, ["stream", PVOID]),
    _fclose_nolock: fn(INT_OR_EOF, ["stream", PVOID]),
    _fcloseall: fn(INT_OR_EOF),
    fflush: fn(INT_OR_EOF, ["stream", PVOID]),
    _fflush_nolock: fn(INT_OR_EOF, ["stream", PVOID]),
    _flushall: fn(INT),
    fread: fn(COUNT, ["buffer", BYTES], ["size", SIZE_T], ["count", SIZE_T], ["stream", PVOID]),
    fread_s: fn(COUNT, ["buffer", BYTES], ["bufferSize", SIZE_T], ["elementSize", SIZE_T], ["count", SIZE_T], ["stream", PVOID]),
    _fread_nolock: fn(COUNT, ["buffer", BYTES], ["size", SIZE_T], ["count", SIZE_T], ["stream", PVOID]),
    fwrite: fn(COUNT, ["buffer", BYTES], ["size", SIZE_T], ["count", SIZE_T], ["stream", PVOID]),
    _fwrite_nolock: fn(COUNT, ["buffer", BYTES], ["size", SIZE_T], ["count", SIZE_T], ["stream", PVOID]),
    fgetc: fn(INT_OR_EOF, ["stream", PVOID]),
    getc: fn(INT_OR_EOF, ["stream", PVOID]),
    getchar: fn(INT_OR_EOF),
    _fgetchar: fn(INT_OR_EOF),
    ungetc: fn(INT_OR_EOF, ["c", INT], ["stream", PVOID]),
    fgets: fn(LINE, ["string", LPSTR], ["numChars", INT], ["stream", PVOID]),
    gets: fn(LINE, ["buffer", LPSTR]),
    fputc: fn(INT_OR_EOF, ["c", INT], ["stream", PVOID]),
    putc: fn(INT_OR_EOF, ["c", INT], ["stream", PVOID]),
    putchar: fn(INT_OR_EOF, ["c", INT]),
    _fputchar: fn(INT_OR_EOF, ["c", INT]),
    fputs: fn(INT_OR_EOF, ["string", CSTR], ["stream", PVOID]),
    puts: fn(INT_OR_EOF, ["string", CSTR]),
    fseek: fn(errno(INT, -1), ["stream", PVOID], ["offset", LONG], ["origin", INT]),
    _fseeki64: fn(errno(INT, -1), ["stream", PVOID], ["offset", OFFSET], ["origin", INT]),
    ftell: fn(errno(LONG, -1), ["stream", PVOID]),
    _ftelli64: fn(errno(OFFSET, -1), ["stream", PVOID]),
    rewind: fn(VOID, ["stream", PVOID]),
    fgetpos: fn(errno(INT, -1), ["stream", PVOID], ["pos", out(LARGE_INTEGER)]),
    fsetpos: fn(errno(INT, -1), ["stream", PVOID], ["pos", inout(LARGE_INTEGER)]),
    feof: fn(INT, ["stream", PVOID]),
    ferror: fn(INT, ["stream", PVOID]),
    clearerr: fn(VOID, ["stream", PVOID]),
    _fileno: fn(errno(INT, -1), ["stream", PVOID]),
    setbuf: fn(VOID, ["stream", PVOID], ["buffer", PVOID]),
    setvbuf: fn(INT, ["stream", PVOID], ["buffer", PVOID], ["mode", INT], ["size", SIZE_T]),
    _getw: fn(INT_OR_EOF, ["stream", PVOID]),
    _putw: fn(INT_OR_EOF, ["binint", INT], ["stream", PVOID]),
    _lock_file: fn(VOID, ["stream", PVOID]),
    _unlock_file: fn(VOID, ["stream", PVOID]),
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
    _filbuf: fn(INT_OR_EOF, ["stream", PVOID]),
    _flsbuf: fn(INT_OR_EOF, ["c", INT], ["stream", PVOID]),
    _fileno_nolock: alias("_fileno"),
  },
  CDECL,
);

/** Streams as only the ucrt has them. */
export const ucrtStreamApi = api(
  UCRT,
  {
    __acrt_iob_func: fn(PVOID, ["index", UINT]),
    __stdio_common_fflush: fn(INT_OR_EOF, ["stream", PVOID]),
    _getc_nolock: fn(INT_OR_EOF, ["stream", PVOID]),
    _fgetc_nolock: fn(INT_OR_EOF, ["stream", PVOID]),
    _putc_nolock: fn(INT_OR_EOF, ["c", INT], ["stream", PVOID]),
    _fputc_nolock: fn(INT_OR_EOF, ["c", INT], ["stream", PVOID]),
    _ungetc_nolock: fn(INT_OR_EOF, ["c", INT], ["stream", PVOID]),
    _fseek_nolock: fn(errno(INT, -1), ["stream", PVOID], ["offset", LONG], ["origin", INT]),
    _fseeki64_nolock: fn(errno(INT, -1), ["stream", PVOID], ["offset", OFFSET], ["origin", INT]),
    _ftell_nolock: fn(errno(LONG, -1), ["stream", PVOID]),
    _ftelli64_nolock: fn(errno(OFFSET, -1), ["stream", PVOID]),
    clearerr_s: fn(ERRNO_T, ["stream", PVOID]),
    tmpfile_s: fn(ERRNO_T, ["pFile", out(PVOID)]),
    gets_s: fn(LINE, ["buffer", LPSTR], ["size", SIZE_T]),
    _get_stream_buffer_pointers: fn(ERRNO_T, ["stream", PVOID], ["base", out(PVOID)], ["ptr", out(PVOID)], ["count", out(PVOID)]),
  },
  CDECL,
);
