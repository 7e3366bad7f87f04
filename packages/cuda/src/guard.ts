import { AllocationMap } from "./allocations.ts";
import type { CallArguments, CallName, DriverCall, DriverCalls } from "./driver-calls.ts";
import { callNames, driverCalls } from "./driver-calls.ts";
import type { DeviceInfo, FunctionInfo, ModuleInfo } from "./driver-info.ts";
import type { CudaSession } from "./driver.ts";
import { attributesOf, checkCooperative, checkLaunch, type LaunchShape, parameterBytes } from "./launch.ts";
import { CUDA_ERROR, CudaError, isSticky } from "./result.ts";
import { isTextureInfo, levelBytes, type TextureInfo } from "./texture-info.ts";
import type { HandleKind } from "./wire-types.ts";

/** What one session may hold. */
export interface GuardLimits {
  /** Live handles of all kinds. */
  readonly handles: number;
  /** Loaded modules. */
  readonly modules: number;
  /** Bytes of device memory on each device; no more than the device's totalMem counts. */
  readonly memoryBytes: number;
  /** Bytes of one copy to the host; clients copy in pieces of 1 MiB. */
  readonly copyBytes: number;
}

export const defaultGuardLimits: GuardLimits = {
  handles: 100_000,
  modules: 10_000,
  memoryBytes: Number.MAX_SAFE_INTEGER,
  copyBytes: 16 * 1024 * 1024,
};

/**
 * A session that may be handed to a client that one does not trust: it checks handles, addresses, launches and
 * quotas before the driver sees them, and latches what posted calls fail with.
 *
 * The failure of a post is kept with its context (the first one wins) and is what the next answer of that context
 * fails with. A sticky one stays, and no more work reaches that context; another is reported once.
 */
export function guard(session: CudaSession, limits: GuardLimits = defaultGuardLimits): GuardedSession {
  return new Guard(session, limits).session;
}

/** A guarded session, and what it holds at the moment. */
export interface GuardedSession extends CudaSession {
  usage(): { readonly memoryBytes: number; readonly handles: number };
}

interface Context {
  readonly handle: number;
  readonly device: number;
  readonly start: number;
  readonly end: number;
  readonly slot: number;
  readonly memory: AllocationMap;
  latched: CudaError | undefined;
}

interface Entry {
  readonly kind: HandleKind;
  readonly context: Context;
  readonly module?: ModuleInfo;
}

/** What a call does with handles, worked out once: posts come by the million a second. */
interface Plan {
  readonly uses: readonly { readonly index: number; readonly kinds: readonly HandleKind[] }[];
  /** The kind of handle that the first parameter makes, or takes away. */
  readonly creates: HandleKind | undefined;
  readonly destroys: HandleKind | undefined;
}

function planOf(call: DriverCall): Plan {
  const rules = call.parameters.map(([, type], index) => ({ index, handle: type.handle }));
  const first = rules[0]?.handle;
  return {
    uses: rules.flatMap(({ index, handle }) => (handle && handle.action !== "create" ? [{ index, kinds: handle.kinds }] : [])),
    creates: first?.action === "create" ? first.kinds[0] : undefined,
    destroys: first?.action === "destroy" ? first.kinds[0] : undefined,
  };
}

const plans = Object.fromEntries(callNames.map((name) => [name, planOf(driverCalls[name])])) as Record<CallName, Plan>;

class Guard {
  readonly session: GuardedSession;
  readonly #driver: CudaSession;
  readonly #limits: GuardLimits;
  readonly #handles = new Map<number, Entry>();
  readonly #contexts = new Set<Context>();
  readonly #attributes: readonly ReadonlyMap<number, number>[];
  /** The failure of a post that named no live context. */
  #orphan: CudaError | undefined;

  constructor(driver: CudaSession, limits: GuardLimits) {
    this.#driver = driver;
    this.#limits = limits;
    const devices = driver.info.devices.map((device) => ({
      ...device,
      totalMem: Math.min(device.totalMem, limits.memoryBytes),
    }));
    this.#attributes = devices.map(attributesOf);
    const methods = Object.fromEntries(
      callNames.map((name) => [name, (...args: unknown[]) => this.#call(name, args as CallArguments<CallName>)]),
    ) as DriverCalls; // One method for each name of the table, with its arguments.
    this.session = {
      ...methods,
      info: { ...driver.info, devices },
      backpressure: () => driver.backpressure?.(),
      close: () => driver.close(),
      usage: () => this.#usage(),
    };
  }

  get #modules(): number {
    let modules = 0;
    for (const { kind } of this.#handles.values()) if (kind === "module") modules++;
    return modules;
  }

  #usage(): { readonly memoryBytes: number; readonly handles: number } {
    let memoryBytes = 0;
    for (const { memory } of this.#contexts) memoryBytes += memory.bytes;
    return { memoryBytes, handles: this.#handles.size };
  }

  #call<N extends CallName>(name: N, args: CallArguments<N>): unknown {
    return driverCalls[name].kind === "answer" ? this.#answer(name, args) : this.#post(name, args);
  }

  #post<N extends CallName>(name: N, args: CallArguments<N>): void | Promise<void> {
    let context: Context | undefined;
    try {
      context = this.#contextOf(name, args);
      if (context?.latched && isSticky(context.latched.cuResult) && !plans[name].destroys) return undefined;
      this.#check(name, args, context);
      const executed = this.#execute(name, args);
      if (!(executed instanceof Promise)) return undefined;
      return executed.then(
        () => undefined,
        (error: unknown) => this.#latch(context, error),
      );
    } catch (error) {
      this.#latch(context, error);
      return undefined;
    }
  }

  async #answer<N extends CallName>(name: N, args: CallArguments<N>): Promise<unknown> {
    const context = this.#contextOf(name, args);
    this.#report(context);
    this.#check(name, args, context);
    const plan = plans[name];
    let result: unknown;
    try {
      result = await this.#execute(name, args);
    } catch (error) {
      if (plan.creates) this.#handles.delete(args[0]);
      // What a post latched came first, and may be the cause.
      this.#report(context);
      const failure = cudaError(error);
      if (context && isSticky(failure.cuResult)) context.latched = failure;
      throw failure;
    }
    if (!plan.creates) this.#report(context);
    // The context may have been destroyed while the module loaded.
    else if (name === "cuModuleLoadData" && context && this.#handles.has(args[0]))
      this.#handles.set(args[0], { kind: "module", context, module: result as ModuleInfo });
    return result;
  }

  #execute<N extends CallName>(name: N, args: CallArguments<N>): unknown {
    // The table types each method by its own name; here the name is only known as one of them.
    return (this.#driver[name] as (...values: unknown[]) => unknown)(...args);
  }

  #latch(context: Context | undefined, error: unknown): void {
    const failure = cudaError(error);
    if (!context) this.#orphan ??= failure;
    else if (!context.latched || (isSticky(failure.cuResult) && !isSticky(context.latched.cuResult))) context.latched = failure;
  }

  #report(context: Context | undefined): void {
    const orphan = this.#orphan;
    this.#orphan = undefined;
    const latched = context?.latched;
    if (context && latched && !isSticky(latched.cuResult)) context.latched = undefined;
    if (latched ?? orphan) throw latched ?? orphan;
  }

  /** The context of a call, from the first handle among its arguments that is in use; throws INVALID_HANDLE for one that is not. */
  #contextOf(name: CallName, args: readonly unknown[]): Context | undefined {
    let context: Context | undefined;
    for (const { index, kinds } of plans[name].uses) {
      const entry = this.#handles.get(args[index] as number);
      if (!entry || !kinds.includes(entry.kind))
        throw new CudaError(kinds[0] === "context" ? CUDA_ERROR.INVALID_CONTEXT : CUDA_ERROR.INVALID_HANDLE);
      context ??= entry.context;
    }
    return context;
  }

  #check<N extends CallName>(name: N, args: CallArguments<N>, context: Context | undefined): void {
    const { creates, destroys } = plans[name];
    if (creates) {
      const handle = args[0];
      if (this.#handles.has(handle)) throw new CudaError(CUDA_ERROR.INVALID_HANDLE);
      if (this.#handles.size >= this.#limits.handles) throw new CudaError(CUDA_ERROR.OUT_OF_MEMORY, "the session has no more handles");
      if (creates === "module" && this.#modules >= this.#limits.modules)
        throw new CudaError(CUDA_ERROR.OUT_OF_MEMORY, `the session may load ${this.#limits.modules} modules`);
    }
    const rule = this.#rules[name] as ((context: Context, args: readonly unknown[]) => void) | undefined;
    // Only cuCtxCreate names no context, and its rule needs none.
    rule?.(context as Context, args);
    if (creates && context) this.#handles.set(args[0], { kind: creates, context });
    if (destroys && destroys !== "context") this.#handles.delete(args[0]);
  }

  /** What the types of the table cannot say. */
  readonly #rules: { [N in CallName]?: (context: Context, args: CallArguments<N>) => void } = {
    cuCtxCreate: (_, [handle, ordinal, , slot]) => {
      const device = this.session.info.devices[ordinal];
      if (!device) throw new CudaError(CUDA_ERROR.INVALID_DEVICE);
      const taken = [...this.#contexts].some((other) => other.device === ordinal && other.slot === slot);
      if (slot >= device.arena.slots || taken) throw new CudaError(CUDA_ERROR.INVALID_VALUE);
      this.#createContext(handle, ordinal, device, slot);
    },
    cuCtxDestroy: (context) => {
      this.#contexts.delete(context);
      for (const [handle, entry] of this.#handles) if (entry.context === context) this.#handles.delete(handle);
    },
    cuFuncSetAttribute: (_, [module, index]) => void this.#kernel(module, index),
    cuMemAlloc: (context, [address, , size]) => {
      const { granularity } = this.session.info.devices[context.device]!.arena;
      const inArena = address >= context.start && address + size <= context.end && address % granularity === 0;
      if (!inArena || size === 0) throw new CudaError(CUDA_ERROR.INVALID_VALUE);
      if (context.memory.count >= this.#limits.handles || this.#allocated(context.device) + size > this.#quota(context.device))
        throw new CudaError(CUDA_ERROR.OUT_OF_MEMORY);
      if (!context.memory.add(address, size)) throw new CudaError(CUDA_ERROR.INVALID_VALUE);
    },
    cuTexObjectCreate: (context, [, , info]) => this.#texture(context, info),
    cuSurfObjectCreate: (context, [, , info]) => this.#texture(context, info),
    cuTexRefSetArray: (_, [module, reference]) => {
      if (!this.#handles.get(module)?.module?.references[reference]) throw new CudaError(CUDA_ERROR.INVALID_VALUE);
    },
    cuMemFree: (context, [address]) => {
      if (!context.memory.remove(address)) throw new CudaError(CUDA_ERROR.INVALID_VALUE);
    },
    cuMemcpyHtoD: (context, [, address, bytes]) => this.#range(context, address, bytes.length),
    cuMemcpyDtoH: (context, [, address, size]) => {
      if (size > this.#limits.copyBytes) throw new CudaError(CUDA_ERROR.INVALID_VALUE);
      this.#range(context, address, size);
    },
    cuMemcpyDtoD: (context, [, destination, source, size]) => {
      this.#range(context, destination, size);
      this.#range(context, source, size);
    },
    cuMemcpy2DHtoD: (context, [, address, pitch, width, height, bytes]) => {
      if (bytes.length !== width * height) throw new CudaError(CUDA_ERROR.INVALID_VALUE);
      this.#rows(context, address, { pitch, width, height });
    },
    cuMemcpy2DDtoH: (context, [, address, pitch, width, height]) => {
      if (width * height > this.#limits.copyBytes) throw new CudaError(CUDA_ERROR.INVALID_VALUE);
      this.#rows(context, address, { pitch, width, height });
    },
    cuMemcpy3DDtoD: (context, [, dst, dstPitch, dstSlice, src, srcPitch, srcSlice, width, height, depth]) => {
      this.#rows(context, dst, { pitch: dstPitch, slice: dstSlice, width, height, depth });
      this.#rows(context, src, { pitch: srcPitch, slice: srcSlice, width, height, depth });
    },
    cuMemcpyPeer: (context, [, destination, srcContext, source, size]) => {
      this.#range(context, destination, size);
      this.#range(this.#handles.get(srcContext)!.context, source, size);
    },
    cuMemsetD2D: (context, [, address, pitch, , elementSize, width, height]) => {
      const row = width * elementSize;
      const valid =
        [1, 2, 4].includes(elementSize) && address % elementSize === 0 && (height <= 1 || (pitch >= row && pitch % elementSize === 0));
      if (!valid) throw new CudaError(CUDA_ERROR.INVALID_VALUE);
      if (row > 0 && height > 0) this.#range(context, address, (height - 1) * pitch + row);
    },
    cuLaunchKernel: (context, launch) => void this.#launch(context, launch),
    cuLaunchCooperativeKernel: (context, launch) => {
      const { kernel, shape } = this.#launch(context, launch);
      checkCooperative(this.#attributes[context.device]!, kernel, shape);
    },
  };

  #launch(
    context: Context,
    [
      ,
      module,
      index,
      gridDimX,
      gridDimY,
      gridDimZ,
      blockDimX,
      blockDimY,
      blockDimZ,
      sharedMemBytes,
      parameters,
    ]: CallArguments<"cuLaunchKernel">,
  ): { kernel: FunctionInfo; shape: LaunchShape } {
    const kernel = this.#kernel(module, index);
    if (this.#handles.get(module)!.context !== context) throw new CudaError(CUDA_ERROR.INVALID_HANDLE);
    if (parameters.length !== parameterBytes(kernel)) throw new CudaError(CUDA_ERROR.INVALID_VALUE);
    const shape = { gridDimX, gridDimY, gridDimZ, blockDimX, blockDimY, blockDimZ, sharedMemBytes };
    // The function's own limit may have been raised by cuFuncSetAttribute; the driver holds that against its device.
    checkLaunch(this.#attributes[context.device]!, kernel, shape, Number.MAX_SAFE_INTEGER);
    return { kernel, shape };
  }

  #texture(context: Context, info: TextureInfo): void {
    if (!isTextureInfo(info)) throw new CudaError(CUDA_ERROR.INVALID_VALUE);
    for (const level of info.levels) this.#range(context, level.address, levelBytes(info, level));
  }

  /** Slices of rows must not overlap each other, and must lie in one allocation or module global together. */
  #rows(
    context: Context,
    address: number,
    { pitch, slice = 0, width, height, depth = 1 }: { pitch: number; slice?: number; width: number; height: number; depth?: number },
  ): void {
    if (width === 0 || height === 0 || depth === 0) return;
    if ((height > 1 && pitch < width) || (depth > 1 && slice < pitch * height)) throw new CudaError(CUDA_ERROR.INVALID_VALUE);
    this.#range(context, address, (depth - 1) * slice + (height - 1) * pitch + width);
  }

  #createContext(handle: number, ordinal: number, device: DeviceInfo, slot: number): void {
    const base = device.arena.base + slot * device.arena.stride;
    const context: Context = {
      handle,
      device: ordinal,
      slot,
      start: base + device.arena.start,
      end: base + device.arena.end,
      memory: new AllocationMap(),
      latched: undefined,
    };
    this.#contexts.add(context);
    this.#handles.set(handle, { kind: "context", context });
  }

  #kernel(module: number, index: number): ModuleInfo["functions"][number] {
    const kernel = this.#handles.get(module)?.module?.functions[index];
    if (!kernel) throw new CudaError(CUDA_ERROR.INVALID_HANDLE);
    return kernel;
  }

  #allocated(device: number): number {
    let bytes = 0;
    for (const context of this.#contexts) if (context.device === device) bytes += context.memory.bytes;
    return bytes;
  }

  #quota(device: number): number {
    return this.session.info.devices[device]!.totalMem;
  }

  /** The range must lie in one live allocation or module global of the context. */
  #range(context: Context, address: number, size: number): void {
    // Allocations that lie next to each other may be one to the client: cuMemMap.
    if (size === 0 || context.memory.find(address, size) || context.memory.covers(address, size)) return;
    for (const entry of this.#handles.values()) {
      if (entry.context !== context) continue;
      for (const global of entry.module?.globals ?? [])
        if (address >= global.address && address + size <= global.address + global.size) return;
    }
    throw new CudaError(CUDA_ERROR.INVALID_VALUE);
  }
}

function cudaError(error: unknown): CudaError {
  if (error instanceof CudaError) return error;
  return new CudaError(CUDA_ERROR.UNKNOWN, error instanceof Error ? error.message : String(error));
}
