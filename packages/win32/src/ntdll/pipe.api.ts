import { api, fn, HANDLE, in_, inout, LARGE_INTEGER, NTSTATUS, optional, out, PVOID, ULONG } from "@decant/hook";
import { FILE_ACCESS, NT_CREATE_OPTIONS, NT_DISPOSITION, NT_SHARE } from "../values/files.ts";
import { IO_STATUS_BLOCK, OBJECT_ATTRIBUTES } from "./file.api.ts";

/** Pipes, and accesses taken back, as the native interface has them (Rust's library makes a child's pipes so, and mio cancels so). */
export const ntPipeApi = api("ntdll", {
  NtCreateNamedPipeFile: fn(
    NTSTATUS,
    ["FileHandle", out(HANDLE)],
    ["DesiredAccess", FILE_ACCESS],
    ["ObjectAttributes", in_(OBJECT_ATTRIBUTES)],
    ["IoStatusBlock", out(IO_STATUS_BLOCK)],
    ["ShareAccess", NT_SHARE],
    ["CreateDisposition", NT_DISPOSITION],
    ["CreateOptions", NT_CREATE_OPTIONS],
    ["NamedPipeType", ULONG],
    ["ReadMode", ULONG],
    ["CompletionMode", ULONG],
    ["MaximumInstances", ULONG],
    ["InboundQuota", ULONG],
    ["OutboundQuota", ULONG],
    ["DefaultTimeout", optional(in_(LARGE_INTEGER))],
  ),
  NtCancelIoFile: fn(NTSTATUS, ["FileHandle", HANDLE], ["IoStatusBlock", inout(IO_STATUS_BLOCK)]),
  NtCancelIoFileEx: fn(NTSTATUS, ["FileHandle", HANDLE], ["IoRequestToCancel", PVOID], ["IoStatusBlock", inout(IO_STATUS_BLOCK)]),
});
