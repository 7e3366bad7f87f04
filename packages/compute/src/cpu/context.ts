import { CUDA_ERROR, CudaError, FUNC_ATTRIBUTE, LIMIT, LONG_BYTES_LIMIT, type ModuleInfo, type TextureInfo } from "@decant/cuda";
import { ABORT_WORD, STACK_BYTES as LEAST_STACK_BYTES, takeOutput, type KernelOptions } from "@decant/ptx";
import { collectGarbage } from "./collect-garbage.ts";
import { ContextMemory } from "./context-memory.ts";
import { LAUNCH_SLOTS, SHARED_BYTES_OPTIN, STACK_BYTES } from "./device.ts";
import { launchFailure, launchTimeout, prepareLaunch, type LaunchRequest, type RunningLaunch } from "./launch.ts";
import { CpuLink } from "./link.ts";
import { CpuModule } from "./module.ts";
import type { Job, LaunchClock, Pool } from "./pool.ts";
import { TextureTable } from "./texture-table.ts";
import type { Share } from "./turns.ts";
import { LaunchSlots, StreamOrder, type StreamQueue } from "./streams.ts";

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

/** A place in a stream that was recorded last for an event. */
interface Recorded {
  /** When the stream came there, in milliseconds. */
  time: number | undefined;
  /** Settles when it does; undefined when it has. */
  reached: Promise<void> | undefined;
}

/** One context: its memory, its modules, and its work by streams. Kernels of different streams run side by side, and copies beside them. */
export class CpuContext {
  readonly memory: ContextMemory;
  readonly modules = new Map<number, CpuModule>();
  readonly links = new Map<number, CpuLink>();
  readonly events = new Map<number, Recorded>();
  readonly order = new StreamOrder();
  readonly textures: TextureTable;
  /** What kernels know texture and surface objects by, by handle. */
  readonly textureObjects = new Map<number, number>();
  readonly #options: ContextOptions;
  #kernels: KernelOptions;
  readonly #slots = new LaunchSlots(LAUNCH_SLOTS);
  readonly #running = new Set<RunningLaunch>();
  /** What opens the streams that wait for host functions. */
  readonly #gates = new Map<number, () => void>();
  #failure: CudaError | undefined;
  #destroyed = false;

  constructor(slot: number, options: ContextOptions) {
    this.memory = new ContextMemory(slot);
    this.textures = new TextureTable(this.memory.view, this.memory.base);
    this.#options = options;
    this.#kernels = options.kernels;
  }

  /** Sets a CUlimit; those that are about nothing here are only remembered by the client. */
  setLimit(limit: number, value: number): void {
    if (limit === LIMIT.MALLOC_HEAP_SIZE) this.memory.resizeHeap(value);
    else if (limit === LIMIT.PRINTF_FIFO_SIZE) this.memory.resizeOutput(value);
    else if (limit === LIMIT.STACK_SIZE) {
      if (value > STACK_BYTES) throw new CudaError(CUDA_ERROR.INVALID_VALUE, `a stack has at most ${STACK_BYTES} bytes`);
      // As a driver does, kernels get more where that is known to be too little.
      if (value > (this.#kernels.stackBytes ?? LEAST_STACK_BYTES)) this.#kernels = { ...this.#kernels, stackBytes: value };
    } else if (limit === LONG_BYTES_LIMIT) this.memory.longBytes = value === 4 ? 4 : 8;
  }

  /** Does a stream's work in its turn. After a fault there is no more work. */
  run<T>(stream: StreamQueue, work: () => T | Promise<T>): T | Promise<T> {
    return this.order.run(stream, () => this.#live(work));
  }

  /** Does work after all that came before it in the context. */
  alone<T>(work: () => T | Promise<T>): T | Promise<T> {
    return this.order.alone(() => this.#live(work));
  }

  #live<T>(work: () => T | Promise<T>): T | Promise<T> {
    this.#mustLive();
    return work();
  }

  #mustLive(): void {
    if (this.#failure !== undefined) throw this.#failure;
    if (this.#destroyed) throw new CudaError(CUDA_ERROR.CONTEXT_IS_DESTROYED);
  }

  /** Notes where a stream stands. */
  record(event: number, stream: StreamQueue): void | Promise<void> {
    const recorded: Recorded = { time: undefined, reached: undefined };
    this.events.set(event, recorded);
    const reached = this.run(stream, () => {
      recorded.time = performance.now();
    });
    if (!(reached instanceof Promise)) return undefined;
    recorded.reached = settled(reached).then(() => {
      recorded.reached = undefined;
    });
    return reached;
  }

  /** Makes a stream's later work wait until another has come to where the event was recorded. */
  waitEvent(stream: StreamQueue, event: number): void | Promise<void> {
    const reached = this.events.get(event)?.reached;
    return reached === undefined ? undefined : this.run(stream, () => reached);
  }

  /** Does work when the places are reached that events were recorded at; at once for those that never were. */
  async whenRecorded<T>(events: readonly number[], work: () => T): Promise<T> {
    await Promise.all(events.map((event) => this.events.get(event)?.reached));
    return this.#live(work);
  }

  /** Closes a stream at this point: the result is there when it has come so far, and it goes on at `openGate`. */
  closeAt(stream: StreamQueue, gate: number): void | Promise<void> {
    const reached = this.run(stream, () => undefined);
    const opened = new Promise<void>((resolve) => this.#gates.set(gate, resolve));
    // A context that has failed runs nothing on the host, and so is never told that it has returned.
    void this.order.run(stream, () => (this.#failure === undefined ? opened : undefined));
    return reached;
  }

  openGate(gate: number): void {
    this.#gates.get(gate)?.();
    this.#gates.delete(gate);
  }

  load(handle: number, image: Uint8Array): ModuleInfo {
    const module = new CpuModule(image, this.memory, this.#kernels);
    this.memory.addVariables(module.variables);
    this.modules.set(handle, module);
    return module.info;
  }

  createTexture(handle: number, info: TextureInfo): number {
    const object = this.textures.add(info);
    this.textureObjects.set(handle, object);
    return object;
  }

  /** What runs may still use it. */
  destroyTexture(handle: number): void | Promise<void> {
    const object = this.textureObjects.get(handle);
    this.textureObjects.delete(handle);
    if (object !== undefined) return this.order.alone(() => this.textures.remove(object));
    return undefined;
  }

  /** Lets a module's reference be an object. */
  bindReference(module: number, reference: number, object: number): void {
    const offset = this.modules.get(module)?.references[reference];
    if (offset !== undefined) this.memory.view.setBigUint64(offset, BigInt(object), true);
  }

  createLink(handle: number): void {
    this.links.set(handle, new CpuLink(this.#kernels));
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
  launch(request: LaunchRequest, priority: number): Promise<void> {
    return this.#slots.take(priority, async (slot) => {
      try {
        for (;;) {
          this.#mustLive();
          const job = prepareLaunch(this.memory, slot, this.textures.count, request, this.#options.pool.size);
          if (job !== undefined) return await this.#launch(request, job, priority);
          await this.#slots.oneEnds();
        }
      } finally {
        this.memory.scratch.release(slot);
      }
    });
  }

  async #launch(request: LaunchRequest, job: Job, priority: number): Promise<void> {
    const { pool, share, timeLimitMs } = this.#options;
    const running = { request, job };
    this.#running.add(running);
    let timer: NodeJS.Timeout | undefined;
    let left = timeLimitMs;
    let began = 0;
    // Only its own turns count for a launch.
    const clock: LaunchClock = {
      begin: () => {
        if (!Number.isFinite(timeLimitMs)) return;
        began = performance.now();
        timer = setTimeout(() => {
          this.#failure ??= launchTimeout(request);
          this.stop();
        }, left);
      },
      pause: () => {
        clearTimeout(timer);
        left -= performance.now() - began;
      },
    };
    try {
      const failures = await pool.run({ job, share, priority, clock });
      const text = takeOutput(this.memory.bytes, this.memory.output.at, this.memory.output.size);
      if (text.length > 0) this.#options.onOutput(text);
      if (failures.length === 0) return;
      this.#failure ??= launchFailure(this.memory, this.#running, failures);
      throw this.#failure;
    } finally {
      clearTimeout(timer);
      this.#running.delete(running);
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
    for (const gate of [...this.#gates.keys()]) this.openGate(gate);
    await this.order.idle();
    this.#options.pool.forget(this.memory.id);
    this.modules.clear();
    if (this.memory.touchedBytes > WORTH_COLLECTING_BYTES) collectSoon();
  }
}

/** The same promise, but for what it rejects with. */
function settled(promise: Promise<unknown>): Promise<void> {
  return promise.then(
    () => undefined,
    () => undefined,
  );
}
