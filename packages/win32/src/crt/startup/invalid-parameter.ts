import { api, CALLBACK, fn, infallible, LPCWSTR, OPAQUE, PVOID, UINT, VOID } from "@decant/hook";
import { implement, type Thread } from "@decant/process";
import { CDECL, MSVCRT, UCRT } from "../dlls.ts";
import { Runtime } from "../runtime.ts";
import { callHandler, endInvalid, HANDLER_VARIABLE, ownHandler } from "../validation.ts";
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

const setHandler = (thread: Thread, handler: number) => exchange(thread, HANDLER_VARIABLE, handler);
const getHandler = (thread: Thread) => thread.memory.u32(Runtime.of(thread).variable(HANDLER_VARIABLE, 8));

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
    if (!(yield* callHandler(thread))) yield* endInvalid(thread);
  },
  *_invalid_parameter_noinfo(thread) {
    if (!(yield* callHandler(thread))) yield* endInvalid(thread);
  },
  _set_invalid_parameter_handler: setHandler,
  _get_invalid_parameter_handler: getHandler,
  *_invalid_parameter_noinfo_noreturn(thread) {
    yield* callHandler(thread);
    yield* endInvalid(thread);
  },
  _invoke_watson: endInvalid,
  _set_thread_local_invalid_parameter_handler(thread, handler) {
    const own = ownHandler(thread);
    const before = own.address;
    own.address = handler;
    return before;
  },
  _get_thread_local_invalid_parameter_handler: (thread) => ownHandler(thread).address,
});
