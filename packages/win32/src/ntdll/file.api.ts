import {
  at,
  StructType,
  type CallingThread,
  type StructValue,
  api,
  BOOLEAN,
  BYTES,
  bytesIn,
  bytesOut,
  CALLBACK,
  fn,
  HANDLE,
  in_,
  infallible,
  inout,
  LARGE_INTEGER,
  LONG,
  LPCWSTR,
  NTSTATUS,
  OPAQUE,
  optional,
  out,
  PVOID,
  struct,
  ULONG,
  USHORT,
} from "@decant/hook";
import { FILE_ACCESS, NT_CREATE_OPTIONS, NT_DISPOSITION, NT_SHARE, OBJECT_FLAGS } from "../values/files.ts";

const COUNTED = { Length: USHORT, MaximumLength: USHORT, Buffer: PVOID };

/** Text that is counted in bytes and need not end in a NUL; the trace shows the text. */
export const UNICODE_STRING: StructType<typeof COUNTED> = new (class extends StructType<typeof COUNTED> {
  override show({ memory }: CallingThread, { Length, Buffer }: StructValue<typeof COUNTED>): string {
    return Buffer === 0 ? "NULL" : JSON.stringify(memory.utf16(Buffer, Math.min(Length, 400) >> 1));
  }
})("UNICODE_STRING", COUNTED, {});

export const OBJECT_ATTRIBUTES = struct("OBJECT_ATTRIBUTES", {
  Length: ULONG,
  RootDirectory: HANDLE,
  ObjectName: at(UNICODE_STRING),
  Attributes: OBJECT_FLAGS,
  SecurityDescriptor: PVOID,
  SecurityQualityOfService: PVOID,
});

/** How an access ended: an NTSTATUS, and what it has to say besides, as the number of bytes. */
export const IO_STATUS_BLOCK = struct("IO_STATUS_BLOCK", { Status: OPAQUE, Information: OPAQUE });

const STATUS_BLOCK = out(IO_STATUS_BLOCK);
const ATTRIBUTES = in_(OBJECT_ATTRIBUTES);
const access = [
  ["FileHandle", HANDLE],
  ["Event", HANDLE],
  ["ApcRoutine", CALLBACK],
  ["ApcContext", OPAQUE],
  ["IoStatusBlock", STATUS_BLOCK],
] as const;
const control = [...access, ["ControlCode", ULONG], ["InputBuffer", PVOID], ["InputBufferLength", ULONG], ["OutputBuffer", PVOID], ["OutputBufferLength", ULONG]] as const; // prettier-ignore
const information = [["FileHandle", HANDLE], ["IoStatusBlock", STATUS_BLOCK], ["Information", PVOID], ["Length", ULONG], ["InformationClass", ULONG]] as const; // prettier-ignore

/** Files, as the native interface has them ("NtCreateFile" and its neighbours; Rust, libuv and Cygwin use it). */
export const ntFileApi = api("ntdll", {
  NtCreateFile: fn(
    NTSTATUS,
    ["FileHandle", out(HANDLE)],
    ["DesiredAccess", FILE_ACCESS],
    ["ObjectAttributes", ATTRIBUTES],
    ["IoStatusBlock", STATUS_BLOCK],
    ["AllocationSize", PVOID],
    ["FileAttributes", ULONG],
    ["ShareAccess", NT_SHARE],
    ["CreateDisposition", NT_DISPOSITION],
    ["CreateOptions", NT_CREATE_OPTIONS],
    ["EaBuffer", PVOID],
    ["EaLength", ULONG],
  ),
  NtOpenFile: fn(
    NTSTATUS,
    ["FileHandle", out(HANDLE)],
    ["DesiredAccess", FILE_ACCESS],
    ["ObjectAttributes", ATTRIBUTES],
    ["IoStatusBlock", STATUS_BLOCK],
    ["ShareAccess", NT_SHARE],
    ["OpenOptions", NT_CREATE_OPTIONS],
  ),
  NtClose: fn(NTSTATUS, ["Handle", HANDLE]),
  NtDeleteFile: fn(NTSTATUS, ["ObjectAttributes", ATTRIBUTES]),
  NtReadFile: fn(
    NTSTATUS,
    ...access,
    ["Buffer", bytesOut("Length")],
    ["Length", ULONG],
    ["ByteOffset", optional(in_(LARGE_INTEGER))],
    ["Key", PVOID],
  ),
  NtWriteFile: fn(
    NTSTATUS,
    ...access,
    ["Buffer", bytesIn("Length")],
    ["Length", ULONG],
    ["ByteOffset", optional(in_(LARGE_INTEGER))],
    ["Key", PVOID],
  ),
  NtFlushBuffersFile: fn(NTSTATUS, ["FileHandle", HANDLE], ["IoStatusBlock", STATUS_BLOCK]),
  NtLockFile: fn(
    NTSTATUS,
    ...access,
    ["ByteOffset", in_(LARGE_INTEGER)],
    ["Length", in_(LARGE_INTEGER)],
    ["Key", ULONG],
    ["FailImmediately", BOOLEAN],
    ["ExclusiveLock", BOOLEAN],
  ),
  NtUnlockFile: fn(
    NTSTATUS,
    ["FileHandle", HANDLE],
    ["IoStatusBlock", STATUS_BLOCK],
    ["ByteOffset", in_(LARGE_INTEGER)],
    ["Length", in_(LARGE_INTEGER)],
    ["Key", ULONG],
  ),
  NtFsControlFile: fn(NTSTATUS, ...control),
  NtDeviceIoControlFile: fn(NTSTATUS, ...control),
  NtQueryInformationFile: fn(NTSTATUS, ...information),
  NtSetInformationFile: fn(NTSTATUS, ...information),
  NtQueryVolumeInformationFile: fn(NTSTATUS, ...information),
  NtQueryAttributesFile: fn(NTSTATUS, ["ObjectAttributes", ATTRIBUTES], ["FileInformation", BYTES]),
  NtQueryFullAttributesFile: fn(NTSTATUS, ["ObjectAttributes", ATTRIBUTES], ["FileInformation", BYTES]),
  NtQueryDirectoryFile: fn(
    NTSTATUS,
    ...access,
    ["FileInformation", PVOID],
    ["Length", ULONG],
    ["FileInformationClass", ULONG],
    ["ReturnSingleEntry", BOOLEAN],
    ["FileName", optional(in_(UNICODE_STRING))],
    ["RestartScan", BOOLEAN],
  ),
  NtQueryDirectoryFileEx: fn(
    NTSTATUS,
    ...access,
    ["FileInformation", PVOID],
    ["Length", ULONG],
    ["FileInformationClass", ULONG],
    ["QueryFlags", ULONG],
    ["FileName", optional(in_(UNICODE_STRING))],
  ),
});

/** Statuses and names ("RtlNtStatusToDosError", "RtlInitUnicodeString"). */
export const rtlNameApi = api("ntdll", {
  RtlNtStatusToDosError: fn(ULONG, ["Status", ULONG]),
  RtlNtStatusToDosErrorNoTeb: fn(ULONG, ["Status", ULONG]),
  RtlInitUnicodeString: fn(PVOID, ["DestinationString", inout(UNICODE_STRING)], ["SourceString", PVOID]),
  RtlEqualUnicodeString: fn(
    infallible(BOOLEAN),
    ["String1", in_(UNICODE_STRING)],
    ["String2", in_(UNICODE_STRING)],
    ["CaseInSensitive", BOOLEAN],
  ),
  RtlCompareUnicodeString: fn(
    infallible(LONG),
    ["String1", in_(UNICODE_STRING)],
    ["String2", in_(UNICODE_STRING)],
    ["CaseInSensitive", BOOLEAN],
  ),
  RtlGetFullPathName_U: fn(ULONG, ["FileName", LPCWSTR], ["Length", ULONG], ["Buffer", PVOID], ["FilePart", PVOID]),
  RtlGetCurrentDirectory_U: fn(ULONG, ["Length", ULONG], ["Buffer", PVOID]),
  RtlSetCurrentDirectory_U: fn(NTSTATUS, ["PathName", in_(UNICODE_STRING)]),
  RtlFreeUnicodeString: fn(PVOID, ["UnicodeString", inout(UNICODE_STRING)]),
  RtlDosPathNameToNtPathName_U: fn(
    BOOLEAN,
    ["DosFileName", PVOID],
    ["NtFileName", inout(UNICODE_STRING)],
    ["FilePart", PVOID],
    ["Reserved", PVOID],
  ),
  RtlDosPathNameToNtPathName_U_WithStatus: fn(
    NTSTATUS,
    ["DosFileName", PVOID],
    ["NtFileName", inout(UNICODE_STRING)],
    ["FilePart", PVOID],
    ["Reserved", PVOID],
  ),
});
