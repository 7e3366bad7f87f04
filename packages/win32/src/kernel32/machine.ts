import { ERROR, Win32Error, type Handle, type Out, type Pointer } from "@decant/hook";
import { implement, ProcessObject, type Thread } from "@decant/process";
import { FOLDERS, WINDOWS_EDITION } from "../system/system-table.ts";
import { PHYSICAL_BYTES } from "./system-info.ts";
import { machineApi } from "./machine.api.ts";

const APPMODEL_ERROR_NO_PACKAGE = 15_700;
const APPMODEL_ERROR_NO_APPLICATION = 15_703;
const MACHINE = { UNKNOWN: 0, I386: 0x14c, AMD64: 0x8664 } as const;
/** 100-nanosecond units between two ticks of the clock. */
const TICK = 156_250;
const RELATION = { PROCESSOR_CORE: 0, NUMA_NODE: 1, PROCESSOR_PACKAGE: 3, GROUP: 4, ALL: 0xffff } as const;
const MAX_CORES = 64;

export const machine = implement(machineApi, {
  GetNumaHighestNodeNumber(_thread, HighestNodeNumber) {
    HighestNodeNumber.set(0);
    return true;
  },
  GetNumaNodeProcessorMask(thread, Node, ProcessorMask) {
    if (Node !== 0) throw new Win32Error(ERROR.INVALID_PARAMETER);
    ProcessorMask.set((1n << BigInt(coresOf(thread))) - 1n);
    return true;
  },
  GetNumaNodeProcessorMaskEx(thread, Node, ProcessorMask) {
    if (Node !== 0) throw new Win32Error(ERROR.INVALID_PARAMETER);
    ProcessorMask.set({ Mask: (1n << BigInt(coresOf(thread))) - 1n });
    return true;
  },
  GetNumaProcessorNode(thread, Processor, NodeNumber) {
    // "If the specified processor does not exist, this parameter is set to MAXUCHAR."
    const exists = Processor < coresOf(thread);
    NodeNumber.set(exists ? 0 : 0xff);
    if (!exists) throw new Win32Error(ERROR.INVALID_PARAMETER);
    return true;
  },
  GetLogicalProcessorInformation(thread, Buffer, ReturnedLength) {
    // SYSTEM_LOGICAL_PROCESSOR_INFORMATION: a mask, the relation, and sixteen bytes of what it is about.
    const { pointerSize } = thread;
    const size = pointerSize === 8 ? 32 : 24;
    const cores = coresOf(thread);
    const all = 2n ** BigInt(cores) - 1n;
    const rows: [mask: bigint, relation: number][] = [
      ...Array.from({ length: cores }, (_, i): [bigint, number] => [1n << BigInt(i), RELATION.PROCESSOR_CORE]),
      [all, RELATION.PROCESSOR_PACKAGE],
      [all, RELATION.NUMA_NODE],
    ];
    const bytes = new Uint8Array(size * rows.length);
    const view = new DataView(bytes.buffer);
    rows.forEach(([mask, relation], i) => {
      view.setBigUint64(size * i, mask, true);
      view.setUint32(size * i + pointerSize, relation, true);
      if (pointerSize === 8) view.setUint32(size * i + 12, 0, true);
    });
    return give(bytes, Buffer, ReturnedLength);
  },
  GetLogicalProcessorInformationEx(thread, RelationshipType, Buffer, ReturnedLength) {
    const wanted = (relation: number): boolean => RelationshipType === RELATION.ALL || RelationshipType === relation;
    const cores = coresOf(thread);
    const all = 2n ** BigInt(cores) - 1n;
    const records = [
      ...(wanted(RELATION.PROCESSOR_CORE)
        ? Array.from({ length: cores }, (_, i) => processorRecord(thread, RELATION.PROCESSOR_CORE, 1n << BigInt(i)))
        : []),
      ...(wanted(RELATION.PROCESSOR_PACKAGE) ? [processorRecord(thread, RELATION.PROCESSOR_PACKAGE, all)] : []),
      ...(wanted(RELATION.NUMA_NODE) ? [nodeRecord(thread, all)] : []),
      ...(wanted(RELATION.GROUP) ? [groupRecord(thread, cores, all)] : []),
    ];
    if (records.length === 0) throw new Win32Error(ERROR.INVALID_PARAMETER);
    return give(Uint8Array.from(records.flatMap((record) => [...record])), Buffer, ReturnedLength);
  },
  GetProductInfo(_thread, dwOSMajorVersion, _dwOSMinorVersion, _dwSpMajorVersion, _dwSpMinorVersion, pdwReturnedProductType) {
    if (pdwReturnedProductType.isNull) throw new Win32Error(ERROR.INVALID_PARAMETER);
    // "The minimum value is 6."
    pdwReturnedProductType.set(dwOSMajorVersion < 6 ? 0 : WINDOWS_EDITION.productType);
    return dwOSMajorVersion >= 6;
  },
  GetPhysicallyInstalledSystemMemory(_thread, TotalMemoryInKilobytes) {
    TotalMemoryInKilobytes.set(BigInt(PHYSICAL_BYTES / 1024));
    return true;
  },
  GetSystemTimeAdjustment(_thread, lpTimeAdjustment, lpTimeIncrement, lpTimeAdjustmentDisabled) {
    lpTimeAdjustment.set(TICK);
    lpTimeIncrement.set(TICK);
    lpTimeAdjustmentDisabled.set(true);
    return true;
  },
  SetSystemTime: noPrivilege,
  SetLocalTime: noPrivilege,
  IsWow64Process2(thread, hProcess, pProcessMachine, pNativeMachine) {
    const { process } = thread.process.handles.get(hProcess, ProcessObject);
    pProcessMachine.set(process.memory.pointerSize === 4 ? MACHINE.I386 : MACHINE.UNKNOWN);
    pNativeMachine.set(MACHINE.AMD64);
    return true;
  },
  GetSystemWow64Directory(_thread, lpBuffer, uSize) {
    const { written, needed } = lpBuffer.write(FOLDERS.systemX86, lpBuffer.isNull ? 0 : uSize);
    return written === 0 ? needed : written;
  },
  // A desktop program: it ends by ExitProcess, and its threads have no apartment of their own.
  AppPolicyGetProcessTerminationMethod: (_thread, _processToken, policy) => zero(policy),
  AppPolicyGetThreadInitializationType: (_thread, _processToken, policy) => zero(policy),
  GetCurrentPackageId: () => APPMODEL_ERROR_NO_PACKAGE,
  GetCurrentPackageFamilyName: () => APPMODEL_ERROR_NO_PACKAGE,
  GetCurrentApplicationUserModelId: () => APPMODEL_ERROR_NO_APPLICATION,
  GetApplicationUserModelId: (thread, hProcess) => ofProcess(thread, hProcess, APPMODEL_ERROR_NO_APPLICATION),
  GetPackageFullName: (thread, hProcess) => ofProcess(thread, hProcess, APPMODEL_ERROR_NO_PACKAGE),
  GetPackageFamilyName: (thread, hProcess) => ofProcess(thread, hProcess, APPMODEL_ERROR_NO_PACKAGE),
  GetCurrentPackageFullName: () => APPMODEL_ERROR_NO_PACKAGE,
});

/** No process comes from a package; what is no process has no handle of one. */
function ofProcess({ process }: Thread, handle: Handle, code: number): number {
  return process.handles.find(handle) instanceof ProcessObject ? code : ERROR.INVALID_HANDLE;
}

function zero(policy: Out<number>): number {
  policy.set(0);
  return ERROR.SUCCESS;
}

function noPrivilege(): never {
  throw new Win32Error(ERROR.PRIVILEGE_NOT_HELD);
}

/** How many processors the guest is told of. */
export function coresOf({ process, pointerSize }: Thread): number {
  return Math.min(process.host.cpuCount, pointerSize === 8 ? MAX_CORES : 32);
}

function give(bytes: Uint8Array, buffer: Pointer, length: Out<number>): boolean {
  const room = length.get();
  length.set(bytes.length);
  if (buffer.isNull || room < bytes.length) throw new Win32Error(ERROR.INSUFFICIENT_BUFFER);
  buffer.write(bytes);
  return true;
}

/** A record's relation and size, then GROUP_AFFINITY (a mask, the group, six bytes) where `at` says. */
function record({ pointerSize }: Thread, relation: number, size: number, at: number, mask: bigint): DataView {
  const view = new DataView(new ArrayBuffer(size));
  view.setUint32(0, relation, true);
  view.setUint32(4, size, true);
  if (pointerSize === 8) view.setBigUint64(at, mask, true);
  else view.setUint32(at, Number(mask & 0xffff_ffffn), true);
  return view;
}

/** PROCESSOR_RELATIONSHIP: flags, efficiency, twenty bytes, the number of groups, and one of them. */
function processorRecord(thread: Thread, relation: number, mask: bigint): Uint8Array {
  const view = record(thread, relation, 8 + 24 + thread.pointerSize + 8, 8 + 24, mask);
  view.setUint16(8 + 22, 1, true);
  return new Uint8Array(view.buffer);
}

/** NUMA_NODE_RELATIONSHIP: the node's number, eighteen bytes, the number of groups, and one of them. */
function nodeRecord(thread: Thread, mask: bigint): Uint8Array {
  const view = record(thread, RELATION.NUMA_NODE, 8 + 24 + thread.pointerSize + 8, 8 + 24, mask);
  view.setUint16(8 + 22, 1, true);
  return new Uint8Array(view.buffer);
}

/** GROUP_RELATIONSHIP: numbers of groups, twenty bytes, then PROCESSOR_GROUP_INFO: two counts, 38 bytes, a mask. */
function groupRecord(thread: Thread, cores: number, mask: bigint): Uint8Array {
  const view = record(thread, RELATION.GROUP, 8 + 24 + 40 + thread.pointerSize, 8 + 24 + 40, mask);
  view.setUint16(8, 1, true);
  view.setUint16(10, 1, true);
  view.setUint8(8 + 24, cores);
  view.setUint8(8 + 25, cores);
  return new Uint8Array(view.buffer);
}
