import type { Instruction } from "../decode/instruction.ts";
import { MNEMONIC } from "../decode/mnemonics.ts";
import { lowerings } from "./table.ts";

/** How an instruction writes to memory. */
export type Store =
  | { readonly kind: "none" }
  /** To its memory operand: so many bytes from there on, at most. */
  | { readonly kind: "operand"; readonly bytes: number }
  /** Below rsp, as push does. */
  | { readonly kind: "push" }
  /** To places that only running it tells. */
  | { readonly kind: "other" };

const NONE: Store = { kind: "none" };
const OTHER: Store = { kind: "other" };
const PUSH: Store = { kind: "push" };

/** What fxsave writes: more than any other operand. */
const LARGEST_BYTES = 512;

const PUSHES: ReadonlySet<number> = new Set([MNEMONIC.Push, MNEMONIC.Pushf, MNEMONIC.Pushfd, MNEMONIC.Pushfq, MNEMONIC.Enter, MNEMONIC.Pushad, MNEMONIC.Pusha]); // prettier-ignore
const BIT_CHANGES: ReadonlySet<number> = new Set([MNEMONIC.Bts, MNEMONIC.Btr, MNEMONIC.Btc]);
/** A memory operand that is only there for its address, or for its length. */
const TOUCHES_NOTHING: ReadonlySet<number> = new Set([
  MNEMONIC.Nop,
  MNEMONIC.Lea,
  MNEMONIC.Prefetchnta,
  MNEMONIC.Prefetcht0,
  MNEMONIC.Prefetcht1,
  MNEMONIC.Prefetcht2,
  MNEMONIC.Prefetchw,
]);

/** Where an instruction of kind "normal" may write to memory. What is not known to write nothing, writes. */
export function storeOf(insn: Instruction): Store {
  const { mnemonic, operands, memory } = insn;
  if (PUSHES.has(mnemonic)) return PUSH;
  if (operands[0]?.kind === "string" || mnemonic === MNEMONIC.Maskmovdqu || mnemonic === MNEMONIC.Maskmovq) return OTHER;
  if (memory === undefined || TOUCHES_NOTHING.has(mnemonic)) return NONE;
  const n = operands.findIndex(({ kind }) => kind === "memory");
  const access = lowerings[mnemonic]?.operands[n];
  if (n < 0 || access === "r" || access === "a") return NONE;
  // pop reckons its address with the rsp after it, and a bit's number in a register reaches beyond the operand.
  if (mnemonic === MNEMONIC.Pop || (BIT_CHANGES.has(mnemonic) && operands[1]?.kind === "gpr")) return OTHER;
  const bits = operands[n]?.bits ?? 0;
  return { kind: "operand", bytes: bits > 0 && access !== undefined && access !== "-" ? bits / 8 : LARGEST_BYTES };
}
