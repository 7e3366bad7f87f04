import { api, DWORD, fn, NTSTATUS, out, PVOID, ULONG_PTR, VOID } from "@decant/hook";

/** Function tables of code that a program makes as it runs ("RtlAddGrowableFunctionTable"); x64 alone has them. */
export const functionTablesApi = api(
  "ntdll",
  {
    RtlAddGrowableFunctionTable: fn(
      NTSTATUS,
      ["DynamicTable", out(PVOID)],
      ["FunctionTable", PVOID],
      ["EntryCount", DWORD],
      ["MaximumEntryCount", DWORD],
      ["RangeBase", ULONG_PTR],
      ["RangeEnd", ULONG_PTR],
    ),
    RtlGrowFunctionTable: fn(VOID, ["DynamicTable", PVOID], ["NewEntryCount", DWORD]),
    RtlDeleteGrowableFunctionTable: fn(VOID, ["DynamicTable", PVOID]),
  },
  { only: 8 },
);
