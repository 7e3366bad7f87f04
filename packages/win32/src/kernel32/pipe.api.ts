import { api, BOOL, bytesOut, DWORD, fn, HANDLE, handleOr, INVALID_HANDLE_VALUE, optional, out, PVOID, text, TSTR } from "@decant/hook";

/** Pipes ("Pipe Functions"). */
export const pipeApi = api("kernel32", {
  CreatePipe: fn(BOOL, ["hReadPipe", out(HANDLE)], ["hWritePipe", out(HANDLE)], ["lpPipeAttributes", PVOID], ["nSize", DWORD]),
  PeekNamedPipe: fn(
    BOOL,
    ["hNamedPipe", HANDLE],
    ["lpBuffer", bytesOut("nBufferSize")],
    ["nBufferSize", DWORD],
    ["lpBytesRead", optional(out(DWORD))],
    ["lpTotalBytesAvail", optional(out(DWORD))],
    ["lpBytesLeftThisMessage", optional(out(DWORD))],
  ),
  CreateNamedPipe: text(
    handleOr(INVALID_HANDLE_VALUE),
    ["lpName", TSTR],
    ["dwOpenMode", DWORD],
    ["dwPipeMode", DWORD],
    ["nMaxInstances", DWORD],
    ["nOutBufferSize", DWORD],
    ["nInBufferSize", DWORD],
    ["nDefaultTimeOut", DWORD],
    ["lpSecurityAttributes", PVOID],
  ),
  ConnectNamedPipe: fn(BOOL, ["hNamedPipe", HANDLE], ["lpOverlapped", PVOID]),
  DisconnectNamedPipe: fn(BOOL, ["hNamedPipe", HANDLE]),
  SetNamedPipeHandleState: fn(
    BOOL,
    ["hNamedPipe", HANDLE],
    ["lpMode", PVOID],
    ["lpMaxCollectionCount", PVOID],
    ["lpCollectDataTimeout", PVOID],
  ),
  WaitNamedPipe: text(BOOL, ["lpNamedPipeName", TSTR], ["nTimeOut", DWORD]),
});
