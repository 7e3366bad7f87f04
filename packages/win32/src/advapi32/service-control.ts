import { ERROR, Win32Error, type Handle, type Out } from "@decant/hook";
import { implement, type Thread } from "@decant/process";
import { ObjectTable } from "../object-table.ts";
import { serviceControlApi } from "./service-control.api.ts";

const RPC_S_SERVER_UNAVAILABLE = 1722;
const FAILED_SERVICE_CONTROLLER_CONNECT = 1063;
const SERVICE_NOT_IN_EXE = 1083;
const SERVICE_DOES_NOT_EXIST = 1060;
const DATABASE_DOES_NOT_EXIST = 1065;
const INVALID_LEVEL = 124;
const DATABASE = "servicesactive";
const SC_MANAGER = { ENUMERATE_SERVICE: 4 } as const;
/** Rights to the manager that only administrators have: to create services, to lock, to change the boot configuration, and those that hold one of these. */
const ADMINISTRATORS_RIGHTS = 0x2a | 0xd_0000 | 0x4000_0000 | 0x1000_0000;
const GENERIC_READ = 0x8000_0000;
const MANAGERS = Symbol("open handles of the service manager, with their rights");

/** The manager of services can be reached, and has none; a program finds that it was not started as one. */
export const serviceControl = implement(serviceControlApi, {
  OpenSCManager(thread, lpMachineName, lpDatabaseName, dwDesiredAccess) {
    if (lpMachineName !== undefined && lpMachineName !== "") throw new Win32Error(RPC_S_SERVER_UNAVAILABLE);
    if (lpDatabaseName !== undefined && lpDatabaseName.toLowerCase() !== DATABASE) throw new Win32Error(DATABASE_DOES_NOT_EXIST);
    if ((dwDesiredAccess & ADMINISTRATORS_RIGHTS) !== 0) throw new Win32Error(ERROR.ACCESS_DENIED);
    const handle = managersOf(thread).add(dwDesiredAccess);
    if (handle === undefined) throw new Win32Error(ERROR.NOT_ENOUGH_MEMORY);
    return handle as Handle;
  },
  OpenService(thread, hSCManager, lpServiceName) {
    requireManager(thread, hSCManager);
    if (lpServiceName === undefined) throw new Win32Error(ERROR.INVALID_ADDRESS);
    throw new Win32Error(lpServiceName === "" ? ERROR.INVALID_NAME : SERVICE_DOES_NOT_EXIST);
  },
  CreateService(thread, hSCManager) {
    requireManager(thread, hSCManager);
    throw new Win32Error(ERROR.ACCESS_DENIED);
  },
  CloseServiceHandle(thread, hSCObject) {
    requireManager(thread, hSCObject);
    return managersOf(thread).remove(hSCObject);
  },
  ControlService: noService,
  DeleteService: noService,
  StartService: noService,
  QueryServiceStatus: noService,
  QueryServiceStatusEx: noService,
  QueryServiceConfig: noService,
  QueryServiceConfig2: noService,
  ChangeServiceConfig: noService,
  ChangeServiceConfig2: noService,
  EnumServicesStatusEx(thread, hSCManager, InfoLevel, _type, _state, _services, _size, pcbBytesNeeded, lpServicesReturned) {
    if (InfoLevel !== 0) throw new Win32Error(INVALID_LEVEL);
    return listNone(thread, hSCManager, pcbBytesNeeded, lpServicesReturned);
  },
  EnumServicesStatus: (thread, hSCManager, _type, _state, _services, _size, pcbBytesNeeded, lpServicesReturned) =>
    listNone(thread, hSCManager, pcbBytesNeeded, lpServicesReturned),
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

function managersOf({ process }: Thread): ObjectTable<number> {
  return process.state(MANAGERS, () => new ObjectTable());
}

/** The rights of a manager's handle. */
function requireManager(thread: Thread, handle: Handle): number {
  const rights = managersOf(thread).get(handle);
  if (rights === undefined) throw new Win32Error(ERROR.INVALID_HANDLE);
  return rights;
}

function listNone(thread: Thread, manager: Handle, bytesNeeded: Out<number>, returned: Out<number>): boolean {
  const rights = requireManager(thread, manager);
  if ((rights & (SC_MANAGER.ENUMERATE_SERVICE | GENERIC_READ)) === 0) throw new Win32Error(ERROR.ACCESS_DENIED);
  bytesNeeded.set(0);
  returned.set(0);
  return true;
}

function noService(): never {
  throw new Win32Error(ERROR.INVALID_HANDLE);
}

function notInProgram(): never {
  throw new Win32Error(SERVICE_NOT_IN_EXE);
}
