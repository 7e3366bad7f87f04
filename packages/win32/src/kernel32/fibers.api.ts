import { api, BOOL, CALLBACK, DWORD, fn, infallible, LPVOID, OPAQUE, SIZE_T, VOID } from "@decant/hook";

/** Fibers ("Fibers"). */
export const fibersApi = api("kernel32", {
  ConvertThreadToFiber: fn(LPVOID, ["lpParameter", OPAQUE]),
  ConvertThreadToFiberEx: fn(LPVOID, ["lpParameter", OPAQUE], ["dwFlags", DWORD]),
  ConvertFiberToThread: fn(BOOL),
  CreateFiber: fn(LPVOID, ["dwStackSize", SIZE_T], ["lpStartAddress", CALLBACK], ["lpParameter", OPAQUE]),
  CreateFiberEx: fn(
    LPVOID,
    ["dwStackCommitSize", SIZE_T],
    ["dwStackReserveSize", SIZE_T],
    ["dwFlags", DWORD],
    ["lpStartAddress", CALLBACK],
    ["lpParameter", OPAQUE],
  ),
  SwitchToFiber: fn(VOID, ["lpFiber", LPVOID]),
  DeleteFiber: fn(VOID, ["lpFiber", LPVOID]),
  IsThreadAFiber: fn(infallible(BOOL)),
});
