import { ERROR, type Out } from "@decant/hook";
import { implement, type Thread } from "@decant/process";
import { fillRandom } from "../crypto/random-bytes.ts";
import { eventTracingApi } from "./event-tracing.api.ts";

const GUID_BYTES = 16;
const INVALID_TRACE = 0xffff_ffff_ffff_ffffn;
/** EVENT_ACTIVITY_CTRL_*: read, set, make, and both at once. */
const ACTIVITY = { GET: 1, SET: 2, CREATE: 3, GET_SET: 4, CREATE_SET: 5 } as const;

/** A thread's current activity. */
class Activity {
  id: Uint8Array = new Uint8Array(GUID_BYTES);
}

/** The providers of a process. No session listens: no provider is ever enabled, and events go nowhere, as on Windows. */
class Providers {
  readonly registered = new Set<bigint>();
  next = 1n;

  static of({ process }: Thread): Providers {
    return process.state(Providers, () => new Providers());
  }
}

export const eventTracing = implement(eventTracingApi, {
  EventRegister: (thread, _ProviderId, _EnableCallback, _CallbackContext, RegHandle) => register(thread, RegHandle),
  EventUnregister: (thread, RegHandle) => unregister(thread, RegHandle),
  EventSetInformation: (thread, RegHandle) => known(thread, RegHandle),
  EventWrite: (thread, RegHandle) => known(thread, RegHandle),
  EventWriteTransfer: (thread, RegHandle) => known(thread, RegHandle),
  EventWriteEx: (thread, RegHandle) => known(thread, RegHandle),
  EventWriteString: (thread, RegHandle) => known(thread, RegHandle),
  EventEnabled: () => false,
  EventProviderEnabled: () => false,
  EventActivityIdControl(thread, ControlCode, ActivityId) {
    const activity = thread.state(Activity, () => new Activity());
    const { id } = activity;
    if (ControlCode === ACTIVITY.SET || ControlCode === ACTIVITY.GET_SET) activity.id = ActivityId.read(GUID_BYTES);
    else if (ControlCode === ACTIVITY.CREATE) ActivityId.write(newActivity(thread));
    else if (ControlCode === ACTIVITY.CREATE_SET) activity.id = newActivity(thread);
    else if (ControlCode !== ACTIVITY.GET) return ERROR.INVALID_PARAMETER;
    if (ControlCode !== ACTIVITY.SET && ControlCode !== ACTIVITY.CREATE) ActivityId.write(id);
    return ERROR.SUCCESS;
  },
  RegisterTraceGuids: (thread, _address, _context, _guid, _count, _list, _path, _name, RegistrationHandle) =>
    register(thread, RegistrationHandle),
  UnregisterTraceGuids: (thread, RegistrationHandle) => unregister(thread, RegistrationHandle),
  GetTraceEnableFlags: () => 0,
  GetTraceEnableLevel: () => 0,
  GetTraceLoggerHandle(thread) {
    thread.lastError = ERROR.INVALID_HANDLE;
    return INVALID_TRACE;
  },
  TraceEvent: () => ERROR.INVALID_HANDLE,
  TraceMessage: () => ERROR.INVALID_HANDLE,
});

function register(thread: Thread, handle: Out<bigint>): number {
  const providers = Providers.of(thread);
  const made = providers.next++;
  providers.registered.add(made);
  handle.set(made);
  return ERROR.SUCCESS;
}

function unregister(thread: Thread, handle: bigint): number {
  return Providers.of(thread).registered.delete(handle) ? ERROR.SUCCESS : ERROR.INVALID_HANDLE;
}

function known(thread: Thread, handle: bigint): number {
  return Providers.of(thread).registered.has(handle) ? ERROR.SUCCESS : ERROR.INVALID_HANDLE;
}

function newActivity({ process }: Thread): Uint8Array {
  const id = new Uint8Array(GUID_BYTES);
  fillRandom(process, id);
  return id;
}
