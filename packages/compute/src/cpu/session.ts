import {
  callNames,
  CUDA_ERROR,
  CudaError,
  type CallArguments,
  type CudaSession,
  type DriverCalls,
  type DriverInfo,
  type MethodArguments,
  type ModuleInfo,
} from "@decant/cuda";
import { CpuContext, type ContextOptions } from "./context.ts";
import type { CpuLink } from "./link.ts";
import type { StreamQueue } from "./streams.ts";

/** What belongs to a context. */
type Owned = "event" | "module" | "link" | "gate" | "texture";

interface Stream {
  readonly context: CpuContext;
  readonly queue: StreamQueue;
}

const STREAM_NON_BLOCKING = 1;

/** One session of the cpu driver: the calls of the table, each handed to its context. The guard in front has checked handles and ranges. */
export class CpuSession implements DriverCalls {
  readonly info: DriverInfo;
  readonly #options: ContextOptions;
  readonly #contexts = new Map<number, CpuContext>();
  readonly #owners: Record<Owned, Map<number, CpuContext>> = {
    event: new Map(),
    module: new Map(),
    link: new Map(),
    gate: new Map(),
    texture: new Map(),
  };
  readonly #streams = new Map<number, Stream>();

  constructor(info: DriverInfo, options: ContextOptions) {
    this.info = info;
    this.#options = options;
  }

  /** The session as drivers hand it out: its methods may be taken off it. */
  asSession(): CudaSession {
    const methods = Object.fromEntries(callNames.map((name) => [name, (this[name] as () => unknown).bind(this)])) as unknown as DriverCalls;
    return { ...methods, info: this.info, close: () => this.close() };
  }

  cuCtxCreate(...[context, , , slot]: CallArguments<"cuCtxCreate">): void {
    this.#contexts.set(context, new CpuContext(slot, this.#options));
  }

  async cuCtxDestroy(handle: number): Promise<void> {
    const context = this.#context(handle);
    this.#contexts.delete(handle);
    for (const owners of Object.values(this.#owners)) for (const [key, owner] of owners) if (owner === context) owners.delete(key);
    for (const [key, stream] of this.#streams) if (stream.context === context) this.#streams.delete(key);
    await context.destroy();
  }

  cuCtxSynchronize(context: number): void | Promise<void> {
    return this.#context(context).alone(() => undefined);
  }

  cuCtxSetLimit(...[handle, limit, value]: CallArguments<"cuCtxSetLimit">): void | Promise<void> {
    const context = this.#context(handle);
    return context.alone(() => context.setLimit(limit, value));
  }

  cuModuleLoadData(...[module, handle, image]: CallArguments<"cuModuleLoadData">): ModuleInfo {
    const context = this.#context(handle);
    const info = context.load(module, image);
    this.#owners.module.set(module, context);
    return info;
  }

  cuModuleUnload(module: number): void | Promise<void> {
    const context = this.#owner("module", module);
    this.#owners.module.delete(module);
    return context.alone(() => context.unload(module));
  }

  cuTexObjectCreate(...[texture, handle, info]: CallArguments<"cuTexObjectCreate">): number {
    const context = this.#context(handle);
    this.#owners.texture.set(texture, context);
    return context.createTexture(texture, info);
  }

  cuTexObjectDestroy(texture: number): void | Promise<void> {
    const context = this.#owner("texture", texture);
    this.#owners.texture.delete(texture);
    return context.destroyTexture(texture);
  }

  /** A surface is a texture that is written to. */
  cuSurfObjectCreate(...args: CallArguments<"cuSurfObjectCreate">): number {
    return this.cuTexObjectCreate(...args);
  }

  cuSurfObjectDestroy(surface: number): void | Promise<void> {
    return this.cuTexObjectDestroy(surface);
  }

  cuTexRefSetArray(...[module, reference, object]: CallArguments<"cuTexRefSetArray">): void | Promise<void> {
    const context = this.#owner("module", module);
    return context.alone(() => context.bindReference(module, reference, object));
  }

  cuLinkCreate(...[link, context]: CallArguments<"cuLinkCreate">): void {
    this.#context(context).createLink(link);
    this.#owners.link.set(link, this.#context(context));
  }

  cuLinkAddData(...[link, type, name, data]: CallArguments<"cuLinkAddData">): string {
    return this.#link(link).add(type, name, data);
  }

  cuLinkComplete(link: number): Uint8Array {
    return this.#link(link).complete();
  }

  cuLinkDestroy(link: number): void {
    this.#owners.link.get(link)?.links.delete(link);
    this.#owners.link.delete(link);
  }

  cuFuncSetAttribute(...[module, index, attribute, value]: CallArguments<"cuFuncSetAttribute">): void | Promise<void> {
    const context = this.#owner("module", module);
    return context.alone(() => context.setAttribute(module, index, attribute, value));
  }

  cuMemAlloc(...[address, handle, size]: CallArguments<"cuMemAlloc">): void | Promise<void> {
    const context = this.#context(handle);
    return context.order.afterBarrier(() => context.memory.allocate(address, size));
  }

  cuMemFree(...[address, handle]: CallArguments<"cuMemFree">): void | Promise<void> {
    const context = this.#context(handle);
    return context.alone(() => context.memory.free(address));
  }

  cuMemcpyHtoD(...[stream, address, bytes]: CallArguments<"cuMemcpyHtoD">): void | Promise<void> {
    const { context, queue } = this.#stream(stream);
    // The caller may change its bytes as soon as this returns.
    let ran = false;
    let source = bytes;
    const result = context.run(queue, () => {
      ran = true;
      context.memory.bytes.set(source, context.memory.offset(address));
    });
    if (!ran) source = bytes.slice();
    return result;
  }

  cuMemcpyDtoH(...[stream, address, size, into]: MethodArguments<"cuMemcpyDtoH">): Uint8Array | Promise<Uint8Array> {
    const { context, queue } = this.#stream(stream);
    return context.run(queue, () => {
      const offset = context.memory.offset(address);
      const copy = into ?? new Uint8Array(size);
      copy.set(context.memory.bytes.subarray(offset, offset + size));
      return copy;
    });
  }

  cuMemcpyDtoD(...[stream, destination, source, size]: CallArguments<"cuMemcpyDtoD">): void | Promise<void> {
    const { context, queue } = this.#stream(stream);
    const { memory } = context;
    return context.run(
      queue,
      () => void memory.bytes.copyWithin(memory.offset(destination), memory.offset(source), memory.offset(source) + size),
    );
  }

  cuMemcpy2DHtoD(...[stream, address, pitch, width, height, bytes]: CallArguments<"cuMemcpy2DHtoD">): void | Promise<void> {
    const { context, queue } = this.#stream(stream);
    const copy = bytes.slice();
    return context.run(queue, () => {
      const { memory } = context;
      const at = memory.offset(address);
      for (let row = 0; row < height; row++) memory.bytes.set(copy.subarray(row * width, (row + 1) * width), at + row * pitch);
    });
  }

  cuMemcpy2DDtoH(...[stream, address, pitch, width, height]: CallArguments<"cuMemcpy2DDtoH">): Uint8Array | Promise<Uint8Array> {
    const { context, queue } = this.#stream(stream);
    return context.run(queue, () => {
      const { memory } = context;
      const at = memory.offset(address);
      const result = new Uint8Array(width * height);
      for (let row = 0; row < height; row++) result.set(memory.bytes.subarray(at + row * pitch, at + row * pitch + width), row * width);
      return result;
    });
  }

  cuMemcpy3DDtoD(
    ...[stream, dst, dstPitch, dstSlice, src, srcPitch, srcSlice, width, height, depth]: CallArguments<"cuMemcpy3DDtoD">
  ): void | Promise<void> {
    const { context, queue } = this.#stream(stream);
    return context.run(queue, () => {
      const { memory } = context;
      const [to, from] = [memory.offset(dst), memory.offset(src)];
      for (let z = 0; z < depth; z++)
        for (let y = 0; y < height; y++) {
          const at = from + z * srcSlice + y * srcPitch;
          memory.bytes.copyWithin(to + z * dstSlice + y * dstPitch, at, at + width);
        }
    });
  }

  cuMemcpyPeer(...[stream, destination, srcContext, source, size]: CallArguments<"cuMemcpyPeer">): void | Promise<void> {
    const { context, queue } = this.#stream(stream);
    const other = this.#context(srcContext);
    const isReady = Promise.resolve(other.alone(() => undefined));
    // It is awaited in the stream's turn; it may fail before that.
    isReady.catch(() => undefined);
    return context.run(queue, async () => {
      await isReady;
      const at = other.memory.offset(source);
      context.memory.bytes.set(other.memory.bytes.subarray(at, at + size), context.memory.offset(destination));
    });
  }

  cuMemsetD2D(...[stream, address, pitch, value, elementSize, width, height]: CallArguments<"cuMemsetD2D">): void | Promise<void> {
    const { context, queue } = this.#stream(stream);
    return context.run(queue, () => {
      const { bytes } = context.memory;
      for (let row = 0; row < height; row++) fillRow(bytes, context.memory.offset(address) + row * pitch, value, elementSize, width);
    });
  }

  cuLaunchKernel(...launch: CallArguments<"cuLaunchKernel">): void | Promise<void> {
    return this.#launch(false, ...launch);
  }

  cuLaunchCooperativeKernel(...launch: CallArguments<"cuLaunchKernel">): void | Promise<void> {
    return this.#launch(true, ...launch);
  }

  #launch(
    isCooperative: boolean,
    ...[stream, handle, index, gx, gy, gz, bx, by, bz, sharedBytes, parameters]: CallArguments<"cuLaunchKernel">
  ): void | Promise<void> {
    const { context, queue } = this.#stream(stream);
    const copy = parameters.slice();
    return context.run(queue, () => {
      const module = context.modules.get(handle);
      if (module === undefined) throw new CudaError(CUDA_ERROR.INVALID_HANDLE);
      return context.launch(
        { module, function: index, grid: [gx, gy, gz], block: [bx, by, bz], sharedBytes, parameters: copy, isCooperative },
        queue.priority,
      );
    });
  }

  cuStreamCreate(...[stream, handle, flags, priority]: CallArguments<"cuStreamCreate">): void {
    const context = this.#context(handle);
    const isBlocking = (flags & STREAM_NON_BLOCKING) === 0;
    this.#streams.set(stream, { context, queue: context.order.create(isBlocking, priority) });
  }

  cuStreamDestroy(handle: number): void {
    const { context, queue } = this.#stream(handle);
    context.order.remove(queue);
    this.#streams.delete(handle);
  }

  cuStreamSynchronize(stream: number): void | Promise<void> {
    const { context, queue } = this.#stream(stream);
    return context.run(queue, () => undefined);
  }

  cuStreamWaitEvent(...[stream, event]: CallArguments<"cuStreamWaitEvent">): void | Promise<void> {
    const { context, queue } = this.#stream(stream);
    return context.waitEvent(queue, event);
  }

  cuLaunchHostFunc(...[gate, stream]: CallArguments<"cuLaunchHostFunc">): void | Promise<void> {
    const { context, queue } = this.#stream(stream);
    this.#owners.gate.set(gate, context);
    return context.closeAt(queue, gate);
  }

  hostFuncReturned(gate: number): void {
    this.#owners.gate.get(gate)?.openGate(gate);
    this.#owners.gate.delete(gate);
  }

  cuEventCreate(...[event, context]: CallArguments<"cuEventCreate">): void {
    this.#owners.event.set(event, this.#context(context));
  }

  cuEventDestroy(event: number): void {
    this.#owners.event.get(event)?.events.delete(event);
    this.#owners.event.delete(event);
  }

  cuEventRecord(...[event, stream]: CallArguments<"cuEventRecord">): void | Promise<void> {
    const { context, queue } = this.#stream(stream);
    return context.record(event, queue);
  }

  cuEventSynchronize(event: number): void | Promise<void> {
    const context = this.#owner("event", event);
    return context.whenRecorded([event], () => undefined);
  }

  cuEventElapsedTime(...[start, end]: CallArguments<"cuEventElapsedTime">): number | Promise<number> {
    const context = this.#owner("event", start);
    return context.whenRecorded([start, end], () => {
      const [first, last] = [context.events.get(start)?.time, context.events.get(end)?.time];
      if (first === undefined || last === undefined) throw new CudaError(CUDA_ERROR.INVALID_HANDLE);
      return last - first;
    });
  }

  /** A server counts them. */
  unsupportedCall(): void {}

  async close(): Promise<void> {
    await Promise.all([...this.#contexts.keys()].map((handle) => this.cuCtxDestroy(handle)));
  }

  #context(handle: number): CpuContext {
    const context = this.#contexts.get(handle);
    if (context === undefined) throw new CudaError(CUDA_ERROR.INVALID_CONTEXT);
    return context;
  }

  /** A stream; a context's handle stands for its legacy default stream. */
  #stream(handle: number): Stream {
    const context = this.#contexts.get(handle);
    const stream = context === undefined ? this.#streams.get(handle) : { context, queue: context.order.legacy };
    if (stream === undefined) throw new CudaError(CUDA_ERROR.INVALID_HANDLE);
    return stream;
  }

  #link(handle: number): CpuLink {
    const link = this.#owner("link", handle).links.get(handle);
    if (link === undefined) throw new CudaError(CUDA_ERROR.INVALID_HANDLE);
    return link;
  }

  #owner(kind: Owned, handle: number): CpuContext {
    const context = this.#owners[kind].get(handle);
    if (context === undefined) throw new CudaError(CUDA_ERROR.INVALID_HANDLE);
    return context;
  }
}

/** Fills a row with a little-endian pattern of 1, 2 or 4 bytes. */
function fillRow(bytes: Uint8Array, offset: number, value: number, elementSize: number, width: number): void {
  const length = width * elementSize;
  if (elementSize === 1) {
    bytes.fill(value & 0xff, offset, offset + length);
    return;
  }
  // One element, then doubled until the row is full.
  for (let byte = 0; byte < Math.min(elementSize, length); byte++) bytes[offset + byte] = (value >>> (8 * byte)) & 0xff;
  for (let done = elementSize; done < length; done *= 2) bytes.copyWithin(offset + done, offset, offset + Math.min(done, length - done));
}
