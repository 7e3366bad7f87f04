import {
  api,
  CALLBACK,
  InvalidParameterError,
  ERRNO,
  errno,
  fn,
  INT,
  LONG_PTR_N,
  OPAQUE,
  optional,
  out,
  PVOID,
  UINT,
  VOID,
} from "@decant/hook";
import { cSpecificHandler, exitThread, implement } from "@decant/process";
import { callCatchBlock, CATCH_STUB, cxxFrameHandler } from "./cxx/frame-handler.ts";
import { cxxThrow } from "./cxx/throw.ts";
import { BOTH, CDECL, WITH_VCRUNTIME } from "./dlls.ts";

/** Threads, and processes that programs start. */
export const threadApi = api(
  BOTH,
  {
    _beginthreadex: fn(
      errno(LONG_PTR_N, 0),
      ["security", PVOID],
      ["stackSize", UINT],
      ["startAddress", CALLBACK],
      ["arglist", OPAQUE],
      ["initflag", UINT],
      ["thrdaddr", optional(out(UINT))],
    ),
    _beginthread: fn(errno(LONG_PTR_N, -1), ["startAddress", CALLBACK], ["stackSize", UINT], ["arglist", OPAQUE]),
    _endthreadex: fn(VOID, ["retval", UINT]),
    _endthread: fn(VOID),
    _resetstkoflw: fn(INT),
  },
  CDECL,
);

/** Exception handling that compilers put into programs. */
export const exceptionApi = api(
  [...WITH_VCRUNTIME],
  {
    __C_specific_handler: fn(INT, ["record", PVOID], ["frame", PVOID], ["context", PVOID], ["dispatcher", PVOID]),
    __CxxFrameHandler: fn(INT, ["record", PVOID], ["frame", PVOID], ["context", PVOID], ["dispatcher", PVOID]),
    __CxxFrameHandler2: fn(INT, ["record", PVOID], ["frame", PVOID], ["context", PVOID], ["dispatcher", PVOID]),
    __CxxFrameHandler3: fn(INT, ["record", PVOID], ["frame", PVOID], ["context", PVOID], ["dispatcher", PVOID]),
    _CxxThrowException: fn(VOID, ["object", PVOID], ["throwInfo", PVOID]),
    [CATCH_STUB]: fn(VOID),
  },
  { ...CDECL, only: 8 },
);

const CREATE_SUSPENDED = 4;

export const threads = implement(threadApi, {
  _beginthreadex(thread, _security, stackSize, startAddress, arglist, initflag, thrdaddr) {
    if (startAddress === 0) throw new InvalidParameterError(ERRNO.EINVAL);
    const created = thread.process.createThread(startAddress, arglist, { stackSize, suspended: (initflag & CREATE_SUSPENDED) !== 0 });
    thrdaddr.set(created.id);
    return thread.process.handles.add(created.object);
  },
  _beginthread(thread, startAddress, stackSize, arglist) {
    if (startAddress === 0) throw new InvalidParameterError(ERRNO.EINVAL);
    const created = thread.process.createThread(startAddress, arglist, { stackSize });
    return thread.process.handles.add(created.object);
  },
  _endthreadex: (thread, retval) => exitThread(thread, retval),
  _endthread: (thread) => exitThread(thread, 0),
  _resetstkoflw: (thread) => (thread.restoreStackGuard() ? 1 : 0),
});

export const exceptions = implement(exceptionApi, {
  __C_specific_handler: (thread, record, frame, context, dispatcher) => cSpecificHandler(thread, { record, frame, context, dispatcher }),
  __CxxFrameHandler: cxxFrameHandler,
  __CxxFrameHandler2: cxxFrameHandler,
  __CxxFrameHandler3: cxxFrameHandler,
  _CxxThrowException: cxxThrow,
  [CATCH_STUB]: callCatchBlock,
});
