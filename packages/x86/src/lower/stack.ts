import { GUEST_BASE } from "@decant/memory";
import { OP } from "@decant/wasm";
import { CPU, FLAG, GPR } from "../cpu-block.ts";
import type { Instruction } from "../decode/instruction.ts";
import { MNEMONIC } from "../decode/mnemonics.ts";
import type { Emitter } from "./emitter.ts";
import type { Value } from "./flags.ts";
import type { Lowering, LoweringTable } from "./lowering.ts";
import { selector, writeSegment } from "./segments.ts";

const RSP = 1 << GPR.rsp;
const RBP = 1 << GPR.rbp;

/** The stack. Each stores or loads before it moves rsp, so that a fault leaves rsp as it was. */
export const stack: LoweringTable = {
  Push: {
    operands: "r",
    reads: RSP,
    writes: RSP,
    memory: true,
    lower(e, insn) {
      const { kind, bits } = insn.operands[0]!;
      if (kind === "segment") return e.push(() => e.const(selector(e, insn.operands[0]!.register), e.mode), insn);
      e.push(() => e.get(insn, 0), insn, bits === 16 ? 2 : e.mode / 8);
    },
  },
  /** Of the next instruction (see the decoder's kinds); all others end a block. */
  Call: {
    operands: "",
    reads: RSP,
    writes: RSP,
    memory: true,
    lower: (e, insn) => e.pushReturnAddress(insn),
  },
  Pop: {
    operands: "w",
    reads: RSP,
    writes: RSP,
    memory: true,
    lower(e, insn) {
      const { kind, bits } = insn.operands[0]!;
      if (kind === "segment") {
        e.pop(insn);
        return writeSegment(e, insn, insn.operands[0]!.register, e.resize(e.mode, 32).save(32));
      }
      e.pop(insn, bits / 8);
      if (kind !== "memory") return e.put(insn, 0, () => {});
      // An address with rsp in it uses the rsp after the pop (Intel SDM, POP).
      const value = e.save(bits);
      e.put(insn, 0, () => e.value(value, bits));
    },
  },
  Leave: {
    operands: "",
    reads: RBP,
    writes: RSP | RBP,
    memory: true,
    lower(e, insn) {
      e.mayFault(insn);
      e.getGpr(GPR.rbp, 32).f.i32Const(-0x10000).op(OP.i32_add);
      e.load(e.mode);
      const saved = e.save(e.mode);
      e.getGpr(GPR.rbp, e.mode)
        .const(e.mode / 8, e.mode)
        .int(e.mode, "add")
        .setGpr(GPR.rsp, e.mode);
      e.value(saved, e.mode).setGpr(GPR.rbp, e.mode);
    },
  },
  Enter: {
    operands: "--",
    reads: RSP | RBP,
    writes: RSP | RBP,
    memory: true,
    lower(e, insn) {
      const bytes = e.mode / 8;
      const level = insn.immediate2 & 31;
      e.push(() => e.getGpr(GPR.rbp, e.mode), insn);
      if (level > 0) copyFrames(e, level, bytes, insn);
      else e.getGpr(GPR.rsp, e.mode).setGpr(GPR.rbp, e.mode);
      if (insn.immediate !== 0) e.moveStack(-insn.immediate);
    },
  },
  Pusha: pushAll(16),
  Pushad: pushAll(32),
  Popa: popAll(16),
  Popad: popAll(32),
  Pushf: pushFlags(),
  Pushfd: pushFlags(),
  Pushfq: pushFlags(),
  Popf: popFlags(),
  Popfd: popFlags(),
  Popfq: popFlags(),
};

/** enter with a nesting level: the frame pointers of the procedures around, then that of this one (Intel SDM, ENTER). */
function copyFrames(e: Emitter, level: number, bytes: number, insn: Instruction): void {
  const frame = e.getGpr(GPR.rsp, e.mode).save(e.mode);
  for (let n = 1; n < level; n++) {
    e.push(() => {
      e.getGpr(GPR.rbp, 32)
        .const(-GUEST_BASE - n * bytes, 32)
        .int(32, "add");
      e.load(e.mode);
    }, insn);
  }
  e.push(() => e.value(frame, e.mode), insn);
  e.value(frame, e.mode).setGpr(GPR.rbp, e.mode);
}

function pushAll(bits: 16 | 32): Lowering {
  return {
    operands: "",
    reads: 0xff,
    writes: RSP,
    memory: true,
    lower(e, insn) {
      const before = e.getGpr(GPR.rsp, bits).save(32);
      for (let n = 0; n < 8; n++) e.push(() => (n === GPR.rsp ? e.value(before, 32) : e.getGpr(n, bits)), insn, bits / 8);
    },
  };
}

function popAll(bits: 16 | 32): Lowering {
  return {
    operands: "",
    reads: bits === 16 ? 0xff : RSP,
    writes: 0xff,
    memory: true,
    lower(e, insn) {
      const values = Array.from({ length: 8 }, () => {
        e.pop(insn, bits / 8);
        return e.save(32);
      });
      // Loaded whole before anything changes. The stack pointer that was pushed is passed over.
      values.toReversed().forEach((value, n) => n !== GPR.rsp && e.value(value, 32).setGpr(n, bits));
    },
  };
}

/** The flag register's bits that this processor keeps: position in EFLAGS, and the flag. */
const POSITIONS = [
  [0, FLAG.CF],
  [2, FLAG.PF],
  [4, FLAG.AF],
  [6, FLAG.ZF],
  [7, FLAG.SF],
  [11, FLAG.OF],
] as const;

/** Bits that popf changes and pushf shows, beside the arithmetic flags and DF: TF, AC and ID. */
const KEPT = 0x0024_0100;
/** Always set: bit 1, and IF. */
const FIXED = 0x202;

function pushFlags(): Lowering {
  return {
    operands: "",
    reads: RSP,
    writes: RSP,
    flagsRead: FLAG.ALL,
    memory: true,
    lower(e, insn) {
      const bytes = flagBytes(e, insn);
      e.push(() => {
        pushEflags(e);
        e.resize(32, bytes * 8);
      }, insn, bytes); // prettier-ignore
    },
  };
}

/** Pushes EFLAGS as an i32. */
function pushEflags(e: Emitter): void {
  e.cpuAddress(CPU.eflags).f.load(OP.i32_load).i32Const(KEPT).op(OP.i32_and).i32Const(FIXED).op(OP.i32_or);
  for (const [position, flag] of POSITIONS) {
    e.flags.push(flag);
    e.f.i32Const(position).op(OP.i32_shl).op(OP.i32_or);
  }
  e.cpuAddress(CPU.df).f.load(OP.i32_load).i32Const(10).op(OP.i32_shl).op(OP.i32_or);
}

/** Sets the flags in `mask` from the bits of an EFLAGS value in a local. */
export function setFromEflags(e: Emitter, value: Value, mask: number): void {
  for (const [position, flag] of POSITIONS) {
    if (!(mask & flag)) continue;
    e.value(value, 32).f.i32Const(position).op(OP.i32_shr_u).i32Const(1).op(OP.i32_and);
    e.flags.setLocal(flag);
  }
}

function popFlags(): Lowering {
  return {
    operands: "",
    reads: RSP,
    writes: RSP,
    flagsWritten: FLAG.ALL,
    memory: true,
    lower(e, insn) {
      const bytes = flagBytes(e, insn);
      e.pop(insn, bytes);
      e.resize(bytes * 8, 32);
      const value = e.save(32);
      setFromEflags(e, value, FLAG.ALL);
      e.cpuAddress(CPU.df).value(value, 32).f.i32Const(10).op(OP.i32_shr_u).i32Const(1).op(OP.i32_and).store(OP.i32_store);
      if (bytes > 2) e.cpuAddress(CPU.eflags).value(value, 32).f.i32Const(KEPT).op(OP.i32_and).store(OP.i32_store);
    },
  };
}

function flagBytes(e: Emitter, insn: Instruction): number {
  return insn.mnemonic === MNEMONIC.Pushf || insn.mnemonic === MNEMONIC.Popf ? 2 : e.mode / 8;
}
