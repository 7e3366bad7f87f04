import { api, BOOL, DWORD, fn, HANDLE, orElse, PVOID, text, TSTR, WORD } from "@decant/hook";

const SOURCE = orElse(HANDLE, 0 as never);

/** The event log ("Event Logging Functions"). Its service does not run. */
export const eventLogApi = api("advapi32", {
  RegisterEventSource: text(SOURCE, ["lpUNCServerName", TSTR], ["lpSourceName", TSTR]),
  OpenEventLog: text(SOURCE, ["lpUNCServerName", TSTR], ["lpSourceName", TSTR]),
  DeregisterEventSource: fn(BOOL, ["hEventLog", HANDLE]),
  CloseEventLog: fn(BOOL, ["hEventLog", HANDLE]),
  ReportEvent: text(
    BOOL,
    ["hEventLog", HANDLE],
    ["wType", WORD],
    ["wCategory", WORD],
    ["dwEventID", DWORD],
    ["lpUserSid", PVOID],
    ["wNumStrings", WORD],
    ["dwDataSize", DWORD],
    ["lpStrings", PVOID],
    ["lpRawData", PVOID],
  ),
});
