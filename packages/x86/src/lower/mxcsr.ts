/** MXCSR's fields (Intel SDM volume 1, 10.2.3). The flags and, seven bits further, their masks are numbered as the x87's. */
export const MXCSR = {
  flags: 0x3f,
  precisionFlag: 0x20,
  denormalsAreZeros: 0x40,
  overflowMask: 0x400,
  underflowMask: 0x800,
  precisionMask: 0x1000,
  masks: 0x1f80,
  rounding: 0x6000,
  flushToZero: 0x8000,
} as const;

/** The masks in the x87's control word. */
export const X87_MASKS = 0x3f;

/** What changes a result, or may raise an exception: where none of it is so, and the masks are, flags are all that MXCSR is for. */
export const MXCSR_CONTROL = MXCSR.rounding | MXCSR.denormalsAreZeros | MXCSR.flushToZero | MXCSR.masks;

/** Whether MXCSR, or the x87's control word, ask for more than numbers rounded to nearest. Its own rounding and precision the x87 always minds. */
export function asksOfFloats(mxcsr: number, x87Control: number): boolean {
  return (mxcsr & MXCSR_CONTROL) !== MXCSR.masks || (x87Control & X87_MASKS) !== X87_MASKS;
}

/** What the helper `trap` is told of floating point's exceptions: the unit, and the bits of what is not masked. */
export const UNMASKED = { sse: 0x100, x87: 0x200 } as const;
