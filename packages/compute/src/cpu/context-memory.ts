import { HEAP_HEADER_BYTES } from "@decant/ptx";
import { AllocationMap, CUDA_ERROR, CudaError } from "@decant/cuda";
import { Scratch } from "./scratch.ts";
import {
  ALLOCATION_TABLE_BYTES,
  ARENA_TAG,
  DEVICE_HEAP_BYTES,
  GRID_WORKSPACE_BYTES,
  LAUNCH_SLOTS,
  MEMORY_MAP,
  PRINTF_FIFO_BYTES,
  SLOT_BYTES,
} from "./device.ts";

let nextId = 1;

/** The device memory of one context. Addresses are device pointers; offsets are addresses in the WebAssembly memory. */
export class ContextMemory {
  readonly id = nextId++;
  readonly wasm: WebAssembly.Memory;
  readonly bytes: Uint8Array;
  readonly view: DataView;
  readonly words: Int32Array;
  /** Added to an offset it gives a device pointer. */
  readonly base: number;
  /** Of a C long among what kernels print. */
  longBytes: 4 | 8 = 8;
  readonly #allocations = new AllocationMap();
  /** The memory of modules, and in it the variables themselves. */
  readonly #variables = new AllocationMap();
  readonly #ranges = new AllocationMap();
  readonly #ends = {
    allocations: MEMORY_MAP.allocations as number,
    variables: MEMORY_MAP.variables as number,
  };
  /** What workers need to run blocks, by launch slot. */
  readonly scratch = new Scratch(MEMORY_MAP.scratch, MEMORY_MAP.end);
  /** How often the ranges have changed, and how often they had when each table was written. */
  #version = 1;
  readonly #tableVersions: number[] = [];
  #heap: Place = { at: MEMORY_MAP.heap, size: DEVICE_HEAP_BYTES };
  #output: Place = { at: MEMORY_MAP.output, size: PRINTF_FIFO_BYTES };
  /** Above lie a heap and an output that were made larger; below, the variables. */
  #top: number = MEMORY_MAP.heap;
  #usesHeap = false;
  #usesOutput = false;
  #usesGridWorkspace = false;

  constructor(slot: number) {
    this.base = (ARENA_TAG + slot) * SLOT_BYTES;
    this.wasm = newMemory();
    const { buffer } = this.wasm;
    this.bytes = new Uint8Array(buffer);
    this.view = new DataView(buffer);
    this.words = new Int32Array(buffer);
  }

  offset(address: number): number {
    return address - this.base;
  }

  allocate(address: number, size: number): void {
    const offset = this.offset(address);
    if (!this.#allocations.add(offset, size)) throw new CudaError(CUDA_ERROR.INVALID_VALUE, "the allocation overlaps another");
    // Fresh pages are zero; what was used before is made so.
    if (offset < this.#ends.allocations) this.bytes.fill(0, offset, Math.min(offset + size, this.#ends.allocations));
    this.#ends.allocations = Math.max(this.#ends.allocations, offset + size);
    this.#version++;
  }

  free(address: number): void {
    this.#allocations.remove(this.offset(address));
    this.#version++;
  }

  /** Reserves room for a module's variables, zeroed: an offset. */
  reserveVariables(size: number): number {
    let at: number = MEMORY_MAP.variables;
    for (const { address, size: taken } of this.#variables) {
      if (address - at >= size) break;
      at = Math.max(at, alignUp(address + taken, 256));
    }
    if (at + size > this.#top) throw new CudaError(CUDA_ERROR.OUT_OF_MEMORY, "no room for the module's variables");
    if (size > 0) this.#variables.add(at, size);
    this.bytes.fill(0, at, at + size);
    this.#ends.variables = Math.max(this.#ends.variables, at + size);
    return at;
  }

  releaseVariables(offset: number): void {
    this.#variables.remove(offset);
  }

  /** Makes each variable a range of its own, that kernels may access. */
  addVariables(variables: readonly { readonly offset: number; readonly size: number }[]): void {
    for (const variable of variables) if (variable.size > 0) this.#ranges.add(variable.offset, variable.size);
    this.#version++;
  }

  removeVariables(variables: readonly { readonly offset: number }[]): void {
    for (const { offset } of variables) this.#ranges.remove(offset);
    this.#version++;
  }

  /** Where kernels allocate from. */
  get heap(): Place {
    return this.#heap;
  }

  /** Where what they print waits to be taken. */
  get output(): Place {
    return this.#output;
  }

  /** Lets kernels access the heap that they allocate from, which is as large as it is from now on. */
  useHeap(): void {
    if (this.#usesHeap) return;
    this.#usesHeap = true;
    // Its lock and its lists are not for kernels.
    this.#ranges.add(this.#heap.at + HEAP_HEADER_BYTES, this.#heap.size - HEAP_HEADER_BYTES);
    this.#version++;
  }

  /** Keeps the output as large as it is: kernels print. */
  useOutput(): void {
    this.#usesOutput = true;
  }

  /** Gives kernels so many bytes to allocate; not when they have begun to. */
  resizeHeap(bytes: number): void {
    if (this.#usesHeap) throw new CudaError(CUDA_ERROR.INVALID_VALUE, "kernels that allocate have been launched");
    this.#heap = this.#place(bytes + HEAP_HEADER_BYTES, this.#heap);
  }

  /** Keeps so many bytes of what kernels print; not when they have begun to. */
  resizeOutput(bytes: number): void {
    if (this.#usesOutput) throw new CudaError(CUDA_ERROR.INVALID_VALUE, "kernels that print have been launched");
    this.#output = this.#place(alignUp(bytes, 16) + OUTPUT_HEADER_BYTES, this.#output);
  }

  /** Room of a size: a place that is there, or a new one, never used before, under all others. */
  #place(size: number, old: Place): Place {
    if (size <= old.size) return { at: old.at, size };
    const at = Math.floor((this.#top - size) / 4096) * 4096;
    if (!(at >= this.#ends.variables)) throw new CudaError(CUDA_ERROR.OUT_OF_MEMORY, "the context has no room for so much");
    this.#top = at;
    return { at, size };
  }

  /** Gives the blocks of a cooperative launch a place to meet, which nobody has come to yet: its offset. */
  useGridWorkspace(slot: number): number {
    const at = MEMORY_MAP.gridWorkspace + slot * GRID_WORKSPACE_BYTES;
    this.bytes.fill(0, at, at + GRID_WORKSPACE_BYTES);
    if (this.#usesGridWorkspace) return at;
    this.#usesGridWorkspace = true;
    this.#ranges.add(MEMORY_MAP.gridWorkspace, LAUNCH_SLOTS * GRID_WORKSPACE_BYTES);
    this.#version++;
    return at;
  }

  /** Brings the table up to date that the kernels of a launch slot look addresses up in. Variables lie above all allocations. */
  writeTable(slot: number): { readonly at: number; readonly count: number } {
    const count = this.#allocations.count + this.#ranges.count;
    const table = { at: MEMORY_MAP.allocationTables + slot * ALLOCATION_TABLE_BYTES, count };
    if (this.#tableVersions[slot] === this.#version) return table;
    let { at } = table;
    if (count * 8 > ALLOCATION_TABLE_BYTES) throw new CudaError(CUDA_ERROR.OUT_OF_MEMORY, "too many allocations");
    const add = (offset: number, size: number): void => {
      this.view.setUint32(at, offset, true);
      this.view.setUint32(at + 4, offset + size, true);
      at += 8;
    };
    for (const { address, size } of this.#allocations) add(address, size);
    for (const { address, size } of this.#ranges) add(address, size);
    this.#tableVersions[slot] = this.#version;
    return table;
  }

  /** Bytes that have been in use, at most: what stays resident until the memory is collected. */
  get touchedBytes(): number {
    const { allocations, variables } = this.#ends;
    return allocations - MEMORY_MAP.allocations + (variables - MEMORY_MAP.variables) + (this.scratch.highest - MEMORY_MAP.scratch);
  }

  /** The allocation that ends or begins nearest to an offset, for messages. */
  nearest(offset: number): { readonly offset: number; readonly size: number } | undefined {
    let best: { offset: number; size: number } | undefined;
    let distance = Infinity;
    for (const { address, size } of this.#allocations) {
      const away = offset < address ? address - offset : Math.max(0, offset - (address + size));
      if (away >= distance) continue;
      distance = away;
      best = { offset: address, size };
    }
    return best;
  }
}

interface Place {
  readonly at: number;
  readonly size: number;
}

/** See takeOutput. */
const OUTPUT_HEADER_BYTES = 16;

function newMemory(): WebAssembly.Memory {
  try {
    // All 4 GiB at once: addresses only, until touched. Growing a shared memory would leave old views short.
    return new WebAssembly.Memory({ initial: 65536, maximum: 65536, shared: true });
  } catch (error) {
    throw new CudaError(CUDA_ERROR.OUT_OF_MEMORY, `no address space for another context: ${String(error)}`);
  }
}

export function alignUp(value: number, to: number): number {
  return Math.ceil(value / to) * to;
}
