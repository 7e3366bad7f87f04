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

/** What a check is emitted with. `fault` emits what comes before the helper in the case that it fails. */
interface CheckContext {
  readonly f: FunctionBuilder;
  readonly e: Emitter;
  /** The high half of pointers into the far region (GuestMemory.setFarRegion); 0 where there is none. */
  readonly farHigh: number;
  readonly guarding: Guarding;
  fault(): void;
}

/** Where the null page lies as a wasm address: past the memory's end. */
const NULL_PAGE = -GUEST_BASE;
/** Said of an access that must be aligned and is not: no page is at fault. */
export const MISALIGNED = 0x8000;

/** Checks the access to the wasm address on the wasm stack, and leaves it there. Hot, but for the failing case: every access of guarded code. */
export function emitAccessCheck(context: CheckContext, insn: Instruction, kind: "read" | "write", bytes: number): void {
  const { f, e, guarding } = context;
  // Through rsp alone: overflowing the stack is found at calls.
  if (insn.memory?.base === GPR.rsp && insn.memory.index < 0) return;
  const address = e.save(32).local;
  const fail = (access: number, pushHigh?: () => void): void => {
    f.if();
    context.fault();
    f.i32Const(insn.ip | 0).localGet(address);
    if (pushHigh === undefined) f.i32Const(0);
    else pushHigh();
    f.i32Const(access + (kind === "write" ? WRITES : 0));
    e.help("accessFault").f.unreachable().end();
  };
  if (guarding === "exact") {
    if (isConstant(insn)) {
      f.localGet(address);
      return;
    }
    f.localGet(address).i32Const(NULL_PAGE).op(OP.i32_ge_u);
    fail(bytes);
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

function isConstant({ memory }: Instruction): boolean {
  return memory !== undefined && memory.base < 0 && memory.index < 0 && memory.segment === "none";
}

/** What names its operand unaligned, and the few 128-bit forms that never minded. */
const UNALIGNED: ReadonlySet<number> = new Set([
  MNEMONIC.Movups, MNEMONIC.Movupd, MNEMONIC.Movdqu, MNEMONIC.Lddqu, MNEMONIC.Pcmpestri, MNEMONIC.Pcmpestrm, MNEMONIC.Pcmpistri, MNEMONIC.Pcmpistrm,
]); // prettier-ignore

function mustBeAligned(insn: Instruction): boolean {
  return accessOf(insn).bytes === 16 && insn.operands.some(({ kind }) => kind === "xmm") && !UNALIGNED.has(insn.mnemonic);
}
