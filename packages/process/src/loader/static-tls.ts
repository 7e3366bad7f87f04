import { readTls } from "@decant/pe";
import type { TlsDirectory } from "@decant/pe";
import type { GuestMemory } from "@decant/memory";
import { tebLayout } from "../blocks/teb.ts";
import type { Heap } from "../heap/heap.ts";
import type { Thread } from "../threads/thread.ts";
import type { Module } from "./module.ts";

/** Pointers that a thread's TLS vector has room for before it must move. */
const FIRST_CAPACITY = 32;
/** A list of callbacks is never longer. */
const MAX_CALLBACKS = 1024;

interface TlsModule {
  readonly module: Module;
  readonly directory: TlsDirectory;
}

/** Thread-local variables of modules (`__declspec(thread)`): a block a thread and module, found through the TEB (PE Format, ".tls"). */
export class StaticTls {
  readonly #memory: GuestMemory;
  readonly #heap: Heap;
  /** By TLS index. */
  readonly #modules: (TlsModule | undefined)[] = [];
  #capacity = FIRST_CAPACITY;

  constructor(memory: GuestMemory, heap: Heap) {
    this.#memory = memory;
    this.#heap = heap;
  }

  /** Gives a module with a TLS directory its index, and threads that exist their blocks. Throws PeError. */
  add(module: Module, threads: Iterable<Thread>): void {
    const directory = readTls(module.image);
    if (directory === undefined) return;
    const free = this.#modules.indexOf(undefined);
    const index = free < 0 ? this.#modules.length : free;
    this.#modules[index] = { module, directory };
    module.tlsIndex = index;
    if (directory.indexRva !== undefined) this.#memory.setU32(module.base + directory.indexRva, index);
    const grown = index >= this.#capacity;
    if (grown) this.#capacity *= 2;
    for (const thread of threads) {
      if (grown) this.#moveVector(thread);
      this.#fill(thread, index);
    }
  }

  /** Takes a module's blocks and its index back, when it goes. */
  remove(module: Module, threads: Iterable<Thread>): void {
    const index = module.tlsIndex;
    if (index === undefined) return;
    this.#modules[index] = undefined;
    for (const thread of threads) {
      const place = this.#vector(thread) + index * this.#memory.pointerSize;
      const block = this.#memory.u32(place);
      if (this.#heap.has(block)) this.#heap.free(block);
      this.#memory.setPointer(place, 0);
    }
  }

  /** Gives a new thread its vector and blocks. */
  addThread(thread: Thread): void {
    this.#setVector(thread, this.#heap.require(this.#capacity * this.#memory.pointerSize));
    for (let index = 0; index < this.#modules.length; index++) this.#fill(thread, index);
  }

  /** Frees what an ended thread had. Blocks that the guest has replaced are left alone. */
  removeThread(thread: Thread): void {
    const vector = this.#vector(thread);
    if (!this.#heap.has(vector)) return;
    for (let index = 0; index < this.#modules.length; index++) {
      const block = this.#memory.u32(vector + index * this.#memory.pointerSize);
      if (this.#heap.has(block)) this.#heap.free(block);
    }
    this.#heap.free(vector);
  }

  /** The addresses of a module's callbacks now; programs may add some at run time. */
  callbacks(module: Module): number[] {
    const rva = module.tlsIndex === undefined ? undefined : this.#modules[module.tlsIndex]?.directory.callbacksRva;
    const callbacks: number[] = [];
    if (rva === undefined) return callbacks;
    for (let at = module.base + rva; callbacks.length < MAX_CALLBACKS; at += this.#memory.pointerSize) {
      const callback = this.#memory.u32(at);
      if (callback === 0) break;
      callbacks.push(callback);
    }
    return callbacks;
  }

  #fill(thread: Thread, index: number): void {
    const entry = this.#modules[index];
    if (entry === undefined) return;
    const { template, zeroFill } = entry.directory;
    const size = template?.size ?? 0;
    const block = this.#heap.require(Math.max(16, size + zeroFill));
    if (template !== undefined) this.#memory.write(block, this.#memory.read(entry.module.base + template.rva, size));
    this.#memory.setPointer(this.#vector(thread) + index * this.#memory.pointerSize, block);
  }

  /** The old vector stays: code that is running may hold its address. */
  #moveVector(thread: Thread): void {
    const old = this.#memory.read(this.#vector(thread), (this.#capacity / 2) * this.#memory.pointerSize);
    const moved = this.#heap.require(this.#capacity * this.#memory.pointerSize);
    this.#memory.write(moved, old);
    this.#setVector(thread, moved);
  }

  #vector(thread: Thread): number {
    return this.#memory.u32(thread.teb + tebLayout(this.#memory).ThreadLocalStoragePointer);
  }

  #setVector(thread: Thread, vector: number): void {
    this.#memory.setPointer(thread.teb + tebLayout(this.#memory).ThreadLocalStoragePointer, vector);
  }
}
