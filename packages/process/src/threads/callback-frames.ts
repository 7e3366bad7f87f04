/** A kind of frame through which mappings call guest code: its return address is a stub whose unwind data describes it. */
export interface CallFrame {
  readonly name: string;
  readonly maxArguments: number;
  /** Bytes between the callee's return address and the return address of the mapping's own call. Multiples of 16, plus 8. */
  readonly frameSize: number;
}

/** The frames there are, smallest first: shadow space for four arguments, or room for twelve. */
export const CALL_FRAMES: readonly CallFrame[] = [
  { name: "callbackReturn4", maxArguments: 4, frameSize: 40 },
  { name: "callbackReturn12", maxArguments: 12, frameSize: 104 },
];
