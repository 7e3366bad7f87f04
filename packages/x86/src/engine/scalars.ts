import { MNEMONIC, MnemonicSet, type Instruction } from "../decode/index.ts";
import type { ScalarRegisters } from "../lower/index.ts";
import type { Block, Step } from "./block.ts";

/**
 * Decides in which form each block begins with its xmm registers: as a scalar in a local of its own where some way there computed it so, as a vector
 * otherwise. Only a choice: whatever a block ends with is brought into the form that its successors want. `blocks` are in reverse postorder, and the answers
 * by that order; `liveIn` gives a bit for each register.
 */
export function planScalars(blocks: readonly Block[], liveIn: (block: Block) => number): ScalarRegisters[] {
  if (!blocks.some(writesXmm)) return blocks.map(() => NO_SCALARS);
  const plan = blocks.map((): { doubles: number; floats: number } => ({ doubles: 0, floats: 0 }));
  for (let changed = true, round = 0; changed && round < MAX_ROUNDS; round++) {
    changed = false;
    for (const block of blocks) {
      const { doubles, floats } = atEnd(block, plan[block.order] as ScalarRegisters);
      for (const next of block.successors) {
        const form = plan[next.order] as { doubles: number; floats: number };
        if (((form.doubles | ~doubles) & (form.floats | ~floats)) === -1) continue;
        form.doubles |= doubles;
        form.floats |= floats;
        changed = true;
      }
    }
  }
  for (const [n, form] of plan.entries()) {
    const block = blocks[n] as Block;
    // After a call the registers come from the CPU block, as vectors.
    const isVector = n === 0 || block.predecessors.some(({ ending: { kind } }) => kind === "call" || kind === "intrinsic");
    const mask = isVector ? 0 : liveIn(block) & ~(form.doubles & form.floats);
    form.doubles &= mask;
    form.floats &= mask;
  }
  return plan;
}

const MAX_ROUNDS = 10;
const NO_SCALARS: ScalarRegisters = { doubles: 0, floats: 0 };

function writesXmm({ steps }: Block): boolean {
  for (let k = 0; k < steps.length; k++) if ((steps[k] as Step).effects.writes >>> 16 !== 0) return true;
  return false;
}

function atEnd({ steps }: Block, { doubles, floats }: ScalarRegisters): ScalarRegisters {
  for (const { insn, effects } of steps) {
    const written = effects.writes >>> 16;
    if (written === 0) continue;
    const from = copiedFrom(insn);
    const isDouble = from < 0 ? DOUBLES.has(insn.mnemonic) : (doubles >>> from) & 1;
    const isFloat = from < 0 ? FLOATS.has(insn.mnemonic) : (floats >>> from) & 1;
    doubles = isDouble ? doubles | written : doubles & ~written;
    floats = isFloat ? floats | written : floats & ~written;
  }
  return { doubles, floats };
}

/** The register that an instruction copies whole into another; -1 of other instructions. */
function copiedFrom({ mnemonic, operands }: Instruction): number {
  return COPIES.has(mnemonic) && operands[1]?.kind === "xmm" ? operands[1].register : -1;
}

const COPIES = new MnemonicSet([MNEMONIC.Movaps, MNEMONIC.Movups, MNEMONIC.Movapd, MNEMONIC.Movupd, MNEMONIC.Movdqa, MNEMONIC.Movdqu]);

const DOUBLES = new MnemonicSet([
  MNEMONIC.Movsd, MNEMONIC.Addsd, MNEMONIC.Subsd, MNEMONIC.Mulsd, MNEMONIC.Divsd, MNEMONIC.Minsd, MNEMONIC.Maxsd, MNEMONIC.Sqrtsd,
  MNEMONIC.Cvtsi2sd, MNEMONIC.Cvtss2sd, MNEMONIC.Roundsd,
]); // prettier-ignore

const FLOATS = new MnemonicSet([
  MNEMONIC.Movss, MNEMONIC.Addss, MNEMONIC.Subss, MNEMONIC.Mulss, MNEMONIC.Divss, MNEMONIC.Minss, MNEMONIC.Maxss, MNEMONIC.Sqrtss,
  MNEMONIC.Cvtsi2ss, MNEMONIC.Cvtsd2ss, MNEMONIC.Roundss, MNEMONIC.Rcpss, MNEMONIC.Rsqrtss,
]); // prettier-ignore
