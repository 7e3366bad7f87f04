import { api, BOOLEAN, BYTES, DWORD, fn, GUID, in_, infallible, LPCWSTR, OPAQUE, out, PVOID, text, TSTR, UCHAR, ULONG, ULONGLONG, USHORT, VARARGS } from "@decant/hook"; // prettier-ignore

const CODE = infallible(ULONG);
const PROVIDER = ["RegHandle", ULONGLONG] as const;
const EVENT = ["EventDescriptor", PVOID] as const;
const DATA = [["UserDataCount", ULONG] as const, ["UserData", PVOID] as const] as const;

/** Event Tracing for Windows, from the side of those who write events ("Event Tracing Functions"). */
export const eventTracingApi = api("advapi32", {
  EventRegister: fn(CODE, ["ProviderId", in_(GUID)], ["EnableCallback", PVOID], ["CallbackContext", OPAQUE], ["RegHandle", out(ULONGLONG)]),
  EventUnregister: fn(CODE, PROVIDER),
  EventSetInformation: fn(CODE, PROVIDER, ["InformationClass", ULONG], ["EventInformation", PVOID], ["InformationLength", ULONG]),
  EventWrite: fn(CODE, PROVIDER, EVENT, ...DATA),
  EventWriteTransfer: fn(CODE, PROVIDER, EVENT, ["ActivityId", PVOID], ["RelatedActivityId", PVOID], ...DATA),
  EventWriteEx: fn(
    CODE,
    PROVIDER,
    EVENT,
    ["Filter", ULONGLONG],
    ["Flags", ULONG],
    ["ActivityId", PVOID],
    ["RelatedActivityId", PVOID],
    ...DATA,
  ),
  EventWriteString: fn(CODE, PROVIDER, ["Level", UCHAR], ["Keyword", ULONGLONG], ["String", LPCWSTR]),
  EventEnabled: fn(infallible(BOOLEAN), PROVIDER, EVENT),
  EventProviderEnabled: fn(infallible(BOOLEAN), PROVIDER, ["Level", UCHAR], ["Keyword", ULONGLONG]),
  EventActivityIdControl: fn(CODE, ["ControlCode", ULONG], ["ActivityId", BYTES]),
  RegisterTraceGuids: text(
    CODE,
    ["RequestAddress", PVOID],
    ["RequestContext", OPAQUE],
    ["ControlGuid", in_(GUID)],
    ["GuidCount", ULONG],
    ["TraceGuidReg", PVOID],
    ["MofImagePath", TSTR],
    ["MofResourceName", TSTR],
    ["RegistrationHandle", out(ULONGLONG)],
  ),
  UnregisterTraceGuids: fn(CODE, ["RegistrationHandle", ULONGLONG]),
  GetTraceEnableFlags: fn(infallible(ULONG), ["TraceHandle", ULONGLONG]),
  GetTraceEnableLevel: fn(infallible(UCHAR), ["TraceHandle", ULONGLONG]),
  GetTraceLoggerHandle: fn(ULONGLONG, ["Buffer", PVOID]),
  TraceEvent: fn(CODE, ["TraceHandle", ULONGLONG], ["EventTrace", PVOID]),
  TraceMessage: fn(CODE, ["LoggerHandle", ULONGLONG], ["MessageFlags", DWORD], ["MessageGuid", PVOID], ["MessageNumber", USHORT], VARARGS),
});
