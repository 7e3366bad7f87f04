import { ERROR, NULL_HANDLE, Win32Error, type Handle, type Out } from "@decant/hook";
import { PAGE_SIZE } from "@decant/memory";
import { exitProcess, implement, ProcessObject, type Module, type Process, type Thread } from "@decant/process";
import { fileTimeFromMs } from "../files/file-time.ts";
import { kernelPath } from "../files/volume-names.ts";
import { tellOfMissing } from "./missing-function.ts";
import { MODULEINFO, PERFORMANCE_INFORMATION, processApi } from "./process.api.ts";
import { PHYSICAL_BYTES } from "./system-info.ts";

const SYSTEM_PROCESS_ID = 4;
const CURRENT_PROCESS = -1 as Handle;
const NORMAL_PRIORITY_CLASS = 0x20;
const COUNTERS_SIZE = 72;
/** What GetMappedFileName says of memory that no file is mapped to. */
const UNEXP_NET_ERR = 59;
const PRIORITY_BOOST_DISABLED = new WeakSet<Process>();

/** Processes. Guests see each other, never the host's processes. */
export const process = implement(processApi, {
  GetCurrentProcess: () => CURRENT_PROCESS,
  GetCurrentProcessId: (thread) => thread.process.id,
  GetProcessId: (thread, Process) => processOf(thread, Process).id,
  OpenProcess(thread, _dwDesiredAccess, bInheritHandle, dwProcessId) {
    const found = [...thread.kernel.processes].find(({ id }) => id === dwProcessId);
    // What is outside of the guests may be seen, and not touched.
    if (dwProcessId === SYSTEM_PROCESS_ID || dwProcessId === thread.kernel.hostProcessId) throw new Win32Error(ERROR.ACCESS_DENIED);
    if (found === undefined) throw new Win32Error(ERROR.INVALID_PARAMETER);
    return thread.process.handles.add(found.object, bInheritHandle);
  },

  ExitProcess(thread, uExitCode) {
    tellOfMissing(thread);
    return exitProcess(thread, uExitCode);
  },
  FatalExit: (thread, ExitCode) => exitProcess(thread, ExitCode),
  TerminateProcess(thread, hProcess, uExitCode) {
    if (hProcess === NULL_HANDLE) throw new Win32Error(ERROR.INVALID_HANDLE);
    processOf(thread, hProcess).terminate(uExitCode);
    return true;
  },
  GetExitCodeProcess(thread, hProcess, lpExitCode) {
    lpExitCode.set(thread.process.handles.get(hProcess, ProcessObject).exitCode);
    return true;
  },

  GetProcessTimes(thread, hProcess, lpCreationTime, lpExitTime, lpKernelTime, lpUserTime) {
    const { process: of } = thread.process.handles.get(hProcess, ProcessObject);
    const { busyMs } = of;
    lpCreationTime.set(fileTimeFromMs(of.startedAt));
    lpExitTime.set(of.endedAt === undefined ? 0n : fileTimeFromMs(of.endedAt));
    lpKernelTime.set(0n);
    lpUserTime.set(BigInt(Math.floor(busyMs * 10_000)));
    return true;
  },

  GetProcessAffinityMask(thread, hProcess, lpProcessAffinityMask, lpSystemAffinityMask) {
    const all = 2 ** Math.min(processOf(thread, hProcess).host.cpuCount, 53) - 1;
    lpProcessAffinityMask.set(all);
    lpSystemAffinityMask.set(all);
    return true;
  },
  /** Guest threads share one processor: which ones they may use makes no difference. */
  SetProcessAffinityMask(thread, hProcess, dwProcessAffinityMask) {
    const all = 2 ** Math.min(processOf(thread, hProcess).host.cpuCount, 53) - 1;
    if (dwProcessAffinityMask <= 0 || dwProcessAffinityMask > all) throw new Win32Error(ERROR.INVALID_PARAMETER);
    return true;
  },
  GetPriorityClass(thread, hProcess) {
    processOf(thread, hProcess);
    return NORMAL_PRIORITY_CLASS;
  },
  SetPriorityClass(thread, hProcess, dwPriorityClass) {
    processOf(thread, hProcess);
    if (![0x20, 0x40, 0x80, 0x100, 0x4000, 0x8000].includes(dwPriorityClass)) throw new Win32Error(ERROR.INVALID_PARAMETER);
    return true;
  },
  GetProcessPriorityBoost(thread, hProcess, pDisablePriorityBoost) {
    pDisablePriorityBoost.set(PRIORITY_BOOST_DISABLED.has(processOf(thread, hProcess)));
    return true;
  },
  /** Remembered and told, without effect. */
  SetProcessPriorityBoost(thread, hProcess, bDisablePriorityBoost) {
    if (bDisablePriorityBoost) PRIORITY_BOOST_DISABLED.add(processOf(thread, hProcess));
    else PRIORITY_BOOST_DISABLED.delete(processOf(thread, hProcess));
    return true;
  },
  GetProcessHandleCount(thread, hProcess, pdwHandleCount) {
    pdwHandleCount.set(processOf(thread, hProcess).handles.count);
    return true;
  },
  GetProcessWorkingSetSize(thread, hProcess, lpMinimumWorkingSetSize, lpMaximumWorkingSetSize) {
    processOf(thread, hProcess);
    lpMinimumWorkingSetSize.set(0x3_2000);
    lpMaximumWorkingSetSize.set(0x15_9000);
    return true;
  },
  SetProcessWorkingSetSize(thread, hProcess) {
    processOf(thread, hProcess);
    return true;
  },
  SetProcessShutdownParameters: () => true,
  ProcessIdToSessionId(thread, dwProcessId, pSessionId) {
    if (![...thread.kernel.processes].some(({ id }) => id === dwProcessId)) throw new Win32Error(ERROR.INVALID_PARAMETER);
    pSessionId.set(1);
    return true;
  },
  IsWow64Process(thread, hProcess, Wow64Process) {
    Wow64Process.set(processOf(thread, hProcess).memory.pointerSize === 4);
    return true;
  },

  QueryFullProcessImageName(thread, hProcess, dwFlags, lpExeName, lpdwSize) {
    const { path } = processOf(thread, hProcess);
    const shown = (dwFlags & 1) !== 0 ? kernelPath(path) : path;
    const { written, needed } = lpExeName.write(shown, lpdwSize.get());
    if (written === 0 && needed > 1) throw new Win32Error(ERROR.INSUFFICIENT_BUFFER);
    lpdwSize.set(written);
    return true;
  },
  K32EnumProcesses(thread, lpidProcess, cb, lpcbNeeded) {
    const ids = [...thread.kernel.processes].map(({ id }) => id).slice(0, Math.floor(cb / 4));
    lpidProcess.write(ids);
    lpcbNeeded.set(4 * ids.length);
    return true;
  },
  K32EnumProcessModules: (thread, hProcess, lphModule, cb, lpcbNeeded) => listModules(thread, hProcess, lphModule, cb, lpcbNeeded),
  K32EnumProcessModulesEx: (thread, hProcess, lphModule, cb, lpcbNeeded) => listModules(thread, hProcess, lphModule, cb, lpcbNeeded),
  K32GetProcessMemoryInfo(thread, Process, ppsmemCounters, cb) {
    const { committedBytes, peakCommittedBytes } = processOf(thread, Process).memory;
    if (cb < COUNTERS_SIZE) throw new Win32Error(ERROR.INSUFFICIENT_BUFFER);
    ppsmemCounters.set({
      cb: COUNTERS_SIZE,
      WorkingSetSize: committedBytes,
      PeakWorkingSetSize: peakCommittedBytes,
      PagefileUsage: committedBytes,
      PeakPagefileUsage: peakCommittedBytes,
    });
    return true;
  },
  K32GetPerformanceInfo(thread, pPerformanceInformation, cb) {
    if (cb < PERFORMANCE_INFORMATION.size(thread.pointerSize)) throw new Win32Error(ERROR.BAD_LENGTH);
    const all = [...thread.kernel.processes];
    const sum = (what: (of: Process) => number): number => all.reduce((total, of) => total + what(of), 0);
    const pages = (bytes: number): number => Math.ceil(bytes / PAGE_SIZE);
    const committed = sum(({ memory }) => memory.committedBytes);
    pPerformanceInformation.set({
      cb: PERFORMANCE_INFORMATION.size(thread.pointerSize),
      CommitTotal: pages(committed),
      CommitLimit: pages(PHYSICAL_BYTES),
      CommitPeak: pages(sum(({ memory }) => memory.peakCommittedBytes)),
      PhysicalTotal: pages(PHYSICAL_BYTES),
      PhysicalAvailable: pages(Math.max(0, PHYSICAL_BYTES - committed)),
      PageSize: PAGE_SIZE,
      HandleCount: sum(({ handles }) => handles.count),
      ProcessCount: all.length,
      ThreadCount: sum(({ threads }) => threads.size),
    });
    return true;
  },
  K32GetProcessImageFileName(thread, hProcess, lpImageFileName, nSize) {
    const { written } = lpImageFileName.write(kernelPath(processOf(thread, hProcess).path), nSize);
    if (written === 0) throw new Win32Error(ERROR.INSUFFICIENT_BUFFER);
    return written;
  },
  K32GetModuleFileNameEx(thread, hProcess, hModule, lpFilename, nSize) {
    return lpFilename.writeTruncated(moduleOf(thread, hProcess, hModule).path, nSize).written;
  },
  K32GetModuleBaseName(thread, hProcess, hModule, lpBaseName, nSize) {
    return lpBaseName.writeTruncated(moduleOf(thread, hProcess, hModule).name, nSize).written;
  },
  K32GetModuleInformation(thread, hProcess, hModule, lpmodinfo, cb) {
    const { base, size, image } = moduleOf(thread, hProcess, hModule);
    if (cb < MODULEINFO.size(thread.pointerSize)) throw new Win32Error(ERROR.INSUFFICIENT_BUFFER);
    lpmodinfo.set({ lpBaseOfDll: base, SizeOfImage: size, EntryPoint: image.entryPoint === 0 ? 0 : base + image.entryPoint });
    return true;
  },
  K32GetMappedFileName(thread, hProcess, lpv, lpFilename, nSize) {
    const found = processOf(thread, hProcess).modules.at(lpv);
    if (found === undefined) throw new Win32Error(UNEXP_NET_ERR);
    return lpFilename.writeTruncated(kernelPath(found.path), nSize).written;
  },
  K32EmptyWorkingSet(thread, hProcess) {
    processOf(thread, hProcess);
    return true;
  },
});

/** The handles of a process's modules: as many as there is room for. */
function listModules(thread: Thread, handle: Handle, into: { write(bases: number[]): void }, room: number, needed: Out<number>): boolean {
  const bases = [...processOf(thread, handle).modules].map(({ base }) => base);
  into.write(bases.slice(0, Math.floor(room / thread.pointerSize)));
  needed.set(thread.pointerSize * bases.length);
  return true;
}

/** A module of a process; NULL is its program. */
function moduleOf(thread: Thread, handle: Handle, base: number): Module {
  const { modules } = processOf(thread, handle);
  const module = base === 0 ? modules.program : modules.byBase(base);
  if (module === undefined) throw new Win32Error(ERROR.INVALID_HANDLE);
  return module;
}

/** The process that a handle is of. */
export function processOf(thread: Thread, handle: Handle): Process {
  return thread.process.handles.get(handle, ProcessObject).process;
}
