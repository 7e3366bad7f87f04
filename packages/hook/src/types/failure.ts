import type { CallingThread } from "../thread.ts";

/** An error that a failure policy does not know: it goes on to the kernel. */
export const UNHANDLED: unique symbol = Symbol("unhandled");

/** Turns an error that an implementation threw into what the guest sees: sets the thread's last error or errno, and returns the result. */
export type Failure = (thread: CallingThread, error: unknown) => unknown;
