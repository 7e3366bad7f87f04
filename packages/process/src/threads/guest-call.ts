import type { GuestGenerator } from "../waits/suspension.ts";
import { setRegister, WORD } from "./registers.ts";
import type { Thread } from "./thread.ts";

/** Calls a guest function on a thread; the result is the low half of RAX, unsigned. */
export function* guestCall(thread: Thread, address: number, ...args: readonly (number | bigint)[]): GuestGenerator<number> {
  return Number((yield* guestCall64(thread, address, ...args)) & 0xffff_ffffn);
}

/** Calls code of a function of x86 that works in the function's frame: a filter, a termination handler, a catch block. It finds ebp as given. */
export function* guestCallInFrame(thread: Thread, address: number, ebp: number, ...args: readonly number[]): GuestGenerator<number> {
  const { registers } = thread;
  const before = registers[WORD.rbp]!;
  setRegister(registers, WORD.rbp, ebp);
  const result = yield* guestCall(thread, address, ...args);
  setRegister(registers, WORD.rbp, before);
  return result;
}

/** Calls a C++ member function on a thread: `this` is in ecx on x86, the first argument on x64. */
export function* guestCallThis(
  thread: Thread,
  address: number,
  self: number,
  ...args: readonly (number | bigint)[]
): GuestGenerator<number> {
  if (thread.pointerSize === 8) return yield* guestCall(thread, address, self, ...args);
  setRegister(thread.registers, WORD.rcx, self);
  return yield* guestCall(thread, address, ...args);
}

/** Calls a guest function on a thread; the result is RAX, or EAX on x86. The thread says for whom the generator runs; it must be the calling one. */
export function* guestCall64(_thread: Thread, address: number, ...args: readonly (number | bigint)[]): GuestGenerator<bigint> {
  return (yield { kind: "call", address, args }) as bigint;
}

/**
 * Goes on in the guest by the registers in the CPU block, which the caller has changed: longjmp, an exception handler, a restored context.
 * The generators of host frames below the new rsp are closed, this one among them; their finally blocks run.
 */
export function* jump(_thread: Thread): GuestGenerator<never> {
  yield { kind: "jump" };
  throw new Error("a frame that was left by a jump was resumed");
}
