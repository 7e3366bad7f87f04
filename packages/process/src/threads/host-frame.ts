import type { UnwindState } from "../exceptions/unwind-state.ts";
import type { GuestGenerator } from "../waits/suspension.ts";

/** A generator that runs for a thread, above the guest's stack frame at `rsp`: a mapping that waits or calls guest code. */
export class HostFrame {
  readonly generator: GuestGenerator<unknown>;
  /** Where the guest was when the frame began, and its rsp: what is above that belongs to the guest. */
  readonly rip: number;
  readonly rsp: number;
  /** Guest calls are made below this address, and come back to it. */
  callBase: number;
  /** The registers of the code that an exception interrupted, when the frame dispatches one. Its CONTEXT record is the handlers' to change. */
  interrupted: UnwindState | undefined;
  /** The establisher frame, or registration, whose handler is asked about an exception that the frame dispatches; 0 while none is. */
  asked = 0;
  /** x86: the registration whose handler it tells of an unwind; 0 while it tells none. */
  told = 0;
  /** The frame of the guest's that it unwinds and whose handler runs: the registers in it, and the address of the DISPATCHER_CONTEXT. */
  unwinding: { readonly before: UnwindState; readonly dispatcher: number } | undefined;
  /** Prepares what comes after the frame; returns the address where the guest goes on, or UNWIND. */
  readonly finish: (value: unknown) => number;
  /** The rsp with which the guest function that it called comes back; 0 while none runs. */
  returnRsp = 0;
  /** The largest rsp with which it may: x86 functions that pop their arguments. */
  lastReturnRsp = 0;
  #running = false;

  constructor(generator: GuestGenerator<unknown>, { rip, rsp }: { rip: number; rsp: number }, finish: (value: unknown) => number) {
    this.generator = generator;
    this.rip = rip;
    this.rsp = rsp;
    this.callBase = rsp;
    this.finish = finish;
  }

  resume(value: unknown): ReturnType<GuestGenerator<unknown>["next"]> {
    this.#running = true;
    try {
      return this.generator.next(value);
    } finally {
      this.#running = false;
    }
  }

  /** Runs the generator's finally blocks. A frame that is running closes itself by ending. */
  close(): void {
    if (!this.#running) this.generator.return(undefined);
  }
}
