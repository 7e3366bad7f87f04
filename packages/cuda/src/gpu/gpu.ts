import { type Cuda, openCuda } from "../client/cuda.ts";
import type { CudaDriver } from "../driver.ts";
import { type ElementType, GpuBuffer, type TypedArray } from "./buffer.ts";
import { GpuModule } from "./module.ts";
import { GpuStream } from "./stream.ts";

export interface GpuOptions {
  /** The device's number; 0 if not given. */
  readonly device?: number;
  /** Takes what kernels print. */
  onOutput?(text: Uint8Array): void;
  /** Takes the reason when a remote driver is lost: every call fails from then on. */
  onLost?(reason: string): void;
}

/**
 * A device for TypeScript programs, over any driver: typed buffers, modules, kernels and streams.
 *
 *     const gpu = await openGpu(cpuDriver()); // or remoteDriver("ws://host:9440")
 *     const x = gpu.upload(Float32Array.of(1, 2, 3));
 *     const y = gpu.upload(Float32Array.of(10, 20, 30));
 *     const saxpy = (await gpu.load(ptx)).kernel("saxpy");
 *     saxpy.launch({ grid: 1, block: 32 }, 3, f32(2), x, y);
 *     console.log(await y.read()); // 12, 24, 36
 *     await gpu.close();
 */
export async function openGpu(driver: CudaDriver, options: GpuOptions = {}): Promise<Gpu> {
  const { device = 0, ...session } = options;
  const cuda = await openCuda(driver, session);
  try {
    cuda.cuCtxSetCurrent(cuda.cuDevicePrimaryCtxRetain(cuda.cuDeviceGet(device)));
  } catch (error) {
    await cuda.close();
    throw error;
  }
  return new Gpu(cuda, device);
}

/** An opened device; its primary context is current. */
export class Gpu {
  /** The Driver API itself, for all that has no method here. */
  readonly cuda: Cuda;
  readonly device: number;

  constructor(cuda: Cuda, device: number) {
    this.cuda = cuda;
    this.device = device;
  }

  get name(): string {
    return this.cuda.cuDeviceGetName(this.device);
  }

  /** Compiles PTX text, or takes it from a fatbin or cubin. Fails with CudaError, whose `log` is the compiler's. */
  async load(image: Uint8Array | string): Promise<GpuModule> {
    return new GpuModule(this.cuda, await this.cuda.cuModuleLoadData(image));
  }

  /** Device memory for `length` elements, which are zero. */
  buffer<T extends TypedArray>(type: ElementType<T>, length: number): GpuBuffer<T> {
    return this.#allocate(type, length).clear();
  }

  /** Device memory with a copy of these elements. */
  upload<T extends TypedArray>(elements: T): GpuBuffer<T> {
    // A typed array's constructor makes arrays of its own type.
    return this.#allocate(elements.constructor as unknown as ElementType<T>, elements.length).write(elements);
  }

  /** A stream whose work may overlap with that of others. */
  stream(): GpuStream {
    return new GpuStream(this.cuda, this.cuda.cuStreamCreate(STREAM_NON_BLOCKING));
  }

  /** Resolves when all that was posted has run; rejects with what it failed with. */
  synchronize(): Promise<void> {
    return this.cuda.cuCtxSynchronize();
  }

  /** Ends the session, and gives back all that it holds. The driver is the caller's. */
  close(): Promise<void> {
    return this.cuda.close();
  }

  #allocate<T extends TypedArray>(type: ElementType<T>, length: number): GpuBuffer<T> {
    return new GpuBuffer(this.cuda, type, this.cuda.cuMemAlloc(length * type.BYTES_PER_ELEMENT), length);
  }
}

const STREAM_NON_BLOCKING = 1;
