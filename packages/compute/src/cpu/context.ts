import { CUDA_ERROR, CudaError, FUNC_ATTRIBUTE, type ModuleInfo } from "@decant/cuda";
import { ABORT_WORD, takeOutput, type KernelOptions } from "@decant/ptx";
import { collectGarbage } from "./collect-garbage.ts";
import { ContextMemory } from "./context-memory.ts";
import { MEMORY_MAP, PRINTF_FIFO_BYTES, SHARED_BYTES_OPTIN } from "./device.ts";
import { launchFailure, prepareLaunch, type LaunchRequest } from "./launch.ts";
import { CpuLink } from "./link.ts";
import { CpuModule } from "./module.ts";
import type { Pool, Share } from "./pool.ts";

/** A context that leaves more than this is collected at once. */
const WORTH_COLLECTING_BYTES = 16 * 1024 * 1024;
const COLLECT_AFTER_MS = 20;
let collection: NodeJS.Timeout | undefined;

/** Contexts that end together are collected together, when nobody refers to them any more. */
function collectSoon(): void {
  collection ??= setTimeout(() => {
    collection = undefined;
    collectGarbage();
  }, COLLECT_AFTER_MS).unref();
}

/** What a context shares with the others of its driver. */
export interface ContextOptions {
  readonly pool: Pool;
  readonly kernels: KernelOptions;
  readonly timeLimitMs: number;
  /** Takes what kernels print. */
  onOutput(text: Uint8Array): void;
  /** What the context's session has used of the pool. */
  readonly share: Share;
}

/**
 * One context: its memory, its modules, and all of its work in order of arrival. That keeps every promise that streams
 * and events make about order; work of different streams does not overlap.
 */
export class CpuContext {
  readonly memory: ContextMemory;
  readonly modules = new Map<number, CpuModule>();
  readonly links = new Map<number, CpuLink>();
  readonly events = new Map<number, number>();
  readonly #options: ContextOptions;
  #tail: Promise<unknown> | undefined;
  #failure: CudaError | undefined;
  #destroyed = false;

  constructor(slot: number, options: ContextOptions) {
    this.memory = new ContextMemory(slot);
    this.#options = options;
  }

  /** Does work now when nothing is queued, else when what is queued has ended. After a fault there is no more work. */
  inOrder<T>(work: () => T | Promise<T>): T | Promise<T> {
    const start = (): T | Promise<T> => {
      if (this.#failure !== undefined) throw this.#failure;
      if (this.#destroyed) throw new CudaError(CUDA_ERROR.CONTEXT_IS_DESTROYED);
      return work();
    };
    const result = this.#tail === undefined ? start() : this.#tail.then(start);
    if (!(result instanceof Promise)) return result;
    const settled = result
      .then(
        () => undefined,
        () => undefined,
      )
      .then(() => {
        if (this.#tail === settled) this.#tail = undefined;
      });
    this.#tail = settled;
    return result;
  }

  load(handle: number, image: Uint8Array): ModuleInfo {
    const module = new CpuModule(image, this.memory, this.#options.kernels);
    if (module.allocates) this.memory.useHeap();
    this.memory.addVariables(module.variables);
    this.modules.set(handle, module);
    return module.info;
  }

  createLink(handle: number): void {
    this.links.set(handle, new CpuLink(this.#options.kernels));
  }

  unload(handle: number): void {
    const module = this.modules.get(handle);
    if (module === undefined) return;
    this.modules.delete(handle);
    this.memory.removeVariables(module.variables);
    this.memory.releaseVariables(module.symbols);
  }

  setAttribute(handle: number, index: number, attribute: number, value: number): void {
    const module = this.modules.get(handle);
    const kernel = module?.compiled.kernels[index];
    if (module === undefined || kernel === undefined || attribute !== FUNC_ATTRIBUTE.MAX_DYNAMIC_SHARED_SIZE_BYTES) return;
    if (value < 0 || value + kernel.sharedBytes > SHARED_BYTES_OPTIN) throw new CudaError(CUDA_ERROR.INVALID_VALUE);
    module.maxDynamicShared[index] = value;
  }

  /** Runs a launch to its end. */
  async launch(request: LaunchRequest): Promise<void> {
    const { pool, share, timeLimitMs } = this.#options;
    const job = prepareLaunch(this.memory, request, pool.size);
    let timedOut = false;
    let timer: NodeJS.Timeout | undefined;
    let left = timeLimitMs;
    let began = 0;
    // Only its own turns count for a launch.
    const turns = {
      begin: (): void => {
        if (!Number.isFinite(timeLimitMs)) return;
        began = performance.now();
        timer = setTimeout(() => {
          timedOut = true;
          this.stop();
        }, left);
      },
      pause: (): void => {
        clearTimeout(timer);
        left -= performance.now() - began;
      },
    };
    try {
      const results = await pool.run(job, share, turns);
      const text = takeOutput(this.memory.bytes, MEMORY_MAP.output, PRINTF_FIFO_BYTES);
      if (text.length > 0) this.#options.onOutput(text);
      const failure = launchFailure(this.memory, request, job, results, timedOut);
      if (failure !== undefined) {
        this.#failure = failure;
        throw failure;
      }
    } finally {
      clearTimeout(timer);
    }
  }

  /** Makes a running kernel end at its next backward jump. */
  stop(): void {
    Atomics.store(this.memory.words, ABORT_WORD >>> 2, 1);
  }

  /** Ends the context's work, then gives its memory back. */
  async destroy(): Promise<void> {
    if (this.#destroyed) return;
    this.#destroyed = true;
    this.stop();
    await this.#tail;
    this.#options.pool.forget(this.memory.id);
    this.modules.clear();
    if (this.memory.touchedBytes > WORTH_COLLECTING_BYTES) collectSoon();
  }
}
