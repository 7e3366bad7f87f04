import { I32, OP } from "@decant/wasm";
import { FLAG, GPR } from "../cpu-block.ts";
import type { Instruction } from "../decode/instruction.ts";
import type { Emitter } from "./emitter.ts";
import type { Lowering, LoweringTable } from "./lowering.ts";

/** Single bits, counts of bits, and compare-and-exchange. Flags that the manual leaves undefined stay as they were. */
export const bits: LoweringTable = {
  Bt: bitTest("r", undefined),
  Bts: bitTest("u", "or"),
  Btr: bitTest("u", "andnot"),
  Btc: bitTest("u", "xor"),
  Bsf: scan("ctz"),
  Bsr: scan("clz"),
  Tzcnt: countZeros("ctz"),
  Lzcnt: countZeros("clz"),
  Popcnt: {
    operands: "wr",
    flagsWritten: FLAG.ALL,
    lower(e, insn) {
      const { bits } = insn.operands[0]!;
      const source = e.get(insn, 1).save(bits);
      e.value(source, bits).int(bits, "popcnt");
      e.put(insn, 0, () => {});
      e.flags.set(FLAG.ALL, 0);
      if (e.isLive(FLAG.ZF)) e.setFlags(FLAG.ZF, { op: "result", bits, result: source });
    },
  },
  Cmpxchg: {
    operands: "ur",
    reads: 1 << GPR.rax,
    writes: 1 << GPR.rax,
    flagsWritten: FLAG.ALL,
    lower: compareExchange,
  },
  Cmpxchg8b: compareExchangePair(32),
  Cmpxchg16b: compareExchangePair(64),
  Crc32: {
    operands: "ur",
    lower(e, insn) {
      const source = insn.operands[1]!.bits;
      const { bits } = insn.operands[0]!;
      e.get(insn, 0)
        .resize(bits, 32)
        .get(insn, 1)
        .resize(source, 64)
        .f.i32Const(source / 8);
      e.help("crc32").resize(32, bits);
      e.put(insn, 0, () => {});
    },
  },
};

/** Only CF changes. With a register as the bit offset, a memory operand is a string of bits that reaches both ways (Intel SDM, BT). */
function bitTest(access: string, change: "or" | "andnot" | "xor" | undefined): Lowering {
  return {
    operands: `${access}r`,
    flagsWritten: FLAG.CF,
    lower(e, insn) {
      const { bits, kind } = insn.operands[0]!;
      const isString = kind === "memory" && insn.operands[1]!.kind === "gpr";
      const address = isString ? pushBitAddress(e, insn) : undefined;
      const offset =
        insn.operands[1]!.kind === "immediate"
          ? e.const(insn.immediate & (bits - 1), bits)
          : e
              .get(insn, 1)
              .const(bits - 1, bits)
              .int(bits, "and");
      const shift = offset.save(bits);
      const test = () => {
        if (!e.isLive(FLAG.CF)) return;
        const old = e.tee(bits);
        e.value(old, bits).value(shift, bits).int(bits, "shr_u").resize(bits, 32).f.i32Const(1).op(OP.i32_and);
        e.flags.setLocal(FLAG.CF);
      };
      const apply = () => {
        test();
        e.const(1, bits).value(shift, bits).int(bits, "shl");
        if (change === "andnot") e.const(-1, Math.max(bits, 32)).int(bits, "xor").int(bits, "and");
        else if (change !== undefined) e.int(bits, change);
        e.mask(bits);
      };
      if (change === undefined) {
        if (address === undefined) e.get(insn, 0);
        else {
          e.f.localGet(address);
          e.load(bits);
        }
        test();
        e.f.drop();
      } else if (address === undefined) e.update(insn, 0, apply);
      else {
        e.f.localGet(address).localGet(address);
        e.load(bits);
        apply();
        e.store(bits);
      }
    },
  };
}

/** The wasm address of the word that holds the bit, in a local: the operand's address plus the offset's whole words, signed. */
function pushBitAddress(e: Emitter, insn: Instruction): number {
  const { bits } = insn.operands[0]!;
  e.address(insn, false).get(insn, 1);
  if (bits === 16) e.signExtend(16, 32);
  e.const(bits === 64 ? 6 : bits === 32 ? 5 : 4, Math.max(bits, 32))
    .int(bits, "shr_s")
    .resize(bits, 32);
  e.f
    .i32Const(bits === 64 ? 3 : bits === 32 ? 2 : 1)
    .op(OP.i32_shl)
    .op(OP.i32_add);
  e.check(insn);
  const address = e.temp(I32);
  e.f.localSet(address);
  return address;
}

/** bsf and bsr write ZF; of 0, where the manual leaves the destination undefined, processors keep it, the upper half of a 32-bit one included. */
function scan(count: "ctz" | "clz"): Lowering {
  return {
    operands: "ur",
    flagsWritten: FLAG.ZF,
    lower(e, insn) {
      const { bits } = insn.operands[0]!;
      const source = e.get(insn, 1).save(bits);
      e.value(source, bits).int(bits, count);
      // The highest bit's number is the width's last less the leading zeros; a narrow source has 32 - bits more of these.
      if (count === "clz") e.const(bits === 64 ? 63 : 31, Math.max(bits, 32)).int(bits, "xor");
      const whole = bits === 16 ? 16 : e.mode;
      e.resize(bits, whole).getGpr(insn.operands[0]!.register, whole).value(source, bits);
      if (bits === 64) e.f.i64Const(0).op(OP.i64_ne);
      e.f.select();
      e.setGpr(insn.operands[0]!.register, whole);
      if (e.isLive(FLAG.ZF)) e.setFlags(FLAG.ZF, { op: "result", bits, result: source });
    },
  };
}

function countZeros(count: "ctz" | "clz"): Lowering {
  return {
    operands: "wr",
    flagsWritten: FLAG.CF | FLAG.ZF,
    lower(e, insn) {
      const { bits } = insn.operands[0]!;
      const source = e.get(insn, 1).save(bits);
      e.value(source, bits);
      if (bits === 16 && count === "ctz") e.f.i32Const(0x10000).op(OP.i32_or);
      e.int(bits, count);
      if (bits === 16 && count === "clz") e.const(16, 32).int(32, "sub");
      const result = e.tee(bits);
      e.put(insn, 0, () => {});
      if (e.isLive(FLAG.CF)) {
        e.value(source, bits).int(bits, "eqz");
        e.flags.setLocal(FLAG.CF);
      }
      if (e.isLive(FLAG.ZF)) e.setFlags(FLAG.ZF, { op: "result", bits, result });
    },
  };
}

function compareExchange(e: Emitter, insn: Instruction): void {
  const { bits } = insn.operands[0]!;
  const accumulator = e.getGpr(GPR.rax, bits).save(bits);
  const replacement = e.keep(insn, 1);
  let old = accumulator;
  if (insn.operands[0]!.kind === "gpr") {
    // A register is written only where the comparison holds.
    old = e.get(insn, 0).save(bits);
    e.value(accumulator, bits).value(old, bits).int(bits, "eq").f.if();
    e.put(insn, 0, () => e.value(replacement, bits));
    e.f.end();
  } else {
    e.update(insn, 0, () => {
      old = e.save(bits);
      e.value(replacement, bits).value(old, bits).value(accumulator, bits).value(old, bits).int(bits, "eq").f.select();
    });
  }
  if (e.live) e.setFlags(FLAG.ALL, { op: "sub", bits, a: accumulator, b: old, result: undefined, carryIn: false });
  // The accumulator is written only where the comparison fails: a 32-bit success leaves its upper half.
  e.value(accumulator, bits).value(old, bits).int(bits, "ne").f.if();
  e.value(old, bits).setGpr(GPR.rax, bits);
  e.f.end();
}

/** cmpxchg8b and cmpxchg16b: the pair dx:ax against memory; cx:bx goes there if they are equal, memory to dx:ax if not. Only ZF changes. */
function compareExchangePair(bits: 32 | 64): Lowering {
  const registers = (1 << GPR.rax) | (1 << GPR.rdx);
  return {
    operands: "u",
    reads: registers | (1 << GPR.rcx) | (1 << GPR.rbx),
    writes: registers,
    flagsWritten: FLAG.ZF,
    lower(e, insn) {
      const f = e.f;
      const address = e.temp(I32);
      e.address(insn).f.localSet(address);
      const load = (high: boolean) => {
        f.localGet(address);
        if (high) f.i32Const(bits / 8).op(OP.i32_add);
        return e.load(bits);
      };
      const low = load(false).save(bits);
      const high = load(true).save(bits);
      e.value(low, bits).getGpr(GPR.rax, bits).int(bits, "eq");
      e.value(high, bits).getGpr(GPR.rdx, bits).int(bits, "eq").int(32, "and");
      const isEqual = e.save(32);
      e.value(isEqual, 32);
      e.flags.setLocal(FLAG.ZF);
      e.value(isEqual, 32).f.if();
      f.localGet(address)
        .i32Const(bits / 8)
        .op(OP.i32_add);
      e.getGpr(GPR.rcx, bits).store(bits);
      f.localGet(address);
      e.getGpr(GPR.rbx, bits).store(bits);
      f.else();
      e.value(low, bits).setGpr(GPR.rax, bits);
      e.value(high, bits).setGpr(GPR.rdx, bits);
      f.end();
    },
  };
}
