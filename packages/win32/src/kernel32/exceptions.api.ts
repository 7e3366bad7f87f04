import { api, BOOL, BOOLEAN, CALLBACK, DWORD, fn, infallible, LONG, out, PVOID, ULONG, ULONG_PTR, VOID } from "@decant/hook";

/** Structured exception handling ("Error Handling Functions", "Exception Handling"). The Rtl functions are ntdll's too. */
export const exceptionsApi = api("kernel32", {
  SetUnhandledExceptionFilter: fn(infallible(PVOID), ["lpTopLevelExceptionFilter", CALLBACK]),
  UnhandledExceptionFilter: fn(LONG, ["ExceptionInfo", PVOID]),
  AddVectoredExceptionHandler: fn(infallible(PVOID), ["First", ULONG], ["Handler", CALLBACK]),
  RemoveVectoredExceptionHandler: fn(ULONG, ["Handle", PVOID]),
  AddVectoredContinueHandler: fn(infallible(PVOID), ["First", ULONG], ["Handler", CALLBACK]),
  RemoveVectoredContinueHandler: fn(ULONG, ["Handle", PVOID]),
  RaiseException: fn(VOID, ["dwExceptionCode", DWORD], ["dwExceptionFlags", DWORD], ["nNumberOfArguments", DWORD], ["lpArguments", PVOID]),
  RaiseFailFastException: fn(VOID, ["pExceptionRecord", PVOID], ["pContextRecord", PVOID], ["dwFlags", DWORD]),
  SetThreadStackGuarantee: fn(BOOL, ["StackSizeInBytes", out(ULONG)]),
  EncodePointer: fn(infallible(PVOID), ["Ptr", PVOID]),
  DecodePointer: fn(infallible(PVOID), ["Ptr", PVOID]),
});

export const unwindApi = api(["kernel32", "ntdll"], {
  RtlCaptureContext: fn(VOID, ["ContextRecord", PVOID]),
  RtlRestoreContext: fn(VOID, ["ContextRecord", PVOID], ["ExceptionRecord", PVOID]),
  RtlRaiseException: fn(VOID, ["ExceptionRecord", PVOID]),
  RtlLookupFunctionEntry: fn(infallible(PVOID), ["ControlPc", ULONG_PTR], ["ImageBase", out(ULONG_PTR)], ["HistoryTable", PVOID]),
  RtlVirtualUnwind: fn(
    infallible(PVOID),
    ["HandlerType", DWORD],
    ["ImageBase", ULONG_PTR],
    ["ControlPc", ULONG_PTR],
    ["FunctionEntry", PVOID],
    ["ContextRecord", PVOID],
    ["HandlerData", out(PVOID)],
    ["EstablisherFrame", out(ULONG_PTR)],
    ["ContextPointers", PVOID],
  ),
  RtlUnwindEx: fn(
    VOID,
    ["TargetFrame", PVOID],
    ["TargetIp", PVOID],
    ["ExceptionRecord", PVOID],
    ["ReturnValue", ULONG_PTR],
    ["ContextRecord", PVOID],
    ["HistoryTable", PVOID],
  ),
  RtlUnwind: fn(VOID, ["TargetFrame", PVOID], ["TargetIp", PVOID], ["ExceptionRecord", PVOID], ["ReturnValue", ULONG_PTR]),
  RtlPcToFileHeader: fn(infallible(PVOID), ["PcValue", PVOID], ["BaseOfImage", out(PVOID)]),
  RtlAddFunctionTable: fn(BOOLEAN, ["FunctionTable", PVOID], ["EntryCount", DWORD], ["BaseAddress", ULONG_PTR]),
  RtlInstallFunctionTableCallback: fn(
    BOOLEAN,
    ["TableIdentifier", ULONG_PTR],
    ["BaseAddress", ULONG_PTR],
    ["Length", DWORD],
    ["Callback", CALLBACK],
    ["Context", PVOID],
    ["OutOfProcessCallbackDll", PVOID],
  ),
  RtlDeleteFunctionTable: fn(BOOLEAN, ["FunctionTable", PVOID]),
  __C_specific_handler: fn(
    LONG,
    ["ExceptionRecord", PVOID],
    ["EstablisherFrame", PVOID],
    ["ContextRecord", PVOID],
    ["DispatcherContext", PVOID],
  ),
});
