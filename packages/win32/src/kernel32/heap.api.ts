import { api, BOOL, DWORD, fn, HANDLE, HGLOBAL, HLOCAL, infallible, LPCVOID, LPVOID, NULL_HANDLE, handleOr, optional, orElse, out, PVOID, SIZE_T, UINT, ULONG } from "@decant/hook";

/** The result of the functions that fail without a last error. */
const BLOCK = infallible(LPVOID);

/** Heaps, and the older Global and Local functions, which are the same heap ("Memory Management Functions"). */
export const heapApi = api("kernel32", {
  GetProcessHeap: fn(HANDLE),
  GetProcessHeaps: fn(DWORD, ["NumberOfHeaps", DWORD], ["ProcessHeaps", PVOID]),
  HeapCreate: fn(handleOr(NULL_HANDLE), ["flOptions", DWORD], ["dwInitialSize", SIZE_T], ["dwMaximumSize", SIZE_T]),
  HeapDestroy: fn(BOOL, ["hHeap", HANDLE]),
  HeapAlloc: fn(BLOCK, ["hHeap", HANDLE], ["dwFlags", DWORD], ["dwBytes", SIZE_T]),
  HeapReAlloc: fn(BLOCK, ["hHeap", HANDLE], ["dwFlags", DWORD], ["lpMem", LPVOID], ["dwBytes", SIZE_T]),
  HeapFree: fn(BOOL, ["hHeap", HANDLE], ["dwFlags", DWORD], ["lpMem", LPVOID]),
  HeapSize: fn(SIZE_T, ["hHeap", HANDLE], ["dwFlags", DWORD], ["lpMem", LPCVOID]),
  HeapValidate: fn(BOOL, ["hHeap", HANDLE], ["dwFlags", DWORD], ["lpMem", LPCVOID]),
  HeapCompact: fn(SIZE_T, ["hHeap", HANDLE], ["dwFlags", DWORD]),
  HeapLock: fn(BOOL, ["hHeap", HANDLE]),
  HeapUnlock: fn(BOOL, ["hHeap", HANDLE]),
  HeapSetInformation: fn(BOOL, ["HeapHandle", HANDLE], ["HeapInformationClass", DWORD], ["HeapInformation", PVOID], ["HeapInformationLength", SIZE_T]),
  HeapQueryInformation: fn(BOOL, ["HeapHandle", HANDLE], ["HeapInformationClass", DWORD], ["HeapInformation", PVOID], ["HeapInformationLength", SIZE_T], ["ReturnLength", optional(out(SIZE_T))]),
  HeapWalk: fn(BOOL, ["hHeap", HANDLE], ["lpEntry", PVOID]),
  GlobalAlloc: fn(HGLOBAL, ["uFlags", UINT], ["dwBytes", SIZE_T]),
  GlobalReAlloc: fn(HGLOBAL, ["hMem", HGLOBAL], ["dwBytes", SIZE_T], ["uFlags", UINT]),
  GlobalFree: fn(HGLOBAL, ["hMem", HGLOBAL]),
  GlobalLock: fn(LPVOID, ["hMem", HGLOBAL]),
  GlobalUnlock: fn(BOOL, ["hMem", HGLOBAL]),
  GlobalSize: fn(SIZE_T, ["hMem", HGLOBAL]),
  GlobalHandle: fn(HGLOBAL, ["pMem", LPCVOID]),
  GlobalFlags: fn(UINT, ["hMem", HGLOBAL]),
  LocalAlloc: fn(HLOCAL, ["uFlags", UINT], ["uBytes", SIZE_T]),
  LocalReAlloc: fn(HLOCAL, ["hMem", HLOCAL], ["uBytes", SIZE_T], ["uFlags", UINT]),
  LocalFree: fn(HLOCAL, ["hMem", HLOCAL]),
  LocalLock: fn(LPVOID, ["hMem", HLOCAL]),
  LocalUnlock: fn(BOOL, ["hMem", HLOCAL]),
  LocalSize: fn(orElse(SIZE_T, 0), ["hMem", HLOCAL]),
  LocalFlags: fn(ULONG, ["hMem", HLOCAL]),
});
