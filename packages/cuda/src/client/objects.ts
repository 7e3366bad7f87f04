import type { AddressAllocator } from "../allocations.ts";
import type { DeviceInfo, FunctionInfo, ModuleInfo } from "../driver-info.ts";
import { CUDA_ERROR, CudaError } from "../result.ts";
import type { CaptureSequence } from "./capture.ts";
import type { Graph, GraphExec, GraphNode } from "./graph.ts";
import type { TextureDesc, TextureResource } from "./texture-calls.ts";
import type { Mirror } from "./mirror.ts";

/** A device of the session, with its attributes by number. */
export interface Device {
  readonly ordinal: number;
  readonly info: DeviceInfo;
  readonly attributes: ReadonlyMap<number, number>;
}

/** A CUDA context as its client keeps it; its handle also names its legacy default stream. */
export class Context {
  readonly handle: number;
  readonly device: Device;
  flags: number;
  readonly slot: number;
  readonly memory: AddressAllocator;
  readonly defaultStream: Stream;
  readonly streams = new Set<Stream>();
  readonly modules = new Set<Module>();
  readonly events = new Set<Event>();
  readonly links = new Set<Link>();
  readonly arrays = new Set<CudaArray>();
  readonly mipmaps = new Set<MipmappedArray>();
  /** Handles of texture and surface objects, by what kernels know them by. */
  readonly textures = new Map<number, number>();
  readonly surfaces = new Map<number, number>();
  readonly limits = new Map<number, number>();
  /** Memory that the host sees too. */
  readonly mirrors = new Set<Mirror>();
  /** Addresses without memory, for cuMemMap, by their first. */
  readonly reservations = new Map<number, Reservation>();
  destroyed = false;
  /** The error that every further call of the context returns. */
  sticky: CudaError | undefined;

  constructor(handle: number, device: Device, flags: number, slot: number, memory: AddressAllocator) {
    this.handle = handle;
    this.device = device;
    this.flags = flags;
    this.slot = slot;
    this.memory = memory;
    this.defaultStream = new Stream(handle, this, 0, 0);
    this.streams.add(this.defaultStream);
  }

  /** Throws when the context can do no more work. */
  check(): this {
    if (this.destroyed) throw new CudaError(CUDA_ERROR.CONTEXT_IS_DESTROYED);
    if (this.sticky) throw this.sticky;
    return this;
  }
}

/**
 * What is known here of work at the other end. `posted` counts calls; a fence is an answer that comes when all of
 * them are done, so cuStreamQuery and cuEventQuery read local state and never wait.
 */
export class Progress {
  posted = 0;
  completed = 0;
  fence: Promise<void> | undefined;
  /** Device-to-host copies that are under way to host memory; a wait or query is not over before they have landed. */
  landing: Promise<void> | undefined;
  /** What such a copy, or a fence that nobody waited for, failed with. */
  failure: unknown;

  /** Throws a failure that was kept, once. */
  reportFailure(): void {
    const { failure } = this;
    this.failure = undefined;
    if (failure !== undefined) throw failure;
  }
}

export class Stream extends Progress {
  readonly handle: number;
  readonly context: Context;
  readonly flags: number;
  readonly priority: number;
  destroyed = false;
  /** How much of what was posted is known to be done: by a wait, or as a copy behind it has landed. */
  passed = 0;
  /** Set while what is posted becomes a graph instead. */
  capture: CaptureSequence | undefined;

  constructor(handle: number, context: Context, flags: number, priority: number) {
    super();
    this.handle = handle;
    this.context = context;
    this.flags = flags;
    this.priority = priority;
  }
}

export class Event extends Progress {
  readonly handle: number;
  /** Where it was recorded last, if that was in a stream that is being captured. */
  captured: { readonly sequence: CaptureSequence; readonly nodes: readonly GraphNode[] } | undefined;
  readonly context: Context;
  readonly flags: number;
  /** The stream of the last record, and how much had been posted there with it. */
  recorded: { readonly stream: Stream; readonly posted: number } | undefined;

  constructor(handle: number, context: Context, flags: number) {
    super();
    this.handle = handle;
    this.context = context;
    this.flags = flags;
  }

  /** Whether its stream is known to have come past the last record. */
  get isPast(): boolean {
    return this.recorded !== undefined && this.recorded.stream.passed >= this.recorded.posted;
  }
}

export class Module {
  readonly handle: number;
  readonly context: Context;
  readonly info: ModuleInfo;
  readonly functions = new Map<string, Kernel>();
  readonly references = new Map<number, TextureReference>();

  constructor(handle: number, context: Context, info: ModuleInfo) {
    this.handle = handle;
    this.context = context;
    this.info = info;
  }
}

/** A CUarray: device memory with rows `pitch` and slices `slice` bytes apart. Sizes are in elements, and 0 for a dimension that it does not have. */
export class CudaArray {
  readonly handle: number;
  readonly context: Context;
  readonly address: number;
  readonly width: number;
  readonly height: number;
  readonly depth: number;
  readonly format: number;
  readonly numChannels: number;
  readonly flags: number;
  readonly elementBytes: number;
  readonly pitch: number;
  readonly slice: number;

  constructor(handle: number, context: Context, given: Omit<CudaArray, "handle" | "context" | "rowBytes" | "rows" | "slices">) {
    this.handle = handle;
    this.context = context;
    this.address = given.address;
    this.width = given.width;
    this.height = given.height;
    this.depth = given.depth;
    this.format = given.format;
    this.numChannels = given.numChannels;
    this.flags = given.flags;
    this.elementBytes = given.elementBytes;
    this.pitch = given.pitch;
    this.slice = given.slice;
  }

  get rowBytes(): number {
    return this.width * this.elementBytes;
  }

  get rows(): number {
    return Math.max(this.height, 1);
  }

  get slices(): number {
    return Math.max(this.depth, 1);
  }
}

/** A CUmipmappedArray: an array for each level, each half the size of the one before. */
export class MipmappedArray {
  readonly handle: number;
  readonly context: Context;
  readonly levels: readonly CudaArray[];

  constructor(handle: number, context: Context, levels: readonly CudaArray[]) {
    this.handle = handle;
    this.context = context;
    this.levels = levels;
  }
}

/** A CUtexref or CUsurfref: a reference of a module, and what it was told to be. */
export class TextureReference {
  readonly handle: number;
  readonly module: Module;
  readonly index: number;
  resource: TextureResource | undefined;
  desc: TextureDesc = {};
  /** The format for linear memory, which comes by a call of its own. */
  format = { format: 0x20, numChannels: 1 };
  /** The handle of the object that stands for it. */
  object: number | undefined;

  constructor(handle: number, module: Module, index: number) {
    this.handle = handle;
    this.module = module;
    this.index = index;
  }
}

/** Memory at reserved addresses; `access` is a CUmemAccess_flags. */
export interface Mapping {
  readonly address: number;
  readonly memory: PhysicalMemory;
  access: number;
}

/** Addresses of cuMemAddressReserve, and what is mapped there. */
export class Reservation {
  readonly address: number;
  readonly size: number;
  /** Larger than the addresses that there are: what is mapped takes its addresses then, if they are free. */
  readonly isWide: boolean;
  readonly mappings = new Map<number, Mapping>();

  constructor(address: number, size: number, isWide = false) {
    this.address = address;
    this.size = size;
    this.isWide = isWide;
  }
}

/** A CUmemGenericAllocationHandle: device memory that need not have an address. */
export class PhysicalMemory {
  readonly handle: number;
  readonly device: Device;
  readonly size: number;
  references = 1;
  mapping: Mapping | undefined;
  /** Where its bytes are kept while it cannot be accessed; undefined when it never was. */
  kept: number | undefined;

  constructor(handle: number, device: Device, size: number) {
    this.handle = handle;
    this.device = device;
    this.size = size;
  }
}

/** A CUmemoryPool: bytes that are in use, and the most that ever were. */
export class Pool {
  readonly handle: number;
  readonly device: Device;
  used = 0;
  most = 0;
  /** Reuse by events, by chance, and by dependencies, and the release threshold: CUmemPool_attribute 1 to 4. */
  readonly attributes = new Map<number, number>([
    [1, 1],
    [2, 1],
    [3, 1],
    [4, 0],
  ]);

  constructor(handle: number, device: Device) {
    this.handle = handle;
    this.device = device;
  }
}

/** A CUlibrary: code that belongs to no context, and its module in each context that has used it. */
export class Library {
  readonly handle: number;
  readonly image: Uint8Array;
  readonly info: ModuleInfo;
  readonly kernels = new Map<string, LibraryKernel>();
  readonly modules = new Map<Context, Module>();
  readonly loading = new Map<Context, Promise<Module>>();

  constructor(handle: number, image: Uint8Array, info: ModuleInfo) {
    this.handle = handle;
    this.image = image;
    this.info = info;
  }
}

/** A CUkernel: a kernel of a library. */
export class LibraryKernel {
  readonly handle: number;
  readonly library: Library;
  readonly index: number;
  /** What was set for each device, by attribute. */
  readonly attributes = new Map<number, Map<number, number>>();

  constructor(handle: number, library: Library, index: number) {
    this.handle = handle;
    this.library = library;
    this.index = index;
  }

  get info(): FunctionInfo {
    return this.library.info.functions[this.index]!;
  }
}

/** A CUlinkState: modules that are being joined. */
export class Link {
  readonly handle: number;
  readonly context: Context;
  isComplete = false;

  constructor(handle: number, context: Context) {
    this.handle = handle;
    this.context = context;
  }
}

/** A CUfunction: a kernel of a loaded module. */
export class Kernel {
  readonly handle: number;
  readonly module: Module;
  readonly index: number;
  readonly info: FunctionInfo;
  readonly parameterBytes: number;
  maxDynamicSharedSizeBytes: number;
  preferredSharedMemoryCarveout = -1;

  constructor(handle: number, module: Module, index: number, info: FunctionInfo, parameterBytes: number) {
    this.handle = handle;
    this.module = module;
    this.index = index;
    this.info = info;
    this.parameterBytes = parameterBytes;
    this.maxDynamicSharedSizeBytes = info.maxDynamicSharedSizeBytes;
  }
}

export type ClientObject =
  | Context
  | Stream
  | Event
  | Module
  | Link
  | Kernel
  | Library
  | LibraryKernel
  | Pool
  | PhysicalMemory
  | Graph
  | GraphNode
  | GraphExec
  | CudaArray
  | MipmappedArray
  | TextureReference;
