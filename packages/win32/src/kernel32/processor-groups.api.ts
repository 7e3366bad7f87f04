import { api, BOOL, byteBlock, BYTE, fn, HANDLE, in_, inout, optional, out, struct, ULONG_PTR_N, ULONGLONG, USHORT, VOID, WORD } from "@decant/hook"; // prettier-ignore

export const GROUP_AFFINITY = struct("GROUP_AFFINITY", { Mask: ULONG_PTR_N, Group: WORD, Reserved: byteBlock(6) });
export const PROCESSOR_NUMBER = struct("PROCESSOR_NUMBER", { Group: WORD, Number: BYTE, Reserved: BYTE });

/** Groups of processors, of which there is one ("Processor Groups"), and the time that threads took of them. */
export const processorGroupsApi = api("kernel32", {
  GetMaximumProcessorGroupCount: fn(WORD),
  GetProcessGroupAffinity: fn(BOOL, ["hProcess", HANDLE], ["GroupCount", inout(USHORT)], ["GroupArray", optional(out(USHORT))]),
  GetThreadGroupAffinity: fn(BOOL, ["hThread", HANDLE], ["GroupAffinity", out(GROUP_AFFINITY)]),
  SetThreadGroupAffinity: fn(
    BOOL,
    ["hThread", HANDLE],
    ["GroupAffinity", in_(GROUP_AFFINITY)],
    ["PreviousGroupAffinity", optional(out(GROUP_AFFINITY))],
  ),
  GetCurrentProcessorNumberEx: fn(VOID, ["ProcNumber", out(PROCESSOR_NUMBER)]),
  GetThreadIdealProcessorEx: fn(BOOL, ["hThread", HANDLE], ["lpIdealProcessor", out(PROCESSOR_NUMBER)]),
  SetThreadIdealProcessorEx: fn(
    BOOL,
    ["hThread", HANDLE],
    ["lpIdealProcessor", in_(PROCESSOR_NUMBER)],
    ["lpPreviousIdealProcessor", optional(out(PROCESSOR_NUMBER))],
  ),
  GetNumaProcessorNodeEx: fn(BOOL, ["Processor", in_(PROCESSOR_NUMBER)], ["NodeNumber", out(USHORT)]),
  GetNumaAvailableMemoryNode: fn(BOOL, ["Node", BYTE], ["AvailableBytes", out(ULONGLONG)]),
  GetNumaAvailableMemoryNodeEx: fn(BOOL, ["Node", USHORT], ["AvailableBytes", out(ULONGLONG)]),
  QueryThreadCycleTime: fn(BOOL, ["ThreadHandle", HANDLE], ["CycleTime", out(ULONGLONG)]),
  QueryProcessCycleTime: fn(BOOL, ["ProcessHandle", HANDLE], ["CycleTime", out(ULONGLONG)]),
});
