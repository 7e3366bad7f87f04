import { E, HresultError } from "@decant/hook";
import { guestCall, implement, type Thread } from "@decant/process";
import { method } from "../ole32/class-objects.ts";
import { errorInfoApi } from "./error-info.api.ts";

const S_OK = 0;
const S_FALSE = 1;
/** IUnknown's methods by their place. */
const METHOD = { AddRef: 1, Release: 2 } as const;
const ERROR_INFO_KEY = Symbol("COM error object");

const held = (thread: Thread): { object: number } => thread.state(ERROR_INFO_KEY, () => ({ object: 0 }));

export const errorInfo = implement(errorInfoApi, {
  /** "It transfers ownership of the error object to the caller, and clears the error state for the thread." */
  GetErrorInfo(thread, dwReserved, pperrinfo) {
    if (dwReserved !== 0 || pperrinfo.isNull) throw new HresultError(E.INVALIDARG);
    const state = held(thread);
    pperrinfo.set(state.object);
    if (state.object === 0) return S_FALSE;
    state.object = 0;
    return S_OK;
  },
  /** "SetErrorInfo releases the existing error information object, if one exists, and sets the pointer." */
  *SetErrorInfo(thread, dwReserved, perrinfo) {
    if (dwReserved !== 0) throw new HresultError(E.INVALIDARG);
    const state = held(thread);
    const before = state.object;
    if (perrinfo !== 0) yield* guestCall(thread, method(thread, perrinfo, METHOD.AddRef), perrinfo);
    state.object = perrinfo;
    if (before !== 0) yield* guestCall(thread, method(thread, before, METHOD.Release), before);
    return S_OK;
  },
});
