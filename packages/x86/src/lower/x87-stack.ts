import { F64, I32, OP } from "@decant/wasm";
import { CPU, X87_FORM } from "../cpu-block.ts";
import type { Emitter } from "./emitter.ts";
import { RAISED } from "./extended.ts";

/** What the x87's lowerings share: its registers as slots of the CPU block (`X87_FORM`), addressed by locals. */

/** Pushes the wasm address of the slot of st(n). */
export function pushSlot(e: Emitter, n: number): Emitter {
  e.cpuAddress(CPU.fpTop).load(32);
  if (n !== 0) e.const(n, 32).int(32, "add");
  return e.const(7, 32).int(32, "and").const(4, 32).int(32, "shl").cpuAddress(CPU.x87).int(32, "add");
}

/** The address of the slot of st(n), in a temporary local. */
export function slot(e: Emitter, n: number): number {
  pushSlot(e, n);
  return e.save(32).local;
}

/** Pushes the word of a slot: 0 where it holds a double. */
export function pushWord(e: Emitter, at: number): Emitter {
  e.f.localGet(at);
  return e.load(32, WORD);
}

/** A slot's word lies behind its eight bytes. */
const WORD = 8;

export function setWord(e: Emitter, at: number, push: () => void): void {
  e.f.localGet(at);
  push();
  e.store(32, WORD);
}

/** Pushes the double in a slot that holds one. */
export function getDouble(e: Emitter, at: number): Emitter {
  e.f.localGet(at).load(OP.f64_load);
  return e;
}

/** Makes the slot hold the double in a local. */
export function putDouble(e: Emitter, at: number, value: number): void {
  e.f.localGet(at).localGet(value).store(OP.f64_store);
  setWord(e, at, () => e.const(0, 32));
}

/** Copies what a slot holds. */
export function copySlot(e: Emitter, to: number, from: number): void {
  e.f.localGet(to).localGet(from);
  e.load(64).store(64);
  setWord(e, to, () => pushWord(e, from));
}

/**
 * Pushes a condition that is not 0 unless the control word says 53 bits, to nearest: then a double's arithmetic is the x87's. Where what is lost is told,
 * it must have been told before, and be masked.
 */
export function pushOtherRounding(e: Emitter): Emitter {
  e.cpuAddress(CPU.fpControl).load(32).const(0x200, 32).int(32, "xor").const(0xf00, 32).int(32, "and");
  if (e.hasExactFloats) pushTellsPrecision(e).int(32, "or");
  return e;
}

/** Pushes a condition that is not 0 unless the loss of precision is masked, and its flag set. */
export function pushTellsPrecision(e: Emitter): Emitter {
  e.cpuAddress(CPU.fpControl).load(32).cpuAddress(CPU.fpStatus).load(32).int(32, "and");
  return e.const(RAISED.precision, 32).int(32, "and").const(RAISED.precision, 32).int(32, "xor");
}

/**
 * Runs `fast`, which may leave for `slow` by a branch if the condition on top of the wasm stack is not 0 (its parameter emits that), and `slow` otherwise.
 */
export function fastOrSlow(e: Emitter, fast: (leaveIf: () => void) => void, slow: () => void): void {
  const f = e.f;
  const done = f.block();
  const other = f.block();
  fast(() => f.brIf(other));
  f.br(done).end();
  slow();
  f.end();
}

/** Pushes a condition: the instruction was not refused. */
export function pushIsDone(e: Emitter): Emitter {
  return e.cpuAddress(CPU.fpRefused).load(32).int(32, "eqz");
}

/** Emits what an instruction does only if no unmasked exception has kept it from being done. */
export function ifDone(e: Emitter, body: () => void): void {
  if (!e.hasExactFloats) return body();
  pushIsDone(e).f.if();
  body();
  e.f.end();
}

/** Frees st(0) and moves the stack's top. */
export function popStack(e: Emitter, times = 1): void {
  if (times > 0) ifDone(e, () => pop(e, times));
}

function pop(e: Emitter, times: number): void {
  for (let n = 0; n < times; n++) {
    const at = slot(e, 0);
    setWord(e, at, () => pushWord(e, at).const(X87_FORM.empty, 32).int(32, "or"));
    moveTop(e, 1);
  }
}

export function moveTop(e: Emitter, by: number): void {
  e.cpuAddress(CPU.fpTop).cpuAddress(CPU.fpTop).load(32).const(by, 32).int(32, "add").const(7, 32).int(32, "and").store(32);
}

/** Moves the stack's top down, and has `fill` write the slot there; one that was in use becomes the indefinite. */
export function pushStack(e: Emitter, fill: (at: number) => void): void {
  moveTop(e, -1);
  const at = slot(e, 0);
  if (e.hasExactFloats) return pushOrRefuse(e, at, fill);
  const wasFree = e.temp(I32);
  pushWord(e, at).const(X87_FORM.empty, 32).int(32, "and").f.localSet(wasFree);
  fill(at);
  e.f.localGet(wasFree).op(OP.i32_eqz).if();
  e.f.localGet(at).i32Const(1);
  e.help("x87StackFault").f.end();
}

/** The same, where an exception may not be masked: the stack is as before then. */
function pushOrRefuse(e: Emitter, at: number, fill: (at: number) => void): void {
  pushWord(e, at).const(X87_FORM.empty, 32).int(32, "and").f.if();
  fill(at);
  pushIsDone(e).int(32, "eqz").f.if();
  setWord(e, at, () => e.const(X87_FORM.empty, 32));
  e.f.end().else();
  e.f.localGet(at).i32Const(1);
  e.help("x87StackFault").f.end();
  pushIsDone(e).int(32, "eqz").f.if();
  moveTop(e, 1);
  e.f.end();
}

/** Copies what a slot holds, if it is in use; a stack fault otherwise. */
export function copyOrFault(e: Emitter, to: number, from: number): void {
  pushWord(e, from).const(X87_FORM.empty, 32).int(32, "and").f.if();
  e.f.localGet(to).i32Const(0);
  e.help("x87StackFault").f.else();
  copySlot(e, to, from);
  e.f.end();
}

/** Emits `body` for the case that the slot is free, and a stack fault in it. */
export function faultIfFree(e: Emitter, at: number): void {
  pushWord(e, at).const(X87_FORM.empty, 32).int(32, "and").f.if();
  e.f.localGet(at).i32Const(0);
  e.help("x87StackFault").f.end();
}

export function doubleLocal(e: Emitter, value: () => void): number {
  value();
  const local = e.temp(F64);
  e.f.localSet(local);
  return local;
}

/** Pushes a condition: the double in a local is no ordinary number, but 0, tiny, infinite or a NaN, where more than a double's arithmetic counts. */
export function pushUnusual(e: Emitter, value: number): void {
  e.f
    .localGet(value)
    .op(OP.i64_reinterpret_f64)
    .i64Const(1)
    .op(OP.i64_shl)
    .i64Const(1n << 53n)
    .op(OP.i64_sub);
  e.f.i64Const(BigInt.asIntN(64, 0x7fen << 53n)).op(OP.i64_ge_u);
}

/** Replaces the bits of `mask` in the status word by those that `value` pushes. */
export function setStatus(e: Emitter, mask: number, value: () => void): void {
  e.cpuAddress(CPU.fpStatus).cpuAddress(CPU.fpStatus).load(32).const(~mask, 32).int(32, "and");
  value();
  e.int(32, "or").store(32);
}
