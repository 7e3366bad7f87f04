import { api, BOOL, DWORD, fn, HANDLE, LPVOID, optional, orElse, out, PVOID, TBUF, text, UINT, VOID, WORD, LPCSTR, LPCWSTR } from "@decant/hook";

/** Error handling and debugging ("Error Handling Functions", "Debugging Functions"). */
export const errorApi = api("kernel32", {
  GetLastError: fn(DWORD),
  SetLastError: fn(VOID, ["dwErrCode", DWORD]),
  RestoreLastError: fn(VOID, ["dwErrCode", DWORD]),
  SetErrorMode: fn(UINT, ["uMode", UINT]),
  GetErrorMode: fn(UINT),
  SetThreadErrorMode: fn(BOOL, ["dwNewMode", DWORD], ["lpOldMode", optional(out(DWORD))]),
  GetThreadErrorMode: fn(DWORD),
  FormatMessage: text(orElse(DWORD, 0), ["dwFlags", DWORD], ["lpSource", LPVOID], ["dwMessageId", DWORD], ["dwLanguageId", DWORD], ["lpBuffer", TBUF], ["nSize", DWORD], ["Arguments", PVOID]),
  IsDebuggerPresent: fn(BOOL),
  CheckRemoteDebuggerPresent: fn(BOOL, ["hProcess", HANDLE], ["pbDebuggerPresent", out(BOOL)]),
  DebugBreak: fn(VOID),
  OutputDebugStringA: fn(VOID, ["lpOutputString", LPCSTR]),
  OutputDebugStringW: fn(VOID, ["lpOutputString", LPCWSTR]),
  Beep: fn(BOOL, ["dwFreq", DWORD], ["dwDuration", DWORD]),
  RtlCaptureStackBackTrace: fn(WORD, ["FramesToSkip", DWORD], ["FramesToCapture", DWORD], ["BackTrace", PVOID], ["BackTraceHash", PVOID]),
});
