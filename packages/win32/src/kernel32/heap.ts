import { ERROR, STATUS, Win32Error, type Handle } from "@decant/hook";
import { implement, PROCESS_HEAP, raise, type Heap, type Process, type Thread } from "@decant/process";
import { heapApi } from "./heap.api.ts";
import { Heaps } from "./heaps.ts";

const FLAG = { GENERATE_EXCEPTIONS: 4, ZERO_MEMORY: 8, REALLOC_IN_PLACE_ONLY: 0x10 } as const;
const MEM_ZEROINIT = 0x40;
const PROCESS_HEAP_ENTRY_BUSY = 4;
/** HeapAlloc and HeapFree are called 10^6 times a run: the process heap is found without a look-up. */
function heapOf(thread: Thread, hHeap: Handle): Heap {
  return hHeap === PROCESS_HEAP ? thread.process.heap : Heaps.of(thread.process).get(hHeap);
}

/** Heaps. A pointer that is no block ends the guest, as heap corruption does on Windows. */
export const heap = implement(heapApi, {
  GetProcessHeap: () => PROCESS_HEAP as Handle,
  GetProcessHeaps(thread, NumberOfHeaps, ProcessHeaps) {
    const { handles } = Heaps.of(thread.process);
    handles.slice(0, NumberOfHeaps).forEach((handle, index) => thread.memory.setPointer(ProcessHeaps + thread.pointerSize * index, handle));
    return handles.length;
  },
  HeapCreate: (thread, _flOptions, _dwInitialSize, dwMaximumSize) => Heaps.of(thread.process).create(dwMaximumSize),
  HeapDestroy(thread, hHeap) {
    Heaps.of(thread.process).destroy(hHeap);
    return true;
  },

  HeapAlloc(thread, hHeap, dwFlags, dwBytes) {
    const block = heapOf(thread, hHeap).allocate(dwBytes, (dwFlags & FLAG.ZERO_MEMORY) !== 0);
    return block === 0 && (dwFlags & FLAG.GENERATE_EXCEPTIONS) !== 0 ? noMemory(thread) : block;
  },
  HeapReAlloc(thread, hHeap, dwFlags, lpMem, dwBytes) {
    if (lpMem === 0) return 0; // the Heap functions set no last error
    const options = { zero: (dwFlags & FLAG.ZERO_MEMORY) !== 0, inPlace: (dwFlags & FLAG.REALLOC_IN_PLACE_ONLY) !== 0 };
    const block = heapOf(thread, hHeap).reallocate(lpMem, dwBytes, options);
    return block === 0 && (dwFlags & FLAG.GENERATE_EXCEPTIONS) !== 0 ? noMemory(thread) : block;
  },
  HeapFree(thread, hHeap, _dwFlags, lpMem) {
    if (lpMem !== 0) heapOf(thread, hHeap).free(lpMem);
    return true;
  },
  HeapSize: (thread, hHeap, _dwFlags, lpMem) => heapOf(thread, hHeap).size(lpMem),
  HeapValidate(thread, hHeap, _dwFlags, lpMem) {
    const found = heapOf(thread, hHeap);
    return lpMem === 0 || found.has(lpMem);
  },
  HeapCompact: () => 0x10_0000,
  HeapLock: () => true,
  HeapUnlock: () => true,
  HeapSetInformation: () => true,
  HeapQueryInformation(thread, _HeapHandle, HeapInformationClass, HeapInformation, HeapInformationLength, ReturnLength) {
    if (HeapInformationClass !== 0) throw new Win32Error(ERROR.INVALID_PARAMETER);
    ReturnLength.set(4);
    if (HeapInformationLength < 4) throw new Win32Error(ERROR.INSUFFICIENT_BUFFER);
    thread.memory.setU32(HeapInformation, 2); // a low-fragmentation heap
    return true;
  },

  HeapWalk(thread, hHeap, lpEntry) {
    const { lpData } = lpEntry.get();
    const block = Walks.of(thread.process).next(hHeap, heapOf(thread, hHeap), lpData);
    if (block === undefined) throw new Win32Error(ERROR.NO_MORE_ITEMS);
    const [address, size] = block;
    lpEntry.set({ lpData: address, cbData: size, wFlags: PROCESS_HEAP_ENTRY_BUSY });
    return true;
  },

  GlobalAlloc: allocate,
  GlobalReAlloc: (thread, hMem, dwBytes, uFlags) => reallocate(thread, hMem, dwBytes, uFlags),
  GlobalFree: free,
  GlobalLock: (_thread, hMem) => hMem,
  GlobalUnlock(thread) {
    thread.lastError = ERROR.NOT_LOCKED; // fixed memory has no lock to count
    return true;
  },
  GlobalSize: sizeOf,
  GlobalHandle: (_thread, pMem) => pMem,
  GlobalFlags: () => 0,
  LocalAlloc: allocate,
  LocalReAlloc: (thread, hMem, uBytes, uFlags) => reallocate(thread, hMem, uBytes, uFlags),
  LocalFree: free,
  LocalLock: (_thread, hMem) => hMem,
  LocalUnlock(thread) {
    thread.lastError = ERROR.NOT_LOCKED;
    return false;
  },
  LocalSize: sizeOf,
  LocalFlags: () => 0,
});

/** How far HeapWalk has come in each heap. */
class Walks {
  readonly #walks = new Map<Handle, { at: number; readonly rest: Iterator<readonly [address: number, size: number]> }>();

  static of(process: Process): Walks {
    return process.state(Walks, () => new Walks());
  }

  /** The block in use after one, the first one after 0; undefined after the last. */
  next(handle: Handle, walked: Heap, after: number): readonly [address: number, size: number] | undefined {
    let walk = this.#walks.get(handle);
    if (walk?.at !== after || after === 0) {
      walk = { at: 0, rest: walked.blocks() };
      this.#walks.set(handle, walk);
      while (walk.at !== after) {
        const passed = walk.rest.next();
        if (passed.done === true) return undefined;
        walk.at = passed.value[0];
      }
    }
    const { done, value } = walk.rest.next();
    if (done === true) return undefined;
    walk.at = value[0];
    return value;
  }
}

function noMemory(thread: Thread) {
  return raise(thread, {
    code: STATUS.NO_MEMORY,
    flags: 0,
    address: thread.memory.u32(thread.rsp),
    parameters: [],
    description: "a heap that raises exceptions is out of memory",
  });
}

/** Movable memory is fixed too: its handle is its address. */
function allocate(thread: Thread, uFlags: number, bytes: number): number {
  const block = thread.process.heap.allocate(bytes, (uFlags & MEM_ZEROINIT) !== 0);
  if (block === 0) throw new Win32Error(ERROR.NOT_ENOUGH_MEMORY);
  return block;
}

function sizeOf({ process }: Thread, block: number): number {
  if (!process.heap.has(block)) throw new Win32Error(ERROR.INVALID_HANDLE);
  return process.heap.size(block);
}

function reallocate(thread: Thread, block: number, bytes: number, uFlags: number): number {
  if (!thread.process.heap.has(block)) throw new Win32Error(ERROR.INVALID_HANDLE);
  const moved = thread.process.heap.reallocate(block, bytes, { zero: (uFlags & MEM_ZEROINIT) !== 0 });
  if (moved === 0) throw new Win32Error(ERROR.NOT_ENOUGH_MEMORY);
  return moved;
}

/** What is no block comes back, with ERROR_INVALID_HANDLE. */
function free(thread: Thread, block: number): number {
  if (block === 0) return 0;
  if (!thread.process.heap.has(block)) {
    thread.lastError = ERROR.INVALID_HANDLE;
    return block;
  }
  thread.process.heap.free(block);
  return 0;
}
