import { readFileSync } from "node:fs";

/** A bug to seed: in a file of `src`, the first occurrence of `from` becomes `to`. */
interface Mutant {
  readonly name: string;
  readonly file: string;
  readonly from: string;
  readonly to: string;
}

/** Bugs as they happen: a flag, a mask, a register's part, an operand's order, a liveness, a spill. */
export const MUTANTS: readonly Mutant[] = [
  { name: "below is signed", file: "lower/flags.ts", from: "[CC.b]: LT_U", to: "[CC.b]: LT_S" },
  { name: "PF is not negated", file: "lower/flags.ts", from: ".op(OP.i32_popcnt).i32Const(1).op(OP.i32_and).op(OP.i32_eqz)", to: ".op(OP.i32_popcnt).i32Const(1).op(OP.i32_and)" },
  { name: "AF is bit 3", file: "lower/flags.ts", from: "f.i32Const(4).op(OP.i32_shr_u)", to: "f.i32Const(3).op(OP.i32_shr_u)" },
  { name: "OF of additions takes that of subtractions", file: "lower/flags.ts", from: 'if (op === "add") this.#result(record);', to: "if (false) this.#result(record);" },
  { name: "CF with a carry in forgets it", file: "lower/flags.ts", from: "if (flag === FLAG.CF && !carryIn)", to: "if (flag === FLAG.CF)" },
  { name: "equal clears ZF", file: "lower/flags.ts", from: "f.op(OP.i32_or).op(OP.i32_eqz);\n    } else", to: "f.op(OP.i32_or);\n    } else" },
  { name: "a 64-bit shift's count has five bits", file: "lower/shifts.ts", from: ".f.i32Const(bits === 64 ? 63 : 31)", to: ".f.i32Const(31)" },
  { name: "an immediate count has six bits", file: "lower/shifts.ts", from: "(bits === 64 ? 63 : 31) : undefined", to: "63 : undefined" },
  { name: "sar shifts in zeros", file: "lower/shifts.ts", from: '"shr_u" : "shr_s").mask', to: '"shr_u" : "shr_u").mask' },
  { name: "a byte's write clears the next byte", file: "lower/emitter.ts", from: "bits === 8 ? ~0xff : ~0xffff", to: "~0xffff" },
  { name: "a high byte is written low", file: "lower/emitter.ts", from: "if (high) f.i32Const(8).op(OP.i32_shl);", to: "" },
  { name: "a 32-bit write extends its sign", file: "lower/emitter.ts", from: "else if (bits === 32 && this.mode === 64) f.op(OP.i64_extend_i32_u);", to: "else if (bits === 32 && this.mode === 64) f.op(OP.i64_extend_i32_s);" },
  { name: "min takes its operands the other way", file: "lower/sse-float.ts", from: "e.vector(insn, 1).vector(insn, 0).simd(opcode)", to: "e.vector(insn, 0).vector(insn, 1).simd(opcode)" },
  { name: "inc changes CF", file: "lower/arithmetic.ts", from: "const written = FLAG.ALL & ~FLAG.CF;", to: "const written = FLAG.ALL;" },
  { name: "sbb ignores the borrow", file: "lower/arithmetic.ts", from: "e.value(b, bits).int(bits, op).value(carry, bits).int(bits, op).mask(bits);", to: "e.value(b, bits).int(bits, op).mask(bits);" },
  { name: "xadd stores the old value's register last", file: "lower/arithmetic.ts", from: "if (first!.kind === \"gpr\" && first!.register === second!.register && first!.high === second!.high) return;", to: "" },
  { name: "movsx extends with zeros", file: "lower/moves.ts", from: "e.get(insn, 1).signExtend(insn.operands[1]!.bits, insn.operands[0]!.bits)", to: "e.get(insn, 1).resize(insn.operands[1]!.bits, insn.operands[0]!.bits)" },
  { name: "cmov's condition is negated", file: "lower/moves.ts", from: "e.get(insn, 1).get(insn, 0).condition", to: "e.get(insn, 0).get(insn, 1).condition" },
  { name: "partial writes do not read", file: "lower/effects.ts", from: '(access === "w" && bits < 32)', to: '(access === "w" && bits < 16)' },
  { name: "flags die at a block's end", file: "engine/dataflow.ts", from: "flagsOut |= next.flagsIn;", to: "" },
  { name: "a branch's own flags are not live", file: "engine/dataflow.ts", from: "flagsOut | flow.endingFlagsRead;", to: "flagsOut;" },
  { name: "a step's flags end liveness where they may only change", file: "engine/dataflow.ts", from: "flags = (flags & ~touched.flagsMust) | touched.flagsRead;", to: "flags = (flags & ~touched.flagsWritten) | touched.flagsRead;" },
  { name: "what a block writes is not dirty after it", file: "engine/dataflow.ts", from: "const merged = next.dirtyIn | after;", to: "const merged = next.dirtyIn | (after & flow.dirtyIn);" },
  { name: "no reload after a call", file: "engine/unit-emitter.ts", from: "this.#registers.reload(after.liveIn);", to: "" },
  { name: "scalars are not settled for the next block", file: "lower/emitter.ts", from: "this.getScalar(n, bits).f.localSet(this.#registers.scalar(n, bits));\n    }", to: "}" },
  { name: "a scalar ahead of its vector is not merged", file: "lower/emitter.ts", from: "if (known?.isAhead !== true) return;\n    this.pushWhole(n);", to: "return;\n    this.pushWhole(n);" },
  { name: "a loop's count is not written", file: "engine/unit-emitter.ts", from: 'bits).int(bits, "add").mask(bits).setGpr(GPR.rcx, bits);\n    e.getGpr(GPR.rcx, bits);', to: 'bits).int(bits, "add").mask(bits);' },
  { name: "stack moves are not flushed at a block's end", file: "engine/unit-emitter.ts", from: "this.#emitter.flushStack();\n    // Where a table", to: "// Where a table" },
  { name: "functions are remembered when their code is replaced", file: "engine/translator.ts", from: "    this.#forgetFunctions(start, end);\n", to: "" },
  { name: "80-bit numbers are rounded up at a half", file: "lower/x87-module.ts", from: "x.and32(x.eq(get(below), k(TOP)), x.ne(x.and(get(significand), get(unit)), k(0n)))", to: "x.eq(get(below), k(TOP))" },
  { name: "what an 80-bit addition shifts out is lost", file: "lower/x87-module.ts", from: "x.set(below, x.or(x.shr(get(b), shift), x.wide(x.ne(lost, k(0n)))));", to: "x.set(below, x.shr(get(b), shift));" },
  { name: "53 bits of precision are 64", file: "lower/extended.ts", from: "[24, 53, 53, 64]", to: "[24, 64, 64, 64]" },
  { name: "pops leave the register in use", file: "lower/x87-stack.ts", from: "pushWord(e, at).const(X87_FORM.empty, 32).int(32, \"or\"));\n    moveTop", to: "pushWord(e, at));\n    moveTop" },
  { name: "MXCSR's rounding up is down", file: "lower/sse-unit.ts", from: "((mxcsr >> 13) & 3) << 10", to: "((mxcsr >> 13) & 1) << 10" },
  { name: "daa forgets the carry", file: "lower/legacy.ts", from: "e.flags.push(FLAG.CF);\n      const high", to: "e.const(0, 32);\n      const high" },
  { name: "popa takes the stack pointer", file: "lower/stack.ts", from: "n !== GPR.rsp && e.value(value, 32).setGpr(n, bits)", to: "e.value(value, 32).setGpr(n, bits)" },
  { name: "lds of 16 bits clears the upper half", file: "engine/rare-instructions.ts", from: "(cpu.gpr(register) & ~0xffffn) | BigInt", to: "BigInt" },
]; // prettier-ignore

/** The names of those whose file does not hold what they replace: the source has changed since. */
export function staleMutants(): string[] {
  return MUTANTS.filter(({ file, from }) => !readFileSync(new URL(`../${file}`, import.meta.url), "utf8").includes(from)).map(
    ({ name }) => name,
  );
}
