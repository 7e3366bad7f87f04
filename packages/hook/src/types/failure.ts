import type { CallingThread } from "../thread.ts";

/** A failure policy's answer to an error that is not an API's failure: the error goes on to the kernel. */
export const UNHANDLED: unique symbol = Symbol("unhandled");

/** How a result type fails. */
export interface Failure {
  /** Where the guest finds the error's code. */
  readonly channel: "lastError" | "errno" | "result";
  /** Stores the code on the thread, and returns the result that the guest sees; UNHANDLED for what is not an API's failure. */
  value(thread: CallingThread, error: unknown): unknown;
}

/** An error that the kernel throws to leave a mapping (a thread's exit, an unwinding): it passes every result type and every hook. */
export abstract class ControlTransfer extends Error {}
