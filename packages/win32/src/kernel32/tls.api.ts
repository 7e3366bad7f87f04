import { api, BOOL, CALLBACK, DWORD, fn, OPAQUE, orElse } from "@decant/hook";

const INDEX = orElse(DWORD, 0xffff_ffff);

/** Thread-local and fiber-local storage ("Thread Local Storage", "Fibers"). */
export const tlsApi = api("kernel32", {
  TlsAlloc: fn(INDEX),
  TlsFree: fn(BOOL, ["dwTlsIndex", DWORD]),
  TlsGetValue: fn(orElse(OPAQUE, 0n), ["dwTlsIndex", DWORD]),
  TlsSetValue: fn(BOOL, ["dwTlsIndex", DWORD], ["lpTlsValue", OPAQUE]),
  FlsAlloc: fn(INDEX, ["lpCallback", CALLBACK]),
  FlsFree: fn(BOOL, ["dwFlsIndex", DWORD]),
  FlsGetValue: fn(orElse(OPAQUE, 0n), ["dwFlsIndex", DWORD]),
  FlsSetValue: fn(BOOL, ["dwFlsIndex", DWORD], ["lpFlsData", OPAQUE]),
});
