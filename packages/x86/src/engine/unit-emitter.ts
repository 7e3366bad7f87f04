import { GUEST_BASE } from "@decant/memory";
import { I32, I64, OP, SIMD, V128, type FunctionBuilder } from "@decant/wasm";
import { CPU, FLAG, GPR } from "../cpu-block.ts";
import { CC, MNEMONIC, type Instruction } from "../decode/index.ts";
import { Emitter, NotTranslated, type HelperName } from "../lower/index.ts";
import type { ApiTarget, Block, Ending, Unit } from "./control-flow-graph.ts";
import { analyse, liveFlagsAfter, type BlockFlow } from "./dataflow.ts";
import { cpuField, EXIT } from "./layout.ts";
import type { RuntimeImport } from "./runtime-module.ts";
import { emitStructured, type GoTo } from "./structure.ts";
import { emitIntrinsic } from "./intrinsics.ts";

/** What a unit's code may refer to in its module. */
export interface ModuleContext {
  readonly api: number;
  /** Reports an instruction that cannot be run: (rip) -> 0. */
  readonly fault: number;
  runtime(name: RuntimeImport): number;
  helper(name: HelperName): number;
  /** The wasm function of a guest function of the same batch. */
  unit(address: number): number | undefined;
}

const FLAG_FIELDS: readonly (readonly [flag: number, offset: number])[] = [
  [FLAG.CF, CPU.cf],
  [FLAG.PF, CPU.pf],
  [FLAG.AF, CPU.af],
  [FLAG.ZF, CPU.zf],
  [FLAG.SF, CPU.sf],
  [FLAG.OF, CPU.of],
];
const RSP = 1 << GPR.rsp;
const RAX = 1 << GPR.rax;

/** Emits one guest function as one wasm function: () -> next RIP. */
export class UnitEmitter {
  readonly #f: FunctionBuilder;
  readonly #unit: Unit;
  readonly #module: ModuleContext;
  readonly #flows: ReadonlyMap<Block, BlockFlow>;
  readonly #emitter: Emitter;
  readonly #gpr: (number | undefined)[] = [];
  readonly #xmm: (number | undefined)[] = [];
  readonly #flag: (number | undefined)[] = [];
  readonly #hasLoop: boolean;
  readonly #budget: number;
  readonly #next: number;
  #dirty = 0;
  #liveHere = 0;

  constructor(f: FunctionBuilder, unit: Unit, module: ModuleContext) {
    this.#f = f;
    this.#unit = unit;
    this.#module = module;
    this.#flows = analyse(unit.blocks);
    this.#hasLoop = unit.blocks.some((block, i) => block.successors.some((successor) => unit.blocks.indexOf(successor) <= i));
    this.#budget = f.local(I32);
    this.#next = f.local(I32);
    this.#emitter = new Emitter(f, {
      mode: 64,
      registers: { gpr: (n) => this.#gprLocal(n), xmm: (n) => this.#xmmLocal(n), flag: (bit) => this.#flagLocal(bit) },
      helper: (name) => module.helper(name),
      onMayFault: (insn) => f.mark(insn.ip),
      spillAll: () => this.#spill(this.#dirty),
      reloadAll: () => this.#reload(this.#dirty | this.#liveHere),
    });
  }

  emit(): void {
    const { entry, blocks } = this.#unit;
    const flow = this.#flow(entry);
    const calls = blocks.some(({ ending }) => ending.kind === "call");
    if (calls || this.#hasLoop) this.#chargeEntry(entry.start);
    this.#reload(flow.liveIn);
    this.#reloadFlags(flow.flagsIn);
    emitStructured(this.#f, blocks, { block: (block, goTo) => this.#block(block, goTo), backEdge: (header) => this.#backEdge(header) });
    this.#f.unreachable();
  }

  #flow(block: Block): BlockFlow {
    return this.#flows.get(block) as BlockFlow;
  }

  /** At the entry nothing has happened yet, so running out of budget here leaves an exact state. */
  #chargeEntry(rip: number): void {
    const f = this.#f;
    f.i32Const(cpuField(CPU.budget)).load(OP.i32_load, 0, 2).i32Const(8).op(OP.i32_sub).localSet(this.#budget);
    f.i32Const(cpuField(CPU.budget)).localGet(this.#budget).store(OP.i32_store, 0, 2);
    f.localGet(this.#budget).i32Const(0).op(OP.i32_lt_s);
    f.if();
    this.#leave(EXIT.budget, () => f.i32Const(rip));
    f.end();
  }

  #block(block: Block, goTo: GoTo): void {
    const flow = this.#flow(block);
    const e = this.#emitter;
    e.beginBlock();
    this.#dirty = flow.dirtyIn;
    // What a helper that looks at registers in memory must reload: everything that may still be read.
    this.#liveHere = flow.liveIn | flow.liveOut | flow.dirtyAtEnd;
    const flags = liveFlagsAfter(block, flow);
    const table = block.ending.kind === "table" ? block.ending.table : undefined;
    let index = 0;
    for (const [i, { insn, effects: touched }] of block.steps.entries()) {
      if (insn === table?.load) {
        index = this.#f.local(I32);
        e.getGpr(table.indexRegister, 32);
        this.#f.localSet(index);
      }
      try {
        e.lower(insn, flags[i] ?? 0);
      } catch (error) {
        if (!(error instanceof NotTranslated)) throw error;
        return this.#cannotRun(insn, this.#dirty);
      }
      this.#dirty |= touched.writes;
    }
    this.#ending(block, block.ending, flow, goTo, index);
  }

  #ending(block: Block, ending: Ending, flow: BlockFlow, goTo: GoTo, index: number): void {
    const f = this.#f;
    const e = this.#emitter;
    switch (ending.kind) {
      case "goto":
        e.flushFlags(flow.flagsOut);
        return this.#goTo(ending.next, block, flow, goTo);
      case "branch": {
        e.flushFlags(flow.flagsOut);
        this.#condition(ending.insn);
        this.#dirty = flow.dirtyAtEnd;
        f.if();
        this.#goTo(ending.taken, block, flow, goTo);
        f.end();
        return this.#goTo(ending.next, block, flow, goTo);
      }
      case "call":
        return this.#call(block, ending, flow, goTo);
      case "return":
        return this.#return(ending.insn, flow);
      case "jump":
        return this.#jumpOut(ending, flow);
      case "table": {
        e.flushFlags(flow.flagsOut);
        const fallback = f.block();
        const labels = new Map(block.successors.toReversed().map((successor) => [successor.start, f.block()]));
        f.localGet(index).brTable(
          ending.table.targets.map((target) => labels.get(target) ?? fallback),
          fallback,
        );
        for (const successor of block.successors) {
          f.end();
          goTo(successor);
        }
        f.end();
        return this.#jumpOut({ kind: "jump", insn: ending.insn }, flow);
      }
      case "fault":
        return this.#cannotRun(ending.insn, flow.dirtyAtEnd);
    }
  }

  /** Ends the guest when this instruction is reached; what the wasm stack holds by now, `return` drops. */
  #cannotRun({ ip }: Instruction, dirty: number): void {
    this.#spill(dirty);
    this.#f.i32Const(ip | 0).call(this.#module.fault).return();
  }

  /** Pushes a branch's condition. */
  #condition(insn: Instruction): void {
    const e = this.#emitter;
    const f = this.#f;
    if (insn.kind === "jcc") return e.condition(insn.cc ?? CC.e);
    const bits = insn.memory?.addressBits ?? 64;
    if (insn.kind === "loop") {
      e.getGpr(GPR.rcx, bits).f.i64Const(1).op(OP.i64_sub);
      e.setGpr(GPR.rcx, bits);
      e.getGpr(GPR.rcx, bits).f.op(OP.i64_eqz).op(OP.i32_eqz);
      if (insn.mnemonic === MNEMONIC.Loop) return;
      e.condition(insn.mnemonic === MNEMONIC.Loope ? CC.e : CC.ne);
      f.op(OP.i32_and);
      return;
    }
    const wide = insn.mnemonic === MNEMONIC.Jrcxz;
    e.getGpr(GPR.rcx, wide ? 64 : 32).f.op(wide ? OP.i64_eqz : OP.i32_eqz);
  }

  /** To a block of the unit, or out of it. */
  #goTo(address: number, block: Block, flow: BlockFlow, goTo: GoTo): void {
    const successor = block.successors.find(({ start }) => start === address);
    if (successor !== undefined) return goTo(successor);
    this.#spill(flow.dirtyAtEnd);
    this.#spillFlags(flow.flagsOut);
    this.#tail(address);
  }

  /** Leaves to a known guest address with no frame left behind. */
  #tail(address: number): void {
    const unit = this.#module.unit(address);
    if (unit !== undefined) this.#f.returnCall(unit);
    else this.#f.i32Const(address | 0).returnCall(this.#module.runtime("go"));
  }

  #jumpOut({ insn, via }: { insn: Instruction; via?: ApiTarget | undefined; kind: "jump" }, flow: BlockFlow): void {
    const f = this.#f;
    this.#emitter.flushFlags(flow.flagsOut);
    this.#pushTarget(insn);
    f.localSet(this.#next);
    this.#spill(flow.dirtyAtEnd);
    this.#spillFlags(flow.flagsOut);
    if (via !== undefined) {
      f.localGet(this.#next).i32Const(via.stub.address | 0).op(OP.i32_eq);
      f.if();
      f.i32Const(via.stub.index).returnCall(this.#module.api);
      f.end();
    }
    f.localGet(this.#next).returnCall(this.#module.runtime("go"));
  }

  /** Pushes the target of an indirect call or jump as an i32. */
  #pushTarget(insn: Instruction): void {
    this.#emitter.get(insn, 0);
    if (insn.operands[0]?.bits === 64) this.#f.op(OP.i32_wrap_i64);
  }

  #return(insn: Instruction, flow: BlockFlow): void {
    const f = this.#f;
    const e = this.#emitter;
    e.flushFlags(flow.flagsOut);
    f.mark(insn.ip);
    e.getGpr(GPR.rsp, 32).f.i32Const(-GUEST_BASE).op(OP.i32_add).load(OP.i32_load).localSet(this.#next);
    e.moveStack(8 + insn.immediate);
    this.#spill(flow.dirtyAtEnd | RSP);
    this.#spillFlags(flow.flagsOut);
    this.#storeBudget();
    f.localGet(this.#next).return();
  }

  #call(block: Block, ending: Ending & { kind: "call" }, flow: BlockFlow, goTo: GoTo): void {
    const f = this.#f;
    const e = this.#emitter;
    const { insn, via } = ending;
    const target = this.#next;
    if (ending.target === undefined) {
      this.#pushTarget(insn);
      f.localSet(target);
    }
    this.#spill(flow.dirtyAtEnd & ~RSP);
    this.#storeBudget();
    if (via !== undefined) {
      if (via.slot !== undefined && ending.target !== undefined) {
        f.i32Const((via.slot - GUEST_BASE) | 0).load(OP.i32_load).localSet(target);
      } else if (ending.target !== undefined) f.i32Const(via.stub.address | 0).localSet(target);
    }
    const done = f.block();
    if (via?.stub.intrinsic !== undefined) {
      f.localGet(target).i32Const(via.stub.address | 0).op(OP.i32_eq);
      const slow = f.if();
      const context = { f, e, slow, runtime: (name: RuntimeImport) => this.#module.runtime(name), ip: insn.ip };
      if (emitIntrinsic(via.stub.intrinsic, context)) this.#spill(RAX);
      // The fast way leaves every other register in its local.
      if ((flow.dirtyAtEnd & RSP) !== 0) this.#spill(RSP);
      f.br(done);
      f.end();
    }
    // Storing through rsp may fault; rsp itself moves only afterwards.
    f.mark(insn.ip);
    e.getGpr(GPR.rsp, 32).f.i32Const(-8 - GUEST_BASE).op(OP.i32_add).i64Const(ending.next).store(OP.i64_store);
    e.moveStack(-8);
    this.#spill(RSP);
    this.#checkDepth(ending.target === undefined || via !== undefined ? () => f.localGet(target) : () => f.i32Const((ending.target ?? 0) | 0));
    this.#transfer(ending, via, target);
    f.localTee(target).i32Const(ending.next | 0).op(OP.i32_ne);
    f.if();
    f.localGet(target).return().end();
    this.#loadBudget();
    const after = block.successors[0];
    if (after !== undefined) this.#reload(this.#flow(after).liveIn);
    f.end();
    if (after === undefined) return this.#tail(ending.next);
    this.#reloadFlags(this.#flow(after).flagsIn);
    goTo(after);
  }

  /** Calls, and leaves the next RIP on the wasm stack. */
  #transfer(ending: Ending & { kind: "call" }, via: ApiTarget | undefined, target: number): void {
    const f = this.#f;
    const go = this.#module.runtime("go");
    if (via !== undefined) {
      f.localGet(target).i32Const(via.stub.address | 0).op(OP.i32_eq);
      f.if(I32);
      f.i32Const(via.stub.index).call(this.#module.api);
      f.else();
      f.localGet(target).call(go).end();
      return;
    }
    if (ending.target === undefined) {
      f.localGet(target).call(go);
      return;
    }
    const unit = this.#module.unit(ending.target);
    if (unit !== undefined) f.call(unit);
    else f.i32Const(ending.target | 0).call(go);
  }

  /** Before a call, with the return address pushed: unwinds when the window of host stack is used up. */
  #checkDepth(pushTarget: () => void): void {
    const f = this.#f;
    this.#emitter.getGpr(GPR.rsp, 32);
    f.i32Const(cpuField(CPU.stackLimit)).load(OP.i32_load, 0, 2).op(OP.i32_lt_u);
    f.if();
    this.#leave(EXIT.depth, pushTarget);
    f.end();
  }

  /** Runs at every turn of a loop; a local's subtraction and a branch never taken but once in milliseconds. */
  #backEdge(header: Block): void {
    const f = this.#f;
    const flow = this.#flow(header);
    f.localGet(this.#budget).i32Const(header.steps.length + 2).op(OP.i32_sub).localTee(this.#budget).i32Const(0).op(OP.i32_lt_s);
    f.if();
    this.#spill(flow.dirtyIn);
    this.#spillFlags(flow.flagsIn);
    this.#storeBudget();
    this.#leave(EXIT.budget, () => f.i32Const(header.start | 0));
    f.end();
  }

  /** Unwinds to the dispatcher's caller, to go on at the address that `pushRip` pushes. Every register is in the CPU block. */
  #leave(reason: number, pushRip: () => void): void {
    const f = this.#f;
    f.i32Const(cpuField(CPU.rip));
    pushRip();
    f.store(OP.i32_store, 0, 2);
    f.i32Const(cpuField(CPU.exitReason)).i32Const(reason).store(OP.i32_store, 0, 2);
    f.i32Const(0).return();
  }

  #storeBudget(): void {
    if (this.#hasLoop) this.#f.i32Const(cpuField(CPU.budget)).localGet(this.#budget).store(OP.i32_store, 0, 2);
  }

  #loadBudget(): void {
    if (this.#hasLoop) this.#f.i32Const(cpuField(CPU.budget)).load(OP.i32_load, 0, 2).localSet(this.#budget);
  }

  #spill(mask: number): void {
    const f = this.#f;
    for (let n = 0; n < 16; n++) {
      if ((mask >>> n) & 1) f.i32Const(cpuField(CPU.gpr + 8 * n)).localGet(this.#gprLocal(n)).store(OP.i64_store, 0, 3);
      if ((mask >>> (16 + n)) & 1) f.i32Const(cpuField(CPU.xmm + 16 * n)).localGet(this.#xmmLocal(n)).simdStore(SIMD.v128_store, 0, 4);
    }
  }

  #reload(mask: number): void {
    const f = this.#f;
    for (let n = 0; n < 16; n++) {
      if ((mask >>> n) & 1) f.i32Const(cpuField(CPU.gpr + 8 * n)).load(OP.i64_load, 0, 3).localSet(this.#gprLocal(n));
      if ((mask >>> (16 + n)) & 1) f.i32Const(cpuField(CPU.xmm + 16 * n)).simdLoad(SIMD.v128_load, 0, 4).localSet(this.#xmmLocal(n));
    }
  }

  #spillFlags(mask: number): void {
    for (const [flag, offset] of FLAG_FIELDS) {
      if (mask & flag) this.#f.i32Const(cpuField(offset)).localGet(this.#flagLocal(flag)).store(OP.i32_store, 0, 2);
    }
  }

  #reloadFlags(mask: number): void {
    for (const [flag, offset] of FLAG_FIELDS) {
      if (mask & flag) this.#f.i32Const(cpuField(offset)).load(OP.i32_load, 0, 2).localSet(this.#flagLocal(flag));
    }
  }

  #gprLocal(n: number): number {
    return (this.#gpr[n] ??= this.#f.local(I64));
  }

  #xmmLocal(n: number): number {
    return (this.#xmm[n] ??= this.#f.local(V128));
  }

  #flagLocal(bit: number): number {
    return (this.#flag[bit] ??= this.#f.local(I32));
  }
}
