import { ERROR, Win32Error, type AnyType, type Handle, type Out } from "@decant/hook";
import { implement, KernelObject, type Process, type Thread } from "@decant/process";
import { MODULEENTRY32, MODULEENTRY32W, PROCESSENTRY32, PROCESSENTRY32W, THREADENTRY32, toolhelpApi } from "./toolhelp.api.ts";

const SNAP = { PROCESS: 2, THREAD: 4, MODULE: 8 } as const;
const SYSTEM_PROCESS_ID = 4;
const NORMAL_BASE_PRIORITY = 8;

type Entry = Readonly<Record<string, number | string>>;
type List = "processes" | "modules" | "threads";

/** What there was when the snapshot was made. */
class Snapshot extends KernelObject {
  readonly #lists: Readonly<Record<List, readonly Entry[]>>;
  readonly #next: Record<List, number> = { processes: 0, modules: 0, threads: 0 };

  constructor(lists: Readonly<Record<List, readonly Entry[]>>) {
    super();
    this.#lists = lists;
  }

  /** The first entry of a list, or the next one. Throws ERROR_NO_MORE_FILES at the end. */
  take(list: List, first: boolean): Entry {
    const index = first ? 0 : this.#next[list];
    const entry = this.#lists[list][index];
    if (entry === undefined) throw new Win32Error(ERROR.NO_MORE_FILES);
    this.#next[list] = index + 1;
    return entry;
  }
}

/** Snapshots: of the guest's own processes, never of the host's. */
export const toolhelp = implement(toolhelpApi, {
  CreateToolhelp32Snapshot(thread, dwFlags, th32ProcessID) {
    const { processes } = thread.kernel;
    const owner = th32ProcessID === 0 ? thread.process : [...processes].find(({ id }) => id === th32ProcessID);
    if (owner === undefined) throw new Win32Error(ERROR.INVALID_PARAMETER);
    const snapshot = new Snapshot({
      processes: (dwFlags & SNAP.PROCESS) === 0 ? [] : [...outsideEntries(thread), ...[...processes].map(processEntry)],
      threads: (dwFlags & SNAP.THREAD) === 0 ? [] : [...processes].flatMap((of) => [...of.threads].map((live) => threadEntry(of, live))),
      modules: (dwFlags & SNAP.MODULE) === 0 ? [] : moduleEntries(owner),
    });
    return thread.process.handles.add(snapshot, dwFlags >>> 31 === 1);
  },
  Process32First: (thread, hSnapshot, lppe) => take(thread, hSnapshot, "processes", true, lppe, PROCESSENTRY32),
  Process32Next: (thread, hSnapshot, lppe) => take(thread, hSnapshot, "processes", false, lppe, PROCESSENTRY32),
  Process32FirstW: (thread, hSnapshot, lppe) => take(thread, hSnapshot, "processes", true, lppe, PROCESSENTRY32W),
  Process32NextW: (thread, hSnapshot, lppe) => take(thread, hSnapshot, "processes", false, lppe, PROCESSENTRY32W),
  Module32First: (thread, hSnapshot, lpme) => take(thread, hSnapshot, "modules", true, lpme, MODULEENTRY32),
  Module32Next: (thread, hSnapshot, lpme) => take(thread, hSnapshot, "modules", false, lpme, MODULEENTRY32),
  Module32FirstW: (thread, hSnapshot, lpme) => take(thread, hSnapshot, "modules", true, lpme, MODULEENTRY32W),
  Module32NextW: (thread, hSnapshot, lpme) => take(thread, hSnapshot, "modules", false, lpme, MODULEENTRY32W),
  Thread32First: (thread, hSnapshot, lpte) => take(thread, hSnapshot, "threads", true, lpte, THREADENTRY32),
  Thread32Next: (thread, hSnapshot, lpte) => take(thread, hSnapshot, "threads", false, lpte, THREADENTRY32),
});

/** The caller says how large its structure is; a smaller one fails with ERROR_INSUFFICIENT_BUFFER. */
function take(thread: Thread, handle: Handle, list: List, first: boolean, place: Out<{ dwSize: number }, Entry>, type: AnyType): boolean {
  const snapshot = thread.process.handles.get(handle, Snapshot);
  const { dwSize } = place.get();
  if (dwSize < type.size(thread.pointerSize)) throw new Win32Error(ERROR.INSUFFICIENT_BUFFER);
  place.update(snapshot.take(list, first));
  return true;
}

/** What every Windows lists first, and the host's process that started the first guest. */
function outsideEntries({ kernel }: Thread): Entry[] {
  const entry = (id: number, parent: number, threads: number, name: string): Entry => ({
    cntUsage: 0,
    th32ProcessID: id,
    cntThreads: threads,
    th32ParentProcessID: parent,
    pcPriClassBase: NORMAL_BASE_PRIORITY,
    dwFlags: 0,
    szExeFile: name,
  });
  return [
    entry(0, 0, kernel.host.cpuCount, "[System Process]"),
    entry(SYSTEM_PROCESS_ID, 0, 1, "System"),
    entry(kernel.hostProcessId, SYSTEM_PROCESS_ID, 1, "decant.exe"),
  ];
}

function processEntry(of: Process): Entry {
  return {
    cntUsage: 0,
    th32ProcessID: of.id,
    cntThreads: of.threads.size,
    th32ParentProcessID: of.parentId,
    pcPriClassBase: NORMAL_BASE_PRIORITY,
    dwFlags: 0,
    szExeFile: of.name,
  };
}

function threadEntry(of: Process, live: Thread): Entry {
  return { cntUsage: 0, th32ThreadID: live.id, th32OwnerProcessID: of.id, tpBasePri: NORMAL_BASE_PRIORITY, tpDeltaPri: 0, dwFlags: 0 };
}

function moduleEntries(of: Process): Entry[] {
  return [...of.modules].map(({ name, path, base, size }) => ({
    th32ModuleID: 1,
    th32ProcessID: of.id,
    GlblcntUsage: 0xffff,
    ProccntUsage: 0xffff,
    modBaseAddr: base,
    modBaseSize: size,
    hModule: base,
    szModule: name,
    szExePath: path,
  }));
}
