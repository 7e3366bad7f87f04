import { I32, type FunctionBuilder, type ModuleBuilder } from "@decant/wasm";
import type { PtxFunction, PtxModule } from "../parse/ast.ts";
import type { Features, KernelContext, Site } from "./emitter.ts";
import type { Helpers } from "./helpers.ts";
import { joinCalls } from "../calls/join-calls.ts";
import { liveAtStart } from "./liveness.ts";
import { findLocalTypes } from "./local-types.ts";
import { PhaseWriter } from "./phase.ts";
import { VectorPhase } from "../vector/phase.ts";
import { phaseFacts } from "../vector/phase-facts.ts";
import { Shapes } from "../vector/shapes.ts";
import { buildSsa, type Ssa } from "../vector/ssa.ts";
import { chooseLanes } from "../vector/choose-lanes.ts";
import { canVectorize, hasVectorForm } from "../vector/suitable.ts";
import { splitPairs } from "./pairs.ts";
import { planPhases, type PhasePlan } from "./plan.ts";
import { buildProgram, successors, type Program } from "./program.ts";
import { findRoots } from "./roots.ts";
import { writeRun } from "./run.ts";
import { yieldInSpinLoops } from "./spin.ts";
import { placeKernelSymbols, type KernelSymbols, type ModuleVariable } from "./symbols.ts";
import { findUniform, type Uniform } from "./uniform.ts";

/** A kernel as written into the module: its phases are exported functions `(worker, match, count) -> state`. */
export interface WrittenKernel {
  readonly name: string;
  readonly symbols: KernelSymbols;
  /** Export names. Phase 0 starts threads; the others resume those whose state word is `match`. */
  readonly phases: readonly string[];
  /** The same for the vector form, which takes blocks whose rows are a multiple of `lanes` threads; empty when there is none. */
  readonly vectorPhases: readonly string[];
  readonly lanes: number;
  /** The functions that run whole blocks through the phases (see run.ts), scalar and vector; empty where there is one phase only. */
  readonly run: string;
  readonly vectorRun: string;
  readonly frameBytes: number;
  readonly registers: number;
  readonly steps: number;
}

export interface KernelOptions {
  readonly features: Features;
  /** "vector": several threads at a time where the kernel allows it. "reference", if not given: the scalar form alone. */
  readonly compiler?: "vector" | "reference";
  /** Threads that the vector form runs at a time: 8, 16 or 32. If not given, what suits the kernel best of those that divide `rows`. */
  readonly lanes?: number;
  /** The x dimension of the blocks that will be launched; 8, if not given. */
  readonly rows?: number;
  /** The stack of each thread of a kernel that needs one, in bytes; 16 KiB, if not given. */
  readonly stackBytes?: number;
  /** Compiles one kernel of the module alone. */
  readonly only?: string;
  /** Write every function as a dispatch loop, to check the structured shape against. */
  readonly dispatch?: boolean;
}

/** Compiles one entry function. */
export function writeKernel(
  builder: ModuleBuilder,
  helpers: Helpers,
  module: PtxModule,
  entry: PtxFunction,
  moduleVariables: readonly ModuleVariable[],
  sites: Site[],
  options: KernelOptions,
): WrittenKernel {
  const source = splitPairs(joinCalls(module, entry, options.stackBytes));
  const symbols = placeKernelSymbols(module, source, moduleVariables);
  const analysed = analyse(source, symbols, options.compiler === "vector");
  const { program, plan } = analysed;
  const kernel: KernelContext = {
    name: source.name,
    symbols,
    frameBytes: plan.frameBytes,
    wideSlots: plan.wideSlots,
    lanes:
      analysed.vector === undefined
        ? 1
        : (options.lanes ?? chooseLanes(program, analysed.vector.ssa, analysed.vector.shapes, options.rows ?? 8)),
    uniform: analysed.uniform,
    localTypes: findLocalTypes(program),
    roots: findRoots(program),
    helpers,
    features: options.features,
    sites,
  };
  const begin = (name: string): FunctionBuilder => builder.function(builder.type([I32, I32, I32], [I32]), name);
  const written = plan.phases.map((phase, index) => {
    const f = begin(`${source.name}#${index}`);
    new PhaseWriter(f, kernel, program, plan, phase, options.dispatch ?? false).write();
    return f;
  });
  const phases = written.map((f, index) => {
    const name = `${source.name}#${index}`;
    builder.exportFunction(name, f.index);
    return name;
  });
  const base = {
    name: source.name,
    symbols,
    phases,
    frameBytes: plan.frameBytes,
    registers: program.registers.length,
    steps: mostSteps(program),
    lanes: kernel.lanes,
  };
  if (analysed.vector === undefined) {
    const run = plan.phases.length > 1 ? writeRun(builder, helpers, `${source.name}#run`, written) : "";
    return { ...base, vectorPhases: [], run, vectorRun: "" };
  }
  const { ssa, shapes } = analysed.vector;
  const scalar = written.map(({ index }) => index);
  const live = liveAtStart(program);
  const facts = plan.phases.map(({ entry: start }) => phaseFacts({ program, ssa, shapes }, kernel.uniform, start));
  const parts = { program, ssa, shapes, plan, live, facts, scalar };
  const vectors = plan.phases.map((phase, index) => {
    const f = begin(`${source.name}#v${index}`);
    new VectorPhase(f, kernel, parts, phase).write();
    return f;
  });
  const vectorPhases = vectors.map((f, index) => {
    const name = `${source.name}#v${index}`;
    builder.exportFunction(name, f.index);
    return name;
  });
  const resumable = plan.phases.length > 1;
  return {
    ...base,
    vectorPhases,
    run: resumable ? writeRun(builder, helpers, `${source.name}#run`, written) : "",
    vectorRun: resumable ? writeRun(builder, helpers, `${source.name}#vrun`, vectors) : "",
  };
}

/** How many instructions a thread runs at most; Infinity where that is not plain: in loops, and where threads wait for each other. */
function mostSteps({ blocks }: Program): number {
  const isPlain = blocks.every((block) => block.terminator.kind !== "suspend" && successors(block).every((target) => target > block.index));
  return isPlain ? blocks.reduce((sum, { instructions }) => sum + instructions.length + 1, 0) : Infinity;
}

interface Analysed {
  readonly program: Program;
  readonly uniform: Uniform;
  readonly plan: PhasePlan;
  readonly vector: { readonly ssa: Ssa; readonly shapes: Shapes } | undefined;
}

function analyse(source: PtxFunction, symbols: KernelSymbols, vector: boolean): Analysed {
  const parameters = new Set(symbols.parameters.map(({ name }) => name));
  const analyseProgram = (expandGuards: boolean, yields = false): Omit<Analysed, "vector"> => {
    const built = buildProgram(source, { expandGuards });
    const program = (yields ? yieldInSpinLoops(built) : undefined) ?? built;
    const uniform = findUniform(program, (name) => parameters.has(name));
    const plan = planPhases(program, uniform);
    return { program, uniform, plan };
  };
  if (vector) {
    const expanded = analyseProgram(true);
    const ssa = hasVectorForm(expanded.program) ? buildSsa(expanded.program, expanded.uniform) : undefined;
    if (ssa !== undefined) {
      const shapes = new Shapes(expanded.program, ssa, expanded.uniform);
      if (canVectorize(expanded, ssa, shapes)) return { ...expanded, vector: { ssa, shapes } };
    }
  }
  return { ...analyseProgram(false, true), vector: undefined };
}
