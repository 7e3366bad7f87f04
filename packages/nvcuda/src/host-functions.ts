import { exitThread, guestCall, type GuestGenerator, type Thread } from "@decant/process";
import type { GuestThread, Nvcuda } from "./library.ts";

/** A guest function that a stream has come to. */
export interface HostCall {
  readonly address: number;
  readonly args: readonly (number | bigint)[];
  returned(): void;
}

/**
 * Calls a guest function on a thread of its own, which the program has not made: resolves when it has returned. Functions are called one after the other, in
 * the order in which streams come to them; the thread is there while there are any.
 */
export function callOnHostThread(
  nvcuda: Nvcuda,
  thread: GuestThread,
  address: number,
  ...args: readonly (number | bigint)[]
): Promise<void> {
  const state = nvcuda.state(thread);
  return new Promise((returned) => {
    state.hostCalls.push({ address, args, returned });
    if (state.isHostThreadRunning) return;
    state.isHostThreadRunning = true;
    thread.process.createHostThread((hidden) => run(state, hidden));
  });
}

function* run(state: { readonly hostCalls: HostCall[]; isHostThreadRunning: boolean }, thread: Thread): GuestGenerator<never> {
  for (let call = state.hostCalls.shift(); call !== undefined; call = state.hostCalls.shift()) {
    yield* guestCall(thread, call.address, ...call.args);
    call.returned();
  }
  state.isHostThreadRunning = false;
  return yield* exitThread(thread, 0);
}
