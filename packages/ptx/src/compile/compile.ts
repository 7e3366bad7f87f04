import { ModuleBuilder } from "@decant/wasm";
import { PtxError } from "../error.ts";
import type { Initial, PtxModule, Variable } from "../parse/ast.ts";
import { functionPointer } from "../calls/call-graph.ts";
import { bytesOf } from "../parse/types.ts";
import type { Site } from "./emitter.ts";
import { Helpers } from "./helpers.ts";
import { writeKernel, type KernelOptions } from "./kernel.ts";
import { placeModuleVariables, type ModuleVariable } from "./symbols.ts";

export interface CompiledKernel {
  readonly name: string;
  readonly parameters: readonly { readonly name: string; readonly offset: number; readonly size: number }[];
  readonly parameterBytes: number;
  /** Export names of the phase functions. One: the kernel has no barriers, and a call may run many blocks. */
  readonly phases: readonly string[];
  /** The same of the vector form, for blocks whose x dimension is a multiple of `lanes`; empty when the kernel has none. */
  readonly vectorPhases: readonly string[];
  /** Export names of the functions that run whole blocks, scalar and vector; empty where a phase does that by itself. */
  readonly run: string;
  readonly vectorRun: string;
  /** As many threads' frames are interleaved. */
  readonly lanes: number;
  /** Bytes a thread: what it keeps across barriers, and its local memory. */
  readonly frameBytes: number;
  readonly localBytes: number;
  /** Static shared memory; dynamic shared memory follows it, aligned to 16. */
  readonly sharedBytes: number;
  readonly maxThreads: number;
  /** From .reqntid: the only block shape that may be launched. */
  readonly requiredBlock: readonly number[] | undefined;
  readonly registers: number;
  /** Instructions that a thread runs at most; Infinity where it may go round, or waits for others. */
  readonly steps: number;
}

export interface CompiledVariable {
  readonly name: string;
  readonly offset: number;
  readonly size: number;
  readonly constant: boolean;
  /** For references: 64 bits that hold a handle (see TEXTURE in layout.ts). */
  readonly reference: "texture" | "sampler" | "surface" | undefined;
}

/** A pointer in a variable's initial value: the address of the byte at `target`, shifted and masked as `mask` says. */
export interface Relocation {
  readonly offset: number;
  readonly size: number;
  readonly target: number;
  readonly mask: bigint | undefined;
}

/** A module ready to be instantiated: see `layout.ts` for what it expects of its memory. */
export interface CompiledModule {
  readonly wasm: Uint8Array;
  readonly kernels: readonly CompiledKernel[];
  readonly variables: readonly CompiledVariable[];
  readonly variableBytes: number;
  /** Initial bytes of variables that do not start as zeros. */
  readonly initial: readonly { readonly offset: number; readonly bytes: Uint8Array }[];
  readonly relocations: readonly Relocation[];
  /** Indexed by the fault record's site. */
  readonly sites: readonly Site[];
  readonly version: { readonly major: number; readonly minor: number };
  readonly target: string;
}

/** Compiles all entry functions of a module. Fails with PtxError for what is wrong, and for what is not translated yet. */
export function compileModule(module: PtxModule, options: KernelOptions): CompiledModule {
  const builder = new ModuleBuilder();
  const helpers = new Helpers(builder);
  const placed = placeModuleVariables(module);
  const sites: Site[] = [];
  const entries = module.functions.filter(({ entry, body, name }) => entry && body !== undefined && (options.only ?? name) === name);
  if (module.addressSize === 32 && module.version.major >= 3)
    throw new PtxError(1, ".address_size 32 is not translated yet", { kind: "unsupported" });
  const kernels = entries.map((entry): CompiledKernel => {
    const written = writeKernel(builder, helpers, module, entry, placed.variables, sites, options);
    const { symbols } = written;
    const required = entry.directives.get("reqntid");
    const most = required ?? entry.directives.get("maxntid");
    return {
      name: written.name,
      parameters: symbols.parameters,
      parameterBytes: symbols.parameterBytes,
      phases: written.phases,
      vectorPhases: written.vectorPhases,
      run: written.run,
      vectorRun: written.vectorRun,
      lanes: written.lanes,
      frameBytes: written.frameBytes,
      localBytes: symbols.localBytes,
      sharedBytes: symbols.sharedBytes,
      maxThreads:
        most === undefined
          ? 1024
          : Math.min(
              1024,
              most.reduce((a, b) => a * b, 1),
            ),
      requiredBlock: required,
      registers: written.registers,
      steps: written.steps,
    };
  });
  const { initial, relocations } = initialValues(module, placed.variables);
  return {
    wasm: builder.finish(),
    kernels,
    variables: placed.variables.map(({ variable, offset }) => ({
      name: variable.name,
      offset,
      size: variable.size,
      constant: variable.space === "const",
      reference: referenceOf(variable),
    })),
    variableBytes: placed.bytes,
    initial,
    relocations,
    sites,
    version: module.version,
    target: module.targets[0] ?? "",
  };
}

function referenceOf({ type, space }: Variable): CompiledVariable["reference"] {
  if (type === "texref" || space === "tex") return "texture";
  return type === "samplerref" ? "sampler" : type === "surfref" ? "surface" : undefined;
}

function initialValues(module: PtxModule, variables: readonly ModuleVariable[]): Pick<CompiledModule, "initial" | "relocations"> {
  const initial: { offset: number; bytes: Uint8Array }[] = [];
  const relocations: Relocation[] = [];
  const addresses = new Map(variables.map(({ variable, offset }) => [variable.name, offset]));
  for (const { variable, offset } of variables) {
    if (variable.initial.length === 0) continue;
    const size = bytesOf(variable.type);
    const bytes = new Uint8Array(variable.initial.length * size);
    for (const [index, value] of variable.initial.entries()) {
      const bits = value.kind === "bits" ? value.value : functionBits(module, value);
      if (value.kind === "bits" || bits !== undefined) {
        for (let byte = 0; byte < size; byte++) bytes[index * size + byte] = Number(((bits ?? 0n) >> BigInt(8 * byte)) & 0xffn);
        continue;
      }
      const target = addresses.get(value.name);
      if (target === undefined) throw unknownTarget(variable, value.name);
      relocations.push({ offset: offset + index * size, size, target: target + Number(value.offset), mask: value.mask });
    }
    initial.push({ offset, bytes });
  }
  return { initial, relocations };
}

/** The address of a function is a number that is known now. */
function functionBits(module: PtxModule, { name, offset, mask }: Initial & { kind: "address" }): bigint | undefined {
  const pointer = functionPointer(module, name);
  if (pointer === undefined) return undefined;
  return mask === undefined ? pointer + offset : ((pointer + offset) & mask) >> shiftOf(mask);
}

/** How far down the lowest byte of a mask lies, in bits: 0xFF00(symbol) is that byte of the address. */
export function shiftOf(mask: bigint): bigint {
  for (let shift = 0n; shift < 64n; shift += 8n) if (((mask >> shift) & 0xffn) !== 0n) return shift;
  return 0n;
}

function unknownTarget(variable: Variable, name: string): PtxError {
  return new PtxError(variable.line, `the address of '${name}' in the initial value of '${variable.name}' is not translated yet`, {
    kind: "unsupported",
  });
}
