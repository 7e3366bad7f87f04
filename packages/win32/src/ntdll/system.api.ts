import { api, fn, infallible, NTSTATUS, out, PVOID, ULONG, VOID } from "@decant/hook";

/** What ntdll says of the system and the process ("RtlGetVersion", "Winternl.h"). */
export const ntSystemApi = api("ntdll", {
  RtlGetVersion: fn(NTSTATUS, ["lpVersionInformation", PVOID]),
  RtlGetNtVersionNumbers: fn(VOID, ["pMajorVersion", out(ULONG)], ["pMinorVersion", out(ULONG)], ["pBuildNumber", out(ULONG)]),
  RtlGetCurrentPeb: fn(infallible(PVOID)),
});
