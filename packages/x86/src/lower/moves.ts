import { selector, writeSegment } from "./segments.ts";
import { OP } from "@decant/wasm";
import { GPR } from "../cpu-block.ts";
import type { Instruction } from "../decode/instruction.ts";
import type { Emitter } from "./emitter.ts";
import { CONDITION_FLAGS, type Value } from "./flags.ts";
import { NotTranslated, type Lowering, type LoweringTable } from "./lowering.ts";

const CONDITION_NAMES = ["o", "no", "b", "ae", "e", "ne", "be", "a", "s", "ns", "p", "np", "l", "ge", "le", "g"] as const;

/** Moves between general registers and memory. No flag changes. */
export const moves: LoweringTable = {
  Mov: {
    operands: "wr",
    lower(e, insn) {
      if (insn.operands.some(({ kind }) => kind === "segment")) return moveSegment(e, insn);
      e.put(insn, 0, () => e.get(insn, 1));
    },
  },
  Movzx: {
    operands: "wr",
    lower: (e, insn) => e.put(insn, 0, () => e.get(insn, 1).resize(insn.operands[1]!.bits, insn.operands[0]!.bits)),
  },
  Movsx: { operands: "wr", lower: moveSigned },
  Movsxd: { operands: "wr", lower: moveSigned },
  Movbe: { operands: "wr", lower: (e, insn) => e.put(insn, 0, () => swapBytes(e.get(insn, 1), insn.operands[0]!.bits)) },
  Movnti: { operands: "wr", lower: (e, insn) => e.put(insn, 0, () => e.get(insn, 1)) },
  Lea: { operands: "wa", lower: loadEffectiveAddress },
  Xchg: {
    operands: "uu",
    lower(e, insn) {
      const { bits } = insn.operands[0]!;
      // The decoder puts memory first. Both values are read, and memory is written, before a register is.
      const second = e.keep(insn, 1);
      let first: Value | undefined;
      e.update(insn, 0, () => {
        first = e.save(bits);
        e.value(second, bits);
      });
      e.put(insn, 1, () => e.value(first!, bits));
    },
  },
  Bswap: { operands: "u", lower: (e, insn) => e.update(insn, 0, () => swapBytes(e, insn.operands[0]!.bits)) },
  Cbw: extendAccumulator(8, 16),
  Cwde: extendAccumulator(16, 32),
  Cdqe: extendAccumulator(32, 64),
  Cwd: spreadSign(16),
  Cdq: spreadSign(32),
  Cqo: spreadSign(64),
  ...forConditions("Set", (flagsRead) => ({
    operands: "w",
    flagsRead,
    lower: (e, insn) => e.put(insn, 0, () => e.condition(insn.cc!)),
  })),
  ...forConditions("Cmov", (flagsRead) => ({
    operands: "ur",
    flagsRead,
    lower(e, insn) {
      // The source is read, and may fault, whatever the condition says; a 32-bit destination is zero-extended in any case.
      e.get(insn, 1).get(insn, 0).condition(insn.cc!);
      e.f.select();
      e.put(insn, 0, () => {});
    },
  })),
};

function moveSigned(e: Emitter, insn: Instruction): void {
  e.put(insn, 0, () => e.get(insn, 1).signExtend(insn.operands[1]!.bits, insn.operands[0]!.bits));
}

/** Addresses are computed in the width of the result where that is narrower: the low bits are the same. */
function loadEffectiveAddress(e: Emitter, insn: Instruction): void {
  const { base, index, scale, displacement, addressBits } = insn.memory!;
  const { bits } = insn.operands[0]!;
  const width = Math.min(bits, addressBits) === 64 ? 64 : 32;
  const { register } = insn.operands[0]!;
  if (register === GPR.rsp && base === GPR.rsp && index < 0 && width === e.mode) return e.moveStack(displacement);
  let terms = 0;
  if (base >= 0) {
    e.getGpr(base, width);
    terms++;
  }
  if (index >= 0) {
    e.getGpr(index, width);
    if (scale > 0) e.const(scale, width).int(width, "shl");
    if (terms++ > 0) e.int(width, "add");
  }
  if (displacement !== 0 || terms === 0) {
    e.const(width === 32 ? displacement | 0 : displacement, width);
    if (terms > 0) e.int(width, "add");
  }
  if (addressBits === 16) e.mask(16);
  e.resize(width, bits);
  e.put(insn, 0, () => {});
}

/** Puts the bytes of the value on the wasm stack in the opposite order. */
function swapBytes(e: Emitter, bits: number): void {
  if (bits === 16) {
    // Of a 16-bit bswap, undefined by the manual, processors make 0; movbe is the form that means this.
    const value = e.save(16);
    e.value(value, 16).f.i32Const(8).op(OP.i32_shl).i32Const(0xff00).op(OP.i32_and);
    e.value(value, 16).f.i32Const(8).op(OP.i32_shr_u).op(OP.i32_or);
    return;
  }
  if (bits === 32) {
    const value = e.save(32);
    e.value(value, 32).f.i32Const(0x00ff00ff).op(OP.i32_and).i32Const(8).op(OP.i32_rotr);
    e.value(value, 32)
      .f.i32Const(0xff00ff00 | 0)
      .op(OP.i32_and)
      .i32Const(8)
      .op(OP.i32_rotl)
      .op(OP.i32_or);
    return;
  }
  const value = e.save(64);
  e.value(value, 64).f.i64Const(8).op(OP.i64_rotl).i64Const(0x000000ff000000ffn).op(OP.i64_and);
  e.value(value, 64).f.i64Const(24).op(OP.i64_rotl).i64Const(0x0000ff000000ff00n).op(OP.i64_and).op(OP.i64_or);
  e.value(value, 64).f.i64Const(40).op(OP.i64_rotl).i64Const(0x00ff000000ff0000n).op(OP.i64_and).op(OP.i64_or);
  e.value(value, 64).f.i64Const(56).op(OP.i64_rotl).i64Const(BigInt.asIntN(64, 0xff000000ff000000n)).op(OP.i64_and).op(OP.i64_or);
}

/** cbw, cwde, cdqe: the accumulator sign-extended into itself. */
function extendAccumulator(from: number, to: number): Lowering {
  return {
    operands: "",
    reads: 1 << GPR.rax,
    writes: 1 << GPR.rax,
    lower(e) {
      e.getGpr(GPR.rax, from).signExtend(from, to).setGpr(GPR.rax, to);
    },
  };
}

/** cwd, cdq, cqo: the accumulator's sign into every bit of rdx. */
function spreadSign(bits: number): Lowering {
  return {
    operands: "",
    reads: (1 << GPR.rax) | (bits === 16 ? 1 << GPR.rdx : 0),
    writes: 1 << GPR.rdx,
    lower(e) {
      e.getGpr(GPR.rax, bits).signExtend(bits, Math.max(bits, 32));
      e.const(bits === 64 ? 63 : 31, Math.max(bits, 32))
        .int(bits, "shr_s")
        .mask(bits)
        .setGpr(GPR.rdx, bits);
    },
  };
}

function moveSegment(e: Emitter, insn: Instruction): void {
  const [to, from] = insn.operands;
  if (to!.kind === "segment") return writeSegment(e, insn, to!.register, e.get(insn, 1).resize(from!.bits, 32).save(32));
  if (from!.kind !== "segment") throw new NotTranslated(insn);
  const bits = to!.kind === "memory" ? 16 : to!.bits;
  e.put(insn, 0, () => e.const(selector(e, from!.register), bits));
}

function forConditions(prefix: "Set" | "Cmov", lowering: (flagsRead: number) => Lowering): LoweringTable {
  return Object.fromEntries(CONDITION_NAMES.map((cc, n) => [`${prefix}${cc}`, lowering(CONDITION_FLAGS[n >> 1]!)]));
}
