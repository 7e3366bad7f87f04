import { OP } from "@decant/wasm";
import { GPR } from "../cpu-block.ts";
import type { Emitter } from "./emitter.ts";
import type { Lowering, LoweringTable } from "./lowering.ts";

const NOTHING: Lowering = { operands: "---", lower: () => {} };
const RAX = 1 << GPR.rax;
const RDX = 1 << GPR.rdx;
const RCX = 1 << GPR.rcx;
const RBX = 1 << GPR.rbx;

/** Instructions that do nothing here, and those that ask about the processor. Memory is in order and one thread runs at a time, so fences are empty. */
export const system: LoweringTable = {
  Nop: NOTHING, Fnop: NOTHING, Pause: NOTHING, Endbr64: NOTHING, Endbr32: NOTHING, Mfence: NOTHING, Lfence: NOTHING, Sfence: NOTHING, Wait: NOTHING,
  Prefetchnta: hint(), Prefetcht0: hint(), Prefetcht1: hint(), Prefetcht2: hint(), Prefetchw: hint(), Prefetch: hint(), Prefetchwt1: hint(), Clflush: hint(), Reservednop: hint(),
  // Without shadow stacks, as on a processor that has none.
  Rdsspd: NOTHING, Rdsspq: NOTHING, Fnsetpm: NOTHING, Fndisi: NOTHING, Fneni: NOTHING,
  Cpuid: {
    operands: "",
    reads: RAX | RCX,
    writes: RAX | RBX | RCX | RDX,
    lower(e) {
      const leaf = e.getGpr(GPR.rax, 32).save(32);
      const subleaf = e.getGpr(GPR.rcx, 32).save(32);
      for (const register of [GPR.rax, GPR.rbx, GPR.rcx, GPR.rdx]) {
        e.value(leaf, 32).value(subleaf, 32).const(register, 32).help("cpuid").setGpr(register, 32);
      }
    },
  },
  Rdtsc: { operands: "", writes: RAX | RDX, lower: readTimestamp },
  Rdtscp: {
    operands: "",
    writes: RAX | RDX | RCX,
    lower(e) {
      readTimestamp(e);
      e.const(0, 32).setGpr(GPR.rcx, 32);
    },
  },
}; // prettier-ignore

/** A hint with a memory operand, whose address is not accessed. */
function hint(): Lowering {
  return { operands: "aa", lower: () => {} };
}

function readTimestamp(e: Emitter): void {
  const value = e.help("timestamp").save(64);
  e.value(value, 64).f.op(OP.i32_wrap_i64);
  e.setGpr(GPR.rax, 32);
  e.value(value, 64).const(32, 64).int(64, "shr_u").f.op(OP.i32_wrap_i64);
  e.setGpr(GPR.rdx, 32);
}
