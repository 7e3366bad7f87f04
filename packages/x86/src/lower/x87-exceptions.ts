import { CPU } from "../cpu-block.ts";
import type { Instruction } from "../decode/instruction.ts";
import { MNEMONIC, type MnemonicName } from "../decode/mnemonics.ts";
import type { Emitter } from "./emitter.ts";
import type { Lowering } from "./lowering.ts";
import { UNMASKED, X87_MASKS } from "./mxcsr.ts";
import { x87 } from "./x87.ts";
import { x87State } from "./x87-state.ts";

/** Those that do not wait: what was raised before them is for the next that does. */
const NOT_WAITING: ReadonlySet<MnemonicName> = new Set([
  "Fninit", "Fnclex", "Fnstcw", "Fnstsw", "Fnstenv", "Fnsave", "Fxsave", "Fxsave64", "Fxrstor", "Fxrstor64",
]); // prettier-ignore
/** Those that wait, and leave the address of the last instruction. */
const OF_CONTROL: ReadonlySet<MnemonicName> = new Set(["Wait", "Fldcw", "Fldenv", "Frstor"]);

const waits = (name: MnemonicName): boolean => name === "Wait" || ((name in x87 || name in x87State) && !NOT_WAITING.has(name));

const WAITING: ReadonlySet<number> = new Set((Object.keys(MNEMONIC) as MnemonicName[]).filter(waits).map((name) => MNEMONIC[name]));

/** Whether an instruction raises what one of the x87 before it was refused, or done, with. */
export function waitsForX87({ mnemonic }: Instruction): boolean {
  return WAITING.has(mnemonic);
}

/** Where exceptions of floating point may be raised (`Emitter.hasExactFloats`), the x87's are at its next instruction that waits. */
export function withX87Exceptions(name: MnemonicName, lowering: Lowering): Lowering {
  if (!waits(name)) return lowering;
  return {
    ...lowering,
    lower(e, insn) {
      if (e.hasExactFloats) raisePending(e, insn);
      if (e.hasExactFloats && !OF_CONTROL.has(name)) {
        e.cpuAddress(CPU.fpInstruction).const(insn.ip | 0, 32).store(32).cpuAddress(CPU.fpRefused).const(0, 32).store(32);
      }
      lowering.lower(e, insn);
    },
  }; // prettier-ignore
}

const SUMMARY = 0x80;
const STACK_FAULT = 0x40;

function raisePending(e: Emitter, insn: Instruction): void {
  const status = (): Emitter => e.cpuAddress(CPU.fpStatus).load(32);
  e.mayFault(insn);
  status().const(SUMMARY, 32).int(32, "and").f.if();
  e.makeExact(insn);
  // What is not masked, and whether it was the stack.
  status().cpuAddress(CPU.fpControl).load(32).const(X87_MASKS, 32).int(32, "and").const(-1, 32).int(32, "xor").int(32, "and");
  e.const(X87_MASKS | STACK_FAULT, 32).int(32, "and").const(UNMASKED.x87, 32).int(32, "or").const(insn.ip | 0, 32);
  e.help("trap").f.unreachable().end();
} // prettier-ignore
