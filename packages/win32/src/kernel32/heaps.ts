import { ERROR, Win32Error, type Handle } from "@decant/hook";
import { Heap, PROCESS_HEAP, type Process } from "@decant/process";

/** Handles of heaps that HeapCreate made: told apart from the process heap's and from handles of objects. */
const FIRST_HEAP_HANDLE = 0x0002_0000;
const HEAP_HANDLE_STEP = 0x1_0000;
const MAX_HEAPS = 0x1000;

/** The heaps of a process, by handle. */
export class Heaps {
  readonly #heaps = new Map<number, Heap>();
  readonly #process: Process;

  constructor(process: Process) {
    this.#process = process;
  }

  static of(process: Process): Heaps {
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
