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

/** A stream or event belongs to a context; a context is its own default stream. */
type Owned = "stream" | "event" | "module" | "link";

/** One session of the cpu driver: the calls of the table, each handed to its context. The guard in front has checked handles and ranges. */
export class CpuSession implements DriverCalls {
  readonly info: DriverInfo;
  readonly #options: ContextOptions;
  readonly #contexts = new Map<number, CpuContext>();
  readonly #owners: Record<Owned, Map<number, CpuContext>> = { stream: new Map(), event: new Map(), module: new Map(), link: new Map() };

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
    await context.destroy();
  }

  cuCtxSynchronize(context: number): void | Promise<void> {
    return this.#context(context).inOrder(() => undefined);
  }

  cuCtxSetLimit(): void {}

  cuModuleLoadData(...[module, handle, image]: CallArguments<"cuModuleLoadData">): ModuleInfo | Promise<ModuleInfo> {
    const context = this.#context(handle);
    const copy = image.slice();
    return context.inOrder(() => {
      const info = context.load(module, copy);
      this.#owners.module.set(module, context);
      return info;
    });
  }

  cuModuleUnload(module: number): void | Promise<void> {
    const context = this.#owner("module", module);
    this.#owners.module.delete(module);
    return context.inOrder(() => context.unload(module));
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
    return context.inOrder(() => context.setAttribute(module, index, attribute, value));
  }

  cuMemAlloc(...[address, handle, size]: CallArguments<"cuMemAlloc">): void | Promise<void> {
    const context = this.#context(handle);
    return context.inOrder(() => context.memory.allocate(address, size));
  }

  cuMemFree(...[address, handle]: CallArguments<"cuMemFree">): void | Promise<void> {
    const context = this.#context(handle);
    return context.inOrder(() => context.memory.free(address));
  }

  cuMemcpyHtoD(...[stream, address, bytes]: CallArguments<"cuMemcpyHtoD">): void | Promise<void> {
    const context = this.#stream(stream);
    // The caller may change its bytes as soon as this returns.
    let ran = false;
    let source = bytes;
    const result = context.inOrder(() => {
      ran = true;
      context.memory.bytes.set(source, context.memory.offset(address));
    });
    if (!ran) source = bytes.slice();
    return result;
  }

  cuMemcpyDtoH(...[stream, address, size, into]: MethodArguments<"cuMemcpyDtoH">): Uint8Array | Promise<Uint8Array> {
    const context = this.#stream(stream);
    return context.inOrder(() => {
      const offset = context.memory.offset(address);
      const copy = into ?? new Uint8Array(size);
      copy.set(context.memory.bytes.subarray(offset, offset + size));
      return copy;
    });
  }

  cuMemcpyDtoD(...[stream, destination, source, size]: CallArguments<"cuMemcpyDtoD">): void | Promise<void> {
    const context = this.#stream(stream);
    const { memory } = context;
    return context.inOrder(
      () => void memory.bytes.copyWithin(memory.offset(destination), memory.offset(source), memory.offset(source) + size),
    );
  }

  cuMemsetD2D(...[stream, address, pitch, value, elementSize, width, height]: CallArguments<"cuMemsetD2D">): void | Promise<void> {
    const context = this.#stream(stream);
    return context.inOrder(() => {
      const { bytes } = context.memory;
      for (let row = 0; row < height; row++) fillRow(bytes, context.memory.offset(address) + row * pitch, value, elementSize, width);
    });
  }

  cuLaunchKernel(
    ...[stream, handle, index, gx, gy, gz, bx, by, bz, sharedBytes, parameters]: CallArguments<"cuLaunchKernel">
  ): void | Promise<void> {
    const context = this.#stream(stream);
    const copy = parameters.slice();
    return context.inOrder(() => {
      const module = context.modules.get(handle);
      if (module === undefined) throw new CudaError(CUDA_ERROR.INVALID_HANDLE);
      return context.launch({ module, function: index, grid: [gx, gy, gz], block: [bx, by, bz], sharedBytes, parameters: copy });
    });
  }

  cuStreamCreate(...[stream, context]: CallArguments<"cuStreamCreate">): void {
    this.#owners.stream.set(stream, this.#context(context));
  }

  cuStreamDestroy(stream: number): void {
    this.#owners.stream.delete(stream);
  }

  cuStreamSynchronize(stream: number): void | Promise<void> {
    return this.#stream(stream).inOrder(() => undefined);
  }

  /** All work of a context is in order already. */
  cuStreamWaitEvent(): void {}

  cuEventCreate(...[event, context]: CallArguments<"cuEventCreate">): void {
    this.#owners.event.set(event, this.#context(context));
  }

  cuEventDestroy(event: number): void {
    this.#owners.event.get(event)?.events.delete(event);
    this.#owners.event.delete(event);
  }

  cuEventRecord(...[event, stream]: CallArguments<"cuEventRecord">): void | Promise<void> {
    const context = this.#stream(stream);
    return context.inOrder(() => void context.events.set(event, performance.now()));
  }

  cuEventSynchronize(event: number): void | Promise<void> {
    return this.#owner("event", event).inOrder(() => undefined);
  }

  cuEventElapsedTime(...[start, end]: CallArguments<"cuEventElapsedTime">): number | Promise<number> {
    const context = this.#owner("event", start);
    return context.inOrder(() => {
      const [first, last] = [context.events.get(start), context.events.get(end)];
      if (first === undefined || last === undefined) throw new CudaError(CUDA_ERROR.INVALID_HANDLE);
      return last - first;
    });
  }

  async close(): Promise<void> {
    await Promise.all([...this.#contexts.keys()].map((handle) => this.cuCtxDestroy(handle)));
  }

  #context(handle: number): CpuContext {
    const context = this.#contexts.get(handle);
    if (context === undefined) throw new CudaError(CUDA_ERROR.INVALID_CONTEXT);
    return context;
  }

  #stream(handle: number): CpuContext {
    return this.#contexts.get(handle) ?? this.#owner("stream", handle);
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
