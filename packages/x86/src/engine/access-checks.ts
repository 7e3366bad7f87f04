import { GUEST_BASE, PAGE_STATE, PAGE_STATE_BIT } from "@decant/memory";
import { I64, OP, type FunctionBuilder } from "@decant/wasm";
import { MNEMONIC, type Instruction } from "../decode/index.ts";
import { accessOf, WRITES, type Emitter } from "../lower/index.ts";
import { GPR } from "../cpu-block.ts";

/**
 * How a unit's accesses to memory fault:
 * - "trap": where wasm traps, on the null page. Costs nothing. The instruction and rsp are exact then, other registers as of the last call.
 * - "exact": the same accesses, compared before, and all registers are exact. For functions whose own handler may see them.
 * - "checked": every access looks its page's state up, and the upper half of its address. All registers are exact.
 */
export type Guarding = "trap" | "exact" | "checked";

/** An access that is about to be refused. */
export interface Refusal {
  readonly insn: Instruction;
  /** The local that has its wasm address. */
  readonly address: number;
  /** The bytes accessed, or MISALIGNED, and WRITES. */
  readonly access: number;
  /** Pushes the upper half of the guest address, which is 0 otherwise. */
  pushHigh?(): void;
}

/** What a check is emitted with. */
export interface CheckContext {
  readonly f: FunctionBuilder;
  readonly e: Emitter;
  /** The high half of pointers into the far region (GuestMemory.setFarRegion); 0 where there is none. */
  readonly farHigh: number;
  readonly guarding: Guarding;
  /** General registers, as bits, that no longer need to be compared with null: their objects have been accessed. Checks add to them. */
  notNull: number;
  /** Emits what happens when the check fails, which does not come back. */
  refuse(refusal: Refusal): void;
}

/** Where the null page lies as a wasm address: past the memory's end. */
const NULL_PAGE = -GUEST_BASE;
/** What lies so far from a pointer belongs to its object. */
const OBJECT_BYTES = 4096;
/** Said of an access that must be aligned and is not: no page is at fault. */
export const MISALIGNED = 0x3ff;

/** Checks the access to the wasm address on the wasm stack, and leaves it there. Hot, but for the failing case: every access of guarded code. */
export function emitAccessCheck(context: CheckContext, insn: Instruction, kind: "read" | "write", bytes: number): void {
  const { f, e, guarding } = context;
  // Through rsp alone: overflowing the stack is found at calls.
  if (insn.memory?.base === GPR.rsp && insn.memory.index < 0) return;
  const object = guarding === "exact" ? objectOf(insn) : 0;
  if (guarding === "exact" && (isConstantElsewhere(insn) || (object & context.notNull) !== 0)) return;
  const address = e.save(32).local;
  const fail = (access: number, pushHigh?: () => void): void => {
    f.if();
    context.refuse({ insn, address, access: access + (kind === "write" ? WRITES : 0), ...(pushHigh && { pushHigh }) });
    f.end();
  };
  if (guarding === "exact") {
    f.localGet(address).i32Const(NULL_PAGE).op(OP.i32_ge_u);
    fail(bytes);
    context.notNull |= object;
  } else {
    checkUpperHalf(context, insn, fail, bytes);
    f.localGet(address);
    pushPageState(f, 0);
    if (bytes > 1) {
      f.localGet(address);
      pushPageState(f, bytes - 1);
      f.op(OP.i32_and);
    }
    f.i32Const(kind === "write" ? PAGE_STATE_BIT.write : PAGE_STATE_BIT.read)
      .op(OP.i32_and)
      .op(OP.i32_eqz);
    fail(bytes);
    if (bytes === 16 && mustBeAligned(insn)) {
      f.localGet(address).i32Const(15).op(OP.i32_and);
      fail(MISALIGNED);
    }
  }
  f.localGet(address);
}

/** Turns the wasm address on the wasm stack into the state of the page `offset` bytes further. */
function pushPageState(f: FunctionBuilder, offset: number): void {
  f.i32Const(GUEST_BASE + offset).op(OP.i32_add);
  f.i32Const(12)
    .op(OP.i32_shr_u)
    .load(OP.i32_load8_u, PAGE_STATE - GUEST_BASE);
}

/** A 64-bit address must lie below 4 GiB, where everything of the guest's is. */
function checkUpperHalf(
  { f, e, farHigh }: CheckContext,
  { memory, mode }: Instruction,
  fail: (access: number, pushHigh: () => void) => void,
  bytes: number,
): void {
  if (mode !== 64 || memory === undefined || memory.addressBits !== 64 || memory.segment !== "none") return;
  if (memory.base < 0 && memory.index < 0) return;
  const sum = e.temp(I64);
  f.i64Const(memory.displacement);
  if (memory.base >= 0) e.getGpr(memory.base, 64).f.op(OP.i64_add);
  if (memory.index >= 0) e.getGpr(memory.index, 64).f.i64Const(memory.scale).op(OP.i64_shl).op(OP.i64_add);
  f.i64Const(32).op(OP.i64_shr_u).localTee(sum).op(OP.i32_wrap_i64);
  // What points into the far region, or is taken to.
  if (farHigh !== 0) f.localGet(sum).op(OP.i32_wrap_i64).i32Const(farHigh).op(OP.i32_ne).op(OP.i32_mul);
  fail(bytes, () => void f.localGet(sum).op(OP.i32_wrap_i64));
}

/**
 * The base register, as a bit, of an access near to where it points: once one has succeeded, the others do. (One just below address 0, or just above the null page,
 * may still fail: wasm traps on it, and registers are as of the last call.)
 */
function objectOf({ memory, mode }: Instruction): number {
  if (memory === undefined || memory.base < 0 || memory.index >= 0 || memory.segment !== "none" || memory.addressBits !== mode) return 0;
  return Math.abs(memory.displacement) < OBJECT_BYTES ? 1 << memory.base : 0;
}

/** Of an address that the code gives itself, which is not null. */
function isConstantElsewhere({ memory }: Instruction): boolean {
  if (memory === undefined || memory.base >= 0 || memory.index >= 0 || memory.segment !== "none") return false;
  return memory.displacement >>> 0 >= GUEST_BASE;
}

/** What names its operand unaligned, and the few 128-bit forms that never minded. */
const UNALIGNED: ReadonlySet<number> = new Set([
  MNEMONIC.Movups, MNEMONIC.Movupd, MNEMONIC.Movdqu, MNEMONIC.Lddqu, MNEMONIC.Pcmpestri, MNEMONIC.Pcmpestrm, MNEMONIC.Pcmpistri, MNEMONIC.Pcmpistrm,
]); // prettier-ignore

function mustBeAligned(insn: Instruction): boolean {
  return accessOf(insn).bytes === 16 && insn.operands.some(({ kind }) => kind === "xmm") && !UNALIGNED.has(insn.mnemonic);
}
