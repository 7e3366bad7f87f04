import {
  ABORT_WORD,
  compileModule,
  createServices,
  createTextures,
  FAULT,
  HEAP_HEADER_BYTES,
  LAUNCH,
  layout,
  parsePtx,
  runBlocks,
  takeOutput,
  TEXTURE,
  WORKER,
  writeTextureDescriptor,
} from "./index.ts";
import type { BlockRun, CompiledModule, KernelOptions, PhaseFunction, TextureDescriptor, TextureLevel } from "./index.ts";
import { noteForms } from "./note-forms.fixture.ts";

const TAG = 0x7dec;
const LAUNCH_AT = 0x1000;
const WORKER_AT = 0x2000;
const PARAMETERS_AT = 0x4000;
const TABLE_AT = 0xd000;
const SCRATCH_AT = 0x10000;
const HEAP_AT = 0x400000;
const OUTPUT_AT = 0x3000000;
const OUTPUT_BYTES = 1 << 16;
const TEXTURES_AT = 0x2f00000;
const LEVELS_AT = 0x2f80000;
const TEXELS_AT = 0x2800000;
const DEVICE_HEAP_AT = 0x3200000;
const DEVICE_HEAP_BYTES = 1 << 20;
/** Negative as an integer, and not a number as a float or a double. */
const LEFTOVER = -1431;

/** What a kernel's argument can be in a test. Buffers are read back after the run. */
export type Argument =
  | Uint8Array
  | Uint16Array
  | Uint32Array
  | Int32Array
  | Float32Array
  | Float64Array
  | BigUint64Array
  | BigInt64Array
  | { u32: number }
  | { s32: number }
  | { f32: number }
  | { f64: number }
  | { u64: bigint };

export interface RunOptions extends Partial<KernelOptions> {
  readonly grid?: readonly [number, number?, number?];
  readonly block?: readonly [number, number?, number?];
  readonly shared?: number;
  /** Raises the abort word before the run: loops end at their first backward jump. */
  readonly aborted?: boolean;
  /** Runs the blocks in ranges of this many. */
  readonly chunk?: number;
}

export interface Fault {
  readonly kind: number;
  readonly line: number | undefined;
  readonly thread: number;
  readonly address: bigint;
  readonly block: readonly number[];
}

export interface TestTexture {
  readonly handle: bigint;
  readonly bytes: Uint8Array;
}

/** A compiled module in a small memory of its own, for this package's tests: everything in one thread. */
export class Harness {
  readonly compiled: CompiledModule;
  readonly #memory = new WebAssembly.Memory({ initial: 1024, maximum: 1024, shared: true });
  readonly #exports: WebAssembly.Exports;
  #textures = 0;
  #levels = LEVELS_AT;
  #texels = TEXELS_AT;

  constructor(text: string, options: Partial<KernelOptions> = {}) {
    const module = parsePtx(text);
    this.compiled = compileModule(module, { features: { fusedMultiplyAdd: false }, ...options });
    noteForms(module);
    const symbols = HEAP_AT - 0x200000;
    this.#exports = new WebAssembly.Instance(new WebAssembly.Module(this.compiled.wasm as Uint8Array<ArrayBuffer>), {
      env: {
        memory: this.#memory,
        window: BigInt(TAG) << 32n,
        symbols: pointer(symbols),
        sin: Math.sin,
        cos: Math.cos,
        log2: Math.log2,
        exp2: (x: number) => 2 ** x,
        tanh: Math.tanh,
        clock: () => process.hrtime.bigint(),
        service: createServices(
          layout,
          this.#memory.buffer,
          BigInt(TAG) << 32n,
          createTextures(layout, this.#memory.buffer, BigInt(TAG) << 32n),
        ),
      },
    }).exports;
    const bytes = new Uint8Array(this.#memory.buffer);
    for (const { offset, bytes: initial } of this.compiled.initial) bytes.set(initial, symbols + offset);
    for (const { offset, target } of this.compiled.relocations)
      new DataView(this.#memory.buffer).setBigUint64(symbols + offset, pointer(symbols + target), true);
  }

  /** Runs a kernel. Buffers among the arguments get their new contents. Throws the trap. */
  run(name: string, args: readonly Argument[], options: RunOptions = {}): void {
    const kernel = this.compiled.kernels.find((candidate) => candidate.name === name);
    if (kernel === undefined) throw new Error(`no kernel ${name}`);
    const view = new DataView(this.#memory.buffer);
    const bytes = new Uint8Array(this.#memory.buffer);
    const [gx, gy = 1, gz = 1] = options.grid ?? [1];
    const [bx, by = 1, bz = 1] = options.block ?? [1];
    const threads = bx * by * bz;
    const symbols = HEAP_AT - 0x200000;
    const allocations: [number, number][] = this.compiled.variables.map(({ offset, size }) => [symbols + offset, symbols + offset + size]);
    let heap = HEAP_AT;
    const buffers: [number, Argument & ArrayBufferView][] = [];
    for (const [index, argument] of args.entries()) {
      const at = PARAMETERS_AT + (kernel.parameters[index]?.offset ?? 0);
      if (ArrayBuffer.isView(argument)) {
        bytes.set(new Uint8Array(argument.buffer, argument.byteOffset, argument.byteLength), heap);
        view.setBigUint64(at, pointer(heap), true);
        buffers.push([heap, argument]);
        if (argument.byteLength > 0) allocations.push([heap, heap + argument.byteLength]);
        heap += Math.ceil(argument.byteLength / 256) * 256;
      } else if ("u32" in argument) view.setUint32(at, argument.u32, true);
      else if ("s32" in argument) view.setInt32(at, argument.s32, true);
      else if ("f32" in argument) view.setFloat32(at, argument.f32, true);
      else if ("f64" in argument) view.setFloat64(at, argument.f64, true);
      else view.setBigUint64(at, argument.u64, true);
    }
    allocations.push([DEVICE_HEAP_AT + HEAP_HEADER_BYTES, DEVICE_HEAP_AT + DEVICE_HEAP_BYTES]);
    for (const [index, [start, end]] of allocations.entries()) {
      view.setUint32(TABLE_AT + index * 8, start, true);
      view.setUint32(TABLE_AT + index * 8 + 4, end, true);
    }
    const dynamic = Math.ceil(kernel.sharedBytes / 16) * 16;
    const sharedBytes = options.shared === undefined ? kernel.sharedBytes : dynamic + options.shared;
    for (const [index, value] of [
      gx,
      gy,
      gz,
      bx,
      by,
      bz,
      threads,
      sharedBytes,
      PARAMETERS_AT,
      kernel.parameterBytes,
      TABLE_AT,
      allocations.length,
      dynamic,
    ].entries()) {
      view.setUint32(LAUNCH_AT + 4 * index, value, true);
    }
    for (const [field, value] of [
      [LAUNCH.output, OUTPUT_AT],
      [LAUNCH.outputBytes, OUTPUT_BYTES],
      [LAUNCH.heap, DEVICE_HEAP_AT],
      [LAUNCH.heapBytes, DEVICE_HEAP_BYTES],
      [LAUNCH.textures, TEXTURES_AT],
      [LAUNCH.textureCount, this.#textures],
    ] as const)
      view.setUint32(LAUNCH_AT + field, value, true);
    const shared = SCRATCH_AT;
    const states = shared + Math.ceil(sharedBytes / 16) * 16;
    const local = states + 4096;
    const frames = local + kernel.localBytes * threads;
    // What other kernels may have left there.
    const words = new Int32Array(this.#memory.buffer);
    words.fill(LEFTOVER, WORKER_AT / 4, (WORKER_AT + WORKER.bytes) / 4);
    words.fill(LEFTOVER, shared / 4, (frames + Math.ceil(threads / 32) * 32 * kernel.frameBytes) / 4);
    for (const [index, value] of [LAUNCH_AT, shared, local, frames, states].entries()) view.setUint32(WORKER_AT + 4 * index, value, true);
    view.setInt32(WORKER_AT + WORKER.faultKind, FAULT.none, true);
    view.setInt32(ABORT_WORD, options.aborted ? 1 : 0, true);
    const vector = kernel.vectorPhases.length > 0 && bx % kernel.lanes === 0;
    const run = {
      layout,
      words,
      worker: WORKER_AT,
      phases: (vector ? kernel.vectorPhases : kernel.phases).map((phase) => this.#exports[phase] as PhaseFunction),
      run: this.#exports[vector ? kernel.vectorRun : kernel.run] as BlockRun["run"],
      frameBytes: kernel.frameBytes,
      lanes: kernel.lanes,
    };
    const blocks = gx * gy * gz;
    const chunk = options.chunk ?? blocks;
    for (let first = 0; first < blocks; first += chunk) runBlocks(run, first, Math.min(chunk, blocks - first));
    for (const [at, buffer] of buffers)
      new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.byteLength).set(bytes.subarray(at, at + buffer.byteLength));
  }

  /**
   * Makes a texture or surface of texels that lie together, level after level; gives its handle, and a view of its texels. Each
   * level has half the size of the one before.
   */
  texture(
    texels: ArrayBufferView,
    it: Partial<TextureDescriptor> & { width: number; height?: number; depth?: number; levelCount?: number },
  ): TestTexture {
    const at = TEXTURES_AT + this.#textures++ * TEXTURE.bytes;
    const [channels, format, layers] = [it.channels ?? 1, it.format ?? 0x20, it.layers ?? 0];
    const size = channels * (format === 1 || format === 8 ? 1 : format === 2 || format === 9 || format === 0x10 ? 2 : 4);
    const start = this.#texels;
    const levels: TextureLevel[] = [];
    for (let level = 0; level < (it.levelCount ?? 1); level++) {
      const [width, height, depth] = [it.width, it.height ?? 0, it.depth ?? 0].map((length) =>
        length === 0 ? 0 : Math.max(1, length >> level),
      ) as [number, number, number];
      const rowPitch = width * size;
      const slicePitch = rowPitch * Math.max(1, height);
      levels.push({ address: this.#texels, width, height, depth, rowPitch, slicePitch });
      this.#texels += slicePitch * Math.max(1, depth, layers);
    }
    const bytes = new Uint8Array(this.#memory.buffer, start, texels.byteLength);
    bytes.set(new Uint8Array(texels.buffer, texels.byteOffset, texels.byteLength));
    this.#texels = Math.ceil((start + Math.max(texels.byteLength, this.#texels - start)) / 256) * 256;
    writeTextureDescriptor(new DataView(this.#memory.buffer), at, {
      flags: 0,
      levelTable: this.#levels,
      addressModes: [1, 1, 1],
      filterMode: 0,
      mipmapFilter: 0,
      levelBias: 0,
      minLevel: 0,
      maxLevel: 100,
      border: [0, 0, 0, 0],
      ...it,
      channels,
      format,
      layers,
      levels,
    });
    this.#levels += 16 * TEXTURE.levelBytes;
    return { handle: BigInt(this.#textures), bytes };
  }

  /** Binds a reference of the module to a texture. */
  bind(name: string, handle: bigint): void {
    const variable = this.compiled.variables.find((candidate) => candidate.name === name);
    if (variable?.reference === undefined) throw new Error(`no reference ${name}`);
    new DataView(this.#memory.buffer).setBigUint64(HEAP_AT - 0x200000 + variable.offset, handle, true);
  }

  /** What kernels have printed since the last time. */
  output(): string {
    return Buffer.from(takeOutput(new Uint8Array(this.#memory.buffer), OUTPUT_AT, OUTPUT_BYTES)).toString("latin1");
  }

  /** The fault record after a trap. */
  get fault(): Fault {
    const view = new DataView(this.#memory.buffer);
    const field = (offset: number): number => view.getInt32(WORKER_AT + offset, true);
    return {
      kind: field(WORKER.faultKind),
      line: this.compiled.sites[field(WORKER.faultSite)]?.line,
      thread: field(WORKER.faultThread),
      address: view.getBigUint64(WORKER_AT + WORKER.faultAddress, true),
      block: [0, 4, 8].map((offset) => field(WORKER.blockIndex + offset)),
    };
  }
}

function pointer(address: number): bigint {
  return (BigInt(TAG) << 32n) + BigInt(address);
}
