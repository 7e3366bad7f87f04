import { ERROR, STATUS, Win32Error, type Handle } from "@decant/hook";
import { Heap, implement, PROCESS_HEAP, raise, type Process, type Thread } from "@decant/process";
import { heapApi } from "./heap.api.ts";

const FLAG = { GENERATE_EXCEPTIONS: 4, ZERO_MEMORY: 8, REALLOC_IN_PLACE_ONLY: 0x10 } as const;
const MEM_ZEROINIT = 0x40;
/** Handles of heaps that HeapCreate made: told apart from the process heap's and from handles of objects. */
const FIRST_HEAP_HANDLE = 0x0002_0000;
const HEAP_HANDLE_STEP = 0x1_0000;
const MAX_HEAPS = 0x1000;

class Heaps {
  readonly #heaps = new Map<number, Heap>();
  readonly #process: Process;

  constructor(process: Process) {
    this.#process = process;
  }

  static of({ process }: Thread): Heaps {
    return process.state(Heaps, () => new Heaps(process));
  }

  get handles(): number[] {
    return [PROCESS_HEAP, ...this.#heaps.keys()];
  }

  create(maximum: number): Handle {
    if (this.#heaps.size >= MAX_HEAPS) throw new Win32Error(ERROR.NOT_ENOUGH_MEMORY);
    let handle = FIRST_HEAP_HANDLE;
    while (this.#heaps.has(handle)) handle += HEAP_HANDLE_STEP;
    this.#heaps.set(
      handle,
      maximum === 0 ? new Heap(this.#process.memory) : new Heap(this.#process.memory, Math.ceil(maximum / 0x1_0000) * 0x1_0000),
    );
    return handle as Handle;
  }

  get(handle: Handle): Heap {
    if (handle === PROCESS_HEAP) return this.#process.heap;
    const heap = this.#heaps.get(handle);
    if (heap === undefined) throw new Win32Error(ERROR.INVALID_HANDLE);
    return heap;
  }

  destroy(handle: Handle): void {
    if (handle === PROCESS_HEAP) throw new Win32Error(ERROR.INVALID_HANDLE);
    this.get(handle).destroy();
    this.#heaps.delete(handle);
  }
}

/** HeapAlloc and HeapFree are called 10^6 times a run: the process heap is found without a look-up. */
function heapOf(thread: Thread, hHeap: Handle): Heap {
  return hHeap === PROCESS_HEAP ? thread.process.heap : Heaps.of(thread).get(hHeap);
}

/** Heaps. A pointer that is no block ends the guest, as heap corruption does on Windows. */
export const heap = implement(heapApi, {
  GetProcessHeap: () => PROCESS_HEAP as Handle,
  GetProcessHeaps(thread, NumberOfHeaps, ProcessHeaps) {
    const { handles } = Heaps.of(thread);
    handles.slice(0, NumberOfHeaps).forEach((handle, index) => thread.memory.setPointer(ProcessHeaps + thread.pointerSize * index, handle));
    return handles.length;
  },
  HeapCreate: (thread, _flOptions, _dwInitialSize, dwMaximumSize) => Heaps.of(thread).create(dwMaximumSize),
  HeapDestroy(thread, hHeap) {
    Heaps.of(thread).destroy(hHeap);
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
