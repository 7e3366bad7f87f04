import {
  api,
  BOOL,
  DWORD,
  enumeration,
  fn,
  HANDLE,
  handleOr,
  infallible,
  INVALID_HANDLE_VALUE,
  LPTSTR,
  orElse,
  out,
  PVOID,
  struct,
  TBUF,
  text,
  TSTR,
  VOID,
  WORD,
} from "@decant/hook";
import { STARTUP_FLAGS } from "../values/processes.ts";

const STD_HANDLE = enumeration("STD", { INPUT_HANDLE: -10, OUTPUT_HANDLE: -11, ERROR_HANDLE: -12 });

export const STARTUPINFO = struct("STARTUPINFO", {
  cb: DWORD,
  lpReserved: LPTSTR,
  lpDesktop: LPTSTR,
  lpTitle: LPTSTR,
  dwX: DWORD,
  dwY: DWORD,
  dwXSize: DWORD,
  dwYSize: DWORD,
  dwXCountChars: DWORD,
  dwYCountChars: DWORD,
  dwFillAttribute: DWORD,
  dwFlags: STARTUP_FLAGS,
  wShowWindow: WORD,
  cbReserved2: WORD,
  lpReserved2: PVOID,
  hStdInput: HANDLE,
  hStdOutput: HANDLE,
  hStdError: HANDLE,
});

const STRING = infallible(PVOID);

/** What a program is started with: command line, environment, standard handles ("Process and Thread Functions"). */
export const startupApi = api("kernel32", {
  GetCommandLineA: fn(STRING),
  GetCommandLineW: fn(STRING),
  GetStartupInfo: text(VOID, ["lpStartupInfo", out(STARTUPINFO)]),
  GetEnvironmentStrings: fn(STRING),
  GetEnvironmentStringsA: fn(STRING),
  GetEnvironmentStringsW: fn(STRING),
  FreeEnvironmentStringsA: fn(BOOL, ["penv", PVOID]),
  FreeEnvironmentStringsW: fn(BOOL, ["penv", PVOID]),
  GetEnvironmentVariable: text(orElse(DWORD, 0), ["lpName", TSTR], ["lpBuffer", TBUF], ["nSize", DWORD]),
  SetEnvironmentVariable: text(BOOL, ["lpName", TSTR], ["lpValue", TSTR]),
  ExpandEnvironmentStrings: text(orElse(DWORD, 0), ["lpSrc", TSTR], ["lpDst", TBUF], ["nSize", DWORD]),
  GetStdHandle: fn(handleOr(INVALID_HANDLE_VALUE), ["nStdHandle", STD_HANDLE]),
  SetStdHandle: fn(BOOL, ["nStdHandle", STD_HANDLE], ["hHandle", HANDLE]),
});
