import { api, DWORD, fn, GUID, HRESULT, in_, infallible, out, PVOID, ULONG } from "@decant/hook";

/** Class objects that a program registers for itself and for others ("CoRegisterClassObject function"). */
export const classObjectsApi = api("ole32", {
  CoRegisterClassObject: fn(
    HRESULT,
    ["rclsid", in_(GUID)],
    ["pUnk", PVOID],
    ["dwClsContext", DWORD],
    ["flags", DWORD],
    ["lpdwRegister", out(DWORD)],
  ),
  CoRevokeClassObject: fn(HRESULT, ["dwRegister", DWORD]),
  CoResumeClassObjects: fn(HRESULT),
  CoSuspendClassObjects: fn(HRESULT),
  CoAddRefServerProcess: fn(infallible(ULONG)),
  CoReleaseServerProcess: fn(infallible(ULONG)),
});
