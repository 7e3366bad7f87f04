import { CPU, GPR } from "../cpu-block.ts";
import { MNEMONIC, MnemonicSet, type Instruction } from "../decode/index.ts";
import type { MemoryOperand } from "../decode/instruction.ts";
import { effects, looksAtMxcsr, waitsForX87 } from "../lower/index.ts";
import { MXCSR, MXCSR_CONTROL, X87_MASKS } from "../lower/mxcsr.ts";
import type { Block } from "./block.ts";

/** A control word of floating point: its field of the CPU block, the bits that ask for something, and what they are where none does. */
export interface FloatControl {
  readonly field: number;
  readonly mask: number;
  readonly plain: number;
}

const OF_MXCSR: FloatControl = { field: CPU.mxcsr, mask: MXCSR_CONTROL, plain: MXCSR.masks };
const OF_X87: FloatControl = { field: CPU.fpControl, mask: X87_MASKS, plain: X87_MASKS };
const CONTROLS: ReadonlyMap<number, readonly FloatControl[]> = new Map([
  [MNEMONIC.Ldmxcsr, [OF_MXCSR]], [MNEMONIC.Fldcw, [OF_X87]], [MNEMONIC.Fldenv, [OF_X87]], [MNEMONIC.Frstor, [OF_X87]],
  [MNEMONIC.Fxrstor, [OF_MXCSR, OF_X87]], [MNEMONIC.Fxrstor64, [OF_MXCSR, OF_X87]],
]); // prettier-ignore
const NO_CONTROLS: readonly FloatControl[] = [];

/** The instructions that load control words. */
export const LOADS_FLOAT_CONTROL: readonly number[] = [...CONTROLS.keys()];

/** The control words that an instruction loads. */
export function floatControlsOf({ mnemonic }: Instruction): readonly FloatControl[] {
  return CONTROLS.get(mnemonic) ?? NO_CONTROLS;
}

/** Whether an instruction may raise an exception of floating point, where such are not masked. */
export function mayRaise(insn: Instruction): boolean {
  return looksAtMxcsr(insn) || waitsForX87(insn);
}

/**
 * Whether code looks at what floating point has raised: at the flags of MXCSR, or of the x87's status word. What only saves MXCSR, as setjmp does, with
 * the x87's control word beside it, does not; nor does what takes its control bits out of it.
 */
export function wantsExactFloats(blocks: readonly Block[]): boolean {
  if (!blocks.some(({ steps }) => steps.some(({ insn }) => TELLS.has(insn.mnemonic)))) return false;
  const runs = blocks.map(({ steps }) => steps.map(({ insn }) => insn));
  return runs.some((run) => run.some((insn, n) => TELLS.has(insn.mnemonic) && isLookedAt(insn, run.slice(n + 1), runs)));
}

const TELLS = new MnemonicSet([
  MNEMONIC.Stmxcsr, MNEMONIC.Fxsave, MNEMONIC.Fxsave64, MNEMONIC.Fnstenv, MNEMONIC.Fnsave, MNEMONIC.Fnstsw,
]); // prettier-ignore

function isLookedAt(insn: Instruction, after: readonly Instruction[], runs: readonly (readonly Instruction[])[]): boolean {
  if (insn.mnemonic === MNEMONIC.Fnstsw) return insn.operands[0]!.kind === "gpr" && usesFlagsOf(GPR.rax, after, false);
  if (insn.mnemonic !== MNEMONIC.Stmxcsr) return true;
  const verdicts = runs.flatMap((run) => run.flatMap((other, n) => (loads(other, insn) ? [usesFlags(other, run.slice(n + 1))] : [])));
  if (verdicts.length > 0) return verdicts.includes(true);
  return !runs.some((run) => run.some((other) => other.mnemonic === MNEMONIC.Fnstcw || loadsBack(other, insn)));
}

/** Whether an instruction loads into MXCSR what another has stored: code that saves it around a change of the x87's environment, as fesetenv does. */
function loadsBack({ mnemonic, memory }: Instruction, { memory: stored }: Instruction): boolean {
  return mnemonic === MNEMONIC.Ldmxcsr && memory !== undefined && stored !== undefined && isSamePlace(memory, stored);
}

/** Whether an instruction reads what another has stored, to do more with it than to load it into MXCSR again. */
function loads({ mnemonic, memory }: Instruction, { memory: stored }: Instruction): boolean {
  if (memory === undefined || stored === undefined || mnemonic === MNEMONIC.Ldmxcsr || mnemonic === MNEMONIC.Stmxcsr) return false;
  return isSamePlace(memory, stored);
}

function isSamePlace(a: MemoryOperand, b: MemoryOperand): boolean {
  return a.base === b.base && a.index === b.index && a.displacement === b.displacement;
}

/** Whether what an instruction reads of memory is used for its lowest six bits. */
function usesFlags(insn: Instruction, after: readonly Instruction[]): boolean {
  const [first] = insn.operands;
  if (first?.kind === "gpr" && (insn.mnemonic === MNEMONIC.Mov || insn.mnemonic === MNEMONIC.Movzx))
    return usesFlagsOf(first.register, after, true);
  return MASKS.has(insn.mnemonic) && insn.operands[1]?.kind === "immediate" ? masksFlags(insn.immediate) : first?.kind !== "memory";
}

const MASKS: ReadonlySet<number> = new Set([MNEMONIC.And, MNEMONIC.Test]);

/** Not where only control bits are left. What clears the flags and nothing else is about to look at them later. */
const masksFlags = (mask: number): boolean => (mask & MXCSR.flags) !== 0 || (mask | MXCSR.flags) === -1;

/** The same of a register, by the first instruction that reads it; `unless` where none in the block does. */
function usesFlagsOf(register: number, after: readonly Instruction[], unless: boolean): boolean {
  for (const insn of after) {
    const { reads, writes } = effects(insn);
    const [operand, second] = insn.operands;
    if (insn.mnemonic === MNEMONIC.Sahf) return false;
    if ((reads >> register) & 1) {
      if (insn.operands.some(({ kind, register: n, high }) => kind === "gpr" && n === register && high)) return false;
      const isFirst = operand?.kind === "gpr" && operand.register === register && second?.kind === "immediate";
      if (isFirst && MASKS.has(insn.mnemonic)) return masksFlags(insn.immediate);
      return !(isFirst && insn.mnemonic === MNEMONIC.Shr && insn.immediate >= FLAG_BITS);
    }
    if ((writes >> register) & 1) return false;
  }
  return unless;
}

const FLAG_BITS = 6;
