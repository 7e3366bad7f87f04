import { GUEST_BASE } from "@decant/memory";
import { F32, F64, I32, I64, OP, SIMD, V128, type FunctionBuilder, type ValueType } from "@decant/wasm";
import { CPU, CPU_BLOCK, FLAG, GPR, X87_FORM } from "../cpu-block.ts";
import type { Condition, Instruction, Operand } from "../decode/instruction.ts";
import { constantValue, FlagState, localValue, type FlagRecord, type Value } from "./flags.ts";
import type { HelperName } from "./helpers.ts";
import { NotTranslated } from "./lowering.ts";
import { accessOf } from "./access.ts";
import { lowerings } from "./table.ts";

/** The wasm locals that hold the guest's registers: i64 for general registers (i32 in 32-bit mode), v128 for xmm, i32 for a flag of FLAG. */
export interface RegisterLocals {
  gpr(n: number): number;
  xmm(n: number): number;
  /** Beside it, a local for the register's low float (32 bits) or double (64). */
  scalar(n: number, bits: number): number;
  flag(bit: number): number;
}

export interface EmitterOptions {
  readonly mode: 64 | 32;
  readonly registers: RegisterLocals;
  /** The function index of an imported helper (HELPERS). */
  helper(name: HelperName): number;
  /** Called before the first access of an instruction that may fault, so that the position can be marked. */
  onMayFault(insn: Instruction): void;
  /**
   * Emits a check of the access to the wasm address on the wasm stack, and leaves it there. `bytes` is 0 where that is not known. Without it an
   * access faults only where wasm itself traps.
   */
  onAccess?(insn: Instruction, kind: "read" | "write", bytes: number): void;
  /** Emits code that puts into the CPU block what only locals have: what comes next raises an exception at the instruction. */
  makeExact?(insn: Instruction): void;
  /** Whether floating point does what MXCSR and the x87's control word ask, and tells all that they tell; not unless said. */
  readonly hasExactFloats?: boolean;
  /** The high half of a pointer to an address; 0 unless said. */
  highHalf?(address: number): number;
  /** Emits code that writes every register to the CPU block, and code that reads them all back. */
  spillAll(): void;
  reloadAll(): void;
}

/**
 * Emits the meaning of instructions into a function. Hot at translation: everything here runs once or more for each guest instruction.
 *
 * Values on the wasm stack are i64 where the operand has 64 bits, otherwise i32, zero-extended from 8 or 16 bits.
 */
export class Emitter {
  readonly f: FunctionBuilder;
  readonly mode: 64 | 32;
  readonly flags: FlagState;
  /** The flags that anybody reads after the instruction being lowered. */
  live = 0;
  readonly #options: EmitterOptions;
  readonly #registers: RegisterLocals;
  /** Locals that nobody uses, by type (`typeIndex`), and those in use, with the types beside them. */
  readonly #free: number[][] = [[], [], [], [], []];
  readonly #taken: number[] = [];
  readonly #takenTypes: number[] = [];
  #marked: Instruction | undefined;
  /** What pushes and pops have moved rsp by beyond its local. */
  #stackDelta = 0;
  /** The xmm registers whose low float or double is in a local of its own; `isAhead` where the vector's local has an older one. */
  readonly #scalars: ({ readonly bits: number; isAhead: boolean } | undefined)[] = new Array(16).fill(undefined);
  /** False where it is known that there are none: most code has no floats. */
  #hasScalars = false;

  constructor(f: FunctionBuilder, options: EmitterOptions) {
    this.f = f;
    this.mode = options.mode;
    this.#options = options;
    this.#registers = options.registers;
    this.flags = new FlagState(f, (flag) => options.registers.flag(flag));
  }

  // What the control flow uses.

  /** Starts a block: all flags are in their locals, and of the xmm registers in `scalars` the low lanes. */
  beginBlock(scalars = NO_SCALARS): void {
    this.#stackDelta = 0;
    this.flags.set(-1, "local");
    this.assumeScalars(scalars);
    this.#releaseTemps();
  }

  /** Says in which form the registers are where code is emitted next. */
  assumeScalars({ doubles, floats }: ScalarRegisters): void {
    const hasSome = (doubles | floats) !== 0;
    if (!hasSome && !this.#hasScalars) return;
    this.#hasScalars = hasSome;
    for (let n = 0; n < 16; n++) {
      const bits = (doubles >>> n) & 1 ? 64 : (floats >>> n) & 1 ? 32 : 0;
      this.#scalars[n] = bits === 0 ? undefined : { bits, isAhead: true };
    }
  }

  /** At a block's end: registers of `live` get the form in which a successor has them; in any form they have, they are whole. */
  settleScalars({ doubles, floats }: ScalarRegisters, live: number): void {
    for (let rest = live & 0xffff; rest !== 0; rest &= rest - 1) {
      const n = 31 - Math.clz32(rest & -rest);
      const bits = (doubles >>> n) & 1 ? 64 : (floats >>> n) & 1 ? 32 : 0;
      if (this.#scalars[n]?.bits === bits) continue;
      this.mergeScalar(n);
      if (bits === 0) continue;
      this.getScalar(n, bits).f.localSet(this.#registers.scalar(n, bits));
    }
  }

  /** Brings the local of an xmm register up to its low lane. */
  mergeScalar(n: number): void {
    const known = this.#scalars[n];
    if (known?.isAhead !== true) return;
    this.pushWhole(n);
    this.f.localSet(this.#registers.xmm(n));
    known.isAhead = false;
  }

  mergeScalars(): void {
    if (!this.#hasScalars) return;
    for (let n = 0; n < 16; n++) this.mergeScalar(n);
  }

  /** Brings all vectors up to their low lanes, and from there on goes by them alone. */
  forgetScalars(): void {
    this.mergeScalars();
    this.assumeScalars(NO_SCALARS);
  }

  /** The xmm registers, as bits, of which a local beside the vector has the low lane. */
  get scalarsAhead(): number {
    if (!this.#hasScalars) return 0;
    return this.#scalars.reduce((mask, known, n) => (known?.isAhead === true ? mask | (1 << n) : mask), 0);
  }

  /** Brings vectors up to their low lanes on a way that does not come back: elsewhere they stay as they are. */
  mergeForExit(registers: number): void {
    for (let ahead = registers & this.scalarsAhead; ahead !== 0; ahead &= ahead - 1) {
      const n = 31 - Math.clz32(ahead & -ahead);
      this.pushWhole(n);
      this.f.localSet(this.#registers.xmm(n));
    }
  }

  /** Pushes a whole xmm register, and leaves its locals as they are: for code that seldom runs. */
  pushWhole(n: number): void {
    const known = this.#scalars[n];
    this.f.localGet(this.#registers.xmm(n));
    if (known?.isAhead !== true) return;
    this.f
      .localGet(this.#registers.scalar(n, known.bits))
      .simdLane(known.bits === 64 ? SIMD.f64x2_replace_lane : SIMD.f32x4_replace_lane, 0);
  }

  /** Emits one instruction of kind "normal". `liveFlagsAfter` are the flags (FLAG) that may be read before they are written again. */
  lower(insn: Instruction, liveFlagsAfter: number): void {
    const lowering = insn.kind === "normal" ? lowerings[insn.mnemonic] : undefined;
    if (lowering === undefined) throw new NotTranslated(insn);
    this.live = liveFlagsAfter;
    this.#marked = undefined;
    lowering.lower(this, insn);
    this.#releaseTemps();
  }

  /** Pushes a condition as an i32, 0 or 1. */
  condition(cc: Condition): void {
    this.flags.condition(cc);
  }

  /** Writes the flags of `liveMask` to their locals; the translation-time state stays, so a condition asked for next is still fused. */
  flushFlags(liveMask: number): void {
    this.flags.flush(liveMask);
  }

  /** Brings the local of rsp up to what pushes and pops have made of it. Wherever control or the registers leave the block's code. */
  flushStack(): void {
    if (this.#stackDelta === 0) return;
    const local = this.#registers.gpr(GPR.rsp);
    const delta = this.#stackDelta;
    this.#stackDelta = 0;
    this.f.localGet(local);
    this.const(delta, this.mode).int(this.mode, "add").f.localSet(local);
  }

  /** Pushes a value on the guest's stack. `pushValue` puts it on the wasm stack, as wide as the mode. */
  push(pushValue: () => void, insn?: Instruction, bytes = this.mode / 8): void {
    this.mayFault(insn);
    const offset = this.#stackPlace(-bytes);
    pushValue();
    this.store(bytes * 8, offset);
    this.moveStack(-bytes);
  }

  /** Pushes the address at which a call returns. */
  pushReturnAddress(insn: Instruction): void {
    const address = insn.next >>> 0;
    const high = this.#options.highHalf?.(address) ?? 0;
    this.push(() => this.const(high * 0x1_0000_0000 + address, this.mode), insn);
  }

  /** Leaves the value popped off the guest's stack on the wasm stack, as wide as the mode. */
  pop(insn?: Instruction, bytes = this.mode / 8): void {
    this.mayFault(insn);
    this.load(bytes * 8, this.#stackPlace(0));
    this.moveStack(bytes);
  }

  /** rsp += bytes. The local follows later (`flushStack`): a row of pushes is a row of stores, and one addition. */
  moveStack(bytes: number): void {
    this.#stackDelta += bytes;
  }

  // Registers.

  /** Pushes a general register; 8 and 16 bits zero-extended. `high` is ah to bh. */
  getGpr(n: number, bits: number, high = false): this {
    const f = this.f.localGet(this.#registers.gpr(n));
    const delta = n === GPR.rsp ? this.#stackDelta : 0;
    if (bits === 64) {
      if (delta !== 0) f.i64Const(delta).op(OP.i64_add);
      return this;
    }
    if (this.mode === 64) f.op(OP.i32_wrap_i64);
    if (delta !== 0) f.i32Const(delta).op(OP.i32_add);
    if (high) f.i32Const(8).op(OP.i32_shr_u);
    if (bits < 32) f.i32Const(bits === 8 ? 0xff : 0xffff).op(OP.i32_and);
    return this;
  }

  /** Stores the value on the wasm stack: 32 bits zero the upper half, 8 and 16 bits (given zero-extended) keep the rest. */
  setGpr(n: number, bits: number, high = false): void {
    const f = this.f;
    const local = this.#registers.gpr(n);
    if (n === GPR.rsp) {
      if (bits < 32) this.flushStack();
      this.#stackDelta = 0;
    }
    if (bits < 32) {
      if (high) f.i32Const(8).op(OP.i32_shl);
      const mask = high ? ~0xff00 : bits === 8 ? ~0xff : ~0xffff;
      if (this.mode === 64) f.op(OP.i64_extend_i32_u).localGet(local).i64Const(mask).op(OP.i64_and).op(OP.i64_or);
      else f.localGet(local).i32Const(mask).op(OP.i32_and).op(OP.i32_or);
    } else if (bits === 32 && this.mode === 64) f.op(OP.i64_extend_i32_u);
    f.localSet(local);
  }

  getXmm(n: number): this {
    this.mergeScalar(n);
    this.f.localGet(this.#registers.xmm(n));
    return this;
  }

  setXmm(n: number): void {
    this.#scalars[n] = undefined;
    this.f.localSet(this.#registers.xmm(n));
  }

  /** Copies a whole xmm register, and what is known of its low lane. */
  copyXmm(to: number, from: number): void {
    if (to === from) return;
    const known = this.#scalars[from];
    const registers = this.#registers;
    this.f.localGet(registers.xmm(from)).localSet(registers.xmm(to));
    if (known !== undefined) this.f.localGet(registers.scalar(from, known.bits)).localSet(registers.scalar(to, known.bits));
    this.#scalars[to] = known === undefined ? undefined : { bits: known.bits, isAhead: known.isAhead };
  }

  /** Pushes the low float (32) or double (64) of an xmm register. */
  getScalar(n: number, bits: number): this {
    if (this.#scalars[n]?.bits === bits) this.f.localGet(this.#registers.scalar(n, bits));
    else this.getXmm(n).f.simdLane(bits === 64 ? SIMD.f64x2_extract_lane : SIMD.f32x4_extract_lane, 0);
    return this;
  }

  /**
   * Sets the low float or double of an xmm register to the one on the wasm stack. It is kept in a local of its own: a chain of scalar operations
   * then depends on the arithmetic only, and not on putting each result into a vector and taking it out again. That is done when it is asked for.
   */
  setScalar(n: number, bits: number): void {
    // What lies above a float in an older double is part of the register.
    if (this.#scalars[n]?.bits === 64 && bits === 32) this.mergeScalar(n);
    this.f.localSet(this.#registers.scalar(n, bits));
    this.#setAhead(n, bits);
  }

  /** Sets an xmm register to the float or double on the wasm stack, with zeros above. */
  setScalarAlone(n: number, bits: number): void {
    this.f.localSet(this.#registers.scalar(n, bits)).v128Const(new Uint8Array(16)).localSet(this.#registers.xmm(n));
    this.#setAhead(n, bits);
  }

  #setAhead(n: number, bits: number): void {
    this.#scalars[n] = { bits, isAhead: true };
    this.#hasScalars = true;
  }

  /** Pushes a scalar operand: the low lane of an xmm register, or memory of that width. */
  scalar(insn: Instruction, n: number, bits: number): this {
    const { kind, register } = insn.operands[n]!;
    if (kind === "xmm") return this.getScalar(register, bits);
    const offset = this.place(insn);
    this.f.load(bits === 64 ? OP.f64_load : OP.f32_load, offset);
    return this;
  }

  /** Pushes operand `n` as a v128: an xmm register, 128 bits of memory, or a narrower memory operand with zeros above. */
  vector(insn: Instruction, n: number): this {
    const { kind, register, bits } = insn.operands[n]!;
    if (kind === "xmm") return this.getXmm(register);
    if (kind === "mm") {
      this.cpuAddress(CPU.x87 + 16 * register).f.simdLoad(SIMD.v128_load64_zero, 0);
      return this;
    }
    const offset = this.place(insn);
    if (bits === 16) this.f.v128Const(new Uint8Array(16)).simdLoadLane(SIMD.v128_load16_lane, offset, 0);
    else if (bits === 32) this.f.simdLoad(SIMD.v128_load32_zero, offset);
    else if (bits === 64) this.f.simdLoad(SIMD.v128_load64_zero, offset);
    else if (bits === 128) this.f.simdLoad(SIMD.v128_load, offset);
    else throw new NotTranslated(insn, `${bits} bits of vector memory`);
    return this;
  }

  simd(opcode: number): this {
    this.f.simd(opcode);
    return this;
  }

  /** A temporary local for a v128. */
  vectorTemp(): number {
    return this.temp(V128);
  }

  /** Copies the float or double on the wasm stack to a temporary local, and returns that. */
  floatTee(bits: number): number {
    const local = this.temp(bits === 64 ? F64 : F32);
    this.f.localTee(local);
    return local;
  }

  // Operands.

  /** Pushes operand `n`: a register, an immediate, or what memory holds. An xmm register, or 128 bits of memory, is a v128. */
  get(insn: Instruction, n: number): this {
    const { kind, register, bits, high } = insn.operands[n]!;
    switch (kind) {
      case "gpr":
        return this.getGpr(register, bits, high);
      case "xmm":
        return this.getXmm(register);
      case "immediate":
        return this.const(insn.immediate64 ?? insn.immediate, bits);
      case "memory":
        return this.load(bits, this.place(insn));
      default:
        throw new NotTranslated(insn, `operand ${n + 1}`);
    }
  }

  /** Sets operand `n` to what `value` pushes. The address of a memory operand is computed first. */
  put(insn: Instruction, n: number, value: () => void): void {
    const { kind, register, bits, high } = insn.operands[n]!;
    if (kind === "memory") {
      const offset = this.place(insn);
      value();
      this.store(bits, offset);
      return;
    }
    value();
    if (kind === "gpr") this.setGpr(register, bits, high);
    else if (kind === "xmm") this.setXmm(register);
    else if (kind === "mm") this.#setMm(register);
    else throw new NotTranslated(insn, `operand ${n + 1}`);
  }

  /** Sets an mmx register to the low half of the vector on the wasm stack: the mantissa of an x87 register, whose exponent becomes all ones. */
  #setMm(n: number): void {
    const value = this.temp(V128);
    this.f.localSet(value);
    this.cpuAddress(CPU.x87 + 16 * n)
      .f.localGet(value)
      .simdStoreLane(SIMD.v128_store64_lane, 0, 0);
    this.cpuAddress(CPU.x87 + 16 * n + 8)
      .const(X87_FORM.extended | 0xffff, 32)
      .store(32);
  }

  /** Reads operand `n`, lets `change` replace the value on the wasm stack, and writes it back; an address is computed once. */
  update(insn: Instruction, n: number, change: () => void): void {
    if (insn.operands[n]!.kind !== "memory") {
      this.get(insn, n);
      change();
      this.put(insn, n, () => {});
      return;
    }
    const { bits } = insn.operands[n]!;
    const offset = this.place(insn);
    const address = this.temp(I32);
    this.f.localTee(address).localGet(address);
    this.load(bits, offset);
    change();
    this.store(bits, offset);
  }

  /** Operand `n` as a value that can be pushed again: kept in a temporary local, or a constant. Leaves nothing on the wasm stack. */
  keep(insn: Instruction, n: number): Value {
    const operand = insn.operands[n]!;
    if (operand.kind === "immediate") return constantValue(immediateBits(insn, operand));
    this.get(insn, n);
    return this.save(operand.bits);
  }

  /** Moves the integer on the wasm stack to a temporary local. */
  save(bits: number): Value {
    const local = this.temp(bits === 64 ? I64 : I32);
    this.f.localSet(local);
    return localValue(local);
  }

  /** Copies the integer on the wasm stack to a temporary local. */
  tee(bits: number): Value {
    const local = this.temp(bits === 64 ? I64 : I32);
    this.f.localTee(local);
    return localValue(local);
  }

  value(value: Value, bits: number): this {
    if (value.local >= 0) this.f.localGet(value.local);
    else if (bits === 64) this.f.i64Const(value.constant);
    else this.f.i32Const(Number(value.constant));
    return this;
  }

  /** Pushes a constant operand of `bits`, zero-extended below 32. */
  const(value: number | bigint, bits: number): this {
    if (bits === 64) this.f.i64Const(typeof value === "bigint" ? BigInt.asIntN(64, value) : value);
    else this.f.i32Const(bits === 32 ? Number(value) | 0 : Number(value) & (bits === 8 ? 0xff : 0xffff));
    return this;
  }

  // Memory.

  /**
   * Pushes the wasm address of the instruction's memory operand: the guest address, segment base included, less GUEST_BASE, modulo 2^32.
   * `isFinal` is false where the access is elsewhere, and the caller checks it.
   */
  address(insn: Instruction, isFinal = true): this {
    this.mayFault(insn);
    const { base, index, scale, displacement, segment, addressBits } = insn.memory!;
    const f = this.f;
    let terms = 0;
    if (base >= 0) {
      this.getGpr(base, 32);
      terms++;
    }
    if (index >= 0) {
      this.getGpr(index, 32);
      if (scale > 0) f.i32Const(scale).op(OP.i32_shl);
      if (terms++ > 0) f.op(OP.i32_add);
    }
    if (addressBits === 16) {
      if (terms++ > 0) f.i32Const(displacement).op(OP.i32_add);
      else f.i32Const(displacement);
      f.i32Const(0xffff).op(OP.i32_and);
    }
    if (segment !== "none") {
      this.segmentBase(segment);
      if (terms++ > 0) f.op(OP.i32_add);
    }
    f.i32Const((addressBits === 16 ? -GUEST_BASE : displacement - GUEST_BASE) | 0);
    if (terms > 0) f.op(OP.i32_add);
    if (isFinal) this.check(insn);
    return this;
  }

  /**
   * Like `address`, for a load or store with the offset that it returns. What is addressed by rsp alone has one base for all, and no addition of its
   * own. An address that would wrap around 2^32 traps then: rsp lies in the lowest page that a guest can have, and never does in a program.
   */
  place(insn: Instruction): number {
    const { base, index, displacement, segment, addressBits } = insn.memory!;
    if (base !== GPR.rsp || index >= 0 || segment !== "none" || addressBits !== this.mode || Math.abs(displacement) > MAX_STACK_OFFSET) {
      this.address(insn);
      return 0;
    }
    this.mayFault(insn);
    const offset = this.#stackPlace(displacement);
    this.check(insn);
    return offset;
  }

  /** Pushes a wasm address; it, and the offset that is returned, make rsp + displacement. */
  #stackPlace(displacement: number): number {
    if (this.#stackDelta + displacement < -STACK_BIAS) this.flushStack();
    const offset = this.#stackDelta + displacement + STACK_BIAS;
    this.f.localGet(this.#registers.gpr(GPR.rsp));
    if (this.mode === 64) this.f.op(OP.i32_wrap_i64);
    this.f.i32Const(-GUEST_BASE - (offset < 0 ? -displacement : STACK_BIAS)).op(OP.i32_add);
    return Math.max(offset, 0);
  }

  /** True where MXCSR counts, and exceptions of floating point may be raised. */
  get hasExactFloats(): boolean {
    return this.#options.hasExactFloats === true;
  }

  /** True where accesses are checked, each before it is made. */
  get isChecked(): boolean {
    return this.#options.onAccess !== undefined;
  }

  /** Checks the access to the wasm address on the wasm stack, where that is asked for: as the instruction's operand says, unless said otherwise. */
  check(insn: Instruction, kind?: "read" | "write", bytes?: number): this {
    const { onAccess } = this.#options;
    if (onAccess === undefined) return this;
    const access = accessOf(insn);
    onAccess(insn, kind ?? access.kind, bytes ?? access.bytes);
    return this;
  }

  /** Before code that raises an exception at the instruction, where it seldom goes. */
  makeExact(insn: Instruction): void {
    this.#options.makeExact?.(insn);
  }

  /** Pushes the low 32 bits of a segment base. */
  segmentBase(segment: "fs" | "gs"): this {
    this.cpuAddress(segment === "fs" ? CPU.fsBase : CPU.gsBase);
    this.f.load(OP.i32_load, 0, 2);
    return this;
  }

  /** Pushes the wasm address of a field of the CPU block. */
  cpuAddress(offset: number): this {
    this.f.i32Const((CPU_BLOCK - GUEST_BASE + offset) | 0);
    return this;
  }

  /** Replaces the wasm address on the wasm stack by what it holds, `offset` bytes further. */
  load(bits: number, offset = 0): this {
    if (bits === 128) this.f.simdLoad(SIMD.v128_load, offset);
    else if (bits === 64) this.f.load(OP.i64_load, offset);
    else if (bits === 32) this.f.load(OP.i32_load, offset);
    else this.f.load(bits === 16 ? OP.i32_load16_u : OP.i32_load8_u, offset);
    return this;
  }

  /** Stores (address, value) of the wasm stack. */
  store(bits: number, offset = 0): this {
    if (bits === 128) this.f.simdStore(SIMD.v128_store, offset);
    else if (bits === 64) this.f.store(OP.i64_store, offset);
    else if (bits === 32) this.f.store(OP.i32_store, offset);
    else this.f.store(bits === 16 ? OP.i32_store16 : OP.i32_store8, offset);
    return this;
  }

  // Operations.

  /** An integer operation in i64 for 64 bits, in i32 below. */
  int(bits: number, name: IntegerOp): this {
    this.f.op((bits === 64 ? INT64 : INT32)[name]);
    return this;
  }

  /** Cuts the i32 on the wasm stack to 8 or 16 bits. */
  mask(bits: number): this {
    if (bits < 32) this.f.i32Const(bits === 8 ? 0xff : 0xffff).op(OP.i32_and);
    return this;
  }

  /** Sign-extends the value on the wasm stack from `from` bits; the result is cut to `to` bits (32 for an i32 as it is). */
  signExtend(from: number, to: number): this {
    const f = this.f;
    if (to === 64 && from === 32) f.op(OP.i64_extend_i32_s);
    else if (to === 64 && from < 32) {
      f.op(OP.i64_extend_i32_u).op(from === 8 ? OP.i64_extend8_s : OP.i64_extend16_s);
    } else if (from < to && from < 32) {
      f.op(from === 8 ? OP.i32_extend8_s : OP.i32_extend16_s);
      this.mask(to);
    }
    return this;
  }

  /** From the width of one operand to that of another, zero-extending or cutting. */
  resize(from: number, to: number): this {
    if (from === 64 && to < 64) this.f.op(OP.i32_wrap_i64);
    if (from < 64 && to === 64) this.f.op(OP.i64_extend_i32_u);
    else if (to < from) this.mask(to);
    return this;
  }

  /** Says that ZF, SF and PF are those of the value on the wasm stack, which stays; CF and OF become 0, AF as the processor at hand: 0. */
  setLogicFlags(bits: number): this {
    if (this.live & FLAG_RESULT) this.flags.set(FLAG_RESULT, { op: "result", bits, result: this.tee(bits) });
    this.flags.set(FLAG.ALL & ~FLAG_RESULT, 0);
    return this;
  }

  /** Says that `mask` comes from the record. */
  setFlags(mask: number, record: FlagRecord): void {
    this.flags.set(mask, record);
  }

  /** True if one of the flags is read later. */
  isLive(mask: number): boolean {
    return (this.live & mask) !== 0;
  }

  // Odds and ends.

  /** A temporary local, free again after the instruction unless the flags need it. */
  temp(type: ValueType): number {
    const index = typeIndex(type);
    const local = this.#free[index]!.pop() ?? this.f.local(type);
    this.#taken.push(local);
    this.#takenTypes.push(index);
    return local;
  }

  /** Calls a helper (HELPERS) with the arguments on the wasm stack. */
  help(name: HelperName): this {
    this.f.call(this.#options.helper(name));
    return this;
  }

  /** Around a helper that reads or changes registers in the CPU block. */
  withRegistersInMemory(body: () => void): void {
    this.flushStack();
    this.mergeScalars();
    this.#options.spillAll();
    body();
    this.#options.reloadAll();
    this.assumeScalars(NO_SCALARS);
  }

  /** Says that what follows may trap; counted once an instruction. */
  mayFault(insn: Instruction | undefined): void {
    if (insn === undefined || this.#marked === insn) return;
    this.#marked = insn;
    this.#options.onMayFault(insn);
  }

  #releaseTemps(): void {
    const taken = this.#taken;
    const count = taken.length;
    if (count === 0) return;
    const types = this.#takenTypes;
    let kept = 0;
    for (let n = 0; n < count; n++) {
      const local = taken[n]!;
      if (this.flags.holds(local)) {
        taken[kept] = local;
        types[kept++] = types[n]!;
      } else this.#free[types[n]!]!.push(local);
    }
    // Popped, and not cut: an array whose length is set gives its room back.
    for (let n = kept; n < count; n++) {
      taken.pop();
      types.pop();
    }
  }
}

const INTEGER_OPS = [
  "add", "sub", "mul", "and", "or", "xor", "shl", "shr_s", "shr_u", "rotl", "rotr", "clz", "ctz", "popcnt", "eqz", "eq", "ne",
  "lt_s", "lt_u", "gt_s", "gt_u", "le_s", "le_u", "ge_s", "ge_u", "div_s", "div_u", "rem_s", "rem_u",
] as const; // prettier-ignore

export type IntegerOp = (typeof INTEGER_OPS)[number];

const INT32 = opcodes("i32");
const INT64 = opcodes("i64");

function opcodes(type: "i32" | "i64"): Readonly<Record<IntegerOp, number>> {
  return Object.fromEntries(INTEGER_OPS.map((name) => [name, OP[`${type}_${name}`]])) as Record<IntegerOp, number>;
}

/** The xmm registers, a bit each, whose low double or float is in a local of its own, and newer than in the vector's. */
export interface ScalarRegisters {
  readonly doubles: number;
  readonly floats: number;
}

const NO_SCALARS: ScalarRegisters = { doubles: 0, floats: 0 };

/** Below rsp as it was where a block began, up to this many bytes are reached with the same base. */
const STACK_BIAS = 256;
const MAX_STACK_OFFSET = 0xf_ffff;

const FLAG_RESULT = FLAG.ZF | FLAG.SF | FLAG.PF;

/** The types of locals, from I32 down to V128. */
function typeIndex(type: ValueType): number {
  return I32 - type;
}

function immediateBits({ immediate, immediate64 }: Instruction, { bits }: Operand): number | bigint {
  return immediate64 ?? (bits < 32 ? immediate & (2 ** bits - 1) : immediate);
}
