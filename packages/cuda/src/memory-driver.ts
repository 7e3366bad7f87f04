import { AllocationMap } from "./allocations.ts";
import { DEVICE_ATTRIBUTE } from "./attributes.ts";
import type { CallArguments, CallName, MethodArguments } from "./driver-calls.ts";
import { callNames } from "./driver-calls.ts";
import type { DriverInfo, FunctionInfo, ModuleInfo } from "./driver-info.ts";
import type { CudaDriver, CudaSession, SessionOptions } from "./driver.ts";
import { CUDA_ERROR, CudaError } from "./result.ts";

/** A kernel of the memory driver: plain TypeScript over device memory. It may throw CudaError, or be slow. */
export type TestKernel = (launch: {
  /** Live bytes of device memory. */
  readonly memory: (address: number, size: number) => Uint8Array;
  readonly grid: readonly [number, number, number];
  readonly block: readonly [number, number, number];
  readonly parameters: DataView;
  readonly print: (text: string) => void;
}) => void | Promise<void>;

/** What a memory driver was asked to do, session by session. */
export interface MemoryDriver extends CudaDriver {
  readonly log: readonly { readonly session: number; readonly name: CallName; readonly args: readonly unknown[] }[];
  readonly openSessions: number;
  /** Bytes of device memory in use by all sessions. */
  readonly allocatedBytes: number;
}

const SLOT = 2 ** 32;

/**
 * A driver for tests: real memory, copies, sets, streams that run in order of arrival, and kernels that the test
 * gives by name. A module image is text with lines `kernel NAME size,size...` and `global NAME size`; an image
 * that starts with `bad` fails with CUDA_ERROR_INVALID_PTX.
 */
export function memoryDriver(
  options: { kernels?: Record<string, TestKernel>; totalMem?: number; slots?: number; keepLog?: boolean } = {},
): MemoryDriver {
  const log: { session: number; name: CallName; args: readonly unknown[] }[] = [];
  const sessions = new Set<Session>();
  let opened = 0;
  return {
    log,
    get openSessions() {
      return sessions.size;
    },
    get allocatedBytes() {
      return [...sessions].reduce((sum, session) => sum + session.allocatedBytes, 0);
    },
    open(sessionOptions = {}) {
      const number = ++opened;
      const session = new Session(options, sessionOptions);
      sessions.add(session);
      // The methods of Session are the calls of the table, by the same names.
      const methods = session as unknown as Record<CallName, (...args: readonly unknown[]) => unknown>;
      const logged = Object.fromEntries(
        callNames.map((name) => [
          name,
          (...args: unknown[]) => {
            if (options.keepLog !== false) log.push({ session: number, name, args });
            return methods[name](...args);
          },
        ]),
      );
      return { ...logged, info: session.info, close: () => void sessions.delete(session) } as unknown as CudaSession;
    },
    close: () => sessions.clear(),
  };
}

interface Block {
  readonly map: AllocationMap;
  readonly bytes: Map<number, Uint8Array>;
}

class Session {
  readonly info: DriverInfo;
  readonly #kernels: Record<string, TestKernel>;
  readonly #print: (text: string) => void;
  readonly #memory: Block = { map: new AllocationMap(), bytes: new Map() };
  readonly #slotOf = new Map<number, number>();
  readonly #modules = new Map<number, ModuleInfo>();
  readonly #events = new Map<number, number>();
  #textures = 0;
  readonly #gates = new Map<number, () => void>();
  readonly #links = new Map<number, string>();
  #globals = 0;
  /** All work in order of arrival; failures are each caller's own. */
  #tail: Promise<unknown> | undefined;

  constructor(options: { kernels?: Record<string, TestKernel>; totalMem?: number; slots?: number }, session: SessionOptions) {
    this.#kernels = options.kernels ?? {};
    this.#print = (text) => session.onOutput?.(new TextEncoder().encode(text));
    this.info = driverInfo(options.totalMem ?? 256 << 20, options.slots ?? 4);
  }

  get allocatedBytes(): number {
    return this.#memory.map.bytes;
  }

  cuCtxCreate(...[context, , , slot]: CallArguments<"cuCtxCreate">): void {
    this.#slotOf.set(context, slot);
  }

  cuCtxDestroy(context: number): void {
    const base = SLOT * (1 + this.#slotOf.get(context)!);
    const own = [...this.#memory.map].filter(({ address }) => address >= base && address < base + SLOT);
    for (const { address } of own) this.#free(address);
  }

  cuCtxSynchronize(): Promise<void> | void {
    return this.#inOrder(() => undefined);
  }

  cuCtxSetLimit(): void {}

  cuModuleLoadData(...[module, context, image]: CallArguments<"cuModuleLoadData">): ModuleInfo {
    const text = new TextDecoder().decode(image);
    if (text.startsWith("bad")) throw new CudaError(CUDA_ERROR.INVALID_PTX, `line 1: expected a directive, found ${text.slice(0, 20)}`);
    const lines = text.split("\n").map((line) => line.trim().split(/\s+/));
    const info: ModuleInfo = {
      functions: lines.flatMap(([word, name, sizes]) => (word === "kernel" ? [kernelInfo(name!, sizes)] : [])),
      globals: lines.flatMap(([word, name, size]) => (word === "global" ? [this.#global(context, name!, Number(size))] : [])),
      references: lines.flatMap(([word, name]) => (word === "texref" ? [{ name: name!, kind: 0 }] : [])),
      log: "",
    };
    this.#modules.set(module, info);
    return info;
  }

  cuModuleUnload(module: number): void {
    this.#modules.delete(module);
  }

  cuFuncSetAttribute(): void {}

  cuTexObjectCreate(): number {
    return ++this.#textures;
  }
  cuTexObjectDestroy(): void {}
  cuSurfObjectCreate(): number {
    return ++this.#textures;
  }
  cuSurfObjectDestroy(): void {}
  cuTexRefSetArray(): void {}

  /** A linked image is the lines of all that was added. */
  cuLinkCreate(link: number): void {
    this.#links.set(link, "");
  }

  cuLinkAddData(...[link, , name, data]: CallArguments<"cuLinkAddData">): string {
    const text = new TextDecoder().decode(data);
    if (text.startsWith("bad")) throw new CudaError(CUDA_ERROR.INVALID_PTX, `${name}, line 1: expected a directive`);
    this.#links.set(link, `${this.#links.get(link)}${text}\n`);
    return `${name}: ${data.length} bytes`;
  }

  cuLinkComplete(link: number): Uint8Array {
    return new TextEncoder().encode(this.#links.get(link));
  }

  cuLinkDestroy(link: number): void {
    this.#links.delete(link);
  }

  cuMemAlloc(...[address, , size]: CallArguments<"cuMemAlloc">): void {
    this.#memory.map.add(address, size);
    this.#memory.bytes.set(address, new Uint8Array(size));
  }

  cuMemFree(address: number): Promise<void> | void {
    return this.#inOrder(() => this.#free(address));
  }

  cuMemcpyHtoD(...[, address, bytes]: CallArguments<"cuMemcpyHtoD">): Promise<void> | void {
    if (!this.#tail) return this.#at(address, bytes.length).set(bytes);
    const copy = bytes.slice();
    return this.#inOrder(() => this.#at(address, copy.length).set(copy));
  }

  cuMemcpyDtoH(...[, address, size, into]: MethodArguments<"cuMemcpyDtoH">): Promise<Uint8Array> | Uint8Array {
    return this.#inOrder(() => {
      const result = into ?? new Uint8Array(size);
      result.set(this.#at(address, size));
      return result;
    });
  }

  cuMemcpyDtoD(...[, destination, source, size]: CallArguments<"cuMemcpyDtoD">): Promise<void> | void {
    return this.#inOrder(() => this.#at(destination, size).set(this.#at(source, size).slice()));
  }

  cuMemcpy2DHtoD(...[, address, pitch, width, height, bytes]: CallArguments<"cuMemcpy2DHtoD">): Promise<void> | void {
    const copy = bytes.slice();
    return this.#inOrder(() => {
      for (let row = 0; row < height; row++) this.#at(address + row * pitch, width).set(copy.subarray(row * width, (row + 1) * width));
    });
  }

  cuMemcpy2DDtoH(...[, address, pitch, width, height]: CallArguments<"cuMemcpy2DDtoH">): Promise<Uint8Array> | Uint8Array {
    return this.#inOrder(() => {
      const result = new Uint8Array(width * height);
      for (let row = 0; row < height; row++) result.set(this.#at(address + row * pitch, width), row * width);
      return result;
    });
  }

  cuMemcpy3DDtoD(
    ...[, dst, dstPitch, dstSlice, src, srcPitch, srcSlice, width, height, depth]: CallArguments<"cuMemcpy3DDtoD">
  ): Promise<void> | void {
    return this.#inOrder(() => {
      for (let z = 0; z < depth; z++)
        for (let y = 0; y < height; y++)
          this.#at(dst + z * dstSlice + y * dstPitch, width).set(this.#at(src + z * srcSlice + y * srcPitch, width).slice());
    });
  }

  cuMemcpyPeer(...[, destination, , source, size]: CallArguments<"cuMemcpyPeer">): Promise<void> | void {
    return this.#inOrder(() => this.#at(destination, size).set(this.#at(source, size).slice()));
  }

  cuMemsetD2D(...[, address, pitch, value, elementSize, width, height]: CallArguments<"cuMemsetD2D">): Promise<void> | void {
    return this.#inOrder(() => {
      for (let row = 0; row < height; row++) {
        const bytes = this.#at(address + row * pitch, width * elementSize);
        for (let index = 0; index < bytes.length; index++) bytes[index] = value >>> (8 * (index % elementSize));
      }
    });
  }

  cuLaunchKernel(...[, module, index, gx, gy, gz, bx, by, bz, , parameters]: CallArguments<"cuLaunchKernel">): Promise<void> | void {
    const { name } = this.#modules.get(module)!.functions[index]!;
    const block = parameters.slice();
    return this.#inOrder(() =>
      this.#kernels[name]?.({
        memory: (address, size) => this.#at(address, size),
        grid: [gx, gy, gz],
        block: [bx, by, bz],
        parameters: new DataView(block.buffer),
        print: this.#print,
      }),
    );
  }

  cuLaunchCooperativeKernel(...launch: CallArguments<"cuLaunchKernel">): Promise<void> | void {
    return this.cuLaunchKernel(...launch);
  }

  cuStreamCreate(): void {}
  cuStreamDestroy(): void {}
  cuStreamSynchronize(): Promise<void> | void {
    return this.#inOrder(() => undefined);
  }
  cuStreamWaitEvent(): void {}
  cuLaunchHostFunc(gate: number): Promise<void> | void {
    const reached = this.#inOrder(() => undefined);
    void this.#inOrder(() => new Promise<void>((resolve) => this.#gates.set(gate, resolve)));
    return reached;
  }
  hostFuncReturned(gate: number): void {
    this.#gates.get(gate)?.();
    this.#gates.delete(gate);
  }

  cuEventCreate(): void {}
  cuEventDestroy(event: number): void {
    this.#events.delete(event);
  }
  cuEventRecord(event: number): Promise<void> | void {
    return this.#inOrder(() => void this.#events.set(event, performance.now()));
  }
  cuEventSynchronize(): Promise<void> | void {
    return this.#inOrder(() => undefined);
  }
  cuEventElapsedTime(start: number, end: number): number {
    const [from, to] = [this.#events.get(start), this.#events.get(end)];
    if (from === undefined || to === undefined) throw new CudaError(CUDA_ERROR.NOT_READY);
    return to - from;
  }

  unsupportedCall(): void {}

  /** Runs now when nothing is queued, else when what is queued has ended. */
  #inOrder<T>(work: () => T | Promise<T>): T | Promise<T> {
    const result = this.#tail ? this.#tail.then(work) : work();
    if (!(result instanceof Promise)) return result;
    const settled = result
      .catch(() => undefined)
      .then(() => {
        if (this.#tail === settled) this.#tail = undefined;
      });
    this.#tail = settled;
    return result;
  }

  #at(address: number, size: number): Uint8Array {
    const allocation = this.#memory.map.find(address, size);
    if (!allocation) throw new CudaError(CUDA_ERROR.ILLEGAL_ADDRESS, `address 0x${address.toString(16)}`);
    const offset = address - allocation.address;
    return this.#memory.bytes.get(allocation.address)!.subarray(offset, offset + size);
  }

  #free(address: number): void {
    this.#memory.map.remove(address);
    this.#memory.bytes.delete(address);
  }

  #global(context: number, name: string, size: number): ModuleInfo["globals"][number] {
    const address = SLOT * (1 + this.#slotOf.get(context)!) + 0xf000_0000 + 256 * this.#globals++;
    this.#memory.map.add(address, size);
    this.#memory.bytes.set(address, new Uint8Array(size));
    return { name, address, size };
  }
}

function kernelInfo(name: string, sizes = ""): FunctionInfo {
  const parameters: { offset: number; size: number }[] = [];
  let end = 0;
  for (const size of sizes.split(",").filter(Boolean).map(Number)) {
    const offset = Math.ceil(end / size) * size;
    parameters.push({ offset, size });
    end = offset + size;
  }
  return {
    name,
    parameters,
    maxThreadsPerBlock: 1024,
    sharedSizeBytes: 0,
    constSizeBytes: 0,
    localSizeBytes: 0,
    numRegs: 16,
    ptxVersion: 75,
    binaryVersion: 75,
    maxDynamicSharedSizeBytes: 49152,
  };
}

function driverInfo(totalMem: number, slots: number): DriverInfo {
  const attributes = {
    MAX_THREADS_PER_BLOCK: 1024,
    MAX_BLOCK_DIM_X: 1024,
    MAX_BLOCK_DIM_Y: 1024,
    MAX_BLOCK_DIM_Z: 64,
    MAX_GRID_DIM_X: 0x7fffffff,
    MAX_GRID_DIM_Y: 65535,
    MAX_GRID_DIM_Z: 65535,
    MAX_SHARED_MEMORY_PER_BLOCK: 49152,
    MAX_SHARED_MEMORY_PER_BLOCK_OPTIN: 65536,
    MAX_SHARED_MEMORY_PER_MULTIPROCESSOR: 65536,
    MAX_THREADS_PER_MULTIPROCESSOR: 1024,
    MAX_BLOCKS_PER_MULTIPROCESSOR: 16,
    WARP_SIZE: 32,
    MULTIPROCESSOR_COUNT: 1,
    COMPUTE_CAPABILITY_MAJOR: 7,
    COMPUTE_CAPABILITY_MINOR: 5,
    PCI_BUS_ID: 10,
    PCI_DEVICE_ID: 0,
    PCI_DOMAIN_ID: 0,
    UNIFIED_ADDRESSING: 1,
  } as const;
  return {
    name: "memory",
    driverVersion: 13000,
    devices: [
      {
        name: "Memory device",
        uuid: Uint8Array.from({ length: 16 }, (_, index) => index + 1),
        totalMem,
        attributes: Object.entries(attributes).map(([name, value]) => ({
          attribute: DEVICE_ATTRIBUTE[name as keyof typeof attributes],
          value,
        })),
        arena: { base: SLOT, stride: SLOT, slots, start: 0x10000, end: 0xf000_0000, granularity: 256 },
      },
    ],
  };
}
