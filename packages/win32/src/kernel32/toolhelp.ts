import { ERROR, Win32Error, type AcceptedOf, type AnyType, type Handle, type Out, type ValueOf } from "@decant/hook";
import { implement, KernelObject, PROCESS_HEAP, type Process, type Thread } from "@decant/process";
import { Heaps } from "./heaps.ts";
import {
  HEAPENTRY32,
  HEAPLIST32,
  MODULEENTRY32,
  MODULEENTRY32W,
  PROCESSENTRY32,
  PROCESSENTRY32W,
  THREADENTRY32,
  toolhelpApi,
} from "./toolhelp.api.ts";

const SNAP = { HEAPLIST: 1, PROCESS: 2, THREAD: 4, MODULE: 8 } as const;
const SYSTEM_PROCESS_ID = 4;
const NORMAL_BASE_PRIORITY = 8;
const HF32_DEFAULT = 1;
const LF32_FIXED = 1;

type Entry = Readonly<Record<string, number | string>>;
type List = "heaps" | "processes" | "modules" | "threads";
type HeapEntryPlace = Out<ValueOf<typeof HEAPENTRY32>, AcceptedOf<typeof HEAPENTRY32>>;

/** What there was when the snapshot was made. */
class Snapshot extends KernelObject {
  readonly #lists: Readonly<Record<List, readonly Entry[]>>;
  readonly #next: Record<List, number> = { heaps: 0, processes: 0, modules: 0, threads: 0 };

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
    const owner = processOf(thread, th32ProcessID);
    const snapshot = new Snapshot({
      heaps: (dwFlags & SNAP.HEAPLIST) === 0 ? [] : heapEntries(owner),
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
  Heap32ListFirst: (thread, hSnapshot, lphl) => take(thread, hSnapshot, "heaps", true, lphl, HEAPLIST32),
  Heap32ListNext: (thread, hSnapshot, lphl) => take(thread, hSnapshot, "heaps", false, lphl, HEAPLIST32),
  Heap32First: (thread, lphe, th32ProcessID, th32HeapID) => takeBlock(thread, lphe, { th32ProcessID, th32HeapID, dwResvd: 0 }),
  Heap32Next: (thread, lphe) => takeBlock(thread, lphe, lphe.get()),
});

/** The process of an id, the caller's own for 0. */
function processOf(thread: Thread, id: number): Process {
  const found = id === 0 ? thread.process : [...thread.kernel.processes].find((process) => process.id === id);
  if (found === undefined) throw new Win32Error(ERROR.INVALID_PARAMETER);
  return found;
}

/** The blocks of heaps that are being walked, as they were when the walk began. */
class WalkedBlocks {
  readonly lists = new Map<string, readonly (readonly [address: number, size: number])[]>();
}

/** Stores the block in use of a heap at the index that the entry's reserved field counts. */
function takeBlock(
  thread: Thread,
  place: HeapEntryPlace,
  { th32ProcessID, th32HeapID, dwResvd }: { readonly th32ProcessID: number; readonly th32HeapID: number; readonly dwResvd: number },
): boolean {
  if (place.get().dwSize < HEAPENTRY32.size(thread.pointerSize)) throw new Win32Error(ERROR.BAD_LENGTH);
  const { lists } = thread.process.state(WalkedBlocks, () => new WalkedBlocks());
  const key = `${th32ProcessID} ${th32HeapID}`;
  const walked = dwResvd === 0 ? undefined : lists.get(key);
  const blocks = walked ?? [
    ...Heaps.of(processOf(thread, th32ProcessID))
      .get(th32HeapID as Handle)
      .blocks(),
  ];
  const block = blocks[dwResvd];
  if (block === undefined) lists.delete(key);
  else lists.set(key, blocks);
  if (block === undefined) throw new Win32Error(ERROR.NO_MORE_FILES);
  const [address, size] = block;
  place.update({
    hHandle: address,
    dwAddress: address,
    dwBlockSize: size,
    dwFlags: LF32_FIXED,
    dwLockCount: 0,
    dwResvd: dwResvd + 1,
    th32ProcessID,
    th32HeapID,
  });
  return true;
}

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

function heapEntries(of: Process): Entry[] {
  return Heaps.of(of).handles.map((handle) => ({
    th32ProcessID: of.id,
    th32HeapID: handle,
    dwFlags: handle === PROCESS_HEAP ? HF32_DEFAULT : 0,
  }));
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
