import { CUDA_ERROR, CudaError, JIT_INPUT } from "@decant/cuda";
import { compileModule, linkPtx, parsePtx, type KernelOptions, type PtxModule } from "@decant/ptx";
import { writeElf } from "../image/elf.ts";
import { modulePtx } from "../image/module-ptx.ts";
import { translateErrors } from "./module.ts";

/** What may be linked: all kinds that can carry PTX. */
const INPUTS = new Set<number>([JIT_INPUT.CUBIN, JIT_INPUT.PTX, JIT_INPUT.FATBINARY, JIT_INPUT.OBJECT]);

/** Modules on their way to become one. */
export class CpuLink {
  readonly #options: KernelOptions;
  readonly #texts: string[] = [];
  readonly #modules: PtxModule[] = [];

  constructor(options: KernelOptions) {
    this.#options = options;
  }

  /** Takes an image in; the result is what the compiler has to say about it. */
  add(type: number, name: string, data: Uint8Array): string {
    if (!INPUTS.has(type)) throw new CudaError(CUDA_ERROR.NOT_SUPPORTED, `${name}: libraries and NVVM code are not linked here`);
    const texts = modulePtx(data);
    this.#modules.push(...inFile(name, () => translateErrors(() => texts.map((text) => parsePtx(text)))));
    this.#texts.push(...texts);
    return "";
  }

  /** The whole as an image: compiled once, so that what is wrong with it is said here. */
  complete(): Uint8Array {
    if (this.#modules.length === 0) throw new CudaError(CUDA_ERROR.INVALID_VALUE, "nothing was added");
    translateErrors(() => compileModule(linkPtx(this.#modules), { ...this.#options, compiler: "reference" }));
    return writeElf(this.#texts);
  }
}

/** Puts the file's name before what a failure says. */
function inFile<T>(name: string, run: () => T): T {
  try {
    return run();
  } catch (error) {
    if (!(error instanceof CudaError)) throw error;
    throw new CudaError(error.cuResult, `${name}: ${error.log ?? ""}`);
  }
}
