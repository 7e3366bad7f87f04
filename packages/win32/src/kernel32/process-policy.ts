import { E, ERROR, Win32Error, type Pointer } from "@decant/hook";
import { implement, KernelObject, ThreadObject, type Process, type Thread } from "@decant/process";
import { processPolicyApi } from "./process-policy.api.ts";
import { processOf } from "./process.ts";

/** What these HRESULTs are made of: success of an NTSTATUS, and STATUS_INVALID_HANDLE, with FACILITY_NT_BIT ("Structure of COM Error Codes"). */
const NT_SUCCESS = 0x1000_0000;
const NT_INVALID_HANDLE = 0xd000_0008;
const S_OK = 0;
/** THREAD_INFORMATION_CLASS and PROCESS_INFORMATION_CLASS, with the sizes and first values of what is remembered. */
const THREAD_CLASSES: Classes = { 0: [5, 0, 0, 0], 2: zeros(4), 3: [1, ...zeros(11)] };
const PROCESS_CLASSES: Classes = { 0: [5, 0, 0, 0], 4: [1, ...zeros(11)] };
/** PROCESS_MITIGATION_POLICY: DEP has a BOOLEAN behind its flags. */
const MITIGATION = { DEP: 0, LAST: 17 } as const;
const ES = { CONTINUOUS: 0x8000_0000, KNOWN: 0x8000_0047, STATES: 0x47 } as const;
const POWER = { ONLINE: 1, NO_BATTERY: 128, UNKNOWN: 255, UNKNOWN_TIME: 0xffff_ffff } as const;
const FIRMWARE_TYPE_BIOS = 1;
/** BASE_SEARCH_PATH_*: enable and disable the safe mode, and keep it so. */
const SEARCH_MODES: ReadonlySet<number> = new Set([0x1, 0x1_0000, 0x8001]);
const IMAGE_FILE_MACHINE_I386 = 0x14c;
const ALWAYS_ON = 1;
/** MEMORY_RESOURCE_NOTIFICATION_TYPE. */
const MEMORY_LOW = 0;
const MEMORY_HIGH = 1;

type Classes = Readonly<Record<number, readonly number[]>>;

/** What was set of a thread or a process, by the number of the class: remembered and told, without effect. */
class Remembered {
  description = "";
  executionState: number = ES.CONTINUOUS;
  readonly byClass = new Map<number, Uint8Array>();
}

/** Signaled where there is much memory; where there is little, it never is: a limit is met when it is met. */
class MemoryNotification extends KernelObject {
  readonly #isHigh: boolean;

  constructor(isHigh: boolean) {
    super();
    this.#isHigh = isHigh;
  }

  override isSignaled(): boolean {
    return this.#isHigh;
  }
}

const ofThread = (thread: Thread): Remembered => thread.state(Remembered, () => new Remembered());
const ofProcess = (process: Process): Remembered => process.state(Remembered, () => new Remembered());

export const processPolicy = implement(processPolicyApi, {
  SetThreadDescription(thread, hThread, lpThreadDescription) {
    const target = threadAt(thread, hThread);
    if (target === undefined) return NT_INVALID_HANDLE;
    ofThread(target).description = lpThreadDescription ?? "";
    return NT_SUCCESS;
  },
  GetThreadDescription(thread, hThread, ppszThreadDescription) {
    const target = threadAt(thread, hThread);
    if (target === undefined) return NT_INVALID_HANDLE;
    const { description } = ofThread(target);
    const text = thread.process.heap.allocate(2 * description.length + 2);
    if (text === 0) return E.OUTOFMEMORY;
    thread.memory.setWstring(text, description);
    ppszThreadDescription.set(text);
    return NT_SUCCESS;
  },
  GetThreadInformation: (thread, hThread, infoClass, buffer, size) =>
    tell(ofThread(thread.process.handles.get(hThread, ThreadObject).thread), THREAD_CLASSES, infoClass, buffer, size),
  SetThreadInformation: (thread, hThread, infoClass, buffer, size) =>
    remember(ofThread(thread.process.handles.get(hThread, ThreadObject).thread), THREAD_CLASSES, infoClass, buffer, size),
  GetProcessInformation: (thread, hProcess, infoClass, buffer, size) =>
    tell(ofProcess(processOf(thread, hProcess)), PROCESS_CLASSES, infoClass, buffer, size),
  SetProcessInformation: (thread, hProcess, infoClass, buffer, size) =>
    remember(ofProcess(processOf(thread, hProcess)), PROCESS_CLASSES, infoClass, buffer, size),
  GetProcessMitigationPolicy(thread, hProcess, MitigationPolicy, lpBuffer, dwLength) {
    processOf(thread, hProcess);
    const bytes = MitigationPolicy === MITIGATION.DEP ? Uint8Array.of(1, 0, 0, 0, 1, 0, 0, 0) : new Uint8Array(4);
    if (MitigationPolicy < 0 || MitigationPolicy > MITIGATION.LAST || dwLength !== bytes.length)
      throw new Win32Error(ERROR.INVALID_PARAMETER);
    lpBuffer.write(bytes);
    return true;
  },
  // Nothing of it is there to be enforced.
  SetProcessMitigationPolicy() {
    throw new Win32Error(ERROR.NOT_SUPPORTED);
  },
  GetProcessDEPPolicy(thread, hProcess, lpFlags, lpPermanent) {
    processOf(thread, hProcess);
    lpFlags.set(1);
    lpPermanent.set(true);
    return true;
  },
  // "If the system DEP policy is AlwaysOn … the function returns FALSE": and always for 64-bit processes.
  SetProcessDEPPolicy(thread) {
    throw new Win32Error(thread.pointerSize === 8 ? ERROR.NOT_SUPPORTED : ERROR.ACCESS_DENIED);
  },
  GetSystemDEPPolicy: () => ALWAYS_ON,
  GetProcessIoCounters(thread, hProcess, lpIoCounters) {
    const { reads, bytesRead, writes, bytesWritten } = processOf(thread, hProcess).io;
    lpIoCounters.set({
      ReadOperationCount: BigInt(reads),
      WriteOperationCount: BigInt(writes),
      ReadTransferCount: BigInt(bytesRead),
      WriteTransferCount: BigInt(bytesWritten),
    });
    return true;
  },
  GetProcessWorkingSetSizeEx(thread, hProcess, lpMinimumWorkingSetSize, lpMaximumWorkingSetSize, Flags) {
    processOf(thread, hProcess);
    lpMinimumWorkingSetSize.set(0x3_2000);
    lpMaximumWorkingSetSize.set(0x15_9000);
    Flags.set(0);
    return true;
  },
  SetProcessWorkingSetSizeEx(thread, hProcess) {
    processOf(thread, hProcess);
    return true;
  },
  IsProcessCritical(thread, hProcess, Critical) {
    processOf(thread, hProcess);
    Critical.set(false);
    return true;
  },
  SetThreadExecutionState(thread, esFlags) {
    if ((esFlags & ~ES.KNOWN) !== 0) return 0;
    const state = ofThread(thread);
    const before = state.executionState;
    if ((esFlags & ES.CONTINUOUS) !== 0) state.executionState = (ES.CONTINUOUS | (esFlags & ES.STATES)) >>> 0;
    return before;
  },
  GetSystemPowerStatus(_thread, lpSystemPowerStatus) {
    lpSystemPowerStatus.set({
      ACLineStatus: POWER.ONLINE,
      BatteryFlag: POWER.NO_BATTERY,
      BatteryLifePercent: POWER.UNKNOWN,
      SystemStatusFlag: 0,
      BatteryLifeTime: POWER.UNKNOWN_TIME,
      BatteryFullLifeTime: POWER.UNKNOWN_TIME,
    });
    return true;
  },
  GetFirmwareType(_thread, FirmwareType) {
    FirmwareType.set(FIRMWARE_TYPE_BIOS);
    return true;
  },
  // "On a legacy BIOS-based system, GetLastError returns ERROR_INVALID_FUNCTION."
  GetFirmwareEnvironmentVariable(thread) {
    thread.lastError = ERROR.INVALID_FUNCTION;
    return 0;
  },
  // Windows restarts programs that crashed or hung: there is nobody here who would.
  RegisterApplicationRestart: () => S_OK,
  UnregisterApplicationRestart: () => S_OK,
  WTSGetActiveConsoleSessionId: () => 1,
  SetSearchPathMode(_thread, Flags) {
    if (!SEARCH_MODES.has(Flags)) throw new Win32Error(ERROR.INVALID_PARAMETER);
    return true;
  },
  // Threads take turns on one processor: none has writes that others could not see.
  FlushProcessWriteBuffers() {},
  Wow64DisableWow64FsRedirection(thread, OldValue) {
    requireWow64(thread);
    OldValue.set(0);
    return true;
  },
  Wow64RevertWow64FsRedirection: requireWow64,
  Wow64EnableWow64FsRedirection: requireWow64,
  IsWow64GuestMachineSupported(_thread, WowGuestMachine, MachineIsSupported) {
    MachineIsSupported.set(WowGuestMachine === IMAGE_FILE_MACHINE_I386);
    return S_OK;
  },
  CreateMemoryResourceNotification({ process }, NotificationType) {
    if (NotificationType !== MEMORY_LOW && NotificationType !== MEMORY_HIGH) throw new Win32Error(ERROR.INVALID_PARAMETER);
    return process.handles.add(new MemoryNotification(NotificationType === MEMORY_HIGH));
  },
  QueryMemoryResourceNotification(thread, ResourceNotificationHandle, ResourceState) {
    ResourceState.set(thread.process.handles.get(ResourceNotificationHandle, MemoryNotification).isSignaled());
    return true;
  },
  DiscardVirtualMemory: (thread, VirtualAddress, Size) => checkPages(thread, VirtualAddress, Size),
  OfferVirtualMemory: (thread, VirtualAddress, Size) => checkPages(thread, VirtualAddress, Size),
  ReclaimVirtualMemory: (thread, VirtualAddress, Size) => checkPages(thread, VirtualAddress, Size),
  PrefetchVirtualMemory(thread, hProcess, NumberOfEntries, _VirtualAddresses, Flags) {
    processOf(thread, hProcess);
    if (NumberOfEntries === 0 || Flags !== 0) throw new Win32Error(ERROR.INVALID_PARAMETER);
    return true;
  },
});

function zeros(count: number): number[] {
  return Array.from({ length: count }, () => 0);
}

function threadAt({ process }: Thread, handle: Parameters<Process["handles"]["find"]>[0]): Thread | undefined {
  const object = process.handles.find(handle);
  return object instanceof ThreadObject ? object.thread : undefined;
}

function tell(of: Remembered, classes: Classes, infoClass: number, buffer: Pointer, size: number): boolean {
  const initial = sized(classes, infoClass, size);
  buffer.write(of.byClass.get(infoClass) ?? Uint8Array.from(initial));
  return true;
}

function remember(of: Remembered, classes: Classes, infoClass: number, buffer: Pointer, size: number): boolean {
  sized(classes, infoClass, size);
  of.byClass.set(infoClass, buffer.read(size));
  return true;
}

function sized(classes: Classes, infoClass: number, size: number): readonly number[] {
  const initial = classes[infoClass];
  if (initial === undefined) throw new Win32Error(ERROR.INVALID_PARAMETER);
  if (size !== initial.length) throw new Win32Error(ERROR.BAD_LENGTH);
  return initial;
}

/** 64-bit processes have no file system redirection. */
function requireWow64({ pointerSize }: Thread): boolean {
  if (pointerSize === 8) throw new Win32Error(ERROR.INVALID_FUNCTION);
  return true;
}

/** "Must be page-aligned", and committed: hints that change nothing here. Returns an error code. */
function checkPages({ memory }: Thread, address: number, size: number): number {
  if (address % 0x1000 !== 0 || size === 0 || size % 0x1000 !== 0) return ERROR.INVALID_PARAMETER;
  return memory.accessible(address, size, "read") ? ERROR.SUCCESS : ERROR.INVALID_PARAMETER;
}
