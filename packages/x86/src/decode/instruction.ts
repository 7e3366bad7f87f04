import { MNEMONIC } from "./mnemonics.ts";

/** A condition by its encoding: bit 0 negates, so `cc ^ 1` is the opposite. */
export const CC = { o: 0, no: 1, b: 2, ae: 3, e: 4, ne: 5, be: 6, a: 7, s: 8, ns: 9, p: 10, np: 11, l: 12, ge: 13, le: 14, g: 15 } as const; // prettier-ignore
export type Condition = (typeof CC)[keyof typeof CC];

/** What an instruction does to the flow of control. Everything that only goes on to the next instruction is "normal". */
export type InstructionKind =
  | "normal"
  | "jmp"
  | "jcc"
  | "call"
  | "ret"
  | "jmp-indirect"
  | "call-indirect"
  /** loop, loope, loopne: the mnemonic says which. */
  | "loop"
  /** jcxz, jecxz, jrcxz: the mnemonic says which. */
  | "jcxz"
  /** int3, int n, into, int1. */
  | "int"
  | "syscall"
  /** hlt, mov of control registers and the other instructions that only an operating system may use. */
  | "privileged"
  /** ud0, ud1, ud2. */
  | "undefined"
  /** Far jumps, calls and returns, iret, and those of 16 bits, as of enter and leave: hardly a program on Windows needs them (rare-instructions.ts). */
  | "far"
  /** Bytes that are no instruction, or that could not be read. */
  | "invalid";

/**
 * One explicit operand. `register` counts in encoding order; `bits` is its width, 0 where it has none (lea's memory operand).
 * A "string" operand is memory at rsi or rdi, which the instruction implies; its `register` is the address width.
 */
export interface Operand {
  readonly kind: "gpr" | "xmm" | "mm" | "st" | "segment" | "other-register" | "immediate" | "memory" | "string" | "branch";
  readonly register: number;
  readonly bits: number;
  /** ah, ch, dh or bh, where `register` is 0 to 3. */
  readonly high: boolean;
}

/** The address of a memory operand: segment base + base + index * scale + displacement, cut to `addressBits`. */
export interface MemoryOperand {
  /** A general register, or -1 for none. A rip-relative operand has none: its displacement is the whole address. */
  readonly base: number;
  readonly index: number;
  /** log2 of the index's factor. */
  readonly scale: number;
  /** Signed; for a rip-relative operand the target, exact up to 2^53. */
  readonly displacement: number;
  /** moffs and rip-relative 64-bit addresses as they are; otherwise sign-extended from 32 bits. */
  readonly segment: "none" | "fs" | "gs";
  readonly addressBits: 16 | 32 | 64;
}

/** A decoded instruction. `ip` and `target` are guest addresses; in 64-bit mode they may lie above 4 GiB (exact up to 2^53). */
export interface Instruction {
  readonly ip: number;
  readonly length: number;
  readonly next: number;
  /** The decoder's numbers of the exact form and of the mnemonic. */
  readonly code: number;
  readonly mnemonic: number;
  readonly kind: InstructionKind;
  /** The target of a direct jmp, jcc, call, loop or jcxz. */
  readonly target: number | undefined;
  /** The condition of jcc, setcc and cmovcc. */
  readonly cc: Condition | undefined;
  readonly operands: readonly Operand[];
  readonly memory: MemoryOperand | undefined;
  /** The immediate as the operand's width reads it, signed where the form sign-extends; 0 where there is none. */
  readonly immediate: number;
  /** All 64 bits, of `mov r64, imm64` only. */
  readonly immediate64: bigint | undefined;
  /** The second immediate of enter, extrq and insertq. */
  readonly immediate2: number;
  readonly prefixes: { readonly lock: boolean; readonly rep: boolean; readonly repne: boolean };
  readonly mode: 64 | 32;
}

/** The width of the count register of loop and jcxz: the address size, which a prefix halves. */
export function countBits({ mnemonic, length, mode }: Instruction): 64 | 32 | 16 {
  if (mnemonic === MNEMONIC.Jrcxz) return 64;
  if (mnemonic === MNEMONIC.Jecxz) return 32;
  if (mnemonic === MNEMONIC.Jcxz) return 16;
  return length > 2 ? ((mode / 2) as 32 | 16) : mode;
}
