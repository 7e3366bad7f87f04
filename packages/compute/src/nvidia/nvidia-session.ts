import {
  callNames,
  CUDA_ERROR,
  CudaError,
  DEVICE_ATTRIBUTE,
  FUNC_ATTRIBUTE,
  JIT_INPUT,
  LONG_BYTES_LIMIT,
  type CallArguments,
  type DeviceInfo,
  type DriverCalls,
  type DriverInfo,
  type FunctionInfo,
  type ModuleInfo,
} from "@decant/cuda";
import { parsePtx } from "@decant/ptx";
import { modulePtx } from "../image/module-ptx.ts";
import { DeviceMemory, SLOT_BYTES, SLOTS } from "./device-memory.ts";
import { resourceDescriptor, textureDescriptor } from "./descriptors.ts";
import { Gates } from "./gates.ts";
import { Images } from "./images.ts";
import { check, type Libcuda } from "./libcuda.ts";
import { Staging, STAGING_BYTES, type StagingBuffer } from "./staging.ts";

interface Context {
  readonly cuda: bigint;
  readonly device: number;
  readonly slot: number;
  readonly streams: Set<bigint>;
  /** Waits for no other stream: new memory is zeroed by it. */
  readonly zeroing: bigint;
  isDestroyed: boolean;
}

interface Texture {
  readonly cuda: bigint;
  readonly context: Context;
}

interface Module {
  readonly cuda: bigint;
  readonly context: Context;
  readonly functions: readonly bigint[];
  readonly infos: readonly FunctionInfo[];
}

/** A pending link; the library writes its log as long as it lives, so what it writes to is kept. */
interface Link {
  readonly cuda: bigint;
  readonly context: Context;
  readonly log: Uint8Array;
  readonly values: Uint8Array;
}

/** CU_JIT_ERROR_LOG_BUFFER and CU_JIT_ERROR_LOG_BUFFER_SIZE_BYTES. */
const JIT_ERROR_LOG = [5, 6];
const LOG_BYTES = 16 * 1024;
/** CU_LAUNCH_PARAM_BUFFER_POINTER, CU_LAUNCH_PARAM_BUFFER_SIZE. */
const PARAMETER_POINTER = 1n;
const PARAMETER_SIZE = 2n;
/** The most that a parameter block may have (CUDA C++ Programming Guide, "Function parameters"; 32,764 since 12.1). */
const PARAMETER_BYTES = 32_768;
/** Bytes that the library takes from any memory of the host's at once (CUDA Driver API, "API synchronization behavior"). */
const TAKEN_AT_ONCE = 64 * 1024;
/** Nothing is waited for inside the library: it is asked again, first at once and then ever more rarely. */
const MOST_POLL_MS = 2;

/**
 * One session on an NVIDIA GPU: the calls of the table by libcuda; those that are not here fail with CUDA_ERROR_NOT_SUPPORTED. It has a process of its own, as CUDA's sticky errors are a process's, and contexts of one process
 * can see each other's memory. The guard in front has checked handles and ranges.
 */
export class NvidiaSession implements Partial<DriverCalls> {
  readonly info: DriverInfo;
  readonly #cuda: Libcuda;
  readonly #memories: readonly DeviceMemory[];
  readonly #contexts = new Map<number, Context>();
  readonly #modules = new Map<number, Module>();
  readonly #streams = new Map<number, { readonly cuda: bigint; readonly context: Context }>();
  readonly #links = new Map<number, Link>();
  readonly #events = new Map<number, { readonly cuda: bigint; readonly context: Context }>();
  readonly #textures = new Map<number, Texture>();
  readonly #gates: Gates;
  readonly #images: Images;
  readonly #staging: Staging;
  #held: Promise<void> | undefined;
  readonly #parameters: { readonly address: bigint; readonly bytes: Uint8Array };
  readonly #extra: ReturnType<Libcuda["allocate"]>;
  readonly #parameterSize: BigUint64Array;
  #current: Context | undefined;

  constructor(cuda: Libcuda) {
    this.#cuda = cuda;
    this.#gates = new Gates(cuda);
    this.#images = new Images(cuda);
    this.#staging = new Staging(cuda);
    check(cuda.cuInit(0));
    const count = outInt(cuda.cuDeviceGetCount);
    const devices = Array.from({ length: count }, (_, ordinal) => outInt(cuda.cuDeviceGet, ordinal));
    this.#memories = devices.map((device) => new DeviceMemory(cuda, device));
    this.info = {
      name: "nvidia",
      driverVersion: outInt(cuda.cuDriverGetVersion),
      devices: devices.map((device, ordinal) => describeDevice(cuda, device, this.#memories[ordinal]!)),
    };
    this.#parameters = cuda.allocate(PARAMETER_BYTES);
    const size = cuda.allocate(8);
    this.#parameterSize = new BigUint64Array(size.bytes.buffer, size.bytes.byteOffset, 1);
    this.#extra = cuda.allocate(5 * 8);
    new BigUint64Array(this.#extra.bytes.buffer, this.#extra.bytes.byteOffset, 5).set([
      PARAMETER_POINTER,
      this.#parameters.address,
      PARAMETER_SIZE,
      size.address,
      0n,
    ]);
  }

  /** What the call that was made last waits for before its work is in its stream, if it does: no other call may be made before. */
  takeHeld(): Promise<void> | undefined {
    const held = this.#held;
    this.#held = undefined;
    return held;
  }

  /** Is told of calls when they come, before those of them that are behind others are made: what opens gates need not wait for its turn. */
  hear(calls: readonly (readonly [call: number, ...args: unknown[]])[]): void {
    for (const [call, handle] of calls) {
      if (call === HOST_FUNC_RETURNED) this.#gates.open(handle as number);
      const context = call === CTX_DESTROY ? this.#contexts.get(handle as number) : undefined;
      if (context !== undefined) this.#gates.openAll(context);
    }
  }

  cuCtxCreate(...[handle, device, flags, slot]: CallArguments<"cuCtxCreate">): void {
    const context = new BigUint64Array(1);
    check(this.#cuda.cuCtxCreate_v2(context, flags, device));
    this.#current = undefined;
    this.#gates.prepare();
    this.#staging.prepare();
    const zeroing = new BigUint64Array(1);
    check(this.#cuda.cuStreamCreateWithPriority(zeroing, STREAM_NON_BLOCKING, 0));
    this.#contexts.set(handle, { cuda: context[0]!, device, slot, streams: new Set(), zeroing: zeroing[0]!, isDestroyed: false });
  }

  cuCtxDestroy(handle: number): void {
    const context = this.#context(handle);
    this.#contexts.delete(handle);
    this.#gates.openAll(context);
    context.isDestroyed = true;
    for (const owned of [this.#modules, this.#streams, this.#events, this.#links, this.#textures])
      for (const [key, object] of owned as Map<number, { readonly context: Context }>) if (object.context === context) owned.delete(key);
    this.#enter(context);
    // Its work ends first; what that failed with is of no interest any more.
    this.#cuda.cuCtxSynchronize();
    this.#staging.collect();
    this.#images.clear(context);
    this.#memories[context.device]?.clear(context.slot);
    this.#current = undefined;
    check(this.#cuda.cuCtxDestroy_v2(context.cuda));
  }

  cuCtxSynchronize(handle: number): Promise<void> {
    const context = this.#context(handle);
    return this.#idle(context);
  }

  cuCtxSetLimit(...[handle, limit, value]: CallArguments<"cuCtxSetLimit">): void {
    this.#enter(this.#context(handle));
    if (limit !== LONG_BYTES_LIMIT) check(this.#cuda.cuCtxSetLimit(limit, value));
  }

  cuModuleLoadData(...[handle, contextHandle, image]: CallArguments<"cuModuleLoadData">): ModuleInfo | Promise<ModuleInfo> {
    const context = this.#context(contextHandle);
    return this.#withGatesOpen(context, () => this.#loadModule(handle, context, image));
  }

  #loadModule(handle: number, context: Context, image: Uint8Array): ModuleInfo {
    this.#enter(context);
    // PTX text is read up to its NUL.
    const data = new Uint8Array(image.length + 1);
    data.set(image);
    const log = this.#cuda.allocate(LOG_BYTES);
    log.bytes.fill(0);
    const module = new BigUint64Array(1);
    const options = Int32Array.from(JIT_ERROR_LOG);
    const values = BigUint64Array.of(log.address, BigInt(LOG_BYTES));
    const result = this.#cuda.cuModuleLoadDataEx(module, data, options.length, options, values);
    check(result, textOf(log.bytes) || undefined);
    const cuda = module[0]!;
    const count = outInt(this.#cuda.cuModuleGetFunctionCount, cuda);
    const functions = new BigUint64Array(count);
    if (count > 0) check(this.#cuda.cuModuleEnumerateFunctions(functions, count, cuda));
    const infos = [...functions].map((f) => this.#describeFunction(f));
    this.#modules.set(handle, { cuda, context, functions: [...functions], infos });
    return {
      functions: infos,
      globals: this.#globals(cuda, image),
      references: [],
      log: "",
    };
  }

  cuModuleUnload(handle: number): void | Promise<void> {
    const module = this.#module(handle);
    this.#modules.delete(handle);
    return this.#withGatesOpen(module.context, () => {
      this.#enter(module.context);
      check(this.#cuda.cuModuleUnload(module.cuda));
    });
  }

  cuFuncSetAttribute(...[handle, index, attribute, value]: CallArguments<"cuFuncSetAttribute">): void {
    const module = this.#module(handle);
    this.#enter(module.context);
    check(this.#cuda.cuFuncSetAttribute(module.functions[index]!, attribute, value));
  }

  cuMemAlloc(...[address, handle, size]: CallArguments<"cuMemAlloc">): void {
    const context = this.#context(handle);
    this.#enter(context);
    this.#memories[context.device]!.allocate(address, size);
    // What was another's, or this one's before, is not to be seen.
    check(this.#cuda.cuMemsetD2D8Async(address, size, 0, size, 1, context.zeroing));
    check(this.#cuda.cuStreamSynchronize(context.zeroing));
  }

  cuMemFree(...[address, handle]: CallArguments<"cuMemFree">): void | Promise<void> {
    const context = this.#context(handle);
    return this.#withGatesOpen(context, () => {
      this.#enter(context);
      // As cuMemFree does of itself: what was posted before may still use it.
      check(this.#cuda.cuCtxSynchronize());
      const memory = this.#memories[context.device]!;
      this.#images.free(address, memory.sizeOf(address));
      memory.free(address);
    });
  }

  cuMemcpyHtoD(...[handle, address, bytes]: CallArguments<"cuMemcpyHtoD">): void | Promise<void> {
    return this.#toDevice(handle, bytes, { address, pitch: bytes.length, width: bytes.length, height: 1 });
  }

  cuMemcpyDtoH(...[handle, address, size]: CallArguments<"cuMemcpyDtoH">): Promise<Uint8Array> {
    return this.#toHost(handle, { address, pitch: size, width: size, height: 1 });
  }

  cuMemcpyDtoD(...[handle, destination, source, size]: CallArguments<"cuMemcpyDtoD">): void {
    if (size === 0) return;
    const stream = this.#enterStream(handle);
    this.#images.beforeAccess(source, size, stream, "read");
    this.#images.beforeAccess(destination, size, stream, "write");
    check(this.#cuda.cuMemcpyDtoDAsync_v2(destination, source, size, stream));
  }

  cuMemcpy2DHtoD(...[handle, address, pitch, width, height, bytes]: CallArguments<"cuMemcpy2DHtoD">): void | Promise<void> {
    return this.#toDevice(handle, bytes, { address, pitch, width, height });
  }

  cuMemcpy2DDtoH(...[handle, address, pitch, width, height]: CallArguments<"cuMemcpy2DDtoH">): Promise<Uint8Array> {
    return this.#toHost(handle, { address, pitch, width, height });
  }

  cuMemcpy3DDtoD(
    ...[handle, dst, dstPitch, dstSlice, src, srcPitch, srcSlice, width, height, depth]: CallArguments<"cuMemcpy3DDtoD">
  ): void {
    if (width === 0 || height === 0 || depth === 0) return;
    const stream = this.#enterStream(handle);
    const reach = (pitch: number, slice: number): number => (depth - 1) * slice + (height - 1) * pitch + width;
    this.#images.beforeAccess(src, reach(srcPitch, srcSlice), stream, "read");
    this.#images.beforeAccess(dst, reach(dstPitch, dstSlice), stream, "write");
    for (let z = 0; z < depth; z++)
      for (let y = 0; y < height; y++)
        check(this.#cuda.cuMemcpyDtoDAsync_v2(dst + z * dstSlice + y * dstPitch, src + z * srcSlice + y * srcPitch, width, stream));
  }

  /** Addresses are the process's: one context's copy reaches another's memory, when its work is done. */
  cuMemcpyPeer(...[handle, destination, srcContext, source, size]: CallArguments<"cuMemcpyPeer">): void {
    const from = this.#context(srcContext);
    this.#enter(from);
    this.#images.beforeAccess(source, size, 0n, "read");
    const before = [0n, ...from.streams].map((stream) => this.#record(stream));
    const stream = this.#enterStream(handle);
    this.#images.beforeAccess(destination, size, stream, "write");
    for (const event of before) check(this.#cuda.cuStreamWaitEvent(stream, event, 0));
    if (size > 0) check(this.#cuda.cuMemcpyDtoDAsync_v2(destination, source, size, stream));
    for (const event of before) this.#cuda.cuEventDestroy_v2(event);
  }

  cuMemsetD2D(...[handle, address, pitch, value, elementSize, width, height]: CallArguments<"cuMemsetD2D">): void {
    if (width === 0 || height === 0) return;
    const stream = this.#enterStream(handle);
    const rowPitch = height === 1 ? width * elementSize : pitch;
    const mask = elementSize === 4 ? value : value & (2 ** (8 * elementSize) - 1);
    const set = { 1: this.#cuda.cuMemsetD2D8Async, 2: this.#cuda.cuMemsetD2D16Async, 4: this.#cuda.cuMemsetD2D32Async }[elementSize];
    if (set === undefined) throw new CudaError(CUDA_ERROR.INVALID_VALUE);
    this.#images.beforeAccess(address, (height - 1) * rowPitch + width * elementSize, stream, "write");
    check(set(address, rowPitch, mask, width, height, stream));
  }

  cuLaunchKernel(...[handle, moduleHandle, index, gx, gy, gz, bx, by, bz, sharedBytes, parameters]: CallArguments<"cuLaunchKernel">): void {
    const stream = this.#enterStream(handle);
    const f = this.#module(moduleHandle).functions[index];
    if (f === undefined || parameters.length > PARAMETER_BYTES) throw new CudaError(CUDA_ERROR.INVALID_VALUE);
    this.#parameters.bytes.set(parameters);
    this.#parameterSize[0] = BigInt(parameters.length);
    this.#launch(handle, () => this.#cuda.cuLaunchKernel(f, gx, gy, gz, bx, by, bz, sharedBytes, stream, null, this.#extra.bytes));
  }

  /** This function has no packed form: it is given the address of each parameter. */
  cuLaunchCooperativeKernel(
    ...[handle, moduleHandle, index, gx, gy, gz, bx, by, bz, sharedBytes, parameters]: CallArguments<"cuLaunchCooperativeKernel">
  ): void {
    const stream = this.#enterStream(handle);
    const module = this.#module(moduleHandle);
    const [f, info] = [module.functions[index], module.infos[index]];
    if (f === undefined || info === undefined || parameters.length > PARAMETER_BYTES) throw new CudaError(CUDA_ERROR.INVALID_VALUE);
    this.#parameters.bytes.set(parameters);
    const places = BigUint64Array.from([...info.parameters.map(({ offset }) => this.#parameters.address + BigInt(offset)), 0n]);
    this.#launch(handle, () => this.#cuda.cuLaunchCooperativeKernel(f, gx, gy, gz, bx, by, bz, sharedBytes, stream, places));
  }

  #launch(handle: number, launch: () => number): void {
    const { cuda, context } = this.#stream(handle);
    this.#images.beforeLaunch(context, cuda);
    check(launch());
    this.#images.afterLaunch(context);
  }

  cuTexObjectCreate(...[handle, contextHandle, info]: CallArguments<"cuTexObjectCreate">): number | Promise<number> {
    const context = this.#context(contextHandle);
    return this.#withGatesOpen(context, () => {
      this.#enter(context);
      const object = new BigUint64Array(1);
      const resource = resourceDescriptor(info, this.#images.of(context, info, "texture"));
      check(this.#cuda.cuTexObjectCreate(object, resource, textureDescriptor(info), null));
      this.#textures.set(handle, { cuda: object[0]!, context });
      return Number(object[0]);
    });
  }

  cuTexObjectDestroy(handle: number): void {
    check(this.#cuda.cuTexObjectDestroy(this.#takeTexture(handle)));
  }

  cuSurfObjectCreate(...[handle, contextHandle, info]: CallArguments<"cuSurfObjectCreate">): number | Promise<number> {
    const context = this.#context(contextHandle);
    return this.#withGatesOpen(context, () => {
      this.#enter(context);
      const object = new BigUint64Array(1);
      check(this.#cuda.cuSurfObjectCreate(object, resourceDescriptor(info, this.#images.of(context, info, "surface"))));
      this.#textures.set(handle, { cuda: object[0]!, context });
      return Number(object[0]);
    });
  }

  cuSurfObjectDestroy(handle: number): void {
    check(this.#cuda.cuSurfObjectDestroy(this.#takeTexture(handle)));
  }

  cuLinkCreate(...[link, contextHandle]: CallArguments<"cuLinkCreate">): void {
    const context = this.#context(contextHandle);
    this.#enter(context);
    const log = this.#cuda.allocate(LOG_BYTES);
    log.bytes.fill(0);
    // The library keeps to the options' values as long as the link lives.
    const values = this.#cuda.allocate(16);
    new BigUint64Array(values.bytes.buffer, values.bytes.byteOffset, 2).set([log.address, BigInt(LOG_BYTES)]);
    const state = new BigUint64Array(1);
    check(this.#cuda.cuLinkCreate_v2(JIT_ERROR_LOG.length, Int32Array.from(JIT_ERROR_LOG), values.bytes, state));
    this.#links.set(link, { cuda: state[0]!, context, log: log.bytes, values: values.bytes });
  }

  cuLinkAddData(...[link, type, name, data]: CallArguments<"cuLinkAddData">): string {
    const { cuda, context, log } = found(this.#links.get(link));
    this.#enter(context);
    // PTX text is read up to its NUL.
    const ended = new Uint8Array(data.length + 1);
    ended.set(data);
    const size = type === JIT_INPUT.PTX ? ended.length : data.length;
    const result = this.#cuda.cuLinkAddData_v2(cuda, type, ended, size, name, 0, null, null);
    check(result, textOf(log) || undefined);
    return "";
  }

  cuLinkComplete(link: number): Uint8Array {
    const { cuda, context, log } = found(this.#links.get(link));
    this.#enter(context);
    const [cubin, size] = [new BigUint64Array(1), new BigUint64Array(1)];
    check(this.#cuda.cuLinkComplete(cuda, cubin, size), textOf(log) || undefined);
    return this.#cuda.bytes(cubin[0]!, Number(size[0]));
  }

  cuLinkDestroy(link: number): void {
    const { cuda, context } = found(this.#links.get(link));
    this.#enter(context);
    this.#links.delete(link);
    check(this.#cuda.cuLinkDestroy(cuda));
  }

  cuStreamCreate(...[handle, contextHandle, flags, priority]: CallArguments<"cuStreamCreate">): void {
    const context = this.#context(contextHandle);
    this.#enter(context);
    const stream = new BigUint64Array(1);
    check(this.#cuda.cuStreamCreateWithPriority(stream, flags, priority));
    context.streams.add(stream[0]!);
    this.#streams.set(handle, { cuda: stream[0]!, context });
  }

  cuStreamDestroy(handle: number): void {
    const { cuda, context } = this.#stream(handle);
    this.#enter(context);
    this.#streams.delete(handle);
    context.streams.delete(cuda);
    check(this.#cuda.cuStreamDestroy_v2(cuda));
  }

  cuStreamSynchronize(handle: number): Promise<void> {
    this.#stream(handle);
    return this.#query(() => this.#cuda.cuStreamQuery(this.#enterStream(handle)));
  }

  cuStreamWaitEvent(...[handle, event]: CallArguments<"cuStreamWaitEvent">): void {
    check(this.#cuda.cuStreamWaitEvent(this.#enterStream(handle), this.#event(event).cuda, 0));
  }

  async cuLaunchHostFunc(...[gate, handle]: CallArguments<"cuLaunchHostFunc">): Promise<void> {
    const { cuda, context } = this.#stream(handle);
    this.#enter(context);
    const event = this.#record(cuda);
    try {
      this.#gates.close(gate, context, cuda);
      await this.#reached(context, event);
    } catch (error) {
      this.#gates.open(gate);
      throw error;
    } finally {
      if (!context.isDestroyed) this.#cuda.cuEventDestroy_v2(event);
    }
  }

  hostFuncReturned(gate: number): void {
    this.#gates.open(gate);
  }

  cuEventCreate(...[handle, contextHandle, flags]: CallArguments<"cuEventCreate">): void {
    const context = this.#context(contextHandle);
    this.#enter(context);
    const event = new BigUint64Array(1);
    // An interprocess event would need what its maker cannot get at here.
    check(this.#cuda.cuEventCreate(event, flags & ~EVENT_INTERPROCESS));
    this.#events.set(handle, { cuda: event[0]!, context });
  }

  cuEventDestroy(handle: number): void {
    const { cuda, context } = this.#event(handle);
    this.#enter(context);
    this.#events.delete(handle);
    check(this.#cuda.cuEventDestroy_v2(cuda));
  }

  cuEventRecord(...[handle, stream]: CallArguments<"cuEventRecord">): void {
    check(this.#cuda.cuEventRecord(this.#event(handle).cuda, this.#enterStream(stream)));
  }

  cuEventSynchronize(handle: number): Promise<void> {
    const { cuda, context } = this.#event(handle);
    return this.#query(() => {
      this.#enter(context);
      return this.#cuda.cuEventQuery(cuda);
    });
  }

  cuEventElapsedTime(...[start, end]: CallArguments<"cuEventElapsedTime">): number {
    const ms = new Float32Array(1);
    this.#enter(this.#event(start).context);
    check(this.#cuda.cuEventElapsedTime(ms, this.#event(start).cuda, this.#event(end).cuda));
    return ms[0]!;
  }

  /** A server counts them. */
  unsupportedCall(): void {}

  /**
   * Copies rows that follow each other in `bytes`. What is small the library takes at once; the rest goes through page-locked buffers, and waits for one where there is
   * none.
   */
  #toDevice(handle: number, bytes: Uint8Array, rows: Rows): void | Promise<void> {
    const { address, pitch, width, height } = rows;
    if (bytes.length === 0) return undefined;
    const stream = this.#enterStream(handle);
    this.#images.beforeAccess(address, (height - 1) * pitch + width, stream, "write");
    if (bytes.length > TAKEN_AT_ONCE) return this.#throughBuffers(handle, rows, bytes);
    for (let row = 0; row < height; row++)
      check(this.#cuda.cuMemcpyHtoDAsync_v2(address + row * pitch, bytes.subarray(row * width, (row + 1) * width), width, stream));
    return undefined;
  }

  async #throughBuffers(handle: number, rows: Rows, bytes: Uint8Array): Promise<void> {
    for (const { at, address, pitch, width, height } of parts(rows)) {
      const buffer = this.#staging.take() ?? (await this.#buffer());
      try {
        buffer.bytes.set(bytes.subarray(at, at + width * height));
        const stream = this.#enterStream(handle);
        for (let row = 0; row < height; row++)
          check(this.#cuda.cuMemcpyAsync(address + row * pitch, buffer.address + BigInt(row * width), width, stream));
        buffer.event = this.#record(stream);
      } finally {
        this.#staging.release(buffer);
      }
    }
  }

  /** The copies are in the stream before the next call is made, so that they see none of its work; and are waited for after that. */
  async #toHost(handle: number, rows: Rows): Promise<Uint8Array> {
    const { context } = this.#stream(handle);
    const result = new Uint8Array(rows.width * rows.height);
    const copied: { readonly at: number; readonly size: number; readonly buffer: StagingBuffer }[] = [];
    const copies = async (): Promise<void> => {
      for (const { at, address, pitch, width, height } of parts(rows)) {
        const buffer = this.#staging.take() ?? (await this.#buffer());
        copied.push({ at, size: width * height, buffer });
        const stream = this.#enterStream(handle);
        this.#images.beforeAccess(address, (height - 1) * pitch + width, stream, "read");
        for (let row = 0; row < height; row++)
          check(this.#cuda.cuMemcpyAsync(buffer.address + BigInt(row * width), address + row * pitch, width, stream));
        buffer.event = this.#record(stream);
      }
    };
    const inStream = copies();
    this.#hold(inStream);
    try {
      await inStream;
      if (copied.length === 0) await this.#reached(context, this.#record(this.#enterStream(handle)));
      for (const { at, size, buffer } of copied) {
        await this.#reached(context, buffer.event);
        result.set(buffer.bytes.subarray(0, size), at);
      }
    } finally {
      for (const { buffer } of copied) {
        // An event goes with its context.
        if (context.isDestroyed) buffer.event = 0n;
        this.#staging.release(buffer);
      }
    }
    return result;
  }

  /** A buffer when there is one again. */
  async #buffer(): Promise<StagingBuffer> {
    for (;;) {
      await new Promise((resolve) => setTimeout(resolve, 1));
      const buffer = this.#staging.take();
      if (buffer !== undefined) return buffer;
    }
  }

  /** Does what may wait inside the library when no stream of a context is stopped: who opens a gate would have to wait, too. All later calls come after it. */
  #withGatesOpen<T>(context: Context, work: () => T): T | Promise<T> {
    if (!this.#gates.areClosed(context)) return work();
    const done = (async () => {
      while (this.#gates.areClosed(context)) await new Promise((resolve) => setTimeout(resolve, 1));
      if (context.isDestroyed) throw new CudaError(CUDA_ERROR.CONTEXT_IS_DESTROYED);
      return work();
    })();
    this.#hold(done);
    return done;
  }

  #hold(work: Promise<unknown>): void {
    this.#held = work.then(
      () => undefined,
      () => undefined,
    );
  }

  /** An event behind all that is in a stream of the current context. */
  #record(stream: bigint): bigint {
    const event = new BigUint64Array(1);
    check(this.#cuda.cuEventCreate(event, EVENT_DISABLE_TIMING));
    check(this.#cuda.cuEventRecord(event[0]!, stream));
    return event[0]!;
  }

  #reached(context: Context, event: bigint): Promise<void> {
    return this.#query(() => {
      if (context.isDestroyed) return CUDA_ERROR.CONTEXT_IS_DESTROYED;
      this.#enter(context);
      return this.#cuda.cuEventQuery(event);
    });
  }

  /** Enters a texture's context, and forgets it. */
  #takeTexture(handle: number): bigint {
    const { cuda, context } = found(this.#textures.get(handle));
    this.#textures.delete(handle);
    this.#enter(context);
    return cuda;
  }

  /** All of a context's streams, the default one too. */
  async #idle(context: Context): Promise<void> {
    for (const stream of [0n, ...context.streams])
      await this.#query(() => {
        this.#enter(context);
        // A stream that was destroyed in the meantime has nothing to wait for.
        return stream !== 0n && !context.streams.has(stream) ? CUDA_ERROR.SUCCESS : this.#cuda.cuStreamQuery(stream);
      });
  }

  async #query(ask: () => number): Promise<void> {
    for (let waitMs = 0; ; waitMs = Math.min(MOST_POLL_MS, waitMs === 0 ? 0.1 : waitMs * 2)) {
      const result = ask();
      if (result !== CUDA_ERROR.NOT_READY) {
        this.#cuda.flushOutput();
        check(result);
        return;
      }
      await new Promise((resolve) => (waitMs < 1 ? setImmediate(resolve) : setTimeout(resolve, waitMs)));
    }
  }

  #enter(context: Context): void {
    if (this.#current === context) return;
    check(this.#cuda.cuCtxSetCurrent(context.cuda));
    this.#current = context;
  }

  /** Enters a stream's context, and gives the stream: 0 for a context's own handle. */
  #enterStream(handle: number): bigint {
    const { cuda, context } = this.#stream(handle);
    this.#enter(context);
    return cuda;
  }

  #stream(handle: number): { readonly cuda: bigint; readonly context: Context } {
    const context = this.#contexts.get(handle);
    return context ? { cuda: 0n, context } : found(this.#streams.get(handle));
  }

  #context(handle: number): Context {
    return found(this.#contexts.get(handle), CUDA_ERROR.INVALID_CONTEXT);
  }

  #module(handle: number): Module {
    return found(this.#modules.get(handle));
  }

  #event(handle: number): { readonly cuda: bigint; readonly context: Context } {
    return found(this.#events.get(handle));
  }

  #describeFunction(f: bigint): FunctionInfo {
    const name = new BigUint64Array(1);
    check(this.#cuda.cuFuncGetName(name, f));
    const parameters: { offset: number; size: number }[] = [];
    const [offset, size] = [new BigUint64Array(1), new BigUint64Array(1)];
    while (this.#cuda.cuFuncGetParamInfo(f, parameters.length, offset, size) === CUDA_ERROR.SUCCESS)
      parameters.push({ offset: Number(offset[0]), size: Number(size[0]) });
    const attribute = (number: number): number => outInt(this.#cuda.cuFuncGetAttribute, number, f);
    return {
      name: this.#cuda.text(name[0]!),
      parameters,
      maxThreadsPerBlock: attribute(FUNC_ATTRIBUTE.MAX_THREADS_PER_BLOCK),
      sharedSizeBytes: attribute(FUNC_ATTRIBUTE.SHARED_SIZE_BYTES),
      constSizeBytes: attribute(FUNC_ATTRIBUTE.CONST_SIZE_BYTES),
      localSizeBytes: attribute(FUNC_ATTRIBUTE.LOCAL_SIZE_BYTES),
      numRegs: attribute(FUNC_ATTRIBUTE.NUM_REGS),
      ptxVersion: attribute(FUNC_ATTRIBUTE.PTX_VERSION),
      binaryVersion: attribute(FUNC_ATTRIBUTE.BINARY_VERSION),
      maxDynamicSharedSizeBytes: attribute(FUNC_ATTRIBUTE.MAX_DYNAMIC_SHARED_SIZE_BYTES),
    };
  }

  /** The Driver API lists functions, not variables: their names are read from the PTX. An image without PTX text tells none. */
  #globals(module: bigint, image: Uint8Array): ModuleInfo["globals"] {
    const [address, size] = [new BigUint64Array(1), new BigUint64Array(1)];
    return variableNames(image).flatMap((name) =>
      this.#cuda.cuModuleGetGlobal_v2(address, size, module, name) === CUDA_ERROR.SUCCESS
        ? [{ name, address: Number(address[0]), size: Number(size[0]) }]
        : [],
    );
  }
}

/** CU_EVENT_INTERPROCESS. */
const EVENT_INTERPROCESS = 4;
const EVENT_DISABLE_TIMING = 2;
const STREAM_NON_BLOCKING = 1;
const HOST_FUNC_RETURNED = callNames.indexOf("hostFuncReturned");
const CTX_DESTROY = callNames.indexOf("cuCtxDestroy");

/** Rows on the device, `pitch` bytes apart; on the host they follow each other. */
interface Rows {
  readonly address: number;
  readonly pitch: number;
  readonly width: number;
  readonly height: number;
}

/** Cuts rows into what fits into a buffer: groups of them, or parts of one. `at` is where a part begins on the host. */
function* parts({ address, pitch, width, height }: Rows): Generator<Rows & { readonly at: number }> {
  if (width === 0) return;
  const group = Math.max(1, Math.floor(STAGING_BYTES / width));
  for (let row = 0; row < height; row += group)
    for (let x = 0; x < width; x += STAGING_BYTES)
      yield {
        at: row * width + x,
        address: address + row * pitch + x,
        pitch,
        width: Math.min(STAGING_BYTES, width - x),
        height: Math.min(group, height - row),
      };
}

function describeDevice(cuda: Libcuda, device: number, memory: DeviceMemory): DeviceInfo {
  const name = new Uint8Array(256);
  check(cuda.cuDeviceGetName(name, name.length, device));
  const uuid = new Uint8Array(16);
  check(cuda.cuDeviceGetUuid_v2(uuid, device));
  const total = new BigUint64Array(1);
  check(cuda.cuDeviceTotalMem_v2(total, device));
  const value = new Int32Array(1);
  const attributes = Object.values(DEVICE_ATTRIBUTE).flatMap((attribute) =>
    // What this driver does not carry over is not offered.
    NOT_CARRIED.has(attribute)
      ? [{ attribute, value: 0 }]
      : cuda.cuDeviceGetAttribute(value, attribute, device) === CUDA_ERROR.SUCCESS
        ? [{ attribute, value: value[0]! }]
        : [],
  );
  return {
    name: textOf(name),
    uuid,
    totalMem: Number(total[0]),
    attributes,
    arena: { base: Number(memory.base), stride: SLOT_BYTES, slots: SLOTS, start: 0, end: SLOT_BYTES, granularity: 512 },
  };
}

const NOT_CARRIED: ReadonlySet<number> = new Set([DEVICE_ATTRIBUTE.CONCURRENT_MANAGED_ACCESS]);

function variableNames(image: Uint8Array): string[] {
  try {
    return modulePtx(image).flatMap((text) => parsePtx(text).variables.map(({ name }) => name));
  } catch {
    return [];
  }
}

function outInt(call: (...args: (ArrayBufferView | number | bigint)[]) => number, ...args: (number | bigint)[]): number {
  const out = new Int32Array(1);
  check(call(out, ...args));
  return out[0]!;
}

function found<T>(object: T | undefined, error: number = CUDA_ERROR.INVALID_HANDLE): T {
  if (object === undefined) throw new CudaError(error);
  return object;
}

function textOf(bytes: Uint8Array): string {
  const end = bytes.indexOf(0);
  return new TextDecoder().decode(bytes.slice(0, end < 0 ? bytes.length : end));
}
