import type { Instruction } from "../decode/instruction.ts";
import { MNEMONIC_NAMES, type MnemonicName } from "../decode/mnemonics.ts";
import type { Effects } from "./effects.ts";
import type { Emitter } from "./emitter.ts";

/** How one mnemonic is translated, and what it touches. Adding an instruction is one of these and one line in difftest/forms. */
export interface Lowering {
  /**
   * A letter an operand: `r` read, `w` written (8- and 16-bit writes keep the rest of the register, so they also read it), `u` read and
   * written, `a` only its address is taken, `-` neither.
   */
  readonly operands: string;
  /** Registers used without being operands: bits as in `Effects`. */
  readonly reads?: number;
  readonly writes?: number;
  readonly flagsRead?: number;
  /** Flags that may change, undefined ones included. */
  readonly flagsWritten?: number;
  /** Of these, the flags that change whatever the operands are; all of them unless said. */
  readonly flagsMust?: number;
  /** Touches memory other than through a memory operand. */
  readonly memory?: boolean;
  /** Corrects the effects where they depend on the operands. */
  readonly adjust?: (effects: Effects, insn: Instruction) => void;
  readonly lower: (e: Emitter, insn: Instruction) => void;
}

/** The lowerings of a topic, by mnemonic. */
export type LoweringTable = Partial<Record<MnemonicName, Lowering>>;

/** Reported by `Emitter.lower` for an instruction, or a form of one, that has no lowering. */
export class NotTranslated extends Error {
  readonly instruction: Instruction;
  constructor(insn: Instruction, detail?: string) {
    super(
      `x86: no translation for ${MNEMONIC_NAMES[insn.mnemonic]?.toLowerCase() ?? `mnemonic ${insn.mnemonic}`} at 0x${insn.ip.toString(16)}${detail ? ` (${detail})` : ""}`,
    );
    this.name = "NotTranslated";
    this.instruction = insn;
  }
}
