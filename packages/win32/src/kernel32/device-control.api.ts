import { api, BOOL, DWORD, fn, HANDLE, LPVOID, optional, out, PVOID } from "@decant/hook";

/** What a driver is asked ("Device Input and Output Control"). */
export const deviceControlApi = api("kernel32", {
  DeviceIoControl: fn(
    BOOL,
    ["hDevice", HANDLE],
    ["dwIoControlCode", DWORD],
    ["lpInBuffer", LPVOID],
    ["nInBufferSize", DWORD],
    ["lpOutBuffer", LPVOID],
    ["nOutBufferSize", DWORD],
    ["lpBytesReturned", optional(out(DWORD))],
    ["lpOverlapped", PVOID],
  ),
});
