import { api, BOOL, byteBlock, BYTES, DWORD, fn, HANDLE, in_, infallible, inout, INT, LONG, optional, orElse, out, struct, TBUF, text, UCHAR, ULONG, ULONG_PTR, ULONGLONG, USHORT, WORD } from "@decant/hook"; // prettier-ignore
import { SYSTEMTIME } from "./time.api.ts";

const GROUP_AFFINITY = struct("GROUP_AFFINITY", { Mask: ULONG_PTR, Group: WORD, Reserved: byteBlock(6) });

/** What the machine is made of, which edition of Windows it runs, and in what kind of package a program came. */
export const machineApi = api("kernel32", {
  GetNumaHighestNodeNumber: fn(BOOL, ["HighestNodeNumber", out(ULONG)]),
  GetNumaNodeProcessorMask: fn(BOOL, ["Node", ULONG], ["ProcessorMask", out(ULONGLONG)]),
  GetNumaNodeProcessorMaskEx: fn(BOOL, ["Node", USHORT], ["ProcessorMask", out(GROUP_AFFINITY)]),
  GetNumaProcessorNode: fn(BOOL, ["Processor", UCHAR], ["NodeNumber", out(UCHAR)]),
  GetLogicalProcessorInformation: fn(BOOL, ["Buffer", BYTES], ["ReturnedLength", inout(DWORD)]),
  GetLogicalProcessorInformationEx: fn(BOOL, ["RelationshipType", INT], ["Buffer", BYTES], ["ReturnedLength", inout(DWORD)]),
  GetProductInfo: fn(
    BOOL,
    ["dwOSMajorVersion", DWORD],
    ["dwOSMinorVersion", DWORD],
    ["dwSpMajorVersion", DWORD],
    ["dwSpMinorVersion", DWORD],
    ["pdwReturnedProductType", out(DWORD)],
  ),
  GetPhysicallyInstalledSystemMemory: fn(BOOL, ["TotalMemoryInKilobytes", out(ULONGLONG)]),
  GetSystemTimeAdjustment: fn(
    BOOL,
    ["lpTimeAdjustment", out(DWORD)],
    ["lpTimeIncrement", out(DWORD)],
    ["lpTimeAdjustmentDisabled", out(BOOL)],
  ),
  SetSystemTime: fn(BOOL, ["lpSystemTime", in_(SYSTEMTIME)]),
  SetLocalTime: fn(BOOL, ["lpSystemTime", in_(SYSTEMTIME)]),
  IsWow64Process2: fn(BOOL, ["hProcess", HANDLE], ["pProcessMachine", out(USHORT)], ["pNativeMachine", optional(out(USHORT))]),
  GetSystemWow64Directory: text(orElse(DWORD, 0), ["lpBuffer", TBUF], ["uSize", DWORD]),
  AppPolicyGetProcessTerminationMethod: fn(infallible(LONG), ["processToken", HANDLE], ["policy", out(INT)]),
  AppPolicyGetThreadInitializationType: fn(infallible(LONG), ["processToken", HANDLE], ["policy", out(INT)]),
  GetCurrentPackageId: fn(infallible(LONG), ["bufferLength", optional(inout(DWORD))], ["buffer", BYTES]),
  GetCurrentPackageFamilyName: fn(infallible(LONG), ["packageFamilyNameLength", optional(inout(DWORD))], ["packageFamilyName", BYTES]),
  GetCurrentApplicationUserModelId: fn(
    infallible(LONG),
    ["applicationUserModelIdLength", optional(inout(DWORD))],
    ["applicationUserModelId", BYTES],
  ),
  GetApplicationUserModelId: fn(
    infallible(LONG),
    ["hProcess", HANDLE],
    ["applicationUserModelIdLength", optional(inout(DWORD))],
    ["applicationUserModelId", BYTES],
  ),
  GetPackageFullName: fn(
    infallible(LONG),
    ["hProcess", HANDLE],
    ["packageFullNameLength", optional(inout(DWORD))],
    ["packageFullName", BYTES],
  ),
  GetPackageFamilyName: fn(
    infallible(LONG),
    ["hProcess", HANDLE],
    ["packageFamilyNameLength", optional(inout(DWORD))],
    ["packageFamilyName", BYTES],
  ),
  GetCurrentPackageFullName: fn(infallible(LONG), ["packageFullNameLength", optional(inout(DWORD))], ["packageFullName", BYTES]),
});
