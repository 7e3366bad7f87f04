import { api, BOOL, DWORD, fn, HANDLE, HWND, infallible, INT, orElse, TBUF, text, TSTR, UINT } from "@decant/hook";

const DATA = orElse(HANDLE, 0 as never);

/** The clipboard ("Clipboard Functions"). It is the run's own: programs of one run share it, and nothing of it is the host's. */
export const clipboardApi = api("user32", {
  OpenClipboard: fn(BOOL, ["hWndNewOwner", HWND]),
  CloseClipboard: fn(BOOL),
  EmptyClipboard: fn(BOOL),
  SetClipboardData: fn(DATA, ["uFormat", UINT], ["hMem", HANDLE]),
  GetClipboardData: fn(DATA, ["uFormat", UINT]),
  IsClipboardFormatAvailable: fn(infallible(BOOL), ["format", UINT]),
  EnumClipboardFormats: fn(orElse(UINT, 0), ["format", UINT]),
  CountClipboardFormats: fn(infallible(INT)),
  GetClipboardSequenceNumber: fn(infallible(DWORD)),
  GetClipboardOwner: fn(HWND),
  GetOpenClipboardWindow: fn(HWND),
  RegisterClipboardFormat: text(orElse(UINT, 0), ["lpszFormat", TSTR]),
  GetClipboardFormatName: text(orElse(INT, 0), ["format", UINT], ["lpszFormatName", TBUF], ["cchMaxCount", INT]),
});
