import { api, DWORD, fn, HANDLE, LSTATUS, PVOID } from "@decant/hook";

/** Word of suspending and resuming ("Power Management Functions"): there is none to be had. */
export const suspendApi = api("powrprof", {
  PowerRegisterSuspendResumeNotification: fn(LSTATUS, ["Flags", DWORD], ["Recipient", HANDLE], ["RegistrationHandle", PVOID]),
  PowerUnregisterSuspendResumeNotification: fn(LSTATUS, ["RegistrationHandle", PVOID]),
});
