import {
  api,
  BOOL,
  CALLBACK,
  DWORD,
  fn,
  HANDLE,
  HWND,
  infallible,
  inout,
  INT,
  LPARAM,
  LRESULT,
  optional,
  orElse,
  out,
  PVOID,
  SHORT,
  text,
  TSTR,
  UINT,
  VOID,
  WPARAM,
  LONG,
  struct,
  ULONG_PTR,
} from "@decant/hook";
import { MILLISECONDS, WAIT_RESULT } from "../kernel32/wait.api.ts"; // prettier-ignore

export const MSG = struct("MSG", {
  hwnd: HWND,
  message: UINT,
  wParam: WPARAM,
  lParam: LPARAM,
  time: DWORD,
  pt_x: LONG,
  pt_y: LONG,
});
const POINT = struct("POINT", { x: LONG, y: LONG });
export const CURSORINFO = struct("CURSORINFO", { cbSize: DWORD, flags: DWORD, hCursor: HANDLE, x: LONG, y: LONG });
const NO_HANDLE = orElse(HANDLE, 0 as never);
const message = out(MSG);

/** What console programs ask of windows, screens and keyboards that are not there ("Windows and Messages"). */
export const noWindowsApi = api("user32", {
  GetSystemMetrics: fn(INT, ["nIndex", INT]),
  GetForegroundWindow: fn(HWND),
  GetActiveWindow: fn(HWND),
  GetFocus: fn(HWND),
  FindWindow: text(orElse(HWND, 0 as never), ["lpClassName", TSTR], ["lpWindowName", TSTR]),
  IsWindow: fn(BOOL, ["hWnd", HWND]),
  IsWindowVisible: fn(BOOL, ["hWnd", HWND]),
  EnumWindows: fn(BOOL, ["lpEnumFunc", CALLBACK], ["lParam", LPARAM]),
  GetWindowThreadProcessId: fn(orElse(DWORD, 0), ["hWnd", HWND], ["lpdwProcessId", optional(out(DWORD))]),
  ShowWindow: fn(BOOL, ["hWnd", HWND], ["nCmdShow", INT]),
  GetCursorPos: fn(BOOL, ["lpPoint", out(POINT)]),
  GetCursorInfo: fn(BOOL, ["pci", inout(CURSORINFO)]),
  GetKeyState: fn(SHORT, ["nVirtKey", INT]),
  GetAsyncKeyState: fn(SHORT, ["vKey", INT]),
  GetKeyboardLayout: fn(ULONG_PTR, ["idThread", DWORD]),
  GetDC: fn(NO_HANDLE, ["hWnd", HWND]),
  ReleaseDC: fn(INT, ["hWnd", HWND], ["hDC", HANDLE]),
});

/** Messages that threads send each other. */
export const messagesApi = api("user32", {
  PostThreadMessageA: fn(BOOL, ["idThread", DWORD], ["Msg", UINT], ["wParam", WPARAM], ["lParam", LPARAM]),
  PostThreadMessageW: fn(BOOL, ["idThread", DWORD], ["Msg", UINT], ["wParam", WPARAM], ["lParam", LPARAM]),
  PostQuitMessage: fn(VOID, ["nExitCode", INT]),
  PeekMessageA: fn(
    infallible(BOOL),
    ["lpMsg", message],
    ["hWnd", HWND],
    ["wMsgFilterMin", UINT],
    ["wMsgFilterMax", UINT],
    ["wRemoveMsg", UINT],
  ),
  PeekMessageW: fn(
    infallible(BOOL),
    ["lpMsg", message],
    ["hWnd", HWND],
    ["wMsgFilterMin", UINT],
    ["wMsgFilterMax", UINT],
    ["wRemoveMsg", UINT],
  ),
  GetMessageA: fn(infallible(INT), ["lpMsg", message], ["hWnd", HWND], ["wMsgFilterMin", UINT], ["wMsgFilterMax", UINT]),
  GetMessageW: fn(infallible(INT), ["lpMsg", message], ["hWnd", HWND], ["wMsgFilterMin", UINT], ["wMsgFilterMax", UINT]),
  TranslateMessage: fn(infallible(BOOL), ["lpMsg", PVOID]),
  DispatchMessageA: fn(LRESULT, ["lpMsg", PVOID]),
  DispatchMessageW: fn(LRESULT, ["lpMsg", PVOID]),
  WaitMessage: fn(BOOL),
  GetQueueStatus: fn(orElse(DWORD, 0), ["flags", UINT]),
  MsgWaitForMultipleObjects: fn(
    WAIT_RESULT,
    ["nCount", DWORD],
    ["pHandles", PVOID],
    ["fWaitAll", BOOL],
    ["dwMilliseconds", MILLISECONDS],
    ["dwWakeMask", DWORD],
  ),
  MsgWaitForMultipleObjectsEx: fn(
    WAIT_RESULT,
    ["nCount", DWORD],
    ["pHandles", PVOID],
    ["dwMilliseconds", MILLISECONDS],
    ["dwWakeMask", DWORD],
    ["dwFlags", DWORD],
  ),
});
