import { CPU_BLOCK } from "@decant/memory";

/**
 * Byte offsets in the CPU block. A thread switch copies the first CONTEXT_SIZE bytes; what lies above belongs to the machine.
 * General registers are in encoding order: rax rcx rdx rbx rsp rbp rsi rdi r8 … r15, eight bytes each.
 */
export const CPU = {
  gpr: 0x000,
  rip: 0x080,
  /** The arithmetic flags, a u32 word each, 0 or 1. */
  cf: 0x088,
  pf: 0x08c,
  af: 0x090,
  zf: 0x094,
  sf: 0x098,
  of: 0x09c,
  /** The direction flag, 0 or 1. */
  df: 0x0a0,
  /** The other bits of EFLAGS that a program can set and read back (ID, AC, TF …), in place. */
  eflags: 0x0a4,
  fsBase: 0x0a8,
  gsBase: 0x0b0,
  mxcsr: 0x0b8,
  /** Calls may go on while rsp is at or above this guest address. */
  stackLimit: 0x0bc,
  /** The lowest guest address of the thread's stack: below it lies a stack overflow. 0 when it is not known. */
  stackEnd: 0x0c0,
  xmm: 0x100,
  /** The x87 registers, physical order, 16 bytes each as `X87_FORM` says; top, control and status words after them. */
  x87: 0x200,
  fpTop: 0x280,
  fpControl: 0x288,
  fpStatus: 0x28c,
  /** What goes to helpers of floating point, and comes from them: 32 bytes. */
  fpScratch: 0x290,
  /** Kept where floats are exact: the address of the x87's last instruction that is none of control, and whether an unmasked exception kept one from being done. */
  fpInstruction: 0x2b0,
  fpRefused: 0x2b4,
  /** Machine, not thread: the countdown that bounds uninterrupted running, and why the wasm frames unwound. */
  budget: 0x400,
  exitReason: 0x404,
} as const;

/**
 * An x87 register is a word at its byte 8, and before it eight bytes: a double where the word is 0; where the word has `extended`, the significand of an
 * 80-bit number, whose sign and exponent are the word's low half. `empty`: the register is free; what it holds stays. A float or double as it lies in
 * memory, `single` and `double`, is only in the scratch place.
 */
export const X87_FORM = { extended: 0x1_0000, single: 0x2_0000, double: 0x4_0000, empty: 0x100_0000 } as const;

/** Bytes of the block that are a thread's own. */
export const CONTEXT_SIZE = 0x300;

/** The block's size in bytes. */
export const CPU_BLOCK_SIZE = 0x1000;

/** The register numbers of the encoding. */
export const GPR = {
  rax: 0, rcx: 1, rdx: 2, rbx: 3, rsp: 4, rbp: 5, rsi: 6, rdi: 7,
  r8: 8, r9: 9, r10: 10, r11: 11, r12: 12, r13: 13, r14: 14, r15: 15,
} as const; // prettier-ignore

/** Bits by which the lowering and the dataflow name the arithmetic flags. */
export const FLAG = { CF: 1, PF: 2, AF: 4, ZF: 8, SF: 16, OF: 32, ALL: 63 } as const;

export { CPU_BLOCK };
