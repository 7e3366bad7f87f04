import { F32, F64, I32, I64, OP, SIMD, V128, type FunctionBuilder, type Label } from "@decant/wasm";
import type { Instruction, Operand, Register } from "../parse/ast.ts";
import { bitsOf } from "../parse/types.ts";
import type { KernelContext } from "../compile/emitter.ts";
import { graphOf } from "../compile/graph.ts";
import { STATE, WORKER } from "../compile/layout.ts";
import { meeting } from "../compile/lower/warp.ts";
import { ACTS } from "../compile/operands.ts";
import { isCopy, PhaseWriter } from "../compile/phase.ts";
import type { Phase, PhasePlan } from "../compile/plan.ts";
import { successors, type Block, type Program } from "../compile/program.ts";
import { writeControlFlow } from "../compile/structure.ts";
import { sharedAtomic } from "./atomics.ts";
import { boundOf, decideBound } from "./bound.ts";
import { AccessGroups } from "./access-groups.ts";
import { VectorEmitter, type Mask } from "./emitter.ts";
import { Fences } from "./fences.ts";
import { pressureIn } from "./choose-lanes.ts";
import type { Item } from "../compile/loops.ts";
import { vectorLowering } from "./lower.ts";
import { vectorAccess } from "./memory.ts";
import type { PhaseFacts } from "./phase-facts.ts";
import { findRegions, meetOf, type Region } from "./regions.ts";
import type { Shapes } from "./shapes.ts";
import type { Phi, Ssa, SsaBlock, SsaInstruction, Value } from "./ssa.ts";

/** What the phases of one kernel's vector form share. */
export interface VectorPlan {
  readonly program: Program;
  readonly ssa: Ssa;
  readonly shapes: Shapes;
  readonly plan: PhasePlan;
  /** The registers that are read from the start of each block on. */
  readonly live: readonly ReadonlySet<Register>[];
  readonly facts: readonly PhaseFacts[];
  /** The scalar form's phase functions, by phase. */
  readonly scalar: readonly number[];
}

/**
 * Writes one phase of a kernel's vector form: a loop over groups of threads. Lanes run together as long as they agree
 * on every branch; where they part, the blocks up to the place where they meet run one after the other, each for the lanes
 * that want it. Groups of which only some threads go on are left to the scalar form.
 */
export class VectorPhase extends PhaseWriter {
  readonly #plan: VectorPlan;
  /** By their nodes in the graph that is written. */
  readonly #regions = new Map<number, Region>();
  /** The nodes of regions, by where they meet. */
  readonly #nodes = new Map<number, number>();
  readonly #pending = new Map<number, readonly number[]>();
  /** What the phase has begun with and does not change, by the slot that it came from. */
  readonly #reloaded = new Map<Value, number>();
  readonly #current: readonly number[];
  readonly #bits: number;
  /** A mask of no lanes. */
  readonly #nobody: number;
  readonly #split: number;
  readonly #facts: PhaseFacts;
  /** 1 where all threads of the block are here and end in one state: nobody looks at the states of single ones. */
  readonly #isWhole: number;

  constructor(f: FunctionBuilder, kernel: KernelContext, plan: VectorPlan, phase: Phase) {
    super(f, kernel, plan.program, plan.plan, phase, false, (locals) => new VectorEmitter(f, kernel, locals, plan.shapes));
    this.#plan = plan;
    this.#current = Array.from({ length: kernel.lanes / 4 }, () => f.local(V128));
    this.#bits = f.local(I32);
    this.#nobody = f.local(V128);
    this.#split = f.local(I32);
    this.#facts = factsOf(plan, phase);
    this.#isWhole = f.local(I32);
  }

  get #e(): VectorEmitter {
    return this.emitter as VectorEmitter; // The constructor has made it.
  }

  protected override get ranged(): boolean {
    return false;
  }

  get #scalar(): number {
    return this.#plan.scalar[this.phase.index] ?? 0;
  }

  protected override thread(): void {
    const { f } = this;
    const { ssa } = this.#plan;
    this.nextThread = f.block();
    if (this.phase.from !== undefined) {
      this.#enterGroup(this.nextThread);
      const again = new Set(graphOf(this.#plan.shapes.next, this.phase.entry).blocks);
      for (const [register, slot] of this.phase.live) {
        const value = ssa.valueBefore(this.phase.entry, register);
        if (value === undefined) continue;
        const isKept = !again.has(value.block);
        if (isKept) this.#reloaded.set(value, slot);
        // What the phase only keeps stays where it is, unless lanes that part may keep other values there.
        if (!isKept || this.#facts.suspendsApart || this.#facts.reads.has(value)) this.#reload(value, slot);
      }
      this.#resume(this.phase.from, ssa.blocks[this.phase.entry]);
    }
    const graph = this.#buildGraph();
    writeControlFlow(f, graph, { block: (index, jump) => this.#node(index, jump), backEdge: () => this.poll() });
    f.end();
  }

  protected override loadLaunch(): void {
    super.loadLaunch();
    // Once threads came apart within a vector, nothing that is the same in all lanes may be taken for so any more.
    this.f.localGet(0).load(OP.i32_load, WORKER.split, 2).localSet(this.#split);
    if (!this.resumable) return;
    this.f.localGet(0).i64Const(ALL_STATES).store(OP.i64_store, WORKER.anyState, 3);
    if (this.#facts.end === undefined) return;
    if (this.phase.from === undefined) this.f.i32Const(1);
    else this.f.localGet(2).localGet(this.#split).op(OP.i32_or).op(OP.i32_eqz);
    this.f.localSet(this.#isWhole);
  }

  protected override endPhase(): void {
    const { f } = this;
    const { end } = this.#facts;
    if (this.resumable) {
      f.localGet(0).load(OP.i32_load, WORKER.anyState, 2).localSet(this.anyState);
      f.localGet(0).load(OP.i32_load, WORKER.allStates, 2).localSet(this.allStates);
    }
    super.endPhase();
    if (!this.resumable || end === undefined) return;
    const answer = this.emitter.scratch(I32, "answer");
    f.localSet(answer);
    this.#pushEnd(end);
    f.localGet(answer).localGet(this.#isWhole).select();
  }

  /** Pushes the state in which threads leave a block that ends the phase. */
  #pushEnd(end: Block): void {
    const phase = this.plan.phaseAfter.get(end);
    if (end.terminator.kind === "suspend" && phase !== undefined) {
      meeting(end.terminator.instruction).suspend(this.emitter);
      this.f.i32Const(phase.index).op(OP.i32_or);
    } else this.f.i32Const(STATE.done);
  }

  /** Goes on only when all of the group's threads do; leaves the others to the scalar form. Nothing to ask where all of the block came here. */
  #enterGroup(next: Label): void {
    const { f } = this;
    if (this.#facts.end === undefined) f.localGet(2).localGet(this.#split).op(OP.i32_or).expect(false).if();
    else f.localGet(this.#isWhole).op(OP.i32_eqz).expect(false).if();
    const match = (j: number): void => {
      f.localGet(this.states)
        .simdLoad(SIMD.v128_load, 16 * j, 2)
        .localGet(1)
        .simd(SIMD.i32x4_splat)
        .simd(SIMD.i32x4_eq);
    };
    for (let j = 0; j < this.#e.vectors; j++) {
      match(j);
      if (j > 0) f.simd(SIMD.v128_and);
    }
    f.simd(SIMD.i32x4_all_true).op(OP.i32_eqz).localGet(this.#split).op(OP.i32_or).if();
    for (let j = 0; j < this.#e.vectors; j++) {
      match(j);
      if (j > 0) f.simd(SIMD.v128_or);
    }
    f.simd(SIMD.v128_any_true).op(OP.i32_eqz).brIf(next);
    this.#expand();
    const { thread } = this.locals;
    f.localGet(0).localGet(thread).store(OP.i32_store, WORKER.firstThread, 2);
    f.localGet(0).localGet(thread).i32Const(this.kernel.lanes).op(OP.i32_add).store(OP.i32_store, WORKER.threadEnd, 2);
    f.localGet(0).localGet(1).i32Const(1).call(this.#scalar);
    this.#addState(true);
    f.br(next);
    f.end();
    f.end();
  }

  /** Gives every lane its own copy of what was kept for lane 0 only. */
  #expand(): void {
    const { f } = this;
    const at = this.#e.pushFrame(this.plan.compactSlot);
    f.load(OP.i32_load, at, 2).if();
    for (const [register, slot] of this.phase.live) {
      const value = this.#plan.ssa.valueBefore(this.phase.entry, register);
      if (value === undefined || !isRegular(value)) continue;
      this.#reload(value, slot);
      this.#spillVectors(value, slot, undefined);
    }
    const end = this.#e.pushFrame(this.plan.compactSlot);
    f.i32Const(0).store(OP.i32_store, end, 2);
    f.end();
  }

  /** Takes the state on the stack into what the phase answers. That is kept in memory: locals would be carried through each round of the loop. */
  #addState(mayBeMixed = false): void {
    const { f } = this;
    const state = this.emitter.scratch(I32, "state");
    const add = (field: number, op: number): void => {
      f.localGet(0).localGet(0).load(OP.i32_load, field, 2).localGet(state).op(op).store(OP.i32_store, field, 2);
    };
    f.localSet(state);
    add(WORKER.anyState, OP.i32_or);
    add(WORKER.allStates, OP.i32_and);
    if (!mayBeMixed) return;
    f.localGet(state).i32Const(STATE.mixed).op(OP.i32_eq).if();
    f.localGet(0).i64Const(STATE.mixed).store(OP.i64_store, WORKER.anyState, 3);
    f.end();
  }

  /** The graph of this phase: its blocks, and a node for each region. */
  #buildGraph(): ReturnType<typeof graphOf> {
    const { shapes, program } = this.#plan;
    const found = findRegions(shapes, this.phase.entry);
    if (found === undefined) throw new Error("ptx: a kernel with a vector form has regions");
    const next: number[][] = shapes.next.map((targets) => [...targets]);
    for (const region of found.regions) {
      this.#regions.set(next.length, region);
      this.#nodes.set(region.meet, next.length);
      next.push(region.meet < program.blocks.length ? [region.meet] : []);
    }
    for (const block of found.graph.blocks) if (shapes.divergent.has(block)) next[block]?.push(this.#nodeAfter(block));
    return graphOf(next, this.phase.entry);
  }

  /** The node of the region that lanes run which part at a block. */
  #nodeAfter(block: number): number {
    const node = this.#nodes.get(meetOf(this.#plan.shapes, block));
    if (node === undefined) throw new Error("ptx: a branch that parts lanes has a region");
    return node;
  }

  #node(index: number, jump: (target: number) => void): void {
    const region = this.#regions.get(index);
    if (region === undefined) {
      this.#together(index, jump);
      return;
    }
    this.#apart(region);
    if (region.meet < this.#plan.program.blocks.length) jump(region.meet);
    else if (this.nextThread !== undefined) this.f.br(this.nextThread);
  }

  /** A block that all lanes run. */
  #together(index: number, jump: (target: number) => void): void {
    const { f } = this;
    const block = this.#plan.program.blocks[index];
    const ssa = this.#plan.ssa.blocks[index];
    if (block === undefined || ssa === undefined) return;
    this.#e.mask = undefined;
    this.#instructions(index, ssa);
    const end = block.terminator;
    const go = (target: number): void => {
      this.#edge(index, target, undefined);
      jump(target);
    };
    switch (end.kind) {
      case "exit":
        this.#exit(undefined);
        if (this.nextThread !== undefined) f.br(this.nextThread);
        return;
      case "suspend":
        this.#suspend(block, ssa, end.instruction, undefined);
        if (this.nextThread !== undefined) f.br(this.nextThread);
        return;
      case "jump":
        go(end.target);
        return;
      case "branch": {
        const [yes, no] = end.negated ? [end.otherwise, end.target] : [end.target, end.otherwise];
        const condition = ssa.reads.get(end.condition);
        if (!this.#plan.shapes.divergent.has(index) || condition === undefined) {
          this.#pushUniformCondition(ssa, end.condition);
          f.if();
          go(yes);
          f.else();
          go(no);
          f.end();
          f.unreachable();
          return;
        }
        const vectors = this.#e.vectorsOf(condition);
        const bound = boundOf(this.#e, ssa, condition);
        if (bound === undefined) {
          this.#pushAll(vectors, SIMD.v128_or);
          f.simd(SIMD.v128_any_true).op(OP.i32_eqz).if();
          go(no);
          f.end();
          this.#pushAll(vectors, SIMD.v128_and);
          f.simd(SIMD.i32x4_all_true).if();
          go(yes);
          f.end();
        } else {
          const [below, above] = bound.holdsBelow ? [yes, no] : [no, yes];
          decideBound(
            this.#e,
            bound,
            () => go(below),
            () => go(above),
          );
        }
        const node = this.#nodeAfter(index);
        const region = this.#regions.get(node);
        if (region !== undefined) {
          this.#clearPending(region);
          this.#part(index, yes, no, vectors, undefined, region);
        }
        jump(node);
      }
    }
  }

  /** Sends lanes to both sides of a branch. */
  #part(from: number, yes: number, no: number, condition: readonly number[], mask: Mask | undefined, region: Region): void {
    const { f } = this;
    const e = this.#e;
    const edges = [
      [yes, false],
      [no, true],
    ] as const;
    // Both masks are made before the first edge writes anything.
    const masks = edges.map(([, inverted]) =>
      condition.map((vector, j) => {
        const local = e.vectorTemporary(`edge ${inverted} ${j}`);
        if (mask !== undefined) f.localGet(mask.vectors[j] ?? 0);
        f.localGet(vector);
        if (mask !== undefined) f.simd(inverted ? SIMD.v128_andnot : SIMD.v128_and);
        else if (inverted) f.simd(SIMD.v128_not);
        f.localSet(local);
        return local;
      }),
    );
    for (const [at, [target]] of edges.entries()) {
      const vectors = masks[at] ?? [];
      this.#edge(from, target, vectors);
      this.#want(target, vectors, region);
    }
  }

  /** Notes that lanes go on at a block of the region. */
  #want(target: number, mask: readonly number[], region: Region): void {
    if (!region.blocks.has(target)) return;
    for (const [j, local] of this.#pendingOf(target).entries())
      this.f
        .localGet(local)
        .localGet(mask[j] ?? 0)
        .simd(SIMD.v128_or)
        .localSet(local);
  }

  /** Nobody waits in a region that all lanes come to together: the engine need not carry its masks from group to group to know. */
  #clearPending(region: Region): void {
    for (const block of region.blocks) for (const local of this.#pendingOf(block)) this.f.localGet(this.#nobody).localSet(local);
  }

  #pendingOf(block: number): readonly number[] {
    let locals = this.#pending.get(block);
    if (locals === undefined) {
      locals = Array.from({ length: this.#e.vectors }, () => this.f.local(V128));
      this.#pending.set(block, locals);
    }
    return locals;
  }

  #pushAll(vectors: readonly number[], op: number): void {
    for (const [j, vector] of vectors.entries()) {
      this.f.localGet(vector);
      if (j > 0) this.f.simd(op);
    }
  }

  #pushUniformCondition(ssa: SsaBlock, condition: Register): void {
    const value = ssa.reads.get(condition);
    this.f.localGet(value === undefined ? this.emitter.register(condition) : this.#e.scalarOf(value));
  }

  /** Runs a region's blocks in order, each for the lanes that wait for it. */
  #apart(region: Region): void {
    const { f } = this;
    const suspends = [...region.blocks].some((block) => this.#plan.program.blocks[block]?.terminator.kind === "suspend");
    const states = [this.#e.temporary(I32, "any of group"), this.#e.temporary(I32, "all of group")] as const;
    if (suspends) f.i32Const(0).localSet(states[0]).i32Const(-1).localSet(states[1]);
    const write = (items: readonly Item[]): void => {
      for (const item of items) {
        if (typeof item === "number") {
          this.#masked(item, region);
          continue;
        }
        const again = f.loop();
        write(item.items);
        this.poll();
        this.#pushAll(this.#pendingOf(item.header), SIMD.v128_or);
        f.simd(SIMD.v128_any_true).brIf(again);
        f.end();
      }
    };
    write(region.items);
    this.#e.mask = undefined;
    if (!suspends) return;
    // Lanes of one vector that wait at different places may later be at one place with different pasts.
    f.localGet(states[0]).localGet(states[1]).op(OP.i32_ne).localGet(states[0]).i32Const(0).op(OP.i32_ne).op(OP.i32_and).if();
    f.localGet(0).i32Const(1).store(OP.i32_store, WORKER.split, 2);
    f.end();
  }

  #masked(index: number, region: Region): void {
    const { f } = this;
    const block = this.#plan.program.blocks[index];
    const ssa = this.#plan.ssa.blocks[index];
    if (block === undefined || ssa === undefined) return;
    const pending = this.#pendingOf(index);
    this.#pushAll(pending, SIMD.v128_or);
    f.simd(SIMD.v128_any_true).if();
    for (const [j, local] of pending.entries())
      f.localGet(local)
        .localSet(this.#current[j] ?? 0)
        .v128Const(new Uint8Array(16))
        .localSet(local);
    for (const [j, local] of this.#current.entries()) {
      f.localGet(local).simd(SIMD.i32x4_bitmask);
      if (j > 0)
        f.i32Const(4 * j)
          .op(OP.i32_shl)
          .op(OP.i32_or);
    }
    f.localSet(this.#bits);
    const mask: Mask = { vectors: this.#current, bits: this.#bits };
    this.#e.mask = mask;
    this.#instructions(index, ssa);
    const end = block.terminator;
    const go = (target: number): void => {
      this.#edge(index, target, this.#current, true);
      this.#want(target, this.#current, region);
    };
    switch (end.kind) {
      case "exit":
        this.#exit(mask);
        break;
      case "suspend":
        this.#suspend(block, ssa, end.instruction, mask);
        break;
      case "jump":
        go(end.target);
        break;
      case "branch": {
        const [yes, no] = end.negated ? [end.otherwise, end.target] : [end.target, end.otherwise];
        const condition = ssa.reads.get(end.condition);
        if (this.#plan.shapes.divergent.has(index) && condition !== undefined) {
          this.#part(index, yes, no, this.#e.vectorsOf(condition), mask, region);
          break;
        }
        this.#pushUniformCondition(ssa, end.condition);
        f.if();
        go(yes);
        f.else();
        go(no);
        f.end();
      }
    }
    f.end();
  }

  #instructions(index: number, ssa: SsaBlock): void {
    const { copies } = this.kernel.uniform;
    const e = this.#e;
    const needed = ssa.instructions.filter(({ instruction }) => !this.hoisted.has(instruction) && !isCopy(instruction, copies));
    const groups = e.mask === undefined ? AccessGroups.find(e, index, needed) : undefined;
    const { program, ssa: whole, live } = this.#plan;
    const pressure = pressureIn(program, whole, live, index) * e.vectors;
    const fences = e.mask === undefined ? Fences.find(e, needed, this.#liveAfter(index), pressure) : undefined;
    for (const s of needed.slice(0, groups?.first)) {
      this.#instruction(s);
      fences?.after(s);
    }
    if (groups === undefined) return;
    const rest = needed.slice(groups.first);
    const done = this.f.block();
    const checked = this.f.block();
    groups.check(e, checked);
    for (const s of rest) {
      if (!groups.write(e, s)) this.#instruction(s);
      fences?.after(s);
    }
    this.f.br(done);
    this.f.end();
    for (const s of rest) this.#instruction(s);
    this.f.end();
  }

  /** The values that somebody reads after a block. */
  #liveAfter(index: number): ReadonlySet<Value> {
    const { program, ssa, live } = this.#plan;
    const values = new Set<Value>(ssa.blocks[index]?.reads.values());
    const block = program.blocks[index];
    for (const next of block === undefined ? [] : successors(block)) {
      for (const register of live[next] ?? []) {
        const value = ssa.valueAfter(index, register);
        if (value !== undefined) values.add(value);
      }
    }
    return values;
  }

  #instruction(s: SsaInstruction): void {
    const e = this.#e;
    const i = s.instruction;
    const [result] = s.writes.values();
    const shape = result?.shape ?? { kind: "uniform" };
    const reads = [...s.reads.values()];
    const same = reads.every((value) => value.shape?.kind === "uniform") && this.#readsSame(s);
    const memory = i.opcode === "ld" || i.opcode === "st";
    if (
      result === undefined
        ? same && !ACTS.has(i.opcode) && !(i.opcode === "st" && i.modifiers.includes("local")) // Local memory is each thread's own.
        : shape.kind === "uniform" || shape.kind === "affine"
    ) {
      // The scalar lowering, for lane 0.
      const targets = new Map([...s.writes].map(([register, value]) => [register, e.scalarOf(value)]));
      e.bound(e.lane0(s.reads), targets, () => e.lowerScalar(i));
      return;
    }
    if (shape.kind === "indexed" && result !== undefined) {
      this.#indexed(s, result);
      return;
    }
    if (memory && !i.operands.some((operand) => operand.kind === "sink") && vectorAccess(e, s)) return;
    if ((i.opcode === "atom" || i.opcode === "red") && sharedAtomic(e, s)) return;
    if (vectorLowering(i.opcode)?.(e, s)) return;
    // Only what may fault, or is seen from outside, must not run for lanes that take no part.
    const effects = memory || ACTS.has(i.opcode);
    e.eachLane(s.reads, s.writes, () => e.lowerScalar(i), { effects });
  }

  /** True when no operand but its registers makes an instruction differ between lanes. */
  #readsSame(s: SsaInstruction): boolean {
    return s.instruction.operands.every((operand) => this.#plan.shapes.of(s.reads, operand).kind === "uniform");
  }

  /** A 64-bit value of a base and an index: only the base is computed. */
  #indexed(s: SsaInstruction, result: Value): void {
    const { f } = this;
    const e = this.#e;
    const i = s.instruction;
    const [, a, b, c] = i.operands;
    const isIndexed = (operand: Operand | undefined): boolean => this.#plan.shapes.of(s.reads, operand).kind === "indexed";
    const type = "b64";
    if (i.opcode === "mul" && i.modifiers.includes("wide")) f.i64Const(0);
    else if (i.opcode === "mad" && i.modifiers.includes("wide")) e.pushScalar(s, i, c, type);
    else if (i.opcode === "cvt" && !isIndexed(a)) f.i64Const(0);
    else if (
      i.opcode === "mul" ||
      i.opcode === "mad" ||
      i.opcode === "add" ||
      i.opcode === "sub" ||
      i.opcode === "shl" ||
      i.opcode === "cvta" ||
      i.opcode === "mov" ||
      i.opcode === "cvt"
    ) {
      // Linear in the base: the scalar form on bases.
      const targets = new Map([...s.writes].map(([register, value]) => [register, e.scalarOf(value)]));
      e.bound(e.lane0(s.reads), targets, () => e.lowerScalar(i));
      return;
    } else throw new Error(`ptx: '${i.opcode}' of a base and an index (${String(b?.kind)})`);
    if (e.localType(result.register) === F64) f.op(OP.f64_reinterpret_i64);
    f.localSet(e.scalarOf(result));
  }

  /** Writes what the phis of `to` become when lanes come from `from`: all, or those of a mask. `some`: the mask is not empty. */
  #edge(from: number, to: number, mask: readonly number[] | undefined, some = false): void {
    const { f } = this;
    const e = this.#e;
    const phis = this.#plan.ssa.blocks[to]?.phis ?? [];
    const moves = phis.flatMap((phi): { phi: Phi; input: Value }[] => {
      const input = phi.inputs.get(from);
      return input === undefined || input === phi.value ? [] : [{ phi, input }];
    });
    const scalars = moves.filter(({ phi }) => phi.value.shape?.kind !== "varying");
    const vectors = moves.filter(({ phi }) => phi.value.shape?.kind === "varying");
    // All are read before any is written: a phi may be another's input.
    const set: number[] = [];
    for (const { phi, input } of vectors) {
      for (const [j, local] of e.vectorsOf(phi.value).entries()) {
        this.#pushValue(input, j);
        if (mask !== undefined) {
          f.localGet(local);
          e.pushMask({ vectors: mask, bits: 0 }, bitsOf(phi.value.register.type) === 64, j);
          f.simd(SIMD.v128_bitselect);
        }
        set.push(local);
      }
    }
    for (const local of set.toReversed()) f.localSet(local);
    if (scalars.length === 0) return;
    if (mask !== undefined && !some) {
      this.#pushAll(mask, SIMD.v128_or);
      f.simd(SIMD.v128_any_true).if();
    }
    for (const { input } of scalars) f.localGet(e.scalarOf(input));
    for (const { phi } of scalars.toReversed()) f.localSet(e.scalarOf(phi.value));
    if (mask !== undefined && !some) f.end();
  }

  #pushValue(value: Value, j: number): void {
    const s = { reads: new Map([[value.register, value]]) };
    const { type } = value.register;
    this.#e.pushVector(s, NOWHERE, { kind: "register", register: value.register }, type, j);
  }

  #exit(mask: Mask | undefined): void {
    if (!this.resumable) return;
    this.f.i32Const(STATE.done);
    this.#leaveWith(mask);
  }

  /** Gives the lanes the state on the stack; `note`: what is done as well where a block's threads may not be all together. */
  #leaveWith(mask: Mask | undefined, note?: () => void): void {
    const { f } = this;
    const state = this.emitter.scratch(I32, "lane state");
    f.localSet(state);
    if (this.#facts.end !== undefined) f.localGet(this.#isWhole).op(OP.i32_eqz).expect(false).if();
    note?.();
    for (let j = 0; j < this.#e.vectors; j++) {
      f.localGet(this.states).localGet(state).simd(SIMD.i32x4_splat);
      if (mask !== undefined) {
        f.localGet(this.states).simdLoad(SIMD.v128_load, 16 * j, 2);
        this.#e.pushMask(mask, false, j);
        f.simd(SIMD.v128_bitselect);
      }
      f.simdStore(SIMD.v128_store, 16 * j, 2);
    }
    f.localGet(state);
    this.#addState();
    if (this.#facts.end !== undefined) f.end();
  }

  #suspend(block: Block, ssa: SsaBlock, instruction: Instruction, mask: Mask | undefined): void {
    const { f } = this;
    const e = this.#e;
    const phase = this.plan.phaseAfter.get(block);
    if (phase === undefined) throw new Error("ptx: a suspending block has a phase");
    const meets = meeting(instruction);
    const state = e.temporary(I32, "meeting state");
    if (meets.warp) {
      e.eachLane(
        ssa.reads,
        new Map(),
        () => {
          meets.suspend(e);
          f.localSet(state);
        },
        { frame: true },
      );
    } else {
      e.bound(e.lane0(ssa.reads), new Map(), () => meets.suspend(e));
      f.localSet(state);
    }
    for (const [register, slot] of phase.live) {
      const value = this.#plan.ssa.valueAfter(block.index, register);
      // What has been loaded from there in this phase is there still.
      if (value !== undefined && (mask !== undefined || this.#reloaded.get(value) !== slot)) this.#spill(value, slot, mask);
    }
    const noteCompact = (): void => {
      const compact = e.pushFrame(this.plan.compactSlot);
      f.i32Const(mask === undefined ? 1 : 0).store(OP.i32_store, compact, 2);
    };
    // As long as all of a block go together, and no lanes ever wait alone, what the first phase has noted stays true.
    const isNoted =
      this.#facts.end !== undefined && this.phase.from !== undefined && !this.#plan.facts.some(({ suspendsApart }) => suspendsApart);
    if (!isNoted) noteCompact();
    f.localGet(state).i32Const(phase.index).op(OP.i32_or).localTee(state);
    this.#leaveWith(mask, isNoted ? noteCompact : undefined);
    if (mask === undefined) return;
    const [any, all] = [e.temporary(I32, "any of group"), e.temporary(I32, "all of group")];
    f.localGet(any).localGet(state).op(OP.i32_or).localSet(any);
    f.localGet(all).localGet(state).op(OP.i32_and).localSet(all);
  }

  #resume(instruction: Instruction, ssa: SsaBlock | undefined): void {
    const meets = meeting(instruction);
    if (!meets.warp || ssa === undefined) return;
    this.#e.mask = undefined;
    this.#e.eachLane(new Map(), ssa.results, () => meets.resume(this.#e), { frame: true });
  }

  #spill(value: Value, slot: number, mask: Mask | undefined): void {
    if (mask !== undefined || !isRegular(value)) {
      this.#spillVectors(value, slot, mask);
      return;
    }
    const type = this.#e.localType(value.register);
    const at = this.#e.pushFrame(slot);
    this.f.localGet(this.#e.scalarOf(value));
    this.f.store(type === F32 ? OP.f32_store : type === F64 ? OP.f64_store : type === I64 ? OP.i64_store : OP.i32_store, at, 2);
  }

  #spillVectors(value: Value, slot: number, mask: Mask | undefined): void {
    const { f } = this;
    const wide = this.#isWide(value);
    for (let j = 0; j < (wide ? 2 : 1) * this.#e.vectors; j++) {
      const at = this.#e.pushFrame(slot) + 16 * j;
      this.#pushValue(value, j);
      if (value.register.type === "pred") f.i32Const(1).simd(SIMD.i32x4_splat).simd(SIMD.v128_and);
      if (mask !== undefined) {
        this.#e.pushFrame(slot);
        f.simdLoad(SIMD.v128_load, at, 2);
        this.#e.pushMask(mask, wide, j);
        f.simd(SIMD.v128_bitselect);
      }
      f.simdStore(SIMD.v128_store, at, 2);
    }
  }

  #reload(value: Value, slot: number): void {
    const { f } = this;
    const e = this.#e;
    const { shape } = value;
    const type = e.localType(value.register);
    if (shape?.kind === "uniform" || shape?.kind === "affine") {
      const at = e.pushFrame(slot);
      f.load(type === F32 ? OP.f32_load : type === F64 ? OP.f64_load : type === I64 ? OP.i64_load : OP.i32_load, at, 2);
      f.localSet(e.scalarOf(value));
      return;
    }
    for (const [j, local] of e.vectorsOf(value).entries()) {
      const at = e.pushFrame(slot);
      f.simdLoad(SIMD.v128_load, at + 16 * j, 2);
      if (value.register.type === "pred") f.simd(SIMD.i32x4_neg);
      f.localSet(local);
    }
  }

  #isWide(value: Value): boolean {
    return bitsOf(value.register.type) === 64;
  }

  /** On to the next group. */
  protected override stepThread(threads: Label): void {
    const { f } = this;
    const { thread, frame, frameWide, local } = this.locals;
    this.#stepIndex();
    const step = (pointer: number, by: number): void => {
      if (by > 0) f.localGet(pointer).i32Const(by).op(OP.i32_add).localSet(pointer);
    };
    step(local, this.kernel.lanes * this.kernel.symbols.localBytes);
    if (this.resumable) {
      step(frame, this.kernel.lanes * this.kernel.frameBytes);
      step(frameWide, this.kernel.lanes * this.kernel.frameBytes);
      step(this.states, 4 * this.kernel.lanes);
    }
    f.localGet(thread).i32Const(this.kernel.lanes).op(OP.i32_add).localTee(thread).localGet(this.threads).op(OP.i32_lt_u).brIf(threads);
  }

  /** On to the group's tid, as far as somebody asks for it: in the row, or to the next row. */
  #stepIndex(): void {
    const { f } = this;
    const { asksFor } = this.#facts;
    const [x, y, z] = [this.special("tid.x"), this.special("tid.y"), this.special("tid.z")];
    if (!asksFor.has("tid.y") && !asksFor.has("tid.z")) {
      if (!asksFor.has("tid.x")) return;
      const next = this.emitter.scratch(I32, "next in row");
      f.localGet(x).i32Const(this.kernel.lanes).op(OP.i32_add).localTee(next).i32Const(0);
      f.localGet(next).localGet(this.special("ntid.x")).op(OP.i32_ne).select().localSet(x);
      return;
    }
    f.localGet(x).i32Const(this.kernel.lanes).op(OP.i32_add).localTee(x).localGet(this.special("ntid.x")).op(OP.i32_eq).if();
    f.i32Const(0).localSet(x);
    f.localGet(y).i32Const(1).op(OP.i32_add).localTee(y).localGet(this.special("ntid.y")).op(OP.i32_eq).if();
    f.i32Const(0).localSet(y);
    f.localGet(z).i32Const(1).op(OP.i32_add).localSet(z);
    f.end().end();
  }
}

function factsOf({ facts }: VectorPlan, { index }: Phase): PhaseFacts {
  const found = facts[index];
  if (found === undefined) throw new Error("ptx: a phase has facts");
  return found;
}

/** What a phase answers before any thread has ended, as one number: no bits of any state, and all bits of each. */
const ALL_STATES = 0xffff_ffff_0000_0000n;

/** Lane 0 says what the others are. */
function isRegular({ shape }: Value): boolean {
  return shape?.kind === "uniform" || shape?.kind === "affine";
}

/** For operands that belong to no instruction of the source. */
const NOWHERE: Instruction = {
  kind: "instruction",
  line: 0,
  source: undefined,
  opcode: "phi",
  modifiers: [],
  guard: undefined,
  operands: [],
};
