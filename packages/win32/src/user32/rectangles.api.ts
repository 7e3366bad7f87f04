import {
  api,
  BOOL,
  DWORD,
  fn,
  HANDLE,
  INT,
  infallible,
  inout,
  LONG,
  out,
  PVOID,
  struct,
  text,
  TSTR,
  UINT,
  ULONG_PTR_N,
} from "@decant/hook";

export const RECT = struct("RECT", { left: LONG, top: LONG, right: LONG, bottom: LONG });

/** Rectangles ("Rectangle Functions"), the resolution of screens, and messages by name. */
export const rectanglesApi = api("user32", {
  SetRect: fn(BOOL, ["lprc", out(RECT)], ["xLeft", INT], ["yTop", INT], ["xRight", INT], ["yBottom", INT]),
  SetRectEmpty: fn(BOOL, ["lprc", out(RECT)]),
  CopyRect: fn(BOOL, ["lprcDst", out(RECT)], ["lprcSrc", inout(RECT)]),
  IsRectEmpty: fn(infallible(BOOL), ["lprc", inout(RECT)]),
  EqualRect: fn(infallible(BOOL), ["lprc1", inout(RECT)], ["lprc2", inout(RECT)]),
  OffsetRect: fn(BOOL, ["lprc", inout(RECT)], ["dx", INT], ["dy", INT]),
  InflateRect: fn(BOOL, ["lprc", inout(RECT)], ["dx", INT], ["dy", INT]),
  IntersectRect: fn(infallible(BOOL), ["lprcDst", out(RECT)], ["lprcSrc1", inout(RECT)], ["lprcSrc2", inout(RECT)]),
  UnionRect: fn(infallible(BOOL), ["lprcDst", out(RECT)], ["lprcSrc1", inout(RECT)], ["lprcSrc2", inout(RECT)]),
  SetProcessDPIAware: fn(BOOL),
  IsProcessDPIAware: fn(infallible(BOOL)),
  SetProcessDpiAwarenessContext: fn(BOOL, ["value", HANDLE]),
  GetDpiForSystem: fn(UINT),
  RegisterWindowMessage: text(UINT, ["lpString", TSTR]),
  ExitWindowsEx: fn(BOOL, ["uFlags", UINT], ["dwReason", DWORD]),
  MessageBeep: fn(BOOL, ["uType", UINT]),
  SystemParametersInfo: text(BOOL, ["uiAction", UINT], ["uiParam", UINT], ["pvParam", PVOID], ["fWinIni", UINT]),
  GetShellWindow: fn(HANDLE),
  PostMessage: text(BOOL, ["hWnd", HANDLE], ["Msg", UINT], ["wParam", ULONG_PTR_N], ["lParam", ULONG_PTR_N]),
});
