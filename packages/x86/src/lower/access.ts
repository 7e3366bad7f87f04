import { GPR } from "../cpu-block.ts";
import type { Instruction, MemoryOperand } from "../decode/instruction.ts";
import { MNEMONIC } from "../decode/mnemonics.ts";
import { lowerings } from "./table.ts";

/** What an instruction does at an address in memory. An instruction that reads and writes there faults as a write. */
export interface Access {
  readonly kind: "read" | "write";
  /** 0 where it is not known. */
  readonly bytes: number;
  readonly at: MemoryOperand;
}

/** How an instruction uses its memory operand. */
export function accessOf(insn: Instruction): { kind: "read" | "write"; bytes: number } {
  const n = insn.operands.findIndex(({ kind }) => kind === "memory");
  const letter = insn.kind === "normal" ? lowerings[insn.mnemonic]?.operands[n] : "r";
  return { kind: letter === "w" || letter === "u" ? "write" : "read", bytes: (insn.operands[n]?.bits ?? 0) / 8 };
}

/** All accesses that an instruction makes, those that its mnemonic implies among them, in the order in which a processor makes them. */
export function accessesOf(insn: Instruction): Access[] {
  const accesses: Access[] = [];
  const word = insn.mode / 8;
  const through = (register: number, displacement: number, kind: Access["kind"], bytes: number): void => {
    accesses.push({ kind, bytes, at: { base: register, index: -1, scale: 0, displacement, segment: "none", addressBits: insn.mode } });
  };
  const isAddressOnly = insn.mnemonic === MNEMONIC.Lea;
  if (insn.memory !== undefined && !isAddressOnly && insn.operands.some(({ kind }) => kind === "memory"))
    accesses.push({ ...accessOf(insn), at: insn.memory });
  for (const [n, { kind, bits }] of insn.operands.entries()) {
    if (kind !== "string") continue;
    const { register, writes } = stringAccess(insn, n);
    through(register, 0, writes ? "write" : "read", bits / 8);
  }
  if (insn.kind === "call" || insn.kind === "call-indirect" || insn.mnemonic === MNEMONIC.Push) through(GPR.rsp, -word, "write", word);
  else if (insn.kind === "ret" || insn.mnemonic === MNEMONIC.Pop) through(GPR.rsp, 0, "read", word);
  else if (insn.mnemonic === MNEMONIC.Leave) through(GPR.rbp, 0, "read", word);
  return accesses;
}

const SOURCES: ReadonlySet<number> = new Set([MNEMONIC.Lodsb, MNEMONIC.Lodsw, MNEMONIC.Lodsd, MNEMONIC.Lodsq]);
const COMPARES: ReadonlySet<number> = new Set([
  MNEMONIC.Scasb,
  MNEMONIC.Scasw,
  MNEMONIC.Scasd,
  MNEMONIC.Scasq,
  MNEMONIC.Cmpsb,
  MNEMONIC.Cmpsw,
  MNEMONIC.Cmpsd,
  MNEMONIC.Cmpsq,
]);

/** Of a string instruction's operand: movs and stos write to rdi and read from rsi, which lods reads alone; cmps and scas only read. */
function stringAccess(insn: Instruction, n: number): { register: number; writes: boolean } {
  const both = insn.operands.filter(({ kind }) => kind === "string").length === 2;
  const compares = COMPARES.has(insn.mnemonic);
  // cmps names rsi first, movs rdi.
  const isSource = SOURCES.has(insn.mnemonic) || (both && (n === 0) === compares);
  return { register: isSource ? GPR.rsi : GPR.rdi, writes: !isSource && !compares };
}
