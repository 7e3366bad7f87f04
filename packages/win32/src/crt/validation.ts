import { InvalidParameterError, isWaiting, type AnyBody } from "@decant/hook";
import { guestCall, type GuestGenerator, type Thread } from "@decant/process";
import { Runtime } from "./runtime.ts";

/** What _set_invalid_parameter_handler sets is kept under this name. */
export const HANDLER_VARIABLE = "invalid parameter handler";
/** STATUS_INVALID_CRUNTIME_PARAMETER: what a program without a handler ends with. */
const INVALID_PARAMETER_STATUS = 0xc000_0417;
const OWN: unique symbol = Symbol("_set_thread_local_invalid_parameter_handler");
const MSVCRT = "msvcrt";

const checkedBodies = new Map<string, WeakMap<AnyBody, AnyBody>>();

/** A function's body that tells the program of a parameter that makes no sense, and fails then. Without a handler msvcrt just fails; the other runtimes end the program. */
export function validated(dll: string, body: AnyBody): AnyBody {
  const known = checkedBodies.get(dll) ?? new WeakMap<AnyBody, AnyBody>();
  checkedBodies.set(dll, known);
  let checked = known.get(body);
  if (checked === undefined) known.set(body, (checked = check(dll, body)));
  return checked;
}

function check(dll: string, body: AnyBody): AnyBody {
  return (thread: Thread, ...args: unknown[]) => {
    try {
      const result = body(thread, ...args);
      return isWaiting(result) ? drive(dll, thread, result as GuestGenerator<unknown>) : result;
    } catch (error) {
      return tell(dll, thread, error);
    }
  };
}

function* drive(dll: string, thread: Thread, waiting: GuestGenerator<unknown>): GuestGenerator<unknown> {
  try {
    return yield* waiting;
  } catch (error) {
    return yield* tell(dll, thread, error);
  }
}

function tell(dll: string, thread: Thread, error: unknown): GuestGenerator<never> {
  if (!(error instanceof InvalidParameterError)) throw error;
  return tellHandler(dll, thread, error);
}

function* tellHandler(dll: string, thread: Thread, error: InvalidParameterError): GuestGenerator<never> {
  if (!(yield* callHandler(thread)) && dll !== MSVCRT) yield* endInvalid(thread);
  throw error;
}

/** The thread's own handler: a guest address, or 0. */
export function ownHandler(thread: Thread): { address: number } {
  return thread.state(OWN, () => ({ address: 0 }));
}

/** Calls the thread's handler, or the program's, with no description, as release builds have none. Returns whether there was one. */
export function* callHandler(thread: Thread): GuestGenerator<boolean> {
  const handler = ownHandler(thread).address || thread.memory.u32(Runtime.of(thread).variable(HANDLER_VARIABLE, 8));
  if (handler === 0) return false;
  yield* guestCall(thread, handler, 0, 0, 0, 0, 0);
  return true;
}

/** Ends the program as the runtimes' own handler does. */
export function* endInvalid(thread: Thread): GuestGenerator<never> {
  const { process } = thread;
  const caller = process.modules.describe(thread.memory.u32(thread.rsp));
  const message = `${process.name} gave the C runtime a parameter that makes no sense (told by ${caller})`;
  process.end({ kind: "fault", exitCode: INVALID_PARAMETER_STATUS, message });
  yield { kind: "end", what: "process", exitCode: INVALID_PARAMETER_STATUS };
  throw new Error("a thread that has ended was resumed");
}
