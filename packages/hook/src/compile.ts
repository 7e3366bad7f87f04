import type { AnyBody, Waiting } from "./implement.ts";
import { writeResult, type ResultPlan } from "./result-plan.ts";
import { readArgument, stackWord, type ArgumentPlan } from "./argument-plan.ts";
import type { CallingThread } from "./thread.ts";
import { GuestOut, type PointerType } from "./types/pointers.ts";
import { UNHANDLED } from "./types/failure.ts";
import { KIND } from "./types/type.ts";

/** Calls a body for the guest: undefined when the result is in place, a generator for the kernel to drive when it waits. */
export type Invoke = (thread: CallingThread) => Waiting<void> | undefined;

/**
 * Joins the plans of a signature and a body into what the guest's call runs: a closure per number of parameters, so that arguments are
 * positional and never an array. 10^6 calls a run; bench/hooked-call.ts watches it. Code made with `new Function` for each signature is
 * some 20 ns faster (of 50), as V8 then inlines the body; pages with a content security policy forbid it.
 */
export function compileInvoke(plans: readonly ArgumentPlan[], result: ResultPlan, body: AnyBody): Invoke {
  switch (plans.length) {
    case 0: {
      return (thread) => {
        try {
          return finish(thread, result, body(thread));
        } catch (error) {
          return fail(thread, result, error);
        }
      };
    }
    case 1: {
      const [a] = plans as [ArgumentPlan];
      return (thread) => {
        const { registers } = thread;
        try {
          return finish(thread, result, body(thread, argument(thread, registers, a)));
        } catch (error) {
          return fail(thread, result, error);
        }
      };
    }
    case 2: {
      const [a, b] = plans as [ArgumentPlan, ArgumentPlan];
      return (thread) => {
        const { registers } = thread;
        try {
          return finish(thread, result, body(thread, argument(thread, registers, a), argument(thread, registers, b)));
        } catch (error) {
          return fail(thread, result, error);
        }
      };
    }
    case 3: {
      const [a, b, c] = plans as [ArgumentPlan, ArgumentPlan, ArgumentPlan];
      return (thread) => {
        const { registers } = thread;
        try {
          return finish(
            thread,
            result,
            body(thread, argument(thread, registers, a), argument(thread, registers, b), argument(thread, registers, c)),
          );
        } catch (error) {
          return fail(thread, result, error);
        }
      };
    }
    case 4: {
      const [a, b, c, d] = plans as [ArgumentPlan, ArgumentPlan, ArgumentPlan, ArgumentPlan];
      return (thread) => {
        const { registers } = thread;
        try {
          return finish(
            thread,
            result,
            body(
              thread,
              argument(thread, registers, a),
              argument(thread, registers, b),
              argument(thread, registers, c),
              argument(thread, registers, d),
            ),
          );
        } catch (error) {
          return fail(thread, result, error);
        }
      };
    }
    case 5: {
      const [a, b, c, d, e] = plans as [ArgumentPlan, ArgumentPlan, ArgumentPlan, ArgumentPlan, ArgumentPlan];
      return (thread) => {
        const { registers } = thread;
        try {
          return finish(
            thread,
            result,
            body(
              thread,
              argument(thread, registers, a),
              argument(thread, registers, b),
              argument(thread, registers, c),
              argument(thread, registers, d),
              argument(thread, registers, e),
            ),
          );
        } catch (error) {
          return fail(thread, result, error);
        }
      };
    }
    case 6: {
      const [a, b, c, d, e, f] = plans as [ArgumentPlan, ArgumentPlan, ArgumentPlan, ArgumentPlan, ArgumentPlan, ArgumentPlan];
      return (thread) => {
        const { registers } = thread;
        try {
          return finish(
            thread,
            result,
            body(
              thread,
              argument(thread, registers, a),
              argument(thread, registers, b),
              argument(thread, registers, c),
              argument(thread, registers, d),
              argument(thread, registers, e),
              argument(thread, registers, f),
            ),
          );
        } catch (error) {
          return fail(thread, result, error);
        }
      };
    }
    case 7: {
      const [a, b, c, d, e, f, g] = plans as [
        ArgumentPlan,
        ArgumentPlan,
        ArgumentPlan,
        ArgumentPlan,
        ArgumentPlan,
        ArgumentPlan,
        ArgumentPlan,
      ];
      return (thread) => {
        const { registers } = thread;
        try {
          return finish(
            thread,
            result,
            body(
              thread,
              argument(thread, registers, a),
              argument(thread, registers, b),
              argument(thread, registers, c),
              argument(thread, registers, d),
              argument(thread, registers, e),
              argument(thread, registers, f),
              argument(thread, registers, g),
            ),
          );
        } catch (error) {
          return fail(thread, result, error);
        }
      };
    }
    case 8: {
      const [a, b, c, d, e, f, g, h] = plans as [
        ArgumentPlan,
        ArgumentPlan,
        ArgumentPlan,
        ArgumentPlan,
        ArgumentPlan,
        ArgumentPlan,
        ArgumentPlan,
        ArgumentPlan,
      ];
      return (thread) => {
        const { registers } = thread;
        try {
          return finish(
            thread,
            result,
            body(
              thread,
              argument(thread, registers, a),
              argument(thread, registers, b),
              argument(thread, registers, c),
              argument(thread, registers, d),
              argument(thread, registers, e),
              argument(thread, registers, f),
              argument(thread, registers, g),
              argument(thread, registers, h),
            ),
          );
        } catch (error) {
          return fail(thread, result, error);
        }
      };
    }
    default:
      return compileLong(plans, result, body);
  }
}

/** For more parameters than the fast forms have, and for results whose place is an argument of the call. */
export function compileLong(plans: readonly ArgumentPlan[], result: ResultPlan, body: AnyBody): Invoke {
  return (thread) => {
    const placed = result.placed?.(thread) ?? result;
    try {
      return finish(thread, placed, body(thread, ...plans.map((plan) => readArgument(thread, plan))));
    } catch (error) {
      return fail(thread, placed, error);
    }
  };
}

/** Small, to be inlined for each argument: plain words are read here, the rest costs a call. */
function argument(thread: CallingThread, registers: Uint32Array, plan: ArgumentPlan): unknown {
  const { low, kind } = plan;
  const word = low >= 0 ? (registers[low] as number) : stackWord(thread, low);
  if (kind === KIND.U32) return word;
  if (kind === KIND.I32) return word | 0;
  if (kind === KIND.OUT) return new GuestOut(thread, word, plan.type as unknown as PointerType<unknown, unknown>);
  return readArgument(thread, plan);
}

function finish(thread: CallingThread, plan: ResultPlan, value: unknown): Waiting<void> | undefined {
  if (typeof value === "object" && isWaiting(value)) return drive(thread, plan, value);
  writeResult(thread, plan, value);
  return undefined;
}

/** Whether a body returned a generator rather than its result. */
export function isWaiting(value: unknown): value is Waiting<unknown> {
  return typeof value === "object" && value !== null && "next" in value && "throw" in value;
}

function* drive(thread: CallingThread, plan: ResultPlan, waiting: Waiting<unknown>): Waiting<void> {
  try {
    writeResult(thread, plan, yield* waiting);
  } catch (error) {
    fail(thread, plan, error);
  }
}

function fail(thread: CallingThread, plan: ResultPlan, error: unknown): undefined {
  const { failure } = plan.type;
  const value = failure === undefined ? UNHANDLED : failure.value(thread, error);
  if (value === UNHANDLED) throw error;
  writeResult(thread, plan, value);
}
