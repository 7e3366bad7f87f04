import { ERROR, Win32Error } from "@decant/hook";
import { implement, ProcessObject, ThreadObject, type Thread } from "@decant/process";
import { coresOf } from "./machine.ts";
import { processorGroupsApi } from "./processor-groups.api.ts";
import { PHYSICAL_BYTES } from "./system-info.ts";

/** What a millisecond of a thread's time is in cycles: the frequency that CPUs are said to have (registry, "~MHz"). */
const CYCLES_PER_MS = 2_000_000;

/** Groups of processors: there is group 0, with all of them; threads run on any, whatever is set. */
export const processorGroups = implement(processorGroupsApi, {
  GetMaximumProcessorGroupCount: () => 1,
  GetProcessGroupAffinity(thread, hProcess, GroupCount, GroupArray) {
    thread.process.handles.get(hProcess, ProcessObject);
    const room = GroupCount.get();
    GroupCount.set(1);
    if (room < 1) throw new Win32Error(ERROR.INSUFFICIENT_BUFFER);
    GroupArray.set(0);
    return true;
  },
  GetThreadGroupAffinity(thread, hThread, GroupAffinity) {
    thread.process.handles.get(hThread, ThreadObject);
    GroupAffinity.set({ Mask: allProcessors(thread), Group: 0 });
    return true;
  },
  SetThreadGroupAffinity(thread, hThread, GroupAffinity, PreviousGroupAffinity) {
    thread.process.handles.get(hThread, ThreadObject);
    const all = allProcessors(thread);
    if (GroupAffinity.Group !== 0 || GroupAffinity.Mask === 0 || GroupAffinity.Mask > all) throw new Win32Error(ERROR.INVALID_PARAMETER);
    PreviousGroupAffinity.set({ Mask: all, Group: 0 });
    return true;
  },
  GetCurrentProcessorNumberEx: (_thread, ProcNumber) => ProcNumber.set({ Group: 0, Number: 0, Reserved: 0 }),
  GetThreadIdealProcessorEx(thread, hThread, lpIdealProcessor) {
    thread.process.handles.get(hThread, ThreadObject);
    lpIdealProcessor.set({ Group: 0, Number: 0, Reserved: 0 });
    return true;
  },
  SetThreadIdealProcessorEx(thread, hThread, lpIdealProcessor, lpPreviousIdealProcessor) {
    thread.process.handles.get(hThread, ThreadObject);
    requireProcessor(thread, lpIdealProcessor);
    lpPreviousIdealProcessor.set({ Group: 0, Number: 0, Reserved: 0 });
    return true;
  },
  GetNumaProcessorNodeEx(thread, Processor, NodeNumber) {
    requireProcessor(thread, Processor);
    NodeNumber.set(0);
    return true;
  },
  GetNumaAvailableMemoryNode: (thread, Node, AvailableBytes) => tellAvailable(thread, Node, AvailableBytes),
  GetNumaAvailableMemoryNodeEx: (thread, Node, AvailableBytes) => tellAvailable(thread, Node, AvailableBytes),
  QueryThreadCycleTime(thread, ThreadHandle, CycleTime) {
    CycleTime.set(cycles(thread.process.handles.get(ThreadHandle, ThreadObject).thread.busyMs));
    return true;
  },
  QueryProcessCycleTime(thread, ProcessHandle, CycleTime) {
    const { process } = thread.process.handles.get(ProcessHandle, ProcessObject);
    CycleTime.set(cycles([...process.threads].reduce((sum, { busyMs }) => sum + busyMs, 0)));
    return true;
  },
});

function allProcessors(thread: Thread): number {
  return 2 ** coresOf(thread) - 1;
}

function requireProcessor(thread: Thread, { Group, Number: number }: { Group: number; Number: number }): void {
  if (Group !== 0 || number >= coresOf(thread)) throw new Win32Error(ERROR.INVALID_PARAMETER);
}

function tellAvailable({ memory }: Thread, node: number, bytes: { set(value: bigint): void }): boolean {
  if (node !== 0) throw new Win32Error(ERROR.INVALID_PARAMETER);
  bytes.set(BigInt(Math.max(0, PHYSICAL_BYTES - memory.committedBytes)));
  return true;
}

function cycles(ms: number): bigint {
  return BigInt(Math.floor(ms * CYCLES_PER_MS));
}
