import {
  api,
  BOOL,
  BYTES,
  CALLBACK,
  DWORD,
  fn,
  HANDLE,
  handleOr,
  HWND,
  infallible,
  INVALID_HANDLE_VALUE,
  orElse,
  out,
  PVOID,
  SHORT,
  struct,
  TBUF,
  TCCH,
  text,
  TSTR,
  UINT,
  ULONG,
  WORD,
  optional,
  in_,
  inout,
  arrayOut,
  wchars,
  array,
  at,
} from "@decant/hook";
import { CONTROL_EVENT } from "../values/processes.ts";
import { SECURITY_ATTRIBUTES } from "../values/security.ts";
import { CODE_PAGE } from "../values/text.ts";

export const COORD = struct("COORD", { X: SHORT, Y: SHORT });
export const SMALL_RECT = struct("SMALL_RECT", { Left: SHORT, Top: SHORT, Right: SHORT, Bottom: SHORT });
export const CONSOLE_SCREEN_BUFFER_INFO = struct("CONSOLE_SCREEN_BUFFER_INFO", {
  dwSize: COORD,
  dwCursorPosition: COORD,
  wAttributes: WORD,
  srWindow: SMALL_RECT,
  dwMaximumWindowSize: COORD,
});
export const CONSOLE_SCREEN_BUFFER_INFOEX = struct("CONSOLE_SCREEN_BUFFER_INFOEX", {
  cbSize: ULONG,
  dwSize: COORD,
  dwCursorPosition: COORD,
  wAttributes: WORD,
  srWindow: SMALL_RECT,
  dwMaximumWindowSize: COORD,
  wPopupAttributes: WORD,
  bFullscreenSupported: BOOL,
  ColorTable: array(DWORD, 16),
});
export const CONSOLE_CURSOR_INFO = struct("CONSOLE_CURSOR_INFO", { dwSize: DWORD, bVisible: BOOL });
export const CONSOLE_FONT_INFO = struct("CONSOLE_FONT_INFO", { nFont: DWORD, dwFontSize: COORD });
export const CONSOLE_FONT_INFOEX = struct("CONSOLE_FONT_INFOEX", {
  cbSize: ULONG,
  nFont: DWORD,
  dwFontSize: COORD,
  FontFamily: UINT,
  FontWeight: UINT,
  FaceName: wchars(32),
});
export const CONSOLE_SELECTION_INFO = struct("CONSOLE_SELECTION_INFO", {
  dwFlags: DWORD,
  dwSelectionAnchor: COORD,
  srSelection: SMALL_RECT,
});

/** The console ("Console Functions"). Handles that are files or pipes fail with ERROR_INVALID_HANDLE, by which programs tell. */
export const consoleApi = api("kernel32", {
  GetConsoleMode: fn(BOOL, ["hConsoleHandle", HANDLE], ["lpMode", out(DWORD)]),
  SetConsoleMode: fn(BOOL, ["hConsoleHandle", HANDLE], ["dwMode", DWORD]),
  GetConsoleCP: fn(UINT),
  GetConsoleOutputCP: fn(UINT),
  SetConsoleCP: fn(BOOL, ["wCodePageID", CODE_PAGE]),
  SetConsoleOutputCP: fn(BOOL, ["wCodePageID", CODE_PAGE]),
  SetConsoleTitle: text(BOOL, ["lpConsoleTitle", TSTR]),
  GetConsoleTitle: text(orElse(DWORD, 0), ["lpConsoleTitle", TBUF], ["nSize", DWORD]),
  GetConsoleOriginalTitle: text(orElse(DWORD, 0), ["lpConsoleTitle", TBUF], ["nSize", DWORD]),
  SetConsoleCtrlHandler: fn(BOOL, ["HandlerRoutine", CALLBACK], ["Add", BOOL]),
  GenerateConsoleCtrlEvent: fn(BOOL, ["dwCtrlEvent", CONTROL_EVENT], ["dwProcessGroupId", DWORD]),
  GetConsoleWindow: fn(infallible(HWND)),
  AllocConsole: fn(BOOL),
  FreeConsole: fn(BOOL),
  AttachConsole: fn(BOOL, ["dwProcessId", DWORD]),
  GetConsoleProcessList: fn(orElse(DWORD, 0), ["lpdwProcessList", arrayOut(DWORD, "dwProcessCount")], ["dwProcessCount", DWORD]),
  GetNumberOfConsoleMouseButtons: fn(BOOL, ["lpNumberOfMouseButtons", out(DWORD)]),
  GetConsoleDisplayMode: fn(BOOL, ["lpModeFlags", out(DWORD)]),
  GetConsoleSelectionInfo: fn(BOOL, ["lpConsoleSelectionInfo", out(CONSOLE_SELECTION_INFO)]),
});

/** Screen buffers: text, colours, cells ("Console Screen Buffers"). COORDs by value are one word. */
export const consoleOutputApi = api("kernel32", {
  WriteConsole: text(
    BOOL,
    ["hConsoleOutput", HANDLE],
    ["lpBuffer", TCCH],
    ["nNumberOfCharsToWrite", DWORD],
    ["lpNumberOfCharsWritten", optional(out(DWORD))],
    ["lpReserved", PVOID],
  ),
  GetConsoleScreenBufferInfo: fn(BOOL, ["hConsoleOutput", HANDLE], ["lpConsoleScreenBufferInfo", out(CONSOLE_SCREEN_BUFFER_INFO)]),
  GetConsoleScreenBufferInfoEx: fn(BOOL, ["hConsoleOutput", HANDLE], ["lpConsoleScreenBufferInfoEx", inout(CONSOLE_SCREEN_BUFFER_INFOEX)]),
  SetConsoleTextAttribute: fn(BOOL, ["hConsoleOutput", HANDLE], ["wAttributes", WORD]),
  SetConsoleCursorPosition: fn(BOOL, ["hConsoleOutput", HANDLE], ["dwCursorPosition", DWORD]),
  GetConsoleCursorInfo: fn(BOOL, ["hConsoleOutput", HANDLE], ["lpConsoleCursorInfo", out(CONSOLE_CURSOR_INFO)]),
  SetConsoleCursorInfo: fn(BOOL, ["hConsoleOutput", HANDLE], ["lpConsoleCursorInfo", in_(CONSOLE_CURSOR_INFO)]),
  SetConsoleScreenBufferSize: fn(BOOL, ["hConsoleOutput", HANDLE], ["dwSize", DWORD]),
  SetConsoleWindowInfo: fn(BOOL, ["hConsoleOutput", HANDLE], ["bAbsolute", BOOL], ["lpConsoleWindow", in_(SMALL_RECT)]),
  /** The result is a COORD; zeros when it fails. */
  GetLargestConsoleWindowSize: fn(orElse(DWORD, 0), ["hConsoleOutput", HANDLE]),
  CreateConsoleScreenBuffer: fn(
    handleOr(INVALID_HANDLE_VALUE),
    ["dwDesiredAccess", DWORD],
    ["dwShareMode", DWORD],
    ["lpSecurityAttributes", at(SECURITY_ATTRIBUTES)],
    ["dwFlags", DWORD],
    ["lpScreenBufferData", PVOID],
  ),
  SetConsoleActiveScreenBuffer: fn(BOOL, ["hConsoleOutput", HANDLE]),
  GetCurrentConsoleFont: fn(BOOL, ["hConsoleOutput", HANDLE], ["bMaximumWindow", BOOL], ["lpConsoleCurrentFont", out(CONSOLE_FONT_INFO)]),
  GetCurrentConsoleFontEx: fn(
    BOOL,
    ["hConsoleOutput", HANDLE],
    ["bMaximumWindow", BOOL],
    ["lpConsoleCurrentFontEx", inout(CONSOLE_FONT_INFOEX)],
  ),
  GetConsoleFontSize: fn(orElse(DWORD, 0), ["hConsoleOutput", HANDLE], ["nFont", DWORD]),
});

const count = ["lpNumberOfWritten", out(DWORD)] as const;

/** Cells of screen buffers, read and written ("Low-Level Console Output Functions"). */
export const consoleCellsApi = api("kernel32", {
  FillConsoleOutputCharacterA: fn(
    BOOL,
    ["hConsoleOutput", HANDLE],
    ["cCharacter", WORD],
    ["nLength", DWORD],
    ["dwWriteCoord", DWORD],
    count,
  ),
  FillConsoleOutputCharacterW: fn(
    BOOL,
    ["hConsoleOutput", HANDLE],
    ["cCharacter", WORD],
    ["nLength", DWORD],
    ["dwWriteCoord", DWORD],
    count,
  ),
  FillConsoleOutputAttribute: fn(
    BOOL,
    ["hConsoleOutput", HANDLE],
    ["wAttribute", WORD],
    ["nLength", DWORD],
    ["dwWriteCoord", DWORD],
    count,
  ),
  WriteConsoleOutputCharacter: text(
    BOOL,
    ["hConsoleOutput", HANDLE],
    ["lpCharacter", TCCH],
    ["nLength", DWORD],
    ["dwWriteCoord", DWORD],
    count,
  ),
  WriteConsoleOutputAttribute: fn(BOOL, ["hConsoleOutput", HANDLE], ["lpAttribute", BYTES], ["nLength", DWORD], ["dwWriteCoord", DWORD], count), // prettier-ignore
  ReadConsoleOutputCharacter: text(
    BOOL,
    ["hConsoleOutput", HANDLE],
    ["lpCharacter", TBUF],
    ["nLength", DWORD],
    ["dwReadCoord", DWORD],
    ["lpNumberOfCharsRead", out(DWORD)],
  ),
  ReadConsoleOutputAttribute: fn(BOOL, ["hConsoleOutput", HANDLE], ["lpAttribute", BYTES], ["nLength", DWORD], ["dwReadCoord", DWORD], ["lpNumberOfAttrsRead", out(DWORD)]), // prettier-ignore
  WriteConsoleOutputA: fn(BOOL, ["hConsoleOutput", HANDLE], ["lpBuffer", BYTES], ["dwBufferSize", DWORD], ["dwBufferCoord", DWORD], ["lpWriteRegion", inout(SMALL_RECT)]), // prettier-ignore
  WriteConsoleOutputW: fn(BOOL, ["hConsoleOutput", HANDLE], ["lpBuffer", BYTES], ["dwBufferSize", DWORD], ["dwBufferCoord", DWORD], ["lpWriteRegion", inout(SMALL_RECT)]), // prettier-ignore
  ReadConsoleOutputA: fn(BOOL, ["hConsoleOutput", HANDLE], ["lpBuffer", BYTES], ["dwBufferSize", DWORD], ["dwBufferCoord", DWORD], ["lpReadRegion", inout(SMALL_RECT)]), // prettier-ignore
  ReadConsoleOutputW: fn(BOOL, ["hConsoleOutput", HANDLE], ["lpBuffer", BYTES], ["dwBufferSize", DWORD], ["dwBufferCoord", DWORD], ["lpReadRegion", inout(SMALL_RECT)]), // prettier-ignore
  ScrollConsoleScreenBufferA: fn(BOOL, ["hConsoleOutput", HANDLE], ["lpScrollRectangle", in_(SMALL_RECT)], ["lpClipRectangle", optional(in_(SMALL_RECT))], ["dwDestinationOrigin", DWORD], ["lpFill", in_(DWORD)]), // prettier-ignore
  ScrollConsoleScreenBufferW: fn(BOOL, ["hConsoleOutput", HANDLE], ["lpScrollRectangle", in_(SMALL_RECT)], ["lpClipRectangle", optional(in_(SMALL_RECT))], ["dwDestinationOrigin", DWORD], ["lpFill", in_(DWORD)]), // prettier-ignore
});

/** Input: text, and events ("Low-Level Console Input Functions"). */
export const consoleInputApi = api("kernel32", {
  ReadConsole: text(
    BOOL,
    ["hConsoleInput", HANDLE],
    ["lpBuffer", TBUF],
    ["nNumberOfCharsToRead", DWORD],
    ["lpNumberOfCharsRead", out(DWORD)],
    ["pInputControl", PVOID],
  ),
  ReadConsoleInput: text(BOOL, ["hConsoleInput", HANDLE], ["lpBuffer", TBUF], ["nLength", DWORD], ["lpNumberOfEventsRead", out(DWORD)]),
  PeekConsoleInput: text(BOOL, ["hConsoleInput", HANDLE], ["lpBuffer", TBUF], ["nLength", DWORD], ["lpNumberOfEventsRead", out(DWORD)]),
  WriteConsoleInput: text(BOOL, ["hConsoleInput", HANDLE], ["lpBuffer", TBUF], ["nLength", DWORD], ["lpNumberOfEventsWritten", out(DWORD)]),
  GetNumberOfConsoleInputEvents: fn(BOOL, ["hConsoleInput", HANDLE], ["lpcNumberOfEvents", out(DWORD)]),
  FlushConsoleInputBuffer: fn(BOOL, ["hConsoleInput", HANDLE]),
});
