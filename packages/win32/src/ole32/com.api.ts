import {
  api,
  BOOL,
  DWORD,
  fn,
  forward,
  GUID,
  HRESULT,
  in_,
  infallible,
  INT,
  LONG,
  LPCWSTR,
  LPWSTR_BUF,
  optional,
  out,
  PVOID,
  SIZE_T,
  ULONG,
  VOID,
} from "@decant/hook";

const IID = in_(GUID);

/** COM as far as it needs no objects ("Component Object Model (COM)"): start-up, memory, identifiers; every class is one that is not registered. */
export const comApi = api("ole32", {
  CoInitialize: fn(HRESULT, ["pvReserved", PVOID]),
  CoInitializeEx: fn(HRESULT, ["pvReserved", PVOID], ["dwCoInit", DWORD]),
  CoUninitialize: fn(VOID),
  OleInitialize: fn(HRESULT, ["pvReserved", PVOID]),
  OleUninitialize: fn(VOID),
  CoInitializeSecurity: fn(
    HRESULT,
    ["pSecDesc", PVOID],
    ["cAuthSvc", LONG],
    ["asAuthSvc", PVOID],
    ["pReserved1", PVOID],
    ["dwAuthnLevel", DWORD],
    ["dwImpLevel", DWORD],
    ["pAuthList", PVOID],
    ["dwCapabilities", DWORD],
    ["pReserved3", PVOID],
  ),
  CoGetApartmentType: fn(HRESULT, ["pAptType", out(INT)], ["pAptQualifier", out(INT)]),
  CoGetCurrentProcess: fn(DWORD),
  CoGetContextToken: fn(HRESULT, ["pToken", optional(out(PVOID))]),
  CoGetObjectContext: fn(HRESULT, ["riid", IID], ["ppv", optional(out(PVOID))]),
  CoCreateInstance: fn(
    HRESULT,
    ["rclsid", IID],
    ["pUnkOuter", PVOID],
    ["dwClsContext", DWORD],
    ["riid", IID],
    ["ppv", optional(out(PVOID))],
  ),
  CoCreateInstanceEx: fn(
    HRESULT,
    ["Clsid", IID],
    ["punkOuter", PVOID],
    ["dwClsCtx", DWORD],
    ["pServerInfo", PVOID],
    ["dwCount", DWORD],
    ["pResults", PVOID],
  ),
  CoGetClassObject: fn(
    HRESULT,
    ["rclsid", IID],
    ["dwClsContext", DWORD],
    ["pvReserved", PVOID],
    ["riid", IID],
    ["ppv", optional(out(PVOID))],
  ),
  CoFreeUnusedLibraries: fn(VOID),
  CoTaskMemAlloc: fn(infallible(PVOID), ["cb", SIZE_T]),
  CoTaskMemRealloc: fn(infallible(PVOID), ["pv", PVOID], ["cb", SIZE_T]),
  CoTaskMemFree: fn(VOID, ["pv", PVOID]),
  CoCreateGuid: fn(HRESULT, ["pguid", out(GUID)]),
  StringFromGUID2: fn(INT, ["rguid", IID], ["lpsz", LPWSTR_BUF], ["cchMax", INT]),
  StringFromCLSID: fn(HRESULT, ["rclsid", IID], ["lplpsz", out(PVOID)]),
  StringFromIID: fn(HRESULT, ["rclsid", IID], ["lplpsz", out(PVOID)]),
  CLSIDFromString: fn(HRESULT, ["lpsz", LPCWSTR], ["pclsid", out(GUID)]),
  IIDFromString: fn(HRESULT, ["lpsz", LPCWSTR], ["lpiid", out(GUID)]),
  CLSIDFromProgID: fn(HRESULT, ["lpszProgID", LPCWSTR], ["lpclsid", out(GUID)]),
  ProgIDFromCLSID: fn(HRESULT, ["clsid", IID], ["lplpszProgID", out(PVOID)]),
  PropVariantClear: fn(HRESULT, ["pvar", PVOID]),
});

/** Where newer programs import the same from. */
export const combaseApi = api(
  "combase",
  Object.fromEntries(
    [
      "CoInitializeEx",
      "CoUninitialize",
      "CoInitializeSecurity",
      "CoGetApartmentType",
      "CoGetContextToken",
      "CoGetObjectContext",
      "CoCreateInstance",
      "CoCreateInstanceEx",
      "CoGetClassObject",
      "CoRegisterClassObject",
      "CoRevokeClassObject",
      "CoResumeClassObjects",
      "CoSuspendClassObjects",
      "CoAddRefServerProcess",
      "CoReleaseServerProcess",
      "CoTaskMemAlloc",
      "CoTaskMemRealloc",
      "CoTaskMemFree",
      "CoCreateGuid",
      "StringFromGUID2",
      "StringFromCLSID",
      "StringFromIID",
      "CLSIDFromString",
      "IIDFromString",
      "CLSIDFromProgID",
      "ProgIDFromCLSID",
      "CoFreeUnusedLibraries",
      "PropVariantClear",
    ].map((name) => [name, forward(`ole32.${name}`)]),
  ),
);

/** GUIDs of remote procedure calls ("UuidCreate function"). */
export const uuidApi = api("rpcrt4", {
  UuidCreate: fn(ULONG, ["Uuid", out(GUID)]),
  UuidCreateSequential: fn(ULONG, ["Uuid", out(GUID)]),
  UuidCreateNil: fn(ULONG, ["NilUuid", out(GUID)]),
  UuidToStringA: fn(ULONG, ["Uuid", IID], ["StringUuid", out(PVOID)]),
  UuidToStringW: fn(ULONG, ["Uuid", IID], ["StringUuid", out(PVOID)]),
  UuidFromStringA: fn(ULONG, ["StringUuid", PVOID], ["Uuid", out(GUID)]),
  UuidFromStringW: fn(ULONG, ["StringUuid", PVOID], ["Uuid", out(GUID)]),
  UuidEqual: fn(infallible(INT), ["Uuid1", IID], ["Uuid2", IID], ["Status", optional(out(DWORD))]),
  UuidIsNil: fn(infallible(INT), ["Uuid", IID], ["Status", optional(out(DWORD))]),
  RpcStringFreeA: fn(ULONG, ["String", out(PVOID)]),
  RpcStringFreeW: fn(ULONG, ["String", out(PVOID)]),
});

/** Common controls: a console program only makes them ready. */
export const commonControlsApi = api("comctl32", {
  InitCommonControls: fn(VOID),
  InitCommonControlsEx: fn(BOOL, ["picce", PVOID]),
});

/** The Windows Runtime's start-up. No class of it is there. */
export const windowsRuntimeApi = api("combase", {
  RoInitialize: fn(HRESULT, ["initType", INT]),
  RoUninitialize: fn(VOID),
});
