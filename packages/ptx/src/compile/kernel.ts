import { ATOMIC, F32, F64, I32, I64, OP, type FunctionBuilder, type Label, type ModuleBuilder } from "@decant/wasm";
import type { Instruction, PtxFunction, PtxModule, Register } from "../parse/ast.ts";
import { Emitter, type Features, type KernelContext, type Site, type ThreadLocals } from "./emitter.ts";
import { phaseGraph } from "./graph.ts";
import type { Helpers } from "./helpers.ts";
import { ABORT_WORD, FAULT, LAUNCH, STATE, WARP_FRAME, WORKER } from "./layout.ts";
import { liveAtStart } from "./liveness.ts";
import { findLocalTypes } from "./local-types.ts";
import { lower } from "./lower/table.ts";
import { meeting } from "./lower/warp.ts";
import { effects } from "./operands.ts";
import { buildProgram, type Block, type Program } from "./program.ts";
import { findRoots } from "./roots.ts";
import { writeControlFlow } from "./structure.ts";
import { placeKernelSymbols, type KernelSymbols, type ModuleVariable } from "./symbols.ts";
import { findUniform } from "./uniform.ts";

/** A kernel as written into the module: its phases are exported functions `(worker, match, count) -> state`. */
export interface WrittenKernel {
  readonly name: string;
  readonly symbols: KernelSymbols;
  /** Export names. Phase 0 starts threads; the others resume those whose state word is `match`. */
  readonly phases: readonly string[];
  readonly frameBytes: number;
  readonly registers: number;
}

export interface KernelOptions {
  readonly features: Features;
  /** Write every function as a dispatch loop, to check the structured shape against. */
  readonly dispatch?: boolean;
}

/** Compiles one entry function. */
export function writeKernel(
  builder: ModuleBuilder,
  helpers: Helpers,
  module: PtxModule,
  source: PtxFunction,
  moduleVariables: readonly ModuleVariable[],
  sites: Site[],
  options: KernelOptions,
): WrittenKernel {
  const program = buildProgram(source);
  const symbols = placeKernelSymbols(module, source, moduleVariables);
  const parameters = new Set(symbols.parameters.map(({ name }) => name));
  const uniform = findUniform(program, (name) => parameters.has(name));
  const plan = planPhases(program, (register) => uniform.registers.has(register) || uniform.copies.has(register));
  const kernel: KernelContext = {
    name: source.name,
    symbols,
    frameBytes: plan.frameBytes,
    uniform,
    localTypes: findLocalTypes(program),
    roots: findRoots(program),
    helpers,
    features: options.features,
    sites,
  };
  const phases = plan.phases.map((phase, index) => {
    const name = `${source.name}#${index}`;
    const f = builder.function(builder.type([I32, I32, I32], [I32]), name);
    new PhaseWriter(f, kernel, program, plan, phase, options.dispatch ?? false).write();
    builder.exportFunction(name, f.index);
    return name;
  });
  return { name: source.name, symbols, phases, frameBytes: plan.frameBytes, registers: program.registers.length };
}

interface Phase {
  readonly index: number;
  readonly entry: number;
  /** The barrier or warp operation that the phase resumes from. */
  readonly from: Instruction | undefined;
  /** What to load when resuming, with frame offsets. */
  readonly live: readonly (readonly [register: Register, offset: number])[];
}

interface PhasePlan {
  readonly phases: readonly Phase[];
  readonly frameBytes: number;
  /** The phase that a block which suspends goes on in. */
  readonly phaseAfter: ReadonlyMap<Block, Phase>;
}

function planPhases(program: Program, recomputed: (register: Register) => boolean): PhasePlan {
  const phases: Phase[] = [{ index: 0, entry: 0, from: undefined, live: [] }];
  const phaseAfter = new Map<Block, Phase>();
  const suspending = program.blocks.filter((block) => block.terminator.kind === "suspend");
  if (suspending.length === 0) return { phases, frameBytes: 0, phaseAfter };
  const live = liveAtStart(program);
  const slots = new Map<Register, number>();
  const usesWarp = suspending.some(({ terminator }) => terminator.kind === "suspend" && meeting(terminator.instruction).warp);
  const first = usesWarp ? WARP_FRAME.bytes : 0;
  for (const block of suspending) {
    const end = block.terminator;
    if (end.kind !== "suspend") continue;
    const results = new Set(effects({ ...end.instruction, guard: undefined }).writes);
    const kept: [Register, number][] = [];
    for (const register of live[end.resume] ?? []) {
      if (results.has(register) || recomputed(register)) continue;
      let offset = slots.get(register);
      if (offset === undefined) {
        offset = first + slots.size * 8;
        slots.set(register, offset);
      }
      kept.push([register, offset]);
    }
    const phase = { index: phases.length, entry: end.resume, from: end.instruction, live: kept };
    phases.push(phase);
    phaseAfter.set(block, phase);
  }
  return { phases, frameBytes: first + slots.size * 8, phaseAfter };
}

/** Writes one phase: a loop over blocks (one, where there are barriers), and in it a loop over the block's threads. */
class PhaseWriter {
  readonly #f: FunctionBuilder;
  readonly #kernel: KernelContext;
  readonly #program: Program;
  readonly #plan: PhasePlan;
  readonly #phase: Phase;
  readonly #dispatch: boolean;
  readonly #locals: ThreadLocals;
  readonly #emitter: Emitter;
  readonly #hoisted: ReadonlySet<Instruction>;
  readonly #threads: number;
  readonly #states: number;
  readonly #anyState: number;
  readonly #allStates: number;
  #nextThread: Label | undefined;

  constructor(f: FunctionBuilder, kernel: KernelContext, program: Program, plan: PhasePlan, phase: Phase, dispatch: boolean) {
    this.#f = f;
    this.#kernel = kernel;
    this.#program = program;
    this.#plan = plan;
    this.#phase = phase;
    this.#dispatch = dispatch;
    const special = new Map<string, number>();
    for (const name of ["tid", "ntid", "ctaid", "nctaid"]) for (const axis of ["x", "y", "z"]) special.set(`${name}.${axis}`, f.local(I32));
    this.#locals = {
      worker: 0,
      launch: f.local(I32),
      thread: f.local(I32),
      shared: f.local(I32),
      local: f.local(I32),
      parameters: f.local(I32),
      frame: f.local(I32),
      sharedCounts: Array.from({ length: 5 }, () => f.local(I32)),
      special,
    };
    this.#threads = f.local(I32);
    this.#states = f.local(I32);
    this.#anyState = f.local(I32);
    this.#allStates = f.local(I32);
    this.#emitter = new Emitter(f, kernel, this.#locals);
    this.#hoisted = new Set(kernel.uniform.hoisted);
  }

  get #resumable(): boolean {
    return this.#plan.phases.length > 1;
  }

  write(): void {
    const f = this.#f;
    this.#loadLaunch();
    if (this.#resumable) f.i32Const(-1).localSet(this.#allStates);
    const blocks = f.loop();
    this.#startBlock();
    if (this.#phase.from !== undefined && meeting(this.#phase.from).warp) this.#latch();
    const threads = f.loop();
    this.#thread();
    this.#stepThread(threads);
    f.end();
    if (!this.#resumable) this.#stepBlock(blocks);
    f.end();
    if (this.#resumable) {
      f.localGet(this.#anyState).i32Const(STATE.mixed).localGet(this.#anyState).localGet(this.#allStates).op(OP.i32_eq).select();
    } else f.i32Const(STATE.done);
  }

  #special(name: string): number {
    return this.#locals.special.get(name) ?? 0;
  }

  #loadLaunch(): void {
    const f = this.#f;
    const { launch, shared, parameters } = this.#locals;
    const field = (base: number, offset: number, to: number): void => {
      f.localGet(base).load(OP.i32_load, offset, 2).localSet(to);
    };
    field(0, WORKER.launch, launch);
    field(0, WORKER.shared, shared);
    field(launch, LAUNCH.parameters, parameters);
    field(launch, LAUNCH.threads, this.#threads);
    for (const [shift, local] of this.#locals.sharedCounts.entries()) {
      f.localGet(launch).load(OP.i32_load, LAUNCH.sharedBytes, 2).i32Const(shift).op(OP.i32_shr_u).localSet(local);
    }
    for (const [index, axis] of ["x", "y", "z"].entries()) {
      field(launch, LAUNCH.gridDim + 4 * index, this.#special(`nctaid.${axis}`));
      field(launch, LAUNCH.blockDim + 4 * index, this.#special(`ntid.${axis}`));
      field(0, WORKER.blockIndex + 4 * index, this.#special(`ctaid.${axis}`));
    }
  }

  #startBlock(): void {
    const f = this.#f;
    const { thread, local, frame } = this.#locals;
    for (const axis of ["x", "y", "z"]) f.i32Const(0).localSet(this.#special(`tid.${axis}`));
    f.i32Const(0).localSet(thread);
    f.localGet(0).load(OP.i32_load, WORKER.local, 2).localSet(local);
    if (this.#resumable) {
      f.localGet(0).load(OP.i32_load, WORKER.frames, 2).localSet(frame);
      f.localGet(0).load(OP.i32_load, WORKER.states, 2).localSet(this.#states);
    }
    for (const instruction of this.#kernel.uniform.hoisted) lower(this.#emitter, instruction);
  }

  /** Before threads that met go on, what each brought is put where the next meeting does not overwrite it. */
  #latch(): void {
    const f = this.#f;
    const { thread, frame } = this.#locals;
    const again = f.loop();
    f.localGet(this.#states).load(OP.i32_load, 0, 2).localGet(1).op(OP.i32_eq).if();
    f.localGet(frame).localGet(frame).load(OP.i64_load, WARP_FRAME.value, 3).store(OP.i64_store, WARP_FRAME.latch, 3).end();
    f.localGet(frame).i32Const(this.#kernel.frameBytes).op(OP.i32_add).localSet(frame);
    f.localGet(this.#states).i32Const(4).op(OP.i32_add).localSet(this.#states);
    f.localGet(thread).i32Const(1).op(OP.i32_add).localTee(thread).localGet(this.#threads).op(OP.i32_lt_u).brIf(again);
    f.end();
    f.i32Const(0).localSet(thread);
    f.localGet(0).load(OP.i32_load, WORKER.frames, 2).localSet(frame);
    f.localGet(0).load(OP.i32_load, WORKER.states, 2).localSet(this.#states);
  }

  #thread(): void {
    const f = this.#f;
    this.#nextThread = f.block();
    if (this.#phase.from !== undefined) {
      f.localGet(this.#states).load(OP.i32_load, 0, 2).localGet(1).op(OP.i32_ne).brIf(this.#nextThread);
      for (const [register, offset] of this.#phase.live) this.#reload(register, offset);
      meeting(this.#phase.from).resume(this.#emitter);
    }
    const graph = phaseGraph(this.#program, this.#phase.entry);
    writeControlFlow(
      f,
      graph,
      { block: (index, jump) => this.#block(index, jump), backEdge: () => this.#poll() },
      { dispatch: this.#dispatch },
    );
    f.end();
  }

  #block(index: number, jump: (target: number) => void): void {
    const f = this.#f;
    const block = this.#program.blocks[index];
    if (block === undefined) return;
    const { copies } = this.#kernel.uniform;
    for (const instruction of block.instructions) {
      if (this.#hoisted.has(instruction) || isCopy(instruction, copies)) continue;
      lower(this.#emitter, instruction);
    }
    const end = block.terminator;
    switch (end.kind) {
      case "exit":
        if (this.#resumable) f.i32Const(STATE.done);
        this.#leave();
        return;
      case "jump":
        jump(end.target);
        return;
      case "branch":
        f.localGet(this.#emitter.register(end.condition));
        if (end.negated) f.op(OP.i32_eqz);
        f.if();
        jump(end.target);
        f.else();
        jump(end.otherwise);
        f.end();
        f.unreachable();
        return;
      case "suspend":
        this.#suspend(block, end.instruction);
    }
  }

  #suspend(block: Block, instruction: Instruction): void {
    const phase = this.#plan.phaseAfter.get(block);
    if (phase === undefined) throw new Error("ptx: a suspending block has a phase");
    const f = this.#f;
    meeting(instruction).suspend(this.#emitter);
    f.i32Const(phase.index).op(OP.i32_or);
    const state = this.#emitter.scratch(I32, "state");
    f.localSet(state);
    for (const [register, offset] of phase.live) this.#spill(register, offset);
    f.localGet(state);
    this.#leave();
  }

  /** The thread is done with this phase; in a kernel with barriers, its state is on the stack. */
  #leave(): void {
    const f = this.#f;
    if (this.#resumable) {
      const state = this.#emitter.scratch(I32, "state");
      f.localSet(state);
      f.localGet(this.#states).localGet(state).store(OP.i32_store, 0, 2);
      f.localGet(this.#anyState).localGet(state).op(OP.i32_or).localSet(this.#anyState);
      f.localGet(this.#allStates).localGet(state).op(OP.i32_and).localSet(this.#allStates);
    }
    if (this.#nextThread !== undefined) f.br(this.#nextThread);
  }

  #reload(register: Register, offset: number): void {
    const type = this.#emitter.localType(register);
    const op = type === F32 ? OP.f32_load : type === F64 ? OP.f64_load : type === I64 ? OP.i64_load : OP.i32_load;
    this.#f.localGet(this.#locals.frame).load(op, offset, 2).localSet(this.#emitter.register(register));
  }

  #spill(register: Register, offset: number): void {
    const type = this.#emitter.localType(register);
    const op = type === F32 ? OP.f32_store : type === F64 ? OP.f64_store : type === I64 ? OP.i64_store : OP.i32_store;
    this.#f.localGet(this.#locals.frame).localGet(this.#emitter.register(register)).store(op, offset, 2);
  }

  /** Hot: at every backward jump. One load of a word that stays in the cache; bench "kernels". */
  #poll(): void {
    const f = this.#f;
    f.i32Const(0).atomic(ATOMIC.i32_atomic_load, ABORT_WORD, 2).if();
    f.localGet(0).i32Const(FAULT.stopped).i32Const(0).localGet(this.#locals.thread).call(this.#kernel.helpers.get("stop"));
    f.end();
  }

  #stepThread(threads: Label): void {
    const f = this.#f;
    const { thread, frame, local } = this.#locals;
    const [x, y, z] = [this.#special("tid.x"), this.#special("tid.y"), this.#special("tid.z")];
    f.localGet(x).i32Const(1).op(OP.i32_add).localTee(x).localGet(this.#special("ntid.x")).op(OP.i32_eq).if();
    f.i32Const(0).localSet(x);
    f.localGet(y).i32Const(1).op(OP.i32_add).localTee(y).localGet(this.#special("ntid.y")).op(OP.i32_eq).if();
    f.i32Const(0).localSet(y);
    f.localGet(z).i32Const(1).op(OP.i32_add).localSet(z);
    f.end().end();
    if (this.#kernel.symbols.localBytes > 0) f.localGet(local).i32Const(this.#kernel.symbols.localBytes).op(OP.i32_add).localSet(local);
    if (this.#resumable) {
      if (this.#kernel.frameBytes > 0) f.localGet(frame).i32Const(this.#kernel.frameBytes).op(OP.i32_add).localSet(frame);
      f.localGet(this.#states).i32Const(4).op(OP.i32_add).localSet(this.#states);
    }
    f.localGet(thread).i32Const(1).op(OP.i32_add).localTee(thread).localGet(this.#threads).op(OP.i32_lt_u).brIf(threads);
  }

  /** On to the next block of the range, in index order; its place is written down for messages. */
  #stepBlock(blocks: Label): void {
    const f = this.#f;
    this.#poll();
    const axis = (name: string): [number, number] => [this.#special(`ctaid.${name}`), this.#special(`nctaid.${name}`)];
    const [[x, nx], [y, ny], [z]] = [axis("x"), axis("y"), axis("z")];
    f.localGet(x).i32Const(1).op(OP.i32_add).localTee(x).localGet(nx).op(OP.i32_eq).if();
    f.i32Const(0).localSet(x);
    f.localGet(y).i32Const(1).op(OP.i32_add).localTee(y).localGet(ny).op(OP.i32_eq).if();
    f.i32Const(0).localSet(y);
    f.localGet(z).i32Const(1).op(OP.i32_add).localSet(z);
    f.end().end();
    for (const [index, local] of [x, y, z].entries())
      f.localGet(0)
        .localGet(local)
        .store(OP.i32_store, WORKER.blockIndex + 4 * index, 2);
    f.localGet(2).i32Const(1).op(OP.i32_sub).localTee(2).brIf(blocks);
  }
}

function isCopy(instruction: Instruction, copies: ReadonlyMap<Register, unknown>): boolean {
  const [target] = instruction.operands;
  return instruction.opcode === "mov" && target?.kind === "register" && copies.has(target.register);
}
