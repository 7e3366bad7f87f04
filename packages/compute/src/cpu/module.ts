import { CUDA_ERROR, CudaError, type ModuleInfo } from "@decant/cuda";
import {
  compileModule,
  linkPtx,
  parsePtx,
  shiftOf,
  PtxError,
  type CompiledKernel,
  type CompiledModule,
  type KernelOptions,
  type PtxModule,
} from "@decant/ptx";
import { modulePtx } from "../image/module-ptx.ts";
import type { ContextMemory } from "./context-memory.ts";
import { SHARED_BYTES } from "./device.ts";

/** `kind` of a reference. */
const REFERENCE_KINDS = ["texture", "sampler", "surface"] as const;

let nextId = 1;

/** The code of one kernel, for blocks of certain shapes. */
interface KernelCode {
  readonly id: number;
  readonly code: WebAssembly.Module;
  readonly sites: CompiledModule["sites"];
  readonly phases: readonly string[];
  readonly run: string;
  readonly frameBytes: number;
  readonly lanes: number;
}

/** A module in a context: checked by compiling it whole, its variables placed and filled. What runs is compiled when it is first launched. */
export class CpuModule {
  readonly compiled: CompiledModule;
  readonly info: ModuleInfo;
  /** Where the module's variables begin in the memory. */
  readonly symbols: number;
  readonly variables: readonly { readonly offset: number; readonly size: number }[];
  /** True when a kernel may allocate memory. */
  readonly allocates: boolean;
  /** True when a kernel may print. */
  readonly prints: boolean;
  /** Where the texture, sampler and surface references lie, in the order of the module's information. */
  readonly references: readonly number[];
  /** What cuFuncSetAttribute allowed each kernel. */
  readonly maxDynamicShared: number[];

  readonly #source: PtxModule;
  readonly #options: KernelOptions;
  readonly #codes = new Map<string, KernelCode>();

  constructor(image: Uint8Array, memory: ContextMemory, options: KernelOptions) {
    this.#options = options;
    this.#source = parse(image);
    this.compiled = translateErrors(() => compileModule(this.#source, { ...options, compiler: "reference" }));
    this.symbols = memory.reserveVariables(this.compiled.variableBytes);
    this.variables = this.compiled.variables.map(({ offset, size }) => ({ offset: this.symbols + offset, size }));
    const calls = (system: string): boolean => this.#source.functions.some(({ name, body }) => name === system && body === undefined);
    this.allocates = calls("malloc");
    this.prints = calls("vprintf");
    this.maxDynamicShared = this.compiled.kernels.map(({ sharedBytes }) => Math.max(0, SHARED_BYTES - sharedBytes));
    this.#initialize(memory);
    const references = this.compiled.variables.filter(({ reference }) => reference !== undefined);
    this.references = references.map(({ offset }) => this.symbols + offset);
    this.info = {
      functions: this.compiled.kernels.map((kernel, index) => this.#functionInfo(kernel, this.maxDynamicShared[index] ?? 0)),
      globals: this.compiled.variables
        .filter(({ reference }) => reference === undefined)
        .map(({ name, offset, size }) => ({ name, address: memory.base + this.symbols + offset, size })),
      references: references.map(({ name, reference }) => ({ name, kind: REFERENCE_KINDS.indexOf(reference!) })),
      log: "",
    };
  }

  /** The source file that a .loc names. */
  fileName(index: number): string {
    return this.#source.files.get(index) ?? `file ${index}`;
  }

  /** The code that runs a kernel in blocks whose x dimension is `rows`. */
  codeFor(index: number, rows: number): KernelCode {
    // Vectors take whole rows of 8, 16 or 32 threads.
    const granularity = [32, 16, 8].find((lanes) => rows % lanes === 0) ?? 1;
    const key = `${index} ${granularity}`;
    let code = this.#codes.get(key);
    if (code === undefined) {
      const compiled = compileModule(this.#source, {
        ...this.#options,
        compiler: granularity === 1 ? "reference" : (this.#options.compiler ?? "reference"),
        rows: granularity,
        only: this.compiled.kernels[index]?.name ?? "",
      });
      const [kernel] = compiled.kernels;
      if (kernel === undefined) throw new CudaError(CUDA_ERROR.INVALID_HANDLE);
      code = {
        id: nextId++,
        code: new WebAssembly.Module(compiled.wasm as Uint8Array<ArrayBuffer>),
        sites: compiled.sites,
        phases: kernel.vectorPhases.length > 0 ? kernel.vectorPhases : kernel.phases,
        run: kernel.vectorPhases.length > 0 ? kernel.vectorRun : kernel.run,
        frameBytes: kernel.frameBytes,
        lanes: kernel.lanes,
      };
      this.#codes.set(key, code);
    }
    return code;
  }

  #initialize(memory: ContextMemory): void {
    for (const { offset, bytes } of this.compiled.initial) memory.bytes.set(bytes, this.symbols + offset);
    for (const { offset, size, target, mask } of this.compiled.relocations) {
      let value = BigInt(memory.base + this.symbols + target);
      // 0xFF00(symbol) is that byte of the address.
      if (mask !== undefined) value = (value & mask) >> shiftOf(mask);
      for (let byte = 0; byte < size; byte++) memory.bytes[this.symbols + offset + byte] = Number((value >> BigInt(8 * byte)) & 0xffn);
    }
  }

  #functionInfo(kernel: CompiledKernel, maxDynamicShared: number): ModuleInfo["functions"][number] {
    const { major, minor } = this.compiled.version;
    return {
      name: kernel.name,
      parameters: kernel.parameters.map(({ offset, size }) => ({ offset, size })),
      maxThreadsPerBlock: kernel.maxThreads,
      sharedSizeBytes: kernel.sharedBytes,
      constSizeBytes: this.compiled.variables.reduce((sum, { constant, size }) => sum + (constant ? size : 0), 0),
      localSizeBytes: kernel.localBytes,
      numRegs: Math.min(255, kernel.registers),
      ptxVersion: major * 10 + minor,
      binaryVersion: 86,
      maxDynamicSharedSizeBytes: maxDynamicShared,
    };
  }
}

function parse(image: Uint8Array): PtxModule {
  const texts = modulePtx(image);
  return translateErrors(() => linkPtx(texts.map((text) => parsePtx(text))));
}

/** Runs the compiler; what it refuses is CUDA_ERROR_INVALID_PTX, and NOT_FOUND for a name that nobody defines. */
export function translateErrors<T>(run: () => T): T {
  try {
    return run();
  } catch (error) {
    if (!(error instanceof PtxError)) throw error;
    throw new CudaError(error.kind === "unresolved" ? CUDA_ERROR.NOT_FOUND : CUDA_ERROR.INVALID_PTX, error.message);
  }
}
