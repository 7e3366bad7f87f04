import { AddressAllocator } from "../allocations.ts";
import type { CudaDriver, CudaSession } from "../driver.ts";
import { LONG_BYTES_LIMIT } from "../attributes.ts";
import { attributesOf } from "../launch.ts";
import { CUDA_ERROR, CudaError, isSticky } from "../result.ts";
import { parameterBytes } from "../launch.ts";
import { fetchMirrors } from "./mirror.ts";
import type { ClientObject, Device, Progress } from "./objects.ts";
import { Context, Event, Kernel, Library, LibraryKernel, type Module, type PhysicalMemory, Stream } from "./objects.ts";
import type { CaptureSequence } from "./capture.ts";
import type { Graph, GraphNode } from "./graph.ts";
import { Pools } from "./pools.ts";

/** First handle: the values below are CUDA's own (CU_STREAM_LEGACY is 1, CU_STREAM_PER_THREAD 2). */
const FIRST_HANDLE = 0x1000;

/**
 * One program's view of a driver: its session, and all objects that it has made. Threads (see `CudaThread`) share it.
 * Everything that can be answered here is; the session sees only what devices must do.
 */
export class CudaClient {
  readonly session: CudaSession;
  readonly devices: readonly Device[];
  readonly #objects = new Map<number, ClientObject>();
  readonly contexts = new Set<Context>();
  /** Primary contexts by device ordinal, with how often each is retained. */
  readonly primary = new Map<number, { context: Context; retained: number }>();
  readonly pools = new Pools();
  readonly captures = new Set<CaptureSequence>();
  /** Which nodes of a cloned graph stand for which. */
  readonly clones = new WeakMap<Graph, ReadonlyMap<GraphNode, GraphNode>>();
  /** Memory of cuMemCreate, mapped or not. */
  readonly physical = new Set<PhysicalMemory>();
  readonly primaryFlags = new Map<number, number>();
  #nextHandle = FIRST_HANDLE;
  #lost: CudaError | undefined;
  readonly #longBytes: 4 | 8;

  private constructor(session: CudaSession, longBytes: 4 | 8) {
    this.session = session;
    this.#longBytes = longBytes;
    this.devices = session.info.devices.map((info, ordinal) => ({ ordinal, info, attributes: attributesOf(info) }));
  }

  /**
   * Opens a session. `onOutput` takes what kernels print. When the connection to a remote driver is lost, every call
   * fails at once with CUDA_ERROR_EXTERNAL_DEVICE, and `onLost` is told why. `longBytes` are those of a C long where modules are made: 8, if not given.
   */
  static async open(
    driver: CudaDriver,
    options: { onOutput?(text: Uint8Array): void; onLost?(reason: string): void; longBytes?: 4 | 8 } = {},
  ): Promise<CudaClient> {
    let lost: string | undefined;
    let client: CudaClient | undefined;
    const session = await driver.open({
      ...options,
      onLost(reason) {
        lost = reason;
        client?.lose(reason);
        options.onLost?.(reason);
      },
    });
    client = new CudaClient(session, options.longBytes ?? 8);
    if (lost !== undefined) client.lose(lost);
    return client;
  }

  /** Marks everything as gone: what is called from here on fails with CUDA_ERROR_EXTERNAL_DEVICE. */
  lose(reason: string): void {
    this.#lost = new CudaError(CUDA_ERROR.EXTERNAL_DEVICE, reason);
    for (const context of this.contexts) context.sticky ??= this.#lost;
  }

  device(ordinal: number): Device {
    const device = this.devices[ordinal];
    if (!device) throw new CudaError(CUDA_ERROR.INVALID_DEVICE);
    return device;
  }

  /** A handle that was never used before in this session. */
  handle(): number {
    return this.#nextHandle++;
  }

  register<T extends ClientObject>(object: T): T {
    this.#objects.set(object.handle, object);
    return object;
  }

  forget(object: ClientObject): void {
    this.#objects.delete(object.handle);
  }

  /** The live object of a handle; fails with CUDA_ERROR_INVALID_HANDLE, or INVALID_CONTEXT where a context is meant. */
  object<T extends ClientObject>(handle: number, kind: abstract new (...args: never[]) => T): T {
    const object = this.#objects.get(handle);
    if (object instanceof kind) return object;
    throw new CudaError((kind as unknown) === Context ? CUDA_ERROR.INVALID_CONTEXT : CUDA_ERROR.INVALID_HANDLE);
  }

  /** The object of a handle, of whatever kind; undefined where there is none. */
  find(handle: number): ClientObject | undefined {
    return this.#objects.get(handle);
  }

  /**
   * The kernel that a CUfunction or CUkernel means in a context. Fails with CUDA_ERROR_INVALID_HANDLE for what is none, and FUNCTION_NOT_LOADED for one of a
   * library that the context has not loaded yet.
   */
  kernel(f: number, context: Context): Kernel {
    const object = this.#objects.get(f);
    if (object instanceof Kernel) return object;
    if (!(object instanceof LibraryKernel)) throw new CudaError(CUDA_ERROR.INVALID_HANDLE);
    const module = object.library.modules.get(context);
    if (!module) throw new CudaError(CUDA_ERROR.FUNCTION_NOT_LOADED);
    return this.kernelIn(module, object.index);
  }

  /** A module's kernel by its position; it has one handle. */
  kernelIn(module: Module, index: number): Kernel {
    const info = module.info.functions[index]!;
    const known = module.functions.get(info.name);
    if (known) return known;
    const kernel = this.register(new Kernel(this.handle(), module, index, info, parameterBytes(info)));
    module.functions.set(info.name, kernel);
    return kernel;
  }

  unloadModule(module: Module): void {
    this.#forgetModule(module);
    module.context.modules.delete(module);
    this.session.cuModuleUnload(module.handle);
  }

  createContext(ordinal: number, flags: number): Context {
    if (this.#lost) throw this.#lost;
    const device = this.device(ordinal);
    const { arena } = device.info;
    const taken = new Set([...this.contexts].filter((other) => other.device === device).map((other) => other.slot));
    let slot = 0;
    while (taken.has(slot)) slot++;
    if (slot >= arena.slots) throw new CudaError(CUDA_ERROR.OUT_OF_MEMORY, `the device has room for ${arena.slots} contexts`);
    const base = arena.base + slot * arena.stride;
    const memory = new AddressAllocator(base + arena.start, base + arena.end, arena.granularity);
    const context = new Context(this.handle(), device, flags, slot, memory);
    this.session.cuCtxCreate(context.handle, ordinal, flags, slot);
    if (this.#longBytes !== 8) this.session.cuCtxSetLimit(context.handle, LONG_BYTES_LIMIT, this.#longBytes);
    this.contexts.add(context);
    return this.register(context);
  }

  destroyContext(context: Context): void {
    context.destroyed = true;
    this.contexts.delete(context);
    for (const module of context.modules) {
      this.#forgetModule(module);
    }
    for (const stream of context.streams) this.forget(stream);
    for (const event of context.events) this.forget(event);
    for (const link of context.links) this.forget(link);
    for (const array of [...context.arrays, ...context.mipmaps]) this.forget(array);
    for (const { address } of context.memory.allocations) this.pools.release(address);
    for (const reservation of context.reservations.values())
      for (const { memory } of reservation.mappings.values()) memory.mapping = undefined;
    for (const memory of this.physical)
      if (memory.kept !== undefined && context.memory.allocations.find(memory.kept)) memory.kept = undefined;
    for (const library of this.#objects.values()) if (library instanceof Library) library.modules.delete(context);
    this.forget(context);
    if (!this.#lost) this.session.cuCtxDestroy(context.handle);
  }

  #forgetModule(module: Module): void {
    for (const object of [...module.functions.values(), ...module.references.values()]) this.forget(object);
    this.forget(module);
  }

  /** The context whose memory holds all of the range; fails with CUDA_ERROR_INVALID_VALUE when none does. */
  contextOf(address: number, size: number): Context {
    const context = this.holder(address, size);
    if (!context) throw new CudaError(CUDA_ERROR.INVALID_VALUE);
    return context;
  }

  /** The context that has an allocation or a module global with all of the range. */
  holder(address: number, size = 1): Context | undefined {
    for (const context of this.contexts) {
      if (context.memory.allocations.find(address, Math.max(size, 1))) return context;
      // Mappings next to each other are one range.
      for (const reservation of context.reservations.values())
        if (
          address >= reservation.address &&
          address < reservation.address + reservation.size &&
          context.memory.allocations.covers(address, size)
        )
          return context;
      for (const { info } of context.modules)
        for (const global of info.globals) if (address >= global.address && address + size <= global.address + global.size) return context;
    }
    return undefined;
  }

  /** Bytes that the session has allocated on a device. */
  allocatedBytes(device: Device): number {
    let bytes = 0;
    for (const context of this.contexts) if (context.device === device) bytes += context.memory.allocations.bytes;
    // What has no addresses at the moment counts as well.
    for (const memory of this.physical)
      if (memory.device === device && memory.kept === undefined && !memory.mapping?.access) bytes += memory.size;
    return bytes;
  }

  /** Waits for an answer of a context's; a sticky failure stays with the context. */
  async answer<T>(context: Context, result: T | Promise<T>): Promise<T> {
    try {
      return await result;
    } catch (error) {
      if (error instanceof CudaError && isSticky(error.cuResult)) context.sticky ??= error;
      throw error;
    }
  }

  /** True when all that was posted is known to be done; otherwise a fence is under way. Throws what the fence failed with. */
  query(object: Stream | Event): boolean {
    object.context.check();
    refuseCaptured(object);
    object.reportFailure();
    if (object.completed === object.posted && !object.landing) return true;
    if (!object.fence)
      this.wait(object).catch((error: unknown) => {
        object.failure ??= error;
      });
    return false;
  }

  /** Resolves when all that has been posted until now is done, and its copies to the host have landed. */
  wait(object: Stream | Event): Promise<void> {
    object.context.check();
    refuseCaptured(object);
    object.reportFailure();
    const { posted, landing } = object;
    if (object.completed === posted && !landing) return Promise.resolve();
    const done = object instanceof Event ? this.session.cuEventSynchronize(object.handle) : this.session.cuStreamSynchronize(object.handle);
    const fence = this.answer(object.context, done)
      .then(() => landing)
      .then(async () => {
        object.completed = Math.max(object.completed, posted);
        if (object instanceof Stream) object.passed = Math.max(object.passed, posted);
        await fetchMirrors(this, object.context);
        object.reportFailure();
      })
      .finally(() => {
        if (object.fence === fence) object.fence = undefined;
        if (object.landing === landing) object.landing = undefined;
      });
    object.fence = fence;
    return fence;
  }

  /** Makes waits on `progress` include a copy to the host, and, with `reportLater`, fail with what it fails with. */
  land(progress: Progress, landing: Promise<void>, reportLater = false): void {
    const earlier = progress.landing;
    const { posted } = progress;
    const settled = landing.then(
      () => {
        if (progress instanceof Stream) progress.passed = Math.max(progress.passed, posted);
      },
      (error: unknown) => {
        if (reportLater) progress.failure ??= error;
      },
    );
    progress.landing = earlier ? earlier.then(() => settled) : settled;
  }

  /** Ends the session, and frees what it holds at the other end. */
  async close(): Promise<void> {
    await this.session.close();
  }
}

/** Nobody can wait for what is being captured: it does not run. */
function refuseCaptured(object: Stream | Event): void {
  if (object instanceof Event) {
    if (object.captured && !object.captured.sequence.isInvalid) throw new CudaError(CUDA_ERROR.CAPTURED_EVENT);
  } else object.capture?.invalidate(CUDA_ERROR.STREAM_CAPTURE_UNSUPPORTED);
}
