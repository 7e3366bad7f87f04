import { api, CALLBACK, fn, infallible, LPCWSTR, OPAQUE, PVOID, UINT, VOID } from "@decant/hook";
import { guestCall, implement, type GuestGenerator, type Thread } from "@decant/process";
import { CDECL, MSVCRT, UCRT } from "../dlls.ts";
import { Runtime } from "../runtime.ts";
import { exchange } from "./startup.ts";

const DESCRIPTION = [
  ["expression", LPCWSTR],
  ["function", LPCWSTR],
  ["file", LPCWSTR],
  ["line", UINT],
  ["reserved", OPAQUE],
] as const;
const HANDLER = infallible(PVOID);

const validation = {
  _invalid_parameter: fn(VOID, ...DESCRIPTION),
  _invalid_parameter_noinfo: fn(VOID),
  _set_invalid_parameter_handler: fn(HANDLER, ["handler", CALLBACK]),
  _get_invalid_parameter_handler: fn(HANDLER),
};
/** What programs and their inline functions call when a parameter makes no sense ("Parameter Validation"). Without a handler msvcrt goes on, the ucrt ends the program. */
export const msvcrtInvalidParameterApi = api(MSVCRT, validation, CDECL);
export const ucrtInvalidParameterApi = api(
  UCRT,
  {
    ...validation,
    _invalid_parameter_noinfo_noreturn: fn(VOID),
    _invoke_watson: fn(VOID, ...DESCRIPTION),
    _set_thread_local_invalid_parameter_handler: fn(HANDLER, ["handler", CALLBACK]),
    _get_thread_local_invalid_parameter_handler: fn(HANDLER),
  },
  CDECL,
);

/** STATUS_STACK_BUFFER_OVERRUN: what __fastfail ends a program with. */
const FAST_FAIL_STATUS = 0xc000_0409;
const GLOBAL = "invalid parameter handler";
const OWN: unique symbol = Symbol("_set_thread_local_invalid_parameter_handler");

const setHandler = (thread: Thread, handler: number) => exchange(thread, GLOBAL, handler);
const getHandler = (thread: Thread) => thread.memory.u32(Runtime.of(thread).variable(GLOBAL, 8));

export const msvcrtInvalidParameter = implement(msvcrtInvalidParameterApi, {
  *_invalid_parameter(thread) {
    yield* callHandler(thread);
  },
  *_invalid_parameter_noinfo(thread) {
    yield* callHandler(thread);
  },
  _set_invalid_parameter_handler: setHandler,
  _get_invalid_parameter_handler: getHandler,
});

export const ucrtInvalidParameter = implement(ucrtInvalidParameterApi, {
  *_invalid_parameter(thread) {
    if (!(yield* callHandler(thread))) yield* failFast(thread);
  },
  *_invalid_parameter_noinfo(thread) {
    if (!(yield* callHandler(thread))) yield* failFast(thread);
  },
  _set_invalid_parameter_handler: setHandler,
  _get_invalid_parameter_handler: getHandler,
  *_invalid_parameter_noinfo_noreturn(thread) {
    yield* callHandler(thread);
    yield* failFast(thread);
  },
  _invoke_watson: failFast,
  _set_thread_local_invalid_parameter_handler(thread, handler) {
    const own = ownHandler(thread);
    const before = own.address;
    own.address = handler;
    return before;
  },
  _get_thread_local_invalid_parameter_handler: (thread) => ownHandler(thread).address,
});

function ownHandler(thread: Thread): { address: number } {
  return thread.state(OWN, () => ({ address: 0 }));
}

/** Calls the thread's handler, or the program's, with no description, as release builds have none. Returns whether there was one. */
function* callHandler(thread: Thread): GuestGenerator<boolean> {
  const handler = ownHandler(thread).address || thread.memory.u32(Runtime.of(thread).variable(GLOBAL, 8));
  if (handler === 0) return false;
  yield* guestCall(thread, handler, 0, 0, 0, 0, 0);
  return true;
}

function* failFast(thread: Thread): GuestGenerator<never> {
  const { process } = thread;
  const caller = process.modules.describe(thread.memory.u32(thread.rsp));
  const message = `${process.name} gave the C runtime a parameter that makes no sense (told by ${caller})`;
  process.end({ kind: "fault", exitCode: FAST_FAIL_STATUS, message });
  yield { kind: "end", what: "process", exitCode: FAST_FAIL_STATUS };
  throw new Error("a thread that has ended was resumed");
}
