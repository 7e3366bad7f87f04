/**
 * What a generator that runs for a guest thread hands to the kernel when it cannot go on by itself. Mappings do not make these: they
 * `yield*` wait, waitFor, sleep or guestCall.
 */
export type Suspension = BlockSuspension | CallSuspension | JumpSuspension | LeaveSuspension | EndSuspension;

/** The thread stops until `resume` is called, once. */
export interface BlockSuspension {
  readonly kind: "block";
  /** Something outside of the guests ends it. */
  readonly waitsForHost?: boolean;
  /** Arranges for `resume`, and returns what calls that off. `resume` may not be called before `begin` returns. */
  begin(resume: (value: unknown) => void): () => void;
}

/** The thread runs guest code at `address`; the generator goes on with its result (RAX, as a bigint). */
export interface CallSuspension {
  readonly kind: "call";
  readonly address: number;
  readonly args: readonly (number | bigint)[];
}

/** The registers in the CPU block were changed: the guest goes on by them, and the host frames below its rsp are closed. */
export interface JumpSuspension {
  readonly kind: "jump";
}

/** The generator is closed, and other frames and registers take the place of the thread's: a fiber's. `enter` puts them there. */
export interface LeaveSuspension {
  readonly kind: "leave";
  enter(): void;
}

/** The thread, or the whole process, ends here; the generator is closed. */
export interface EndSuspension {
  readonly kind: "end";
  readonly what: "thread" | "process";
  readonly exitCode: number;
}

/** A generator that runs for a guest thread. */
export type GuestGenerator<T> = Generator<Suspension, T, unknown>;
