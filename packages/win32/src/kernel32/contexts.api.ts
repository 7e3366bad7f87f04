import { api, BOOL, DWORD, fn, infallible, inout, optional, out, PVOID, ULONGLONG } from "@decant/hook";

/** CONTEXT records in memory of the program's own ("Working with XState Context"). */
export const contextsApi = api("kernel32", {
  InitializeContext: fn(
    BOOL,
    ["Buffer", PVOID],
    ["ContextFlags", DWORD],
    ["Context", optional(out(PVOID))],
    ["ContextLength", inout(DWORD)],
  ),
  CopyContext: fn(BOOL, ["Destination", PVOID], ["ContextFlags", DWORD], ["Source", PVOID]),
  GetEnabledXStateFeatures: fn(infallible(ULONGLONG)),
  LocateXStateFeature: fn(infallible(PVOID), ["Context", PVOID], ["FeatureId", DWORD], ["Length", optional(out(DWORD))]),
  GetXStateFeaturesMask: fn(BOOL, ["Context", PVOID], ["FeatureMask", out(ULONGLONG)]),
  SetXStateFeaturesMask: fn(BOOL, ["Context", PVOID], ["FeatureMask", ULONGLONG]),
});
