import type { GuestMemory } from "@decant/memory";
import { I32, I64, OP, type FunctionBuilder, type Label } from "@decant/wasm";
import { CPU, FLAG, GPR } from "../cpu-block.ts";
import { CC, countBits, MNEMONIC, MnemonicSet, type Instruction } from "../decode/index.ts";
import { effects, Emitter, type Effects, type ScalarRegisters } from "../lower/index.ts";
import { emitAccessCheck, type CheckContext, type Guarding, type Refusal } from "./access-checks.ts";
import { insnOf, orderBlocks, type Block, type Step } from "./block.ts";
import { emitComparison, entryRanges, markCompared, writableParts, type Range } from "./changing-code.ts";
import { emitCall, emitIntrinsicCall, emitJumpOut, emitLeave, type CallContext } from "./calls.ts";
import type { CodeForm } from "./code-form.ts";
import type { Unit } from "./control-flow-graph.ts";
import { analyse, liveFlagsAfter, type BlockFlow } from "./dataflow.ts";
import { loopWeights } from "./dominators.ts";
import { makeReducible, type ReducibleGraph } from "./irreducible.ts";
import { CPU_ADDRESS, EXIT, MACHINE, STALE_ITSELF } from "./layout.ts";
import { wasmAddress, type ModuleContext } from "./module-context.ts";
import { Refusals } from "./refusals.ts";
import { RegisterFile } from "./register-file.ts";
import { planScalars } from "./scalars.ts";
import { floatControlsOf, LOADS_FLOAT_CONTROL, mayRaise, wantsExactFloats, type FloatControl } from "./float-watch.ts";
import { TRAP_FLAG } from "./single-step.ts";
import { endingChange, followStack, setsFramePointer, stackChange, type StackDepth } from "./stack-depth.ts";
import { unrollLoops } from "./unroll.ts";
import { emitStructured, type BlockEmitter } from "./structure.ts";
import type { Intrinsic } from "./stub.ts";

const RSP = 1 << GPR.rsp;

/** What entering a unit costs of the budget, when it may call or jump on to others. */
const ENTRY_CHARGE = 16;
/** What `pause` costs: who spins gives the others their turn. */
const PAUSE_CHARGE = 20_000;

/** What a unit is emitted for. */
interface UnitOptions {
  readonly mode: 64 | 32;
  readonly memory: GuestMemory;
  readonly form: CodeForm;
  /** Whether the unit may call what works while registers are in locals: then the host's stack must not be nearly used up. */
  readonly callsHelpers: boolean;
}

/** Emits one guest function as one wasm function: () -> next RIP. */
export class UnitEmitter implements BlockEmitter {
  refused: Label | undefined;
  readonly #f: FunctionBuilder;
  readonly #mode: 64 | 32;
  readonly #module: ModuleContext;
  readonly #graph: ReducibleGraph;
  /** By the blocks' order. */
  readonly #flows: readonly BlockFlow[];
  readonly #depths: readonly StackDepth[];
  readonly #emitter: Emitter;
  readonly #registers: RegisterFile;
  /** Blocks that pay the budget where they begin; other loops pay on the way back. */
  readonly #chargedAtStart: ReadonlySet<Block>;
  /** The xmm registers that each block begins with as scalars. */
  readonly #scalars: readonly ScalarRegisters[];
  /** Of the block being emitted: the flags that are read after each step. */
  readonly #liveFlags: number[] = [];
  #choices: Map<Block, number> | undefined;
  readonly #context: CallContext;
  readonly #memory: GuestMemory;
  readonly #entry: number;
  /** The writable bytes that the unit was made from lie in here. */
  readonly #span: Range;
  readonly #isChanging: boolean;
  readonly #callsHelpers: boolean;
  /** The local for where the store went that a block ends with; -1 before there is one. */
  #storeAddress = -1;
  /** At the instruction being lowered: registers that are dirty, and those that some later code reads. */
  #dirty = 0;
  #live = 0;
  /** Registers that the instruction reads and writes: their locals are right at any of its accesses. Flags that somebody reads from there on. */
  #own = 0;
  #flags = 0;
  /** Registers whose locals are right before the instruction, and those that it writes. */
  #valid = 0;
  #written = 0;
  readonly #checks: CheckContext;
  /** What is known not to be null where each block ends. */
  readonly #notNull: number[] = [];
  #refusals: Refusals | undefined;
  /** What rsp is beyond the rsp in the CPU block. */
  #stackDifference = 0;
  /** Whether it looks at what floating point has raised, which code so far does not tell. */
  readonly #mustBecomeExact: boolean;

  constructor(f: FunctionBuilder, unit: Unit, module: ModuleContext, { mode, memory, form, callsHelpers }: UnitOptions) {
    const { guarding, hasExactFloats } = form;
    this.#f = f;
    this.#mode = mode;
    this.#module = module;
    this.#memory = memory;
    this.#entry = unit.entry.start;
    this.#isChanging = unit.isChanging;
    this.#callsHelpers = callsHelpers;
    this.#span = unit.isChanging ? spanOf(unit, memory) : NO_SPAN;
    if (guarding === "checked") callIntrinsics(unit.blocks);
    this.#graph = makeReducible(unrollLoops(unit.blocks) ? orderBlocks(unit.entry) : unit.blocks);
    if (unit.isChanging) markCompared(this.#graph.blocks);
    this.#chargedAtStart = chargeLoops(this.#graph);
    // What changes itself was written by hand, mostly: decompressors return flags from additions.
    this.#flows = analyse(this.#graph.blocks, { isExactAt: exactSteps(guarding, hasExactFloats), keepsFlags: unit.isChanging });
    this.#mustBecomeExact = !hasExactFloats && wantsExactFloats(this.#graph.blocks);
    this.#depths = followStack(this.#graph.blocks);
    const registers = (this.#registers = new RegisterFile(f, mode, (n) => this.#emitter.pushWhole(n)));
    this.#emitter = new Emitter(f, {
      mode,
      registers,
      helper: (name) => module.helper(name),
      onMayFault: (insn) => module.sites.add(f.code.length, insn.ip >>> 0, this.#stackDifference),
      spillAll: () => registers.spill(this.#dirty),
      reloadAll: () => registers.reload(this.#dirty | this.#live),
      makeExact: () => this.#makeExact(),
      hasExactFloats,
      highHalf: (address) => memory.highHalf(address),
      ...(guarding !== "trap" && { onAccess: (insn, kind, bytes) => emitAccessCheck(checks, insn, kind, bytes) }),
    });
    const checks: CheckContext = {
      f,
      e: this.#emitter,
      guarding,
      farHigh: memory.farHigh,
      notNull: 0,
      refuse: (refusal) => this.#refuse(refusal),
    };
    this.#checks = checks;
    if (guarding !== "trap") this.#refusals = new Refusals(f, this.#emitter, registers, () => module.callRuntime("refuse"));
    this.#scalars = planScalars(this.#graph.blocks, (block) => this.#flow(block).liveIn >>> 16);
    this.#context = {
      f,
      e: this.#emitter,
      mode,
      module,
      registers,
      guardsNull: guarding === "exact",
      next: f.local(I32),
      found: f.local(I64),
    };
  }

  emit(): void {
    this.#body();
    this.#refusals?.close();
  }

  #body(): void {
    const { blocks } = this.#graph;
    const entry = blocks[0] as Block;
    const flow = this.#flow(entry);
    this.#compareEntry(blocks);
    if (this.#mustBecomeExact) return this.#becomeExact(entry.start);
    this.#registers.reload(flow.liveIn);
    this.#registers.reloadFlags(flow.flagsIn);
    const leaves = blocks.some(leavesForOthers);
    if (!leaves && flow.budgetLive) this.#registers.reloadBudget();
    if (!leaves && !this.#callsHelpers) return emitStructured(this.#f, this.#graph, this);
    const exit = this.#f.block();
    if (leaves) this.#chargeEntry(flow, exit);
    if (this.#callsHelpers) this.#checkDepth(flow, exit, MACHINE.helperLimit);
    emitStructured(this.#f, this.#graph, this);
    this.#f.end();
    this.#exit(entry.start);
  }

  #compareEntry(blocks: readonly Block[]): void {
    if (!this.#isChanging) return;
    const ranges = entryRanges(blocks, this.#memory);
    if (ranges.length === 0) return;
    emitComparison(this.#f, ranges, this.#memory);
    this.#f.if();
    this.#leaveStale(this.#entry, false);
    this.#f.end();
  }

  #flow(block: Block): BlockFlow {
    return this.#flows[block.order] as BlockFlow;
  }

  /** After an instruction that may ask for code that looks more closely. */
  #lookAfter(insn: Instruction, flags: number): void {
    if (POPS_FLAGS.includes(insn.mnemonic)) this.#leaveToStep(insn.next >>> 0);
    if (this.#emitter.hasExactFloats) return;
    for (const control of floatControlsOf(insn)) this.#leaveToLook(insn.next >>> 0, flags, control);
  }

  /** After popf: when it has set TF, the machine takes single steps from here. All flags are in their locals. */
  #leaveToStep(next: number): void {
    const f = this.#f;
    this.#emitter.flushStack();
    f.i32Const(CPU_ADDRESS).load(OP.i32_load, CPU.eflags, 2).i32Const(TRAP_FLAG).op(OP.i32_and);
    f.if();
    this.#registers.spill(this.#dirty | RSP);
    this.#registers.spillFlags(FLAG.ALL);
    this.#exit(next);
    f.end();
  }

  /** The machine begins again here, with code that tells what floating point raises. */
  #becomeExact(entry: number): void {
    this.#f.i32Const(CPU_ADDRESS).i32Const(1).store(OP.i32_store, MACHINE.wantsExactFloats, 2);
    this.#exit(entry);
  }

  /** After a control word was loaded: when it asks for anything, the machine goes on with code that looks at it. */
  #leaveToLook(next: number, flags: number, control: FloatControl): void {
    const f = this.#f;
    this.#emitter.flushStack();
    f.i32Const(CPU_ADDRESS).load(OP.i32_load, control.field, 2).i32Const(control.mask).op(OP.i32_and).i32Const(control.plain).op(OP.i32_ne);
    f.if();
    this.#emitter.flushFlags(flags);
    this.#registers.spill(this.#dirty | RSP);
    this.#registers.spillFlags(flags);
    this.#exit(next);
    f.end();
  }

  /** Where a check has failed. Flags, and vectors that have scalars beside them, are put where the common way out finds them. */
  #refuse(refusal: Refusal): void {
    const e = this.#emitter;
    e.mayFault(refusal.insn);
    const dirty = (this.#dirty | this.#own) & ~RSP;
    e.flushFlags(this.#flags);
    this.#registers.spillFlags(this.#flags);
    e.mergeForExit(dirty >>> 16);
    const valid = this.#valid & ~this.#written & ~(e.scalarsAhead << 16) & ~RSP;
    this.#refusals?.leave(this.#module.sites.count - 1, refusal, { dirty, valid });
  }

  /** Where an exception is about to be raised: everything but rsp, of which the difference is known, goes to the CPU block. */
  #makeExact(): void {
    this.#registers.spill((this.#dirty | this.#own) & ~RSP);
    this.#emitter.flushFlags(this.#flags);
    this.#registers.spillFlags(this.#flags);
  }

  /**
   * Charges the budget, and compares rsp with the limit that bounds the depth of host frames. Nothing has happened yet, so the state is exact.
   * Hot: at every entry of a function that calls others, one load, subtraction and store, one load and comparison, two branches.
   */
  #chargeEntry(flow: BlockFlow, exit: Label): void {
    const f = this.#f;
    const budget = flow.budgetLive ? this.#registers.budget : this.#context.next;
    f.i32Const(CPU_ADDRESS);
    f.i32Const(CPU_ADDRESS)
      .load(OP.i32_load, MACHINE.budget, 2)
      .i32Const(ENTRY_CHARGE)
      .op(OP.i32_sub)
      .localTee(budget)
      .store(OP.i32_store, MACHINE.budget, 2);
    f.localGet(budget).i32Const(0).op(OP.i32_lt_s).brIf(exit);
    this.#checkDepth(flow, exit, CPU.stackLimit);
  }

  /** Leaves where rsp is below a limit in the CPU block. */
  #checkDepth({ liveIn }: BlockFlow, exit: Label, limit: number): void {
    const f = this.#f;
    if (liveIn & RSP) this.#emitter.getGpr(GPR.rsp, 32);
    else f.i32Const(CPU_ADDRESS).load(OP.i32_load, CPU.gpr + 8 * GPR.rsp, 2);
    f.i32Const(CPU_ADDRESS).load(OP.i32_load, limit, 2).op(OP.i32_lt_u).brIf(exit);
  }

  block(block: Block): void {
    const flow = this.#flow(block);
    this.#emitter.beginBlock(this.#scalars[block.order]);
    if (this.#chargedAtStart.has(block)) this.#chargeLoop(block, flow);
    if (block.isCompared) this.#compareBlock(block, flow);
    if (block.choice !== undefined) {
      this.#f.i32Const(block.choice.value).localSet(this.#choice(block.choice.dispatch));
    }
    this.#steps(block, flow);
    this.#ending(block, flow);
    const { notNull } = this.#checks;
    const insn = notNull === 0 ? undefined : insnOf(block.ending);
    this.#notNull[block.order] = insn === undefined ? notNull : notNull & ~effects(insn).writes;
  }

  /** On the way back, and not at the header: what does not change in the loop can then be moved out of it by the engine. */
  backEdge(header: Block): void {
    if (header.charge === 0 || this.#chargedAtStart.has(header)) return;
    this.#emitter.assumeScalars(this.#scalars[header.order] as ScalarRegisters);
    this.#chargeLoop(header, this.#flow(header));
  }

  /** Hot: runs at every turn of a loop; a local's subtraction, and a branch that is taken once in milliseconds. */
  #chargeLoop(block: Block, flow: BlockFlow): void {
    const f = this.#f;
    const { budget } = this.#registers;
    f.localGet(budget).i32Const(block.charge).op(OP.i32_sub).localTee(budget).i32Const(0).op(OP.i32_lt_s);
    f.if();
    this.#registers.spill(flow.dirtyIn);
    this.#registers.spillFlags(flow.flagsIn);
    this.#registers.spillBudget();
    this.#exit(block.start);
    f.end();
  }

  #compareBlock(block: Block, flow: BlockFlow): void {
    const ranges = writableParts([block.start, block.end], this.#memory);
    if (ranges.length === 0) return;
    emitComparison(this.#f, ranges, this.#memory);
    this.#f.if();
    this.#registers.spill(flow.dirtyIn);
    this.#registers.spillFlags(flow.flagsIn);
    if (flow.budgetDirty || block.charge > 0) this.#registers.spillBudget();
    this.#leaveStale(block.start, false);
    this.#f.end();
  }

  /** Everything is in the CPU block: the unit is dropped if its bytes have changed, and running goes on at `rip` by what is there now. */
  #leaveStale(rip: number, isOwn: boolean): void {
    const f = this.#f;
    f.i32Const(CPU_ADDRESS)
      .i32Const(rip | 0)
      .store(OP.i32_store, CPU.rip, 2);
    f.i32Const(CPU_ADDRESS)
      .i32Const(this.#entry | 0)
      .store(OP.i32_store, MACHINE.staleEntry, 2);
    this.#module.placeConst("slot");
    if (isOwn) f.i32Const(STALE_ITSELF).op(OP.i32_or);
    this.#module.callRuntime("stale");
    f.drop().i32Const(rip | 0);
    this.#module.callRuntime("go", true);
  }

  /** After a store: it may have changed the unit itself. One subtraction, comparison and branch. */
  #checkStore(block: Block, flow: BlockFlow, bytes: number): void {
    const f = this.#f;
    const [start, end] = this.#span;
    if (end === start) return;
    f.localGet(this.#storeAddress)
      .i32Const(wasmAddress(start - bytes + 1))
      .op(OP.i32_sub)
      .i32Const((end - start + bytes - 1) | 0)
      .op(OP.i32_lt_u);
    f.if();
    this.#save(block, flow);
    this.#leaveStale(block.end, true);
    f.end();
  }

  #keepStoreAddress(insn: Instruction): void {
    if (this.#storeAddress < 0) this.#storeAddress = this.#f.local(I32);
    this.#emitter.address(insn).f.localSet(this.#storeAddress);
  }

  #beforeStep({ reads, writes, flagsMust, flagsRead }: Effects, flagsAfter: number): void {
    this.#live |= reads;
    this.#own = reads & writes;
    this.#written = writes;
    this.#flags = (flagsAfter & ~flagsMust) | flagsRead;
  }

  #steps(block: Block, flow: BlockFlow): void {
    const { steps, ending } = block;
    const flags = this.#liveFlags;
    liveFlagsAfter(block, flow, flags);
    this.#dirty = flow.dirtyIn;
    // What a helper that looks at registers in memory must load again: whatever may still be read.
    this.#live = flow.liveIn | flow.dirtyAtEnd;
    // What loads a table's target runs only where the guard refuses.
    const count = ending.kind === "table" ? steps.length - ending.table.tailLength : steps.length;
    const depth = this.#depths[block.order] as StackDepth;
    this.#stackDifference = depth.difference;
    this.#valid = flow.liveIn;
    this.#checks.notNull = this.#notNullBefore(block);
    for (let i = 0; i < count; i++) {
      const { insn, effects: touched } = steps[i] as Step;
      const { writes } = touched;
      this.#beforeStep(touched, flags[i] as number);
      if (i === count - 1 && ending.kind === "goto" && ending.store?.bytes !== undefined) this.#keepStoreAddress(insn);
      this.#emitter.lower(insn, flags[i] as number);
      this.#dirty |= writes;
      this.#live |= writes;
      this.#valid |= writes;
      this.#checks.notNull &= ~writes;
      this.#keepStackExact(insn, writes);
      if (IS_LOOKED_AFTER.has(insn.mnemonic)) this.#lookAfter(insn, flags[i] as number);
    }
    this.#emitter.flushStack();
    // Where a table's guard refuses, the registers leave in their vectors.
    if (ending.kind === "table") this.#emitter.mergeScalars();
    for (const next of block.successors) {
      this.#emitter.settleScalars(this.#scalars[next.order] as ScalarRegisters, this.#flow(next).liveIn >>> 16);
    }
    this.#dirty = flow.dirtyAtEnd;
    this.#own = 0;
    this.#written = 0;
    this.#flags = flow.flagsAtEnd;
    // Where rsp is what the CPU block has, a store in another block before has seen to that.
    if (endingChange(block) === 0 && this.#stackDifference !== 0) this.#storeStack(depth);
  }

  /** What needs no comparison with null as a block begins: what the only way to it has seen, if no other function has run since. */
  #notNullBefore({ predecessors }: Block): number {
    const [before] = predecessors;
    if (before === undefined || predecessors.length > 1 || before.ending.kind === "call" || before.ending.kind === "intrinsic") return 0;
    return this.#notNull[before.order] ?? 0;
  }

  /** Before a function begins that was put in the place of its call: as at its own entry. */
  #checkStack(block: Block, flow: BlockFlow, target: number): void {
    const f = this.#f;
    this.#emitter.getGpr(GPR.rsp, 32);
    f.i32Const(CPU_ADDRESS).load(OP.i32_load, CPU.stackLimit, 2).op(OP.i32_lt_u);
    f.if();
    this.#save(block, flow);
    this.#exit(target);
    f.end();
  }

  #storeStack({ isStored }: StackDepth): void {
    if (!isStored) return;
    this.#registers.spill(RSP);
    this.#stackDifference = 0;
  }

  /** After an instruction: unwinding from a fault needs rsp, and rbp where it is a frame's. */
  #keepStackExact(insn: Instruction, writes: number): void {
    if (setsFramePointer(insn)) this.#registers.spill(1 << GPR.rbp);
    if (!(writes & RSP)) return;
    const change = stackChange(insn);
    if (change === undefined) {
      this.#emitter.flushStack();
      this.#registers.spill(RSP);
    }
    this.#stackDifference = change === undefined ? 0 : this.#stackDifference + change;
  }

  #ending(block: Block, flow: BlockFlow): void {
    const f = this.#f;
    const e = this.#emitter;
    const { ending } = block;
    switch (ending.kind) {
      case "goto":
        e.flushFlags(flow.flagsOut);
        if (ending.store?.bytes !== undefined) this.#checkStore(block, flow, ending.store.bytes);
        return;
      case "guess":
        e.flushFlags(flow.flagsOut);
        e.get(ending.insn, 0);
        if (this.#mode === 64) f.op(OP.i32_wrap_i64);
        f.i32Const(ending.address | 0).op(OP.i32_eq);
        return;
      case "branch":
        e.flushFlags(flow.flagsOut);
        this.#condition(ending.insn);
        return;
      case "call": {
        emitCall(this.#context, ending, this.#saved(block, flow));
        const after = this.#flow(ending.next);
        this.#registers.reload(after.liveIn);
        this.#registers.reloadFlags(after.flagsIn);
        if (after.budgetLive) this.#registers.reloadBudget();
        return;
      }
      case "intrinsic": {
        const after = this.#flow(ending.next);
        this.#stackDifference = 0;
        emitIntrinsicCall(this.#context, ending, this.#saved(block, flow), { registers: after.liveIn, budget: after.budgetLive });
        this.#registers.reloadFlags(after.flagsIn);
        return;
      }
      case "enter":
        e.flushFlags(flow.flagsOut);
        e.pushReturnAddress(ending.insn);
        e.flushStack();
        if (ending.checksStack) this.#checkStack(block, flow, ending.target);
        this.#storeStack(this.#depths[block.order] as StackDepth);
        return;
      case "returnTo":
        e.flushFlags(flow.flagsOut);
        this.#popReturn(ending.insn);
        f.localGet(this.#context.next)
          .i32Const(ending.returnAddress | 0)
          .op(OP.i32_ne);
        f.if();
        this.#save(block, flow);
        f.localGet(this.#context.next).return().end();
        this.#storeStack(this.#depths[block.order] as StackDepth);
        return;
      case "return":
        e.flushFlags(flow.flagsOut);
        this.#popReturn(ending.insn);
        this.#save(block, flow);
        f.localGet(this.#context.next).return();
        return;
      case "jump":
        e.flushFlags(flow.flagsOut);
        return emitJumpOut(this.#context, ending, () => this.#save(block, flow));
      case "leave":
        e.flushFlags(flow.flagsOut);
        this.#save(block, flow);
        return emitLeave(this.#context, ending.target);
      case "table":
        e.flushFlags(flow.flagsOut);
        for (const [register, value] of ending.table.guards) {
          e.getGpr(register, 32);
          f.i32Const(value | 0)
            .op(OP.i32_ne)
            .brIf(this.refused as Label);
        }
        e.getGpr(ending.table.index.register, 32);
        if (ending.table.index.rotate > 0) f.i32Const(ending.table.index.rotate).op(OP.i32_rotr);
        return;
      case "dispatch":
        f.localGet(this.#choice(block));
        return;
      case "fault":
        e.flushFlags(flow.flagsOut);
        this.#save(block, flow);
        f.i32Const(CPU_ADDRESS)
          .i32Const(ending.insn.ip | 0)
          .store(OP.i32_store, CPU.rip, 2);
        f.i32Const(ending.insn.ip | 0);
        this.#module.callRuntime("fault", true);
        return;
    }
  }

  #popReturn(insn: Instruction): void {
    this.#emitter.pop(insn);
    if (this.#mode === 64) this.#f.op(OP.i32_wrap_i64);
    this.#f.localSet(this.#context.next);
    this.#emitter.moveStack(insn.immediate);
    this.#emitter.flushStack();
  }

  /** What loads the target was left out: its registers get what it would have given them. */
  tableEdge({ ending }: Block, target: Block, refused: Label): void {
    if (ending.kind !== "table") return;
    const { results, targetRegister, index, address, base, isChanging } = ending.table;
    if (isChanging) {
      this.#emitter.getGpr(index.register, 32);
      this.#f.i32Const((2 - index.rotate) & 31).op(OP.i32_rotl);
      this.#f.i32Const(wasmAddress(address)).op(OP.i32_add).load(OP.i32_load);
      this.#f
        .i32Const((addressOf(ending, target) - base) | 0)
        .op(OP.i32_ne)
        .brIf(refused);
    }
    const left = targetRegister === undefined ? results : [...results, [targetRegister, addressOf(ending, target)] as const];
    for (const [register, value] of left) this.#emitter.const(value, this.#mode).setGpr(register, this.#mode);
  }

  refuse(block: Block): void {
    const { ending } = block;
    if (ending.kind !== "table") return;
    const flow = this.#flow(block);
    this.#emitter.beginBlock();
    const depth = this.#depths[block.order] as StackDepth;
    this.#stackDifference = depth.isStored ? 0 : depth.atEnd;
    const flags = this.#liveFlags;
    liveFlagsAfter(block, flow, flags);
    const first = block.steps.length - ending.table.tailLength;
    this.#dirty = block.steps.slice(0, first).reduce((mask, step) => mask | step.effects.writes, flow.dirtyIn);
    this.#valid = 0;
    this.#checks.notNull = 0;
    for (let i = first; i < block.steps.length; i++) {
      const { insn, effects: touched } = block.steps[i] as Step;
      this.#beforeStep(touched, flags[i] as number);
      this.#emitter.lower(insn, flags[i] as number);
      this.#dirty |= touched.writes;
    }
    this.#emitter.flushStack();
    this.#emitter.flushFlags(flow.flagsOut);
    emitJumpOut(this.#context, { insn: ending.insn, via: undefined }, () => this.#save(block, flow));
  }

  #choice(dispatch: Block): number {
    const choices = (this.#choices ??= new Map());
    let local = choices.get(dispatch);
    if (local === undefined) choices.set(dispatch, (local = this.#f.local(I32)));
    return local;
  }

  #saved({ charge }: Block, flow: BlockFlow): { registers: number; budget: boolean } {
    return { registers: flow.dirtyAtEnd, budget: flow.budgetDirty || charge > 0 };
  }

  /** Puts everything that is only in locals into the CPU block. */
  #save(block: Block, flow: BlockFlow): void {
    const { registers, budget } = this.#saved(block, flow);
    this.#registers.spill(registers);
    this.#registers.spillFlags(flow.flagsOut);
    if (budget) this.#registers.spillBudget();
  }

  /** Unwinds to the dispatcher's caller, to go on at a known address. */
  #exit(rip: number): void {
    const f = this.#f;
    f.i32Const(CPU_ADDRESS)
      .i32Const(rip | 0)
      .store(OP.i32_store, CPU.rip, 2);
    f.i32Const(CPU_ADDRESS).i32Const(EXIT.budget).store(OP.i32_store, MACHINE.exitReason, 2);
    f.i32Const(0).return();
  }

  /** Pushes a branch's condition. */
  #condition(insn: Instruction): void {
    const e = this.#emitter;
    const f = this.#f;
    if (insn.kind === "jcc") return e.condition(insn.cc ?? CC.e);
    const bits = countBits(insn);
    const isZero = (): void => void f.op(bits === 64 ? OP.i64_eqz : OP.i32_eqz);
    if (insn.kind === "jcxz") {
      e.getGpr(GPR.rcx, bits);
      return isZero();
    }
    e.getGpr(GPR.rcx, bits).const(-1, bits).int(bits, "add").mask(bits).setGpr(GPR.rcx, bits);
    e.getGpr(GPR.rcx, bits);
    isZero();
    f.op(OP.i32_eqz);
    if (insn.mnemonic === MNEMONIC.Loop) return;
    e.condition(insn.mnemonic === MNEMONIC.Loope ? CC.e : CC.ne);
    f.op(OP.i32_and);
  }
}

const NO_SPAN: Range = [0, 0];

function spanOf({ ranges }: Unit, memory: GuestMemory): Range {
  const parts = ranges.flatMap((range) => writableParts(range, memory));
  return [parts[0]?.[0] ?? 0, parts.at(-1)?.[1] ?? 0];
}

const POPS_FLAGS: readonly number[] = [MNEMONIC.Popf, MNEMONIC.Popfd, MNEMONIC.Popfq];

/** What may have the unit left after it: what may set TF or a control word of floating point. */
const IS_LOOKED_AFTER = new MnemonicSet([...POPS_FLAGS, ...LOADS_FLOAT_CONTROL]);

/** What may make the registers exact in all code: division, before it raises its exception, too. */
const IS_EXACT_ALWAYS = new MnemonicSet([MNEMONIC.Div, MNEMONIC.Idiv, ...POPS_FLAGS, ...LOADS_FLOAT_CONTROL]);

function isExactAlways({ insn }: Step): boolean {
  return IS_EXACT_ALWAYS.has(insn.mnemonic);
}

function exactSteps(guarding: Guarding, hasExactFloats: boolean): (step: Step) => boolean {
  const isExact = guarding === "trap" ? isExactAlways : mayFault;
  return hasExactFloats ? (step) => isExact(step) || mayRaise(step.insn) : isExact;
}

function mayFault(step: Step): boolean {
  return step.effects.memory || isExactAlways(step);
}

/** Intrinsics that touch nothing but the thread's own block. */
const TAKES_NO_POINTER: ReadonlySet<Intrinsic> = new Set(["TlsGetValue", "GetLastError", "SetLastError"]);

/** Guarded code has pointers checked: functions that take some are called. */
function callIntrinsics(blocks: readonly Block[]): void {
  for (const block of blocks) {
    const { ending } = block;
    if (ending.kind === "intrinsic" && ending.via.stub.intrinsic !== undefined && !TAKES_NO_POINTER.has(ending.via.stub.intrinsic))
      block.ending = { ...ending, kind: "call" };
  }
}

function addressOf({ table, targets }: { table: { targets: readonly number[] }; targets: readonly Block[] }, target: Block): number {
  return table.targets[targets.indexOf(target)] as number;
}

/** A unit that may go on in others is charged at its entry: recursion, and functions that jump to each other, make no loop of their own. */
function leavesForOthers({ ending }: Block): boolean {
  return ending.kind === "call" || ending.kind === "leave" || ending.kind === "jump";
}

/** Sets what loops cost, and returns the blocks that pay at their start: those that a loop with several entries is entered by. */
function chargeLoops({ blocks, dominance }: ReducibleGraph): ReadonlySet<Block> {
  const atStart = new Set<Block>();
  for (const [header, weight] of loopWeights(blocks, dominance)) {
    // A dispatch block has no guest address to go on at: its targets have.
    for (const block of header.ending.kind === "dispatch" ? header.ending.targets : [header]) {
      const pauses = block.steps.some(({ insn }) => insn.mnemonic === MNEMONIC.Pause);
      block.charge = Math.max(block.charge, pauses ? PAUSE_CHARGE : weight);
      if (block !== header) atStart.add(block);
    }
  }
  return atStart;
}
