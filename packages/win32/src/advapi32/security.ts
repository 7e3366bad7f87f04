import { ERROR, Win32Error } from "@decant/hook";
import { implement, KernelObject, ProcessObject } from "@decant/process";
import { securityApi } from "./security.api.ts";

/** A process's access token: there to be opened, with no privileges in it. */
class TokenObject extends KernelObject {}

export const security = implement(securityApi, {
  OpenProcessToken({ process }, handle, _access, token) {
    process.handles.get(handle, ProcessObject);
    token.set(process.handles.add(new TokenObject()));
    return true;
  },
  OpenThreadToken: () => {
    throw new Win32Error(ERROR.NO_TOKEN);
  },
  // The guest's user has none of the privileges that one can name, so none has a value here.
  LookupPrivilegeValue: () => {
    throw new Win32Error(ERROR.NO_SUCH_PRIVILEGE);
  },
  AdjustTokenPrivileges({ process }, token) {
    process.handles.get(token, TokenObject);
    throw new Win32Error(ERROR.NOT_SUPPORTED);
  },
  GetFileSecurity: () => {
    throw new Win32Error(ERROR.NOT_SUPPORTED);
  },
  SetFileSecurity: () => {
    throw new Win32Error(ERROR.NOT_SUPPORTED);
  },
  SystemFunction036({ process }, buffer, length) {
    buffer.write(process.host.random(length));
    return true;
  },
  // There is no registry yet: no key is found, and so none is open.
  RegOpenKeyEx: () => {
    throw new Win32Error(ERROR.FILE_NOT_FOUND);
  },
  RegQueryValueEx: () => {
    throw new Win32Error(ERROR.INVALID_HANDLE);
  },
  RegCloseKey: () => {
    throw new Win32Error(ERROR.INVALID_HANDLE);
  },
});
