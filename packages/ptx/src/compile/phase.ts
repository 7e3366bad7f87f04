import { ATOMIC, F32, F64, I32, I64, OP, type FunctionBuilder, type Label } from "@decant/wasm";
import type { Instruction, Register } from "../parse/ast.ts";
import { Emitter, type KernelContext, type ThreadLocals } from "./emitter.ts";
import { phaseGraph } from "./graph.ts";
import { ABORT_WORD, BARRIER, FAULT, LAUNCH, STATE, WARP_FRAME, WORKER } from "./layout.ts";
import { lower } from "./lower/table.ts";
import { meeting } from "./lower/warp.ts";
import type { Phase, PhasePlan } from "./plan.ts";
import type { Block, Program } from "./program.ts";
import { writeControlFlow } from "./structure.ts";

/** Writes one phase: a loop over blocks (one, where there are barriers), and in it a loop over the block's threads. */
export class PhaseWriter {
  protected readonly f: FunctionBuilder;
  protected readonly kernel: KernelContext;
  protected readonly program: Program;
  protected readonly plan: PhasePlan;
  protected readonly phase: Phase;
  protected readonly dispatch: boolean;
  protected readonly locals: ThreadLocals;
  protected readonly emitter: Emitter;
  protected readonly hoisted: ReadonlySet<Instruction>;
  protected readonly threads: number;
  protected readonly states: number;
  protected readonly anyState: number;
  protected readonly allStates: number;
  protected nextThread: Label | undefined;

  constructor(
    f: FunctionBuilder,
    kernel: KernelContext,
    program: Program,
    plan: PhasePlan,
    phase: Phase,
    dispatch: boolean,
    createEmitter = (locals: ThreadLocals): Emitter => new Emitter(f, kernel, locals),
  ) {
    this.f = f;
    this.kernel = kernel;
    this.program = program;
    this.plan = plan;
    this.phase = phase;
    this.dispatch = dispatch;
    const special = new Map<string, number>();
    for (const name of ["tid", "ntid", "ctaid", "nctaid"]) for (const axis of ["x", "y", "z"]) special.set(`${name}.${axis}`, f.local(I32));
    this.locals = {
      worker: 0,
      launch: f.local(I32),
      thread: f.local(I32),
      shared: f.local(I32),
      local: f.local(I32),
      parameters: f.local(I32),
      ...frameLocals(f, kernel.lanes),
      sharedCounts: Array.from({ length: 5 }, () => f.local(I32)),
      special,
    };
    this.threads = f.local(I32);
    this.states = f.local(I32);
    this.anyState = f.local(I32);
    this.allStates = f.local(I32);
    this.emitter = createEmitter(this.locals);
    this.hoisted = new Set(kernel.uniform.hoisted);
  }

  protected get resumable(): boolean {
    return this.plan.phases.length > 1;
  }

  write(): void {
    const f = this.f;
    this.loadLaunch();
    if (this.resumable) f.i32Const(-1).localSet(this.allStates);
    const blocks = f.loop();
    this.startBlock();
    if (this.phase.from !== undefined && meeting(this.phase.from).warp) this.latch();
    const threads = f.loop();
    this.thread();
    this.stepThread(threads);
    f.end();
    if (!this.resumable) this.stepBlock(blocks);
    f.end();
    this.endPhase();
  }

  /** Pushes what the phase answers. */
  protected endPhase(): void {
    const f = this.f;
    if (this.resumable) {
      f.localGet(this.anyState).i32Const(STATE.mixed).localGet(this.anyState).localGet(this.allStates).op(OP.i32_eq).select();
    } else f.i32Const(STATE.done);
  }

  protected special(name: string): number {
    return this.locals.special.get(name) ?? 0;
  }

  protected loadLaunch(): void {
    const f = this.f;
    const { launch, shared, parameters } = this.locals;
    const field = (base: number, offset: number, to: number): void => {
      f.localGet(base).load(OP.i32_load, offset, 2).localSet(to);
    };
    field(0, WORKER.launch, launch);
    field(0, WORKER.shared, shared);
    field(launch, LAUNCH.parameters, parameters);
    field(launch, LAUNCH.threads, this.threads);
    const [bytes = 0] = this.locals.sharedCounts;
    field(launch, LAUNCH.sharedBytes, bytes);
    for (const [shift, local] of this.locals.sharedCounts.entries()) f.localGet(bytes).i32Const(shift).op(OP.i32_shr_u).localSet(local);
    for (const [index, axis] of ["x", "y", "z"].entries()) {
      field(launch, LAUNCH.gridDim + 4 * index, this.special(`nctaid.${axis}`));
      field(launch, LAUNCH.blockDim + 4 * index, this.special(`ntid.${axis}`));
      field(0, WORKER.blockIndex + 4 * index, this.special(`ctaid.${axis}`));
    }
  }

  protected startBlock(): void {
    const f = this.f;
    const { thread, local } = this.locals;
    for (const axis of ["x", "y", "z"]) f.i32Const(0).localSet(this.special(`tid.${axis}`));
    f.i32Const(0).localSet(thread);
    f.localGet(0).load(OP.i32_load, WORKER.local, 2).localSet(local);
    if (this.ranged) this.startRange();
    if (this.phase.from === undefined && this.usesBarrierCounts) {
      f.localGet(0)
        .i32Const(WORKER.barriers)
        .op(OP.i32_add)
        .i32Const(0)
        .i32Const(BARRIER.bytes * BARRIER.count)
        .memoryFill();
    }
    if (this.resumable) this.startFrames();
    for (const instruction of this.kernel.uniform.hoisted) lower(this.emitter, instruction);
  }

  /** True when threads leave something at barriers: counts of another block must not stand there. */
  protected get usesBarrierCounts(): boolean {
    const counts = ({ opcode, modifiers }: Instruction): boolean =>
      (opcode === "bar" || opcode === "barrier") && (modifiers.includes("arrive") || modifiers.includes("red"));
    return this.program.blocks.some(
      ({ instructions, terminator }) => instructions.some(counts) || (terminator.kind === "suspend" && counts(terminator.instruction)),
    );
  }

  /** True for the scalar form of a kernel with a vector form: it runs the threads that the worker's record names. */
  protected get ranged(): boolean {
    return this.kernel.lanes > 1 && this.resumable;
  }

  protected startRange(): void {
    const f = this.f;
    const { thread, local } = this.locals;
    const [x, y, z] = [this.special("tid.x"), this.special("tid.y"), this.special("tid.z")];
    const [nx, ny] = [this.special("ntid.x"), this.special("ntid.y")];
    f.localGet(0).load(OP.i32_load, WORKER.firstThread, 2).localTee(thread).localGet(nx).op(OP.i32_rem_u).localSet(x);
    f.localGet(thread).localGet(nx).op(OP.i32_div_u).localTee(y).localGet(ny).op(OP.i32_div_u).localSet(z);
    f.localGet(y).localGet(ny).op(OP.i32_rem_u).localSet(y);
    f.localGet(local).localGet(thread).i32Const(this.kernel.symbols.localBytes).op(OP.i32_mul).op(OP.i32_add).localSet(local);
    f.localGet(0).load(OP.i32_load, WORKER.threadEnd, 2).localSet(this.threads);
  }

  /** Sets the frame and state pointers of the thread. */
  protected startFrames(): void {
    const f = this.f;
    const { thread, frame, frameWide } = this.locals;
    const { lanes, frameBytes } = this.kernel;
    f.localGet(0).load(OP.i32_load, WORKER.states, 2).localGet(thread).i32Const(2).op(OP.i32_shl).op(OP.i32_add).localSet(this.states);
    f.localGet(0).load(OP.i32_load, WORKER.frames, 2).localGet(thread).i32Const(-lanes).op(OP.i32_and).i32Const(frameBytes).op(OP.i32_mul);
    f.op(OP.i32_add).localSet(frame);
    if (lanes === 1) return;
    const inVector = (shift: number): void => {
      f.localGet(frame)
        .localGet(thread)
        .i32Const(lanes - 1)
        .op(OP.i32_and)
        .i32Const(shift)
        .op(OP.i32_shl)
        .op(OP.i32_add);
    };
    inVector(3);
    f.localSet(frameWide);
    inVector(2);
    f.localSet(frame);
  }

  /** Before threads that met go on, what each brought is put where the next meeting does not overwrite it. */
  protected latch(): void {
    const f = this.f;
    const { thread, frame } = this.locals;
    const first = this.emitter.scratch(I32, "first thread");
    f.localGet(thread).localSet(first);
    const again = f.loop();
    f.localGet(this.states).load(OP.i32_load, 0, 2).localGet(1).op(OP.i32_eq).if();
    const to = this.emitter.pushFrame(WARP_FRAME.latch, true);
    const from = this.emitter.pushFrame(WARP_FRAME.value, true);
    f.load(OP.i64_load, from, 3).store(OP.i64_store, to, 3);
    const wide = this.phase.from === undefined ? 0 : (meeting(this.phase.from).latchedSlots ?? 0);
    for (let slot = 0; slot < wide; slot++) {
      const target = this.emitter.pushFrame(WARP_FRAME.slots + this.kernel.wideSlots + slot, true);
      const source = this.emitter.pushFrame(WARP_FRAME.slots + slot, true);
      f.load(OP.i64_load, source, 3).store(OP.i64_store, target, 3);
    }
    if (this.phase.from !== undefined) meeting(this.phase.from).latch?.(this.emitter);
    f.end();
    f.localGet(thread).i32Const(1).op(OP.i32_add).localSet(thread);
    if (this.kernel.lanes > 1) this.startFrames();
    else {
      f.localGet(frame).i32Const(this.kernel.frameBytes).op(OP.i32_add).localSet(frame);
      f.localGet(this.states).i32Const(4).op(OP.i32_add).localSet(this.states);
    }
    f.localGet(thread).localGet(this.threads).op(OP.i32_lt_u).brIf(again);
    f.end();
    f.localGet(first).localSet(thread);
    this.startFrames();
  }

  protected thread(): void {
    const f = this.f;
    this.nextThread = f.block();
    if (this.phase.from !== undefined) {
      f.localGet(this.states).load(OP.i32_load, 0, 2).localGet(1).op(OP.i32_ne).brIf(this.nextThread);
      for (const [register, slot] of this.phase.live) this.reload(register, slot);
      meeting(this.phase.from).resume(this.emitter);
    }
    const graph = phaseGraph(this.program, this.phase.entry);
    writeControlFlow(
      f,
      graph,
      { block: (index, jump) => this.block(index, jump), backEdge: () => this.poll() },
      { dispatch: this.dispatch },
    );
    f.end();
  }

  protected block(index: number, jump: (target: number) => void): void {
    const f = this.f;
    const block = this.program.blocks[index];
    if (block === undefined) return;
    const { copies } = this.kernel.uniform;
    for (const instruction of block.instructions) {
      if (this.hoisted.has(instruction) || isCopy(instruction, copies)) continue;
      lower(this.emitter, instruction);
    }
    const end = block.terminator;
    switch (end.kind) {
      case "exit":
        if (this.resumable) f.i32Const(STATE.done);
        this.leave();
        return;
      case "jump":
        jump(end.target);
        return;
      case "branch":
        f.localGet(this.emitter.register(end.condition));
        if (end.negated) f.op(OP.i32_eqz);
        f.if();
        jump(end.target);
        f.else();
        jump(end.otherwise);
        f.end();
        f.unreachable();
        return;
      case "switch":
        this.switch(end, jump);
        return;
      case "suspend":
        this.suspend(block, end.instruction);
    }
  }

  protected switch({ instruction, index, targets }: Block["terminator"] & { kind: "switch" }, jump: (target: number) => void): void {
    const f = this.f;
    const places = [...new Set(targets)];
    const labels = places.map(() => f.block()).toReversed();
    const labelOf = (target: number): Label => labels[places.indexOf(target)] ?? (0 as Label);
    this.emitter.push(instruction, { kind: "register", register: index }, "b32");
    f.brTable(targets.map(labelOf), labelOf(targets.at(-1) ?? 0));
    for (const target of places) {
      f.end();
      jump(target);
    }
    f.unreachable();
  }

  protected suspend(block: Block, instruction: Instruction): void {
    const phase = this.plan.phaseAfter.get(block);
    if (phase === undefined) throw new Error("ptx: a suspending block has a phase");
    const f = this.f;
    meeting(instruction).suspend(this.emitter);
    f.i32Const(phase.index).op(OP.i32_or);
    const state = this.emitter.scratch(I32, "state");
    f.localSet(state);
    for (const [register, slot] of phase.live) this.spill(register, slot);
    f.localGet(state);
    this.leave();
  }

  /** The thread is done with this phase; in a kernel with barriers, its state is on the stack. */
  protected leave(): void {
    const f = this.f;
    if (this.resumable) {
      const state = this.emitter.scratch(I32, "state");
      f.localSet(state);
      f.localGet(this.states).localGet(state).store(OP.i32_store, 0, 2);
      f.localGet(this.anyState).localGet(state).op(OP.i32_or).localSet(this.anyState);
      f.localGet(this.allStates).localGet(state).op(OP.i32_and).localSet(this.allStates);
    }
    if (this.nextThread !== undefined) f.br(this.nextThread);
  }

  protected reload(register: Register, slot: number): void {
    const type = this.emitter.localType(register);
    const op = type === F32 ? OP.f32_load : type === F64 ? OP.f64_load : type === I64 ? OP.i64_load : OP.i32_load;
    const at = this.emitter.pushFrame(slot, type === F64 || type === I64);
    this.f.load(op, at, 2).localSet(this.emitter.register(register));
  }

  protected spill(register: Register, slot: number): void {
    const type = this.emitter.localType(register);
    const op = type === F32 ? OP.f32_store : type === F64 ? OP.f64_store : type === I64 ? OP.i64_store : OP.i32_store;
    const at = this.emitter.pushFrame(slot, type === F64 || type === I64);
    this.f.localGet(this.emitter.register(register)).store(op, at, 2);
  }

  /** Hot: at every backward jump. One load of a word that stays in the cache; bench "kernels". */
  protected poll(): void {
    const f = this.f;
    f.i32Const(0).atomic(ATOMIC.i32_atomic_load, ABORT_WORD, 2).expect(false).if();
    f.localGet(0).i32Const(FAULT.stopped).i32Const(0).localGet(this.locals.thread).call(this.kernel.helpers.get("stop"));
    f.end();
  }

  protected stepThread(threads: Label): void {
    const f = this.f;
    const { thread, frame, local } = this.locals;
    const [x, y, z] = [this.special("tid.x"), this.special("tid.y"), this.special("tid.z")];
    f.localGet(x).i32Const(1).op(OP.i32_add).localTee(x).localGet(this.special("ntid.x")).op(OP.i32_eq).if();
    f.i32Const(0).localSet(x);
    f.localGet(y).i32Const(1).op(OP.i32_add).localTee(y).localGet(this.special("ntid.y")).op(OP.i32_eq).if();
    f.i32Const(0).localSet(y);
    f.localGet(z).i32Const(1).op(OP.i32_add).localSet(z);
    f.end().end();
    if (this.kernel.symbols.localBytes > 0) f.localGet(local).i32Const(this.kernel.symbols.localBytes).op(OP.i32_add).localSet(local);
    f.localGet(thread).i32Const(1).op(OP.i32_add).localSet(thread);
    if (this.resumable && this.kernel.lanes > 1) this.startFrames();
    else if (this.resumable) {
      if (this.kernel.frameBytes > 0) f.localGet(frame).i32Const(this.kernel.frameBytes).op(OP.i32_add).localSet(frame);
      f.localGet(this.states).i32Const(4).op(OP.i32_add).localSet(this.states);
    }
    f.localGet(thread).localGet(this.threads).op(OP.i32_lt_u).brIf(threads);
  }

  /** On to the next block of the range, in index order; its place is written down for messages. */
  protected stepBlock(blocks: Label): void {
    const f = this.f;
    this.poll();
    const axis = (name: string): [number, number] => [this.special(`ctaid.${name}`), this.special(`nctaid.${name}`)];
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

function frameLocals(f: FunctionBuilder, lanes: number): { frame: number; frameWide: number } {
  const frame = f.local(I32);
  return { frame, frameWide: lanes > 1 ? f.local(I32) : frame };
}

export function isCopy(instruction: Instruction, copies: ReadonlyMap<Register, unknown>): boolean {
  const [target] = instruction.operands;
  return instruction.opcode === "mov" && target?.kind === "register" && copies.has(target.register);
}
