import { ERROR, Win32Error } from "@decant/hook";
import { implement } from "@decant/process";
import { suspendApi } from "./suspend.api.ts";

export const suspend = implement(suspendApi, {
  PowerRegisterSuspendResumeNotification() {
    throw new Win32Error(ERROR.NOT_SUPPORTED);
  },
  PowerUnregisterSuspendResumeNotification() {
    throw new Win32Error(ERROR.INVALID_PARAMETER); // nothing was registered
  },
});
