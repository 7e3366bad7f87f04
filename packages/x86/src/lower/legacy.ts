import { GUEST_BASE } from "@decant/memory";
import { I32, OP } from "@decant/wasm";
import { FLAG, GPR } from "../cpu-block.ts";
import type { Instruction } from "../decode/instruction.ts";
import type { Emitter } from "./emitter.ts";
import { TRAP } from "./helpers.ts";
import { type Lowering, type LoweringTable } from "./lowering.ts";

const RAX = 1 << GPR.rax;
const RBX = 1 << GPR.rbx;
const RESULT = FLAG.SF | FLAG.ZF | FLAG.PF;

/** What compilers have long stopped to emit, most of it 32-bit mode's only: decimal arithmetic, table look-ups, checks that raise exceptions. */
export const legacy: LoweringTable = {
  Aaa: adjustAscii("add"),
  Aas: adjustAscii("sub"),
  Daa: adjustDecimal("add"),
  Das: adjustDecimal("sub"),
  Aam: {
    operands: "-",
    reads: RAX,
    writes: RAX,
    flagsWritten: FLAG.ALL,
    lower(e, insn) {
      const base = insn.immediate & 0xff;
      if (base === 0) return raise(e, insn, TRAP.divide);
      const al = e.getGpr(GPR.rax, 8).save(32);
      e.value(al, 32).const(base, 32).int(32, "div_u").setGpr(GPR.rax, 8, true);
      e.value(al, 32).const(base, 32).int(32, "rem_u").setGpr(GPR.rax, 8);
      setResultFlags(e, 0);
    },
  },
  Aad: {
    operands: "-",
    reads: RAX,
    writes: RAX,
    flagsWritten: FLAG.ALL,
    lower(e, insn) {
      e.getGpr(GPR.rax, 8, true)
        .const(insn.immediate & 0xff, 32)
        .int(32, "mul")
        .getGpr(GPR.rax, 8)
        .int(32, "add")
        .mask(8);
      e.setGpr(GPR.rax, 16);
      setResultFlags(e, 0);
    },
  },
  Salc: {
    operands: "",
    reads: RAX,
    writes: RAX,
    flagsRead: FLAG.CF,
    lower(e) {
      e.const(0, 32);
      e.flags.push(FLAG.CF);
      e.int(32, "sub").mask(8).setGpr(GPR.rax, 8);
    },
  },
  Xlatb: {
    operands: "r",
    reads: RAX | RBX,
    writes: RAX,
    lower(e, insn) {
      const { segment, addressBits } = insn.memory!;
      e.mayFault(insn);
      e.getGpr(GPR.rbx, 32).getGpr(GPR.rax, 8).int(32, "add");
      if (addressBits === 16) e.mask(16);
      if (segment !== "none") e.segmentBase(segment).int(32, "add");
      e.const(-GUEST_BASE, 32).int(32, "add").check(insn, "read", 1).load(8).setGpr(GPR.rax, 8);
    },
  },
  /** Raises an exception unless the register is between the two numbers in memory, both included. */
  Bound: {
    operands: "ra",
    memory: true,
    lower(e, insn) {
      const { bits } = insn.operands[0]!;
      const index = e.get(insn, 0).signExtend(bits, 32).save(32);
      const address = e.address(insn).save(32);
      const limit = (offset: number): void => {
        e.value(address, 32).const(offset, 32).int(32, "add").load(bits);
        if (bits === 16) e.f.op(OP.i32_extend16_s);
      };
      e.value(index, 32);
      limit(0);
      e.int(32, "lt_s").value(index, 32);
      limit(bits / 8);
      e.int(32, "gt_s").int(32, "or").f.if();
      raise(e, insn, TRAP.bounds);
      e.f.end();
    },
  },
  Into: {
    operands: "",
    flagsRead: FLAG.OF,
    memory: true,
    lower(e, insn) {
      e.mayFault(insn);
      e.flags.push(FLAG.OF);
      e.f.if();
      raise(e, insn, TRAP.into);
      e.f.end();
    },
  },
  /** The selector in the first operand gets the privilege level of the second, if that is weaker; ZF says whether it did. */
  Arpl: {
    operands: "ur",
    flagsWritten: FLAG.ZF,
    lower(e, insn) {
      const asked = e.get(insn, 1).const(3, 32).int(32, "and").save(32);
      const changed = e.temp(I32);
      e.update(insn, 0, () => {
        const selector = e.save(32);
        e.value(selector, 32).const(3, 32).int(32, "and").value(asked, 32).int(32, "lt_u").f.localSet(changed);
        e.value(selector, 32).const(~3, 32).int(32, "and").value(asked, 32).int(32, "or").value(selector, 32).f.localGet(changed).select();
      });
      e.f.localGet(changed);
      e.flags.setLocal(FLAG.ZF);
    },
  },
}; // prettier-ignore

/** Raises an exception (TRAP) at the instruction. */
function raise(e: Emitter, insn: Instruction, kind: number): void {
  e.mayFault(insn);
  e.makeExact(insn);
  e.f.i32Const(kind).i32Const(insn.ip | 0);
  e.help("trap").f.unreachable();
}

/** SF, ZF and PF as of al; CF as given, or as its local has it; the rest, which is undefined, 0. */
function setResultFlags(e: Emitter, carry: 0 | "local"): void {
  e.getGpr(GPR.rax, 8);
  const result = e.save(32);
  const mask = carry === "local" ? FLAG.OF : FLAG.ALL & ~RESULT;
  e.flags.set(mask, 0);
  e.setFlags(RESULT, { op: "result", bits: 8, result });
}

/** aaa and aas: an unpacked digit in al, its carry into ah, AF and CF. */
function adjustAscii(name: "add" | "sub"): Lowering {
  return {
    operands: "",
    reads: RAX,
    writes: RAX,
    flagsRead: FLAG.AF,
    flagsWritten: FLAG.ALL,
    lower(e) {
      e.getGpr(GPR.rax, 8).const(15, 32).int(32, "and").const(9, 32).int(32, "gt_u");
      e.flags.push(FLAG.AF);
      const adjusts = e.int(32, "or").save(32);
      // As 16 bits: six on the digit, one on ah.
      e.getGpr(GPR.rax, 16).value(adjusts, 32).const(0x106, 32).int(32, "mul").int(32, name).const(0xff0f, 32).int(32, "and");
      e.setGpr(GPR.rax, 16);
      e.flags.set(FLAG.OF | RESULT, 0);
      for (const flag of [FLAG.AF, FLAG.CF] as const) {
        e.value(adjusts, 32);
        e.flags.setLocal(flag);
      }
    },
  };
}

/** daa and das: two packed digits in al (Intel SDM, DAA and DAS). */
function adjustDecimal(name: "add" | "sub"): Lowering {
  return {
    operands: "",
    reads: RAX,
    writes: RAX,
    flagsRead: FLAG.AF | FLAG.CF,
    flagsWritten: FLAG.ALL,
    lower(e) {
      const al = e.getGpr(GPR.rax, 8).save(32);
      e.value(al, 32).const(15, 32).int(32, "and").const(9, 32).int(32, "gt_u");
      e.flags.push(FLAG.AF);
      const low = e.int(32, "or").save(32);
      e.value(al, 32).const(0x99, 32).int(32, "gt_u");
      e.flags.push(FLAG.CF);
      const high = e.int(32, "or").save(32);
      e.value(al, 32).value(low, 32).const(6, 32).int(32, "mul").int(32, name);
      e.value(high, 32).const(0x60, 32).int(32, "mul").int(32, name).mask(8).setGpr(GPR.rax, 8);
      // Of das, the lower digit may borrow by itself.
      e.value(high, 32);
      if (name === "sub") e.value(al, 32).value(low, 32).const(6, 32).int(32, "mul").int(32, "lt_u").int(32, "or");
      e.flags.setLocal(FLAG.CF);
      e.value(low, 32);
      e.flags.setLocal(FLAG.AF);
      setResultFlags(e, "local");
    },
  };
}
