import { I32, OP, type FunctionBuilder } from "@decant/wasm";
import { CPU, GPR } from "../cpu-block.ts";
import type { Instruction } from "../decode/index.ts";
import type { Emitter } from "../lower/index.ts";
import type { Ending } from "./block.ts";
import { emitIntrinsic } from "./intrinsics.ts";
import { CPU_ADDRESS, JUMP_CACHE, JUMP_CACHE_ENTRIES } from "./layout.ts";
import { wasmAddress, type ModuleContext } from "./module-context.ts";
import type { RegisterFile } from "./register-file.ts";
import type { ApiTarget, Stub } from "./stub.ts";

/** What a unit's calls are emitted with. */
export interface CallContext {
  readonly f: FunctionBuilder;
  readonly e: Emitter;
  readonly mode: 64 | 32;
  readonly module: ModuleContext;
  readonly registers: RegisterFile;
  /** Whether functions done in place leave null pointers to the API. */
  readonly guardsNull: boolean;
  /** Locals for a guest address on its way, and for where its code was found. A unit has one of each: V8 takes time for each local at every join. */
  readonly next: number;
  readonly found: number;
}

/** What is only in locals and must be in the CPU block when others run. */
export interface Saved {
  readonly registers: number;
  readonly budget: boolean;
}

const RSP = 1 << GPR.rsp;

/**
 * Hot: one for each guest call. The return address goes on the guest's stack, and everything dirty to the CPU block; the callee returns the next RIP.
 * When that is the return address the code goes on, with all registers in memory; any other is passed on to the caller, and everything unwinds.
 */
export function emitCall(
  context: CallContext,
  ending: Pick<Ending & { kind: "call" | "intrinsic" }, "insn" | "target" | "via">,
  saved: Saved,
): void {
  const { f, e, registers, next } = context;
  const { insn, target, via } = ending;
  const returnAddress = insn.next;
  if (target === undefined) {
    pushTarget(context, insn);
    f.localSet(next);
  }
  registers.spill(saved.registers & ~RSP);
  e.pushReturnAddress(insn);
  e.flushStack();
  registers.spill(RSP);
  if (saved.budget) registers.spillBudget();
  const toTarget = (): void => {
    if (target === undefined) emitIndirect(context, false);
    else context.module.call(target, false);
  };
  if (via === undefined) toTarget();
  else emitApi(context, via, toTarget);
  f.localTee(next)
    .i32Const(returnAddress | 0)
    .op(OP.i32_ne);
  f.if();
  f.localGet(next).return().end();
}

/** An API call whose common case is done in place, with rsp exact in the CPU block. The registers of `after` are in their locals when the code goes on, whichever way it took. */
export function emitIntrinsicCall(context: CallContext, ending: Ending & { kind: "intrinsic" }, saved: Saved, after: Saved): void {
  const { f, e, registers } = context;
  const { stub, slot } = ending.via;
  registers.spill(saved.registers & RSP);
  const done = f.block();
  const slow = f.block();
  if (slot !== undefined) {
    pushIsStub(context, slot, stub);
    f.op(OP.i32_eqz).brIf(slow);
  }
  if (stub.intrinsic !== undefined) {
    const { guardsNull } = context;
    emitIntrinsic(stub.intrinsic, {
      f,
      e,
      slow,
      guardsNull,
      callRuntime: (name) => context.module.callRuntime(name),
      mark: () => e.mayFault(ending.insn),
    });
    f.br(done);
  }
  f.end();
  emitCall(context, ending, saved);
  registers.reload(after.registers);
  if (after.budget) registers.reloadBudget();
  f.end();
}

/** A jump out of the unit, to an API function or to an address that is known only now: leaves no frame behind. */
export function emitJumpOut(
  context: CallContext,
  { insn, via }: { insn: Instruction; via: ApiTarget | undefined },
  save: () => void,
): void {
  const { f, module, next } = context;
  const toApi = (stub: Stub): void => callApi(context, stub, true);
  if (via !== undefined && via.slot === undefined) {
    save();
    return toApi(via.stub);
  }
  if (insn.target === undefined) {
    pushTarget(context, insn);
    f.localSet(next);
  }
  save();
  if (via?.slot !== undefined) {
    pushIsStub(context, via.slot, via.stub);
    f.if();
    toApi(via.stub);
    f.end();
  }
  if (insn.target === undefined) emitIndirect(context, true);
  else module.call(insn.target >>> 0, true);
}

/** A jump out of the unit to a known address: a tail call. */
export function emitLeave({ module }: CallContext, target: number): void {
  module.call(target, true);
}

function emitApi(context: CallContext, { stub, slot }: ApiTarget, otherwise: () => void): void {
  const { f } = context;
  if (slot === undefined) return callApi(context, stub, false);
  pushIsStub(context, slot, stub);
  f.if(I32);
  callApi(context, stub, false);
  f.else();
  otherwise();
  f.end();
}

/** With its address in cpu.rip: where the host's stack ends there, it is called again from the dispatcher. */
function callApi({ f, module }: CallContext, stub: Stub, isTail: boolean): void {
  f.i32Const(CPU_ADDRESS);
  module.stubConst("stubAddress", stub);
  f.store(OP.i32_store, CPU.rip, 2);
  module.stubConst("apiIndex", stub);
  module.callRuntime("api", isTail);
}

/** Pushes whether the import table's slot still holds the stub that it held at translation. */
function pushIsStub({ f, module }: CallContext, slot: number, stub: Stub): void {
  f.i32Const(wasmAddress(slot)).load(OP.i32_load);
  module.stubConst("stubAddress", stub);
  f.op(OP.i32_eq);
}

/**
 * To the address in `next`. Hot: indirect calls. What is left of a jump cache entry after xor with the wanted address and this module's slot is a number
 * below 2^16 exactly when the module's table has the function; that number is its index.
 */
function emitIndirect({ f, module, next, found }: CallContext, isTail: boolean): void {
  // Functions start at multiples of 16, mostly.
  f.localGet(next).i32Const(1).op(OP.i32_shr_u);
  module.placeConst("slotSalt");
  f.op(OP.i32_xor);
  f.i32Const((JUMP_CACHE_ENTRIES - 1) << 3)
    .op(OP.i32_and)
    .load(OP.i64_load, JUMP_CACHE, 3);
  f.localGet(next).op(OP.i64_extend_i32_u).i64Const(32).op(OP.i64_shl);
  module.placeConst("slotHigh");
  f.op(OP.i64_or).op(OP.i64_xor);
  f.localTee(found).i64Const(0x10000).op(OP.i64_lt_u);
  if (isTail) f.if();
  else f.if(I32);
  f.localGet(found).op(OP.i32_wrap_i64);
  if (isTail) f.returnCallIndirect(module.unitType).end();
  else f.callIndirect(module.unitType).else();
  f.i32Const(CPU_ADDRESS).localGet(next).store(OP.i32_store, CPU.rip, 2);
  f.localGet(next);
  module.placeConst("slot");
  module.callRuntime("goFrom", isTail);
  if (!isTail) f.end();
}

/** Pushes the target of an indirect call or jump as an i32. */
function pushTarget({ e, f }: CallContext, insn: Instruction): void {
  e.get(insn, 0);
  if (insn.operands[0]?.bits === 64) f.op(OP.i32_wrap_i64);
}
