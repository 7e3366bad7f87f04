import {
  api,
  BOOL,
  BYTES,
  CALLBACK,
  DWORD,
  fn,
  HANDLE,
  HWND,
  infallible,
  out,
  PVOID,
  SHORT,
  struct,
  TCCH,
  text,
  TSTR,
  UINT,
  WORD,
  optional,
} from "@decant/hook";

export const COORD = struct("COORD", { X: SHORT, Y: SHORT });
export const SMALL_RECT = struct("SMALL_RECT", { Left: SHORT, Top: SHORT, Right: SHORT, Bottom: SHORT });
export const CONSOLE_SCREEN_BUFFER_INFO = struct("CONSOLE_SCREEN_BUFFER_INFO", {
  dwSize: COORD,
  dwCursorPosition: COORD,
  wAttributes: WORD,
  srWindow: SMALL_RECT,
  dwMaximumWindowSize: COORD,
});

/** The console ("Console Functions"). Handles that are files or pipes fail with ERROR_INVALID_HANDLE, by which programs tell. */
export const consoleApi = api("kernel32", {
  GetConsoleMode: fn(BOOL, ["hConsoleHandle", HANDLE], ["lpMode", out(DWORD)]),
  SetConsoleMode: fn(BOOL, ["hConsoleHandle", HANDLE], ["dwMode", DWORD]),
  GetConsoleScreenBufferInfo: fn(BOOL, ["hConsoleOutput", HANDLE], ["lpConsoleScreenBufferInfo", out(CONSOLE_SCREEN_BUFFER_INFO)]),
  SetConsoleTextAttribute: fn(BOOL, ["hConsoleOutput", HANDLE], ["wAttributes", WORD]),
  WriteConsole: text(
    BOOL,
    ["hConsoleOutput", HANDLE],
    ["lpBuffer", TCCH],
    ["nNumberOfCharsToWrite", DWORD],
    ["lpNumberOfCharsWritten", optional(out(DWORD))],
    ["lpReserved", PVOID],
  ),
  ReadConsoleW: fn(
    BOOL,
    ["hConsoleInput", HANDLE],
    ["lpBuffer", BYTES],
    ["nNumberOfCharsToRead", DWORD],
    ["lpNumberOfCharsRead", out(DWORD)],
    ["pInputControl", PVOID],
  ),
  GetConsoleCP: fn(UINT),
  GetConsoleOutputCP: fn(UINT),
  SetConsoleCP: fn(BOOL, ["wCodePageID", UINT]),
  SetConsoleOutputCP: fn(BOOL, ["wCodePageID", UINT]),
  SetConsoleTitle: text(BOOL, ["lpConsoleTitle", TSTR]),
  SetConsoleCtrlHandler: fn(BOOL, ["HandlerRoutine", CALLBACK], ["Add", BOOL]),
  GetConsoleWindow: fn(infallible(HWND)),
});
