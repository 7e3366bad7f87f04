import { CPU } from "@decant/x86";

/** EFLAGS bit positions of the flags that the CPU block keeps a word each. */
const FLAG_BITS: readonly (readonly [word: number, bit: number])[] = [
  [CPU.cf, 0],
  [CPU.pf, 2],
  [CPU.af, 4],
  [CPU.zf, 6],
  [CPU.sf, 7],
  [CPU.df, 10],
  [CPU.of, 11],
];
/** TF, AC and ID, which the block keeps in place. */
const KEPT_FLAGS = 0x0024_0100;
/** The fixed bit 1, and the interrupt flag that user code always sees set. */
const FIXED_FLAGS = 0x202;

/** EFLAGS of a CPU block. */
export function readFlags(view: DataView): number {
  let flags = FIXED_FLAGS | (view.getUint32(CPU.eflags, true) & KEPT_FLAGS);
  for (const [word, bit] of FLAG_BITS) flags |= (view.getUint32(word, true) & 1) << bit;
  return flags;
}

/** Sets a CPU block's flags from EFLAGS. */
export function writeFlags(view: DataView, flags: number): void {
  for (const [word, bit] of FLAG_BITS) view.setUint32(word, (flags >>> bit) & 1, true);
  view.setUint32(CPU.eflags, flags & KEPT_FLAGS, true);
}
