import { ERROR, Win32Error } from "@decant/hook";
import { implement } from "@decant/process";
import { serviceControlApi } from "./service-control.api.ts";

const RPC_S_SERVER_UNAVAILABLE = 1722;
const FAILED_SERVICE_CONTROLLER_CONNECT = 1063;
const SERVICE_NOT_IN_EXE = 1083;

/** Without a manager of services there is no handle of one: opening fails as where it was stopped, and a program finds that it was not started as a service. */
export const serviceControl = implement(serviceControlApi, {
  OpenSCManager() {
    throw new Win32Error(RPC_S_SERVER_UNAVAILABLE);
  },
  OpenService: noService,
  CreateService: noService,
  CloseServiceHandle: noService,
  ControlService: noService,
  DeleteService: noService,
  StartService: noService,
  QueryServiceStatus: noService,
  QueryServiceStatusEx: noService,
  QueryServiceConfig: noService,
  QueryServiceConfig2: noService,
  ChangeServiceConfig: noService,
  ChangeServiceConfig2: noService,
  EnumServicesStatusEx: noService,
  EnumDependentServices: noService,
  NotifyServiceStatusChangeW: noService,
  StartServiceCtrlDispatcher() {
    throw new Win32Error(FAILED_SERVICE_CONTROLLER_CONNECT);
  },
  RegisterServiceCtrlHandler: notInProgram,
  RegisterServiceCtrlHandlerEx: notInProgram,
  SetServiceStatus: noService,
  InitiateSystemShutdownExW() {
    throw new Win32Error(ERROR.PRIVILEGE_NOT_HELD);
  },
});

function noService(): never {
  throw new Win32Error(ERROR.INVALID_HANDLE);
}

function notInProgram(): never {
  throw new Win32Error(SERVICE_NOT_IN_EXE);
}
