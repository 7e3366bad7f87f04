import { ERROR, Win32Error } from "@decant/hook";
import { implement } from "@decant/process";
import { eventLogApi } from "./event-log.api.ts";

const RPC_S_SERVER_UNAVAILABLE = 1722;

/** Without the event log's service its calls fail as they do where that was stopped, and no handle is one of its own. */
export const eventLog = implement(eventLogApi, {
  RegisterEventSource: noService,
  OpenEventLog: noService,
  DeregisterEventSource: noLog,
  CloseEventLog: noLog,
  ReportEvent: noLog,
});

function noService(): never {
  throw new Win32Error(RPC_S_SERVER_UNAVAILABLE);
}

function noLog(): never {
  throw new Win32Error(ERROR.INVALID_HANDLE);
}
