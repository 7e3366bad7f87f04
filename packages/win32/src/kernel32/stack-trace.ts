import { callerState, unwindFrame, type Thread, type UnwindState } from "@decant/process";

const RSP = 4;
/** USHORT is what the count comes back in. */
const MAX_FRAMES = 0xffff;

/**
 * The return addresses of the callers of the mapping that runs now, the nearest first (RtlCaptureStackBackTrace): by unwind data, or for x86 by the chain of
 * EBP. Guesses are left out: where neither goes on, the trace ends.
 */
export function returnAddresses(thread: Thread, skip: number, count: number): number[] {
  const { memory, process, pointerSize } = thread;
  const state: UnwindState = callerState(memory, thread.live);
  if (pointerSize === 4) state.gpr[RSP] = state.gpr[RSP]! - 4n;
  const addresses: number[] = [];
  const wanted = Math.min(skip + count, MAX_FRAMES);
  const means = pointerSize === 8 ? "unwind" : "chain";
  do addresses.push(state.rip);
  while (addresses.length < wanted && unwindFrame(process, state, false) === means && state.rip !== 0);
  return addresses.slice(skip, skip + count);
}
