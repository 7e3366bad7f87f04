import {
  api,
  BYTES,
  errno,
  ERRNO_T,
  fn,
  INT,
  LONG,
  LONG_PTR_N,
  LPSTR,
  OFFSET,
  out,
  SIZE_T,
  textAs,
  TSTR,
  UINT,
  VARARGS,
} from "@decant/hook";
import { OPEN_FLAGS, SEEK } from "../../values/runtime.ts";
import { BOTH, CDECL } from "../dlls.ts";

const RESULT = errno(INT, -1);
const PATH = ["filename", TSTR] as const;

/** Files by descriptor ("Low-level I/O"). */
export const descriptorApi = api(
  BOTH,
  {
    _open: textAs("_open", "_wopen", RESULT, PATH, ["oflag", OPEN_FLAGS], VARARGS),
    _sopen: textAs("_sopen", "_wsopen", RESULT, PATH, ["oflag", OPEN_FLAGS], ["shflag", INT], VARARGS),
    _sopen_s: textAs("_sopen_s", "_wsopen_s", ERRNO_T, ["pfh", out(INT)], PATH, ["oflag", OPEN_FLAGS], ["shflag", INT], ["pmode", INT]),
    _sopen_dispatch: textAs(
      "_sopen_dispatch",
      "_wsopen_dispatch",
      ERRNO_T,
      PATH,
      ["oflag", OPEN_FLAGS],
      ["shflag", INT],
      ["pmode", INT],
      ["pfh", out(INT)],
      ["secure", INT],
    ),
    _creat: textAs("_creat", "_wcreat", RESULT, PATH, ["pmode", INT]),
    _close: fn(RESULT, ["fd", INT]),
    _read: fn(RESULT, ["fd", INT], ["buffer", BYTES], ["count", UINT]),
    _write: fn(RESULT, ["fd", INT], ["buffer", BYTES], ["count", UINT]),
    _lseek: fn(errno(LONG, -1), ["fd", INT], ["offset", LONG], ["origin", SEEK]),
    _lseeki64: fn(errno(OFFSET, -1), ["fd", INT], ["offset", OFFSET], ["origin", SEEK]),
    _tell: fn(errno(LONG, -1), ["fd", INT]),
    _telli64: fn(errno(OFFSET, -1), ["fd", INT]),
    _eof: fn(RESULT, ["fd", INT]),
    _filelength: fn(errno(LONG, -1), ["fd", INT]),
    _filelengthi64: fn(errno(OFFSET, -1), ["fd", INT]),
    _chsize: fn(RESULT, ["fd", INT], ["size", LONG]),
    _chsize_s: fn(ERRNO_T, ["fd", INT], ["size", OFFSET]),
    _commit: fn(RESULT, ["fd", INT]),
    _dup: fn(RESULT, ["fd", INT]),
    _dup2: fn(RESULT, ["fd1", INT], ["fd2", INT]),
    _isatty: fn(INT, ["fd", INT]),
    _setmode: fn(RESULT, ["fd", INT], ["mode", INT]),
    _get_osfhandle: fn(errno(LONG_PTR_N, -1), ["fd", INT]),
    _open_osfhandle: fn(RESULT, ["osfhandle", LONG_PTR_N], ["flags", INT]),
    _locking: fn(RESULT, ["fd", INT], ["mode", INT], ["nbytes", LONG]),
    _umask: fn(INT, ["pmode", INT]),
    _umask_s: fn(ERRNO_T, ["mode", INT], ["oldMode", out(INT)]),
    _mktemp: fn(errno(SIZE_T, 0), ["template", LPSTR]),
  },
  CDECL,
);
