import { ERROR } from "@decant/hook";
import type { Thread } from "@decant/process";

/** How far apart, in bytes of stack, calls of one function without frames between them may be. */
const SAME_FRAME = 0x80;

/** The last function that GetProcAddress did not find for a thread, and from where it was asked. */
class Missing {
  name = "";
  rsp = 0;
  caller = 0;
}

/** Takes note of a function that GetProcAddress does not find. */
export function noteMissing(thread: Thread, dll: string, symbol: string | number): void {
  const missing = thread.state(Missing, () => new Missing());
  missing.name = `${dll}!${typeof symbol === "number" ? `#${symbol}` : symbol}`;
  missing.rsp = thread.rsp;
  missing.caller = thread.memory.u32(thread.rsp);
}

/**
 * Says what was missing when a program ends in the function that has just not found one: so do programs that were packed, whose loaders
 * look up what they import, and end without a word where something of it is not there.
 */
export function tellOfMissing(thread: Thread): void {
  const { name, rsp, caller } = thread.state(Missing, () => new Missing());
  if (name === "" || thread.lastError !== ERROR.PROC_NOT_FOUND || Math.abs(thread.rsp - rsp) > SAME_FRAME) return;
  if (!thread.memory.accessible(thread.rsp, 4, "read") || thread.memory.u32(thread.rsp) === caller) return;
  thread.kernel.reportOnce(`${thread.process.name} ended itself when it did not find ${name}, which is not mapped`);
}
