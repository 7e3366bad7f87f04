import { OP } from "@decant/wasm";
import { CPU, FLAG, GPR } from "../cpu-block.ts";
import type { LoweringTable } from "./lowering.ts";
import { setFromEflags } from "./stack.ts";

const IN_AH = FLAG.ALL & ~FLAG.OF;
const RAX = 1 << GPR.rax;

/** Instructions on the flags themselves. */
export const flagInstructions: LoweringTable = {
  Clc: { operands: "", flagsWritten: FLAG.CF, lower: (e) => e.flags.set(FLAG.CF, 0) },
  Stc: { operands: "", flagsWritten: FLAG.CF, lower: (e) => e.flags.set(FLAG.CF, 1) },
  Cmc: {
    operands: "",
    flagsRead: FLAG.CF,
    flagsWritten: FLAG.CF,
    lower(e) {
      e.flags.push(FLAG.CF);
      e.f.op(OP.i32_eqz);
      e.flags.setLocal(FLAG.CF);
    },
  },
  Cld: { operands: "", lower: (e) => void e.cpuAddress(CPU.df).const(0, 32).store(32) },
  Std: { operands: "", lower: (e) => void e.cpuAddress(CPU.df).const(1, 32).store(32) },
  Lahf: {
    operands: "",
    reads: RAX,
    writes: RAX,
    flagsRead: IN_AH,
    lower(e) {
      e.const(2, 32);
      for (const [flag, position] of [[FLAG.CF, 0], [FLAG.PF, 2], [FLAG.AF, 4], [FLAG.ZF, 6], [FLAG.SF, 7]] as const) {
        e.flags.push(flag);
        e.const(position, 32).int(32, "shl").int(32, "or");
      } // prettier-ignore
      e.setGpr(GPR.rax, 8, true);
    },
  },
  Sahf: {
    operands: "",
    reads: RAX,
    flagsWritten: IN_AH,
    lower: (e) => setFromEflags(e, e.getGpr(GPR.rax, 8, true).save(32), IN_AH & e.live),
  },
};
