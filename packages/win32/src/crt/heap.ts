import { alias, api, CrtError, InvalidParameterError, ERRNO, errno, fn, INT, OPAQUE, PVOID, SIZE_T, VOID, CALLBACK } from "@decant/hook";
import { implement, type Thread } from "@decant/process";
import { BOTH, CDECL, MSVCRT, UCRT } from "./dlls.ts";

const BLOCK = errno(PVOID, 0);

/** Memory allocation: malloc's heap is the process heap. */
export const heapApi = api(
  BOTH,
  {
    malloc: fn(BLOCK, ["size", SIZE_T]),
    calloc: fn(BLOCK, ["num", SIZE_T], ["size", SIZE_T]),
    realloc: fn(BLOCK, ["memblock", PVOID], ["size", SIZE_T]),
    free: fn(VOID, ["memblock", PVOID]),
    _recalloc: fn(BLOCK, ["memblock", PVOID], ["num", SIZE_T], ["size", SIZE_T]),
    _expand: fn(BLOCK, ["memblock", PVOID], ["size", SIZE_T]),
    _msize: fn(errno(SIZE_T, -1), ["memblock", PVOID]),
    _aligned_malloc: fn(BLOCK, ["size", SIZE_T], ["alignment", SIZE_T]),
    _aligned_realloc: fn(BLOCK, ["memblock", PVOID], ["size", SIZE_T], ["alignment", SIZE_T]),
    _aligned_free: fn(VOID, ["memblock", PVOID]),
    _heapchk: fn(INT),
    _heapmin: fn(INT),
    _get_heap_handle: fn(OPAQUE),
  },
  CDECL,
);

/** C++'s operators new and delete, and the handlers that go with them, as msvcrt exports them. */
export const msvcrtHeapApi = api(
  MSVCRT,
  {
    "??2@YAPEAX_K@Z": fn(BLOCK, ["size", SIZE_T]),
    "??3@YAXPEAX@Z": fn(VOID, ["memblock", PVOID]),
    "??_U@YAPEAX_K@Z": fn(BLOCK, ["size", SIZE_T]),
    "??_V@YAXPEAX@Z": fn(VOID, ["memblock", PVOID]),
    _set_new_mode: fn(INT, ["mode", INT]),
    "?_set_new_mode@@YAHH@Z": alias("_set_new_mode"),
    "?_set_new_handler@@YAP6AH_K@ZP6AH0@Z@Z": fn(PVOID, ["handler", CALLBACK]),
  },
  CDECL,
);

/** Allocation under the names that the ucrt adds. */
export const ucrtHeapApi = api(
  UCRT,
  { _malloc_base: alias("malloc"), _calloc_base: alias("calloc"), _realloc_base: alias("realloc"), _free_base: alias("free") },
  CDECL,
);

const HEAP_OK = -2;
const MAX_SIZE = 0xefff_0000;

export const heap = implement(heapApi, {
  malloc: allocate,
  calloc(thread, num, size) {
    const total = num * size;
    if (total > MAX_SIZE) throw new CrtError(ERRNO.ENOMEM);
    return checked(thread.process.heap.allocate(total, true));
  },
  realloc(thread, memblock, size) {
    if (memblock === 0) return allocate(thread, size);
    if (size === 0) {
      thread.process.heap.free(memblock);
      return 0;
    }
    return checked(size > MAX_SIZE ? 0 : thread.process.heap.reallocate(memblock, size));
  },
  free,
  _recalloc(thread, memblock, num, size) {
    const total = num * size;
    if (total > MAX_SIZE) throw new CrtError(ERRNO.ENOMEM);
    const { heap } = thread.process;
    return checked(memblock === 0 ? heap.allocate(total, true) : heap.reallocate(memblock, total, { zero: true }));
  },
  _expand: (thread, memblock, size) => checked(thread.process.heap.reallocate(memblock, size, { inPlace: true })),
  _msize(thread, memblock) {
    if (memblock === 0) throw new InvalidParameterError(ERRNO.EINVAL);
    return thread.process.heap.size(memblock);
  },
  _aligned_malloc: allocateAligned,
  _aligned_realloc(thread, memblock, size, alignment) {
    if (memblock === 0) return allocateAligned(thread, size, alignment);
    if (size === 0) {
      freeAligned(thread, memblock);
      return 0;
    }
    const block = thread.memory.u32(memblock - 8);
    const kept = Math.min(size, thread.process.heap.size(block) - (memblock - block));
    const moved = allocateAligned(thread, size, alignment);
    thread.memory.copy(moved, memblock, kept);
    freeAligned(thread, memblock);
    return moved;
  },
  _aligned_free: freeAligned,
  _heapchk: () => HEAP_OK,
  _heapmin: () => 0,
  _get_heap_handle: () => 0x1_0000n,
});

export const msvcrtHeap = implement(msvcrtHeapApi, {
  "??2@YAPEAX_K@Z": allocate,
  "??3@YAXPEAX@Z": free,
  "??_U@YAPEAX_K@Z": allocate,
  "??_V@YAXPEAX@Z": free,
  _set_new_mode: () => 0,
  "?_set_new_handler@@YAP6AH_K@ZP6AH0@Z@Z": () => 0,
});

/** Hot: 10^5 calls a run. */
function allocate(thread: Thread, size: number): number {
  return checked(size > MAX_SIZE ? 0 : thread.process.heap.allocate(size));
}

function free(thread: Thread, memblock: number): void {
  if (memblock !== 0) thread.process.heap.free(memblock);
}

function checked(address: number): number {
  if (address === 0) throw new CrtError(ERRNO.ENOMEM);
  return address;
}

/** The word before an aligned block is the address of the heap's block. */
function allocateAligned(thread: Thread, size: number, alignment: number): number {
  if (alignment === 0 || (alignment & (alignment - 1)) !== 0) throw new InvalidParameterError(ERRNO.EINVAL);
  const step = Math.max(alignment, 8);
  const block = checked(size > MAX_SIZE ? 0 : thread.process.heap.allocate(size + step + 8));
  const address = Math.ceil((block + 8) / step) * step;
  thread.memory.setPointer(address - 8, block);
  return address;
}

function freeAligned(thread: Thread, memblock: number): void {
  if (memblock !== 0) thread.process.heap.free(thread.memory.u32(memblock - 8));
}
